//! What was taken away, cut off, added or put in the place of a file: each is found and named.

use std::fs;
use std::path::Path;

use breakwater::audit::finding::Finding;
use breakwater::audit::gaps::gaps;
use breakwater::audit::verify::{Options, verify};
use breakwater::io::entropy;
use breakwater::io::journal::prune;
use breakwater::io::journal::read::frames;
use breakwater::io::journal::{Limits, Stream, files};
use breakwater::model::time::UnixMillis;
use breakwater::wire::record::Lifecycle;
use tempfile::TempDir;

use crate::audit::folder::{Node, flushed, verified};
use crate::support::until;

#[test]
fn a_stream_that_was_taken_away_is_missed() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    let both = ["journal/auction", "log/auction"];
    for emptied in [true, false] {
        let copy = copy(data.path());
        for folder in both {
            fs::remove_dir_all(copy.path().join(folder)).unwrap();
            if emptied {
                fs::create_dir(copy.path().join(folder)).unwrap();
            }
        }
        let found = one(&copy);
        assert_eq!((&*found.file, &*found.field), ("journal/auction", "stream"), "{found:?}");
        assert!(found.what.contains("money record 2 tells of"), "its stop: {found:?}");
        // With its key, too.
        fs::remove_file(copy.path().join("keys/auction.vkey")).unwrap();
        let found = one(&copy);
        assert_eq!((&*found.file, &*found.field), ("journal/auction", "stream"), "{found:?}");
    }
    // A node that sold nothing has nothing there but what it signed.
    let data = Node::start().stop();
    assert_eq!(verified(data.path()).findings.listed(), []);
    for emptied in [true, false] {
        for folder in both {
            fs::remove_dir_all(data.path().join(folder)).unwrap();
            if emptied {
                fs::create_dir(data.path().join(folder)).unwrap();
            }
        }
        let found = one(&data);
        assert_eq!((&*found.file, &*found.field), ("journal/auction", "stream"), "{found:?}");
        assert!(found.what.contains("its key is here"), "{found:?}");
    }
    fs::remove_file(data.path().join("keys/auction.vkey")).unwrap();
    assert_eq!(one(&data).file, "journal/auction");
    both.iter().for_each(|folder| fs::create_dir(data.path().join(folder)).unwrap());
    assert_eq!(one(&data).file, "keys/auction.vkey");
}

#[test]
fn a_stream_that_another_tells_of_is_missed() {
    let node = Node::start();
    node.publish();
    node.life(&Lifecycle::LateSync { auction: entropy::draw().auction });
    let found = one(&node.stop());
    assert_eq!((&*found.file, &*found.field), ("journal/auction", "stream"), "{found:?}");
    assert!(found.what.contains("money record 2 tells of"), "{found:?}");
}

#[test]
fn records_cut_off_the_front_are_missed() {
    let limits = Limits { segment: 6 << 10, ahead: 64, ..Limits::default() };
    for stream in [Stream::Auction, Stream::Money] {
        let mut node = Node::start_in(tempfile::tempdir().unwrap(), limits);
        node.sell(12);
        for _ in 0..40 {
            node.life(&Lifecycle::Clock { lag_ms: 1 });
        }
        let data = node.stop();
        let all = files(data.path(), stream).unwrap();
        assert!(2 < all.len(), "{all:?}");
        fs::remove_file(&all[0].path).unwrap();
        let report = verified(data.path());
        let name = format!("journal/{}/", stream.name());
        let mut found = report.findings.listed().iter().filter(|it| it.file.starts_with(&name));
        let found = found.find(|it| it.field == "index").unwrap();
        assert!(all[1].path.ends_with(&found.file) && found.index == Some(0), "{found:?}");
    }
}

#[test]
fn numbers_missing_in_the_middle_of_a_start_that_crashed_are_missed() {
    for minutes in [0, 5] {
        let mut node = Node::start();
        node.sell(3);
        let lost = node.permit(Stream::Auction);
        node.sell(1);
        node.at.0 += minutes * 60_000;
        node.sell(1);
        node.publish();
        let data = node.crash();
        drop(lost);
        let report = verified(data.path());
        let found: Vec<_> = report.findings.listed().iter().map(|it| &*it.what).collect();
        let missed = "start 1 lacks number 3 (1 in all), and no gap tells of it, and it was not \
                      being written at its end";
        let expected: &[&str] = if minutes == 0 { &[] } else { &[missed] };
        assert_eq!(found, expected);
        assert_eq!(gaps(data.path()).unwrap().explained(), minutes == 0);
    }
}

#[test]
fn tiles_of_no_tree_are_told() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    let log = data.path().join("log/auction");
    for (tile, of) in [
        ("tile/0/000", "tile/0/000.p/2"),
        ("tile/0/000.p/3", "tile/0/000.p/2"),
        ("tile/0/x001/000", "tile/0/000.p/2"),
        ("tile/1/000.p/1", "tile/0/000.p/2"),
        ("tile/entries/000.p/7", "tile/entries/000.p/2"),
    ] {
        let junk = log.join(tile);
        fs::create_dir_all(junk.parent().unwrap()).unwrap();
        let mut bytes = fs::read(log.join(of)).unwrap();
        bytes.resize(bytes.len() * 2, 7);
        fs::write(&junk, bytes).unwrap();
        let report = verified(data.path());
        let name = format!("log/auction/{tile}");
        let found = report.findings.listed().iter().filter(|it| it.file == name);
        let found: Vec<_> = found.map(|it| (it.index, &*it.field)).collect();
        assert!(found.iter().any(|it| it.1 == "tile"), "{tile}: {report:?}");
        fs::remove_file(&junk).unwrap();
    }
    assert_eq!(verified(data.path()).findings.listed(), []);
}

#[test]
fn what_stands_in_the_place_of_a_file_is_told() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    let segment = "auction-00000000000000000000.seg";
    for file in [
        "log/auction/checkpoint",
        "journal/auction/checkpoint",
        "keys/auction.vkey",
        "log/auction/tile/0/000.p/2",
        "log/auction/tile/entries/000.p/2",
        &format!("journal/auction/{segment}"),
        "journal/money/money-00000000000000000000.seg",
    ] {
        let path = data.path().join(file);
        let good = fs::read(&path).unwrap();
        let puts: [fn(&Path); 3] = [folder, pipe, huge];
        for put in puts {
            fs::remove_file(&path).unwrap();
            put(&path);
            let report = verify(data.path(), &Options::default(), &mut |_| {}).unwrap();
            let found = report.findings.listed().iter().any(|it| it.file == file);
            assert!(found, "{file}: {report:?}");
            assert!(file.contains(".vkey") || gaps(data.path()).is_ok());
            if path.is_dir() {
                fs::remove_dir(&path).unwrap();
                fs::write(&path, b"").unwrap();
            }
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, good).unwrap();
    }
    assert_eq!(verified(data.path()).findings.listed(), []);
}

#[test]
fn gaps_say_when_a_stream_ends_before_its_end() {
    let mut node = Node::start();
    node.sell(4);
    let data = node.stop();
    let last = frames(data.path(), Stream::Auction).unwrap().last().unwrap().unwrap();
    let mut bytes = fs::read(&last.file).unwrap();
    let at = usize::try_from(last.offset).unwrap();
    bytes[at + 300..].fill(0);
    fs::write(&last.file, &bytes).unwrap();
    let report = gaps(data.path()).unwrap();
    let fields: Vec<_> = report.findings.listed().iter().map(|it| (it.index, &*it.field)).collect();
    assert_eq!(fields, [(Some(3), "frame"), (Some(3), "index")]);
    assert!(!report.explained());
}

#[test]
fn what_stands_behind_damage_is_read() {
    let limits = Limits { segment: 64 << 10, ahead: 64, ..Limits::default() };
    let mut node = Node::start_in(tempfile::tempdir().unwrap(), limits);
    node.sell(60);
    let path = node.data.path().to_owned();
    until("the full segments are sealed", || {
        let all = files(&path, Stream::Auction).unwrap();
        let (_, full) = all.split_last().unwrap();
        (!full.is_empty() && full.iter().all(|it| it.sealed)).then_some(())
    });
    let data = node.stop();
    let all: Vec<_> = frames(data.path(), Stream::Auction).unwrap().map(Result::unwrap).collect();
    let last = files(data.path(), Stream::Auction).unwrap().pop().unwrap();
    let first = usize::try_from(last.first).unwrap();
    assert!(first + 6 < all.len(), "{first}");
    let mut bytes = fs::read(&last.path).unwrap();
    // A length, a checksum and a header.
    let at = |index: usize| usize::try_from(all[index].offset).unwrap();
    bytes[at(first + 1)] ^= 0x10;
    bytes[at(first + 4) + 4..at(first + 4) + 900].fill(0xaa);
    bytes[3] ^= 1;
    fs::write(&last.path, &bytes).unwrap();
    let report = verified(data.path());
    let found: Vec<_> = report.findings.listed().iter().map(|it| (it.index, &*it.what)).collect();
    assert_eq!(report.auction.records, 58, "{found:?}");
    let index = |index: usize| Some(u64::try_from(index).unwrap());
    let told: Vec<_> = found.iter().map(|it| it.0).collect();
    assert_eq!(told, [index(first + 1), index(first + 4)], "{found:?}");
}

#[test]
fn kinds_nodes_and_ids_are_held_against_the_stream() {
    let mut node = Node::start();
    let permit = node.permit(Stream::Auction);
    let once = node.draw().auction;
    let payload = node.auction(permit.seq(), |sale| sale.input.draw.auction = once);
    flushed(permit, payload);
    let permit = node.permit(Stream::Auction);
    let payload = node.auction(permit.seq(), |sale| sale.input.draw.auction = once);
    flushed(permit, payload);
    node.life_in((Stream::Auction, "n1"), &Lifecycle::Clock { lag_ms: 1 });
    node.life_in((Stream::Money, "n2"), &Lifecycle::Clock { lag_ms: 1 });
    let report = verified(node.stop().path());
    let found: Vec<_> = report.findings.listed().iter().map(|it| (it.index, &*it.field)).collect();
    assert_eq!(found, [(Some(2), "node"), (Some(1), "id"), (Some(2), "kind")], "{report:?}");
}

/// Markup stands for what was judged: another ad in its place is found.
#[test]
fn markup_that_is_not_the_ad_that_was_judged_is_found() {
    for (from, to) in [("00:00:15", "00:00:30"), ("version=\"4.2\"", "version=\"3.0\"")] {
        let mut node = Node::start();
        let permit = node.permit(Stream::Auction);
        let payload = node.auction(permit.seq(), |sale| {
            let markup = &mut sale.input.replies[0].bids[0].creative.markup;
            let changed = markup.replace(from, to);
            assert_ne!(changed, **markup);
            *markup = changed.into();
        });
        flushed(permit, payload);
        let found = one(&node.stop());
        assert_eq!((found.index, &*found.field), (Some(0), "markup:1"), "{found:?}");
    }
}

#[test]
fn a_folder_that_is_older_than_its_anchor_does_not_hold() {
    let mut node = Node::start();
    node.sell(2);
    node.publish();
    let older = copy(node.data.path());
    node.sell(1);
    let data = node.stop();
    let anchor = tempfile::tempdir().unwrap();
    let options = Options { anchor: Some(anchor.path().to_owned()), ..Options::default() };
    let found = |data: &TempDir| {
        let report = verify(data.path(), &options, &mut |_| {}).unwrap();
        let listed = report.findings.listed().iter();
        listed.map(|it| (it.field.clone(), it.what.clone())).collect::<Vec<_>>()
    };
    let missing = found(&data);
    assert_eq!(missing.len(), 2, "an anchor without checkpoints: {missing:?}");
    for stream in ["auction", "money"] {
        let from = data.path().join("journal").join(stream).join("checkpoint");
        fs::copy(from, anchor.path().join(format!("{stream}.checkpoint"))).unwrap();
    }
    assert_eq!(found(&data), []);
    let fields: Vec<_> = found(&older).into_iter().map(|it| it.0).collect();
    assert!(
        fields.contains(&"size".to_owned()) && fields.contains(&"index".to_owned()),
        "{fields:?}"
    );
}

/// Whoever verifies beside a prune finds what is left, and nothing wrong with it.
#[test]
fn a_prune_meanwhile_is_no_fault() {
    // Few segments: each is sealed with several syncs, by a thread that is behind all others.
    let limits = Limits { segment: 32 << 10, ahead: 64, ..Limits::default() };
    let mut node = Node::start_in(tempfile::tempdir().unwrap(), limits);
    let begun = node.at;
    node.sell(450);
    node.publish();
    let path = node.data.path().to_owned();
    until("the full segments are sealed", || {
        let all = files(&path, Stream::Auction).unwrap();
        let (_, full) = all.split_last().unwrap();
        full.iter().all(|it| it.sealed).then_some(())
    });
    std::thread::scope(|scope| {
        let pruning = scope.spawn(|| {
            for step in 1..=8 {
                let before = UnixMillis(begun.0 + step * 50);
                let planned = prune::plan(&path, Stream::Auction, before).unwrap();
                node.told_prune(planned.first_kept);
                node.publish();
                prune::delete(&path, Stream::Auction, &planned).unwrap();
            }
        });
        let mut rounds = 0;
        while !pruning.is_finished() || rounds < 2 {
            let report = verify(&path, &Options::default(), &mut |_| {}).unwrap();
            assert_eq!(report.findings.listed(), []);
            rounds += 1;
        }
    });
    let report = verified(node.stop().path());
    assert!(report.findings.is_empty() && 350 < report.auction.first, "{report:?}");
}

/// Returns the one finding.
fn one(data: &TempDir) -> Finding {
    let report = verified(data.path());
    let [finding] = report.findings.listed() else { panic!("{report:?}") };
    finding.clone()
}

/// Copies a data folder.
fn copy(data: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let to = copy.path().join(path.strip_prefix(data).unwrap());
            if path.is_dir() {
                fs::create_dir(&to).unwrap();
                folders.push(path);
            } else {
                fs::copy(&path, &to).unwrap();
            }
        }
    }
    copy
}

fn folder(path: &Path) {
    fs::create_dir(path).unwrap();
}

fn pipe(path: &Path) {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RWXU).unwrap();
}

fn huge(path: &Path) {
    fs::File::create(path).unwrap().set_len(1 << 40).unwrap();
}
