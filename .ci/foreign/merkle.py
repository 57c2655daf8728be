"""Checks a log folder of Breakwater with pymerkle: merkle.py LOG_FOLDER"""

import base64
import pathlib
import sys

from pymerkle import InmemoryTree, verify_consistency, verify_inclusion


def bundle_path(number: int, width: int) -> str:
    """Returns the path of an entry bundle, C2SP tlog-tiles."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return "tile/entries/" + "/".join(groups) + (f".p/{width}" if width < 256 else "")


def entries(folder: pathlib.Path, size: int):
    """Yields every entry of the log."""
    for first in range(0, size, 256):
        bundle = (folder / bundle_path(first // 256, min(256, size - first))).read_bytes()
        while bundle:
            length = int.from_bytes(bundle[:2], "big")
            yield bundle[2 : 2 + length]
            bundle = bundle[2 + length :]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    _, size, root = (folder / "checkpoint").read_text().split("\n")[:3]
    size, root = int(size), base64.b64decode(root, validate=True)
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries(folder, size):
        tree.append_entry(entry)
    if (tree.get_size(), tree.get_root()) != (size, root):
        sys.exit(f"{folder}: the entries do not give the root of the checkpoint")
    sample = range(1, size + 1, max(1, size // 500))
    for index in sample:
        verify_inclusion(tree.get_leaf(index), root, tree.prove_inclusion(index, size))
        verify_consistency(tree.get_root(index), root, tree.prove_consistency(index, size))
    print(f"pymerkle: {folder}: the root of {size} entries, {len(sample)} proofs of each kind")


if __name__ == "__main__":
    main()
