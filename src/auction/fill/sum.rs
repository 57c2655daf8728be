//! What a selection adds up to, as far as it tells what decides between two.

use crate::auction::fill::problem::Problem;
use crate::auction::fill::score::{Levels, add_price};
use crate::model::outcome::TieBreak;

/// Sums over a selection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    /// Of prices.
    pub(super) levels: Levels,
    /// Nominal seconds.
    seconds: u64,
    ads: u64,
}

impl Sum {
    /// Adds items up.
    pub(super) fn of_items<'i>(
        problem: &Problem<'_>,
        items: impl IntoIterator<Item = &'i usize>,
    ) -> Self {
        let mut sum = Self::default();
        for item in items.into_iter().map(|&item| &problem.items[item]) {
            for (level, own) in sum.levels.iter_mut().zip(item.levels) {
                *level += own;
            }
            sum.seconds += u64::from(item.seconds);
            sum.ads += u64::from(item.ads);
        }
        sum
    }

    /// Takes one candidate alone.
    pub(super) fn of_candidate(problem: &Problem<'_>, candidate: usize) -> Self {
        let bid = &problem.candidates[candidate];
        let mut sum = Self { seconds: bid.seconds.0.into(), ads: 1, ..Self::default() };
        add_price(&mut sum.levels, bid.tier, bid.price.micros());
        sum
    }

    /// Returns what decides between two selections, where their prices add up to the same.
    pub(super) fn tie(&self, other: &Self) -> Option<TieBreak> {
        if self.levels != other.levels {
            return None;
        }
        Some(match (self.seconds == other.seconds, self.ads == other.ads) {
            (false, _) => TieBreak::Seconds,
            (true, false) => TieBreak::Ads,
            (true, true) => TieBreak::Keys,
        })
    }
}
