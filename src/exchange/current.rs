//! What another config puts in place of the old one: all of it at once, never a part.
//!
//! A sale holds what was current when it began until it ends. So does its market: one serves a whole
//! break, whatever is put in force meanwhile.

use std::sync::Arc;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};

use crate::exchange::shared::endpoints;
use crate::io::bidders::Bidders;
use crate::io::bidders::state::States;
use crate::io::documents::Documents;
use crate::model::cue::upid::hex;
use crate::model::market::Market;

/// A market in force, where it is recorded, and what is known of its bidders.
pub struct InForce {
    /// The how manieth market since the start it is, from 1.
    pub generation: u32,
    /// The market.
    pub market: Arc<Market>,
    /// Where its kind 8 record stands in the money stream: index and record root.
    pub config: (u64, [u8; 32]),
    /// The same of its rates, a record of kind 9; none where it has none.
    pub rates: Option<(u64, [u8; 32])>,
    /// What is known of the bidders.
    pub states: States,
}

/// One worker's way to sell in the market in force.
pub struct Current {
    /// What is in force, the same for all workers.
    pub in_force: Arc<InForce>,
    /// The bidders as this worker calls them.
    pub bidders: Bidders,
    /// Who fetches documents for them.
    pub documents: Documents,
}

/// Where a worker finds what is current.
pub type Desk = Arc<ArcSwap<Current>>;

/// The next market, made ready on every worker beside the one in force.
pub struct Prepared {
    pub(super) next: Arc<InForce>,
    pub(super) desks: Vec<(Desk, Arc<Current>)>,
}

impl InForce {
    /// Returns the first market of a process, recorded at these places.
    #[must_use]
    pub fn first(
        market: Arc<Market>,
        config: (u64, [u8; 32]),
        rates: Option<(u64, [u8; 32])>,
    ) -> Self {
        let states = States::new(&endpoints(&market));
        Self { generation: 1, market, config, rates, states }
    }

    /// Returns the market that comes after this one, recorded at these places.
    #[must_use]
    pub fn next(
        &self,
        market: Arc<Market>,
        config: (u64, [u8; 32]),
        rates: Option<(u64, [u8; 32])>,
    ) -> Self {
        let states = self.states.reload(&endpoints(&market));
        Self { generation: self.generation + 1, market, config, rates, states }
    }

    /// Returns the SHA-256 of the market's canonical JSON, in hexadecimal: the same wherever the same
    /// config is in force.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(&self.market.snapshot))
    }
}

impl Current {
    /// Makes the worker ready for the market that comes next; nothing of it is in force yet.
    pub(super) fn next(&self, in_force: &Arc<InForce>) -> Self {
        let endpoints = endpoints(&in_force.market);
        let documents = self.documents.reload(&endpoints);
        let bidders = self.bidders.reload(endpoints, &in_force.states);
        Self { in_force: Arc::clone(in_force), bidders, documents }
    }

    /// Returns the market in force.
    #[must_use]
    pub fn market(&self) -> &Arc<Market> {
        &self.in_force.market
    }
}

impl Prepared {
    /// Returns what each worker is about to sell with.
    pub fn workers(&self) -> impl Iterator<Item = &Current> {
        self.desks.iter().map(|(_, current)| &**current)
    }
}
