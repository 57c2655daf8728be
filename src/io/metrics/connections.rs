//! Connections to bidders, and what came over them too late.

use metrics::{Counter, Gauge, Recorder};

use crate::io::metrics::family::Family;
use crate::io::metrics::{Labels, axis, family, names};

/// The handles of what is told of connections to bidders.
pub(super) struct Connections {
    pub(super) late_bids: Family<Counter, 1>,
    pub(super) late_bid_micros: Family<Counter, 1>,
    connections: Family<Gauge, 2>,
    pub(super) dials: Family<Counter, 2>,
}

impl Connections {
    pub(super) fn new(recorder: &dyn Recorder, labels: &Labels<'_>) -> Self {
        let bidder = || axis("bidder", labels.bidders);
        let state = [bidder(), axis("state", STATES)];
        let outcome = [bidder(), axis("outcome", DIAL_OUTCOMES)];
        Self {
            late_bids: family(recorder, names::LATE_BIDS, [bidder()]),
            late_bid_micros: family(recorder, names::LATE_BID_MICROS, [bidder()]),
            connections: family(recorder, names::BIDDER_CONNECTIONS, state),
            dials: family(recorder, names::BIDDER_DIALS, outcome),
        }
    }

    /// Adds to a sum over workers what changed at one of them.
    pub(super) fn change(&self, [bidder, state]: [&str; 2], old: usize, new: usize) {
        // Exact: far fewer than 2^32.
        let count = |count| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        self.connections.at([bidder, state]).increment(count(new) - count(old));
    }
}

/// What a connection may do.
const STATES: &[&str] = &["idle", "busy", "dialling"];

/// What may come of making one; `io::bidders` gives these.
const DIAL_OUTCOMES: &[&str] = &["made", "failed", "timeout", "no_http2"];
