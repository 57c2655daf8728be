//! What a stitcher, player or server asked for, decoded and resolved against the market.

use std::sync::Arc;

use crate::model::ad_break::AdBreak;
use crate::model::category::{Category, Separation};
use crate::model::deal::Deal;
use crate::model::floor::Floor;
use crate::model::ids::SessionId;
use crate::model::market::{Lengths, Placement, Publisher};
use crate::model::money::Currency;
use crate::model::passthrough::{Passthrough, ViewerFacts};
use crate::model::plan::{Place, Shape};
use crate::model::time::{MAX_BREAK, Millis, Seconds, UnixMillis};

/// One request to sell the rest of one ad break.
#[derive(Clone, Debug)]
pub struct BreakRequest {
    /// Which door it came through.
    pub door: Door,
    /// What the caller names it: the inbound OpenRTB `id`.
    pub request_id: Option<Arc<str>>,
    /// When its first byte arrived.
    pub arrived_at: UnixMillis,
    /// Who sells.
    pub publisher: Arc<Publisher>,
    /// What is sold: the placement of the first imp.
    pub placement: Arc<Placement>,
    /// The break: of the first pod, when there are several.
    pub ad_break: AdBreak,
    /// What is asked for in it, imp by imp; at least one.
    pub imps: Vec<AskedImp>,
    /// The viewer's playback; without one there is no idempotence (decision 30).
    pub session: Option<SessionId>,
    /// How long the caller waits; none asks for the placement's own time (decision 20).
    pub patience: Option<Millis>,
    /// Who puts the ads into the stream.
    pub stitching: Stitching,
    /// Bounds the caller set on all imps, only ever narrower than the placements'.
    pub asked: Asked,
    /// Opaque pieces for bidders.
    pub passthrough: Passthrough,
    /// What the record keeps about the viewer.
    pub viewer: ViewerFacts,
    /// Whether the auction is a test, never billed.
    pub test: bool,
    /// Whether the caller asked for the explanation and may have it (decision 32).
    pub explain: bool,
    /// SHA-256 of the request as it came: the body, or the query of a tag.
    pub sha: [u8; 32],
    /// Fields that keep it from being sold, as paths without indexes: it gets no fill, `technical`.
    pub unbuilt: Vec<&'static str>,
    /// Counters of integration faults: parameters with an unreplaced macro or an unreadable value.
    pub faults: Faults,
}

/// The three ways in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Door {
    /// `GET /v1/vast`.
    Tag,
    /// `POST /v1/breaks`.
    Native,
    /// `POST /openrtb2/auction`.
    OpenRtb,
}

/// Who stitches, and so who fires beacons; `imp.ssai` on the wire.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Stitching {
    /// Not said: `ssai` 0.
    #[default]
    Unknown,
    /// A server stitches and fires the beacons: 3.
    Server,
    /// A server stitches, the player fires the beacons: 2.
    Player,
    /// All on the client: 1.
    Client,
}

/// Bounds of one request on all its imps, besides the placements'.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// The only currency the caller takes bids in; none leaves it to the market.
    pub currencies: Option<Vec<Currency>>,
    /// Further blocked advertiser domains (`badv`), lowercase.
    pub blocked_advertisers: Vec<Arc<str>>,
    /// Further blocked categories (`bcat`).
    pub blocked_categories: Vec<Category>,
    /// Allowed categories (`acat`); empty means any.
    pub allowed_categories: Vec<Category>,
    /// Allowed seats; empty means any.
    pub allowed_seats: Vec<Arc<str>>,
    /// Blocked seats.
    pub blocked_seats: Vec<Arc<str>>,
    /// Blocked app bundles.
    pub blocked_apps: Vec<Arc<str>>,
    /// Allowed creative languages; empty means any.
    pub languages: Vec<Arc<str>>,
}

/// One thing a caller asks to be filled, with its bounds, only ever narrower than the placement's.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedImp {
    /// The inbound `imp.id`, which the OpenRTB answer names.
    pub id: Option<Arc<str>>,
    /// What it sells.
    pub placement: Arc<Placement>,
    /// `podid`; imps that share one are one pod, and an imp without is a pod of its own.
    pub pod: Option<Arc<str>>,
    /// Whether it is a stretch of ads, or one slot.
    pub shape: Shape,
    /// The place in the pod that the caller guarantees.
    pub place: Place,
    /// Its nominal seconds (`poddur`, or the longest ad of a slot); none is what is left of the break.
    pub seconds: Option<Seconds>,
    /// The most ads.
    pub max_ads: Option<u16>,
    /// The lengths allowed; the plan takes what both sides allow.
    pub lengths: Option<Lengths>,
    /// What the caller must receive per mille, net of fees (decision 12), in the market's currency.
    pub floor: Option<Floor>,
    /// The caller's own deals, floors as above.
    pub deals: Vec<Arc<Deal>>,
    /// Whether only bids under a deal are taken.
    pub private_auction: bool,
    /// What the caller wants kept apart within the pod (`poddedupe`), besides the placement's rules.
    pub separation: Separation,
    /// MIME types the caller takes; empty means the placement's.
    pub mimes: Vec<Arc<str>>,
    /// VAST versions the caller takes, OpenRTB codes; empty means the inline ones.
    pub protocols: Vec<i32>,
    /// API frameworks the caller supports; not listed is not supported.
    pub apis: Vec<i32>,
    /// Blocked creative attributes.
    pub blocked_attributes: Vec<i32>,
    /// Player size in device-independent pixels.
    pub size: Option<(u32, u32)>,
    /// Whether every asset must be https; none: unknown, http allowed.
    pub secure: Option<bool>,
    /// Whether the publisher imposes its own skip button.
    pub skip: Option<bool>,
    /// `startdelay`: the pod's place in the content, when the caller knows it.
    pub start_delay: Option<i32>,
    /// `podseq`.
    pub pod_sequence: Option<i32>,
    /// `exp`: seconds until it may play, as the caller reckons.
    pub expires_s: Option<u32>,
}

impl BreakRequest {
    /// Returns the nominal seconds asked for over all imps: those of the plan's pods together.
    #[must_use]
    pub fn seconds_asked(&self) -> Seconds {
        let (left, most) = (self.ad_break.seconds_left(), Seconds::nominal(MAX_BREAK));
        let imps = self.imps.iter().map(|imp| imp.seconds.unwrap_or(left).min(most));
        Seconds(imps.fold(0, |sum, seconds| sum.saturating_add(seconds.0)))
    }
}

impl AskedImp {
    /// Returns what a caller asks for that sets no bounds: the rest of a break, as one stretch.
    #[must_use]
    pub fn whole(placement: &Arc<Placement>) -> Self {
        Self {
            id: None,
            placement: Arc::clone(placement),
            pod: None,
            shape: Shape::Stretch,
            place: Place::Any,
            seconds: None,
            max_ads: None,
            lengths: None,
            floor: None,
            deals: Vec::new(),
            private_auction: false,
            separation: Separation::default(),
            mimes: Vec::new(),
            protocols: Vec::new(),
            apis: Vec::new(),
            blocked_attributes: Vec::new(),
            size: None,
            secure: None,
            skip: None,
            start_delay: None,
            pod_sequence: None,
            expires_s: None,
        }
    }
}

/// How many parameters of a tag could not be used.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Faults {
    /// Values that still held a macro.
    pub unreplaced_macros: u32,
    /// Values that did not parse.
    pub unreadable: u32,
}

#[cfg(test)]
mod tests;
