//! What holds of every outcome, whatever bidders send; each check is linear in the bids.

use crate::auction::eligibility::deal_of;
use crate::auction::field::Field;
use crate::auction::fill::problem::Filled;
use crate::auction::pricing::{floor, offered};
use crate::model::market::Fit;
use crate::model::outcome::{Fate, Outcome, Win};
use crate::model::plan::{AuctionInput, Part};

/// Stops an auction that lacks the one reply of each bidder of its market.
pub(super) fn assert_one_reply_a_bidder(input: &AuctionInput) {
    let plan = &input.plan;
    // Replies stand in the market's order, as offers and the skipped each do.
    let (mut offers, mut skipped) = (plan.offers.iter().peekable(), plan.skipped.iter().peekable());
    let in_order = input.replies.iter().all(|reply| {
        offers.next_if(|offer| offer.bidder.id == reply.bidder).is_some()
            || skipped.next_if(|(id, _)| *id == reply.bidder).is_some()
    });
    if in_order && offers.next().is_none() && skipped.next().is_none() {
        return;
    }
    let offered = plan.offers.iter().map(|offer| &offer.bidder.id);
    let mut market: Vec<_> = offered.chain(plan.skipped.iter().map(|(id, _)| id)).collect();
    let mut replied: Vec<_> = input.replies.iter().map(|reply| &reply.bidder).collect();
    market.sort_unstable();
    replied.sort_unstable();
    assert_eq!(market, replied, "each bidder of the market has exactly one reply");
}

/// Stops an outcome that breaks a rule.
pub(super) fn assert_legal(
    input: &AuctionInput,
    field: &Field,
    filled: &Filled,
    outcome: &Outcome,
) {
    assert_seconds(input, outcome);
    assert_fates(input, outcome);
    for (index, part) in input.plan.parts.iter().enumerate() {
        assert_part(part, index, outcome);
    }
    assert_apart(field, filled);
    for win in &outcome.wins {
        assert_price(input, win);
    }
}

fn assert_seconds(input: &AuctionInput, outcome: &Outcome) {
    let count = outcome.seconds;
    assert_eq!(
        u64::from(count.total.0),
        u64::from(count.sold.0) + u64::from(count.house.0) + u64::from(count.unfilled.0),
        "each second is sold, house or unfilled"
    );
    let reasons: u64 = outcome.unfilled.iter().map(|row| u64::from(row.seconds.0)).sum();
    assert_eq!(reasons, u64::from(count.unfilled.0), "each unfilled second has a reason");
    assert!(
        outcome.unfilled.iter().all(|row| 0 < row.seconds.0 && row.pod < input.plan.pods.len()),
        "no reason without a second of a pod"
    );
}

fn assert_fates(input: &AuctionInput, outcome: &Outcome) {
    let bids = |fates: &Vec<Fate>| fates.len();
    assert!(
        outcome.fates.iter().map(bids).eq(input.replies.iter().map(|reply| reply.bids.len())),
        "each bid has exactly one fate"
    );
    let won = outcome.fates.iter().flatten().filter(|fate| matches!(fate, Fate::Won(_))).count();
    assert_eq!(won, outcome.wins.len(), "no bid wins twice");
    for (index, win) in outcome.wins.iter().enumerate() {
        assert_eq!(outcome.fates[win.bid.reply][win.bid.bid], Fate::Won(index));
    }
}

/// Checks that the ads of a part fit into it.
fn assert_part(part: &Part, index: usize, outcome: &Outcome) {
    let house = outcome.house.iter().filter(|play| play.part == index);
    let house = house.map(|play| &part.house[play.ad]).map(|ad| (ad.seconds, ad.length));
    let wins = outcome.wins.iter().filter(|win| win.part == index);
    let ads = || wins.clone().map(|win| (win.seconds, win.length)).chain(house.clone());
    assert!(ads().count() <= usize::from(part.max_ads), "a part has at most its most ads");
    let seconds: u64 = ads().map(|(seconds, _)| u64::from(seconds.0)).sum();
    assert!(seconds <= u64::from(part.seconds.0), "ads never outlast their part");
    let real: u64 = ads().map(|(_, length)| length.0).sum();
    assert!(part.fit == Fit::Nominal || real <= part.real.0, "nor do they really");
}

fn assert_apart(field: &Field, filled: &Filled) {
    let won = |index: &&usize| filled.chosen.binary_search(index).is_ok();
    field.conflicts.for_each(|left, right| {
        for left in left.iter().filter(won) {
            let mut rivals = right.iter().filter(won);
            assert!(rivals.all(|right| left == right), "no two ads of a pod that are kept apart");
        }
    });
}

fn assert_price(input: &AuctionInput, win: &Win) {
    let bid = &input.replies[win.bid.reply].bids[win.bid.bid];
    let part = &input.plan.parts[win.part];
    let deal = deal_of(part, bid);
    let offered = offered(&input.plan.terms, deal, bid).expect("a winner has a price");
    assert!(
        floor(part, deal, win.seconds) <= win.clearing && win.clearing <= offered,
        "floor <= clearing price <= bid price"
    );
    let price = bid.price.as_ref().expect("a winner has a price").cpm;
    let off = win.discount.map_or(0, |discount| discount.off.micros());
    assert!(win.pay.micros() + off <= price.micros(), "nobody pays more than its bid");
    let fees: i64 = win.split.fees.iter().map(|fee| fee.micros()).sum();
    assert_eq!(win.split.net.micros() + fees, win.clearing.micros(), "gross = net + fees");
}
