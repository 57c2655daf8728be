//! What stands behind a stop, or is missing before a signed prune: found, and not signed by a start.

use std::fs;

use breakwater::audit::gaps::gaps;
use breakwater::cli::life;
use breakwater::cli::life::told::LifeError;
use breakwater::io::clock;
use breakwater::io::journal::prune::{self, Pruned};
use breakwater::io::journal::{self, Durability, Journal, Limits, Settings, Stream, files};
use breakwater::model::time::{Millis, UnixMillis};
use breakwater::wire::record::Lifecycle;
use breakwater::wire::record::read::is_start;
use tempfile::TempDir;

use crate::audit::folder::{Node, flushed, identity, verified};
use crate::support::process::command;
use crate::support::{exchange, until};

/// Whoever deletes auctions may as well add a record that says so: it counts once it is signed.
#[test]
fn a_prune_that_nobody_signed_excuses_nothing() {
    let (data, end) = sealed();
    let before = UnixMillis(end.0 - 40);
    let planned = prune::plan(data.path(), Stream::Auction, before).unwrap();
    let node = Node::start_in(data, Limits::default());
    node.told_prune(planned.first_kept);
    let data = node.crash();
    assert!(!prune::is_signed(data.path(), 5).unwrap());
    prune::delete(data.path(), Stream::Auction, &planned).unwrap();
    let report = verified(data.path());
    let found = report.findings.listed().iter().find(|it| it.field == "index").unwrap();
    assert_eq!(found.index, Some(0), "{report:?}");
    assert!(found.what.contains("no checkpoint signs it"), "{found:?}");
    assert!(!gaps(data.path()).unwrap().explained());
    let refused = refused(&data);
    let Some(LifeError::Missing { from: 0, first }) = refused else { panic!("{refused:?}") };
    assert_eq!(first, planned.first_kept);
}

/// However far a prune came when the power went, what is left verifies and starts.
#[test]
fn a_prune_cut_short_leaves_what_verifies_and_starts() {
    for step in [Step::Told, Step::Signed, Step::Half] {
        let (data, end) = sealed();
        let before = UnixMillis(end.0 - 40);
        let planned = prune::plan(data.path(), Stream::Auction, before).unwrap();
        let node = Node::start_in(data, Limits::default());
        node.told_prune(planned.first_kept);
        if step != Step::Told {
            node.publish();
            assert!(prune::is_signed(node.data.path(), 5).unwrap());
        }
        let data = node.crash();
        if step == Step::Half {
            let second = files(data.path(), Stream::Auction).unwrap()[1].first;
            let half = Pruned { segments: 1, first_kept: second, ..planned };
            prune::delete(data.path(), Stream::Auction, &half).unwrap();
            assert_eq!(journal::oldest(data.path(), Stream::Auction).unwrap(), Some(second));
        }
        let report = verified(data.path());
        assert_eq!(report.findings.listed(), [], "{step:?}");
        assert!(gaps(data.path()).unwrap().explained(), "{step:?}");
        assert!(refused(&data).is_none(), "{step:?}");
        assert_eq!(verified(data.path()).findings.listed(), [], "{step:?}");
    }
}

/// Retention deletes what a record tells of once that is signed, and not before.
#[test]
fn retention_waits_for_the_signature() {
    let (data, _) = sealed();
    let settings = Settings { retention: Some(Millis(1)), ..Settings::new(Durability::Flushed) };
    let node = Node::start_with(data, settings);
    let path = node.data.path().to_owned();
    let (_, planned) = until("a prune is planned", || node.journal.to_prune());
    let oldest = || journal::oldest(&path, Stream::Auction).unwrap();
    let told = node.told_prune(planned.first_kept);
    node.journal.prune(planned, told);
    until("the keeper has taken it", || node.journal.to_prune().is_none().then_some(()));
    assert!(!prune::is_signed(&path, told).unwrap());
    assert_eq!(oldest(), Some(0));
    node.publish();
    until("it is gone", || (oldest() == Some(planned.first_kept)).then_some(()));
    assert_eq!(verified(node.stop().path()).findings.listed(), []);
}

/// Nothing of a start comes behind its stop, in either stream.
#[test]
fn what_is_added_behind_a_stop_is_found_and_not_signed() {
    for (stream, again) in [(Stream::Auction, false), (Stream::Money, false), (Stream::Money, true)]
    {
        let mut node = Node::start();
        node.sell(3);
        node.life(&Lifecycle::Stop { auction_end: 3 });
        node.publish();
        if again {
            // Of a start that never began.
            node = Node::open_silently(node.crash());
        }
        match stream {
            Stream::Auction => node.sell(2),
            Stream::Money => node.life(&Lifecycle::Clock { lag_ms: 1 }),
        }
        let data = node.crash();
        let report = verified(data.path());
        let listed = report.findings.listed();
        let found: Vec<_> = listed.iter().map(|it| (it.index, &*it.field)).collect();
        let expected: &[_] = match (stream, again) {
            (Stream::Auction, _) => &[(Some(3), "stop"), (Some(4), "stop")],
            (Stream::Money, false) => &[(Some(3), "stop")],
            (Stream::Money, true) => &[(None, "boot")],
        };
        assert_eq!(found, expected, "{report:?}");
        let before = files(data.path(), Stream::Money).unwrap();
        let refused = refused(&data);
        let Some(LifeError::BehindStop { stream: of, index: 3, boot: 1 }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(of, stream);
        assert_eq!(files(data.path(), Stream::Money).unwrap(), before, "nothing is added");
    }
}

/// The program says so, too, and does nothing.
#[test]
fn a_run_and_a_command_refuse_with_3_what_is_behind_a_stop() {
    let mut node = Node::start();
    node.sell(1);
    node.life(&Lifecycle::Stop { auction_end: 1 });
    node.publish();
    node.sell(1);
    let data = node.crash();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("breakwater.toml");
    fs::write(&config, exchange::config(data.path(), &[])).unwrap();
    let erase = ["audit", "erase", "--user-sections", "--before", "2100-01-01T00:00:00Z"];
    for arguments in [&["run"][..], &erase] {
        let refused = command(&config, arguments).output().unwrap();
        let log = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(3), "{log}");
        assert!(log.contains("auction stream: record 1 was added behind the stop"), "{log}");
    }
    let signed = fs::read_to_string(data.path().join("log/auction/checkpoint")).unwrap();
    assert_eq!(signed.lines().nth(1), Some("1"));
}

/// What was signed all the same, by an exchange of another build, is found and no reason to stop.
#[test]
fn what_is_signed_behind_a_stop_is_found() {
    let mut node = Node::start();
    node.sell(1);
    node.life(&Lifecycle::Stop { auction_end: 1 });
    node.sell(1);
    node.publish();
    let data = node.crash();
    let found = verified(data.path());
    let [finding] = found.findings.listed() else { panic!("{found:?}") };
    assert_eq!((finding.index, &*finding.field), (Some(1), "stop"), "{finding:?}");
    assert!(refused(&data).is_none());
}

#[test]
fn auctions_that_a_stop_tells_of_are_missed() {
    let mut node = Node::start();
    node.sell(3);
    node.life(&Lifecycle::Stop { auction_end: 5 });
    let data = node.crash();
    let report = verified(data.path());
    let short = report.findings.listed().iter().find(|it| it.field == "index").unwrap();
    assert_eq!(short.index, Some(3), "{report:?}");
    assert!(short.what.contains("start 1 stopped with 5 of them"), "{short:?}");
    let refused = refused(&data);
    let Some(LifeError::Short { boot: 1, told: 5, holds: 3 }) = refused else {
        panic!("{refused:?}")
    };
}

/// Records of a later start stand behind the stop of the one before.
#[test]
fn a_start_has_no_room_before_the_stop_of_another() {
    let mut node = Node::start();
    node.sell(1);
    node.life(&Lifecycle::Stop { auction_end: 4 });
    let mut node = Node::start_in(node.crash(), Limits::default());
    node.sell(3);
    let report = verified(node.stop().path());
    let listed = report.findings.listed().iter();
    let found: Vec<_> = listed.map(|it| (it.index, &*it.field)).collect();
    assert_eq!(found, [1, 2, 3].map(|index| (Some(index), "stop")), "{report:?}");
}

/// An id tells when it was drawn.
#[test]
fn an_id_of_another_moment_is_found() {
    let mut node = Node::start();
    for (away, version) in [(-10_000, 7), (10_000, 7), (-10_001, 7), (10_001, 7), (0, 4)] {
        let permit = node.permit(Stream::Auction);
        let at = node.at.0 + 1;
        let payload = node.auction(permit.seq(), |sale| {
            let mut id = sale.input.draw.auction.bytes();
            id[..6].copy_from_slice(&at.saturating_add_signed(away).to_be_bytes()[2..]);
            id[6] = version << 4 | id[6] & 15;
            sale.input.draw.auction = breakwater::model::ids::AuctionId::new(id);
        });
        flushed(permit, payload);
    }
    let report = verified(node.stop().path());
    let listed = report.findings.listed().iter();
    let found: Vec<_> = listed.map(|it| (it.index, &*it.field)).collect();
    assert_eq!(found, [2, 3, 4].map(|index| (Some(index), "id")), "{report:?}");
}

/// How far a prune came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Told,
    Signed,
    Half,
}

/// Starts a node on a folder; returns why it may not go on.
fn refused(data: &TempDir) -> Option<LifeError> {
    let journal = Journal::open(data.path(), &identity(), Durability::Flushed, is_start).unwrap();
    match life::begin(&journal, "n1", data.path()) {
        Ok(()) => {
            life::end(&journal, |seq| life::head(&journal, "n1", seq, clock::now()));
            None
        }
        Err(error) => Some(error.downcast().unwrap()),
    }
}

/// Returns a folder of auctions in sealed segments but the last, and the time of the last.
fn sealed() -> (TempDir, UnixMillis) {
    let limits = Limits { segment: 32 << 10, ahead: 64, ..Limits::default() };
    let mut node = Node::start_in(tempfile::tempdir().unwrap(), limits);
    node.sell(120);
    node.publish();
    let path = node.data.path();
    until("the full segments are sealed", || {
        let files = files(path, Stream::Auction).unwrap();
        let (last, full) = files.split_last().unwrap();
        (5 < full.len() && !last.sealed && full.iter().all(|file| file.sealed)).then_some(())
    });
    let at = node.at;
    (node.stop(), at)
}
