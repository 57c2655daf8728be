use std::num::NonZeroU32;
use std::sync::Arc;

use crate::model::ad_break::{AdBreak, LengthSource};
use crate::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults, Stitching};
use crate::model::category::Separation;
use crate::model::floor::Floor;
use crate::model::ids::{BreakId, PlacementId, PublisherId};
use crate::model::market::{Fit, Lengths, Placement, Publisher};
use crate::model::money::FeeSchedule;
use crate::model::passthrough::{Passthrough, ViewerFacts};
use crate::model::time::{Millis, Seconds, UnixMillis};

/// Said seconds count, nothing said is what is left of the break, and no imp passes 900 s.
#[test]
fn seconds_asked_are_those_of_all_imps() {
    let cases: [(&[Option<u32>], u32); 6] = [
        (&[None], 45),
        (&[Some(30)], 30),
        (&[Some(60), Some(15)], 75),
        (&[Some(60), None], 105),
        (&[Some(u32::MAX)], 900),
        (&[Some(900), Some(u32::MAX)], 1800),
    ];
    for (imps, expected) in cases {
        assert_eq!(request(imps).seconds_asked(), Seconds(expected), "{imps:?}");
    }
}

/// Returns a request of a break of which 44,955 ms are left: 45 s.
fn request(imps: &[Option<u32>]) -> BreakRequest {
    let placement = Arc::new(placement());
    let asked = |seconds: &Option<u32>| AskedImp {
        seconds: seconds.map(Seconds),
        ..AskedImp::whole(&placement)
    };
    BreakRequest {
        door: Door::OpenRtb,
        request_id: None,
        arrived_at: UnixMillis(0),
        publisher: Arc::new(publisher()),
        imps: imps.iter().map(asked).collect(),
        placement,
        ad_break: AdBreak {
            id: BreakId::new("b"),
            weak: false,
            stream: None,
            length: Millis(59_955),
            length_source: LengthSource::Request,
            offset: Millis(15_000),
            start: None,
            signal: None,
        },
        session: None,
        patience: None,
        stitching: Stitching::default(),
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

fn publisher() -> Publisher {
    Publisher {
        id: PublisherId::new("p"),
        domain: "p.example".into(),
        key_hashes: Vec::new(),
        fees: FeeSchedule::default(),
        blocked_advertisers: Vec::new(),
        blocked_categories: Vec::new(),
        gdpr_default: true,
        network_reserve: Millis(0),
        weight: NonZeroU32::MIN,
    }
}

fn placement() -> Placement {
    Placement {
        id: PlacementId::new("p"),
        publisher: PublisherId::new("p"),
        floor: Floor::default(),
        lengths: Lengths::default(),
        max_ads: 8,
        default_break: Millis(60_000),
        fit: Fit::Nominal,
        mimes: Vec::new(),
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
