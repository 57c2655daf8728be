//! Auctions with all that their records hold: drawn, decided, no two alike.
//!
//! Bids are those of `pods::live`; ids, hashes, times and markup are drawn as they come from real
//! bidders, since a record packs no better than what it must keep.

use std::fmt::Write;
use std::num::NonZeroU32;
use std::sync::Arc;

use breakwater::auction::decide::decide;
use breakwater::model::ad_break::{AdBreak, LengthSource};
use breakwater::model::bid::{Bid, Creative, Reply};
use breakwater::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults, Stitching};
use breakwater::model::category::Separation;
use breakwater::model::floor::Floor;
use breakwater::model::ids::{
    AuctionId, BidId, BreakId, PlacementId, PublisherId, SeatId, StreamId,
};
use breakwater::model::market::{Fit, Lengths, Placement, Publisher};
use breakwater::model::money::{Cpm, Fee, FeeSchedule};
use breakwater::model::outcome::Outcome;
use breakwater::model::passthrough::{Passthrough, ViewerFacts};
use breakwater::model::plan::{AuctionInput, Draw};
use breakwater::model::standing::{BidderStanding, Brownout, Standing};
use breakwater::model::time::{Millis, Seconds, UnixMillis};
use breakwater::wire::record::ops::Ops;
use breakwater::wire::record::{Head, auction};

use super::build;
use super::pods::{self, Size};
use super::rng::Rng;

/// One auction.
pub(crate) struct Sale {
    pub(crate) request: BreakRequest,
    pub(crate) input: AuctionInput,
    pub(crate) outcome: Outcome,
    standing: Standing,
    stages: Vec<(&'static str, u64)>,
    number: u64,
}

impl Sale {
    /// Draws and decides an auction; markup is as long as it must be for a response of 1.3 KB.
    pub(crate) fn drawn(number: u64, size: Size) -> Self {
        let mut rng = Rng::new(number);
        let mut input = pods::live(&mut rng, size);
        let fees = vec![Fee { name: Arc::from("exchange"), ppm: 150_000 }];
        input.plan.terms.fees = FeeSchedule::new(fees).expect("15 % is below 100 %");
        input.plan.parts[0].secure = true;
        input.plan.parts[0].blocked_advertisers =
            ["rival.example", "wager.example"].map(Arc::from).to_vec();
        let time = (FIRST + number * 37).to_be_bytes();
        let mut id = bytes::<16>(&mut rng);
        id[..6].copy_from_slice(&time[2..]);
        input.draw = Draw {
            auction: AuctionId::new(id),
            seed: bytes(&mut rng),
            record_key: bytes(&mut rng),
            user_salt: bytes(&mut rng),
            nonce_key: bytes(&mut rng),
        };
        for reply in &mut input.replies {
            answer(&mut rng, reply);
        }
        let outcome = decide(&input);
        let standing = |reply: &Reply| BidderStanding::free(reply.bidder.clone());
        let bidders = input.replies.iter().map(standing).collect();
        let standing = Standing { bidders, brownout: Brownout::All };
        let stage = |name| (name, rng.between(20, 900));
        let stages = ["read", "plan", "encode", "wait", "decide"].map(stage).to_vec();
        Self { request: request(number), input, outcome, standing, stages, number }
    }

    /// Takes the markup out of all bids.
    pub(crate) fn strip(&mut self) {
        let bids = self.input.replies.iter_mut().flat_map(|reply| &mut reply.bids);
        bids.for_each(|bid| bid.creative = Creative::default());
    }

    /// Returns the payload of its record.
    pub(crate) fn record(&self) -> Vec<u8> {
        let head = Head {
            node: "edge-1",
            boot: 12,
            seq: self.number,
            at: self.request.arrived_at,
            config: Some((41, [0xc0; 32])),
            rates: None,
            build: "breakwater 0.1.0",
        };
        let ops = Ops { standing: &self.standing, stages: &self.stages };
        auction(&head, &self.request, &self.input, &self.outcome, &ops)
    }
}

/// Fills in what a real answer brings.
fn answer(rng: &mut Rng, reply: &mut Reply) {
    reply.status = Some(200);
    reply.deadline_us = Some(rng.between(276_000, 278_000));
    reply.arrived_us = Some(rng.between(30_000, 180_000));
    reply.response_sha = Some(bytes(rng));
    reply.response_id = Some(hex(&bytes::<8>(rng)).into());
    for bid in &mut reply.bids {
        let file = format!("{}-{:?}", bid.advertisers[0].domain, bid.seconds);
        let facts = Arc::make_mut(bid.markup.as_mut().expect("each has some"));
        facts.media = vec![build::hash(&file)];
        bid.id = BidId::new(hex(&bytes::<8>(rng)));
        bid.seat = Some(SeatId::new(format!("seat-{}", rng.between(1, 4))));
        bid.creative = Creative { markup: vast(rng, bid).into(), ..Creative::default() };
    }
}

/// Returns a VAST document of an advertiser's creative: most of it is the same each time it is sold.
fn vast(rng: &mut Rng, bid: &Bid) -> String {
    let brand = &bid.advertisers[0].domain;
    let sold = hex(&bytes::<8>(rng));
    let mut text = format!(
        "<VAST version=\"4.2\"><Ad id=\"{}\"><InLine><AdSystem>dsp</AdSystem><Impression>\
         <![CDATA[https://t.example/i?x={sold}&p=${{AUCTION_PRICE}}]]></Impression><Creatives>\
         <Creative><Linear><Duration>00:00:30</Duration><TrackingEvents>",
        bid.id
    );
    for event in ["start", "firstQuartile", "midpoint", "thirdQuartile", "complete"] {
        write!(
            text,
            "<Tracking event=\"{event}\"><![CDATA[https://t.example/e?x={sold}&e={event}]]>\
             </Tracking>"
        )
        .expect("a string takes all");
    }
    write!(
        text,
        "</TrackingEvents><MediaFiles><MediaFile type=\"video/mp4\" width=\"1920\" height=\"1080\" \
         delivery=\"progressive\"><![CDATA[https://cdn.{brand}/30s.mp4]]></MediaFile></MediaFiles>\
         </Linear></Creative></Creatives></InLine></Ad></VAST>"
    )
    .expect("a string takes all");
    text
}

fn request(number: u64) -> BreakRequest {
    let mut rng = Rng::new(number ^ 0x5eed);
    let placement = Arc::new(placement());
    let length = Millis(60_000);
    BreakRequest {
        door: Door::Tag,
        request_id: None,
        arrived_at: UnixMillis(FIRST + number * 37),
        publisher: Arc::new(publisher()),
        imps: vec![AskedImp::whole(&placement)],
        placement,
        ad_break: AdBreak {
            id: BreakId::new(format!("match-7-{}", number / 500)),
            weak: false,
            stream: Some(StreamId::new("match-7")),
            length,
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
        viewer: ViewerFacts {
            network: Some(format!("198.51.{}.0/24", rng.between(0, 255)).into()),
            country: Some("DEU".into()),
            device_type: Some(3),
            gdpr: Some(true),
            ..ViewerFacts::default()
        },
        test: false,
        explain: false,
        sha: bytes(&mut rng),
        unbuilt: Vec::new(),
        faults: Faults::default(),
    }
}

fn publisher() -> Publisher {
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

fn placement() -> Placement {
    Placement {
        id: PlacementId::new("arena-1-mid"),
        publisher: PublisherId::new("arena"),
        floor: Floor::Fixed(Cpm::ZERO),
        lengths: Lengths::Exact(vec![Seconds(15), Seconds(30)]),
        max_ads: 4,
        default_break: Millis(120_000),
        fit: Fit::Nominal,
        mimes: vec![Arc::from("video/mp4")],
        tmax: Millis(300),
        unwrap: false,
        house: Vec::new(),
        price_in_markup: true,
        blocked_advertisers: Vec::new(),
        blocked_categories: Vec::new(),
        unmapped_refused: false,
        separation: Separation::default(),
        deals_first: false,
        private_auction: false,
        deals: Vec::new(),
    }
}

/// Draws bytes that do not pack.
fn bytes<const N: usize>(rng: &mut Rng) -> [u8; N] {
    std::array::from_fn(|_| u8::try_from(rng.between(0, 255)).expect("it is at most 255"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// When the first auction arrives.
const FIRST: u64 = 1_793_000_000_123;
