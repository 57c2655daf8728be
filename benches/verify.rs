//! How fast a data folder is verified, and in how much memory: `cargo bench --bench verify`.
//!
//! It prints records a second on one core, without and with every auction decided again, over a
//! folder of `RECORDS` auctions (default 100,000): one of small sales, and one of ten bidders with
//! two bids each. `SALES`, which is `small` or `wide`, asks for one of the two.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints, and may stop")]

use std::sync::Arc;
use std::time::Instant;

use breakwater::audit::verify::{Options, verify};
use breakwater::io::journal::{Flush, Limits, Stream};
use breakwater::model::bid::{Bid, Price, Reply};
use breakwater::model::ids::{BidId, CreativeId, ImpId};
use breakwater::model::market::Dialect;
use breakwater::model::money::Cpm;
use breakwater::model::plan::{Offer, OfferedImp};
use tempfile::TempDir;

use crate::folder::{CONFIG, MARKUP, Node};
use crate::sale::{Sale, bid, bidder, reply};

#[expect(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/audit/folder.rs"]
mod folder;
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/it/sale.rs"]
mod sale;

fn main() {
    let wanted = std::env::var("RECORDS").ok().and_then(|text| text.parse().ok());
    let wanted: u64 = wanted.unwrap_or(100_000);
    let only = std::env::var("SALES").ok();
    let is_asked = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if is_asked("small") {
        let node = Node::start_in(tempfile::tempdir().unwrap(), Limits::default());
        let data = fill(node, wanted, |node, seq| node.auction(seq, |_| {}));
        measure(&data, "2 bidders asked, 2 bids, 1 of them sold");
    }
    if is_asked("wide") {
        let mut node = Node::start_in(tempfile::tempdir().unwrap(), Limits::default());
        node.configure_as(&market());
        let (offers, replies) = wide();
        let widen = |sale: &mut Sale| {
            sale.input.plan.offers.clone_from(&offers);
            sale.input.chosen.asked = (0..offers.len()).collect();
            sale.input.replies.clone_from(&replies);
        };
        let data = fill(node, wanted, |node, seq| node.decided(seq, widen));
        measure(&data, "10 bidders asked, 2 bids each, 4 of them sold");
    }
}

/// Writes so many auctions.
fn fill(mut node: Node, wanted: u64, record: impl Fn(&mut Node, u64) -> Vec<u8>) -> TempDir {
    let mut bytes = 0;
    for number in 1..=wanted {
        let permit = node.permit(Stream::Auction);
        let payload = record(&mut node, permit.seq());
        bytes += payload.len();
        let pending = permit.append(payload);
        if number % 1_000 == 0 {
            assert!(matches!(pending.wait_blocking(), Flush::Flushed { .. }));
        }
    }
    println!("{wanted} auctions of {} bytes each", bytes / usize::try_from(wanted).unwrap());
    node.stop()
}

/// Verifies them without and with deciding them again.
fn measure(data: &TempDir, what: &str) {
    for deep in [false, true] {
        let begun = Instant::now();
        let options = Options { deep, ..Options::default() };
        let report = verify(data.path(), &options, &mut |_| {}).unwrap();
        let took = begun.elapsed();
        assert!(report.holds(), "{report:?}");
        let rate = u128::from(report.records()) * 1_000_000 / took.as_micros().max(1);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("VmRSS: ?");
        println!("{what}, deep {deep}: {rate} records/s, {took:?}, {resident}");
    }
}

/// The ids of the bidders of a wide sale.
fn ids() -> impl Iterator<Item = String> {
    (0..10).map(|number| format!("bidder-{number}"))
}

/// The market of the tests with the bidders of a wide sale.
fn market() -> String {
    let from = CONFIG.find("{\"allow_loopback\"").unwrap();
    let to = CONFIG.find("],\"currency\"").unwrap();
    let bidder = |id: String| {
        let acme = &CONFIG[from..CONFIG.find(",{\"allow_loopback\"").unwrap()];
        acme.replace("acme", &id)
    };
    let bidders: Vec<String> = ids().map(bidder).collect();
    [&CONFIG[..from], &bidders.join(","), &CONFIG[to..]].concat()
}

/// Who is asked in a wide sale, and what they send.
fn wide() -> (Vec<Offer>, Vec<Reply>) {
    let offer = |id: String| Offer {
        bidder: Arc::new(bidder(&id)),
        dialect: Dialect::Dynamic,
        imps: vec![OfferedImp { id: ImpId::new("1"), part: 0 }],
    };
    let sent = |(place, id): (i64, String)| {
        let bids = [0, 1].map(|second| {
            let cents = 1_850 + 37 * place + 11 * second;
            let text = format!("{}.{:02}", cents / 100, cents % 100).into();
            Bid {
                id: BidId::new(format!("{id}-bid-{second}")),
                price: Some(Price { text, cpm: Cpm::from_micros(cents * 10_000).unwrap() }),
                creative_id: Some(CreativeId::new(format!("creative-{place}-{second}"))),
                ..bid(0, MARKUP)
            }
        });
        reply(&id, bids.into())
    };
    (ids().map(offer).collect(), (0..).zip(ids()).map(sent).collect())
}
