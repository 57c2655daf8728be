//! A sale made by hand: a market, a request, bids and an outcome, as the auction would give them.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use breakwater::model::ad_break::{AdBreak, LengthSource};
use breakwater::model::bid::{Advertiser, Bid, Creative, Price, Reply, ReplyOutcome};
use breakwater::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults, Stitching};
use breakwater::model::category::Separation;
use breakwater::model::deal::Pricing;
use breakwater::model::floor::Floor;
use breakwater::model::ids::{
    AuctionId, BidId, BidderId, BreakId, CreativeId, ImpId, PlacementId, PublisherId, SeatId,
};
use breakwater::model::market::{Bidder, Dialect, Fit, Lengths, Market, Placement, Publisher};
use breakwater::model::money::{Cpm, Currency, Fee, FeeSchedule};
use breakwater::model::outcome::{BidRef, Fate, Outcome, Search, SecondCount, Unfilled, Win};
use breakwater::model::passthrough::{Passthrough, ViewerFacts};
use breakwater::model::plan::{
    AuctionInput, Chosen, Draw, Offer, OfferedImp, Part, Plan, Pod, Terms,
};
use breakwater::model::reason::{CallReason, LossReason, UnfilledReason};
use breakwater::model::time::{Millis, Seconds, UnixMillis};
use breakwater::wire::beacon::Keyring;
use breakwater::wire::sold::{self, Finish, Sold};
use breakwater::wire::vast::read;

/// When the request of every sale here arrived: 2026-11-20T20:15:04Z.
pub(crate) const ARRIVAL: UnixMillis = UnixMillis(1_795_205_704_000);

/// Everything that `wire` is given of one sale.
pub(crate) struct Sale {
    pub(crate) market: Market,
    pub(crate) request: BreakRequest,
    pub(crate) input: AuctionInput,
    pub(crate) outcome: Outcome,
}

impl Sale {
    /// Sells one ad of 15 s per markup, in that order, for 18.40 each; `idle` sent nothing, and
    /// `acme` also lost a bid to the floor.
    pub(crate) fn of(markups: &[&str]) -> Self {
        let market = market();
        let (placement, publisher) = market.placement("arena-1-mid").unwrap();
        let request = request(placement.clone(), publisher.clone());
        let mut bids: Vec<Bid> =
            markups.iter().enumerate().map(|(at, markup)| bid(at, markup)).collect();
        let mut loser = bid(bids.len(), "");
        loser.price = Some(Price { text: "4.99".into(), cpm: cpm(4_990_000) });
        bids.push(loser);
        let wins: Vec<Win> = (0..markups.len()).map(|at| win(at, publisher)).collect();
        let mut fates: Vec<Fate> = (0..wins.len()).map(Fate::Won).collect();
        fates.push(Fate::Lost(LossReason::BelowFloor));
        let silent = Reply { bids: Vec::new(), ..reply("idle", Vec::new()) };
        let sold = Seconds(u32::try_from(wins.len()).unwrap() * 15);
        let unfilled = Seconds(60_u32.saturating_sub(sold.0));
        let outcome = Outcome {
            wins,
            fates: vec![fates, Vec::new()],
            seconds: SecondCount {
                total: Seconds(sold.0 + unfilled.0),
                sold,
                house: Seconds(0),
                unfilled,
            },
            unfilled: Vec::from_iter((unfilled.0 != 0).then_some(Unfilled {
                pod: 0,
                seconds: unfilled,
                reason: UnfilledReason::BelowFloor,
                best: None,
            })),
            house: Vec::new(),
            unmapped: Vec::new(),
            no_fill: None,
            search: Search::Exact,
        };
        let replies = vec![reply("acme", bids), silent];
        let plan = plan(&market, publisher);
        let chosen = Chosen { asked: vec![0, 1], skipped: Vec::new() };
        let input = AuctionInput { draw: draw(), plan, chosen, replies };
        Self { market, request, input, outcome }
    }

    /// Finishes it.
    pub(crate) fn finish(&self) -> Sold {
        let keyring = keyring();
        let terms = Finish { market: &self.market, keyring: &keyring, now: ARRIVAL };
        sold::finish(&self.request, &self.input, &self.outcome, &terms)
    }
}

/// The keys of every sale here.
pub(crate) fn keyring() -> Keyring {
    Keyring::new((7, std::array::from_fn(|at| u8::try_from(at).unwrap())), Vec::new())
}

/// A price in micros.
pub(crate) fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros).unwrap()
}

fn win(at: usize, publisher: &Publisher) -> Win {
    let place = u16::try_from(at).unwrap();
    let clearing = cpm(18_400_000);
    Win {
        bid: BidRef { reply: 0, bid: at },
        part: 0,
        sequence: place + 1,
        start: Millis(u64::from(place) * 15_000),
        length: Millis(15_000),
        seconds: Seconds(15),
        clearing,
        pay: clearing,
        discount: None,
        min_to_win: None,
        tie: None,
        split: publisher.fees.split(clearing),
    }
}

pub(crate) fn reply(bidder: &str, bids: Vec<Bid>) -> Reply {
    let outcome = match bids.is_empty() {
        true => ReplyOutcome::Nothing(CallReason::NoBid),
        false => ReplyOutcome::Bids,
    };
    Reply {
        bidder: BidderId::new(bidder),
        outcome,
        sent: true,
        status: Some(200),
        deadline_us: Some(200_000),
        arrived_us: Some(12_000),
        response_sha: Some([1; 32]),
        response_id: Some("r-1".into()),
        no_bid_reason: None,
        bids,
    }
}

pub(crate) fn bid(at: usize, markup: &str) -> Bid {
    let creative = Creative {
        markup: markup.into(),
        win_url: Some("https://acme.example/win?p=${AUCTION_PRICE}&l=${AUCTION_LOSS}".into()),
        loss_url: Some("https://acme.example/loss?p=${AUCTION_PRICE}&l=${AUCTION_LOSS}".into()),
        ad_id: Some("ad 1".into()),
        campaign: Some("camp-1".into()),
        ..Creative::default()
    };
    Bid {
        id: BidId::new(format!("b{}", at + 1)),
        seat: Some(SeatId::new("a1")),
        imp: ImpId::new("1"),
        price: Some(Price { text: "18.4".into(), cpm: cpm(18_400_000) }),
        currency: Currency::USD,
        deal: None,
        advertisers: vec![Advertiser {
            domain: "acme.example".into(),
            registrable: "acme.example".into(),
        }],
        creative_id: Some(CreativeId::new(format!("c-{}", at + 1))),
        categories: vec!["IAB17".into()],
        category_taxonomy: 1,
        seconds: Some(Seconds(15)),
        media_type: Some(2),
        protocol: Some(7),
        apis: Vec::new(),
        attributes: Vec::new(),
        language: None,
        bundle: None,
        expires_s: None,
        slot_in_pod: 0,
        group: None,
        size: Some((1920, 1080)),
        markup: Some(Arc::new(read::facts(markup))),
        defect: None,
        creative,
    }
}

fn market() -> Market {
    let fee = Fee { name: "exchange".into(), ppm: 150_000 };
    let publisher = Publisher {
        id: PublisherId::new("pub-1"),
        domain: "arena.example".into(),
        key_hashes: Vec::new(),
        fees: FeeSchedule::new(vec![fee]).unwrap(),
        blocked_advertisers: Vec::new(),
        blocked_categories: Vec::new(),
        gdpr_default: true,
        network_reserve: Millis(20),
        weight: NonZeroU32::MIN,
    };
    let placement = Placement {
        mimes: vec!["video/mp4".into()],
        ..placement("arena-1-mid", publisher.id.as_str())
    };
    Market {
        domain: "breakwater.example".into(),
        node: "n1".into(),
        currency: Currency::USD,
        pricing: Pricing::First,
        max_cpm: cpm(1_000_000_000),
        rates: Vec::new(),
        public_url: "https://ads.breakwater.example".into(),
        own_reserve: Millis(10),
        publishers: BTreeMap::from([(publisher.id.clone(), Arc::new(publisher))]),
        placements: BTreeMap::from([(placement.id.clone(), Arc::new(placement))]),
        bidders: vec![Arc::new(bidder("acme")), Arc::new(bidder("idle"))],
        snapshot: Arc::from(&b"{}"[..]),
    }
}

/// Returns a placement of 15 and 30 s ads with a floor of 5.00 and nothing out of the ordinary.
pub(crate) fn placement(id: &str, publisher: &str) -> Placement {
    Placement {
        id: PlacementId::new(id),
        publisher: PublisherId::new(publisher),
        floor: Floor::Fixed(Cpm::from_micros(5_000_000).expect("it is in range")),
        lengths: Lengths::Exact(vec![Seconds(15), Seconds(30)]),
        max_ads: 8,
        default_break: Millis(60_000),
        fit: Fit::Nominal,
        mimes: vec!["video/mp4".into(), "application/x-mpegURL".into()],
        tmax: Millis(250),
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

/// A bidder whose notices may go to `<id>.example`.
pub(crate) fn bidder(id: &str) -> Bidder {
    let endpoint = format!("https://bid.{id}.example/openrtb2").into();
    Bidder {
        domains: vec![format!("{id}.example").into()],
        ..Bidder::bare(BidderId::new(id), endpoint, Dialect::Dynamic)
    }
}

fn plan(market: &Market, publisher: &Publisher) -> Plan {
    let offer = |bidder: &Arc<Bidder>| Offer {
        bidder: bidder.clone(),
        dialect: Dialect::Dynamic,
        imps: vec![OfferedImp { id: ImpId::new("1"), part: 0 }],
    };
    let terms = Terms { max_cpm: market.max_cpm, fees: publisher.fees.clone(), ..Terms::default() };
    let pod = Pod { id: "brk-42".into(), seconds: Seconds(60), ..Pod::default() };
    let part = Part {
        seconds: Seconds(60),
        real: Millis(60_000),
        max_ads: 8,
        floor: Floor::Fixed(cpm(5_000_000)),
        protocols: vec![2, 3, 7, 11, 13],
        mimes: vec!["video/mp4".into()],
        ..Part::default()
    };
    let offers = market.bidders.iter().map(offer).collect();
    Plan { terms, pods: vec![pod], parts: vec![part], offers, skipped: Vec::new() }
}

fn draw() -> Draw {
    Draw {
        auction: AuctionId::parse("auc_018f3c2e9a7b7c4d8e5f001122334455").unwrap(),
        seed: [0; 16],
        record_key: [0; 32],
        user_salt: [0; 16],
        nonce_key: [9; 32],
    }
}

fn request(placement: Arc<Placement>, publisher: Arc<Publisher>) -> BreakRequest {
    BreakRequest {
        door: Door::Tag,
        request_id: None,
        arrived_at: ARRIVAL,
        publisher,
        imps: vec![AskedImp::whole(&placement)],
        placement,
        ad_break: AdBreak {
            id: BreakId::new("brk-42"),
            weak: false,
            stream: None,
            length: Millis(60_000),
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
        sha: [0; 32],
        unbuilt: Vec::new(),
        faults: Faults::default(),
    }
}
