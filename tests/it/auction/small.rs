//! Small auctions in which every rule of the pod meets every other, for the oracle.
//!
//! One or two pods of one to three parts, stretches and slots with and without places; up to four
//! bidders with up to three bids each, in either dialect; all tiers and pricings, discounts, three
//! currencies, groups, all rules of separation with advertisers, categories, creatives and media
//! files drawn from pools so small that they meet often. Half of the prices are whole units a
//! multiple of 5 s, so that pods tie. Half of the parts have house ads.

use std::sync::Arc;

use breakwater::model::bid::{Bid, Reply, ReplyOutcome};
use breakwater::model::category::{Category, Separation};
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::floor::{Floor, FloorStep};
use breakwater::model::house::HouseAd;
use breakwater::model::ids::{CreativeId, DealId, SeatId};
use breakwater::model::market::{Dialect, Fit, Lengths};
use breakwater::model::money::{Currency, Fee, FeeSchedule};
use breakwater::model::plan::{AuctionInput, Offer, Part, Place, Plan, Pod, Shape, Terms};
use breakwater::model::rates::Rate;
use breakwater::model::reason::CallReason;
use breakwater::model::time::{Millis, Seconds};

use super::build;
use super::house::ad;
use super::rng::Rng;

/// Draws one auction.
pub(crate) fn auction(rng: &mut Rng) -> AuctionInput {
    let mut pods = Vec::new();
    let mut parts = Vec::new();
    for pod in 0..rng.weighted(&[(1, 3), (2, 1)]) {
        pods.push(draw_pod(rng, &format!("pod-{pod}")));
        for _ in 0..rng.weighted(&[(1, 3), (2, 2), (3, 1)]) {
            parts.push(part(rng, pod));
        }
    }
    let mut plan = build::plan(terms(rng), pods, parts);
    let mut replies = Vec::new();
    for number in 0..rng.between(1, 4) {
        let dialect = if rng.chance(25) { Dialect::Structured } else { Dialect::Dynamic };
        let offer = build::offer(&plan, build::bidder(&format!("bidder-{number}"), dialect));
        replies.push(reply(rng, &plan, &offer));
        plan.offers.push(offer);
    }
    let seed = u8::try_from(rng.between(0, 255)).unwrap();
    for part in &mut plan.parts {
        part.house = house(rng);
    }
    build::input(seed, plan, replies)
}

/// Draws the house ads of a part: none, or some of names that other parts have, too.
fn house(rng: &mut Rng) -> Vec<Arc<HouseAd>> {
    let count = rng.weighted(&[(0, 2), (2, 1), (5, 1)]);
    let draw = |name: &&str| {
        let mut ad = HouseAd::clone(&ad(name, rng.pick(&[4, 5, 7, 10, 15, 30])));
        // Some on a clock of 29.97 Hz, some a little long.
        ad.length.0 = rng.pick(&[ad.length.0, ad.length.0 * 1000 / 1001, ad.length.0 + 15]);
        Arc::new(ad)
    };
    ["promo", "slate", "bumper", "trailer", "tickets"].iter().take(count).map(draw).collect()
}

fn terms(rng: &mut Rng) -> Terms {
    let currency = |code: &str| Currency::new(code).unwrap();
    let mut fees = vec![Fee { name: "exchange".into(), ppm: 150_000 }];
    if rng.chance(30) {
        fees.push(Fee { name: "serving".into(), ppm: 33_333 });
    }
    Terms {
        pricing: rng.pick(&[Pricing::First, Pricing::Second]),
        currencies: vec![currency("EUR"), currency("GBP"), currency("JPY")],
        rates: vec![
            Rate { from: currency("EUR"), e12: 1_084_200_000_000 },
            Rate { from: currency("JPY"), e12: 6_700_000_000 },
        ],
        fees: FeeSchedule::new(fees).unwrap(),
        ..build::terms()
    }
}

fn draw_pod(rng: &mut Rng, id: &str) -> Pod {
    let mut exclusive = Vec::new();
    if rng.chance(15) {
        exclusive.push(category(rng.pick(&[(8, "1002"), (8, "1335"), (1, "IAB2")])));
    }
    let separation = Separation {
        advertiser: rng.chance(25),
        category: rng.chance(25),
        creative: rng.chance(25),
        media: rng.chance(25),
        exclusive,
    };
    build::pod(id, separation)
}

fn part(rng: &mut Rng, pod: usize) -> Part {
    let slot = rng.chance(35);
    let seconds = if slot { rng.pick(&[15, 30]) } else { rng.pick(&[10, 15, 30, 45, 47, 60]) };
    let nominal = u64::from(seconds) * 1000;
    let lengths = match rng.between(0, 2) {
        0 => Lengths::Exact([15, 30].map(Seconds).to_vec()),
        1 => Lengths::Exact([5, 10, 15, 20, 30].map(Seconds).to_vec()),
        _ => Lengths::Range { min: Seconds(5), max: Seconds(seconds) },
    };
    Part {
        pod,
        shape: if slot { Shape::Slot } else { Shape::Stretch },
        place: if slot {
            rng.weighted(&[(Place::Any, 3), (Place::First, 2), (Place::Last, 2), (Place::Edge, 1)])
        } else {
            Place::Any
        },
        seconds: Seconds(seconds),
        // Half of the breaks are cut by a clock of 29.97 or 59.94 Hz.
        real: Millis(if rng.chance(50) { nominal } else { nominal * 1000 / 1001 }),
        max_ads: if slot { 1 } else { u16::try_from(rng.between(1, 5)).unwrap() },
        lengths,
        fit: if rng.chance(20) { Fit::Real } else { Fit::Nominal },
        floor: floor(rng),
        deals: DEALS.iter().filter(|_| rng.chance(70)).map(deal).collect(),
        private_auction: rng.chance(5),
        deals_first: rng.chance(30),
        blocked_advertisers: vec!["blocked.example".into()],
        blocked_categories: if rng.chance(10) { vec![category((8, "1335"))] } else { Vec::new() },
        ..build::part()
    }
}

fn floor(rng: &mut Rng) -> Floor {
    let step = |min, max, floor| FloorStep { min, max, floor: build::micros(floor) };
    match rng.between(0, 3) {
        0 => Floor::default(),
        1 => Floor::PerSecond(build::micros(150_000)),
        2 => Floor::ByLength {
            steps: vec![
                step(None, Some(Seconds(15)), 2_000_000),
                step(Some(Seconds(15)), Some(Seconds(29)), 3_000_000),
            ],
            otherwise: build::micros(4_000_000),
        },
        _ => Floor::Fixed(build::micros(2_000_000)),
    }
}

/// A deal in a row: id, pricing, own floor, guaranteed, discount.
type Row = (&'static str, Pricing, Option<Floor>, bool, u32);

fn deal(row: &Row) -> Arc<Deal> {
    let (id, pricing, floor, guaranteed, discount_ppm) = row.clone();
    Arc::new(Deal { pricing, floor, guaranteed, discount_ppm, ..build::deal(id) })
}

fn reply(rng: &mut Rng, plan: &Plan, offer: &Offer) -> Reply {
    let bidder = offer.bidder.id.as_str();
    let mut bids: Vec<Bid> = Vec::new();
    if !offer.imps.is_empty() {
        for number in 0..rng.between(0, 3) {
            bids.push(bid(rng, plan, offer, &format!("b{number}")));
        }
    }
    let outcome = match (bids.is_empty(), rng.chance(30)) {
        (false, _) => ReplyOutcome::Bids,
        (true, true) => ReplyOutcome::Nothing(CallReason::Timeout),
        (true, false) => ReplyOutcome::Nothing(CallReason::NoBid),
    };
    build::reply(bidder, outcome, bids)
}

fn bid(rng: &mut Rng, plan: &Plan, offer: &Offer, id: &str) -> Bid {
    let imp = &offer.imps[rng.index(offer.imps.len())];
    let part = &plan.parts[imp.part];
    let seconds = match &part.lengths {
        Lengths::Exact(lengths) => rng.pick(lengths).0,
        Lengths::Range { min, max } => {
            u32::try_from(rng.between(u64::from(min.0), u64::from(max.0))).unwrap()
        }
    };
    let price = if rng.chance(50) {
        i64::from(seconds.div_ceil(5)) * 1_000_000 * rng.pick(&[1, 1, 2])
    } else {
        rng.micros(150_000, 800_000) * i64::from(seconds)
    };
    let mut bid = build::bid(offer.bidder.id.as_str(), id, price, seconds);
    bid.imp = imp.id.clone();
    if rng.chance(20) {
        bid.slot_in_pod = rng.pick(&[1, -1, 2, 1, -1, 2, 9]);
    }
    if rng.chance(15) {
        bid.group = Some(u16::try_from(rng.between(0, 1)).unwrap());
    }
    if rng.chance(20) {
        bid.seat = Some(SeatId::new(rng.pick(&["x", "y"])));
    }
    if rng.chance(40) {
        bid.deal = Some(DealId::new(rng.pick(&DEALS.map(|(id, ..)| id))));
    }
    if rng.chance(20) {
        let code = rng.pick(&["EUR", "EUR", "JPY", "GBP", "CHF"]);
        bid.currency = Currency::new(code).unwrap();
        if code == "JPY" {
            bid.price = Some(build::price(price * 150 + rng.micros(0, 200)));
        }
    }
    creative(rng, &mut bid, seconds);
    bid
}

fn creative(rng: &mut Rng, bid: &mut Bid, seconds: u32) {
    let shop = rng.weighted(&[("one", 3), ("two", 3), ("www.two", 2), ("blocked", 1)]);
    bid.advertisers = vec![build::advertiser(&format!("{shop}.example"))];
    if rng.chance(10) {
        bid.advertisers.push(build::advertiser("three.example"));
    }
    if rng.chance(40) {
        bid.creative_id = Some(CreativeId::new(rng.pick(&["c1", "c2"])));
    }
    if rng.chance(50) {
        let (taxonomy, id) = rng.pick(&CATEGORIES);
        bid.category_taxonomy = taxonomy;
        bid.categories = vec![id.into()];
    }
    let markup = Arc::make_mut(bid.markup.as_mut().unwrap());
    if rng.chance(30) {
        let registry = rng.pick(&["ad-id.example", "clearcast.example"]);
        markup.universal_ids = vec![(registry.into(), rng.pick(&["u1", "u2"]).into())];
    }
    if rng.chance(40) {
        markup.media = vec![build::hash(rng.pick(&["f1", "f2", "f3"]))];
    }
    let off = rng.pick(&[0, 0, 0, 15, 30, 480]);
    let length = u64::from(seconds) * 1000;
    markup.duration = rng.pick(&[None, Some(length - off), Some(length + off)]).map(Millis);
}

fn category((taxonomy, id): (i32, &str)) -> Category {
    Category { taxonomy, id: id.into() }
}

/// Of each kind one; a discounted fixed deal and one without a floor of its own besides.
const DEALS: [Row; 7] = [
    ("plain", Pricing::First, None, false, 0),
    ("second", Pricing::Second, Some(Floor::Fixed(THREE)), false, 0),
    ("fixed", Pricing::Fixed, Some(Floor::Fixed(THREE)), false, 0),
    ("fixed-at-floor", Pricing::Fixed, None, false, 100_000),
    ("discounted", Pricing::First, None, false, 200_000),
    ("guaranteed", Pricing::Fixed, Some(Floor::Fixed(THREE)), true, 0),
    ("guaranteed-second", Pricing::Second, None, true, 33_333),
];

const THREE: breakwater::model::money::Cpm =
    breakwater::model::money::Cpm::from_micros(3_000_000).expect("3 is not negative");

/// Parents and children of three taxonomies, some mapped to others.
const CATEGORIES: [(i32, &str); 11] = [
    (8, "1002"),
    (8, "1004"),
    (8, "1335"),
    (8, "1341"),
    (8, "1551"),
    (8, "1571"),
    (1, "IAB2"),
    (1, "IAB2-1"),
    (1, "IAB13"),
    (1, "IAB8-5"),
    (2, "1"),
];
