//! Auctions to record, drawn from a seed.

use std::sync::Arc;

use crate::model::ad_break::{AdBreak, BreakSignal, LengthSource};
use crate::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use crate::model::break_request::{BreakRequest, Door};
use crate::model::ids::{
    AuctionId, BidId, BidderId, BreakId, CreativeId, DealId, ImpId, SeatId, StreamId,
};
use crate::model::money::Cpm;
use crate::model::outcome::{
    BidRef, Discount, Fate, HousePlay, Outcome, Search, SecondCount, TieBreak, Unfilled, Win,
};
use crate::model::passthrough::ViewerFacts;
use crate::model::plan::{AuctionInput, Chosen, Draw, Plan};
use crate::model::reason::{CallReason, LossReason, NoFillReason, UnfilledReason};
use crate::model::standing::{BidderStanding, Brownout, Health, Quota, Standing};
use crate::model::time::{Millis, Seconds, UnixMillis};
use crate::wire::record::Head;
use crate::wire::record::ops::Ops;
use crate::wire::record::tests::dice::Dice;
use crate::wire::record::tests::fixed::fixed;
use crate::wire::record::tests::sample::plan::{offer, part, pod, terms};

mod plan;

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
