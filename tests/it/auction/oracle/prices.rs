//! What winners pay and what each bid would have needed, from the definition of the critical price.

use breakwater::model::deal::Pricing;
use breakwater::model::money::Cpm;
use breakwater::model::outcome::{Fate, Outcome, TieBreak, Win};
use breakwater::model::reason::LossReason;

use super::ads::{Ad, offered};
use super::{Needed, Oracle};

/// Checks clearing prices, payments, splits, discounts and least bids of the winners.
pub(super) fn check_wins(oracle: &Oracle<'_>, outcome: &Outcome) -> Result<(), String> {
    for win in &outcome.wins {
        let index = oracle.ads.list.iter().position(|ad| ad.at == win.bid).unwrap();
        let ad = &oracle.ads.list[index];
        let critical = critical(oracle, index, &oracle.counts);
        let critical = critical.ok_or_else(|| format!("{:?} wins at no price", ad.at))?;
        let clearing = clearing(ad, critical);
        if win.clearing.micros() != clearing {
            return Err(format!("{:?} clears at {}, not {clearing}", ad.at, win.clearing.micros()));
        }
        let least = least_bid(oracle, ad, needed(ad, critical));
        if win.min_to_win.map(Cpm::micros) != least {
            return Err(format!("{:?} needed {least:?}, not {:?}", ad.at, win.min_to_win));
        }
        let tie = match ad.pricing {
            Pricing::Fixed => None,
            Pricing::First | Pricing::Second => {
                oracle.sets.tie(&oracle.ads, oracle.best, index, &oracle.counts)
            }
        };
        let found = win.tie.map(TieBreak::name);
        if found != tie {
            return Err(format!("{:?} won a tie by {tie:?}, not {found:?}", ad.at));
        }
        check_payment(oracle, ad, win)?;
    }
    Ok(())
}

/// Checks what the losers would have needed; winners stand there with what they did.
pub(super) fn check_losers(
    oracle: &Oracle<'_>,
    outcome: &Outcome,
    found: &Needed,
) -> Result<(), String> {
    let mut expected: Vec<Vec<Option<i64>>> =
        oracle.ads.refused.iter().map(|reply| vec![None; reply.len()]).collect();
    // Who would have paid its critical price meets the winners at what they pay, all others at
    // what they count.
    let mut prices = oracle.counts.clone();
    for (index, ad) in oracle.ads.list.iter().enumerate() {
        if let Some(win) = outcome.wins.iter().find(|win| win.bid == ad.at) {
            prices[index] = win.clearing.micros();
            expected[ad.at.reply][ad.at.bid] = win.min_to_win.map(Cpm::micros);
        }
    }
    for (index, ad) in oracle.ads.list.iter().enumerate() {
        let Fate::Lost(reason) = outcome.fates[ad.at.reply][ad.at.bid] else { continue };
        let on_price =
            ![LossReason::DisplacedByDeal, LossReason::GroupIncomplete].contains(&reason);
        if on_price && ad.pricing != Pricing::Fixed {
            let second = ad.pricing == Pricing::Second;
            let prices = if second { &prices } else { &oracle.counts };
            let needed = critical(oracle, index, prices).map(|critical| needed(ad, critical));
            // A figure below what lost would not have won.
            let needed = needed.filter(|&needed| !second || ad.offered <= needed);
            let least = needed.and_then(|needed| least_bid(oracle, ad, needed));
            expected[ad.at.reply][ad.at.bid] = least;
        }
    }
    let found: Vec<Vec<Option<i64>>> = found
        .iter()
        .map(|reply| reply.iter().map(|least| least.map(Cpm::micros)).collect())
        .collect();
    if found != expected {
        return Err(format!("losers needed {expected:?}, not {found:?}"));
    }
    Ok(())
}

/// Returns the least price at which the best pods with an ad are worth as much as those without.
pub(super) fn critical(oracle: &Oracle<'_>, index: usize, prices: &[i64]) -> Option<i64> {
    let beside = oracle.sets.most_beside(&oracle.ads, index, prices)?;
    let without = oracle.sets.most_without(&oracle.ads, index, prices);
    let tier = oracle.ads.list[index].tier;
    let reaches = |price: i64| {
        let mut with = beside;
        with[tier] += price;
        without <= with
    };
    // What a tier above loses no price makes up for; else one of these two is the least.
    let gap = (without[tier] - beside[tier]).max(0);
    [0, gap, gap + 1].into_iter().find(|&price| reaches(price))
}

fn clearing(ad: &Ad<'_>, critical: i64) -> i64 {
    match ad.pricing {
        Pricing::First => ad.offered,
        Pricing::Fixed => ad.floor.min(ad.offered),
        Pricing::Second => critical.max(ad.floor).min(ad.offered),
    }
}

/// What an ad must offer, in the auction's currency.
fn needed(ad: &Ad<'_>, critical: i64) -> i64 {
    if ad.pricing == Pricing::Fixed { ad.floor } else { critical.max(ad.floor) }
}

/// Returns the least price above 0 that offers so much, in the bid's currency before its discount.
fn least_bid(oracle: &Oracle<'_>, ad: &Ad<'_>, needed: i64) -> Option<i64> {
    let reaches = |price: i64| {
        offered(oracle.input, ad.bid, ad.deal, price).is_none_or(|it| needed.max(1) <= it)
    };
    let (mut low, mut high) = (0, i64::MAX / 4);
    if !reaches(high) {
        return None;
    }
    // `low` does not reach it, `high` does.
    while 1 < high - low {
        let middle = low + (high - low) / 2;
        if reaches(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

fn check_payment(oracle: &Oracle<'_>, ad: &Ad<'_>, win: &Win) -> Result<(), String> {
    let terms = &oracle.input.plan.terms;
    let clearing = win.clearing.micros();
    let fees: i64 = win.split.fees.iter().map(|fee| fee.micros()).sum();
    let price = ad.bid.price.as_ref().unwrap().cpm.micros();
    let ppm = ad.deal.map_or(0, |deal| deal.discount_ppm);
    let off = i64::try_from(i128::from(price) * i128::from(ppm) / 1_000_000).unwrap();
    let discount = win.discount.map(|discount| (discount.ppm, discount.off.micros()));
    if clearing < ad.floor || ad.offered < clearing {
        return Err(format!("{:?}: {} <= {clearing} <= {}", ad.at, ad.floor, ad.offered));
    }
    if win.split.net.micros() + fees != clearing {
        return Err(format!("{:?}: {clearing} is not net and fees", ad.at));
    }
    if discount != (ppm != 0).then_some((ppm, off)) {
        return Err(format!("{:?} has the discount {discount:?}, not {off}", ad.at));
    }
    let pay = win.pay.micros();
    if price - off < pay {
        return Err(format!("{:?} pays {pay}, more than {price} less {off}", ad.at));
    }
    let rate = terms.rates.iter().find(|rate| rate.from == ad.bid.currency);
    let worth = |pay: i64| match rate {
        Some(rate) if ad.bid.currency != terms.currency => {
            i128::from(pay) * i128::from(rate.e12) / 1_000_000_000_000
        }
        Some(_) | None => i128::from(pay),
    };
    // The least that is worth the clearing price; who pays its bid pays just that.
    let pays_bid = clearing == ad.offered && pay == price - off;
    let clears = i128::from(clearing);
    let least = clears <= worth(pay) && (pay == 0 || worth(pay - 1) < clears);
    if !pays_bid && !least {
        return Err(format!("{:?} pays {pay} for {clearing}", ad.at));
    }
    Ok(())
}
