//! What a worker takes on and what it refuses.

use std::time::Duration;

use metrics::{Counter, Gauge, Recorder};

use crate::io::metrics::family::{Axis, Family};
use crate::io::metrics::names;

/// The handles of the metrics about admission.
pub struct Load {
    shed: Family<Counter, 1>,
    limit: Family<Gauge, 1>,
    sales_most: Family<Gauge, 0>,
    connections_most: Family<Gauge, 0>,
    connections_open: Family<Gauge, 0>,
    running: Family<Gauge, 1>,
    delay: Family<Gauge, 1>,
    brownout: Family<Gauge, 1>,
    connections_refused: Family<Counter, 1>,
}

impl Load {
    /// Registers every series: `reasons` of shedding, `workers` by number.
    pub(super) fn new(recorder: &dyn Recorder, reasons: &[&str], workers: &[&str]) -> Self {
        let worker = || [Axis { label: "worker", values: workers }];
        let refused = [Axis { label: "reason", values: CONNECTIONS_REFUSED }];
        Self {
            shed: Family::new(
                recorder,
                names::REQUESTS_SHED,
                [Axis { label: "reason", values: reasons }],
            ),
            limit: Family::new(recorder, names::SALES_LIMIT, worker()),
            sales_most: Family::new(recorder, names::SALES_MOST, []),
            connections_most: Family::new(recorder, names::CONNECTIONS_MOST, []),
            connections_open: Family::new(recorder, names::CONNECTIONS_OPEN, []),
            running: Family::new(recorder, names::SALES_RUNNING, worker()),
            delay: Family::new(recorder, names::WORKER_DELAY, worker()),
            brownout: Family::new(recorder, names::BROWNOUT_LEVEL, worker()),
            connections_refused: Family::new(recorder, names::CONNECTIONS_REFUSED, refused),
        }
    }

    /// Counts a request that was shed, by the reason.
    pub fn shed(&self, reason: &str) {
        self.shed.at([reason]).increment(1);
    }

    /// Says how a worker stands: its limit of sales, those that run, its delay and its brownout.
    pub fn worker(&self, worker: &str, (limit, running): (u32, u32), delay: Duration, level: u8) {
        self.limit.at([worker]).set(limit);
        self.running.at([worker]).set(running);
        self.delay.at([worker]).set(delay);
        self.brownout.at([worker]).set(level);
    }

    /// Says what memory and descriptors hold: sales at once on a worker, and connections of callers.
    pub fn most(&self, sales: u32, connections: u32) {
        self.sales_most.at([]).set(sales);
        self.connections_most.at([]).set(connections);
    }

    /// Counts a connection that a caller holds from here on.
    pub fn connection_opened(&self) {
        self.connections_open.at([]).increment(1);
    }

    /// Counts a connection that its caller holds no more.
    pub fn connection_closed(&self) {
        self.connections_open.at([]).decrement(1);
    }

    /// Counts a connection that was closed for want of room, by why (`CONNECTIONS_REFUSED`).
    pub fn connection_refused(&self, reason: &str) {
        self.connections_refused.at([reason]).increment(1);
    }
}

/// Why a connection is closed: when it comes, and for `publisher` once its request is answered.
pub const CONNECTIONS_REFUSED: &[&str] = &["full", "address", "publisher", "descriptors"];
