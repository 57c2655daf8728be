//! What was for sale, drawn from a seed.

use std::sync::Arc;

use crate::model::category::{Category, Separation};
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::{Floor, FloorStep};
use crate::model::house::HouseAd;
use crate::model::ids::{BidderId, DealId, ImpId, SeatId};
use crate::model::market::{Bidder, Dialect, Fit, Lengths};
use crate::model::money::{Fee, FeeSchedule};
use crate::model::plan::{Offer, OfferedImp, Part, Place, Pod, Shape, Terms};
use crate::model::rates::Rate;
use crate::model::time::{Millis, Seconds};
use crate::wire::record::tests::dice::Dice;

pub(super) fn terms(dice: &mut Dice) -> Terms {
    let fees = dice.some(|dice| Fee { name: dice.shared(), ppm: dice.small(300_000) });
    Terms {
        currency: dice.currency(),
        currencies: dice.some(Dice::currency),
        rates: dice
            .some(|dice| Rate { from: dice.currency(), e12: 1 + i64::from(dice.small(900)) }),
        pricing: dice.pick(&[Pricing::First, Pricing::Second]),
        max_cpm: dice.cpm(),
        fees: FeeSchedule::new(fees).unwrap(),
        allowed_categories: dice.some(category),
        blocked_apps: dice.some(Dice::shared),
        allowed_seats: dice.some(Dice::shared),
        blocked_seats: dice.some(Dice::shared),
        languages: dice.some(Dice::shared),
    }
}

fn category(dice: &mut Dice) -> Category {
    Category { taxonomy: dice.code(), id: dice.shared() }
}

pub(super) fn pod(dice: &mut Dice, parts: &[Part]) -> Pod {
    let separation = Separation {
        advertiser: dice.coin(),
        category: dice.coin(),
        creative: dice.coin(),
        media: dice.coin(),
        exclusive: dice.some(category),
    };
    let seconds = Seconds(parts.iter().map(|part| part.seconds.0).sum());
    Pod { id: dice.shared(), seconds, separation }
}

pub(super) fn part(dice: &mut Dice, pod: usize) -> Part {
    let lengths = if dice.coin() {
        Lengths::Range { min: Seconds(1 + dice.small(9)), max: Seconds(10 + dice.small(90)) }
    } else {
        Lengths::Exact(vec![Seconds(1 + dice.small(15)), Seconds(30)])
    };
    Part {
        pod,
        shape: dice.pick(&[Shape::Stretch, Shape::Slot]),
        place: dice.pick(&[Place::Any, Place::First, Place::Last, Place::Edge]),
        seconds: Seconds(dice.small(901)),
        real: Millis(dice.number()),
        max_ads: u16::try_from(dice.below(65_536)).unwrap(),
        lengths,
        fit: dice.pick(&[Fit::Nominal, Fit::Real]),
        floor: floor(dice),
        deals: dice.some(|dice| Arc::new(deal(dice))),
        private_auction: dice.coin(),
        deals_first: dice.coin(),
        blocked_advertisers: dice.some(Dice::shared),
        blocked_categories: dice.some(category),
        unmapped_refused: dice.coin(),
        blocked_attributes: dice.some(Dice::code),
        protocols: dice.some(Dice::code),
        apis: dice.some(Dice::code),
        mimes: dice.some(Dice::shared),
        size: dice.maybe(|dice| (dice.small(4000), dice.small(4000))),
        secure: dice.coin(),
        expires_s: dice.maybe(|dice| dice.small(4000)),
        house: house(dice),
    }
}

/// As a record keeps them: what no decision reads is left out.
fn house(dice: &mut Dice) -> Vec<Arc<HouseAd>> {
    let ids = dice.some(Dice::shared);
    let ad = |(number, text): (usize, Arc<str>)| HouseAd {
        id: format!("{number}{text}").into(),
        seconds: Seconds(1 + dice.small(90)),
        length: Millis(u64::from(dice.small(90_000))),
        ..HouseAd::default()
    };
    ids.into_iter().enumerate().map(ad).map(Arc::new).collect()
}

fn floor(dice: &mut Dice) -> Floor {
    match dice.below(3) {
        0 => Floor::Fixed(dice.cpm()),
        1 => Floor::PerSecond(dice.cpm()),
        _ => Floor::ByLength { steps: dice.some(step), otherwise: dice.cpm() },
    }
}

fn step(dice: &mut Dice) -> FloorStep {
    let mut bound = || dice.maybe(|dice| Seconds(dice.small(90)));
    FloorStep { min: bound(), max: bound(), floor: dice.cpm() }
}

fn deal(dice: &mut Dice) -> Deal {
    Deal {
        id: DealId::new(dice.text()),
        bidders: dice.some(|dice| BidderId::new(dice.text())),
        seats: dice.some(Dice::shared),
        advertisers: dice.some(Dice::shared),
        pricing: dice.pick(&[Pricing::First, Pricing::Second, Pricing::Fixed]),
        floor: dice.maybe(floor),
        guaranteed: dice.coin(),
        discount_ppm: dice.small(1_000_000),
    }
}

/// An offer whose bidder has what a record keeps of it and no more.
pub(super) fn offer(dice: &mut Dice, id: &BidderId) -> Offer {
    let dialect = dice.pick(&[Dialect::Dynamic, Dialect::Structured]);
    let bidder = Bidder {
        seats: dice.some(|dice| SeatId::new(dice.text())),
        ..Bidder::bare(id.clone(), Arc::from(""), dialect)
    };
    let imps = dice.some(|dice| OfferedImp { id: ImpId::new(dice.text()), part: 0 });
    Offer { bidder: Arc::new(bidder), dialect, imps }
}
