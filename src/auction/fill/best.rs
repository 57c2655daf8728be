//! The best selection of all: one by one where one ad is all there is, else by components.

use std::cmp::Ordering;

use crate::auction::candidate::Tier;
use crate::auction::fill::few;
use crate::auction::fill::problem::{Filled, Problem};
use crate::auction::fill::score::{Spread, Width};
use crate::auction::fill::solve::{Ground, Solved, solve, solve_to_ask};
use crate::model::outcome::Search;
use crate::model::time::Seconds;

/// What a search leaves to questions about its winners, component by component; nothing of few items,
/// or where scores are no plain numbers.
#[derive(Debug, Default)]
pub(in crate::auction) struct Grounds(pub(super) Vec<Option<Ground<i64>>>);

impl Problem<'_> {
    /// Returns the best selection, or the best found within `steps`.
    pub(in crate::auction) fn best(&self, steps: u32) -> Filled {
        self.fill(steps, |component, left| match self.width {
            Width::Narrow => few::solve(self, component, left)
                .unwrap_or_else(|| solve::<i64>(self, component, left)),
            Width::Wide => solve::<i128>(self, component, left),
            Width::Widest => solve::<Spread>(self, component, left),
        })
    }

    /// Returns the same, and what it leaves to `critical_on` about the candidates that `asks` says.
    pub(in crate::auction) fn best_to_ask(
        &self,
        steps: u32,
        asks: impl Fn(usize) -> bool,
    ) -> (Filled, Grounds) {
        if self.width != Width::Narrow {
            return (self.best(steps), Grounds::default());
        }
        let asks = |item: usize| self.members(item).iter().any(|&member| asks(member));
        let mut grounds = Vec::with_capacity(self.components.len());
        let filled = self.fill(steps, |component, left| {
            if let Some(solved) = few::solve(self, component, left) {
                grounds.push(None);
                return solved;
            }
            let (solved, ground) = solve_to_ask(self, component, &asks, left);
            grounds.push(Some(ground));
            solved
        });
        (filled, Grounds(grounds))
    }

    /// Solves component by component.
    fn fill(&self, steps: u32, mut solve: impl FnMut(&[usize], &mut u32) -> Solved) -> Filled {
        if self.single {
            let chosen = self.best_single(None).into_iter().collect();
            return Filled { chosen, search: Search::Exact, steps: 0 };
        }
        let (mut left, mut exact, mut chosen) = (steps, true, Vec::new());
        for component in &self.components {
            let solved = solve(component, &mut left);
            exact &= solved.exact;
            for item in solved.items {
                chosen.extend_from_slice(self.members(item));
            }
        }
        chosen.sort_unstable();
        let search = if exact { Search::Exact } else { Search::Bounded };
        Filled { chosen, search, steps: steps - left }
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
        let mut best: Option<(usize, ([i64; 3], Seconds))> = None;
        for (index, bid) in self.candidates.iter().enumerate() {
            if Some(index) == without || !self.fits_single(index) {
                continue;
            }
            let price = bid.price.micros();
            let levels = match bid.tier {
                Tier::Guaranteed => [price; 3],
                Tier::Deal => [0, price, price],
                Tier::Open => [0, 0, price],
            };
            let worth = (levels, bid.seconds);
            let better = |&(known, most): &(usize, _)| match worth.cmp(&most) {
                Ordering::Greater => true,
                Ordering::Equal => self.keys.of(index) < self.keys.of(known),
                Ordering::Less => false,
            };
            if best.as_ref().is_none_or(better) {
                best = Some((index, worth));
            }
        }
        best.map(|(index, _)| index)
    }

    fn fits_single(&self, candidate: usize) -> bool {
        let bid = &self.candidates[candidate];
        bid.seconds.0 <= self.parts[0].seconds && bid.length.0 <= self.parts[0].millis
    }
}
