//! What bids offer and what winners pay (decisions 4, 6, 11), to the micro.

use crate::model::bid::Bid;
use crate::model::deal::{Deal, Pricing};
use crate::model::money::{Cpm, Split};
use crate::model::outcome::Discount;
use crate::model::plan::{Part, Terms};
use crate::model::rates::Rate;
use crate::model::time::Seconds;

/// What a winner pays.
#[derive(Debug)]
pub(super) struct Payment {
    /// Gross, in the auction's currency.
    pub(super) clearing: Cpm,
    /// In the bid's currency.
    pub(super) pay: Cpm,
    /// The discount of its deal.
    pub(super) discount: Option<Discount>,
    /// The clearing price taken apart.
    pub(super) split: Split,
}

/// Returns the least price of an ad: its deal's floor if it has one, else its part's.
pub(super) fn floor(part: &Part, deal: Option<&Deal>, seconds: Seconds) -> Cpm {
    let floor = deal.and_then(|deal| deal.floor.as_ref()).unwrap_or(&part.floor);
    floor.at(seconds)
}

/// Returns what a bid offers to pay in the auction's currency: after its negotiated discount,
/// converted down; none without a rate.
pub(super) fn offered(terms: &Terms, deal: Option<&Deal>, bid: &Bid) -> Option<Cpm> {
    let price = bid.price.as_ref()?.cpm;
    let off = discount(deal, price).map_or(Cpm::ZERO, |discount| discount.off);
    let own = Cpm::from_micros(price.micros() - off.micros());
    terms.normalised(own.expect("a discount is at most its price"), bid.currency)
}

/// Returns what a bid counts in the sum of a pod: what it would pay (decision 4).
pub(super) fn counts(terms: &Terms, part: &Part, deal: Option<&Deal>, bid: &Bid) -> Option<Cpm> {
    let offered = offered(terms, deal, bid)?;
    match deal.map(|deal| deal.pricing) {
        Some(Pricing::Fixed) => Some(floor(part, deal, bid.seconds?).min(offered)),
        Some(Pricing::First | Pricing::Second) | None => Some(offered),
    }
}

/// Returns how the price of a bid is found.
pub(super) fn pricing(terms: &Terms, deal: Option<&Deal>) -> Pricing {
    deal.map_or(terms.pricing, |deal| deal.pricing)
}

/// Returns what a winner clears at, in the auction's currency, that counts `counted` and would have
/// tied at `critical`.
///
/// Never under the floor, never over what the bid offers, whatever `critical` is.
pub(super) fn clearing(
    terms: &Terms,
    part: &Part,
    deal: Option<&Deal>,
    bid: &Bid,
    critical: Cpm,
) -> Cpm {
    let offered = offered(terms, deal, bid).expect("a winner has a price");
    let seconds = bid.seconds.expect("a winner has a length");
    clears(pricing(terms, deal), floor(part, deal, seconds), offered, critical)
}

/// Returns what a winner clears at, in the auction's currency, that offers `offered`, must reach
/// `floor` and would have tied at `critical`.
///
/// Of a price that it clears at, taken as `critical`, it gives the very same: whoever knows no
/// critical price finds out so whether a clearing price can be one.
#[must_use]
pub fn clears(pricing: Pricing, floor: Cpm, offered: Cpm, critical: Cpm) -> Cpm {
    match pricing {
        Pricing::First => offered,
        Pricing::Second => critical.max(floor).min(offered),
        Pricing::Fixed => floor.min(offered),
    }
}

/// Returns what a bid must offer in the auction's currency that would tie at `critical`: at least
/// its floor; the price of a fixed deal.
pub(super) fn needed(
    terms: &Terms,
    part: &Part,
    deal: Option<&Deal>,
    bid: &Bid,
    critical: Cpm,
) -> Cpm {
    let floor = floor(part, deal, bid.seconds.expect("a bid that competes has a length"));
    match pricing(terms, deal) {
        Pricing::First | Pricing::Second => critical.max(floor),
        Pricing::Fixed => floor,
    }
}

/// Returns the least bid that offers at least `needed` of the auction's currency: in the bid's own
/// currency and before its discount (decision 7); none when no price does.
///
/// Exact: a micro less would offer less. A bid of nothing is no bid, so it is above 0.
pub(super) fn least_bid(terms: &Terms, deal: Option<&Deal>, bid: &Bid, needed: Cpm) -> Option<Cpm> {
    let needed = needed.max(MICRO);
    let own = match bid.currency == terms.currency {
        true => needed,
        false => terms.rate(bid.currency)?.back(needed),
    };
    deal.map_or(Some(own), |deal| deal.before_discount(own))
}

/// Returns what a winner pays that clears at `clearing`, in the auction's currency.
pub(super) fn payment(terms: &Terms, deal: Option<&Deal>, bid: &Bid, clearing: Cpm) -> Payment {
    let price = bid.price.as_ref().expect("a winner has a price").cpm;
    let discount = discount(deal, price);
    let off = discount.map_or(Cpm::ZERO, |discount| discount.off);
    let own = Cpm::from_micros(price.micros() - off.micros());
    let own = own.expect("a discount is at most its price");
    let offered = terms.normalised(own, bid.currency).expect("a winner's currency has a rate");
    assert!(clearing <= offered, "clearing price <= bid price");
    let rate = terms.rate(bid.currency).filter(|_| bid.currency != terms.currency);
    let pay = pays(own, offered, clearing, rate);
    Payment { clearing, pay, discount, split: terms.fees.split(clearing) }
}

/// Returns what a winner pays in its bid's currency that clears at `clearing`: `own` is its bid after
/// its discount, `offered` the same in the auction's currency, where `rate` leads if it is another.
#[must_use]
pub fn pays(own: Cpm, offered: Cpm, clearing: Cpm, rate: Option<Rate>) -> Cpm {
    match rate {
        None => clearing,
        // Who pays its bid pays it without any conversion.
        Some(_) if clearing == offered => own,
        Some(rate) => own.min(rate.back(clearing)),
    }
}

/// Returns the discount that a deal grants on a price, rounded down.
fn discount(deal: Option<&Deal>, price: Cpm) -> Option<Discount> {
    let ppm = deal?.discount_ppm;
    (ppm != 0).then(|| Discount { ppm, off: price.share(ppm) })
}

/// The least price there is.
const MICRO: Cpm = Cpm::from_micros(1).expect("1 is not negative");

#[cfg(test)]
mod tests;
