//! One bid of a response becomes a bid of the model, or the reason why it is none.

use std::borrow::Cow;
use std::sync::Arc;

use openrtb::response::Bid as Found;

use crate::model::bid::{Advertiser, Bid, Creative};
use crate::model::ids::{BidId, CreativeId, DealId, ImpId, SeatId};
use crate::model::market::Bidder;
use crate::model::money::Currency;
use crate::model::plan::Offer;
use crate::model::reason::LossReason;
use crate::model::time::Seconds;
use crate::wire::vast::address::has_controls;
use crate::wire::{domain, notice, price, vast};

/// What the bids of one seatbid share.
pub(super) struct Common<'a> {
    /// `seat` as it came.
    pub(super) seat: Option<Cow<'a, str>>,
    /// The seatbid, when its bids win or lose together.
    pub(super) group: Option<u16>,
    /// The currency of the response.
    pub(super) currency: Currency,
    /// Why no price is in a currency of ours.
    pub(super) currency_defect: Option<LossReason>,
    /// Who answers, and to what.
    pub(super) offer: &'a Offer,
}

/// Returns the bid that was found, with `defect` or one that shows here.
///
/// Of what is not a bid no more is kept than its names, price and loss notice: the rest cannot
/// matter, and bad markup shall cost no time.
pub(super) fn bid(found: &mut Found<'_>, defect: Option<LossReason>, common: &Common<'_>) -> Bid {
    let price = found.price.and_then(price::bid);
    let defect = defect
        .or_else(|| invalid(found, common).then_some(LossReason::InvalidBid))
        .or_else(|| price.is_none().then_some(LossReason::PriceMissing))
        .or(common.currency_defect)
        .or_else(|| {
            foul_notice(found, &common.offer.bidder).then_some(LossReason::NoticeUrlRefused)
        });
    let bid = Bid {
        seat: filled(common.seat.as_deref()).map(|seat| SeatId::new(safe(seat))),
        price,
        category_taxonomy: found.cattax.unwrap_or(FIRST_TAXONOMY),
        defect,
        creative: Creative {
            loss_url: lawful(found.lurl.as_deref(), &common.offer.bidder),
            ..Creative::default()
        },
        ..bare(found, common)
    };
    if defect.is_some() { bid } else { complete(bid, found, &common.offer.bidder) }
}

/// Returns what is kept of a bid that is not looked at: its names and the reason.
///
/// Its group stays too, which cannot win without it.
pub(super) fn named(found: &Found<'_>, defect: LossReason, common: &Common<'_>) -> Bid {
    Bid { defect: Some(defect), ..bare(found, common) }
}

/// Returns a text of limited length without control characters, for what is only passed on.
pub(super) fn kept(text: &str) -> Box<str> {
    let text = &text[..text.floor_char_boundary(MAX_TEXT)];
    if !has_controls(text) {
        return text.into();
    }
    text.chars().filter(|letter| !letter.is_control()).collect()
}

/// Returns a bid of which only the names are known.
fn bare(found: &Found<'_>, common: &Common<'_>) -> Bid {
    Bid {
        id: BidId::new(safe(&found.id)),
        seat: None,
        imp: imp(&found.impid, common.offer),
        price: None,
        currency: common.currency,
        deal: None,
        advertisers: Vec::new(),
        creative_id: None,
        categories: Vec::new(),
        category_taxonomy: FIRST_TAXONOMY,
        seconds: None,
        media_type: None,
        protocol: None,
        apis: Vec::new(),
        attributes: Vec::new(),
        language: None,
        bundle: None,
        expires_s: None,
        slot_in_pod: 0,
        group: common.group,
        size: None,
        markup: None,
        defect: None,
        creative: Creative::default(),
    }
}

/// Returns the imp that a bid names: mostly one that was offered, whose name can be shared.
fn imp(name: &str, offer: &Offer) -> ImpId {
    let offered = offer.imps.iter().find(|imp| imp.id.as_str() == name);
    offered.map_or_else(|| ImpId::new(safe(name)), |imp| imp.id.clone())
}

/// Adds to a sound bid what it says of its ad.
fn complete(bid: Bid, found: &mut Found<'_>, bidder: &Bidder) -> Bid {
    let markup = filled(found.adm.as_deref()).map(|markup| Arc::new(vast::read::facts(markup)));
    let is_vast = markup.as_ref().is_some_and(|facts| facts.version.is_some());
    let advertisers = advertisers(found);
    let mut apis = found.apis.take().unwrap_or_default();
    if let Some(api) = found.api.filter(|api| !apis.contains(api)) {
        apis.push(api);
    }
    let size = found.w.zip(found.h).and_then(|(width, height)| {
        Some((u32::try_from(width).ok()?, u32::try_from(height).ok()?))
    });
    let language = filled(found.language.as_deref()).or_else(|| filled(found.langb.as_deref()));
    Bid {
        deal: filled(found.dealid.as_deref()).map(DealId::new),
        advertisers,
        creative_id: filled(found.crid.as_deref()).map(CreativeId::new),
        categories: found.cat.iter().flatten().map(|it| Box::from(&**it)).collect(),
        seconds: found.dur.and_then(above_zero).map(Seconds),
        // VAST is video: no markup of another kind has its root.
        media_type: found.mtype.or_else(|| is_vast.then_some(VIDEO)),
        protocol: found.protocol,
        apis,
        attributes: found.attr.take().unwrap_or_default(),
        language: language.map(kept),
        bundle: filled(found.bundle.as_deref()).map(Box::from),
        expires_s: found.exp.and_then(|seconds| u32::try_from(seconds).ok()),
        slot_in_pod: found.slotinpod.unwrap_or_default(),
        size: size.filter(|&(width, height)| 0 < width && 0 < height),
        markup,
        creative: Creative {
            markup: found.adm.take().unwrap_or_default().into(),
            win_url: filled(found.nurl.as_deref()).map(Box::from),
            billing_url: filled(found.burl.as_deref()).map(Box::from),
            loss_url: bid.creative.loss_url,
            ad_id: filled(found.adid.as_deref()).map(kept),
            campaign: filled(found.cid.as_deref()).map(kept),
            image_url: lawful(found.iurl.as_deref(), bidder),
        },
        ..bid
    }
}

/// Says whether a member is out of its range.
///
/// Lists and texts that blocks are compared with are never cut: what is cut off could be what is
/// blocked.
fn invalid(found: &Found<'_>, common: &Common<'_>) -> bool {
    let ids = [Some(&found.id), Some(&found.impid)];
    let names =
        [common.seat.as_ref(), found.dealid.as_ref()].map(|it| it.filter(|it| !it.is_empty()));
    let lists = [found.adomain.as_ref(), found.cat.as_ref()];
    let numbers = [found.apis.as_ref(), found.attr.as_ref()];
    let texts = [found.crid.as_ref(), found.bundle.as_ref()];
    let mut entries = lists.iter().copied().flatten().flatten().chain(texts.into_iter().flatten());
    !ids.into_iter().chain(names).flatten().all(|id| is_id(id))
        || lists.iter().flatten().any(|list| MAX_LIST < list.len())
        || numbers.iter().flatten().any(|list| MAX_LIST < list.len())
        || entries.any(|text| MAX_TEXT < text.len() || has_controls(text))
        || found.adm.as_ref().is_some_and(|markup| MAX_MARKUP < markup.len())
}

/// Says whether a notice that we would owe may not be sent.
fn foul_notice(found: &Found<'_>, bidder: &Bidder) -> bool {
    let urls = [filled(found.nurl.as_deref()), filled(found.burl.as_deref())];
    urls.into_iter().flatten().any(|url| notice::check_url(url, bidder).is_err())
}

/// Returns an address that the rules for notices allow.
fn lawful(url: Option<&str>, bidder: &Bidder) -> Option<Box<str>> {
    filled(url).filter(|url| notice::check_url(url, bidder).is_ok()).map(Box::from)
}

/// Returns the advertisers that a bid names; none at all when one is no domain.
///
/// Nobody could say what such an entry stands for, and the bid shall not escape a block by it.
fn advertisers(found: &Found<'_>) -> Vec<Advertiser> {
    let all = found.adomain.as_deref().unwrap_or_default();
    let mut advertisers = Vec::with_capacity(all.len());
    for text in all.iter().filter(|text| !text.trim().is_empty()) {
        match advertiser(text) {
            Some(advertiser) => advertisers.push(advertiser),
            None => return Vec::new(),
        }
    }
    advertisers
}

/// Returns an advertiser's domain with its registrable one; what has none stands for itself.
fn advertiser(text: &str) -> Option<Advertiser> {
    let domain = domain::plain(text)?;
    let registrable = psl::domain_str(&domain).filter(|registrable| **registrable != *domain);
    let all: Arc<str> = Arc::from(&*domain);
    Some(Advertiser {
        registrable: registrable.map_or_else(|| all.clone(), Arc::from),
        domain: all,
    })
}

/// Returns a text that is there and not empty.
fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn above_zero(number: i32) -> Option<u32> {
    u32::try_from(number).ok().filter(|&number| 0 < number)
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// Returns a name as it can be recorded: cut, with `?` for what is not printable ASCII.
fn safe(text: &str) -> Arc<str> {
    if is_id(text) {
        return text.into();
    }
    let safe = |letter: char| if matches!(letter, ' '..='~') { letter } else { '?' };
    text.chars().take(MAX_ID).map(safe).collect::<String>().into()
}

/// The longest id, in bytes.
const MAX_ID: usize = 64;

/// The longest of the other texts, in bytes.
const MAX_TEXT: usize = 256;

/// The most entries of a list.
const MAX_LIST: usize = 64;

/// The longest markup, in bytes.
const MAX_MARKUP: usize = 64 * 1024;

/// The taxonomy that an absent `cattax` means.
const FIRST_TAXONOMY: i32 = 1;

/// `mtype` of video.
const VIDEO: i32 = 2;
