//! What all workers share: the market, the journal, the sales in force, notices and metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::exchange::aside::Auction;
use crate::exchange::sale::Sale;
use crate::exchange::{aside, observe};
use crate::io::bidders::Endpoint;
use crate::io::bidders::state::States;
use crate::io::entropy;
use crate::io::journal::{Journal, Stream};
use crate::io::log::published::Published;
use crate::io::metrics::Metrics;
use crate::io::notifier::{About, Notifier};
use crate::io::offload::Offload;
use crate::io::once::Once;
use crate::io::pulse::Pulse;
use crate::io::under_way::Begun;
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
use crate::wire::notice;
use crate::wire::record::{self, Lifecycle};
use crate::wire::sold::Finish;

/// What all workers share.
pub struct Shared {
    /// The market in force.
    pub market: Arc<Market>,
    /// Where its kind 8 record stands in the money stream: index and record root.
    pub config: (u64, [u8; 32]),
    /// The same of its rates, a record of kind 9; none where it has none.
    pub rates: Option<(u64, [u8; 32])>,
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
    /// What is known of the bidders.
    pub states: States,
    sale_number: AtomicU64,
}

impl Shared {
    /// Puts the shared part together.
    #[must_use]
    pub fn new(
        market: Arc<Market>,
        config: (u64, [u8; 32]),
        journal: Journal,
        metrics: Arc<Metrics>,
        keyring: Keyring,
        notifier: Notifier,
    ) -> Self {
        let sales = Mutex::new(Sales::new(SALES));
        let beacons = Mutex::new(FirstUse::new(BEACONS));
        let pulse = Pulse::default();
        let offload = Offload::start(OFFLOAD_THREADS);
        let states = States::new(&endpoints(&market));
        let sale_number = AtomicU64::new(0);
        Self {
            market,
            config,
            rates: None,
            journal,
            log: None,
            metrics,
            keyring,
            notifier,
            sales,
            beacons,
            pulse,
            offload,
            states,
            sale_number,
        }
    }

    /// Returns a number that no other sale of this process has.
    pub fn next_sale(&self) -> u64 {
        self.sale_number.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the head of the record with this sequence number.
    #[must_use]
    pub fn head(&self, seq: u64, at: UnixMillis) -> record::Head<'_> {
        let config = Some(self.config);
        let (node, rates) = (&self.market.node, self.rates);
        record::Head { node, boot: self.journal.boot(), seq, at, config, rates, build: BUILD }
    }

    /// Returns what finishing a sale needs besides the auction.
    #[must_use]
    pub fn finish(&self, now: UnixMillis) -> Finish<'_> {
        Finish { market: &self.market, keyring: &self.keyring, now }
    }

    /// Counts the stages of a sale.
    pub fn stages(&self, laps: &[(&'static str, u64)]) {
        for &(stage, took) in laps {
            self.metrics.stage(stage, Duration::from_micros(took));
        }
    }

    /// Records that an answer left before its record was flushed (decision 21).
    pub fn late_sync(&self, auction: AuctionId, at: UnixMillis) {
        self.metrics.late_sync();
        if let Some(permit) = self.journal.permit(Stream::Money) {
            let head = self.head(permit.seq(), at);
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
        self.states.learn(&observe::experiences(request, input, outcome));
        for notice in notice::wins(input, outcome) {
            let about = About { auction: input.draw.auction, bid: notice.bid };
            self.notifier.send_win(&notice.bidder, about, notice.url);
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
            let about = About { auction: input.draw.auction, bid: notice.bid };
            self.notifier.send_loss(&notice.bidder, about, notice.url);
        }
    }
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
