use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::{Report, erase};
use crate::io::entropy;
use crate::io::journal::read::frames;
use crate::io::journal::{
    Durability, Flush, Identity, Journal, JournalError, Limits, Settings, Stream, files, rewrite,
};
use crate::model::time::UnixMillis;
use crate::wire::record::{self, Head, Lifecycle};

/// A prune may delete a segment between the listing and its turn: the others are erased all the same.
#[test]
fn a_segment_that_was_pruned_meanwhile_is_passed_over() {
    let data = tempfile::tempdir().unwrap();
    write(data.path());
    let all = files(data.path(), Stream::Auction).unwrap();
    assert!(2 < all.len(), "{all:?}");
    let turns: RefCell<Vec<PathBuf>> = RefCell::default();
    let report = erase(data.path(), UnixMillis(u64::MAX), |path, edit| {
        if turns.borrow().is_empty() {
            fs::remove_file(path).unwrap();
        }
        turns.borrow_mut().push(path.to_owned());
        rewrite::rewrite(data.path(), Stream::Auction, path, edit)
    });
    assert_eq!(report.unwrap(), Report::default());
    let paths: Vec<_> = all.iter().map(|file| file.path.clone()).collect();
    assert_eq!(*turns.borrow(), paths);
    let kept = frames(data.path(), Stream::Auction).unwrap().next().unwrap().unwrap();
    assert_eq!(kept.index, all[1].first);
}

/// Another file that is not there is no segment that was pruned.
#[test]
fn another_file_that_is_missing_is_a_failure() {
    let data = tempfile::tempdir().unwrap();
    write(data.path());
    let failed = erase(data.path(), UnixMillis(u64::MAX), |path, _| {
        let (path, source) = (path.with_extension("tmp"), io::ErrorKind::NotFound.into());
        Err(JournalError::Io { doing: "rename", path, source })
    });
    assert!(matches!(failed, Err(JournalError::Io { .. })), "{failed:?}");
}

/// Writes some records into several segments.
fn write(data: &std::path::Path) {
    let identity = Identity { domain: "x.example".into(), node: "n1".into() };
    let limits = Limits { segment: 1 << 10, ahead: 64, ..Limits::default() };
    let settings = Settings { limits, ..Settings::new(Durability::Flushed) };
    let journal = Journal::open_with(data, &identity, settings, |_| false).unwrap();
    for seq in 0..12 {
        let permit = journal.permit(Stream::Auction).unwrap();
        let at = UnixMillis(1_793_000_000_000 + seq);
        let head = Head { node: "n1", boot: 1, seq, at, config: None, rates: None, build: "b" };
        let event = Lifecycle::Clock { lag_ms: seq };
        let payload = record::lifecycle(&head, &entropy::draw(), &event);
        assert!(matches!(permit.append(payload).wait_blocking(), Flush::Flushed { .. }));
    }
    journal.close();
}
