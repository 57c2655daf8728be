//! All that a search reads of an auction: who competes, for what, and who is kept from whom.

use crate::auction::candidate::{Candidate, Keys, candidates, contenders};
use crate::auction::eligibility::Refusals;
use crate::auction::fill::conflicts::Conflicts;
use crate::auction::fill::problem::{PartLimits, Problem};
use crate::auction::separation::apart;
use crate::model::category::Separation;
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
        let limits: Vec<PartLimits> = input.plan.parts.iter().map(PartLimits::of).collect();
        let conflicts = conflicts(input, &candidates, &limits);
        Self { candidates, limits, conflicts }
    }

    /// Returns what is to be searched.
    pub(super) fn problem<'a>(&'a self, keys: &'a Keys<'a>) -> Problem<'a> {
        Problem::new(&self.candidates, &self.limits, &self.conflicts, keys)
    }
}

fn conflicts(input: &AuctionInput, candidates: &[Candidate], limits: &[PartLimits]) -> Conflicts {
    let mut conflicts = Conflicts::default();
    let none = Separation::default();
    let ads = limits.iter().fold(0, |sum: u32, part| sum.saturating_add(part.ads));
    if ads <= 1 || input.plan.pods.iter().all(|pod| pod.separation == none) {
        return conflicts;
    }
    let index = |index: u32| usize::try_from(index).expect("an index was made of one");
    let apart = apart(&input.plan.pods, &contenders(input, candidates));
    for clique in apart.cliques {
        conflicts.clique(clique.into_iter().map(index).collect());
    }
    for of_one in apart.pairs.chunk_by(|left, right| left.0 == right.0) {
        let others = of_one.iter().map(|&(_, other)| index(other)).collect();
        conflicts.across(vec![index(of_one[0].0)], others);
    }
    conflicts
}
