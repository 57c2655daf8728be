//! Recorded auctions are decided again: equal beside a running exchange and after it, and what was
//! never decided so is found out.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use breakwater::audit::replay::{ReplayError, Wanted, replay};
use breakwater::io::journal::read::frames;
use breakwater::io::journal::{Durability, Flush, Identity, Journal, Stream};
use breakwater::model::standing::Standing;
use breakwater::wire::record::ops::Ops;
use breakwater::wire::record::read::is_start;
use breakwater::wire::record::{Head, auction};
use loadtest::bidder::Bidder as Simulated;
use loadtest::bidder::counters::Counts;
use loadtest::cast;
use tokio::sync::oneshot;

use crate::sale::{ARRIVAL, Sale};
use crate::support::bidder::{Ad, Bidder, Say};
use crate::support::exchange::Exchange;

#[test]
fn every_auction_of_an_exchange_is_equal() {
    let seed = 42;
    let cast = Cast::start(seed);
    let mut bidders = vec![
        Bidder::bidding("slots", vec![Ad::new("s1", "9.123456", 15).on("2")])
            .with("pods = \"structured\""),
        Bidder::start("broken", |_| Say::Json("[".to_owned())),
        Bidder::bidding("odd", vec![Ad::new("o1", "1e400", 15), Ad::new("o2", "7.0000009", 15)]),
    ];
    bidders.extend(cast.addresses.iter().map(|(id, address)| Bidder::at(id, *address)));
    let bidders: Vec<&Bidder> = bidders.iter().collect();
    let exchange = Exchange::start(&bidders);
    let lengths = [15_000, 29_970, 30_000, 45_000, 59_940, 60_000, 90_000, 10_000];
    let mut sold = 0;
    for (number, length) in lengths.into_iter().cycle().take(BREAKS).enumerate() {
        let query = format!("placement=brisk&break=brk-{number}&session=s&duration_ms={length}");
        sold += usize::from(exchange.tag(&query).text().contains("<MediaFile"));
    }
    assert!(BREAKS / 2 < sold, "seed {seed}: only {sold} breaks sold anything");
    let beside = replay(exchange.data.path(), &Wanted::All).unwrap();
    // What a busy machine cannot decide in time is not sold, and not recorded.
    let late = exchange.count("breakwater_fill_requests_total", &["brisk", "too_late"]);
    let data = exchange.stop();
    let after = replay(data.path(), &Wanted::All).unwrap();
    assert_eq!(beside, after);
    assert_eq!(after.differing, [], "seed {seed}");
    let missing = u32::try_from(BREAKS).unwrap() - u32::try_from(after.auctions).unwrap();
    assert!(f64::from(missing) <= late, "{missing} not recorded, {late} late");
    let counts = cast.stop();
    let (wins, losses, unexpanded) = (counts.wins, counts.losses, counts.unexpanded);
    assert!(0 < wins && 0 < losses && unexpanded == 0, "seed {seed}: {counts:?}");
}

#[test]
fn an_outcome_that_was_not_decided_so_is_found_out() {
    let data = tempfile::tempdir().unwrap();
    // Made by hand: the bid below the floor stands as sold.
    let mut sale = Sale::of(&["<VAST/>"]);
    sale.outcome.fates[0].swap(0, 1);
    write(data.path(), &[record(&sale)]);
    let report = replay(data.path(), &Wanted::All).unwrap();
    let [difference] = report.differing.as_slice() else { panic!("{report:?}") };
    assert_eq!((report.auctions, difference.auction), (1, sale.input.draw.auction));
    let sections: BTreeSet<_> = difference.sections.iter().map(String::as_str).collect();
    assert!(sections.contains("outcome:acme"), "{sections:?}");
    let one = Wanted::These(vec![sale.input.draw.auction]);
    assert_eq!(replay(data.path(), &one).unwrap().differing.len(), 1);
}

#[test]
fn a_changed_byte_is_found_out_behind_a_good_checksum() {
    let good = record(&Sale::of(&["<VAST/>"]));
    let mut accepted = 0;
    // Every byte is covered by the record's own root, whatever the frame's checksum says.
    for at in (0..good.len()).step_by(good.len() / 40) {
        let data = tempfile::tempdir().unwrap();
        let mut changed = good.clone();
        changed[at] ^= 1;
        write(data.path(), &[changed]);
        match replay(data.path(), &Wanted::All) {
            Err(ReplayError::Record { index: 0, .. }) => {}
            Err(other) => panic!("byte {at}: {other}"),
            Ok(report) if report.differing.is_empty() => accepted += 1,
            Ok(_) => {}
        }
    }
    // The time and key in the frame's own entry are not what an auction rests on.
    assert!(accepted <= 2, "{accepted} of 40 changes were not seen");
}

/// The demo's bidders, on a thread of their own.
struct Cast {
    addresses: Vec<(&'static str, SocketAddr)>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Counts>,
}

impl Cast {
    fn start(seed: u64) -> Self {
        let (started, addresses) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let mut running = Vec::new();
                for id in cast::NAMES {
                    let bidder = Simulated::start(cast::named(id).unwrap(), seed).await.unwrap();
                    started.send((id, bidder.address())).unwrap();
                    running.push(bidder);
                }
                drop(started);
                stopped.await.unwrap();
                let mut counts = Counts::default();
                for bidder in running {
                    counts = counts.plus(bidder.stop().await);
                }
                counts
            })
        });
        Self { addresses: addresses.iter().collect(), stop, thread }
    }

    fn stop(self) -> Counts {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap()
    }
}

/// Returns a sale as a record.
fn record(sale: &Sale) -> Vec<u8> {
    let head = Head {
        node: "n1",
        boot: 1,
        seq: 0,
        at: ARRIVAL,
        config: Some((0, [0; 32])),
        rates: None,
        build: "b",
    };
    let standing = Standing::default();
    let ops = Ops { standing: &standing, stages: &[] };
    auction(&head, &sale.request, &sale.input, &sale.outcome, &ops)
}

/// Writes records as an exchange would, checksums and all.
fn write(data: &Path, payloads: &[Vec<u8>]) {
    let identity = Identity { domain: "breakwater.example".into(), node: "n1".into() };
    let journal = Journal::open(data, &identity, Durability::Flushed, is_start).unwrap();
    for payload in payloads {
        let pending = journal.permit(Stream::Auction).unwrap().append(payload.clone());
        assert!(matches!(pending.wait_blocking(), Flush::Flushed { .. }));
    }
    journal.close();
    assert_eq!(frames(data, Stream::Auction).unwrap().count(), payloads.len());
}

/// How many breaks are sold.
const BREAKS: usize = 24;
