//! What is pruned and erased, and that the rest still verifies; what gaps are told.

use std::convert::Infallible;
use std::fs;
use std::path::Path;

use breakwater::audit::erase::user_sections;
use breakwater::audit::export::{Query, export};
use breakwater::audit::gaps::{Ended, Missing, gaps};
use breakwater::audit::party::Party;
use breakwater::audit::replay::{Wanted, replay};
use breakwater::io::journal::prune::prune;
use breakwater::io::journal::read::frames;
use breakwater::io::journal::{JournalError, Limits, Stream, files};
use breakwater::model::time::UnixMillis;
use breakwater::wire::record::Lifecycle;
use breakwater::wire::record::admin::Action;
use tempfile::TempDir;

use crate::audit::folder::{Node, verified};
use crate::support::until;

#[test]
fn what_is_pruned_leaves_a_log_that_verifies() {
    let (data, end) = sealed();
    let middle = UnixMillis(end.0 - 200);
    let pruned = prune(data.path(), Stream::Auction, middle).unwrap();
    assert!(256 < pruned.first_kept && 0 < pruned.segments, "{pruned:?}");
    assert!(!data.path().join("log/auction/tile/entries/000").exists(), "its bundle is gone");
    // Nobody says so yet.
    let report = verified(data.path());
    let [finding] = report.findings.listed() else { panic!("{report:?}") };
    assert_eq!((finding.index, &*finding.field), (Some(0), "index"), "{finding:?}");
    assert!(finding.what.contains("(kind 10)"), "{finding:?}");
    let node = Node::start_in(data, Limits::default());
    node.told_prune(pruned.first_kept - 1);
    let data = node.stop();
    let report = verified(data.path());
    assert_eq!(report.findings.listed()[0].index, Some(pruned.first_kept - 1), "{report:?}");
    let node = Node::start_in(data, Limits::default());
    node.told_prune(pruned.first_kept);
    let data = node.stop();
    let report = verified(data.path());
    assert_eq!(report.findings.listed(), []);
    assert_eq!(report.auction.first, pruned.first_kept);
    assert_eq!(report.auction.records, 600 - pruned.first_kept);
    let told = gaps(data.path()).unwrap();
    assert!(told.explained(), "{told:?}");
    // A tile of what is gone is still part of the root.
    let tile = data.path().join("log/auction/tile/0/000");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[32 * 7] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let report = verified(data.path());
    let mut files = report.findings.listed().iter().map(|it| &*it.file);
    assert!(files.any(|it| it == "log/auction/tile/1/000.p/2"), "{report:?}");
}

#[test]
fn what_is_erased_leaves_records_that_verify() {
    let (data, end) = sealed();
    let user = |data: &TempDir| {
        let frames = frames(data.path(), Stream::Auction).unwrap().map(Result::unwrap);
        frames.filter(|frame| frame.payload.windows(5).any(|it| it == b"user\0")).count()
    };
    assert_eq!(user(&data), 600);
    let middle = UnixMillis(end.0 - 200);
    let report = user_sections(data.path(), middle).unwrap();
    assert_eq!(report.erased + report.younger, 600);
    assert!(report.findings.is_empty() && 0 < report.younger, "{report:?}");
    assert_eq!(u64::try_from(user(&data)).unwrap(), report.younger);
    let again = user_sections(data.path(), middle).unwrap();
    assert_eq!((again.erased, again.bare), (0, report.erased));
    // Nobody says so yet.
    let untold = verified(data.path());
    let [finding] = untold.findings.listed() else { panic!("{untold:?}") };
    assert_eq!((finding.index, &*finding.field), (None, "user"), "{finding:?}");
    let node = Node::start_in(data, Limits::default());
    node.told(Action::Erase { before: middle, sections: report.erased });
    let data = node.stop();
    let verified = verified(data.path());
    assert_eq!((verified.findings.listed(), verified.auction.erased), (&[][..], report.erased));
    // Beside a running node the segment it writes is left alone.
    let node = Node::start_in(data, Limits::default());
    let beside = user_sections(node.data.path(), UnixMillis(u64::MAX)).unwrap();
    assert!(0 < beside.open, "{beside:?}");
    assert_eq!(beside.erased + beside.bare + beside.open, 600);
}

/// A copy takes its time, and the exchange goes on meanwhile: in the order of `docs/auditing.md` it
/// holds.
#[test]
fn a_copy_that_takes_what_is_signed_first_and_records_last_holds() {
    let mut node = Node::start();
    let copy = tempfile::tempdir().unwrap();
    let mut go_on = || {
        node.sell(40);
        node.life(&Lifecycle::Clock { lag_ms: 1 });
        node.publish();
        node.data.path().to_owned()
    };
    let tops = ["log", "journal"];
    let signed = tops.iter().flat_map(|top| STREAMS.map(|it| format!("{top}/{it}/checkpoint")));
    let keys = STREAMS.map(|stream| format!("keys/{stream}.vkey"));
    let rest = tops.iter().flat_map(|top| STREAMS.map(|stream| format!("{top}/{stream}")));
    for path in signed.chain(keys).chain(rest) {
        take(&go_on(), copy.path(), Path::new(&path));
    }
    let report = verified(copy.path());
    assert_eq!(report.findings.listed(), []);
    assert!(0 < report.auction.unsigned() && 0 < report.money.unsigned(), "{report:?}");
}

/// For a reader a torn tail is the end of a stream. Who rewrites, replays or exports must not take it
/// for one where more was signed, or good records stand behind it.
#[test]
fn a_sector_that_was_lost_is_not_made_the_end() {
    for checkpoint in [true, false] {
        let mut node = Node::start();
        node.sell(8);
        let data = node.stop();
        let signed = data.path().join("journal/auction/checkpoint");
        if !checkpoint {
            fs::remove_file(signed).unwrap();
        }
        let lost = frames(data.path(), Stream::Auction).unwrap().nth(3).unwrap().unwrap();
        let sector = usize::try_from(lost.offset.next_multiple_of(512)).unwrap();
        let mut bytes = fs::read(&lost.file).unwrap();
        bytes[sector..sector + 512].fill(0);
        fs::write(&lost.file, &bytes).unwrap();

        let erased = user_sections(data.path(), UnixMillis(u64::MAX));
        let refused = matches!(&erased, Ok(report) if !report.findings.is_empty())
            || matches!(erased, Err(JournalError::Damaged { .. } | JournalError::Behind { .. }));
        assert!(refused, "{erased:?}");
        assert!(fs::read(&lost.file).unwrap() == bytes, "what is damaged is left as it is");
        if checkpoint {
            let replayed = replay(data.path(), &Wanted::All).unwrap_err();
            assert!(replayed.is_damage(), "{replayed}");
            let query = Query { party: Party::Auditor, from: None, to: None };
            let exported = export(data.path(), &query, |_| Ok::<_, Infallible>(())).unwrap_err();
            assert!(exported.is_damage(), "{exported}");
        }
    }
}

#[test]
fn each_gap_is_told_and_explained() {
    let mut node = Node::start();
    let (lost, told) = (node.permit(Stream::Auction), node.permit(Stream::Auction));
    node.sell(2);
    let auction = vec![lost.seq(), told.seq()];
    node.life(&Lifecycle::Gap { boot: 1, auction, money: Vec::new() });
    let data = node.stop();
    drop((lost, told));
    let mut node = Node::start_in(data, Limits::default());
    let lost = node.permit(Stream::Auction);
    node.sell(1);
    let data = node.crash();
    drop(lost);
    let report = gaps(data.path()).unwrap();
    let ends: Vec<_> = report.starts.iter().map(|start| (start.boot, start.end)).collect();
    assert_eq!(ends, [(1, Ended::Stop), (2, Ended::Open)]);
    let missing = |boot, to| Missing { stream: "auction", boot, from: 0, to, explained: true };
    assert_eq!(report.missing, [missing(1, 2), missing(2, 1)]);
    assert!(report.explained());
    // A start that hides the one before.
    let report = gaps(Node::start_in(data, Limits::default()).stop().path()).unwrap();
    assert_eq!((report.starts[1].end, report.explained()), (Ended::Unknown, false));
}

/// Returns a folder of 600 auctions in sealed segments but the last, and the time of the last.
fn sealed() -> (TempDir, UnixMillis) {
    let limits = Limits { segment: 64 << 10, ahead: 64, ..Limits::default() };
    let mut node = Node::start_in(tempfile::tempdir().unwrap(), limits);
    node.sell(600);
    node.publish();
    let path = node.data.path();
    until("the full segments are sealed", || {
        let files = files(path, Stream::Auction).unwrap();
        let (last, full) = files.split_last().unwrap();
        (3 < full.len() && !last.sealed && full.iter().all(|file| file.sealed)).then_some(())
    });
    let at = node.at;
    (node.stop(), at)
}

/// Copies a file or folder, and no file that was copied before.
fn take(from: &Path, to: &Path, path: &Path) {
    let (source, target) = (from.join(path), to.join(path));
    if source.is_dir() {
        for entry in fs::read_dir(source).unwrap() {
            take(from, to, &path.join(entry.unwrap().file_name()));
        }
    } else if !target.exists() {
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(source, target).unwrap();
    }
}

/// In this order: auctions cite what the money stream has.
const STREAMS: [&str; 2] = ["auction", "money"];
