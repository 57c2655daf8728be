//! Proving and checking one auction of a journal of a million records, and finding it.
//!
//! Not a criterion bench: what counts is one call on files that lie on a disk, and the journal takes
//! far longer to write than to read from. `cargo bench --bench prove -- 100000` takes fewer records.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]
#![expect(clippy::print_stdout, reason = "it is what a bench is for")]

use std::path::Path;
use std::time::{Duration, Instant};

use breakwater::audit::check::check;
use breakwater::audit::find::find;
use breakwater::audit::party::Party;
use breakwater::audit::prove::prove;
use breakwater::io::journal::{Durability, Flush, Identity, Journal, Stream};
use breakwater::model::ids::AuctionId;
use breakwater::model::standing::Standing;
use breakwater::model::time::UnixMillis;
use breakwater::wire::record::ops::Ops;
use breakwater::wire::record::read::is_start;
use breakwater::wire::record::{Head, Lifecycle, auction, lifecycle};

use crate::sale::Sale;

#[path = "../tests/it/support/published.rs"]
mod published;
#[expect(dead_code, reason = "tests use more of it")]
#[path = "../tests/it/sale.rs"]
mod sale;

fn main() {
    let records = std::env::args().skip(1).find_map(|it| it.parse().ok());
    let records: u64 = records.unwrap_or(1_000_000);
    let data = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let (ids, entries, bytes) = write(data.path(), records);
    let written = begun.elapsed();
    let key = published::publish(data.path(), &entries);
    println!("{records} records, {} MB, in {written:.1?}", bytes >> 20);
    println!("the log of them in {:.1?}", begun.elapsed() - written);

    let party: Party = "bidder:acme".parse().unwrap();
    let (mut finding, mut proving, mut checking) = (Vec::new(), Vec::new(), Vec::new());
    let mut size = 0;
    for id in ids.iter().step_by(ids.len().div_ceil(200)) {
        finding.push(timed(|| assert!(find(data.path(), *id).unwrap().is_some())));
        let mut proved = None;
        proving.push(timed(|| proved = Some(prove(data.path(), Some(*id), &party).unwrap())));
        let text = proved.unwrap().text;
        size = text.len();
        checking.push(timed(|| assert!(check(text.as_bytes(), &key).is_ok())));
    }
    report("find", finding);
    report("prove, its own check included", proving);
    report(&format!("check a bundle of {size} bytes"), checking);
    let other = AuctionId::new([0xff; 16]);
    let absent = (0..5).map(|_| timed(|| assert!(find(data.path(), other).unwrap().is_none())));
    report("find what is not there", absent.collect());
}

/// Writes a journal of small records and, one in a thousand, of auctions; returns the ids of the
/// auctions, all entries, and the bytes of all.
fn write(data: &Path, records: u64) -> (Vec<AuctionId>, Vec<[u8; 58]>, u64) {
    let identity = Identity { domain: "breakwater.example".into(), node: "n1".into() };
    let journal = Journal::open(data, &identity, Durability::Flushed, is_start).unwrap();
    let (mut ids, mut entries, mut bytes, mut last) = (Vec::new(), Vec::new(), 0, None);
    let sale = Sale::of(&["<VAST/>", "<VAST/>"]);
    let small = small(&sale);
    for index in 0..records {
        // One a millisecond, with ids of the second before.
        let (at, drawn) = (START + index, START + index - index * 7_919 % 1_000);
        let id = uuid(drawn, index);
        let payload = if index % 1_000 == 500 {
            ids.push(AuctionId::new(id));
            record(&sale, AuctionId::new(id), at)
        } else {
            let mut payload = small.clone();
            payload[2..18].copy_from_slice(&id);
            payload[18..26].copy_from_slice(&at.to_be_bytes());
            payload
        };
        entries.push(*payload.first_chunk().unwrap());
        bytes += u64::try_from(payload.len()).unwrap();
        let permit = loop {
            match journal.permit(Stream::Auction) {
                Some(permit) => break permit,
                None => std::thread::yield_now(),
            }
        };
        last = Some(permit.append(payload));
    }
    assert!(matches!(last.unwrap().wait_blocking(), Flush::Flushed { .. }));
    journal.close();
    (ids, entries, bytes)
}

/// Returns a record of an auction of two winners and a loser.
fn record(sale: &Sale, id: AuctionId, at: u64) -> Vec<u8> {
    let mut input = sale.input.clone();
    input.draw.auction = id;
    let ops = Ops { standing: &Standing::default(), stages: &[] };
    auction(&head(at), &sale.request, &input, &sale.outcome, &ops)
}

/// Returns a record of another kind.
fn small(sale: &Sale) -> Vec<u8> {
    let event = Lifecycle::LateSync { auction: sale.input.draw.auction };
    lifecycle(&head(START), &sale.input.draw, &event)
}

fn head(at: u64) -> Head<'static> {
    Head {
        node: "n1",
        boot: 1,
        seq: 0,
        at: UnixMillis(at),
        config: None,
        rates: None,
        build: "bench",
    }
}

fn timed(call: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    call();
    begun.elapsed()
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1_000];
    println!("{what}: p50 {:.2?}, p99 {:.2?}, max {:.2?}", at(500), at(990), at(1_000));
}

/// Returns a UUID of version 7.
fn uuid(millis: u64, number: u64) -> [u8; 16] {
    (u128::from(millis) << 80 | 7 << 76 | 2 << 62 | u128::from(number)).to_be_bytes()
}

/// 2026-10-26, in milliseconds.
const START: u64 = 1_793_000_000_000;
