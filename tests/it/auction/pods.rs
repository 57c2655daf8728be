//! A seeded generator of live pods: breaks of sports streams and the bids they draw.

use std::sync::Arc;

use breakwater::model::bid::{Bid, Reply, ReplyOutcome};
use breakwater::model::floor::Floor;
use breakwater::model::ids::{ImpId, SeatId};
use breakwater::model::market::{Dialect, Fit, Lengths};
use breakwater::model::money::{Cpm, Fee, FeeSchedule};
use breakwater::model::plan::{AuctionInput, Chosen, Offer, OfferedImp, Part};
use breakwater::model::reason::CallReason;
use breakwater::model::time::{Millis, Seconds};

use super::build;

/// How large the auctions are, and how often something is special, in percent.
pub(crate) struct Shape {
    pub(crate) bidders: (u64, u64),
    pub(crate) bids: (u64, u64),
    pub(crate) seconds: &'static [u32],
    pub(crate) special: u64,
}

/// Sixty bids of twenty bidders on a minute.
pub(crate) const LIVE: Shape =
    Shape { bidders: (20, 20), bids: (3, 3), seconds: &[60], special: 10 };

/// SplitMix64: tests draw the same auctions on every machine.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `low` to `high`, both included.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// An index into a list of `length`.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(length).unwrap()).unwrap()
    }
}

/// Draws one auction.
pub(crate) fn auction(rng: &mut Rng, shape: &Shape) -> AuctionInput {
    let mut plan = build::plan();
    plan.parts[0] = part(rng, shape, &plan.parts[0]);
    plan.pods[0].seconds = plan.parts[0].seconds;
    plan.terms.fees =
        FeeSchedule::new(vec![Fee { name: "exchange".into(), ppm: 150_000 }]).unwrap();
    let mut replies = Vec::new();
    for number in 0..rng.between(shape.bidders.0, shape.bidders.1) {
        let offer = offer(rng, &plan.parts[0], shape, &format!("bidder-{number}"));
        replies.push(reply(rng, shape, &plan.parts[0], &offer));
        plan.offers.push(offer);
    }
    let chosen = Chosen { asked: (0..plan.offers.len()).collect(), skipped: Vec::new() };
    let seed = u8::try_from(rng.between(0, 255)).unwrap();
    AuctionInput { draw: build::draw(seed), plan, chosen, replies }
}

fn part(rng: &mut Rng, shape: &Shape, plain: &Part) -> Part {
    let seconds = rng.pick(shape.seconds);
    let nominal = u64::from(seconds) * 1000;
    // Half of the breaks are cut by a clock of 29.97 or 59.94 Hz.
    let real = if rng.chance(50) { nominal } else { nominal * 1000 / 1001 };
    let lengths = match rng.between(0, 2) {
        0 => Lengths::Exact([15, 30].map(Seconds).to_vec()),
        1 => Lengths::Exact([6, 10, 15, 20, 30].map(Seconds).to_vec()),
        _ => Lengths::Range { min: Seconds(5), max: Seconds(seconds) },
    };
    Part {
        floor: Floor::Fixed(Cpm::from_micros(2_000_000).unwrap()),
        blocked_advertisers: vec!["blocked.example".into()],
        seconds: Seconds(seconds),
        real: Millis(real),
        max_ads: u16::try_from(rng.between(1, 5)).unwrap(),
        lengths,
        fit: if rng.chance(shape.special) { Fit::Real } else { Fit::Nominal },
        ..plain.clone()
    }
}

fn offer(rng: &mut Rng, part: &Part, shape: &Shape, bidder: &str) -> Offer {
    let structured = rng.chance(shape.special);
    let dialect = if structured { Dialect::Structured } else { Dialect::Dynamic };
    let imps = match dialect {
        Dialect::Dynamic => 1,
        Dialect::Structured => {
            u32::from(part.max_ads).min(part.seconds.0 / part.lengths.shortest().0).max(1)
        }
    };
    Offer {
        bidder: Arc::new(build::bidder(bidder, dialect)),
        dialect,
        imps: (1..=imps)
            .map(|number| OfferedImp { id: ImpId::new(number.to_string()), part: 0 })
            .collect(),
    }
}

fn reply(rng: &mut Rng, shape: &Shape, part: &Part, offer: &Offer) -> Reply {
    let bidder = offer.bidder.id.as_str();
    let bids: Vec<Bid> = (0..rng.between(shape.bids.0, shape.bids.1))
        .map(|number| bid(rng, shape, part, offer, &format!("b{number}")))
        .collect();
    let outcome = match (bids.is_empty(), rng.chance(shape.special)) {
        (false, _) => ReplyOutcome::Bids,
        (true, true) => ReplyOutcome::Nothing(CallReason::Timeout),
        (true, false) => ReplyOutcome::Nothing(CallReason::NoBid),
    };
    build::reply(bidder, outcome, bids)
}

fn bid(rng: &mut Rng, shape: &Shape, part: &Part, offer: &Offer, id: &str) -> Bid {
    let seconds = match &part.lengths {
        Lengths::Exact(lengths) => rng.pick(lengths).0,
        Lengths::Range { min, max } => {
            u32::try_from(rng.between(u64::from(min.0), u64::from(max.0))).unwrap()
        }
    };
    // Round prices tie often; the others never.
    let per_second = if rng.chance(50) { 400_000 } else { rng.between(200_000, 800_000) };
    let price = per_second * u64::from(seconds) / if rng.chance(shape.special) { 2 } else { 1 };
    let mut bid = build::bid(offer.bidder.id.as_str(), id, i64::try_from(price).unwrap(), seconds);
    bid.imp = offer.imps[rng.index(offer.imps.len())].id.clone();
    if rng.chance(shape.special) {
        bid.slot_in_pod = rng.pick(&[1, -1, 2, 1, -1, 2, 0, 9]);
    }
    if rng.chance(shape.special) {
        bid.group = Some(u16::try_from(rng.between(0, 1)).unwrap());
    }
    if rng.chance(shape.special) {
        bid.seat = Some(SeatId::new(rng.pick(&["x", "y"])));
    }
    if let Some(markup) = &mut bid.markup {
        let off = rng.pick(&[0, 0, 0, 15, 30, 480]);
        let length = u64::from(seconds) * 1000;
        markup.duration = rng.pick(&[None, Some(length - off), Some(length + off)]).map(Millis);
    }
    if rng.chance(shape.special / 3) {
        bid.advertisers[0].domain = "shop.blocked.example".into();
    }
    bid
}
