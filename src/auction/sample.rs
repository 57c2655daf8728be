//! Small auctions for the tests of this module.

use std::sync::Arc;

use crate::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::Floor;
use crate::model::ids::{AuctionId, BidId, BidderId, CreativeId, DealId, ImpId};
use crate::model::market::{Bidder, Dialect, Lengths};
use crate::model::money::{Cpm, Currency};
use crate::model::plan::{
    AuctionInput, Chosen, Draw, Offer, OfferedImp, Part, Place, Plan, Pod, Shape, Terms,
};
use crate::model::reason::CallReason;
use crate::model::time::{Millis, Seconds};

/// A stretch of these seconds of a pod, with room for eight ads.
pub(super) fn stretch(pod: usize, seconds: u32) -> Part {
    Part {
        pod,
        seconds: Seconds(seconds),
        real: Seconds(seconds).millis(),
        max_ads: 8,
        lengths: Lengths::Range { min: Seconds(1), max: Seconds(900) },
        protocols: vec![13],
        ..Part::default()
    }
}

/// The slot of one ad of up to these seconds.
pub(super) fn slot(pod: usize, seconds: u32, place: Place) -> Part {
    Part { shape: Shape::Slot, place, max_ads: 1, ..stretch(pod, seconds) }
}

/// An auction of these parts, for dollars at first price; nobody is asked yet.
pub(super) fn auction(parts: Vec<Part>) -> AuctionInput {
    let pods = parts.iter().map(|part| part.pod).max().map_or(0, |last| last + 1);
    let pod = |pod: usize| {
        let own = parts.iter().filter(|part| part.pod == pod);
        let seconds = Seconds(own.map(|part| part.seconds.0).sum());
        Pod { id: format!("pod-{pod}").into(), seconds, ..Pod::default() }
    };
    let pods = (0..pods).map(pod).collect();
    let terms = Terms { max_cpm: cpm(1_000_000_000), ..Terms::default() };
    AuctionInput {
        draw: Draw {
            auction: AuctionId::new([1; 16]),
            seed: [0; 16],
            record_key: [2; 32],
            user_salt: [3; 16],
            nonce_key: [4; 32],
        },
        plan: Plan { terms, pods, parts, offers: Vec::new(), skipped: Vec::new() },
        chosen: Chosen::default(),
        replies: Vec::new(),
    }
}

/// Asks a bidder for all parts, imp `1` the first, and takes its bids; none is a timeout.
pub(super) fn ask(input: &mut AuctionInput, bidder: &str, bids: Vec<Bid>) {
    let parts = 0..input.plan.parts.len();
    let imp = |part: usize| OfferedImp { id: ImpId::new((part + 1).to_string()), part };
    input.chosen.asked.push(input.plan.offers.len());
    let id = BidderId::new(bidder);
    input.plan.offers.push(Offer {
        bidder: Arc::new(Bidder::bare(
            id.clone(),
            "https://bidder.example/".into(),
            Dialect::Dynamic,
        )),
        dialect: Dialect::Dynamic,
        imps: parts.map(imp).collect(),
    });
    input.replies.push(Reply {
        outcome: match bids.is_empty() {
            true => ReplyOutcome::Nothing(CallReason::Timeout),
            false => ReplyOutcome::Bids,
        },
        sent: true,
        bids,
        ..Reply::not_asked(id, CallReason::Timeout)
    });
}

/// A bid for an imp, in dollars; its advertiser is named after it.
pub(super) fn bid(id: &str, imp: usize, micros: i64, seconds: u32) -> Bid {
    let domain: Arc<str> = format!("{id}.example").into();
    Bid {
        id: BidId::new(id),
        seat: None,
        imp: ImpId::new(imp.to_string()),
        price: Some(Price { text: cpm(micros).to_string().into(), cpm: cpm(micros) }),
        currency: Currency::USD,
        deal: None,
        advertisers: vec![Advertiser { registrable: Arc::clone(&domain), domain }],
        creative_id: Some(CreativeId::new(id)),
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
            duration: Some(Millis(u64::from(seconds) * 1000)),
            media: Vec::new(),
            media_types: Vec::new(),
            universal_ids: Vec::new(),
            insecure: false,
            apis: Vec::new(),
        })),
        defect: None,
        creative: Creative::default(),
    }
}

/// A bid under a deal.
pub(super) fn under(deal: &Deal, bid: Bid) -> Bid {
    Bid { deal: Some(deal.id.clone()), ..bid }
}

/// A deal for anybody.
pub(super) fn deal(id: &str, pricing: Pricing, floor: i64) -> Deal {
    Deal {
        id: DealId::new(id),
        bidders: Vec::new(),
        seats: Vec::new(),
        advertisers: Vec::new(),
        pricing,
        floor: Some(Floor::Fixed(cpm(floor))),
        guaranteed: false,
        discount_ppm: 0,
    }
}

pub(super) fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros).unwrap()
}
