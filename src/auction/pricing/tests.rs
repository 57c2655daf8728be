//! Corners that whole auctions seldom reach: roundings of discounts and rates, to the micro.

use super::{clearing, counts, floor, least_bid, offered, payment};
use crate::auction::sample::{bid, cpm, deal, stretch};
use crate::model::bid::Bid;
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::Floor;
use crate::model::money::{Cpm, Currency};
use crate::model::plan::Terms;
use crate::model::rates::Rate;
use crate::model::time::Seconds;

#[test]
fn the_least_bid_offers_what_is_needed_and_a_micro_less_does_not() {
    for currency in [Currency::USD, eur()] {
        for ppm in [0, 1, 7, 33_333, 100_000, 250_000, 333_333, 500_000, 999_999] {
            let deal = Deal { discount_ppm: ppm, ..deal("d", Pricing::First, 0) };
            for needed in (1..200).chain([5_000_000, 18_333_333, 999_999_999]) {
                let bid = Bid { currency, ..bid("b", 1, 1, 30) };
                let least = least_bid(&terms(), Some(&deal), &bid, cpm(needed)).unwrap();
                let at = |price: Cpm| offers(&deal, &bid, price);
                assert!(cpm(needed) <= at(least), "{currency} {ppm} ppm, {needed}: {least}");
                let below = cpm(least.micros() - 1);
                assert!(at(below) < cpm(needed), "{currency} {ppm} ppm, {needed}: {below}");
            }
        }
    }
}

#[test]
fn a_bid_of_nothing_is_no_bid() {
    let bid = bid("b", 1, 9_000_000, 30);
    assert_eq!(least_bid(&terms(), None, &bid, Cpm::ZERO), Some(cpm(1)));
}

#[test]
fn no_bid_is_enough_when_all_of_it_is_discounted() {
    let deal = Deal { discount_ppm: 1_000_000, ..deal("d", Pricing::First, 0) };
    let bid = bid("b", 1, 9_000_000, 30);
    assert_eq!(least_bid(&terms(), Some(&deal), &bid, cpm(1)), None);
    assert_eq!(offered(&terms(), Some(&deal), &bid), Some(Cpm::ZERO));
}

#[test]
fn no_bid_is_enough_without_a_rate_or_past_the_largest_price() {
    let pound = Bid { currency: Currency::new("GBP").unwrap(), ..bid("b", 1, 1, 30) };
    assert_eq!(least_bid(&terms(), None, &pound, cpm(1)), None);
    let deal = Deal { discount_ppm: 999_999, ..deal("d", Pricing::First, 0) };
    assert_eq!(least_bid(&terms(), Some(&deal), &bid("b", 1, 1, 30), cpm(i64::MAX)), None);
}

#[test]
fn a_price_clears_between_its_floor_and_what_is_offered() {
    let part = crate::model::plan::Part { floor: Floor::Fixed(cpm(5)), ..stretch(0, 60) };
    let second = Terms { pricing: Pricing::Second, ..terms() };
    let bid = bid("b", 1, 9, 30);
    let at = |terms: &Terms, critical| clearing(terms, &part, None, &bid, cpm(critical)).micros();
    assert_eq!([3, 7, 12].map(|critical| at(&second, critical)), [5, 7, 9]);
    assert_eq!([3, 7, 12].map(|critical| at(&terms(), critical)), [9, 9, 9]);
}

#[test]
fn a_fixed_deal_counts_and_pays_its_floor_whatever_is_bid() {
    let mut deal = deal("d", Pricing::Fixed, 22_000_000);
    let (terms, part) = (terms(), stretch(0, 60));
    let bid = bid("b", 1, 1_000_000_000, 30);
    assert_eq!(counts(&terms, &part, Some(&deal), &bid), Some(cpm(22_000_000)));
    assert_eq!(clearing(&terms, &part, Some(&deal), &bid, cpm(1)), cpm(22_000_000));
    deal.floor = Some(Floor::PerSecond(cpm(400_000)));
    assert_eq!(counts(&terms, &part, Some(&deal), &bid), Some(cpm(12_000_000)));
    assert_eq!(floor(&part, Some(&deal), Seconds(15)), cpm(6_000_000));
}

#[test]
fn a_discount_comes_off_before_the_rate_and_both_round_for_the_bidder() {
    let deal = Deal { discount_ppm: 150_000, ..deal("d", Pricing::First, 0) };
    let bid = Bid { currency: eur(), ..bid("b", 1, 10_000_001, 30) };
    // 10.000001 less ⌊1.50000015⌋ is 8.500001, times 1.0825 is 9.201251 and a bit.
    let offered = offered(&terms(), Some(&deal), &bid).unwrap();
    assert_eq!(offered, cpm(9_201_251));
    let paid = payment(&terms(), Some(&deal), &bid, offered);
    assert_eq!((paid.pay, paid.clearing), (cpm(8_500_001), offered));
    assert_eq!(paid.discount.map(|discount| discount.off), Some(cpm(1_500_000)));
    // At a lower clearing price it pays what that is worth, rounded up, in its own money.
    let paid = payment(&terms(), Some(&deal), &bid, cpm(5_000_000));
    assert_eq!(paid.pay, cpm(4_618_938));
}

/// What a bid of `price` offers.
fn offers(deal: &Deal, bid: &Bid, price: Cpm) -> Cpm {
    let mut bid = bid.clone();
    bid.price.as_mut().unwrap().cpm = price;
    offered(&terms(), Some(deal), &bid).unwrap()
}

fn terms() -> Terms {
    Terms { rates: vec![Rate { from: eur(), e12: 1_082_500_000_000 }], ..Terms::default() }
}

fn eur() -> Currency {
    Currency::new("EUR").unwrap()
}
