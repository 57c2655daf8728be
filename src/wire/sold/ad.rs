//! One sold ad: its markup read once more, filled and written again, with our addresses in it.

use crate::model::bid::{Bid, Reply};
use crate::model::break_request::BreakRequest;
use crate::model::ids::CreativeId;
use crate::model::outcome::Win;
use crate::model::plan::AuctionInput;
use crate::model::time::UnixMillis;
use crate::wire::beacon::{Claims, Kind, Sealer};
use crate::wire::macros::Values;
use crate::wire::quote::decimal;
use crate::wire::record::seller::fee_schedule_id;
use crate::wire::sold::{Finish, MAX_INLINE, SoldAd, beacon_expiry, left_s};
use crate::wire::vast::write::{self, Ours};
use crate::wire::vast::{read, tree};

/// Makes the ads of a sale, one after the other.
pub(super) struct Ads<'a> {
    request: &'a BreakRequest,
    input: &'a AuctionInput,
    /// The auction's id, as a text.
    name: &'a str,
    /// How long an answer may be kept, in seconds.
    left_s: u64,
    /// When beacons stop counting, in seconds since 1970.
    expiry_s: u32,
    fees: [u8; 8],
    /// What every beacon address begins with.
    start: String,
    sealer: Sealer<'a>,
    /// Our addresses of the ad at hand, one behind the other: all are equally long.
    addresses: String,
}

impl<'a> Ads<'a> {
    /// Prepares what all ads share.
    pub(super) fn new(
        (request, input): (&'a BreakRequest, &'a AuctionInput),
        terms: &Finish<'a>,
        (name, expires): (&'a str, UnixMillis),
    ) -> Self {
        let expiry_s = beacon_expiry(terms.now, expires).0 / 1000;
        Self {
            request,
            input,
            name,
            left_s: left_s(expires, terms.now),
            expiry_s: u32::try_from(expiry_s).unwrap_or(u32::MAX),
            fees: fee_schedule_id(&input.plan.terms.fees),
            start: [&*terms.market.public_url, "/v1/b/"].concat(),
            sealer: Sealer::new(terms.keyring, &input.draw.nonce_key),
            addresses: String::new(),
        }
    }

    /// Makes one ad, and says whether its macros had to be emptied; none when it cannot be written.
    pub(super) fn make(&mut self, slot: u16, win: &Win) -> Option<(SoldAd, bool)> {
        let input = self.input;
        let reply = input.replies.get(win.bid.reply)?;
        let bid = reply.bids.get(win.bid.bid)?;
        let asked = self.request.imps.get(win.part)?;
        let pod = input.plan.parts.get(win.part)?.pod;
        let tree = tree::parse(&bid.creative.markup).ok()?;
        let parts = read::parts(&tree).ok()?;
        let mut values = Values::of(input.draw.auction, reply, bid).won(bid, win);
        if !asked.placement.price_in_markup {
            values.hide_prices();
        }
        let serving_id = [self.name, "-", decimal(slot.into(), &mut [0; 20])].concat();
        let (creative_key, expires_s) = (creative_key(reply, bid), self.left_s);
        let [error, impression, start, first, midpoint, third, complete, click] =
            self.addresses(slot, win, (reply, bid));
        let ours = Ours {
            serving_id: &serving_id,
            creative_key: &creative_key,
            length: win.length,
            expires_s,
            error,
            impression,
            events: [start, first, midpoint, third, complete],
            click,
        };
        let written = write::inline(parts, tree.root(), &ours, &values);
        if MAX_INLINE < written.inline.len() {
            return None;
        }
        let ad = SoldAd {
            imp: asked.id.clone(),
            part: win.part,
            pod,
            sequence: win.sequence,
            slot,
            start: win.start,
            length: win.length,
            seconds: win.seconds,
            net: win.split.net,
            bidder: reply.bidder.clone(),
            seat: bid.seat.clone(),
            bid: bid.id.clone(),
            deal: bid.deal.clone(),
            creative: bid.creative_id.clone(),
            advertisers: bid.advertisers.iter().map(|owner| owner.domain.clone()).collect(),
            categories: bid.categories.clone(),
            category_taxonomy: bid.category_taxonomy,
            ad_id: bid.creative.ad_id.clone(),
            campaign: bid.creative.campaign.clone(),
            bundle: bid.bundle.clone(),
            attributes: bid.attributes.clone(),
            apis: bid.apis.clone(),
            language: bid.language.clone(),
            size: bid.size,
            serving_id,
            creative_key,
            inline: written.inline,
            media: written.media,
            trackers: written.trackers,
            click: written.click,
            billing_url: written.impression,
        };
        Some((ad, written.emptied))
    }

    /// Returns our addresses of an ad, in the order of `KINDS`.
    fn addresses(
        &mut self,
        slot: u16,
        win: &Win,
        (reply, bid): (&Reply, &Bid),
    ) -> [&str; KINDS.len()] {
        let claims = Claims {
            expiry_s: self.expiry_s,
            auction: self.input.draw.auction,
            slot,
            price: win.clearing.per_impression(),
            currency: self.input.plan.terms.currency,
            fees: self.fees,
            bidder: &reply.bidder,
            seat: bid.seat.as_ref(),
            publisher: &self.request.publisher.id,
            deal: bid.deal.as_ref(),
            bid: &bid.id,
        };
        self.sealer.turn_to(&claims);
        let length = self.start.len() + self.sealer.token_length();
        self.addresses.clear();
        self.addresses.reserve(KINDS.len() * length);
        for kind in KINDS {
            self.addresses.push_str(&self.start);
            self.sealer.seal(kind, &mut self.addresses);
        }
        let all = &self.addresses;
        std::array::from_fn(|at| &all[at * length..(at + 1) * length])
    }
}

/// Returns the name of a creative that is the same in every auction: its universal id, else the
/// bidder's name for it.
fn creative_key(reply: &Reply, bid: &Bid) -> String {
    let id = bid.markup.as_ref().and_then(|markup| markup.universal_ids.first());
    if let Some((registry, value)) = id {
        return [&**registry, ":", value].concat();
    }
    let named = bid.creative_id.as_ref().map(CreativeId::as_str);
    let named = named.or(bid.creative.ad_id.as_deref()).unwrap_or(bid.id.as_str());
    [reply.bidder.as_str(), ":", named].concat()
}

/// The beacons of an ad.
const KINDS: [Kind; 8] = [
    Kind::Error,
    Kind::Impression,
    Kind::Start,
    Kind::FirstQuartile,
    Kind::Midpoint,
    Kind::ThirdQuartile,
    Kind::Complete,
    Kind::Click,
];
