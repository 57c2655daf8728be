//! The best selection of all: one by one where one ad is all there is, else by components.

use std::cmp::Ordering;

use crate::auction::fill::problem::{Filled, Problem};
use crate::auction::fill::score::{Spread, Width, add_price};
use crate::auction::fill::solve::{Solved, solve};
use crate::model::outcome::Search;

impl Problem<'_> {
    /// Returns the best selection, or the best found within `steps`.
    pub(in crate::auction) fn best(&self, steps: u32) -> Filled {
        if self.single {
            let chosen = self.best_single(None).into_iter().collect();
            return Filled { chosen, search: Search::Exact, steps: 0 };
        }
        let (mut left, mut exact, mut chosen) = (steps, true, Vec::new());
        for component in &self.components {
            let solved = self.solve(component, &mut left);
            exact &= solved.exact;
            for item in solved.items {
                chosen.extend_from_slice(self.members(item));
            }
        }
        chosen.sort_unstable();
        let search = if exact { Search::Exact } else { Search::Bounded };
        Filled { chosen, search, steps: steps - left }
    }

    /// Solves a component in the type that its values need.
    fn solve(&self, component: &[usize], steps: &mut u32) -> Solved {
        match self.width {
            Width::Narrow => solve::<i64>(self, component, steps),
            Width::Wide => solve::<i128>(self, component, steps),
            Width::Widest => solve::<Spread>(self, component, steps),
        }
    }

    /// Says whether a candidate could be sold if there were no other: a group may not.
    pub(in crate::auction) fn possible(&self, candidate: usize) -> bool {
        if self.single {
            self.fits_single(candidate)
        } else {
            !self.impossible.contains(&self.item_of[candidate])
        }
    }

    /// Returns the best bid but one for a pod of one ad.
    pub(super) fn best_single(&self, without: Option<usize>) -> Option<usize> {
        let bids = (0..self.candidates.len())
            .filter(|&index| Some(index) != without && self.fits_single(index));
        bids.reduce(|best, next| {
            let worth = |index: usize| {
                let bid = &self.candidates[index];
                let mut levels = [0; 3];
                add_price(&mut levels, bid.tier, bid.price.micros());
                (levels, bid.seconds)
            };
            match worth(best).cmp(&worth(next)) {
                Ordering::Less => next,
                Ordering::Equal if self.keys.of(next) < self.keys.of(best) => next,
                Ordering::Equal | Ordering::Greater => best,
            }
        })
    }

    fn fits_single(&self, candidate: usize) -> bool {
        let bid = &self.candidates[candidate];
        bid.seconds.0 <= self.parts[0].seconds && bid.length.0 <= self.parts[0].millis
    }
}
