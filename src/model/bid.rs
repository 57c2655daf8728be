//! What came of asking one bidder.
//!
//! `wire::bid_response` makes these from bytes and says whether something *is* a bid; whether it
//! may compete is `auction::eligibility`'s to say. All the auction reads of a bid stands here as a
//! value (decision 22), resolved: no domain list and no XML parser is needed to decide again.

use std::sync::Arc;

use crate::model::ids::{BidId, BidderId, CreativeId, DealId, ImpId, SeatId};
use crate::model::money::{Cpm, Currency};
use crate::model::reason::{CallReason, LossReason};
use crate::model::time::{Millis, Seconds};

/// What came of asking, or not asking, one bidder.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Who.
    pub bidder: BidderId,
    /// What came of it.
    pub outcome: ReplyOutcome,
    /// Whether a request was put on the wire.
    pub sent: bool,
    /// HTTP status, when a response came.
    pub status: Option<u16>,
    /// Microseconds the bidder was given, counted from the call.
    pub deadline_us: Option<u64>,
    /// Microseconds until its answer was complete, counted from the call.
    pub arrived_us: Option<u64>,
    /// SHA-256 of the response body as decoded from its content coding.
    pub response_sha: Option<[u8; 32]>,
    /// `BidResponse.bidid`, for `${AUCTION_BID_ID}`.
    pub response_id: Option<Box<str>>,
    /// `nbr`, when the bidder gave a reason.
    pub no_bid_reason: Option<i32>,
    /// Its bids in the order received; each gets exactly one fate.
    pub bids: Vec<Bid>,
}

impl Reply {
    /// Returns the reply of a bidder that was not asked.
    #[must_use]
    pub fn not_asked(bidder: BidderId, reason: CallReason) -> Self {
        Self {
            bidder,
            outcome: ReplyOutcome::Nothing(reason),
            sent: false,
            status: None,
            deadline_us: None,
            arrived_us: None,
            response_sha: None,
            response_id: None,
            no_bid_reason: None,
            bids: Vec::new(),
        }
    }
}

/// Bids, or the reason why there are none that count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplyOutcome {
    /// At least one bid, each with a fate of its own.
    Bids,
    /// No bids that count: `no_bid`, an error, or never asked.
    Nothing(CallReason),
}

/// One bid, decoded: an ad for an imp at a price.
#[derive(Clone, Debug, PartialEq)]
pub struct Bid {
    /// The bidder's name for it; empty when it gave none (then `defect` is set).
    pub id: BidId,
    /// The seat that bids.
    pub seat: Option<SeatId>,
    /// The imp it answers.
    pub imp: ImpId,
    /// Its price; `None` when missing or unreadable (then `defect` is set).
    pub price: Option<Price>,
    /// The currency of its price.
    pub currency: Currency,
    /// The deal it claims.
    pub deal: Option<DealId>,
    /// Whose ad it is.
    pub advertisers: Vec<Advertiser>,
    /// Its creative's id.
    pub creative_id: Option<CreativeId>,
    /// Categories of the creative.
    pub categories: Vec<Box<str>>,
    /// The taxonomy of `categories`; 1 when absent.
    pub category_taxonomy: i32,
    /// `dur`: nominal seconds of the creative.
    pub seconds: Option<Seconds>,
    /// `mtype`.
    pub media_type: Option<i32>,
    /// `protocol`.
    pub protocol: Option<i32>,
    /// `apis`, the deprecated `api` included.
    pub apis: Vec<i32>,
    /// `attr`.
    pub attributes: Vec<i32>,
    /// `language` or `langb`.
    pub language: Option<Box<str>>,
    /// `bundle`: the advertised app.
    pub bundle: Option<Box<str>>,
    /// `exp`: seconds the bidder will wait.
    pub expires_s: Option<u32>,
    /// `slotinpod`: 0 any, 1 first, -1 last, 2 first or last.
    pub slot_in_pod: i32,
    /// The seatbid it must win or lose with (`group`), as an index within the response.
    pub group: Option<u16>,
    /// `w` and `h`.
    pub size: Option<(u32, u32)>,
    /// What was read from the markup, shared by bids of which the same is known; `None` when there is
    /// none.
    pub markup: Option<Arc<MarkupFacts>>,
    /// Why it is not a bid at all; such a bid never competes.
    pub defect: Option<LossReason>,
    /// What answers and notices need of it; the auction never reads this.
    pub creative: Creative,
}

/// A price as it came and as it counts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Price {
    /// The shortest decimal of the number received (decision 3).
    pub text: Box<str>,
    /// The same, rounded down to a micro.
    pub cpm: Cpm,
}

/// A domain of an advertiser, lowercase.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Advertiser {
    /// As declared, in lowercase ASCII.
    pub domain: Arc<str>,
    /// Its registrable domain by the public suffix list of this build.
    pub registrable: Arc<str>,
}

/// The first bytes of the SHA-256 of a media file's URL: enough to tell the files of one break apart.
///
/// Records keep them of every bid, where they do not pack; so they are short.
pub type MediaHash = [u8; 8];

/// What a VAST document says of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MarkupFacts {
    /// Why it cannot be used at all, if so: `markup_broken`, `several_ads`, `wrapper_refused` …
    pub defect: Option<LossReason>,
    /// `VAST@version`, major and minor.
    pub version: Option<(u8, u8)>,
    /// `Ad` elements.
    pub ads: u16,
    /// Whether it has a linear creative.
    pub linear: bool,
    /// `Duration` of the linear creative.
    pub duration: Option<Millis>,
    /// What stands for each media file's URL without its query, in document order.
    pub media: Vec<MediaHash>,
    /// MIME types of its media files, lowercase, in document order, without repeats.
    pub media_types: Vec<Box<str>>,
    /// `UniversalAdId`s as (registry, value); `unknown` ones left out.
    pub universal_ids: Vec<(Box<str>, Box<str>)>,
    /// Whether any of its URLs is plain http.
    pub insecure: bool,
    /// API frameworks its media need, OpenRTB codes.
    pub apis: Vec<i32>,
}

/// What answers and notices need of a bid; empty in a replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Creative {
    /// `adm`.
    pub markup: Box<str>,
    /// `nurl`.
    pub win_url: Option<Box<str>>,
    /// `lurl`.
    pub loss_url: Option<Box<str>>,
    /// `burl`.
    pub billing_url: Option<Box<str>>,
    /// `adid`.
    pub ad_id: Option<Box<str>>,
    /// `cid`.
    pub campaign: Option<Box<str>>,
    /// `iurl`.
    pub image_url: Option<Box<str>>,
}
