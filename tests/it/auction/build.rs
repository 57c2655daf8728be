//! Values of the model with plain defaults, for cases, the generator and the bench.

use std::sync::Arc;

use breakwater::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use breakwater::model::ids::{AuctionId, BidId, BidderId, CreativeId, ImpId};
use breakwater::model::market::{Bidder, Dialect, Lengths};
use breakwater::model::money::{Cpm, Currency};
use breakwater::model::plan::{Draw, Part, Plan, Pod, Terms};
use breakwater::model::time::{Millis, Seconds};

pub(crate) fn draw(seed: u8) -> Draw {
    Draw {
        auction: AuctionId::new([1; 16]),
        seed: [seed; 16],
        record_key: [2; 32],
        user_salt: [3; 16],
        nonce_key: [4; 32],
    }
}

/// A plan of one 60 s stretch of any lengths and number that refuses nothing.
pub(crate) fn plan() -> Plan {
    let terms = Terms { max_cpm: Cpm::from_micros(1_000_000_000).unwrap(), ..Terms::default() };
    let pod = Pod { id: "brk-1".into(), seconds: Seconds(60), ..Pod::default() };
    let part = Part {
        seconds: Seconds(60),
        real: Millis(60_000),
        max_ads: 8,
        lengths: Lengths::Range { min: Seconds(1), max: Seconds(900) },
        protocols: vec![2, 3, 7, 11, 13],
        mimes: vec!["video/mp4".into()],
        ..Part::default()
    };
    Plan { terms, pods: vec![pod], parts: vec![part], offers: Vec::new(), skipped: Vec::new() }
}

pub(crate) fn bidder(id: &str, dialect: Dialect) -> Bidder {
    Bidder {
        id: BidderId::new(id),
        endpoint: format!("https://{id}.example/bid").into(),
        domains: Vec::new(),
        qps: None,
        dialect,
        gzip: false,
        seats: Vec::new(),
        allow_loopback: false,
    }
}

/// Bids that arrived in time, or none by choice.
pub(crate) fn reply(bidder: &str, outcome: ReplyOutcome, bids: Vec<Bid>) -> Reply {
    Reply {
        bidder: BidderId::new(bidder),
        outcome,
        sent: true,
        status: None,
        deadline_us: None,
        arrived_us: None,
        response_sha: None,
        response_id: None,
        no_bid_reason: None,
        bids,
    }
}

/// A bid that nothing is wrong with.
pub(crate) fn bid(bidder: &str, id: &str, micros: i64, seconds: u32) -> Bid {
    let domain: Arc<str> = format!("{bidder}.example").into();
    let cpm = Cpm::from_micros(micros).unwrap();
    Bid {
        id: BidId::new(id),
        seat: None,
        imp: ImpId::new("1"),
        price: Some(Price { text: cpm.to_string().into(), cpm }),
        currency: Currency::USD,
        deal: None,
        advertisers: vec![Advertiser { registrable: Arc::clone(&domain), domain }],
        creative_id: Some(CreativeId::new(format!("creative-{id}"))),
        categories: Vec::new(),
        category_taxonomy: 1,
        seconds: Some(Seconds(seconds)),
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
            sha: [0; 32],
            defect: None,
            version: Some((4, 2)),
            ads: 1,
            linear: true,
            duration: Some(Seconds(seconds).millis()),
            media: vec![[0; 32]],
            media_types: vec!["video/mp4".into()],
            universal_ids: Vec::new(),
            insecure: false,
            apis: Vec::new(),
        }),
        defect: None,
        creative: Creative::default(),
    }
}
