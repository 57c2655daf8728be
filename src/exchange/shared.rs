//! What all workers share: what is in force, the journal, the sales in force, notices and metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::exchange::aside::Auction;
use crate::exchange::current::{Current, Desk, InForce, Prepared};
use crate::exchange::sale::Sale;
use crate::exchange::{aside, observe};
use crate::io::bidders::Endpoint;
use crate::io::journal::{Journal, Stream};
use crate::io::log::published::Published;
use crate::io::metrics::Metrics;
use crate::io::notifier::{About, Notifier, Target};
use crate::io::offload::Offload;
use crate::io::once::Once;
use crate::io::pulse::Pulse;
use crate::io::under_way::Begun;
use crate::io::{clock, entropy};
use crate::live::first_use::FirstUse;
use crate::live::sales::{Room, Sales};
use crate::model::break_request::BreakRequest;
use crate::model::ids::AuctionId;
use crate::model::market::{Bidder, Market};
use crate::model::money::Cpm;
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;
use crate::model::time::UnixMillis;
use crate::wire::beacon::Keyring;
use crate::wire::notice::{self, Notice};
use crate::wire::record::{self, Lifecycle};
use crate::wire::sold::Finish;

/// What all workers share.
pub struct Shared {
    /// `exchange.node`: the name of this node in the journal.
    pub node: Arc<str>,
    /// The journal.
    pub journal: Journal,
    /// What of the logs is handed out; none where none are kept.
    pub log: Option<Published>,
    /// Counters and histograms.
    pub metrics: Arc<Metrics>,
    /// Keys of the beacon addresses.
    pub keyring: Keyring,
    /// Where notices leave from.
    pub notifier: Notifier,
    /// Sales in force.
    pub sales: Mutex<Sales<Once<Arc<Sale>>>>,
    /// Beacons seen.
    pub beacons: Mutex<FirstUse>,
    /// The beats of the workers.
    pub pulse: Pulse,
    /// Where work is done that would hold a worker up.
    pub offload: Offload,
    /// What is in force.
    in_force: ArcSwap<InForce>,
    /// Where each worker finds what is current; locked while that changes.
    desks: Mutex<Vec<Desk>>,
    sale_number: AtomicU64,
}

impl Shared {
    /// Puts the shared part together.
    #[must_use]
    pub fn new(
        in_force: InForce,
        journal: Journal,
        metrics: Arc<Metrics>,
        keyring: Keyring,
        notifier: Notifier,
    ) -> Self {
        let sales = Mutex::new(Sales::new(SALES));
        let beacons = Mutex::new(FirstUse::new(BEACONS));
        let pulse = Pulse::default();
        let offload = Offload::start(OFFLOAD_THREADS);
        let sale_number = AtomicU64::new(0);
        Self {
            node: Arc::clone(&in_force.market.node),
            journal,
            log: None,
            metrics,
            keyring,
            notifier,
            sales,
            beacons,
            pulse,
            offload,
            in_force: ArcSwap::from_pointee(in_force),
            desks: Mutex::default(),
            sale_number,
        }
    }

    /// Returns a number that no other sale of this process has.
    pub fn next_sale(&self) -> u64 {
        self.sale_number.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns what is in force now; a sale asks once, when it begins.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        self.in_force.load_full()
    }

    /// Gives a worker its place: `make` makes it ready for what is in force.
    pub(super) fn join(&self, make: impl FnOnce(Arc<InForce>) -> Current) -> Desk {
        let mut desks = self.desks.lock();
        let desk = Arc::new(ArcSwap::from_pointee(make(self.in_force())));
        desks.push(Arc::clone(&desk));
        desk
    }

    /// Makes every worker ready for the market that comes next, beside what is in force.
    #[must_use]
    pub fn prepare(&self, next: InForce) -> Prepared {
        let next = Arc::new(next);
        let ready = |desk: &Desk| (Arc::clone(desk), Arc::new(desk.load().next(&next)));
        let desks = self.desks.lock().iter().map(ready).collect();
        Prepared { next, desks }
    }

    /// Puts a market in force on every worker. What has begun goes on with the one before.
    pub fn put_in_force(&self, prepared: Prepared) {
        let Prepared { next, desks: ready } = prepared;
        let desks = self.desks.lock();
        // A worker that came meanwhile finds either this or its place below.
        self.in_force.store(Arc::clone(&next));
        for desk in &*desks {
            let current = ready.iter().find(|(of, _)| Arc::ptr_eq(of, desk));
            let late = || Arc::new(desk.load().next(&next));
            desk.store(current.map_or_else(late, |(_, current)| Arc::clone(current)));
        }
    }

    /// Returns the head of the record with this sequence number, beside any sale.
    #[must_use]
    pub fn head(&self, seq: u64, at: UnixMillis) -> record::Head<'_> {
        self.head_in(&self.in_force.load(), seq, at)
    }

    /// Returns the head of the record of a sale in this market.
    #[must_use]
    pub fn head_in(&self, in_force: &InForce, seq: u64, at: UnixMillis) -> record::Head<'_> {
        let (config, rates) = (Some(in_force.config), in_force.rates);
        let (node, boot) = (&*self.node, self.journal.boot());
        record::Head { node, boot, seq, at, config, rates, build: BUILD }
    }

    /// Returns what finishing a sale in this market needs besides the auction.
    #[must_use]
    pub fn finish<'a>(&'a self, in_force: &'a InForce, now: UnixMillis) -> Finish<'a> {
        Finish { market: &in_force.market, keyring: &self.keyring, now }
    }

    /// Counts the stages of a sale.
    pub fn stages(&self, laps: &[(&'static str, u64)]) {
        for &(stage, took) in laps {
            self.metrics.stage(stage, Duration::from_micros(took));
        }
    }

    /// Records that an answer left before its record was flushed (decision 21).
    pub fn late_sync(&self, auction: AuctionId) {
        self.metrics.late_sync();
        if let Some(permit) = self.journal.permit(Stream::Money) {
            // The time of its id, wherever a clock that jumped forward has put the request's.
            let head = self.head(permit.seq(), clock::now());
            let event = Lifecycle::LateSync { auction };
            let payload = record::lifecycle(&head, &entropy::draw(), &event);
            let _flushed_with_its_stream = permit.append(payload);
        }
    }

    /// Does what nobody waits for once a sale is answered: counts it and queues its notices. The
    /// sale is under way until all is done.
    pub fn aftermath(
        self: &Arc<Self>,
        request: &BreakRequest,
        sale: &Sale,
        auction: Option<&Arc<Auction>>,
        begun: Begun,
    ) {
        if !request.test {
            observe::seconds(&self.metrics, request, &sale.sold);
        }
        let Some(auction) = auction else { return };
        let (input, outcome) = &**auction;
        observe::auction(&self.metrics, request, input, outcome);
        self.in_force.load().states.learn(&observe::experiences(request, input, outcome));
        for notice in notice::wins(input, outcome) {
            let (target, about, url) = addressed(input, notice);
            self.notifier.send_win(target, about, url);
        }
        aside::tell_losers(self, auction, begun);
    }

    /// Queues the loss notices of an auction, with what would have tied as far as it is known.
    pub fn notify_losers(
        &self,
        input: &AuctionInput,
        outcome: &Outcome,
        minimums: &[Vec<Option<Cpm>>],
    ) {
        for notice in notice::losses(input, outcome, minimums) {
            let (target, about, url) = addressed(input, notice);
            self.notifier.send_loss(target, about, url);
        }
    }
}

/// Returns whom a notice of an auction goes to, what it is about, and its address.
fn addressed(input: &AuctionInput, notice: Notice) -> (Target, About, String) {
    let Notice { bidder, bid, url, allow_loopback, kind: _ } = notice;
    let target = Target { id: bidder, allow_loopback };
    (target, About { auction: input.draw.auction, bid }, url)
}

/// Returns the bidders of a market as the network sees them.
#[must_use]
pub fn endpoints(market: &Market) -> Vec<Endpoint> {
    let endpoint = |bidder: &Arc<Bidder>| Endpoint {
        id: bidder.id.clone(),
        url: Arc::clone(&bidder.endpoint),
        qps: bidder.qps,
        in_flight: bidder.in_flight,
        http2: bidder.http2,
        allow_loopback: bidder.allow_loopback,
    };
    market.bidders.iter().map(endpoint).collect()
}

/// The most sales in force, and the most bytes of finished ads they hold: some 20 KB each.
const SALES: Room = Room { sales: 200_000, bytes: 1 << 30 };

/// Threads for long searches: few, since few auctions need one, and workers must keep their cores.
const OFFLOAD_THREADS: usize = 2;

/// Beacons remembered, so that a repeat is told from a first.
const BEACONS: usize = 1_000_000;

/// What records and `/version` call this build: name and version.
pub const BUILD: &str = concat!("breakwater ", env!("CARGO_PKG_VERSION"));

/// The commit, where whoever built it set `BREAKWATER_COMMIT`.
pub const COMMIT: &str = match option_env!("BREAKWATER_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};
