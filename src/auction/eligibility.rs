//! May this bid compete? The checks of `openrtb.md` §6, in its order, each with its reason.
//!
//! Whether something *is* a bid was `wire`'s to say, and stands in `Bid::defect`.

use crate::auction::plan::seat_may_bid;
use crate::auction::pricing;
use crate::model::bid::{Bid, MarkupFacts, Reply, ReplyOutcome};
use crate::model::deal::Deal;
use crate::model::ids::SeatId;
use crate::model::market::Fit;
use crate::model::money::Cpm;
use crate::model::plan::{AuctionInput, Offer, Part, Terms};
use crate::model::reason::{CallReason, LossReason};
use crate::model::time::Millis;

/// Returns for each bid, as `[reply][bid]`, why it may not compete, or `None`.
pub(super) fn refusals(input: &AuctionInput) -> Vec<Vec<Option<LossReason>>> {
    let of_reply = |reply: &Reply| {
        let offer = answered(input, reply);
        let mut refused: Vec<_> = (0..reply.bids.len())
            .map(|index| {
                let (earlier, bid) = (&reply.bids[..index], &reply.bids[index]);
                let parts = &input.plan.parts;
                let offered = offer.map(|offer| Offered { offer, parts });
                refusal(&input.plan.terms, offered, earlier, bid)
            })
            .collect();
        break_groups(reply, &mut refused);
        refused
    };
    input.replies.iter().map(of_reply).collect()
}

/// Returns the length of a creative: what its markup says, else the seconds it is sold as.
pub(super) fn length(bid: &Bid) -> Option<Millis> {
    let stated = bid.markup.as_ref().and_then(|markup| markup.duration);
    stated.or_else(|| bid.seconds.map(|seconds| seconds.millis()))
}

/// Returns a seat as it is compared: no seat and a seat without a name are the same.
pub(super) fn seat_text(bid: &Bid) -> &str {
    bid.seat.as_ref().map_or("", SeatId::as_str)
}

/// Returns the offer that a reply's bids answer, or why none of them counts.
fn answered<'a>(input: &'a AuctionInput, reply: &Reply) -> Result<&'a Offer, LossReason> {
    match reply.outcome {
        ReplyOutcome::Bids => {}
        ReplyOutcome::Nothing(CallReason::Timeout) => return Err(LossReason::Late),
        ReplyOutcome::Nothing(CallReason::WrongRequestId) => {
            return Err(LossReason::WrongRequestId);
        }
        ReplyOutcome::Nothing(_) => return Err(LossReason::InvalidResponse),
    }
    let offers = &input.plan.offers;
    let asked = input.chosen.asked.iter().filter_map(|&index| offers.get(index));
    // Nothing was offered to a bidder that was not asked, so its bids name no imp of ours.
    asked.into_iter().find(|offer| offer.bidder.id == reply.bidder).ok_or(LossReason::UnknownImp)
}

fn refusal(
    terms: &Terms,
    offered: Result<Offered<'_>, LossReason>,
    earlier: &[Bid],
    bid: &Bid,
) -> Option<LossReason> {
    if bid.defect.is_some() {
        return bid.defect;
    }
    let offered = match offered {
        Ok(offered) => offered,
        Err(reason) => return Some(reason),
    };
    let Some(part) = offered.part(bid) else {
        return Some(LossReason::UnknownImp);
    };
    identity(terms, earlier, bid)
        .or_else(|| format(terms, part, bid))
        .or_else(|| parties(terms, part, offered.offer, bid))
        .or_else(|| deal(part, offered.offer, bid))
        .or_else(|| duration(part, bid))
        .or_else(|| floor(terms, part, bid))
        .or_else(|| expiry(part, bid))
}

/// An offer and the parts its imps stand for.
#[derive(Clone, Copy)]
struct Offered<'a> {
    offer: &'a Offer,
    parts: &'a [Part],
}

impl<'a> Offered<'a> {
    fn part(&self, bid: &Bid) -> Option<&'a Part> {
        let imp = self.offer.imps.iter().find(|imp| imp.id == bid.imp)?;
        self.parts.get(imp.part)
    }
}

/// Check 1: it answers an imp of ours, once, at a price that can be believed.
fn identity(terms: &Terms, earlier: &[Bid], bid: &Bid) -> Option<LossReason> {
    // The first bid of a name stands: a repeat must not cost the bidder both. What is no bid at
    // all takes no name.
    let repeats = |other: &Bid| {
        other.defect.is_none() && other.id == bid.id && seat_text(other) == seat_text(bid)
    };
    if earlier.iter().any(repeats) {
        return Some(LossReason::Duplicate);
    }
    if bid.currency != terms.currency && !terms.currencies.contains(&bid.currency) {
        return Some(LossReason::CurrencyNotOffered);
    }
    let Some(price) = bid.price.as_ref().map(|price| price.cpm) else {
        return Some(LossReason::PriceMissing);
    };
    let Some(normalised) = terms.normalised(price, bid.currency) else {
        return Some(LossReason::CurrencyWithoutRate);
    };
    let believed = Cpm::ZERO < price && Cpm::ZERO < normalised && normalised <= terms.max_cpm;
    (!believed).then_some(LossReason::PriceMissing)
}

/// Check 2: it is an ad of the kind, version and language offered.
///
/// Its `w` and `h` are not compared: a pod is played by a video player that scales, no size was
/// fixed, so `size` is never the reason.
fn format(terms: &Terms, part: &Part, bid: &Bid) -> Option<LossReason> {
    if bid.media_type.is_some_and(|kind| kind != VIDEO) {
        return Some(LossReason::MediaType);
    }
    let Some(markup) = &bid.markup else {
        return Some(LossReason::MarkupMissing);
    };
    if markup.defect.is_some() {
        return markup.defect;
    }
    if !markup.linear || !plays_one_of(part, markup) {
        return Some(LossReason::MediaType);
    }
    if !protocols_offered(part, bid, markup) {
        return Some(LossReason::Protocol);
    }
    if !bid.apis.iter().chain(&markup.apis).all(|api| part.apis.contains(api)) {
        return Some(LossReason::ApiUnsupported);
    }
    if part.secure && markup.insecure {
        return Some(LossReason::Insecure);
    }
    (!language_offered(terms, bid)).then_some(LossReason::Language)
}

/// Check 3: seat, advertisers, creative and app are welcome.
fn parties(terms: &Terms, part: &Part, offer: &Offer, bid: &Bid) -> Option<LossReason> {
    let seat = bid.seat.as_ref();
    if !seat_may_bid(terms, seat) || !offer.takes_seat(seat) {
        return Some(LossReason::SeatNotAllowed);
    }
    if bid.advertisers.is_empty() {
        return Some(LossReason::AdvertiserMissing);
    }
    if bid.advertisers.iter().any(|advertiser| blocked(part, &advertiser.domain)) {
        return Some(LossReason::AdvertiserBlocked);
    }
    if bid.creative_id.is_none() {
        return Some(LossReason::CreativeIdMissing);
    }
    if bid.attributes.iter().any(|attribute| part.blocked_attributes.contains(attribute)) {
        return Some(LossReason::AttributeBlocked);
    }
    let app = bid.bundle.as_deref();
    let app_blocked = app.is_some_and(|app| terms.blocked_apps.iter().any(|entry| **entry == *app));
    app_blocked.then_some(LossReason::AppBlocked)
}

/// Check 4: the deal it names is offered, to its seat and its advertisers.
fn deal(part: &Part, offer: &Offer, bid: &Bid) -> Option<LossReason> {
    if bid.deal.is_none() {
        return part.private_auction.then_some(LossReason::DealRequired);
    }
    let Some(deal) = deal_of(part, bid).filter(|deal| deal.is_for(&offer.bidder.id)) else {
        return Some(LossReason::DealUnknown);
    };
    let seat = seat_text(bid);
    if !deal.seats.is_empty() && deal.seats.iter().all(|listed| **listed != *seat) {
        return Some(LossReason::DealAdvertiser);
    }
    let listed =
        |domain: &str| within(domain, |part| deal.advertisers.iter().any(|it| **it == *part));
    let welcome = deal.advertisers.is_empty()
        || bid.advertisers.iter().all(|advertiser| listed(&advertiser.domain));
    (!welcome).then_some(LossReason::DealAdvertiser)
}

/// Returns the deal that a bid names, if its part has it.
pub(super) fn deal_of<'a>(part: &'a Part, bid: &Bid) -> Option<&'a Deal> {
    let id = bid.deal.as_ref()?;
    part.deals.iter().find(|deal| deal.id == *id).map(|deal| &**deal)
}

/// Check 5: its length is known, allowed, within the part, and that of its markup (decision 15).
fn duration(part: &Part, bid: &Bid) -> Option<LossReason> {
    let Some(seconds) = bid.seconds else {
        return Some(LossReason::DurationNotAllowed);
    };
    let length = length(bid).expect("a bid with seconds has a length");
    let fits = match part.fit {
        Fit::Nominal => true,
        Fit::Real => length <= part.real,
    };
    let agrees = length.0.abs_diff(seconds.millis().0) <= DURATION_TOLERANCE.0;
    let allowed = part.lengths.allow(seconds) && seconds <= part.seconds && fits && agrees;
    (!allowed).then_some(LossReason::DurationNotAllowed)
}

/// Check 6: what it would pay reaches the floor of its deal, else that of its part.
fn floor(terms: &Terms, part: &Part, bid: &Bid) -> Option<LossReason> {
    let deal = deal_of(part, bid);
    let reason = match deal.is_some_and(|deal| deal.floor.is_some()) {
        true => LossReason::BelowDealFloor,
        false => LossReason::BelowFloor,
    };
    let paid = pricing::offered(terms, deal, bid)?;
    (paid < pricing::floor(part, deal, bid.seconds?)).then_some(reason)
}

/// Check 7: it stands until its ad may start.
fn expiry(part: &Part, bid: &Bid) -> Option<LossReason> {
    let needed = part.expires_s?;
    let expires = bid.expires_s?;
    (expires < needed).then_some(LossReason::ExpiresTooSoon)
}

/// Says whether the player takes one of the ad's media types; parameters after `;` do not count.
fn plays_one_of(part: &Part, markup: &MarkupFacts) -> bool {
    let plain = |mime: &str| mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    part.mimes.is_empty()
        || markup.media_types.is_empty()
        || markup
            .media_types
            .iter()
            .map(|mime| plain(mime))
            .any(|mime| part.mimes.iter().any(|taken| taken.eq_ignore_ascii_case(&mime)))
}

/// Says whether both what the bid declares and what its markup states is an offered version.
///
/// InLine and Wrapper of one version have codes of their own; what the markup is was read from the
/// markup, so a bid that declares the other code of an offered version is taken.
fn protocols_offered(part: &Part, bid: &Bid, markup: &MarkupFacts) -> bool {
    let offers_version =
        |version| part.protocols.iter().any(|&code| version_of(code) == Some(version));
    let declared = bid.protocol.is_none_or(|code| {
        part.protocols.contains(&code) || version_of(code).is_some_and(offers_version)
    });
    declared && markup.version.is_none_or(offers_version)
}

/// Returns the VAST version that an AdCOM protocol code names.
fn version_of(code: i32) -> Option<(u8, u8)> {
    match code {
        1 | 4 => Some((1, 0)),
        2 | 5 => Some((2, 0)),
        3 | 6 => Some((3, 0)),
        7 | 8 => Some((4, 0)),
        11 | 12 => Some((4, 1)),
        13 | 14 => Some((4, 2)),
        15 | 16 => Some((4, 3)),
        _ => None,
    }
}

/// Says whether a creative's language is wanted; one without words ("xx") or unsaid always is.
///
/// An entry takes its narrower forms too: `en` takes `en-GB`.
fn language_offered(terms: &Terms, bid: &Bid) -> bool {
    let Some(language) = bid.language.as_deref() else {
        return true;
    };
    let narrows = |entry: &str| {
        let head = language.get(..entry.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(entry))
            && matches!(language.as_bytes().get(entry.len()), None | Some(b'-'))
    };
    terms.languages.is_empty()
        || language.eq_ignore_ascii_case("xx")
        || terms.languages.iter().any(|entry| narrows(entry))
}

/// Says whether a domain or one it lies below is blocked (decision 13).
fn blocked(part: &Part, domain: &str) -> bool {
    let list = &part.blocked_advertisers;
    within(domain, |suffix| list.binary_search_by(|entry| (**entry).cmp(suffix)).is_ok())
}

/// Says whether a domain, or one it lies below, is one of a list.
fn within(domain: &str, listed: impl Fn(&str) -> bool) -> bool {
    let mut suffix = Some(domain);
    while let Some(part) = suffix {
        if listed(part) {
            return true;
        }
        suffix = part.split_once('.').map(|(_, rest)| rest);
    }
    false
}

/// Takes the rest of an all-or-nothing group out when one of it may not compete.
fn break_groups(reply: &Reply, refused: &mut [Option<LossReason>]) {
    let broken: Vec<u16> = reply
        .bids
        .iter()
        .zip(&*refused)
        .filter(|(_, reason)| reason.is_some())
        .filter_map(|(bid, _)| bid.group)
        .collect();
    for (bid, reason) in reply.bids.iter().zip(refused) {
        if reason.is_none() && bid.group.is_some_and(|group| broken.contains(&group)) {
            *reason = Some(LossReason::GroupIncomplete);
        }
    }
}

/// `mtype` of video.
const VIDEO: i32 = 2;

/// How far a bid's `dur` and its markup's `Duration` may lie apart (decision 15).
const DURATION_TOLERANCE: Millis = Millis(500);
