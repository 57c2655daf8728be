//! All that a search reads of an auction: who competes, for what, and who is kept from whom.

use crate::auction::candidate::{Candidate, Keys, candidates};
use crate::auction::eligibility::Refusals;
use crate::auction::fill::conflicts::Conflicts;
use crate::auction::fill::problem::{PartLimits, Problem};
use crate::auction::separation;
use crate::model::plan::AuctionInput;

/// The bids that compete, and their bounds.
#[derive(Debug)]
pub(super) struct Field {
    /// The bids that were not refused, in the order of the replies.
    pub(super) candidates: Vec<Candidate>,
    /// What each part of the plan can hold.
    pub(super) limits: Vec<PartLimits>,
    /// Which candidates are never in one pod together.
    pub(super) conflicts: Conflicts,
}

impl Field {
    /// Returns the field of an auction.
    pub(super) fn of(input: &AuctionInput, refused: &Refusals) -> Self {
        let candidates = candidates(input, refused);
        let plan = &input.plan;
        let limits = plan.parts.iter().map(|part| PartLimits::of(part, &plan.pods[part.pod]));
        let limits: Vec<PartLimits> = limits.collect();
        let conflicts = separation::conflicts(input, &candidates);
        Self { candidates, limits, conflicts }
    }

    /// Returns what is to be searched.
    pub(super) fn problem<'a>(&'a self, keys: &'a Keys<'a>) -> Problem<'a> {
        Problem::new(&self.candidates, &self.limits, &self.conflicts, keys)
    }
}
