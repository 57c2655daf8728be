//! What each bid would have needed (decision 7), found after the answer has left.

use crate::auction::candidate::{Candidate, Keys, key_of};
use crate::auction::eligibility;
use crate::auction::eligibility::deal_of;
use crate::auction::field::Field;
use crate::auction::fill::STEPS;
use crate::auction::fill::problem::{Filled, Problem};
use crate::auction::pricing::{least_bid, needed, pricing};
use crate::model::deal::Pricing;
use crate::model::money::Cpm;
use crate::model::outcome::{Fate, Outcome, Search};
use crate::model::plan::AuctionInput;
use crate::model::reason::LossReason;

/// Returns the least bid that would have tied, as `[reply][bid]`, each in its bid's currency and
/// before its discount.
///
/// Of a winner it is `Win::min_to_win`. Losers have one that lost on price inside a legal auction:
/// the price at which the best pods with the bid are worth as much as those without, winners
/// standing at what they pay. `outcome` must be what `decide` returned for `input`. The searches
/// take at most `ALL_STEPS` steps together, an equal share each; one that would need more has none.
#[must_use]
pub fn minimums(input: &AuctionInput, outcome: &Outcome) -> Vec<Vec<Option<Cpm>>> {
    let winners = |fate: &Fate| match fate {
        Fate::Won(index) => outcome.wins[*index].min_to_win,
        Fate::Lost(_) => None,
    };
    let mut minimums: Vec<Vec<Option<Cpm>>> =
        outcome.fates.iter().map(|fates| fates.iter().map(winners).collect()).collect();
    if outcome.search == Search::Bounded {
        return minimums;
    }
    let mut field = Field::of(input, &eligibility::refusals(input));
    let filled = settle(&mut field, outcome);
    let make = |index: usize| key_of(input, field.candidates[index].bid);
    let keys = Keys::new(field.candidates.len(), &make);
    let problem = field.problem(&keys);
    let filled = filled.unwrap_or_else(|| problem.best(STEPS));
    let lost = |candidate: &Candidate| match outcome.fates[candidate.bid.reply][candidate.bid.bid] {
        Fate::Won(_) => false,
        Fate::Lost(reason) => on_price(reason),
    };
    let losers = field.candidates.iter().filter(|candidate| lost(candidate)).count();
    let share = ALL_STEPS / u32::try_from(losers).unwrap_or(u32::MAX).max(1);
    for (index, candidate) in field.candidates.iter().enumerate() {
        if lost(candidate) {
            let at = candidate.bid;
            minimums[at.reply][at.bid] = minimum(input, &problem, &filled, (index, share));
        }
    }
    minimums
}

/// Lets the winners stand at what they pay; returns the pods that then are the best, unless some
/// pay less than they bid and these must be found again.
fn settle(field: &mut Field, outcome: &Outcome) -> Option<Filled> {
    let mut chosen = Vec::with_capacity(outcome.wins.len());
    let mut stand = true;
    for (index, candidate) in field.candidates.iter_mut().enumerate() {
        if let Fate::Won(win) = outcome.fates[candidate.bid.reply][candidate.bid.bid] {
            let clearing = outcome.wins[win].clearing;
            stand &= clearing == candidate.price;
            candidate.price = clearing;
            chosen.push(index);
        }
    }
    stand.then_some(Filled { chosen, search: outcome.search, steps: 0 })
}

/// Says whether a bid that lost for this reason, and was not refused, lost on price.
fn on_price(reason: LossReason) -> bool {
    reason != LossReason::DisplacedByDeal && reason != LossReason::GroupIncomplete
}

fn minimum(
    input: &AuctionInput,
    problem: &Problem<'_>,
    filled: &Filled,
    (index, steps): (usize, u32),
) -> Option<Cpm> {
    let candidate = &problem.candidates[index];
    let (terms, part) = (&input.plan.terms, &input.plan.parts[usize::from(candidate.part)]);
    let bid = &input.replies[candidate.bid.reply].bids[candidate.bid.bid];
    let deal = deal_of(part, bid);
    if pricing(terms, deal) == Pricing::Fixed {
        return None;
    }
    let critical = problem.critical(filled, index, steps.min(STEPS));
    let price = critical.price.filter(|_| critical.search == Search::Exact)?;
    least_bid(terms, deal, bid, needed(terms, part, deal, bid, price))
}

/// The most steps of all searches for losers: about 100 ms, and far above what real pods need.
const ALL_STEPS: u32 = 32 * STEPS;

#[cfg(test)]
mod tests;
