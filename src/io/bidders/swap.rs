//! What of a worker's bidders outlives a market: connections, and the task that makes them.
//!
//! The next market's bidders are made beside those in force. Both hold the pools of a bidder that
//! did not move; a pool closes when the last that hold it are gone, which is when the last auction
//! of its market has ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::io::bidders::dialler::{self, Inbox};
use crate::io::bidders::late::Late;
use crate::io::bidders::pool::Pool;
use crate::io::bidders::state::States;
use crate::io::bidders::stock::Sizes;
use crate::io::bidders::{Bidder, Bidders, Endpoint, Upkeep};
use crate::io::connect::Connect;
use crate::model::ids::BidderId;

/// A pool that closes when nobody holds it any more.
#[derive(Clone)]
pub(super) struct Held(Arc<Open>);

struct Open(Arc<Pool>);

/// The task of a worker that keeps all its pools, ended when nobody holds it any more.
#[derive(Clone)]
pub(super) struct Keeper {
    inbox: Arc<Inbox>,
    /// The most connections to all bidders together.
    connections: usize,
    /// The connections to each that are kept even when nobody calls.
    least: usize,
    _task: Arc<Task>,
}

struct Task(AbortHandle);

impl Bidders {
    /// Makes the bidders of the next market and begins to connect to those that are new or have
    /// moved; the others keep their connections.
    #[must_use]
    pub fn reload(&self, endpoints: Vec<Endpoint>, states: &States) -> Self {
        let (late, runtime) = (Arc::clone(&self.late), self.runtime.clone());
        Self::with(endpoints, states, &self.bidders, (self.keeper.clone(), late, runtime))
    }

    /// Returns those that nothing connects to just now, in the order of the endpoints.
    #[must_use]
    pub fn unconnected(&self) -> Vec<BidderId> {
        let unconnected = self.pools().into_iter().filter(|pool| pool.idle + pool.busy == 0);
        unconnected.map(|pool| pool.bidder).collect()
    }

    /// Puts bidders together, with the pools of those among `before` that did not move.
    pub(super) fn with(
        endpoints: Vec<Endpoint>,
        states: &States,
        before: &[Bidder],
        (keeper, late, runtime): (Keeper, Late, Handle),
    ) -> Self {
        let before: BTreeMap<_, _> = before.iter().map(|it| (&it.endpoint.id, it)).collect();
        let share = keeper.connections / endpoints.len().max(1);
        let mut arrivals = Vec::new();
        let bidder = |endpoint: Endpoint| {
            let state = states.of(&endpoint.id);
            let in_flight = usize::try_from(endpoint.in_flight).unwrap_or(usize::MAX);
            let most = share.min(in_flight).max(1);
            let sizes = Sizes { least: keeper.least.min(most), most };
            let kept = before.get(&endpoint.id).filter(|it| it.endpoint.is_where(&endpoint));
            let pool = match kept {
                Some(kept) => kept.pool.clone().inspect(|held| held.pool().resize(sizes)),
                None => {
                    let wishes = Arc::clone(&keeper.inbox.wishes);
                    let pool = Pool::new(&endpoint, &state, sizes, wishes).map(Arc::new);
                    arrivals.extend(pool.clone());
                    pool.map(|pool| Held(Arc::new(Open(pool))))
                }
            };
            Bidder { endpoint, state, pool }
        };
        let bidders: Vec<Bidder> = endpoints.into_iter().map(bidder).collect();
        keeper.inbox.hand_in(arrivals);
        let ids = bidders.iter().map(|bidder| bidder.endpoint.id.clone());
        let by_id = ids.enumerate().map(|(at, id)| (id, at)).collect();
        Self { bidders, by_id, values: states.values(), late, runtime, keeper }
    }
}

impl Endpoint {
    /// Says whether connections to it serve another.
    fn is_where(&self, other: &Self) -> bool {
        (&self.url, self.allow_loopback, self.http2)
            == (&other.url, other.allow_loopback, other.http2)
    }
}

impl Held {
    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.0.0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Keeper {
    pub(super) fn start(runtime: &Handle, connector: Arc<dyn Connect>, upkeep: &Upkeep) -> Self {
        let inbox = Arc::<Inbox>::default();
        let keep = dialler::keep(Arc::clone(&inbox), connector, Arc::clone(&upkeep.metrics));
        let task = Arc::new(Task(runtime.spawn(keep).abort_handle()));
        Self { inbox, connections: upkeep.connections, least: upkeep.least, _task: task }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
