//! Makes the connections of one worker beside its auctions, for all bidders.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use crate::io::bidders::demand::TICK;
use crate::io::bidders::pool::Pool;
use crate::io::bidders::stock::{Counts, Made};
use crate::io::connect::Connect;
use crate::io::metrics::Metrics;

/// Keeps the pools in stock until it is dropped.
pub(super) async fn keep(
    pools: Vec<Arc<Pool>>,
    connector: Arc<dyn Connect>,
    wishes: Arc<Notify>,
    metrics: Arc<Metrics>,
) {
    let mut told = Told { told: vec![Counts::default(); pools.len()], pools, metrics };
    let mut dials = FuturesUnordered::new();
    let mut tick = Instant::now() + TICK;
    loop {
        let now = Instant::now();
        if tick <= now {
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
            () = wishes.notified() => {}
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
}

impl Told {
    fn end(&self, Dialled { pool, begun, made }: Dialled) {
        let outcome = match &made {
            Ok(_) => "made",
            Err(fault) if fault.kind() == io::ErrorKind::TimedOut => "timeout",
            Err(fault) if fault.kind() == io::ErrorKind::Unsupported => {
                // Once, until it is reached again.
                if !pool.is_refused() {
                    let bidder = pool.bidder.as_str();
                    tracing::warn!(
                        bidder,
                        "the bidder does not speak HTTP/2: take http2 out, or let it"
                    );
                }
                "no_http2"
            }
            Err(_) => "failed",
        };
        self.metrics.bidder_dial(pool.bidder.as_str(), outcome);
        pool.end_dial(made.ok(), begun);
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
