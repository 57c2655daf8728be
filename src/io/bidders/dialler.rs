//! Makes the connections of one worker beside its auctions, for all bidders.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use crate::io::bidders::demand::TICK;
use crate::io::bidders::pool::Pool;
use crate::io::bidders::stock::{Counts, Made};
use crate::io::connect::Connect;
use crate::io::metrics::Metrics;
use crate::io::sampler::Sampler;

/// What the owner of pools leaves for the task that keeps them.
#[derive(Default)]
pub(super) struct Inbox {
    /// Wakes it: a pool wishes for connections.
    pub(super) wishes: Arc<Notify>,
    /// Pools it does not keep yet.
    arrivals: Mutex<Vec<Arc<Pool>>>,
}

impl Inbox {
    /// Has these pools kept, until they are closed.
    pub(super) fn hand_in(&self, pools: impl IntoIterator<Item = Arc<Pool>>) {
        self.arrivals.lock().extend(pools);
        self.wishes.notify_one();
    }
}

/// Keeps the pools in stock until it is dropped.
pub(super) async fn keep(inbox: Arc<Inbox>, connector: Arc<dyn Connect>, metrics: Arc<Metrics>) {
    let mut told =
        Told { told: Vec::new(), pools: Vec::new(), metrics, faults: Sampler::default() };
    let mut dials = FuturesUnordered::new();
    let mut tick = Instant::now() + TICK;
    loop {
        let now = Instant::now();
        told.take_in(std::mem::take(&mut *inbox.arrivals.lock()));
        if tick <= now {
            told.let_go();
            for pool in &told.pools {
                pool.tick(now);
            }
            tick = now + TICK;
            told.tell();
        }
        let mut next = tick;
        for pool in &told.pools {
            for _ in 0..pool.begin_dials(now) {
                dials.push(dial(Arc::clone(pool), Arc::clone(&connector)));
            }
            next = pool.put_off(now).map_or(next, |until| until.min(next));
        }
        tokio::select! {
            Some(dialled) = dials.next() => told.end(dialled),
            () = inbox.wishes.notified() => {}
            () = sleep_until(next) => {}
        }
    }
}

struct Dialled {
    pool: Arc<Pool>,
    begun: Instant,
    made: io::Result<Made>,
}

async fn dial(pool: Arc<Pool>, connector: Arc<dyn Connect>) -> Dialled {
    let begun = Instant::now();
    let made = timeout(MAX_DIAL, pool.dial(&*connector)).await;
    let made = made.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    Dialled { pool, begun, made }
}

/// The pools, and what of them the metrics were told: gauges are sums over workers.
struct Told {
    pools: Vec<Arc<Pool>>,
    told: Vec<Counts>,
    metrics: Arc<Metrics>,
    faults: Sampler,
}

impl Told {
    fn take_in(&mut self, arrivals: Vec<Arc<Pool>>) {
        self.pools.extend(arrivals);
        self.told.resize(self.pools.len(), Counts::default());
    }

    /// Keeps no longer what has been closed.
    fn let_go(&mut self) {
        let mut at = 0;
        while at < self.pools.len() {
            if self.pools[at].is_closed() {
                let (pool, told) = (self.pools.swap_remove(at), self.told.swap_remove(at));
                tell(&self.metrics, &pool, told, Counts::default());
            } else {
                at += 1;
            }
        }
    }

    fn end(&self, Dialled { pool, begun, made }: Dialled) {
        let outcome = match &made {
            Ok(_) => "made",
            Err(fault) => {
                self.tell_why(&pool, fault);
                match fault.kind() {
                    io::ErrorKind::TimedOut => "timeout",
                    io::ErrorKind::Unsupported => "no_http2",
                    _ => "failed",
                }
            }
        };
        self.metrics.bidder_dial(pool.bidder.as_str(), outcome);
        pool.end_dial(made.ok(), begun);
    }

    /// Says why a bidder cannot be reached: once, until it is reached again.
    fn tell_why(&self, pool: &Pool, fault: &io::Error) {
        // One that comes and goes must not fill the log.
        if pool.is_refused() || !self.faults.lets_through("dial") {
            return;
        }
        let bidder = pool.bidder.as_str();
        if fault.kind() == io::ErrorKind::Unsupported {
            tracing::warn!(bidder, "the bidder does not speak HTTP/2: take http2 out, or let it");
        } else {
            tracing::warn!(bidder, %fault, "no connection to the bidder could be made");
        }
    }

    fn tell(&mut self) {
        for (pool, told) in self.pools.iter().zip(&mut self.told) {
            let counts = pool.counts();
            tell(&self.metrics, pool, *told, counts);
            *told = counts;
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        for (pool, told) in self.pools.iter().zip(&self.told) {
            tell(&self.metrics, pool, *told, Counts::default());
        }
    }
}

fn tell(metrics: &Metrics, pool: &Pool, old: Counts, new: Counts) {
    let states = [
        ("idle", old.idle, new.idle),
        ("busy", old.busy, new.busy),
        ("dialling", old.dialling, new.dialling),
    ];
    for (state, old, new) in states {
        if old != new {
            metrics.bidder_connections(pool.bidder.as_str(), state, old, new);
        }
    }
}

/// How long a connection may take, whatever the connector does.
const MAX_DIAL: Duration = Duration::from_millis(250);
