//! Each byte of each file changed in turn: it is noticed, and named. Without `RUN_SLOW_TESTS` a
//! large file has its turn every few bytes.

use std::fs;
use std::path::{Path, PathBuf};

use breakwater::audit::verify::{Options, verify};
use breakwater::io::journal::read::frames;
use breakwater::io::journal::{Limits, Stream};

use crate::audit::folder::{Node, verified};
use crate::support::until;

#[test]
fn each_changed_byte_is_noticed_and_named() {
    let mut node = Node::start();
    node.sell(2);
    node.publish();
    node.sell(1);
    let data = node.stop();
    assert_eq!(verified(data.path()).findings.listed(), []);
    let files = files(data.path());
    assert_eq!(files.len(), NAMES, "{files:?}");
    for file in files {
        each_byte(data.path(), &file);
    }
    assert_eq!(verified(data.path()).findings.listed(), [], "it is whole again");
}

#[test]
fn damage_in_one_segment_leaves_the_others_verified() {
    let mut node = Node::start_in(
        tempfile::tempdir().unwrap(),
        Limits { segment: 6 << 10, ahead: 64, ..Limits::default() },
    );
    node.sell(12);
    let data = node.stop();
    let all: Vec<_> = frames(data.path(), Stream::Auction).unwrap().map(Result::unwrap).collect();
    let hurt = &all[4];
    let mut bytes = fs::read(&hurt.file).unwrap();
    bytes[usize::try_from(hurt.offset).unwrap() + 100] ^= 4;
    fs::write(&hurt.file, bytes).unwrap();
    let report = verified(data.path());
    let [finding] = report.findings.listed() else { panic!("{report:?}") };
    assert_eq!((finding.index, &*finding.field), (Some(4), "frame"));
    assert!(hurt.file.ends_with(&finding.file), "{finding:?}");
    // Of a plain segment what stands behind it is read, of a sealed one no part of what is packed.
    let lost = match hurt.file.extension().unwrap() == "zst" {
        true => all.iter().filter(|it| it.file == hurt.file && 4 <= it.index).count(),
        false => 1,
    };
    assert_eq!(report.auction.records, u64::try_from(12 - lost).unwrap());
    assert_eq!(report.auction.end, 12, "the last segment was read");
}

#[test]
fn each_changed_byte_of_a_sealed_segment_is_noticed_and_named() {
    let limits = Limits { segment: 4 << 10, ahead: 64, ..Limits::default() };
    let mut node = Node::start_in(tempfile::tempdir().unwrap(), limits);
    node.sell(4);
    let path = node.data.path().to_owned();
    let sealed = until("a segment is sealed", || {
        let first = files(&path).into_iter().find(|it| it.ends_with(SEALED))?;
        let plain = first.with_extension("");
        (!plain.exists()).then_some(first)
    });
    let data = node.stop();
    assert_eq!(verified(data.path()).findings.listed(), []);
    each_byte(data.path(), &sealed);
}

/// Changes each byte of a file and expects a finding about that file.
fn each_byte(data: &Path, file: &Path) {
    let name = file.strip_prefix(data).unwrap().to_str().unwrap();
    let good = fs::read(file).unwrap();
    // Zeroes to the end of a segment are all alike.
    let written = good.iter().rposition(|byte| *byte != 0).unwrap() + 9;
    let count = good.len().min(written);
    // Odd, so that every bit has its turn.
    let step = if std::env::var_os("RUN_SLOW_TESTS").is_some() { 1 } else { (count / 120) | 1 };
    for at in (0..count).step_by(step) {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(file, bad).unwrap();
        let report = verify(data, &Options::default(), &mut |_| {}).unwrap();
        let place = format!("{name}: byte {at}: {:?}", report.findings.listed());
        let named = report.findings.listed().iter().find(|it| it.file == name);
        let named = named.unwrap_or_else(|| panic!("{place}"));
        if let Some(index) = index_of(data, file, at) {
            assert_eq!(named.index, Some(index), "{place}");
        }
    }
    fs::write(file, good).unwrap();
}

/// Returns the record that a byte belongs to.
fn index_of(data: &Path, file: &Path, at: usize) -> Option<u64> {
    let path = file.strip_prefix(data).unwrap().to_str().unwrap();
    let at = u64::try_from(at).unwrap();
    match path {
        path if path.contains("tile/entries") => Some(at / 60),
        path if path.contains("tile/0") => Some(at / 32),
        _ => None,
    }
}

/// Returns the files of a data folder that are evidence.
fn files(data: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() {
                folders.push(path);
            } else if !name.contains("lock") && name != "ballast" && !name.ends_with(".key") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

const SEALED: &str = "auction-00000000000000000000.seg.zst";

/// Two streams with a segment, two checkpoints, a key, and of two published sizes tile and bundle.
const NAMES: usize = 2 * (1 + 2 + 1 + 4);
