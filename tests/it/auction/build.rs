//! Values of the model with plain defaults, for cases, the generator and the bench.

use std::sync::Arc;

use breakwater::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use breakwater::model::ids::{AuctionId, BidId, BidderId, CreativeId, ImpId};
use breakwater::model::market::{Bidder, Dialect, Fit, Lengths};
use breakwater::model::money::{Cpm, Currency, FeeSchedule};
use breakwater::model::plan::{Draw, Pod, Terms};
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

/// Terms of a 60 s pod of any lengths and number that refuse nothing.
pub(crate) fn terms() -> Terms {
    Terms {
        currency: Currency::USD,
        floor: Cpm::ZERO,
        max_cpm: Cpm::from_micros(1_000_000_000).unwrap(),
        pod: Pod {
            id: "brk-1".into(),
            seconds: Seconds(60),
            real: Millis(60_000),
            max_ads: 8,
            lengths: Lengths::Range { min: Seconds(1), max: Seconds(900) },
            fit: Fit::Nominal,
        },
        fees: FeeSchedule::default(),
        blocked_advertisers: Vec::new(),
        blocked_apps: Vec::new(),
        blocked_attributes: Vec::new(),
        allowed_seats: Vec::new(),
        blocked_seats: Vec::new(),
        languages: Vec::new(),
        protocols: vec![2, 3, 7, 11, 13],
        apis: Vec::new(),
        mimes: vec!["video/mp4".into()],
        size: None,
        secure: false,
    }
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
