//! Values of the model with plain defaults, for cases, the generators and the benches.

use std::sync::Arc;

use breakwater::model::bid::{
    Advertiser, Bid, Creative, MarkupFacts, MediaHash, Price, Reply, ReplyOutcome,
};
use breakwater::model::category::Separation;
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::floor::Floor;
use breakwater::model::ids::{AuctionId, BidId, BidderId, CreativeId, DealId, ImpId};
use breakwater::model::market::{Bidder, Dialect, Fit, Lengths};
use breakwater::model::money::{Cpm, Currency};
use breakwater::model::plan::{
    AuctionInput, Chosen, Draw, Offer, OfferedImp, Part, Place, Plan, Pod, Shape, Terms,
};
use breakwater::model::reason::CallReason;
use breakwater::model::time::{Millis, Seconds};
use sha2::{Digest, Sha256};

pub(crate) fn draw(seed: u8) -> Draw {
    Draw {
        auction: AuctionId::new([1; 16]),
        seed: [seed; 16],
        record_key: [2; 32],
        user_salt: [3; 16],
        nonce_key: [4; 32],
    }
}

/// Terms that refuse nothing.
pub(crate) fn terms() -> Terms {
    Terms { max_cpm: micros(1_000_000_000), ..Terms::default() }
}

/// A 60 s stretch of any lengths that refuses nothing.
pub(crate) fn part() -> Part {
    Part {
        pod: 0,
        shape: Shape::Stretch,
        place: Place::Any,
        seconds: Seconds(60),
        real: Millis(60_000),
        max_ads: 8,
        lengths: Lengths::Range { min: Seconds(1), max: Seconds(900) },
        fit: Fit::Nominal,
        floor: Floor::default(),
        deals: Vec::new(),
        private_auction: false,
        deals_first: false,
        blocked_advertisers: Vec::new(),
        blocked_categories: Vec::new(),
        unmapped_refused: false,
        blocked_attributes: Vec::new(),
        protocols: vec![2, 3, 7, 11, 13],
        apis: Vec::new(),
        mimes: vec!["video/mp4".into()],
        size: None,
        secure: false,
        expires_s: None,
        house: Vec::new(),
    }
}

/// A plan of these pods and parts without bidders; the pods' seconds are those of their parts.
pub(crate) fn plan(terms: Terms, mut pods: Vec<Pod>, parts: Vec<Part>) -> Plan {
    for (index, pod) in pods.iter_mut().enumerate() {
        let own = parts.iter().filter(|part| part.pod == index);
        pod.seconds = Seconds(own.map(|part| part.seconds.0).sum());
    }
    Plan { terms, pods, parts, offers: Vec::new(), skipped: Vec::new() }
}

pub(crate) fn pod(id: &str, separation: Separation) -> Pod {
    Pod { id: id.into(), seconds: Seconds(0), separation }
}

/// An auction of a plan in which every offered bidder was asked.
pub(crate) fn input(seed: u8, plan: Plan, replies: Vec<Reply>) -> AuctionInput {
    let chosen = Chosen { asked: (0..plan.offers.len()).collect(), skipped: Vec::new() };
    AuctionInput { draw: draw(seed), plan, chosen, replies }
}

/// Offers all parts to a bidder: one imp a part, or one a slot in the structured dialect.
pub(crate) fn offer(plan: &Plan, bidder: Bidder) -> Offer {
    let mut imps = Vec::new();
    for (index, part) in plan.parts.iter().enumerate() {
        let slots = match (part.shape, bidder.dialect) {
            (Shape::Slot, _) | (Shape::Stretch, Dialect::Dynamic) => 1,
            (Shape::Stretch, Dialect::Structured) => {
                u32::from(part.max_ads).min(part.seconds.0 / part.lengths.shortest().0)
            }
        };
        for _ in 0..slots {
            let id = ImpId::new((imps.len() + 1).to_string());
            imps.push(OfferedImp { id, part: index });
        }
    }
    Offer { dialect: bidder.dialect, bidder: Arc::new(bidder), imps }
}

pub(crate) fn bidder(id: &str, dialect: Dialect) -> Bidder {
    Bidder::bare(BidderId::new(id), format!("https://{id}.example/bid").into(), dialect)
}

/// A deal for anybody, priced as the auction is, under the part's floor.
pub(crate) fn deal(id: &str) -> Deal {
    Deal {
        id: DealId::new(id),
        bidders: Vec::new(),
        seats: Vec::new(),
        advertisers: Vec::new(),
        pricing: Pricing::First,
        floor: None,
        guaranteed: false,
        discount_ppm: 0,
    }
}

/// Bids that arrived in time, or none by choice.
pub(crate) fn reply(bidder: &str, outcome: ReplyOutcome, bids: Vec<Bid>) -> Reply {
    Reply {
        outcome,
        sent: true,
        bids,
        ..Reply::not_asked(BidderId::new(bidder), CallReason::NoBid)
    }
}

/// A bid that nothing is wrong with, of the bidder's own advertiser, creative and media.
pub(crate) fn bid(bidder: &str, id: &str, micros: i64, seconds: u32) -> Bid {
    Bid {
        id: BidId::new(id),
        seat: None,
        imp: ImpId::new("1"),
        price: Some(price(micros)),
        currency: Currency::USD,
        deal: None,
        advertisers: vec![advertiser(&format!("{bidder}.example"))],
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
        markup: Some(Arc::new(MarkupFacts {
            defect: None,
            version: Some((4, 2)),
            ads: 1,
            linear: true,
            duration: Some(Seconds(seconds).millis()),
            media: vec![hash(&format!("https://{bidder}.example/{id}.mp4"))],
            media_types: vec!["video/mp4".into()],
            universal_ids: Vec::new(),
            insecure: false,
            apis: Vec::new(),
        })),
        defect: None,
        creative: Creative::default(),
    }
}

/// An advertiser; its registrable domain is taken to be its last two labels.
pub(crate) fn advertiser(domain: &str) -> Advertiser {
    let labels: Vec<&str> = domain.split('.').collect();
    let registrable = labels[labels.len().saturating_sub(2)..].join(".");
    Advertiser { domain: domain.into(), registrable: registrable.into() }
}

pub(crate) fn price(value: i64) -> Price {
    let cpm = micros(value);
    Price { text: cpm.to_string().into(), cpm }
}

pub(crate) fn micros(micros: i64) -> Cpm {
    Cpm::from_micros(micros).unwrap()
}

pub(crate) fn hash(text: &str) -> MediaHash {
    let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    *hash.first_chunk().unwrap()
}
