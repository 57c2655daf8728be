//! The critical price: the least at which a bid is no loss to its pod (decisions 6, 7).

use crate::auction::fill::problem::{Filled, Problem};
use crate::auction::fill::score::{Levels, add_price};
use crate::auction::fill::solve::Question;
use crate::model::money::Cpm;
use crate::model::outcome::Search;

/// What one bid would have needed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::auction) struct Critical {
    /// The least price, floors aside; `None` when no price would do.
    pub(in crate::auction) price: Option<Cpm>,
    /// Whether both selections that were compared are the best there are.
    pub(in crate::auction) search: Search,
    /// The steps it took.
    pub(in crate::auction) steps: u32,
}

impl Problem<'_> {
    /// Returns the least price at which the best selection with a candidate equals or beats the
    /// best without it, ties of seconds, ads and keys aside; other bids stay as they are.
    ///
    /// `best` is what `Problem::best` returned.
    pub(in crate::auction) fn critical(
        &self,
        best: &Filled,
        candidate: usize,
        steps: u32,
    ) -> Critical {
        if !self.possible(candidate) {
            return Critical { price: None, search: Search::Exact, steps: 0 };
        }
        let won = best.chosen.binary_search(&candidate).is_ok();
        if self.single {
            let rival =
                if won { self.best_single(Some(candidate)) } else { best.chosen.first().copied() };
            let without = rival.map_or([0; 3], |rival| self.levels(&[rival]));
            return self.lift([0; 3], without, candidate, (best.search, 0));
        }
        let item = self.item_of[candidate];
        let component = self.components.iter().find(|component| component.contains(&item));
        let component = component.expect("what is possible is in a component");
        let mut left = steps;
        let (forced, excluded) = if won { (None, Some(item)) } else { (Some(item), None) };
        let question = Question { forced, excluded, least: false };
        let solved = self.solve(component, question, &mut left);
        let mut found: Vec<usize> = Vec::new();
        for other in solved.items {
            found.extend_from_slice(self.members(other));
        }
        let here = |index: &usize| component.contains(&self.item_of[*index]);
        let stands: Vec<usize> = best.chosen.iter().copied().filter(here).collect();
        let search = if solved.exact { best.search } else { Search::Bounded };
        let (mut with, without) = if won {
            (stands, found)
        } else {
            found.extend_from_slice(self.members(item));
            (found, stands)
        };
        with.retain(|&index| index != candidate);
        self.lift(self.levels(&with), self.levels(&without), candidate, (search, steps - left))
    }

    /// Returns the price that lifts `with`, to which the bid adds, to `without`.
    fn lift(
        &self,
        with: Levels,
        without: Levels,
        candidate: usize,
        (search, steps): (Search, u32),
    ) -> Critical {
        let tier = self.candidates[candidate].tier;
        let mut counts = [0; 3];
        add_price(&mut counts, tier, 1);
        let first = counts.iter().position(|&count| count == 1).unwrap_or(2);
        // What stands before the bid's own level is the same at any price of it.
        let before = with[..first].cmp(&without[..first]);
        let lifted = |price: i128| -> Levels {
            std::array::from_fn(|level| with[level] + counts[level] * price)
        };
        let least = (without[first] - with[first]).max(0);
        let price = match before {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Greater => Some(0),
            std::cmp::Ordering::Equal if without <= lifted(least) => Some(least),
            std::cmp::Ordering::Equal => Some(least + 1),
        };
        let price = price.and_then(|price| i64::try_from(price).ok()).and_then(Cpm::from_micros);
        Critical { price, search, steps }
    }

    /// Returns the sums of prices of some candidates.
    pub(super) fn levels(&self, candidates: &[usize]) -> Levels {
        let mut levels = [0; 3];
        for &index in candidates {
            let bid = &self.candidates[index];
            add_price(&mut levels, bid.tier, bid.price.micros());
        }
        levels
    }
}
