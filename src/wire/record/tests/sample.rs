//! Auctions to record: one that is fixed, and any number drawn from a seed.

use std::sync::Arc;

use crate::model::ad_break::{AdBreak, BreakSignal, LengthSource};
use crate::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use crate::model::break_request::{Asked, BreakRequest, Door, Faults, Stitching};
use crate::model::ids::{
    AuctionId, BidId, BidderId, BreakId, CreativeId, DealId, ImpId, PlacementId, PublisherId,
    SeatId, StreamId,
};
use crate::model::market::{Bidder, Dialect, Fit, Lengths, Placement, Publisher};
use crate::model::money::{Cpm, Currency, Fee, FeeSchedule};
use crate::model::outcome::{BidRef, Fate, Outcome, Search, SecondCount, Win};
use crate::model::passthrough::{Passthrough, ViewerFacts};
use crate::model::plan::{AuctionInput, Chosen, Draw, Offer, Plan, Pod, Terms};
use crate::model::reason::{CallReason, LossReason, NoFillReason, UnfilledReason};
use crate::model::standing::{BidderStanding, Quota, Standing};
use crate::model::time::{Millis, Seconds, UnixMillis};
use crate::wire::record::Head;
use crate::wire::record::ops::Ops;

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
    let mut plan = Plan { terms, offers: Vec::new(), skipped: Vec::new() };
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
    let quota = |dice: &mut Dice| if dice.coin() { Quota::Free } else { Quota::Exhausted };
    let standing =
        dice.some(|dice| BidderStanding { bidder: BidderId::new(dice.text()), quota: quota(dice) });
    let request = request(&mut dice);
    Sample { request, input, outcome, standing: Standing { bidders: standing } }
}

fn terms(dice: &mut Dice) -> Terms {
    let fees = dice.some(|dice| Fee { name: dice.shared(), ppm: dice.small(300_000) });
    let lengths = if dice.coin() {
        Lengths::Range { min: Seconds(1 + dice.small(9)), max: Seconds(10 + dice.small(90)) }
    } else {
        Lengths::Exact(vec![Seconds(1 + dice.small(15)), Seconds(30)])
    };
    Terms {
        currency: dice.currency(),
        floor: dice.cpm(),
        max_cpm: dice.cpm(),
        pod: Pod {
            id: dice.shared(),
            seconds: Seconds(dice.small(901)),
            real: Millis(dice.number()),
            max_ads: u16::try_from(dice.below(65_536)).unwrap(),
            lengths,
            fit: dice.pick(&[Fit::Nominal, Fit::Real]),
        },
        fees: FeeSchedule::new(fees).unwrap(),
        blocked_advertisers: dice.some(Dice::shared),
        blocked_apps: dice.some(Dice::shared),
        blocked_attributes: dice.some(Dice::code),
        allowed_seats: dice.some(Dice::shared),
        blocked_seats: dice.some(Dice::shared),
        languages: dice.some(Dice::shared),
        protocols: dice.some(Dice::code),
        apis: dice.some(Dice::code),
        mimes: dice.some(Dice::shared),
        size: dice.maybe(|dice| (dice.small(4000), dice.small(4000))),
        secure: dice.coin(),
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
        dialect,
        gzip: false,
        seats: dice.some(|dice| SeatId::new(dice.text())),
        allow_loopback: false,
    };
    let imps = dice.some(|dice| ImpId::new(dice.text()));
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
        price: dice.maybe(|dice| Price { text: dice.boxed(), cpm: dice.cpm() }),
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
        markup: dice.maybe(markup),
        defect: dice.maybe(|dice| dice.pick(LossReason::ALL)),
        creative: Creative {
            markup: dice.text().repeat(dice.below(300)).into(),
            ..Creative::default()
        },
    }
}

fn markup(dice: &mut Dice) -> MarkupFacts {
    MarkupFacts {
        sha: dice.bytes(),
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
    Outcome {
        wins,
        fates,
        seconds: SecondCount {
            total: Seconds(dice.small(900)),
            sold: Seconds(dice.small(900)),
            house: Seconds(dice.small(900)),
            unfilled: Seconds(dice.small(900)),
        },
        unfilled: dice.some(|dice| (Seconds(1 + dice.small(90)), dice.pick(UnfilledReason::ALL))),
        no_fill: dice.maybe(|dice| dice.pick(NoFillReason::ALL)),
        search: dice.pick(&[Search::Exact, Search::Bounded]),
    }
}

fn win(dice: &mut Dice, input: &AuctionInput, bid: BidRef, sequence: usize) -> Win {
    let clearing = dice.cpm();
    Win {
        bid,
        sequence: u16::try_from(sequence).unwrap(),
        start: Millis(dice.number()),
        length: Millis(dice.number()),
        seconds: Seconds(dice.small(90)),
        clearing,
        pay: dice.cpm(),
        split: input.plan.terms.fees.split(clearing),
    }
}

fn request(dice: &mut Dice) -> BreakRequest {
    let mut request = fixed().request;
    request.door = dice.pick(&[Door::Tag, Door::Native, Door::OpenRtb]);
    request.request_id = dice.maybe(Dice::shared);
    request.imp_id = dice.maybe(Dice::shared);
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

/// Returns the auction of the golden record.
pub(crate) fn fixed() -> Sample {
    let fees = vec![Fee { name: Arc::from("exchange"), ppm: 150_000 }];
    let terms = Terms {
        currency: Currency::USD,
        floor: Cpm::from_micros(5_000_000).unwrap(),
        max_cpm: Cpm::from_micros(1_000_000_000).unwrap(),
        pod: Pod {
            id: Arc::from("1"),
            seconds: Seconds(60),
            real: Millis(59_940),
            max_ads: 4,
            lengths: Lengths::Exact(vec![Seconds(15), Seconds(30)]),
            fit: Fit::Nominal,
        },
        fees: FeeSchedule::new(fees).unwrap(),
        blocked_advertisers: vec![Arc::from("rival.example")],
        blocked_apps: Vec::new(),
        blocked_attributes: Vec::new(),
        allowed_seats: Vec::new(),
        blocked_seats: Vec::new(),
        languages: Vec::new(),
        protocols: vec![2, 3, 7, 11, 13],
        apis: Vec::new(),
        mimes: vec![Arc::from("video/mp4")],
        size: Some((1920, 1080)),
        secure: true,
    };
    let offers =
        vec![fixed_offer("acme", Dialect::Dynamic), fixed_offer("zenith", Dialect::Structured)];
    let skipped = vec![(BidderId::new("nobody"), CallReason::SkippedMedia)];
    let clearing = Cpm::from_micros(18_400_000).unwrap();
    let win = Win {
        bid: BidRef { reply: 0, bid: 0 },
        sequence: 1,
        start: Millis(0),
        length: Millis(30_000),
        seconds: Seconds(30),
        clearing,
        pay: clearing,
        split: terms.fees.split(clearing),
    };
    let input = AuctionInput {
        draw: Draw {
            auction: AuctionId::parse("auc_0192f7c2000070008000000000000001").unwrap(),
            seed: [0x5e; 16],
            record_key: std::array::from_fn(|index| u8::try_from(index).unwrap()),
            user_salt: [0xa5; 16],
            nonce_key: [0; 32],
        },
        plan: Plan { terms, offers, skipped },
        chosen: Chosen { asked: vec![0], skipped: vec![(1, CallReason::SkippedQps)] },
        replies: fixed_replies(),
    };
    let outcome = Outcome {
        wins: vec![win],
        fates: vec![vec![Fate::Won(0), Fate::Lost(LossReason::BelowFloor)], vec![], vec![]],
        seconds: SecondCount {
            total: Seconds(60),
            sold: Seconds(30),
            house: Seconds(0),
            unfilled: Seconds(30),
        },
        unfilled: vec![(Seconds(30), UnfilledReason::BelowFloor)],
        no_fill: None,
        search: Search::Exact,
    };
    let standing = [("acme", Quota::Free), ("zenith", Quota::Exhausted)];
    let standing = standing
        .map(|(bidder, quota)| BidderStanding { bidder: BidderId::new(bidder), quota })
        .to_vec();
    let standing = Standing { bidders: standing };
    Sample { request: fixed_request(), input, outcome, standing }
}

fn fixed_offer(id: &str, dialect: Dialect) -> Offer {
    let bidder = Bidder {
        id: BidderId::new(id),
        endpoint: Arc::from(""),
        domains: Vec::new(),
        qps: None,
        dialect,
        gzip: false,
        seats: vec![SeatId::new("a1")],
        allow_loopback: false,
    };
    Offer { bidder: Arc::new(bidder), dialect, imps: vec![ImpId::new("1")] }
}

fn fixed_replies() -> Vec<Reply> {
    let nothing = |id: &str, reason| Reply {
        bidder: BidderId::new(id),
        outcome: ReplyOutcome::Nothing(reason),
        sent: false,
        status: None,
        deadline_us: None,
        arrived_us: None,
        response_sha: None,
        response_id: None,
        no_bid_reason: None,
        bids: Vec::new(),
    };
    let acme = Reply {
        outcome: ReplyOutcome::Bids,
        sent: true,
        status: Some(200),
        deadline_us: Some(300_000),
        arrived_us: Some(42_137),
        response_sha: Some([0x11; 32]),
        response_id: Some(Box::from("r-77")),
        bids: vec![fixed_bid("b1", "18.4", 18_400_000), fixed_bid("b2", "2.01", 2_010_000)],
        ..nothing("acme", CallReason::NoBid)
    };
    vec![
        acme,
        nothing("zenith", CallReason::SkippedQps),
        nothing("nobody", CallReason::SkippedMedia),
    ]
}

fn fixed_bid(id: &str, price: &str, micros: i64) -> Bid {
    let tracking = "<Tracking event=\"start\"><![CDATA[https://t.acme.example/s]]></Tracking>";
    Bid {
        id: BidId::new(id),
        seat: Some(SeatId::new("a1")),
        imp: ImpId::new("1"),
        price: Some(Price { text: price.into(), cpm: Cpm::from_micros(micros).unwrap() }),
        currency: Currency::USD,
        deal: None,
        advertisers: vec![Advertiser {
            domain: Arc::from("shop.brand.example"),
            registrable: Arc::from("brand.example"),
        }],
        creative_id: Some(CreativeId::new("cr-1")),
        categories: vec![Box::from("IAB2-3")],
        category_taxonomy: 1,
        seconds: Some(Seconds(30)),
        media_type: Some(2),
        protocol: Some(13),
        apis: vec![7],
        attributes: Vec::new(),
        language: Some(Box::from("en")),
        bundle: None,
        expires_s: Some(3600),
        slot_in_pod: 0,
        group: None,
        size: Some((1920, 1080)),
        markup: Some(MarkupFacts {
            sha: [0x22; 32],
            defect: None,
            version: Some((4, 2)),
            ads: 1,
            linear: true,
            duration: Some(Millis(30_000)),
            media: vec![[0x33; 32]],
            media_types: vec![Box::from("video/mp4")],
            universal_ids: vec![(Box::from("ad-id.org"), Box::from("CNPA0484000H"))],
            insecure: false,
            apis: Vec::new(),
        }),
        defect: None,
        creative: Creative {
            markup: format!("<VAST version=\"4.2\">{}</VAST>", tracking.repeat(20)).into(),
            ..Creative::default()
        },
    }
}

fn fixed_request() -> BreakRequest {
    let publisher = Publisher {
        id: PublisherId::new("arena"),
        domain: Arc::from("arena.example"),
        key_hashes: Vec::new(),
        fees: FeeSchedule::default(),
        blocked_advertisers: Vec::new(),
        gdpr_default: true,
        network_reserve: Millis(20),
    };
    let placement = Placement {
        id: PlacementId::new("arena-1-mid"),
        publisher: publisher.id.clone(),
        floor: Cpm::from_micros(5_000_000).unwrap(),
        lengths: Lengths::Exact(vec![Seconds(15), Seconds(30)]),
        max_ads: 4,
        default_break: Millis(60_000),
        fit: Fit::Nominal,
        mimes: vec![Arc::from("video/mp4")],
        tmax: Millis(300),
        price_in_markup: true,
        blocked_advertisers: Vec::new(),
    };
    BreakRequest {
        door: Door::Tag,
        request_id: None,
        imp_id: None,
        publisher: Arc::new(publisher),
        placement: Arc::new(placement),
        ad_break: AdBreak {
            id: BreakId::new("4294967295"),
            weak: false,
            stream: Some(StreamId::new("arena-1")),
            length: Millis(59_940),
            length_source: LengthSource::Signal,
            offset: Millis(0),
            start: Some(UnixMillis(1_793_000_004_000)),
            signal: Some(BreakSignal {
                event_id: u32::MAX,
                type_id: Some(0x34),
                upid: Some(Box::from("urn:x:1")),
            }),
        },
        session: None,
        patience: None,
        stitching: Stitching::Server,
        asked: Asked::default(),
        passthrough: Passthrough {
            schain: Some(Box::from("{\"complete\":1}")),
            ..Passthrough::default()
        },
        viewer: ViewerFacts {
            network: Some(Box::from("192.0.2.0/24")),
            country: Some(Box::from("DEU")),
            device_type: Some(3),
            gdpr: Some(true),
            coppa: Some(false),
            ..ViewerFacts::default()
        },
        test: false,
        explain: false,
        sha: [0x44; 32],
        unbuilt: Vec::new(),
        faults: Faults::default(),
    }
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
