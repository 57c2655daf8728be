//! What each bid would have needed (decision 7), found after the answer has left.

use crate::auction::candidate::{Candidate, Keys, key_of};
use crate::auction::eligibility;
use crate::auction::eligibility::deal_of;
use crate::auction::field::Field;
use crate::auction::fill::STEPS;
use crate::auction::fill::critical::Critical;
use crate::auction::fill::problem::Filled;
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
        Fate::Lost(reason) => on_price(reason) && !is_fixed(input, candidate),
    };
    let losers = (0..field.candidates.len()).filter(|&index| lost(&field.candidates[index]));
    let losers: Vec<usize> = losers.collect();
    let share = ALL_STEPS / u32::try_from(losers.len()).unwrap_or(u32::MAX).max(1);
    let criticals = problem.critical(&filled, &losers, share.min(STEPS));
    for (index, critical) in losers.into_iter().zip(criticals) {
        let candidate = &field.candidates[index];
        let at = candidate.bid;
        minimums[at.reply][at.bid] = minimum(input, candidate, critical);
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

/// Says whether a bid is under a deal of a fixed price, which is its minimum whatever others bid.
fn is_fixed(input: &AuctionInput, candidate: &Candidate) -> bool {
    let bid = &input.replies[candidate.bid.reply].bids[candidate.bid.bid];
    let deal = deal_of(&input.plan.parts[usize::from(candidate.part)], bid);
    pricing(&input.plan.terms, deal) == Pricing::Fixed
}

/// Returns the least bid that a critical price asks for, if it was proved.
fn minimum(input: &AuctionInput, candidate: &Candidate, critical: Critical) -> Option<Cpm> {
    let (terms, part) = (&input.plan.terms, &input.plan.parts[usize::from(candidate.part)]);
    let bid = &input.replies[candidate.bid.reply].bids[candidate.bid.bid];
    let deal = deal_of(part, bid);
    let price = critical.price.filter(|_| critical.search == Search::Exact)?;
    least_bid(terms, deal, bid, needed(terms, part, deal, bid, price))
}

/// The most steps of all searches for losers: about 100 ms, and far above what real pods need.
const ALL_STEPS: u32 = 32 * STEPS;

#[cfg(test)]
mod tests;
