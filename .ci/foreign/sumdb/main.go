// Checks a log folder of Breakwater with the transparency log that Go's own module proxy uses.
//
//	sumdb LOG_FOLDER VKEY_FILE
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: sumdb LOG_FOLDER VKEY_FILE")
	}
	folder, key := os.Args[1], strings.TrimSpace(read(os.Args[2]))
	tree := checkpoint(folder, key)
	reader := tlog.TileHashReader(tree, &tiles{folder})
	root, err := tlog.TreeHash(tree.N, reader)
	check("root from the tiles", err)
	if root != tree.Hash {
		log.Fatalf("%s: the tiles give the root %v, the checkpoint says %v", folder, root, tree.Hash)
	}
	entries := entries(folder, tree.N)
	for index, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(index), reader)
		check("proof of an entry", err)
		check("inclusion of an entry", tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), tlog.RecordHash(entry)))
	}
	olds := 0
	for old := int64(1); old <= tree.N; old = old*3/2 + 1 {
		proof, err := tlog.ProveTree(tree.N, old, reader)
		check("proof of consistency", err)
		before, err := tlog.TreeHash(old, reader)
		check("root of a smaller tree", err)
		check("consistency", tlog.CheckTree(proof, tree.N, tree.Hash, old, before))
		olds++
	}
	fmt.Printf("sumdb: %s: signed, %d entries included, consistent with %d smaller sizes\n", folder, len(entries), olds)
}

// checkpoint opens the signed note and reads size and root.
func checkpoint(folder, key string) tlog.Tree {
	verifier, err := note.NewVerifier(key)
	check("key", err)
	opened, err := note.Open([]byte(read(filepath.Join(folder, "checkpoint"))), note.VerifierList(verifier))
	check("checkpoint", err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		log.Fatalf("checkpoint: not the three lines of %s: %q", verifier.Name(), opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check("size", err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	check("root", err)
	var hash tlog.Hash
	if copy(hash[:], root) != len(root) || len(root) != tlog.HashSize {
		log.Fatalf("checkpoint: a root of %d bytes", len(root))
	}
	return tlog.Tree{N: size, Hash: hash}
}

// tiles reads tiles by the paths of C2SP tlog-tiles, which lack the height that Go's have.
type tiles struct{ folder string }

func (t *tiles) Height() int { return 8 }

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		data[i] = bytes
	}
	return data, nil
}

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads all entry bundles.
func entries(folder string, size int64) [][]byte {
	var all [][]byte
	for first := int64(0); first < size; first += 256 {
		width := int(min(256, size-first))
		tile := tlog.Tile{H: 8, L: -1, N: first / 256, W: width}
		path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
		bundle := []byte(read(filepath.Join(folder, path)))
		for range width {
			length := int(binary.BigEndian.Uint16(bundle))
			all = append(all, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 {
			log.Fatalf("%s: %d bytes too many", path, len(bundle))
		}
	}
	return all
}

func read(path string) string {
	bytes, err := os.ReadFile(path)
	check("file", err)
	return string(bytes)
}

func check(what string, err error) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}
