//! A rich auction made by hand: two pods in three parts, deals, a foreign currency, every silence.

use std::sync::Arc;

use breakwater::model::bid::{Advertiser, Bid, Price, Reply, ReplyOutcome};
use breakwater::model::break_request::{AskedImp, Door};
use breakwater::model::category::{Category, Separation};
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::floor::{Floor, FloorStep};
use breakwater::model::ids::{BidId, BidderId, DealId, ImpId, PlacementId, SeatId, StreamId};
use breakwater::model::insight::{Insight, Reckoned};
use breakwater::model::market::{Dialect, Lengths};
use breakwater::model::money::{Cpm, Currency, Fee, FeeSchedule};
use breakwater::model::outcome::{
    BidRef, Discount, Fate, Outcome, Search, SecondCount, TieBreak, Unfilled, Win,
};
use breakwater::model::plan::{Offer, OfferedImp, Part, Place, Pod, Shape, Terms};
use breakwater::model::rates::Rate;
use breakwater::model::reason::{CallReason, LossReason, UnfilledReason};
use breakwater::model::time::{Millis, Seconds};

use crate::sale::{Sale, bid, bidder, cpm, reply};

/// Returns the auction, and what `auction::insight` would say of it; each winner's markup is
/// `markup`.
pub(crate) fn rich(markup: &str) -> (Sale, Insight) {
    let mut sale = Sale::of(&[]);
    asked(&mut sale);
    planned(&mut sale);
    let euro = Currency::new("EUR").unwrap();
    let mut acme = vec![
        offer("b1", "mid", "40", cpm(40_000_000), 30, "acme.example"),
        offer("b2", "last", "10", cpm(10_000_000), 15, "acme.example"),
        offer("b3", "mid", "9.5", cpm(9_500_000), 15, "acme.example"),
    ];
    acme[0].deal = Some(DealId::new("PG-9"));
    acme[1].deal = Some(DealId::new("PD-3"));
    let mut zenith = vec![
        offer("z1", "mid", "9.1", cpm(9_100_000), 15, "zenith.example"),
        offer("z2", "mid", "8", cpm(8_000_000), 15, "other.example"),
    ];
    for bid in &mut zenith {
        bid.seat = Some(SeatId::new("z"));
        bid.currency = euro;
    }
    let mut low = vec![
        offer("l1", "mid", "9.86622", cpm(9_866_220), 15, "low.example"),
        offer("l2", "next", "4.99", cpm(4_990_000), 30, "low.example"),
        offer("l3", "nowhere", "30", cpm(30_000_000), 15, "low.example"),
    ];
    low[1].seat = None;
    for bid in acme.iter_mut().chain(&mut zenith) {
        bid.creative.markup = markup.into();
    }
    let silent = |id: &str, reason| Reply {
        outcome: ReplyOutcome::Nothing(reason),
        ..reply(id, Vec::new())
    };
    let unasked = |id: &str, reason| Reply {
        sent: false,
        status: None,
        deadline_us: None,
        arrived_us: None,
        response_sha: None,
        response_id: None,
        ..silent(id, reason)
    };
    let slow = Reply { status: None, arrived_us: None, ..silent("slow", CallReason::Timeout) };
    let mute = Reply { no_bid_reason: Some(8), ..silent("mute", CallReason::NoBid) };
    sale.input.replies = vec![
        reply("acme", acme),
        reply("zenith", zenith),
        reply("low", low),
        mute,
        slow,
        unasked("paused", CallReason::SkippedQps),
        unasked("barred", CallReason::SkippedMarket),
    ];
    sale.outcome = outcome(&sale.input.plan.terms.fees);
    let insight = insight(&sale);
    (sale, insight)
}

fn asked(sale: &mut Sale) {
    let request = &mut sale.request;
    request.door = Door::OpenRtb;
    request.request_id = Some("req-7".into());
    request.ad_break.stream = Some(StreamId::new("arena-1"));
    request.ad_break.length = Millis(90_000);
    request.ad_break.offset = Millis(0);
    let mut second = (*request.placement).clone();
    second.id = PlacementId::new("arena-1-end");
    second.price_in_markup = false;
    let second = Arc::new(second);
    let imp = |id: &str, placement: &Arc<_>, pod: &str, seconds| AskedImp {
        id: Some(id.into()),
        pod: Some(pod.into()),
        seconds: Some(Seconds(seconds)),
        ..AskedImp::whole(placement)
    };
    let last = imp("last", &second, "brk-42", 15);
    request.imps = vec![
        imp("mid", &request.placement, "brk-42", 45),
        AskedImp { shape: Shape::Slot, place: Place::Last, ..last },
        imp("next", &request.placement, "brk-43", 30),
    ];
}

fn planned(sale: &mut Sale) {
    let plan = &mut sale.input.plan;
    let fee = |name: &str, ppm| Fee { name: name.into(), ppm };
    plan.terms = Terms {
        currencies: vec![Currency::new("EUR").unwrap()],
        rates: vec![Rate { from: Currency::new("EUR").unwrap(), e12: 1_084_200_000_000 }],
        pricing: Pricing::Second,
        fees: FeeSchedule::new(vec![fee("exchange", 150_000), fee("data", 25_000)]).unwrap(),
        ..plan.terms.clone()
    };
    let gambling = Category { taxonomy: 1, id: "IAB26".into() };
    let separation = Separation {
        advertiser: true,
        creative: true,
        exclusive: vec![gambling],
        ..Separation::default()
    };
    let pod = |id: &str, seconds| Pod {
        id: id.into(),
        seconds: Seconds(seconds),
        separation: separation.clone(),
    };
    plan.pods = vec![pod("brk-42", 60), pod("brk-43", 30)];
    let (fixed, discounted) = deals();
    let steps = vec![FloorStep { min: None, max: Some(Seconds(15)), floor: cpm(5_000_000) }];
    plan.parts = vec![
        Part {
            seconds: Seconds(45),
            real: Millis(45_000),
            floor: Floor::ByLength { steps, otherwise: cpm(9_000_000) },
            deals: vec![Arc::new(fixed)],
            deals_first: true,
            ..plan.parts[0].clone()
        },
        Part {
            shape: Shape::Slot,
            place: Place::Last,
            seconds: Seconds(15),
            real: Millis(15_000),
            max_ads: 1,
            lengths: Lengths::Exact(vec![Seconds(15)]),
            deals: vec![Arc::new(discounted)],
            ..plan.parts[0].clone()
        },
        Part {
            pod: 1,
            seconds: Seconds(30),
            real: Millis(30_000),
            lengths: Lengths::Range { min: Seconds(10), max: Seconds(30) },
            floor: Floor::PerSecond(cpm(400_000)),
            ..plan.parts[0].clone()
        },
    ];
    offered(sale);
}

/// The terms of a deal at a fixed price, and of one with a discount.
fn deals() -> (Deal, Deal) {
    let deal = |id: &str, pricing| Deal {
        id: DealId::new(id),
        bidders: vec![BidderId::new("acme")],
        seats: vec!["a1".into()],
        advertisers: Vec::new(),
        pricing,
        floor: None,
        guaranteed: false,
        discount_ppm: 0,
    };
    let fixed = Deal {
        floor: Some(Floor::Fixed(cpm(22_000_000))),
        guaranteed: true,
        advertisers: vec!["acme.example".into()],
        ..deal("PG-9", Pricing::Fixed)
    };
    let discounted = Deal { discount_ppm: 200_000, ..deal("PD-3", Pricing::First) };
    (fixed, discounted)
}

/// Shows all imps to five bidders, one to `mute`, none to `barred`; `paused` is not asked.
fn offered(sale: &mut Sale) {
    let plan = &mut sale.input.plan;
    let imps: Vec<OfferedImp> = ["mid", "last", "next"]
        .iter()
        .enumerate()
        .map(|(part, id)| OfferedImp { id: ImpId::new(*id), part })
        .collect();
    let offer = |id: &&str| Offer {
        bidder: Arc::new(bidder(id)),
        dialect: Dialect::Dynamic,
        imps: imps.clone(),
    };
    plan.offers = ["acme", "zenith", "low", "mute", "slow", "paused"].iter().map(offer).collect();
    plan.offers[3].imps.truncate(1);
    plan.skipped = vec![(BidderId::new("barred"), CallReason::SkippedMarket)];
    sale.input.chosen.asked = vec![0, 1, 2, 3, 4];
    sale.input.chosen.skipped = vec![(5, CallReason::SkippedQps)];
}

fn offer(id: &str, imp: &str, text: &str, price: Cpm, seconds: u32, advertiser: &str) -> Bid {
    let mut bid = bid(0, "");
    bid.id = BidId::new(id);
    bid.imp = ImpId::new(imp);
    bid.price = Some(Price { text: text.into(), cpm: price });
    bid.seconds = Some(Seconds(seconds));
    bid.advertisers =
        vec![Advertiser { domain: advertiser.into(), registrable: advertiser.into() }];
    bid.creative.loss_url =
        Some("https://acme.example/l?c=${AUCTION_LOSS}&m=${AUCTION_MIN_TO_WIN}".into());
    bid
}

/// Three ads in the first pod, none in the second.
fn outcome(fees: &FeeSchedule) -> Outcome {
    let win = |reply, bid, part, start, seconds: u32, clearing| Win {
        bid: BidRef { reply, bid },
        part,
        sequence: 0,
        start: Millis(start),
        length: Seconds(seconds).millis(),
        seconds: Seconds(seconds),
        clearing: cpm(clearing),
        pay: cpm(clearing),
        discount: None,
        min_to_win: None,
        tie: None,
        split: fees.split(cpm(clearing)),
    };
    let mut wins = vec![
        win(0, 0, 0, 0, 30, 22_000_000),
        win(1, 0, 0, 30_000, 15, 9_866_220),
        win(0, 1, 1, 45_000, 15, 8_000_000),
    ];
    for (place, win) in (1..).zip(&mut wins) {
        win.sequence = place;
    }
    wins[0].min_to_win = Some(cpm(22_000_000));
    (wins[1].pay, wins[1].min_to_win) = (cpm(9_100_000), Some(cpm(9_100_000)));
    wins[1].tie = Some(TieBreak::Keys);
    wins[2].discount = Some(Discount { ppm: 200_000, off: cpm(2_000_000) });
    wins[2].min_to_win = Some(cpm(6_250_000));
    let lost = Fate::Lost;
    Outcome {
        wins,
        fates: vec![
            vec![Fate::Won(0), Fate::Won(2), lost(LossReason::Separation)],
            vec![Fate::Won(1), lost(LossReason::Outbid)],
            vec![
                lost(LossReason::Outbid),
                lost(LossReason::BelowFloor),
                lost(LossReason::UnknownImp),
            ],
            Vec::new(),
            Vec::new(),
            Vec::new(),
            Vec::new(),
        ],
        seconds: SecondCount {
            total: Seconds(90),
            sold: Seconds(60),
            house: Seconds(0),
            unfilled: Seconds(30),
        },
        unfilled: vec![Unfilled {
            pod: 1,
            seconds: Seconds(30),
            reason: UnfilledReason::BelowFloor,
            best: Some(BidRef { reply: 2, bid: 1 }),
        }],
        house: Vec::new(),
        unmapped: vec![BidRef { reply: 1, bid: 1 }],
        no_fill: None,
        search: Search::Exact,
    }
}

fn insight(sale: &Sale) -> Insight {
    let reckoned = |part, deal, offered, counted, floor| Reckoned {
        part: Some(part),
        deal,
        offered: Some(cpm(offered)),
        counted: Some(cpm(counted)),
        floor: Some(cpm(floor)),
        labels: vec![Some("Personal Finance")],
    };
    let nowhere = Reckoned { labels: vec![None], ..Reckoned::default() };
    let silent = sale.input.replies.len() - 3;
    let none = std::iter::repeat_n(Vec::new(), silent);
    Insight {
        reckoned: [
            vec![
                reckoned(0, Some(0), 40_000_000, 22_000_000, 22_000_000),
                reckoned(1, Some(0), 8_000_000, 8_000_000, 5_000_000),
                reckoned(0, None, 9_500_000, 9_500_000, 5_000_000),
            ],
            vec![
                reckoned(0, None, 9_866_220, 9_866_220, 5_000_000),
                reckoned(0, None, 8_673_600, 8_673_600, 5_000_000),
            ],
            vec![
                reckoned(0, None, 9_866_220, 9_866_220, 5_000_000),
                reckoned(2, None, 4_990_000, 4_990_000, 12_000_000),
                nowhere,
            ],
        ]
        .into_iter()
        .chain(none)
        .collect(),
        minimums: vec![
            vec![None, None, None],
            vec![None, Some(cpm(9_100_000))],
            vec![Some(cpm(9_866_220)), None, None],
        ],
    }
}
