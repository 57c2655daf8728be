//! The auction of the golden record.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::model::ad_break::{AdBreak, BreakSignal, LengthSource};
use crate::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use crate::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults, Stitching};
use crate::model::category::Separation;
use crate::model::floor::Floor;
use crate::model::ids::{
    AuctionId, BidId, BidderId, BreakId, CreativeId, ImpId, PlacementId, PublisherId, SeatId,
    StreamId,
};
use crate::model::market::{Bidder, Dialect, Fit, Lengths, Placement, Publisher};
use crate::model::money::{Cpm, Currency, Fee, FeeSchedule};
use crate::model::outcome::{BidRef, Fate, Outcome, Search, SecondCount, Unfilled, Win};
use crate::model::passthrough::{Passthrough, ViewerFacts};
use crate::model::plan::{AuctionInput, Chosen, Draw, Offer, OfferedImp, Part, Plan, Pod, Terms};
use crate::model::rates::Rate;
use crate::model::reason::{CallReason, LossReason, UnfilledReason};
use crate::model::standing::{BidderStanding, Brownout, Quota, Standing};
use crate::model::time::{Millis, Seconds, UnixMillis};
use crate::wire::record::tests::sample::Sample;

/// Returns the auction of the golden record.
pub(crate) fn fixed() -> Sample {
    let terms = fixed_terms();
    let offers =
        vec![fixed_offer("acme", Dialect::Dynamic), fixed_offer("zenith", Dialect::Structured)];
    let skipped = vec![(BidderId::new("nobody"), CallReason::SkippedMedia)];
    let clearing = Cpm::from_micros(18_400_000).unwrap();
    let win = Win {
        bid: BidRef { reply: 0, bid: 0 },
        part: 0,
        sequence: 1,
        start: Millis(0),
        length: Millis(30_000),
        seconds: Seconds(30),
        clearing,
        pay: clearing,
        discount: None,
        min_to_win: Cpm::from_micros(5_000_000),
        tie: None,
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
        plan: Plan { terms, pods: vec![fixed_pod()], parts: vec![fixed_part()], offers, skipped },
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
        unfilled: vec![Unfilled {
            pod: 0,
            seconds: Seconds(30),
            reason: UnfilledReason::BelowFloor,
            best: Some(BidRef { reply: 0, bid: 1 }),
        }],
        house: Vec::new(),
        unmapped: Vec::new(),
        no_fill: None,
        search: Search::Exact,
    };
    let standing = [("acme", Quota::Free), ("zenith", Quota::Exhausted)];
    let standing = standing.map(|(bidder, quota)| BidderStanding {
        quota,
        ..BidderStanding::free(BidderId::new(bidder))
    });
    let standing = Standing { bidders: standing.to_vec(), brownout: Brownout::All };
    Sample { request: fixed_request(), input, outcome, standing }
}

fn fixed_terms() -> Terms {
    let fees = vec![Fee { name: Arc::from("exchange"), ppm: 150_000 }];
    Terms {
        max_cpm: Cpm::from_micros(1_000_000_000).unwrap(),
        fees: FeeSchedule::new(fees).unwrap(),
        currencies: vec![eur()],
        rates: vec![Rate { from: eur(), e12: 1_083_500_000_000 }],
        ..Terms::default()
    }
}

fn fixed_pod() -> Pod {
    let separation = Separation { creative: true, ..Separation::default() };
    Pod { id: Arc::from("1"), seconds: Seconds(60), separation }
}

fn eur() -> Currency {
    Currency::new("EUR").unwrap()
}

fn fixed_part() -> Part {
    Part {
        seconds: Seconds(60),
        real: Millis(59_940),
        max_ads: 4,
        floor: Floor::Fixed(Cpm::from_micros(5_000_000).unwrap()),
        blocked_advertisers: vec![Arc::from("rival.example")],
        protocols: vec![2, 3, 7, 11, 13],
        mimes: vec![Arc::from("video/mp4")],
        size: Some((1920, 1080)),
        secure: true,
        ..Part::default()
    }
}

fn fixed_offer(id: &str, dialect: Dialect) -> Offer {
    let bidder = Bidder {
        seats: vec![SeatId::new("a1")],
        ..Bidder::bare(BidderId::new(id), Arc::from(""), dialect)
    };
    Offer {
        bidder: Arc::new(bidder),
        dialect,
        imps: vec![OfferedImp { id: ImpId::new("1"), part: 0 }],
    }
}

fn fixed_replies() -> Vec<Reply> {
    let nothing = |id: &str, reason| Reply::not_asked(BidderId::new(id), reason);
    let acme = Reply {
        outcome: ReplyOutcome::Bids,
        sent: true,
        status: Some(200),
        deadline_us: Some(300_000),
        arrived_us: Some(42_137),
        response_sha: Some([0x11; 32]),
        response_id: Some(Box::from("r-77")),
        bids: vec![
            fixed_bid("b1", "18.4", 18_400_000),
            Bid { currency: eur(), ..fixed_bid("b2", "2.01", 2_010_000) },
        ],
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
        markup: Some(Arc::new(MarkupFacts {
            defect: None,
            version: Some((4, 2)),
            ads: 1,
            linear: true,
            duration: Some(Millis(30_000)),
            media: vec![[0x33; 8]],
            media_types: vec![Box::from("video/mp4")],
            universal_ids: vec![(Box::from("ad-id.org"), Box::from("CNPA0484000H"))],
            insecure: false,
            apis: Vec::new(),
        })),
        defect: None,
        creative: Creative {
            markup: format!("<VAST version=\"4.2\">{}</VAST>", tracking.repeat(20)).into(),
            ..Creative::default()
        },
    }
}

fn fixed_request() -> BreakRequest {
    let (publisher, placement) = (fixed_publisher(), fixed_placement());
    let placement = Arc::new(placement);
    BreakRequest {
        door: Door::Tag,
        request_id: None,
        arrived_at: UnixMillis(1_793_000_000_000),
        publisher: Arc::new(publisher),
        imps: vec![AskedImp::whole(&placement)],
        placement,
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

fn fixed_publisher() -> Publisher {
    Publisher {
        id: PublisherId::new("arena"),
        domain: Arc::from("arena.example"),
        key_hashes: Vec::new(),
        fees: FeeSchedule::default(),
        blocked_advertisers: Vec::new(),
        blocked_categories: Vec::new(),
        gdpr_default: true,
        network_reserve: Millis(20),
        weight: NonZeroU32::MIN,
    }
}

fn fixed_placement() -> Placement {
    Placement {
        id: PlacementId::new("arena-1-mid"),
        publisher: PublisherId::new("arena"),
        floor: Floor::Fixed(Cpm::from_micros(5_000_000).unwrap()),
        lengths: Lengths::Exact(vec![Seconds(15), Seconds(30)]),
        max_ads: 4,
        default_break: Millis(60_000),
        fit: Fit::Nominal,
        mimes: vec![Arc::from("video/mp4")],
        tmax: Millis(300),
        price_in_markup: true,
        unwrap: false,
        blocked_advertisers: Vec::new(),
        blocked_categories: Vec::new(),
        unmapped_refused: false,
        separation: Separation::default(),
        deals_first: false,
        private_auction: false,
        deals: Vec::new(),
        house: Vec::new(),
    }
}
