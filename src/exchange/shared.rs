//! What all workers share: the market, the journal, the sales in force, notices and metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::exchange::sale::{Made, Sale};
use crate::io::journal::{Journal, Stream};
use crate::io::metrics::Metrics;
use crate::io::notifier::Notifier;
use crate::io::once::Once;
use crate::live::first_use::FirstUse;
use crate::live::sales::Sales;
use crate::model::ids::AuctionId;
use crate::model::market::Market;
use crate::model::time::UnixMillis;
use crate::wire::beacon::Keyring;
use crate::wire::notice::{self, NoticeKind};
use crate::wire::record;
use crate::wire::sold::Finish;

/// The most sales in force: an hour's breaks of a large audience on one node.
const SALES: usize = 200_000;

/// Beacons remembered, so that a repeat is told from a first.
const BEACONS: usize = 1_000_000;

/// What all workers share.
#[derive(Debug)]
pub struct Shared {
    /// The market in force.
    pub market: Arc<Market>,
    /// Where its kind 8 record stands in the money stream: index and record root.
    pub config: (u64, [u8; 32]),
    /// The journal.
    pub journal: Journal,
    /// Counters and histograms.
    pub metrics: Metrics,
    /// Keys of the beacon addresses.
    pub keyring: Keyring,
    /// Where notices leave from.
    pub notifier: Notifier,
    /// Sales in force.
    pub sales: Mutex<Sales<Once<Arc<Sale>>>>,
    /// Beacons seen.
    pub beacons: Mutex<FirstUse>,
    sale_number: AtomicU64,
}

impl Shared {
    /// Puts the shared part together.
    #[must_use]
    pub fn new(
        market: Arc<Market>,
        config: (u64, [u8; 32]),
        journal: Journal,
        metrics: Metrics,
        keyring: Keyring,
        notifier: Notifier,
    ) -> Self {
        let sales = Mutex::new(Sales::new(SALES));
        let sale_number = AtomicU64::new(0);
        let beacons = Mutex::new(FirstUse::new(BEACONS));
        Self { market, config, journal, metrics, keyring, notifier, sales, beacons, sale_number }
    }

    /// Returns a number that no other sale of this process has.
    pub fn next_sale(&self) -> u64 {
        self.sale_number.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the head of the record with this sequence number.
    #[must_use]
    pub fn head(&self, seq: u64, at: UnixMillis) -> record::Head<'_> {
        record::Head {
            node: &self.market.node,
            boot: self.journal.boot(),
            seq,
            at,
            config: self.config,
            build: BUILD,
        }
    }

    /// Returns what finishing a sale needs besides the auction.
    #[must_use]
    pub fn finish(&self, now: UnixMillis) -> Finish<'_> {
        Finish { market: &self.market, keyring: &self.keyring, now }
    }

    /// Records that an answer left before its record was flushed (decision 21).
    pub fn late_sync(&self, auction: AuctionId, at: UnixMillis) {
        self.metrics.late_sync();
        if let Some(permit) = self.journal.permit(Stream::Money) {
            let head = self.head(permit.seq(), at);
            let _flushed_with_the_stream = permit.append(record::late_sync(&head, auction));
        }
    }

    /// Queues the notices of an auction; never waits.
    pub fn notify(&self, made: &Made) {
        if made.input.plan.offers.is_empty() {
            return;
        }
        let wins = notice::wins(&made.input, &made.outcome);
        for notice in wins.into_iter().chain(notice::losses(&made.input, &made.outcome)) {
            match notice.kind {
                NoticeKind::Win => self.notifier.send_win(notice.bidder, notice.url),
                NoticeKind::Loss => self.notifier.send_loss(notice.bidder, notice.url),
            }
        }
    }
}

/// What records and `/version` call this build.
pub const BUILD: &str = concat!("breakwater ", env!("CARGO_PKG_VERSION"));
