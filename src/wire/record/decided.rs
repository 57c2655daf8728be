//! What the readers of a record are shown of a decision, made from the decision itself.
//!
//! Who has decided an auction again, and found that its sections come out byte for byte, need not
//! read them: this is what `prices` and `outcome::read` would give.

use std::borrow::Cow;

use crate::model::bid::Bid;
use crate::model::outcome::{Fate, Outcome, Win};
use crate::model::plan::{AuctionInput, Part, Plan};
use crate::wire::record::outcome::read::{Counts, OwnWin, Sale, Sales};
use crate::wire::record::prices::{DealTerms, ForSale, Offered, Own, PartTerms};

/// Returns what section `outcome` says.
#[must_use]
pub fn counts(input: &AuctionInput, outcome: &Outcome) -> Counts {
    let count = |count| u64::try_from(count).expect("a count of things in memory");
    let seconds = &outcome.seconds;
    Counts {
        asked: count(input.chosen.asked.len()),
        bids: count(input.replies.iter().map(|reply| reply.bids.len()).sum()),
        house: seconds.house,
        sold: seconds.sold,
        total: seconds.total,
        unfilled: seconds.unfilled,
    }
}

/// Returns what section `seller` says of money and seconds.
#[must_use]
pub fn for_sale(plan: &Plan) -> ForSale<'_> {
    let terms = &plan.terms;
    let fees = terms.fees.fees().iter().map(|fee| (Cow::Borrowed(&*fee.name), fee.ppm));
    let pods = plan.pods.iter().map(|pod| u64::from(pod.seconds.0));
    ForSale {
        currency: terms.currency,
        fees: fees.collect(),
        parts: plan.parts.iter().map(part).collect(),
        pricing: terms.pricing,
        rates: terms.rates.clone(),
        seconds: pods.fold(0, u64::saturating_add),
    }
}

fn part(part: &Part) -> PartTerms<'_> {
    let deals = part.deals.iter().map(|deal| DealTerms {
        discount_ppm: deal.discount_ppm,
        floor: deal.floor.clone(),
        id: Cow::Borrowed(deal.id.as_str()),
        pricing: deal.pricing,
    });
    PartTerms { deals: deals.collect(), floor: part.floor.clone(), seconds: part.seconds }
}

/// Returns what section `outcome:seller` says.
///
/// # Panics
///
/// When the outcome is not one of this input.
#[must_use]
pub fn sales<'a>(input: &'a AuctionInput, outcome: &'a Outcome) -> Sales<'a> {
    let ads = outcome.house.iter().map(|play| &input.plan.parts[play.part].house[play.ad]);
    Sales {
        house: ads.map(|ad| u64::from(ad.seconds.0)).fold(0, u64::saturating_add),
        unfilled: outcome.unfilled.iter().map(|it| (it.seconds, it.reason)).collect(),
        wins: outcome.wins.iter().map(|win| sale(input, win)).collect(),
    }
}

fn sale<'a>(input: &'a AuctionInput, win: &'a Win) -> Sale<'a> {
    let reply = &input.replies[win.bid.reply];
    let fees = input.plan.terms.fees.fees().iter().zip(&win.split.fees);
    Sale {
        bid: Cow::Borrowed(reply.bids[win.bid.bid].id.as_str()),
        bidder: Cow::Borrowed(reply.bidder.as_str()),
        clearing: win.clearing,
        fees: fees.map(|(fee, amount)| (Cow::Borrowed(&*fee.name), *amount)).collect(),
        length: win.length,
        net: win.split.net,
        part: win.part,
        seconds: win.seconds,
        sequence: win.sequence,
        start: win.start,
    }
}

/// Returns bids and fates of each bidder that has bids, by its id, in the order of the replies.
///
/// # Panics
///
/// When the outcome is not one of this input.
pub fn own<'a>(
    input: &'a AuctionInput,
    outcome: &'a Outcome,
) -> impl Iterator<Item = (&'a str, Own<'a>)> {
    let replies = input.replies.iter().zip(&outcome.fates);
    let replies = replies.filter(|(reply, _)| !reply.bids.is_empty());
    replies.map(|(reply, fates)| {
        assert!(reply.bids.len() == fates.len(), "each bid has exactly one fate");
        let wins = reply.bids.iter().zip(fates).filter_map(|(bid, fate)| match *fate {
            Fate::Won(index) => Some((offered(bid), own_win(index, &outcome.wins[index]))),
            Fate::Lost(_) => None,
        });
        let own = Own {
            count: u64::try_from(reply.bids.len()).expect("a count of things in memory"),
            currency: input.plan.terms.currency,
            misnamed: None,
            wins: wins.collect(),
        };
        (reply.bidder.as_str(), own)
    })
}

fn offered(bid: &Bid) -> Offered<'_> {
    Offered {
        currency: bid.currency,
        deal: bid.deal.as_ref().map(|deal| Cow::Borrowed(deal.as_str())),
        seconds: bid.seconds,
        id: Cow::Borrowed(bid.id.as_str()),
        imp: Cow::Borrowed(bid.imp.as_str()),
        price: bid.price.as_ref().map(|price| price.cpm),
    }
}

fn own_win(index: usize, win: &Win) -> OwnWin {
    OwnWin {
        clearing: win.clearing,
        off: win.discount.map(|discount| (discount.ppm, discount.off)),
        length: win.length,
        markup: index + 1,
        min_to_win: win.min_to_win,
        part: win.part,
        pay: win.pay,
        seconds: win.seconds,
        sequence: win.sequence,
        start: win.start,
        tie: win.tie,
    }
}
