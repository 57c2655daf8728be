//! A config read again while the exchange sells: checked whole, recorded, made ready on every
//! worker, then put in force in one step. Whatever fails before that changes nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::admin::controls::{Named, NotReloaded, Reload, Reloaded};
use crate::cli::life;
use crate::cli::load::{self, Refused};
use crate::cli::serve::capacity::{Capacity, workers};
use crate::cli::serve::labels::Known;
use crate::cli::serve::turns::Turns;
use crate::config::Loaded;
use crate::config::fixed::Fixed;
use crate::exchange::current::{InForce, Prepared};
use crate::exchange::shared::Shared;
use crate::io::clock;
use crate::io::metrics::exposition::Exposition;
use crate::model::ids::BidderId;
use crate::model::market::Market;

/// Reads the config of a running exchange again, one time after the other.
pub(super) struct Reloader {
    /// Where the config lies; none when the exchange was not started from a file.
    file: Option<PathBuf>,
    fixed: Fixed,
    shared: Arc<Shared>,
    exposition: Arc<Exposition>,
    known: Mutex<Known>,
    capacity: Arc<Capacity>,
    turns: Turns,
}

impl Reloader {
    pub(super) fn new(
        (file, fixed): (Option<PathBuf>, Fixed),
        shared: Arc<Shared>,
        (exposition, known): (Arc<Exposition>, Known),
        capacity: Arc<Capacity>,
    ) -> Self {
        let (known, turns) = (Mutex::new(known), Turns::new());
        Self { file, fixed, shared, exposition, known, capacity, turns }
    }

    /// Returns who gives out its turns.
    pub(super) fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Reads the config and puts it in force, or says why the one before stays.
    ///
    /// Once it has its turn it goes on to its end, whoever asked for it.
    pub(super) async fn reload(self: Arc<Self>) -> Reload {
        let turn = self.turns.take().await;
        let reload = async move {
            let came = match turn {
                None => Err(NotReloaded::Draining),
                Some(_) => self.read_and_apply().await,
            };
            self.tell(&came);
            drop(turn);
            came
        };
        let ended = tokio::spawn(reload).await;
        ended.unwrap_or_else(|_ended| Err(NotReloaded::Unrecorded(DIED.to_owned())))
    }

    async fn read_and_apply(&self) -> Reload {
        let (file, fixed) = (self.file.clone().ok_or(NotReloaded::NoFile)?, self.fixed.clone());
        let read = off_thread(move || load::again(&file, &fixed)).await?;
        let Loaded { market, .. } = read.map_err(|refused| match refused {
            Refused::Problems(problems) => NotReloaded::Problems(problems),
            Refused::Unreadable(why) => NotReloaded::Unreadable(why),
        })?;
        for warning in load::warnings(&market, clock::now()) {
            tracing::warn!("{warning}");
        }
        let before = self.shared.in_force();
        let changes = Changes::between(&before.market, &market);
        if is_same(&before.market, &market) {
            return Ok(changes.told(&before, Vec::new(), false));
        }
        let market = Arc::new(market);
        let next = self.record(&before, &market).await?;
        let prepared = self.prepare(next).await;
        let unconnected = changes.unconnected(&prepared);
        self.shared.put_in_force(prepared);
        self.capacity.hold(market.bidders.len());
        self.capacity.tell(&self.shared.metrics);
        for bidder in &changes.removed {
            self.shared.metrics.forget_bidder(bidder.as_str());
        }
        let in_force = self.shared.in_force();
        self.shared.metrics.config_load(in_force.generation, clock::now());
        Ok(changes.told(&in_force, unconnected, true))
    }

    /// Records the config, and its rates when they changed; nothing cites them before they are on
    /// disk.
    async fn record(&self, before: &InForce, market: &Arc<Market>) -> Result<InForce, NotReloaded> {
        let same_rates = before.market.rates == market.rates;
        let (shared, recorded, rates) =
            (Arc::clone(&self.shared), Arc::clone(market), before.rates);
        let placed = off_thread(move || match same_rates {
            true => Ok((life::config_snapshot(&shared.journal, &recorded)?, rates)),
            false => {
                let placed = life::snapshots(&shared.journal, &recorded)?;
                anyhow::Ok((placed.config, placed.rates))
            }
        });
        let placed = placed.await?.map_err(|error| NotReloaded::Unrecorded(format!("{error:#}")));
        let (config, rates) = placed?;
        Ok(before.next(Arc::clone(market), config, rates))
    }

    /// Makes everything ready, and waits a little for connections to bidders that are new.
    async fn prepare(&self, next: InForce) -> Prepared {
        let market = Arc::clone(&next.market);
        {
            let mut known = self.known.lock();
            known.add(&market);
            known.with(market.currency.as_str(), workers(), |labels| {
                self.exposition.relabel(&self.shared.metrics, labels);
            });
        }
        let prepared = self.shared.prepare(next);
        let until = Instant::now() + MAX_WARMING;
        join_all(prepared.workers().map(|worker| worker.bidders.warm(until))).await;
        prepared
    }

    fn tell(&self, came: &Reload) {
        let (result, success) = match came {
            Ok(Reloaded { applied: true, .. }) => ("applied", true),
            Ok(Reloaded { applied: false, .. }) => ("unchanged", true),
            Err(NotReloaded::Unrecorded(_)) => ("failed", false),
            Err(_) => ("refused", false),
        };
        self.shared.metrics.config_reload(result, success);
        match came {
            Ok(reloaded) => {
                let Named { generation, hash, record } = &reloaded.config;
                tracing::info!(generation, hash, record, result, "the config was read again");
                for bidder in &reloaded.unconnected {
                    tracing::warn!(%bidder, "nothing is connected to a new bidder yet");
                }
            }
            Err(refused) => {
                tracing::error!(%refused, "the config in force stays");
                if let NotReloaded::Problems(problems) = refused {
                    for problem in &problems.list {
                        let (line, column) = problems.place(problem);
                        let (code, message) = (problem.code, &problem.message);
                        tracing::error!(line, column, code, message, "a problem of the config");
                    }
                }
            }
        }
    }
}

/// What another market means to bidders.
struct Changes {
    added: Vec<BidderId>,
    changed: Vec<BidderId>,
    removed: Vec<BidderId>,
}

impl Changes {
    fn between(before: &Market, next: &Market) -> Self {
        let was = |id: &BidderId| before.bidders.iter().find(|bidder| bidder.id == *id);
        let is = |id: &BidderId| next.bidders.iter().any(|bidder| bidder.id == *id);
        let ids = next.bidders.iter().map(|bidder| bidder.id.clone());
        let (known, added): (Vec<_>, _) = ids.partition(|id| was(id).is_some());
        let differs = |id: &BidderId| !next.bidders.iter().any(|it| was(id) == Some(it));
        let changed = known.into_iter().filter(differs).collect();
        let gone = before.bidders.iter().map(|bidder| bidder.id.clone());
        Self { added, changed, removed: gone.filter(|id| !is(id)).collect() }
    }

    /// Returns which of the new and the changed a worker has no connection to.
    fn unconnected(&self, prepared: &Prepared) -> Vec<BidderId> {
        let workers = prepared.workers();
        let all: BTreeSet<_> = workers.flat_map(|worker| worker.bidders.unconnected()).collect();
        let looked_at = self.added.iter().chain(&self.changed);
        looked_at.filter(|id| all.contains(*id)).cloned().collect()
    }

    fn told(self, in_force: &InForce, unconnected: Vec<BidderId>, applied: bool) -> Reloaded {
        let Self { added, changed, removed } = self;
        Reloaded { applied, config: Named::of(in_force), added, changed, removed, unconnected }
    }
}

/// Says whether two configs come to the same. Keys of publishers are in no snapshot.
fn is_same(one: &Market, other: &Market) -> bool {
    one.snapshot == other.snapshot && one.publishers == other.publishers
}

/// Runs what reads or waits for the disk off the runtime's thread.
async fn off_thread<R: Send + 'static>(
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R, NotReloaded> {
    let ended = spawn_blocking(work).await;
    ended.map_err(|_ended| NotReloaded::Unrecorded(DIED.to_owned()))
}

const DIED: &str = "the reload came to no end";

/// How long connections to new bidders are waited for.
const MAX_WARMING: Duration = Duration::from_millis(500);
