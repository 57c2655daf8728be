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
/// the price at which the best pods with the bid are worth as much as those without. A loser that
/// would have paid its bid meets the winners at what they count; one that would have paid its
/// critical price meets them at what they pay, and is told nothing below what it offered: that
/// would not have won. `outcome` must be what `decide` returned for `input`. The searches take at
/// most `ALL_STEPS` steps together, an equal share each; one that would need more has none.
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
    let losers = losers(input, outcome, &field.candidates);
    let share = ALL_STEPS / u32::try_from(losers.len()).unwrap_or(u32::MAX).max(1);
    let share = share.min(STEPS);
    let (chosen, settled) = settled(&field.candidates, outcome);
    let filled = Filled { chosen, search: outcome.search, steps: 0 };
    let meets_paid = |at: &usize| {
        settled.is_some() && pricing_of(input, &field.candidates[*at]) == Pricing::Second
    };
    let (meet_paid, meet_counted): (Vec<usize>, Vec<usize>) =
        losers.into_iter().partition(meets_paid);
    for (index, critical) in criticals(input, &field, Some(filled), &meet_counted, share) {
        let candidate = &field.candidates[index];
        let at = candidate.bid;
        minimums[at.reply][at.bid] = minimum(input, candidate, critical, Cpm::ZERO);
    }
    if let Some(settled) = settled.filter(|_| !meet_paid.is_empty()) {
        field.candidates = settled;
        for (index, critical) in criticals(input, &field, None, &meet_paid, share) {
            let candidate = &field.candidates[index];
            let at = candidate.bid;
            minimums[at.reply][at.bid] = minimum(input, candidate, critical, candidate.price);
        }
    }
    minimums
}

/// Returns the candidates that lost on price and can be told by how much.
fn losers(input: &AuctionInput, outcome: &Outcome, candidates: &[Candidate]) -> Vec<usize> {
    let lost = |candidate: &Candidate| match outcome.fates[candidate.bid.reply][candidate.bid.bid] {
        Fate::Won(_) => false,
        Fate::Lost(reason) => on_price(reason) && pricing_of(input, candidate) != Pricing::Fixed,
    };
    (0..candidates.len()).filter(|&index| lost(&candidates[index])).collect()
}

/// Returns the winners, and all candidates with the winners at what they pay; none where each pays
/// what it counts.
fn settled(candidates: &[Candidate], outcome: &Outcome) -> (Vec<usize>, Option<Vec<Candidate>>) {
    let mut chosen = Vec::with_capacity(outcome.wins.len());
    let mut settled = candidates.to_vec();
    let mut differ = false;
    for (index, candidate) in settled.iter_mut().enumerate() {
        if let Fate::Won(win) = outcome.fates[candidate.bid.reply][candidate.bid.bid] {
            let clearing = outcome.wins[win].clearing;
            differ |= clearing != candidate.price;
            candidate.price = clearing;
            chosen.push(index);
        }
    }
    (chosen, differ.then_some(settled))
}

/// Returns some candidates, each with its critical price beside `filled`, or beside the best pods
/// where these must be found.
fn criticals(
    input: &AuctionInput,
    field: &Field,
    filled: Option<Filled>,
    asked: &[usize],
    steps: u32,
) -> Vec<(usize, Critical)> {
    let make = |index: usize| key_of(input, field.candidates[index].bid);
    let keys = Keys::new(field.candidates.len(), &make);
    let problem = field.problem(&keys);
    let filled = filled.unwrap_or_else(|| problem.best(STEPS));
    asked.iter().copied().zip(problem.critical(&filled, asked, steps)).collect()
}

/// Says whether a bid that lost for this reason, and was not refused, lost on price.
fn on_price(reason: LossReason) -> bool {
    reason != LossReason::DisplacedByDeal && reason != LossReason::GroupIncomplete
}

/// Returns how a winner's price would be found of this bid.
fn pricing_of(input: &AuctionInput, candidate: &Candidate) -> Pricing {
    let bid = &input.replies[candidate.bid.reply].bids[candidate.bid.bid];
    let deal = deal_of(&input.plan.parts[usize::from(candidate.part)], bid);
    pricing(&input.plan.terms, deal)
}

/// Returns the least bid that a critical price asks for, if it was proved and asks for no less than
/// `least`.
fn minimum(
    input: &AuctionInput,
    candidate: &Candidate,
    critical: Critical,
    least: Cpm,
) -> Option<Cpm> {
    let (terms, part) = (&input.plan.terms, &input.plan.parts[usize::from(candidate.part)]);
    let bid = &input.replies[candidate.bid.reply].bids[candidate.bid.bid];
    let deal = deal_of(part, bid);
    let price = critical.price.filter(|_| critical.search == Search::Exact)?;
    let needed = needed(terms, part, deal, bid, price);
    if needed < least {
        return None;
    }
    least_bid(terms, deal, bid, needed)
}

/// The most steps of all searches for losers: about 100 ms, and far above what real pods need.
const ALL_STEPS: u32 = 32 * STEPS;

#[cfg(test)]
mod tests;
