//! What was sold, finished: macros filled, our addresses in, owned, ready for every kind of answer.
//!
//! It is made once a sale, while the disk works, and kept for repeats of the same request. The
//! renderings (`vast`, `json`, `openrtb_answer`) only arrange what stands here.

use std::sync::Arc;

use crate::model::break_request::BreakRequest;
use crate::model::ids::{
    AuctionId, BidId, BidderId, BreakId, CreativeId, DealId, PlacementId, PublisherId, SeatId,
};
use crate::model::market::Market;
use crate::model::money::{Cpm, Currency};
use crate::model::outcome::{HousePlay, Outcome, SecondCount, Win};
use crate::model::plan::{AuctionInput, Plan};
use crate::model::reason::{NoFillReason, UnfilledReason};
use crate::model::time::{Millis, Seconds, UnixMillis};
use crate::wire::beacon::{self, Keyring};
use crate::wire::house::{self, SoldHouse};
use crate::wire::sold::ad::Ads;
use crate::wire::vast::shown::Shown;
use crate::wire::vast::write::{Media, Tracker};

mod ad;

/// How long beacons count after the sale stops being repeated.
pub const BEACON_LIFE: Millis = Millis(3 * 3_600_000);

/// The longest `InLine` that is answered, in bytes.
pub const MAX_INLINE: usize = 128 * 1024;

/// Returns when the beacons of a sale stop counting.
///
/// A repeat may come until the sale expires, and its viewer is not done then. No token lives
/// longer than `beacon::MAX_LIFE` after the request.
#[must_use]
pub fn beacon_expiry(now: UnixMillis, expires: UnixMillis) -> UnixMillis {
    now.max(expires).plus(BEACON_LIFE).min(now.plus(beacon::MAX_LIFE))
}

/// What finishing a sale needs besides the sale.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// The market it was sold on.
    pub market: &'a Market,
    /// The keys that seal beacon tokens.
    pub keyring: &'a Keyring,
    /// When the request arrived.
    pub now: UnixMillis,
}

/// A finished sale.
#[derive(Clone, Debug, PartialEq)]
pub struct Sold {
    /// The auction; none when none was held.
    pub auction: Option<AuctionId>,
    /// The break.
    pub break_id: BreakId,
    /// The inventory.
    pub placement: PlacementId,
    /// Who sold.
    pub publisher: PublisherId,
    /// The currency of every price in it.
    pub currency: Currency,
    /// When the sale stops being repeated.
    pub expires: UnixMillis,
    /// The ads, pod by pod, each pod in play order.
    pub ads: Vec<SoldAd>,
    /// The publisher's own ads between and after them, pod by pod, each pod in play order.
    pub house: Vec<SoldHouse>,
    /// The nominal seconds of all pods, as answered.
    pub seconds: SecondCount,
    /// Unfilled seconds of all pods by reason, as answered.
    pub unfilled: Vec<(Seconds, UnfilledReason)>,
    /// Why nothing was sold, when nothing was.
    pub no_fill: Option<NoFillReason>,
    /// Slots that were won but could not be written; each is a fault to count.
    ///
    /// Their seconds are answered as unfilled, `technical`. No beacon of theirs exists, so no
    /// impression can be booked and nobody pays; the record keeps the win.
    pub unwritten: Vec<u16>,
    /// Slots whose macros grew past their budget and were emptied.
    pub emptied: Vec<u16>,
}

/// One ad of a finished sale.
#[derive(Clone, Debug, PartialEq)]
pub struct SoldAd {
    /// The caller's imp that it fills; none when the caller named none.
    pub imp: Option<Arc<str>>,
    /// The part of the plan it fills, as an index of the request's imps.
    pub part: usize,
    /// The pod it plays in, as an index of the plan's pods.
    pub pod: usize,
    /// Its place in its pod, from 1.
    pub sequence: u16,
    /// Its number in the auction, from 1: what beacons are told apart by (decision 41).
    pub slot: u16,
    /// Real milliseconds from the start of what is sold of its pod.
    pub start: Millis,
    /// The creative's own length.
    pub length: Millis,
    /// Nominal seconds it is sold as.
    pub seconds: Seconds,
    /// What the publisher earns per mille.
    pub net: Cpm,
    /// Who bid.
    pub bidder: BidderId,
    /// The seat that bid.
    pub seat: Option<SeatId>,
    /// The bidder's name for its bid.
    pub bid: BidId,
    /// The deal it was sold under.
    pub deal: Option<DealId>,
    /// The bidder's name for its creative.
    pub creative: Option<CreativeId>,
    /// Domains of the advertiser, as declared.
    pub advertisers: Vec<Arc<str>>,
    /// Categories of the creative.
    pub categories: Vec<Box<str>>,
    /// The taxonomy of `categories`.
    pub category_taxonomy: i32,
    /// `adid`.
    pub ad_id: Option<Box<str>>,
    /// `cid`.
    pub campaign: Option<Box<str>>,
    /// `bundle`.
    pub bundle: Option<Box<str>>,
    /// `attr`.
    pub attributes: Vec<i32>,
    /// `apis`.
    pub apis: Vec<i32>,
    /// `language`.
    pub language: Option<Box<str>>,
    /// `w` and `h`.
    pub size: Option<(u32, u32)>,
    /// Names this serving of the ad: `Ad@id` and `AdServingId`.
    pub serving_id: String,
    /// Names the creative, the same in every auction.
    pub creative_key: String,
    /// The `InLine` element, written.
    pub inline: String,
    /// Its media files.
    pub media: Vec<Media>,
    /// All addresses to call, ours first.
    pub trackers: Vec<Tracker>,
    /// Where a click leads.
    pub click: Option<Shown>,
    /// Our billing address: the same token as our `Impression`, so both bill once.
    pub billing_url: Shown,
}

impl Sold {
    /// Returns about how many bytes it takes to keep.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let trackers = |ad: &SoldAd| -> usize {
            ad.trackers.iter().map(|it| it.url.bytes() + size_of::<Tracker>()).sum()
        };
        let media = |ad: &SoldAd| -> usize { ad.media.iter().map(|it| it.url.bytes()).sum() };
        let ads = self.ads.iter();
        let ads = ads.map(|ad| ad.inline.len() + trackers(ad) + media(ad) + AD_BYTES);
        // Addresses stand once in the `InLine`, and once besides.
        let house = self.house.iter().map(|ad| 2 * ad.inline.len() + AD_BYTES);
        ads.chain(house).sum::<usize>() + AD_BYTES
    }

    /// Returns the sale of nothing: no auction was held, and every second is unfilled for `reason`.
    #[must_use]
    pub fn nothing(request: &BreakRequest, now: UnixMillis, why: Nothing) -> Self {
        let total = request.seconds_asked();
        let unfilled = if total == Seconds(0) { Vec::new() } else { vec![(total, why.seconds)] };
        Self {
            auction: None,
            break_id: request.ad_break.id.clone(),
            placement: request.placement.id.clone(),
            publisher: request.publisher.id.clone(),
            currency: why.currency,
            expires: request.ad_break.expires(now),
            ads: Vec::new(),
            house: Vec::new(),
            seconds: SecondCount { total, unfilled: total, ..SecondCount::default() },
            unfilled,
            no_fill: Some(why.request),
            unwritten: Vec::new(),
            emptied: Vec::new(),
        }
    }

    /// Lets house ads play in a sale of nothing: those of a plan made for it.
    #[must_use]
    pub fn with_house(
        mut self,
        request: &BreakRequest,
        now: UnixMillis,
        (plan, plays): (&Plan, &[HousePlay]),
    ) -> Self {
        let expires_s = left_s(self.expires, now);
        self.house = house::finish(request, plan, plays, self.break_id.as_str(), expires_s);
        let seconds = self.house.iter().fold(0, |sum: u32, ad| sum.saturating_add(ad.seconds.0));
        self.seconds.house = Seconds(seconds);
        self.seconds.unfilled.0 = self.seconds.unfilled.0.saturating_sub(seconds);
        for (unfilled, _) in &mut self.unfilled {
            *unfilled = self.seconds.unfilled;
        }
        self.unfilled.retain(|(seconds, _)| seconds.0 != 0);
        self
    }
}

/// Returns how long an answer may be kept, in seconds.
fn left_s(expires: UnixMillis, now: UnixMillis) -> u64 {
    expires.0.saturating_sub(now.0).div_ceil(1000).max(1)
}

/// What an ad takes besides its texts.
const AD_BYTES: usize = 2_048;

/// Why nothing was sold.
#[derive(Clone, Copy, Debug)]
pub struct Nothing {
    /// Of the request.
    pub request: NoFillReason,
    /// Of each of its seconds.
    pub seconds: UnfilledReason,
    /// The market's currency.
    pub currency: Currency,
}

/// Finishes a sale.
#[must_use]
pub fn finish(
    request: &BreakRequest,
    input: &AuctionInput,
    outcome: &Outcome,
    terms: &Finish<'_>,
) -> Sold {
    let expires = request.ad_break.expires(terms.now);
    let name = input.draw.auction.to_string();
    let left = left_s(expires, terms.now);
    let mut ads = Ads::new((request, input), terms, (&name, expires));
    let mut sold = Sold {
        auction: Some(input.draw.auction),
        break_id: request.ad_break.id.clone(),
        placement: request.placement.id.clone(),
        publisher: request.publisher.id.clone(),
        currency: input.plan.terms.currency,
        expires,
        ads: Vec::with_capacity(outcome.wins.len()),
        house: house::finish(request, &input.plan, &outcome.house, &name, left),
        seconds: outcome.seconds,
        unfilled: unfilled(outcome),
        no_fill: outcome.no_fill,
        unwritten: Vec::new(),
        emptied: Vec::new(),
    };
    for (slot, win) in (1..).zip(&outcome.wins) {
        match ads.make(slot, win) {
            Some((ad, emptied)) => {
                sold.ads.push(ad);
                sold.emptied.extend(emptied.then_some(slot));
            }
            None => leave_out(&mut sold, slot, win),
        }
    }
    if sold.ads.is_empty() && !sold.unwritten.is_empty() {
        sold.no_fill = Some(NoFillReason::Technical);
    }
    sold
}

/// Adds the unfilled seconds of all pods up by reason, in the order met.
fn unfilled(outcome: &Outcome) -> Vec<(Seconds, UnfilledReason)> {
    let mut reasons: Vec<(Seconds, UnfilledReason)> = Vec::new();
    for entry in &outcome.unfilled {
        match reasons.iter_mut().find(|(_, reason)| *reason == entry.reason) {
            Some((seconds, _)) => seconds.0 = seconds.0.saturating_add(entry.seconds.0),
            None => reasons.push((entry.seconds, entry.reason)),
        }
    }
    reasons
}

/// Answers the seconds of a win that could not be written as unfilled.
fn leave_out(sold: &mut Sold, slot: u16, win: &Win) {
    sold.unwritten.push(slot);
    sold.seconds.sold.0 = sold.seconds.sold.0.saturating_sub(win.seconds.0);
    sold.seconds.unfilled.0 = sold.seconds.unfilled.0.saturating_add(win.seconds.0);
    let entry = sold.unfilled.iter_mut().find(|(_, reason)| *reason == UnfilledReason::Technical);
    match entry {
        Some((seconds, _)) => seconds.0 = seconds.0.saturating_add(win.seconds.0),
        None => sold.unfilled.push((win.seconds, UnfilledReason::Technical)),
    }
}
