//! Encoding and reading the record of an auction with 10 bidders of 3 bids and 4 winners.

use std::hint::black_box;
use std::sync::Arc;

use breakwater::model::ad_break::{AdBreak, LengthSource};
use breakwater::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use breakwater::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults, Stitching};
use breakwater::model::category::Separation;
use breakwater::model::floor::Floor;
use breakwater::model::ids::{
    AuctionId, BidId, BidderId, BreakId, CreativeId, ImpId, PlacementId, PublisherId, SeatId,
};
use breakwater::model::market::{Bidder, Dialect, Fit, Lengths, Placement, Publisher};
use breakwater::model::money::{Cpm, Currency, Fee, FeeSchedule};
use breakwater::model::outcome::{BidRef, Fate, Outcome, Search, SecondCount, Win};
use breakwater::model::passthrough::{Passthrough, ViewerFacts};
use breakwater::model::plan::{
    AuctionInput, Chosen, Draw, Offer, OfferedImp, Part, Plan, Pod, Terms,
};
use breakwater::model::reason::LossReason;
use breakwater::model::standing::Standing;
use breakwater::model::time::{Millis, Seconds, UnixMillis};
use breakwater::wire::record::ops::Ops;
use breakwater::wire::record::read::read;
use breakwater::wire::record::{Head, auction};
use criterion::{Criterion, criterion_group, criterion_main};

fn record(criterion: &mut Criterion) {
    let (request, input) = (request(), input());
    let outcome = outcome(&input);
    let head = Head {
        node: "n1",
        boot: 1,
        seq: 1_000_000,
        at: UnixMillis(1_793_000_000_123),
        config: Some((2, [0xc0; 32])),
        rates: None,
        build: "0.1.0",
    };
    let ops = Ops { standing: &Standing::default(), stages: &[("fanout", 80_250)] };
    let encode = || auction(&head, &request, &input, &outcome, &ops);
    let payload = encode();
    criterion.bench_function(&format!("encode a record of {} bytes", payload.len()), |bencher| {
        bencher.iter(|| black_box(encode()));
    });
    criterion.bench_function("read a record back to its input", |bencher| {
        bencher.iter(|| read(black_box(&payload)).expect("it is good").auction_input());
    });
}

fn input() -> AuctionInput {
    let fees = vec![Fee { name: Arc::from("exchange"), ppm: 150_000 }];
    let terms = Terms {
        max_cpm: cpm(1_000_000_000),
        fees: FeeSchedule::new(fees).expect("15 % is below 100 %"),
        ..Terms::default()
    };
    let pod = Pod { id: Arc::from("1"), seconds: Seconds(120), ..Pod::default() };
    let part = Part {
        seconds: Seconds(120),
        real: Millis(120_000),
        max_ads: 4,
        floor: Floor::Fixed(cpm(5_000_000)),
        blocked_advertisers: vec![Arc::from("rival.example")],
        protocols: vec![2, 3, 7, 11, 13],
        mimes: vec![Arc::from("video/mp4")],
        secure: true,
        ..Part::default()
    };
    let offers = (0..BIDDERS).map(offer).collect();
    AuctionInput {
        draw: Draw {
            auction: AuctionId::new([7; 16]),
            seed: [1; 16],
            record_key: [2; 32],
            user_salt: [3; 16],
            nonce_key: [4; 32],
        },
        plan: Plan { terms, pods: vec![pod], parts: vec![part], offers, skipped: Vec::new() },
        chosen: Chosen { asked: (0..BIDDERS).collect(), skipped: Vec::new() },
        replies: (0..BIDDERS).map(reply).collect(),
    }
}

fn offer(number: usize) -> Offer {
    let bidder = Bidder {
        id: bidder(number),
        endpoint: Arc::from("https://bid.example/rtb"),
        domains: Vec::new(),
        qps: None,
        dialect: Dialect::Dynamic,
        gzip: false,
        seats: Vec::new(),
        allow_loopback: false,
    };
    Offer {
        bidder: Arc::new(bidder),
        dialect: Dialect::Dynamic,
        imps: vec![OfferedImp { id: ImpId::new("1"), part: 0 }],
    }
}

fn reply(number: usize) -> Reply {
    Reply {
        bidder: bidder(number),
        outcome: ReplyOutcome::Bids,
        sent: true,
        status: Some(200),
        deadline_us: Some(280_000),
        arrived_us: Some(42_000),
        response_sha: Some([9; 32]),
        response_id: None,
        no_bid_reason: None,
        bids: (0..BIDS).map(bid).collect(),
    }
}

fn bid(number: usize) -> Bid {
    let tracking = |event: usize| {
        format!(
            "<Tracking event=\"e{event}\"><![CDATA[https://t.example/{number}/{event}]]></Tracking>"
        )
    };
    let markup: String = (0..40).map(tracking).collect();
    Bid {
        id: BidId::new(format!("bid-{number}-0192f7c2")),
        seat: Some(SeatId::new("seat-1")),
        imp: ImpId::new("1"),
        price: Some(Price { text: Box::from("18.4"), cpm: cpm(18_400_000) }),
        currency: Currency::USD,
        deal: None,
        advertisers: vec![Advertiser {
            domain: Arc::from("shop.brand.example"),
            registrable: Arc::from("brand.example"),
        }],
        creative_id: Some(CreativeId::new("creative-4711")),
        categories: vec![Box::from("IAB2-3")],
        category_taxonomy: 1,
        seconds: Some(Seconds(30)),
        media_type: Some(2),
        protocol: Some(13),
        apis: Vec::new(),
        attributes: Vec::new(),
        language: None,
        bundle: None,
        expires_s: None,
        slot_in_pod: 0,
        group: None,
        size: None,
        markup: Some(MarkupFacts {
            sha: [5; 32],
            defect: None,
            version: Some((4, 2)),
            ads: 1,
            linear: true,
            duration: Some(Millis(30_000)),
            media: vec![[6; 32]; 3],
            media_types: vec![Box::from("video/mp4")],
            universal_ids: vec![(Box::from("ad-id.org"), Box::from("CNPA0484000H"))],
            insecure: false,
            apis: Vec::new(),
        }),
        defect: None,
        creative: Creative { markup: markup.into(), ..Creative::default() },
    }
}

fn outcome(input: &AuctionInput) -> Outcome {
    let win = |number: usize| Win {
        bid: BidRef { reply: number, bid: 0 },
        part: 0,
        sequence: u16::try_from(number + 1).expect("four winners"),
        start: Millis(0),
        length: Millis(30_000),
        seconds: Seconds(30),
        clearing: cpm(18_400_000),
        pay: cpm(18_400_000),
        discount: None,
        min_to_win: None,
        split: input.plan.terms.fees.split(cpm(18_400_000)),
    };
    let fate = |reply: usize, bid: usize| {
        if reply < WINNERS && bid == 0 { Fate::Won(reply) } else { Fate::Lost(LossReason::Outbid) }
    };
    let fates = |reply| (0..BIDS).map(|bid| fate(reply, bid)).collect();
    Outcome {
        wins: (0..WINNERS).map(win).collect(),
        fates: (0..BIDDERS).map(fates).collect(),
        seconds: SecondCount {
            total: Seconds(120),
            sold: Seconds(120),
            house: Seconds(0),
            unfilled: Seconds(0),
        },
        unfilled: Vec::new(),
        house: Vec::new(),
        unmapped: Vec::new(),
        no_fill: None,
        search: Search::Exact,
    }
}

fn request() -> BreakRequest {
    let publisher = Publisher {
        id: PublisherId::new("arena"),
        domain: Arc::from("arena.example"),
        key_hashes: Vec::new(),
        fees: FeeSchedule::default(),
        blocked_advertisers: Vec::new(),
        blocked_categories: Vec::new(),
        gdpr_default: true,
        network_reserve: Millis(20),
    };
    let placement = Placement {
        id: PlacementId::new("arena-1-mid"),
        publisher: publisher.id.clone(),
        floor: Floor::Fixed(cpm(5_000_000)),
        lengths: Lengths::Exact(vec![Seconds(15), Seconds(30)]),
        max_ads: 4,
        default_break: Millis(120_000),
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
    };
    let placement = Arc::new(placement);
    BreakRequest {
        door: Door::Tag,
        request_id: None,
        arrived_at: UnixMillis(1_793_000_000_123),
        publisher: Arc::new(publisher),
        imps: vec![AskedImp::whole(&placement)],
        placement,
        ad_break: AdBreak {
            id: BreakId::new("b-17"),
            weak: false,
            stream: None,
            length: Millis(120_000),
            length_source: LengthSource::Request,
            offset: Millis(0),
            start: None,
            signal: None,
        },
        session: None,
        patience: None,
        stitching: Stitching::Server,
        asked: Asked::default(),
        passthrough: Passthrough::default(),
        viewer: ViewerFacts::default(),
        test: false,
        explain: false,
        sha: [8; 32],
        unbuilt: Vec::new(),
        faults: Faults::default(),
    }
}

fn bidder(number: usize) -> BidderId {
    BidderId::new(format!("bidder-{number}"))
}

fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros).expect("a price is not negative")
}

const BIDDERS: usize = 10;
const BIDS: usize = 3;
const WINNERS: usize = 4;

criterion_group!(benches, record);
criterion_main!(benches);
