//! Seeded pods of the size that is sold: what a live sports break draws, and what would hurt most.
//!
//! A break of a live match, as drawn here:
//!
//! - **Lengths**: 6 s 5 %, 10 s 10 %, 15 s 30 %, 20 s 10 %, 30 s 35 %, 45 s 4 %, 60 s 6 %, less what the
//!   break is too short for.
//! - **Prices**: 30 s cost 6 to 40 by a squared draw (half of them below 14.50), a quarter of that again
//!   for what one bidder sees in a viewer and another does not; other lengths cost 35, 50, 65, 78, 135
//!   and 165 % of it. Three of ten bids are in whole halves, so that some tie. Floor: 0.12 a second.
//! - **Advertisers**: 80, the n-th bids 1/n as often as the first (Zipf). Each sells one thing: one of 27
//!   categories of Ad Product 2.0 (`cattax` 8), parents and children of eleven branches; one bid of
//!   five says the branch only, one of ten says nothing.
//! - **Creatives**: three of each advertiser and length. Six of ten bids carry their UniversalAdId, so
//!   that two bidders show one creative; the others name a creative of their own.
//! - **Deals**: 8 % of the bids, a third of them fixed at 15.00, the rest at a floor of 9.00. Every
//!   third break has a guaranteed deal with one bid.
//! - **Places**: first 3 %, last 1 %, either 2 %. **Groups**: one bidder of 25 ties two bids.
//! - **Dialects**: one bidder of ten reads pods as slots.
//!
//! Separation is on for advertiser, category and creative. In the break of 180 s about one pair of
//! bids in nine is in conflict.

use std::sync::Arc;

use breakwater::model::bid::{Bid, ReplyOutcome};
use breakwater::model::category::Separation;
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::floor::Floor;
use breakwater::model::ids::{CreativeId, DealId};
use breakwater::model::market::{Dialect, Lengths};
use breakwater::model::plan::{AuctionInput, Offer, Part, Shape, Terms};
use breakwater::model::time::Seconds;

use super::build;
use super::rng::Rng;

/// How large an auction is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) seconds: u32,
    pub(crate) max_ads: u16,
    pub(crate) bidders: usize,
    /// Bids of each bidder.
    pub(crate) bids: usize,
}

/// A minute of four ads: 60 bids of 20 bidders.
pub(crate) const MINUTE: Size = Size { seconds: 60, max_ads: 4, bidders: 20, bids: 3 };

/// Three minutes of twelve ads: 300 bids of 30 bidders.
pub(crate) const BREAK: Size = Size { seconds: 180, max_ads: 12, bidders: 30, bids: 10 };

/// One slot of 30 s and a bid of each of 20 bidders, nothing special about any.
pub(crate) fn slot(rng: &mut Rng) -> AuctionInput {
    let part = Part {
        shape: Shape::Slot,
        seconds: Seconds(30),
        real: Seconds(30).millis(),
        max_ads: 1,
        lengths: Lengths::Exact(vec![Seconds(15), Seconds(30)]),
        floor: Floor::Fixed(build::micros(5_000_000)),
        ..build::part()
    };
    let bid_of = |rng: &mut Rng, offer: &Offer| {
        let seconds = rng.pick(&[15, 30, 30]);
        let price = price_of(rng, seconds);
        vec![build::bid(offer.bidder.id.as_str(), "b1", price, seconds)]
    };
    auction(rng, part, Separation::default(), &[Dialect::Dynamic; 20], bid_of)
}

/// A break of a live match.
pub(crate) fn live(rng: &mut Rng, size: Size) -> AuctionInput {
    let guaranteed = rng.chance(33);
    let part = Part {
        seconds: Seconds(size.seconds),
        real: Seconds(size.seconds).millis(),
        max_ads: size.max_ads,
        lengths: Lengths::Exact([6, 10, 15, 20, 30, 45, 60].map(Seconds).to_vec()),
        floor: Floor::PerSecond(build::micros(120_000)),
        deals: deals(),
        ..build::part()
    };
    let separation =
        Separation { advertiser: true, category: true, creative: true, ..Separation::default() };
    let dialects: Vec<Dialect> = (0..size.bidders)
        .map(|number| if number % 10 == 9 { Dialect::Structured } else { Dialect::Dynamic })
        .collect();
    let mut first = true;
    auction(rng, part, separation, &dialects, |rng, offer| {
        let tied = rng.chance(4);
        let mut bids = Vec::new();
        for number in 0..size.bids {
            let mut bid = live_bid(rng, offer, &format!("b{number}"), size.seconds);
            if tied && number < 2 {
                bid.group = Some(0);
            }
            if std::mem::take(&mut first) && guaranteed {
                bid.deal = Some(DealId::new("guaranteed"));
            }
            bids.push(bid);
        }
        bids
    })
}

/// What a break is filled with to defeat pruning.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hostile {
    /// Bids of one length and nearly one price, each of three of forty advertisers: which of them go
    /// together has no order to it.
    Packing,
    /// The same, of odd lengths whose price per second is nearly one.
    OddLengths,
    /// All in pairs that win or lose together.
    Pairs,
    /// Slots of structured bidders, each asked for by many.
    Slots,
}

/// All of them.
pub(crate) const HOSTILE: [Hostile; 4] =
    [Hostile::Packing, Hostile::OddLengths, Hostile::Pairs, Hostile::Slots];

/// A break of 180 s and 12 ads with 300 bids made to be hard.
pub(crate) fn hostile(rng: &mut Rng, kind: Hostile) -> AuctionInput {
    let part = Part {
        seconds: Seconds(180),
        real: Seconds(180).millis(),
        max_ads: 12,
        lengths: Lengths::Range { min: Seconds(5), max: Seconds(60) },
        ..build::part()
    };
    let separation = Separation { advertiser: true, media: true, ..Separation::default() };
    let dialect = match kind {
        Hostile::Slots => Dialect::Structured,
        Hostile::Packing | Hostile::OddLengths | Hostile::Pairs => Dialect::Dynamic,
    };
    auction(rng, part, separation, &[dialect; 30], |rng, offer| {
        let bids = (0..10).map(|number| hostile_bid(rng, offer, number, kind));
        bids.collect()
    })
}

fn hostile_bid(rng: &mut Rng, offer: &Offer, number: usize, kind: Hostile) -> Bid {
    let seconds = match kind {
        Hostile::Packing => 15,
        Hostile::OddLengths | Hostile::Pairs | Hostile::Slots => {
            u32::try_from(rng.between(7, 31)).unwrap()
        }
    };
    let price = i64::from(seconds) * 1_000_000 + rng.micros(0, 9_999);
    let id = format!("b{number}");
    let mut bid = build::bid(offer.bidder.id.as_str(), &id, price, seconds);
    let shop = |rng: &mut Rng| build::advertiser(&format!("shop-{}.example", rng.index(40)));
    bid.advertisers = (0..3).map(|_| shop(rng)).collect();
    bid.group = match kind {
        Hostile::Pairs => Some(u16::try_from(number / 2).unwrap()),
        Hostile::Packing | Hostile::OddLengths | Hostile::Slots => None,
    };
    let imps = offer.imps.len().min(4);
    bid.imp = offer.imps[rng.index(imps)].id.clone();
    let file = build::hash(&format!("file-{}", rng.index(60)));
    Arc::make_mut(bid.markup.as_mut().unwrap()).media = vec![file];
    bid
}

/// Returns an auction of one part in which each bidder brings the bids that are drawn for it.
fn auction(
    rng: &mut Rng,
    part: Part,
    separation: Separation,
    dialects: &[Dialect],
    mut bids_of: impl FnMut(&mut Rng, &Offer) -> Vec<Bid>,
) -> AuctionInput {
    let pods = vec![build::pod("brk-1", separation)];
    let mut plan = build::plan(Terms { ..build::terms() }, pods, vec![part]);
    let mut replies = Vec::new();
    for (number, &dialect) in dialects.iter().enumerate() {
        let offer = build::offer(&plan, build::bidder(&format!("bidder-{number}"), dialect));
        let bids = bids_of(rng, &offer);
        replies.push(build::reply(offer.bidder.id.as_str(), ReplyOutcome::Bids, bids));
        plan.offers.push(offer);
    }
    let seed = u8::try_from(rng.between(0, 255)).unwrap();
    build::input(seed, plan, replies)
}

fn deals() -> Vec<Arc<Deal>> {
    let deal = |id: &str, pricing, floor, guaranteed| {
        let floor = Some(Floor::Fixed(build::micros(floor)));
        Arc::new(Deal { pricing, floor, guaranteed, ..build::deal(id) })
    };
    vec![
        deal("fixed", Pricing::Fixed, 15_000_000, false),
        deal("private", Pricing::First, 9_000_000, false),
        deal("guaranteed", Pricing::Fixed, 12_000_000, true),
    ]
}

fn live_bid(rng: &mut Rng, offer: &Offer, id: &str, longest: u32) -> Bid {
    let mut seconds = rng.weighted(&LENGTHS);
    while longest < seconds {
        seconds = rng.weighted(&LENGTHS);
    }
    let price = price_of(rng, seconds);
    let mut bid = build::bid(offer.bidder.id.as_str(), id, price, seconds);
    bid.imp = offer.imps[rng.index(offer.imps.len())].id.clone();
    let shop = zipf(rng);
    bid.advertisers = vec![build::advertiser(&format!("shop-{shop}.example"))];
    bid.category_taxonomy = 8;
    // A multiplier coprime to the number of categories spreads branches over the ranks.
    let (branch, category) = CATEGORIES[shop * 11 % CATEGORIES.len()];
    bid.categories = match rng.between(1, 10) {
        1 => Vec::new(),
        2 | 3 => vec![branch.into()],
        _ => vec![category.into()],
    };
    let creative = format!("shop-{shop}-{seconds}-{}", rng.index(3));
    if rng.chance(60) {
        let pair = ("ad-id.example".into(), creative.into());
        Arc::make_mut(bid.markup.as_mut().unwrap()).universal_ids = vec![pair];
    } else {
        bid.creative_id = Some(CreativeId::new(creative));
    }
    bid.slot_in_pod = rng.weighted(&[(0, 94), (1, 3), (-1, 1), (2, 2)]);
    if rng.chance(8) {
        bid.deal = Some(DealId::new(rng.weighted(&[("fixed", 1), ("private", 2)])));
    }
    bid
}

/// A price in micros by the curve above.
fn price_of(rng: &mut Rng, seconds: u32) -> i64 {
    let draw = rng.micros(0, 1000);
    let of_thirty = 6_000_000 + 34 * draw * draw;
    let seen = of_thirty + of_thirty / 400 * rng.micros(0, 100);
    let percent = match seconds {
        0..=6 => 35,
        7..=10 => 50,
        11..=15 => 65,
        16..=20 => 78,
        21..=30 => 100,
        31..=45 => 135,
        _ => 165,
    };
    let price = seen * percent / 100;
    let step = if rng.chance(30) { 500_000 } else { 10_000 };
    (price / step).max(1) * step
}

/// An advertiser from 0 to 79, the n-th 1/n as often as the first.
fn zipf(rng: &mut Rng) -> usize {
    let weights: Vec<(usize, u64)> =
        (0..80).map(|rank| (rank, 100_000 / (rank as u64 + 1))).collect();
    rng.weighted(&weights)
}

/// Seconds and how often.
const LENGTHS: [(u32, u64); 7] = [(6, 5), (10, 10), (15, 30), (20, 10), (30, 35), (45, 4), (60, 6)];

/// Branches of Ad Product 2.0 and what is sold in them.
const CATEGORIES: [(&str, &str); 27] = [
    ("1551", "1571"),
    ("1551", "1554"),
    ("1551", "1567"),
    ("1002", "1004"),
    ("1002", "1006"),
    ("1335", "1337"),
    ("1335", "1339"),
    ("1335", "1341"),
    ("1335", "1351"),
    ("1361", "1366"),
    ("1361", "1365"),
    ("1355", "1358"),
    ("1355", "1359"),
    ("1355", "1360"),
    ("1467", "1471"),
    ("1467", "1468"),
    ("1131", "1132"),
    ("1131", "1136"),
    ("1494", "1498"),
    ("1494", "1501"),
    ("1529", "1537"),
    ("1529", "1533"),
    ("1529", "1541"),
    ("1097", "1114"),
    ("1097", "1119"),
    ("1419", "1431"),
    ("1419", "1423"),
];
