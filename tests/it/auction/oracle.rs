//! The rules of the auction said once more, slowly: every legal set of bids is looked at.
//!
//! It shares no code with `auction`, and asks of an outcome everything that can be asked: winners,
//! their places, times and prices, the fate of each bid and what it would have needed, the seconds.

mod ads;
mod fates;
mod house;
mod order;
mod prices;
mod refusals;
mod sets;
mod taxonomy;

use breakwater::model::money::Cpm;
use breakwater::model::outcome::{BidRef, Fate, Outcome, Search};
use breakwater::model::plan::AuctionInput;
use breakwater::model::reason::LossReason;

use ads::{Ad, Ads};
use sets::Sets;

/// Why each bid may not compete, as `[reply][bid]`.
type Refused = Vec<Vec<Option<LossReason>>>;

/// What each bid would have needed, as `[reply][bid]`.
type Needed = [Vec<Option<Cpm>>];

/// Says what is wrong with an outcome, if anything, taking its word for who was refused.
pub(crate) fn check(
    input: &AuctionInput,
    outcome: &Outcome,
    needed: &Needed,
) -> Result<(), String> {
    let refused = |fate: &Fate| match fate {
        Fate::Lost(reason) if !LOST_IN_AUCTION.contains(reason) => Some(*reason),
        Fate::Lost(_) | Fate::Won(_) => None,
    };
    let refused = outcome.fates.iter().map(|fates| fates.iter().map(refused).collect());
    check_against(input, outcome, needed, refused.collect())
}

/// The same for an auction of the generator `small`, whose refusals are known as well.
pub(crate) fn check_all(
    input: &AuctionInput,
    outcome: &Outcome,
    needed: &Needed,
) -> Result<(), String> {
    check_against(input, outcome, needed, refusals::all(input))
}

/// The best pods of an auction, and what may be asked about them.
pub(crate) struct Oracle<'a> {
    input: &'a AuctionInput,
    ads: Ads<'a>,
    sets: Sets,
    /// What each ad counts.
    counts: Vec<i64>,
    /// The ads of the best pods, as a mask.
    best: u32,
}

impl<'a> Oracle<'a> {
    fn of(input: &'a AuctionInput, refused: Refused) -> Self {
        let ads = Ads::of(input, refused);
        let sets = Sets::of(&ads);
        let counts: Vec<i64> = ads.list.iter().map(|ad| ad.counts).collect();
        let best = sets.best(&ads, &counts);
        Self { input, ads, sets, counts, best }
    }

    fn winners(&self) -> Vec<&Ad<'a>> {
        self.ads.members(self.best)
    }
}

fn check_against(
    input: &AuctionInput,
    outcome: &Outcome,
    needed: &Needed,
    refused: Refused,
) -> Result<(), String> {
    let oracle = Oracle::of(input, refused);
    check_winners(&oracle, outcome)?;
    order::check(&oracle, outcome)?;
    prices::check_wins(&oracle, outcome)?;
    fates::check(&oracle, outcome)?;
    prices::check_losers(&oracle, outcome, needed)?;
    check_seconds(input, outcome)
}

fn check_winners(oracle: &Oracle<'_>, outcome: &Outcome) -> Result<(), String> {
    if outcome.search != Search::Exact {
        return Err("the search was bounded".into());
    }
    let mut won: Vec<BidRef> = outcome.wins.iter().map(|win| win.bid).collect();
    won.sort_unstable();
    let mut best: Vec<BidRef> = oracle.winners().iter().map(|ad| ad.at).collect();
    best.sort_unstable();
    if won != best {
        return Err(format!("won {won:?}, the best pods are {best:?}"));
    }
    Ok(())
}

/// Checks that the seconds of each pod add up, and are explained.
fn check_seconds(input: &AuctionInput, outcome: &Outcome) -> Result<(), String> {
    let mut all = 0;
    for (index, pod) in input.plan.pods.iter().enumerate() {
        let wins = outcome.wins.iter().filter(|win| input.plan.parts[win.part].pod == index);
        let sold: u32 = wins.map(|win| win.seconds.0).sum();
        let rows: Vec<_> = outcome.unfilled.iter().filter(|row| row.pod == index).collect();
        let unfilled: u32 = rows.iter().map(|row| row.seconds.0).sum();
        let house = house_seconds(input, outcome, |pod| pod == index);
        if sold + house + unfilled != pod.seconds.0 {
            let found = format!("{sold} s sold, {house} s house, {unfilled} s unfilled");
            return Err(format!("pod {index}: {found} of {pod:?}"));
        }
        if rows.iter().any(|row| row.seconds.0 == 0) {
            return Err(format!("pod {index}: no seconds need no reason"));
        }
        all += pod.seconds.0;
    }
    let count = outcome.seconds;
    let sold: u32 = outcome.wins.iter().map(|win| win.seconds.0).sum();
    let house = house_seconds(input, outcome, |_| true);
    if (count.total.0, count.sold.0, count.house.0) != (all, sold, house)
        || count.unfilled.0 != all - sold - house
    {
        return Err(format!("{count:?} is not {sold} s of {all} s sold, {house} s house"));
    }
    if outcome.wins.is_empty() != outcome.no_fill.is_some() {
        return Err("no fill needs a reason, and only no fill".into());
    }
    Ok(())
}

fn house_seconds(input: &AuctionInput, outcome: &Outcome, of: impl Fn(usize) -> bool) -> u32 {
    let parts = &input.plan.parts;
    let plays = outcome.house.iter().filter(|play| of(parts[play.part].pod));
    plays.map(|play| parts[play.part].house[play.ad].seconds.0).sum()
}

/// What only a bid that was free to win can lose for.
const LOST_IN_AUCTION: [LossReason; 6] = [
    LossReason::Outbid,
    LossReason::PodFull,
    LossReason::SlotTaken,
    LossReason::Separation,
    LossReason::GroupIncomplete,
    LossReason::DisplacedByDeal,
];
