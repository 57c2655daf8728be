//! Auctions to record, drawn from a seed.

use std::sync::Arc;

use crate::model::ad_break::{AdBreak, BreakSignal, LengthSource};
use crate::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use crate::model::break_request::{BreakRequest, Door};
use crate::model::category::{Category, Separation};
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::{Floor, FloorStep};
use crate::model::house::HouseAd;
use crate::model::ids::{
    AuctionId, BidId, BidderId, BreakId, CreativeId, DealId, ImpId, SeatId, StreamId,
};
use crate::model::market::{Bidder, Dialect, Fit, Lengths};
use crate::model::money::{Cpm, Currency, Fee, FeeSchedule};
use crate::model::outcome::{
    BidRef, Discount, Fate, HousePlay, Outcome, Search, SecondCount, TieBreak, Unfilled, Win,
};
use crate::model::passthrough::ViewerFacts;
use crate::model::plan::{
    AuctionInput, Chosen, Draw, Offer, OfferedImp, Part, Place, Plan, Pod, Shape, Terms,
};
use crate::model::rates::Rate;
use crate::model::reason::{CallReason, LossReason, NoFillReason, UnfilledReason};
use crate::model::standing::{BidderStanding, Brownout, Health, Quota, Standing};
use crate::model::time::{Millis, Seconds, UnixMillis};
use crate::wire::record::Head;
use crate::wire::record::ops::Ops;
use crate::wire::record::tests::fixed::fixed;

/// One auction with all that its record is made of.
pub(crate) struct Sample {
    pub(crate) request: BreakRequest,
    pub(crate) input: AuctionInput,
    pub(crate) outcome: Outcome,
    pub(crate) standing: Standing,
}

impl Sample {
    /// Returns the payload of its record.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let ops = Ops { standing: &self.standing, stages: &[("intake", 41), ("fanout", 80_250)] };
        crate::wire::record::auction(&head(), &self.request, &self.input, &self.outcome, &ops)
    }
}

/// The head of every sample.
pub(crate) fn head() -> Head<'static> {
    Head {
        node: "n1",
        boot: 3,
        seq: 17,
        at: UnixMillis(1_793_000_000_123),
        config: Some((2, [0xc0; 32])),
        rates: None,
        build: "0.1.0+test",
    }
}

/// Draws numbers and what is made of them.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn small(&mut self, bound: usize) -> u32 {
        u32::try_from(self.below(bound)).unwrap()
    }

    fn code(&mut self) -> i32 {
        i32::try_from(self.below(40)).unwrap() - 8
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.coin() { Some(draw(self)) } else { None }
    }

    fn some<T>(&mut self, draw: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| draw(self)).collect()
    }

    fn text(&mut self) -> &'static str {
        TEXTS[self.below(TEXTS.len())]
    }

    fn shared(&mut self) -> Arc<str> {
        Arc::from(self.text())
    }

    fn boxed(&mut self) -> Box<str> {
        Box::from(self.text())
    }

    fn cpm(&mut self) -> Cpm {
        Cpm::from_micros(i64::try_from(self.number() >> self.below(60).max(1)).unwrap()).unwrap()
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.number().to_le_bytes()[0])
    }

    fn currency(&mut self) -> Currency {
        Currency::new(["USD", "EUR", "GBP"][self.below(3)]).unwrap()
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Returns an auction drawn from a seed: every field varies, none of it makes sense.
pub(crate) fn drawn(seed: u64) -> Sample {
    let mut dice = Dice::new(seed);
    let terms = terms(&mut dice);
    let parts = vec![part(&mut dice, 0)];
    let pods = vec![pod(&mut dice, &parts)];
    let mut plan = Plan { terms, pods, parts, offers: Vec::new(), skipped: Vec::new() };
    let mut replies = Vec::new();
    let mut chosen = Chosen::default();
    for number in 0..dice.below(6) {
        let id = BidderId::new(format!("{}{number}", ["b", "Acme-", "z.x_", "ü"][dice.below(4)]));
        let offered = dice.below(4) != 0;
        if offered {
            let index = plan.offers.len();
            plan.offers.push(offer(&mut dice, &id));
            if dice.coin() {
                chosen.asked.push(index);
            } else {
                chosen.skipped.push((index, dice.pick(CallReason::ALL)));
            }
        } else {
            plan.skipped.push((id.clone(), dice.pick(CallReason::ALL)));
        }
        let place = dice.below(replies.len() + 1);
        replies.insert(place, reply(&mut dice, &id));
    }
    let draw = Draw {
        auction: AuctionId::new(dice.bytes()),
        seed: dice.bytes(),
        record_key: dice.bytes(),
        user_salt: dice.bytes(),
        nonce_key: dice.bytes(),
    };
    let input = AuctionInput { draw, plan, chosen, replies };
    let outcome = outcome(&mut dice, &input);
    let bidders = dice.some(|dice| BidderStanding {
        bidder: BidderId::new(dice.text()),
        quota: dice.pick(&[Quota::Free, Quota::Exhausted]),
        health: dice.pick(&[Health::Good, Health::Throttled, Health::Open]),
        value: u64::from(dice.small(usize::MAX >> 33)) << 30,
        explored: dice.coin(),
    });
    let standing = Standing { bidders, brownout: dice.pick(Brownout::ALL) };
    let request = request(&mut dice);
    Sample { request, input, outcome, standing }
}

fn terms(dice: &mut Dice) -> Terms {
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

fn pod(dice: &mut Dice, parts: &[Part]) -> Pod {
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

fn part(dice: &mut Dice, pod: usize) -> Part {
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
fn offer(dice: &mut Dice, id: &BidderId) -> Offer {
    let dialect = dice.pick(&[Dialect::Dynamic, Dialect::Structured]);
    let bidder = Bidder {
        id: id.clone(),
        endpoint: Arc::from(""),
        domains: Vec::new(),
        qps: None,
        in_flight: 0,
        http2: false,
        dialect,
        gzip: false,
        seats: dice.some(|dice| SeatId::new(dice.text())),
        allow_loopback: false,
    };
    let imps = dice.some(|dice| OfferedImp { id: ImpId::new(dice.text()), part: 0 });
    Offer { bidder: Arc::new(bidder), dialect, imps }
}

fn reply(dice: &mut Dice, id: &BidderId) -> Reply {
    let bids = dice.some(bid);
    let reason = dice.pick(CallReason::ALL);
    Reply {
        bidder: id.clone(),
        outcome: if dice.coin() { ReplyOutcome::Bids } else { ReplyOutcome::Nothing(reason) },
        sent: dice.coin(),
        status: dice.maybe(|dice| u16::try_from(dice.below(65_536)).unwrap()),
        deadline_us: dice.maybe(Dice::number),
        arrived_us: dice.maybe(Dice::number),
        response_sha: dice.maybe(Dice::bytes),
        response_id: dice.maybe(Dice::boxed),
        no_bid_reason: dice.maybe(Dice::code),
        bids,
    }
}

fn bid(dice: &mut Dice) -> Bid {
    Bid {
        id: BidId::new(dice.text()),
        seat: dice.maybe(|dice| SeatId::new(dice.text())),
        imp: ImpId::new(dice.text()),
        price: dice.maybe(|dice| {
            // No price of a bid is above 10^15 micros.
            let micros = dice.cpm().micros() % 1_000_000_000_000_000;
            let cpm = Cpm::from_micros(micros).expect("a remainder of what is not negative");
            Price { text: cpm.to_string().into(), cpm }
        }),
        currency: dice.currency(),
        deal: dice.maybe(|dice| DealId::new(dice.text())),
        advertisers: dice
            .some(|dice| Advertiser { domain: dice.shared(), registrable: dice.shared() }),
        creative_id: dice.maybe(|dice| CreativeId::new(dice.text())),
        categories: dice.some(Dice::boxed),
        category_taxonomy: dice.code(),
        seconds: dice.maybe(|dice| Seconds(dice.small(400))),
        media_type: dice.maybe(Dice::code),
        protocol: dice.maybe(Dice::code),
        apis: dice.some(Dice::code),
        attributes: dice.some(Dice::code),
        language: dice.maybe(Dice::boxed),
        bundle: dice.maybe(Dice::boxed),
        expires_s: dice.maybe(|dice| dice.small(100_000)),
        slot_in_pod: dice.code(),
        group: dice.maybe(|dice| u16::try_from(dice.below(16)).unwrap()),
        size: dice.maybe(|dice| (dice.small(4000), dice.small(4000))),
        markup: dice.maybe(markup).map(Arc::new),
        defect: dice.maybe(|dice| dice.pick(LossReason::ALL)),
        creative: Creative {
            markup: dice.text().repeat(dice.below(300)).into(),
            ..Creative::default()
        },
    }
}

fn markup(dice: &mut Dice) -> MarkupFacts {
    MarkupFacts {
        defect: dice.maybe(|dice| dice.pick(LossReason::ALL)),
        version: dice.maybe(|_| (4, 2)),
        ads: u16::try_from(dice.below(3)).unwrap(),
        linear: dice.coin(),
        duration: dice.maybe(|dice| Millis(dice.number())),
        media: dice.some(Dice::bytes),
        media_types: dice.some(Dice::boxed),
        universal_ids: dice.some(|dice| (dice.boxed(), dice.boxed())),
        insecure: dice.coin(),
        apis: dice.some(Dice::code),
    }
}

/// Gives each bid a fate; who wins is left to the dice.
fn outcome(dice: &mut Dice, input: &AuctionInput) -> Outcome {
    let mut wins = Vec::new();
    let mut fates = Vec::new();
    for (reply, answer) in input.replies.iter().enumerate() {
        let mut own = Vec::new();
        for bid in 0..answer.bids.len() {
            if dice.below(3) == 0 {
                own.push(Fate::Won(wins.len()));
                wins.push(win(dice, input, BidRef { reply, bid }, wins.len() + 1));
            } else {
                own.push(Fate::Lost(dice.pick(LossReason::ALL)));
            }
        }
        fates.push(own);
    }
    let play = |ad: usize| HousePlay {
        part: 0,
        ad,
        sequence: u16::try_from(dice.below(65_536)).unwrap(),
        start: Millis(dice.number()),
        since: dice.pick(UnfilledReason::ALL),
    };
    let plays = (0..input.plan.parts[0].house.len()).map(play).collect();
    Outcome {
        wins,
        fates,
        seconds: SecondCount {
            total: Seconds(dice.small(900)),
            sold: Seconds(dice.small(900)),
            house: Seconds(dice.small(900)),
            unfilled: Seconds(dice.small(900)),
        },
        unfilled: dice.some(|dice| Unfilled {
            pod: 0,
            seconds: Seconds(1 + dice.small(90)),
            reason: dice.pick(UnfilledReason::ALL),
            best: None,
        }),
        house: plays,
        unmapped: Vec::new(),
        no_fill: dice.maybe(|dice| dice.pick(NoFillReason::ALL)),
        search: dice.pick(&[Search::Exact, Search::Bounded]),
    }
}

fn win(dice: &mut Dice, input: &AuctionInput, bid: BidRef, sequence: usize) -> Win {
    let clearing = dice.cpm();
    Win {
        bid,
        part: 0,
        sequence: u16::try_from(sequence).unwrap(),
        start: Millis(dice.number()),
        length: Millis(dice.number()),
        seconds: Seconds(dice.small(90)),
        clearing,
        pay: dice.cpm(),
        discount: dice.maybe(|dice| Discount { ppm: dice.small(1_000_000), off: dice.cpm() }),
        min_to_win: dice.maybe(Dice::cpm),
        tie: dice.maybe(|dice| dice.pick(&[TieBreak::Seconds, TieBreak::Ads, TieBreak::Keys])),
        split: input.plan.terms.fees.split(clearing),
    }
}

fn request(dice: &mut Dice) -> BreakRequest {
    let mut request = fixed().request;
    request.door = dice.pick(&[Door::Tag, Door::Native, Door::OpenRtb]);
    request.request_id = dice.maybe(Dice::shared);
    request.imps[0].id = dice.maybe(Dice::shared);
    request.test = dice.coin();
    request.sha = dice.bytes();
    request.passthrough.schain = dice.maybe(Dice::boxed);
    request.ad_break = AdBreak {
        id: BreakId::new(dice.text()),
        weak: dice.coin(),
        stream: dice.maybe(|dice| StreamId::new(dice.text())),
        length: Millis(dice.number()),
        length_source: dice.pick(&[
            LengthSource::Signal,
            LengthSource::Request,
            LengthSource::Default,
        ]),
        offset: Millis(dice.number()),
        start: dice.maybe(|dice| UnixMillis(dice.number())),
        signal: dice.maybe(|dice| BreakSignal {
            event_id: dice.small(1 << 30),
            type_id: dice.maybe(|_| 0x34),
            upid: dice.maybe(Dice::boxed),
        }),
    };
    request.viewer = ViewerFacts {
        network: dice.maybe(Dice::boxed),
        country: dice.maybe(Dice::boxed),
        device_type: dice.maybe(|dice| dice.small(8)),
        gdpr: dice.maybe(Dice::coin),
        coppa: dice.maybe(Dice::coin),
        lmt: dice.maybe(Dice::coin),
        gpc: dice.maybe(Dice::coin),
        us_opt_out: dice.maybe(Dice::coin),
    };
    request
}

/// Texts that JSON writers disagree on, among plain ones.
const TEXTS: &[&str] = &[
    "",
    "1",
    "a1",
    "brand.example",
    "Zürich",
    "😀\u{fb33}€",
    "\u{0}\u{8}\u{b}\u{c}\u{1f}\u{7f}\u{80}\u{2028}",
    "\"\\/\n\r\t",
    "line\nfeed",
    "</script>&amp;",
];
