//! Auctions are found by their id: in the log, past its end, in holes of it, and without one.

use std::fs;
use std::path::Path;

use breakwater::audit::find::{find, latest};
use breakwater::audit::party::Party;
use breakwater::audit::prove::{ProveError, prove};
use breakwater::io::journal::{Durability, Flush, Identity, Journal, JournalError, Stream};
use breakwater::model::ids::AuctionId;
use breakwater::model::standing::Standing;
use breakwater::model::time::UnixMillis;
use breakwater::wire::record::ops::Ops;
use breakwater::wire::record::read::is_start;
use breakwater::wire::record::{Head, Lifecycle, auction, lifecycle};
use tempfile::TempDir;
use tlog::checkpoint::Checkpoint;
use tlog::note::SignerKey;

use crate::sale::{ARRIVAL, Sale};
use crate::support::published::publish;

#[test]
fn every_auction_is_found_where_it_stands() {
    let folder = Folder::of(LOGGED, LOGGED + 20);
    for (index, id) in (0..).zip(&folder.ids) {
        let Some(id) = id else { continue };
        let frame = find(folder.data.path(), *id).unwrap();
        assert_eq!(frame.map(|frame| frame.index), Some(index), "{id}");
    }
    let other = AuctionId::new(uuid(ARRIVAL.0 + 100, u64::MAX));
    assert_eq!(find(folder.data.path(), other).unwrap(), None);
    let (last, _) = folder.last();
    assert_eq!(latest(folder.data.path()).unwrap().map(|frame| frame.index), Some(last));
}

#[test]
fn the_log_is_a_help_and_no_more() {
    // All of it is logged; then it loses bundles, then the checkpoint, and the key.
    let folder = Folder::of(LOGGED, LOGGED);
    let data = folder.data.path();
    let (last, last_id) = folder.last();
    let first = folder.ids[0].unwrap();
    let found = |id| find(data, id).unwrap().map(|frame| frame.index);
    let other = AuctionId::new(uuid(ARRIVAL.0, u64::MAX));
    for lost in ["tile/entries/003.p/232", "tile/entries/000", "tile/entries/001", "checkpoint"] {
        assert_eq!((found(first), found(last_id), found(other)), (Some(0), Some(last), None));
        assert_eq!(latest(data).unwrap().map(|frame| frame.index), Some(last), "before {lost}");
        fs::remove_file(data.join("log/auction").join(lost)).unwrap();
    }
    fs::remove_dir_all(data.join("log")).unwrap();
    fs::remove_dir_all(data.join("keys")).unwrap();
    assert_eq!((found(first), found(last_id), found(other)), (Some(0), Some(last), None));
    assert_eq!(latest(data).unwrap().map(|frame| frame.index), Some(last));
    let unlogged = prove(data, Some(first), &Party::Auditor);
    assert!(matches!(unlogged, Err(ProveError::Log(_))), "{unlogged:?}");
}

#[test]
fn a_log_that_is_not_the_journals_proves_nothing() {
    let folder = Folder::of(LOGGED, LOGGED);
    let data = folder.data.path();
    let mut entries = folder.entries.clone();
    entries[0][30] ^= 1;
    publish(data, &entries);
    let broken = prove(data, folder.ids[0], &Party::Auditor);
    assert!(matches!(broken, Err(ProveError::Broken { index: 0, .. })), "{broken:?}");
    // It names another place: the journal is believed.
    entries.swap(0, 2);
    publish(data, &entries);
    let frame = find(data, folder.ids[0].unwrap()).unwrap();
    assert_eq!(frame.map(|frame| frame.index), Some(0));
    // It is of records that are not there.
    let empty = tempfile::tempdir().unwrap();
    publish(empty.path(), &folder.entries);
    fs::create_dir_all(empty.path().join("journal/auction")).unwrap();
    let nothing = find(empty.path(), folder.ids[0].unwrap());
    assert!(matches!(nothing, Err(JournalError::Behind { .. })), "{nothing:?}");
    let nothing = latest(empty.path());
    assert!(matches!(nothing, Err(JournalError::Behind { .. })), "{nothing:?}");
}

/// Whoever has the key may sign a size that nobody has the entries of: what is read is bounded by
/// what is there.
#[test]
fn a_size_beyond_all_bundles_costs_nothing() {
    let folder = Folder::of(LOGGED, LOGGED + 20);
    let data = folder.data.path();
    let (last, last_id) = folder.last();
    let other = AuctionId::new(uuid(ARRIVAL.0 + 100, u64::MAX));
    for size in [LOGGED + 21, 1 << 40, u64::MAX] {
        sign(data, size);
        for (id, index) in [(folder.ids[0].unwrap(), Some(0)), (last_id, Some(last)), (other, None)]
        {
            // The last word is the journal's, and it lacks what is signed.
            match (find(data, id), index) {
                (Ok(frame), Some(_)) => assert_eq!(frame.map(|frame| frame.index), index, "{size}"),
                (Err(JournalError::Behind { signed, .. }), None) => assert_eq!(signed, size),
                (found, _) => panic!("{size}: {found:?}"),
            }
        }
        let found = latest(data);
        assert!(matches!(found, Err(JournalError::Behind { .. })), "{size}: {found:?}");
    }
}

/// A journal and its log. Records are 20 ms apart, every seventh is no auction, a hundred were made
/// while the clock was an hour ahead, and ids are drawn up to two seconds before.
struct Folder {
    data: TempDir,
    /// The auction at each index, if it is one.
    ids: Vec<Option<AuctionId>>,
    entries: Vec<[u8; 58]>,
}

impl Folder {
    fn of(logged: u64, records: u64) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut sale = Sale::of(&["<VAST/>"]);
        let (mut ids, mut entries, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
        for index in 0..records {
            let ahead = if (300..400).contains(&index) { 3_600_000 } else { 0 };
            let at = UnixMillis(ARRIVAL.0 + 20 * index + ahead);
            let before = index * 7_919 % 2_000;
            sale.input.draw.auction = AuctionId::new(uuid(at.0 - before, index));
            let head =
                Head { node: "n1", boot: 1, seq: index, at, config: None, rates: None, build: "b" };
            let payload = if index % 7 == 6 || index + 1 == records {
                ids.push(None);
                let of = sale.input.draw.auction;
                lifecycle(&head, &sale.input.draw, &Lifecycle::LateSync { auction: of })
            } else {
                ids.push(Some(sale.input.draw.auction));
                let ops = Ops { standing: &Standing::default(), stages: &[] };
                auction(&head, &sale.request, &sale.input, &sale.outcome, &ops)
            };
            entries.push(*payload.first_chunk().unwrap());
            payloads.push(payload);
        }
        write(data.path(), payloads);
        publish(data.path(), &entries[..usize::try_from(logged).unwrap()]);
        Self { data, ids, entries }
    }

    /// Returns index and id of the last auction.
    fn last(&self) -> (u64, AuctionId) {
        let auctions = (0..).zip(&self.ids).filter_map(|(index, id)| Some((index, (*id)?)));
        auctions.last().unwrap()
    }
}

fn write(data: &Path, payloads: Vec<Vec<u8>>) {
    let identity = Identity { domain: "breakwater.example".into(), node: "n1".into() };
    let journal = Journal::open(data, &identity, Durability::Flushed, is_start).unwrap();
    let mut last = None;
    for payload in payloads {
        last = Some(journal.permit(Stream::Auction).unwrap().append(payload));
    }
    assert!(matches!(last.unwrap().wait_blocking(), Flush::Flushed { .. }));
    journal.close();
}

/// Publishes a checkpoint that counts so many records, whatever there is, by the key of `publish`.
fn sign(data: &Path, size: u64) {
    let key = SignerKey::new("breakwater.example/n1/auction", &[7; 32]).unwrap();
    let checkpoint = Checkpoint { origin: key.verifier().name().into(), size, root: [0; 32] };
    fs::write(data.join("log/auction/checkpoint"), checkpoint.sign(&key).unwrap()).unwrap();
}

/// Returns a UUID of version 7.
fn uuid(millis: u64, number: u64) -> [u8; 16] {
    let bits = u128::from(millis) << 80 | 7 << 76 | 2 << 62 | u128::from(number >> 2);
    (bits ^ u128::from(number & 3) << 64).to_be_bytes()
}

const LOGGED: u64 = 1_000;
