//! What a node knows of each bidder, shared by its workers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::io::bidders::Endpoint;
use crate::io::bidders::quotas::Limit;
use crate::model::ids::BidderId;

/// The state of all bidders of a market.
#[derive(Default)]
pub struct States {
    states: BTreeMap<BidderId, Arc<State>>,
}

/// The state of one bidder.
pub(super) struct State {
    /// Its calls per second.
    pub(super) limit: Limit,
}

impl States {
    /// Makes the states of a node: limits full, nothing known yet.
    #[must_use]
    pub fn new(endpoints: &[Endpoint]) -> Self {
        Self::default().reload(endpoints)
    }

    /// Makes the states of the next market; a bidder whose limit did not change keeps its own.
    #[must_use]
    pub fn reload(&self, endpoints: &[Endpoint]) -> Self {
        let states = endpoints.iter().map(|endpoint| {
            let kept = self.states.get(&endpoint.id);
            let kept = kept.filter(|state| state.limit.qps == endpoint.qps);
            let state = kept.map_or_else(|| Arc::new(State::new(endpoint)), Arc::clone);
            (endpoint.id.clone(), state)
        });
        Self { states: states.collect() }
    }

    /// Returns the state of a bidder; one not known here has no limit.
    pub(super) fn of(&self, bidder: &BidderId) -> Arc<State> {
        self.states.get(bidder).map_or_else(|| Arc::new(State::unlimited()), Arc::clone)
    }
}

impl State {
    fn new(endpoint: &Endpoint) -> Self {
        Self { limit: Limit::new(endpoint.qps) }
    }

    fn unlimited() -> Self {
        Self { limit: Limit::new(None) }
    }
}
