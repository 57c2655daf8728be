//! The decision: every winner, every bid's fate, every second accounted for.
//!
//! Bids that may compete (`eligibility`) are searched for the best pods (`fill`), winners are
//! priced (`pricing`), losers told why (`loss`), empty seconds explained (`unfilled`).

mod invariants;

use crate::auction::candidate::{Candidate, Keys, key_of};
use crate::auction::decide::invariants::{assert_legal, assert_one_reply_a_bidder};
use crate::auction::eligibility;
use crate::auction::eligibility::{Refusals, deal_of};
use crate::auction::field::Field;
use crate::auction::fill::STEPS;
use crate::auction::fill::best::Grounds;
use crate::auction::fill::critical::Critical;
use crate::auction::fill::order::play_order;
use crate::auction::fill::problem::{Filled, Problem};
use crate::auction::house;
use crate::auction::loss;
use crate::auction::pricing::{clearing, least_bid, needed, payment, pricing};
use crate::auction::unfilled;
use crate::model::deal::Pricing;
use crate::model::money::Cpm;
use crate::model::outcome::{Fate, Outcome, Search, SecondCount, Win};
use crate::model::plan::AuctionInput;
use crate::model::reason::{LossReason, NoFillReason};
use crate::model::time::{Millis, Seconds};

/// Decides an auction: the same input gives the same outcome on every run and machine.
///
/// The searches for the best pods and for what winners needed take at most `STEPS` steps together.
/// Past them the best pods found stand and the outcome says so; a winner whose critical price was
/// not proved has no minimum to win, and under second pricing pays what was proved to be needed.
///
/// # Panics
///
/// When the input lacks the one reply of each bidder of the market, or the outcome breaks an
/// invariant of `ARCHITECTURE.md` (4, 5): bugs of ours, whatever bidders send.
#[must_use]
pub fn decide(input: &AuctionInput) -> Outcome {
    let budget = Budget { left: STEPS, past: Past::Stands, few: true };
    outcome(input, budget).expect("past the bound the best found stands")
}

/// Returns what `decide` returned before few items had a search of their own.
///
/// Both find the same wherever their steps suffice. There are markets of a dozen items where those
/// of this one do not and those of `decide` do, so that a record can say `bounded` of what is exact
/// by `decide`: a replay of such a record needs this.
///
/// # Panics
///
/// As `decide`.
#[must_use]
pub fn decide_at_length(input: &AuctionInput) -> Outcome {
    let budget = Budget { left: STEPS, past: Past::Stands, few: false };
    outcome(input, budget).expect("past the bound the best found stands")
}

/// Returns what `decide` returns, or `None` when a search would pass its share of `steps` steps.
///
/// A caller on a thread that must not be held up tries it first. From the bound of `decide` on it
/// is never `None`.
///
/// # Panics
///
/// As `decide`.
#[must_use]
pub fn decide_within(input: &AuctionInput, steps: u32) -> Option<Outcome> {
    if STEPS <= steps {
        return Some(decide(input));
    }
    outcome(input, Budget { left: steps, past: Past::GivesUp, few: true })
}

/// The steps that searches may still take.
struct Budget {
    left: u32,
    past: Past,
    /// Whether few items may have a search of their own.
    few: bool,
}

/// What becomes of a search that its steps do not suffice for.
#[derive(Eq, PartialEq)]
enum Past {
    /// The best it found stands.
    Stands,
    /// There is no outcome.
    GivesUp,
}

impl Budget {
    /// Takes the steps of a search; `None` when it passed its bound and nothing less will do.
    fn spend(&mut self, search: Search, steps: u32) -> Option<()> {
        self.left = self.left.saturating_sub(steps);
        (search == Search::Exact || self.past == Past::Stands).then_some(())
    }
}

fn outcome(input: &AuctionInput, mut budget: Budget) -> Option<Outcome> {
    assert_one_reply_a_bidder(input);
    let refused = eligibility::refusals(input);
    let field = Field::of(input, &refused);
    let make = |index: usize| key_of(input, field.candidates[index].bid);
    let keys = Keys::new(field.candidates.len(), &make);
    let mut problem = field.problem(&keys);
    problem.few &= budget.few;
    let asks = |index: usize| pricing_of(input, &field.candidates[index]) != Pricing::Fixed;
    let (filled, grounds) = problem.best_to_ask(budget.left, asks);
    budget.spend(filled.search, filled.steps)?;

    let mut wins = wins(input, &problem, (&filled, grounds), &mut budget)?;
    let mut fates = refusal_fates(input, &refused);
    let lost = loss::reasons(&problem, &filled, budget.left);
    budget.spend(lost.search, lost.steps)?;
    for (ad, reason) in field.candidates.iter().zip(lost.reasons) {
        if let Some(reason) = reason {
            fates[ad.bid.reply][ad.bid.bid] = Fate::Lost(reason);
        }
    }
    for (index, win) in wins.iter().enumerate() {
        fates[win.bid.reply][win.bid.bid] = Fate::Won(index);
    }
    let total = input.plan.seconds();
    let sold = Seconds(wins.iter().map(|win| win.seconds.0).sum());
    let unsold = unfilled::reasons(input, &fates, &wins);
    let (house, unfilled) = house::fill(input, &mut wins, unsold);
    let given = house::seconds(&input.plan.parts, &house);
    let rest = total.0.checked_sub(sold.0 + given.0).expect("pods never outlast their breaks");
    let seconds = SecondCount { total, sold, house: given, unfilled: Seconds(rest) };
    let no_fill = match (wins.is_empty(), unfilled::anybody_asked(input)) {
        (false, _) => None,
        (true, true) => Some(NoFillReason::NoBid),
        (true, false) => Some(NoFillReason::NoBidders),
    };
    let (unmapped, search) = (refused.unmapped, filled.search);
    let outcome = Outcome { wins, fates, seconds, unfilled, house, unmapped, no_fill, search };
    assert_legal(input, &field, &filled, &outcome);
    Some(outcome)
}

/// Returns the ads of all pods, pod by pod in play order, with their places and prices.
///
/// Seconds are sold nominally and play really: an ad starts where the real lengths of those before
/// it end. Nominal lengths that fit may so end up to a few hundredths of a second past a break on
/// an NTSC clock; `Fit::Real` is for stitchers that measure.
fn wins(
    input: &AuctionInput,
    problem: &Problem<'_>,
    (filled, grounds): (&Filled, Grounds),
    budget: &mut Budget,
) -> Option<Vec<Win>> {
    let criticals = criticals(input, problem, (filled, grounds), budget)?;
    let mut wins = Vec::with_capacity(filled.chosen.len());
    for pod in 0..input.plan.pods.len() {
        let of_pod = |ad: &usize| usize::from(problem.candidates[*ad].pod) == pod;
        let ads = filled.chosen.iter().copied().filter(of_pod).collect();
        let (mut start, mut sequence) = (Millis(0), 0);
        for ad in play_order(problem.candidates, problem.keys, ads) {
            sequence += 1;
            let critical = criticals.iter().find(|(index, _)| *index == ad).map(|(_, it)| it);
            let win = win(input, &problem.candidates[ad], critical);
            let length = win.length;
            wins.push(Win { sequence, start, ..win });
            start = Millis(start.0 + length.0);
        }
    }
    Some(wins)
}

/// Returns the critical prices of those winners whose price or minimum is one, with their indexes.
///
/// All winners of a component are asked about in one walk: each brings an equal share of the steps
/// left, and past them together none of theirs is proved.
fn criticals(
    input: &AuctionInput,
    problem: &Problem<'_>,
    (filled, grounds): (&Filled, Grounds),
    budget: &mut Budget,
) -> Option<Vec<(usize, Critical)>> {
    let asks = |index: &usize| {
        match pricing_of(input, &problem.candidates[*index]) {
            // Its price is its deal's, whatever others bid.
            Pricing::Fixed => false,
            // Of pods that are not proved to be the best, nothing less can be proved.
            Pricing::First => filled.search == Search::Exact,
            Pricing::Second => true,
        }
    };
    let asked: Vec<usize> = filled.chosen.iter().copied().filter(asks).collect();
    let share = budget.left / u32::try_from(asked.len()).unwrap_or(u32::MAX).max(1);
    let found = problem.critical_on(grounds, filled, &asked, share);
    for critical in &found {
        budget.spend(critical.search, critical.steps)?;
    }
    Some(asked.into_iter().zip(found).collect())
}

/// Returns how the price of a candidate would be found.
fn pricing_of(input: &AuctionInput, ad: &Candidate) -> Pricing {
    let bid = &input.replies[ad.bid.reply].bids[ad.bid.bid];
    let deal = deal_of(&input.plan.parts[usize::from(ad.part)], bid);
    pricing(&input.plan.terms, deal)
}

/// Returns one ad and its prices, not yet its place; without a critical price where it needs none
/// or where none can be proved.
fn win(input: &AuctionInput, ad: &Candidate, critical: Option<&Critical>) -> Win {
    let (terms, part) = (&input.plan.terms, &input.plan.parts[usize::from(ad.part)]);
    let bid = &input.replies[ad.bid.reply].bids[ad.bid.bid];
    let deal = deal_of(part, bid);
    let proved = critical.is_some_and(|critical| critical.search == Search::Exact);
    let known = proved || pricing(terms, deal) == Pricing::Fixed;
    let tie = critical.and_then(|critical| critical.tie);
    // Where no price would do, as only past the bound, it pays all that it offers.
    let critical = critical.map_or(Cpm::ZERO, |critical| critical.price.unwrap_or(ad.price));
    let payment = payment(terms, deal, bid, clearing(terms, part, deal, bid, critical));
    let needed = known.then(|| needed(terms, part, deal, bid, critical));
    Win {
        bid: ad.bid,
        part: usize::from(ad.part),
        sequence: 0,
        start: Millis(0),
        length: ad.length,
        seconds: ad.seconds,
        clearing: payment.clearing,
        pay: payment.pay,
        discount: payment.discount,
        min_to_win: needed.and_then(|needed| least_bid(terms, deal, bid, needed)),
        tie: tie.filter(|_| proved),
        split: payment.split,
    }
}

/// Returns the fates of the refused; the others stand as outbid until they are named.
fn refusal_fates(input: &AuctionInput, refused: &Refusals) -> Vec<Vec<Fate>> {
    let fate = |reason: &Option<LossReason>| Fate::Lost(reason.unwrap_or(LossReason::Outbid));
    (0..input.replies.len()).map(|reply| refused.of(reply).iter().map(fate).collect()).collect()
}

#[cfg(test)]
pub(super) mod tests;
