//! Sections `bidder:<id>`: what one bidder was offered and what it answered.
//!
//! Everything the decision reads of a bid stands here (decision 22); only `Creative` does not.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use crate::model::ids::{BidId, BidderId, CreativeId, DealId, ImpId, SeatId};
use crate::model::market::{Bidder, Dialect};
use crate::model::money::Currency;
use crate::model::plan::{Offer, OfferedImp};
use crate::model::reason::{CallReason, LossReason};
use crate::model::time::{Millis, Seconds};
use crate::wire::record::text::{
    Decimal, Hex, boxed, boxed_option, canonical, cpm, micros, text, texts,
};

/// The section. Fields stand in ASCII order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BidderForm<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arrived_us: Option<Decimal>,
    bids: Vec<BidForm<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deadline_us: Option<Decimal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbr: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offer: Option<OfferForm<'a>>,
    /// `bids`, or the name of a `CallReason`.
    outcome: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resp_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resp_sha: Option<Hex<32>>,
    sent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct OfferForm<'a> {
    dialect: DialectForm,
    /// Id and index of the part of each.
    imps: Vec<(Cow<'a, str>, usize)>,
    seats: Vec<Cow<'a, str>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum DialectForm {
    Dynamic,
    Structured,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct BidForm<'a> {
    /// Domain and registrable domain of each.
    advertisers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    apis: Cow<'a, [i32]>,
    attr: Cow<'a, [i32]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bundle: Option<Cow<'a, str>>,
    cat: Vec<Cow<'a, str>>,
    cattax: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crid: Option<Cow<'a, str>>,
    cur: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deal: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    defect: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dur: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<u16>,
    id: Cow<'a, str>,
    imp: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lang: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    markup: Option<MarkupForm<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mtype: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<PriceForm<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seat: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<(u32, u32)>,
    slotinpod: i32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PriceForm<'a> {
    micros: Decimal,
    text: Cow<'a, str>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct MarkupForm<'a> {
    ads: u16,
    apis: Cow<'a, [i32]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    defect: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<Decimal>,
    insecure: bool,
    linear: bool,
    media: Vec<Hex<32>>,
    media_types: Vec<Cow<'a, str>>,
    sha: Hex<32>,
    universal_ids: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<(u8, u8)>,
}

/// Writes the section of a bidder.
pub(super) fn write(reply: &Reply, offer: Option<&Offer>) -> Vec<u8> {
    canonical(&BidderForm {
        arrived_us: reply.arrived_us.map(Decimal),
        bids: reply.bids.iter().map(bid_form).collect(),
        deadline_us: reply.deadline_us.map(Decimal),
        nbr: reply.no_bid_reason,
        offer: offer.map(|offer| OfferForm {
            dialect: match offer.dialect {
                Dialect::Dynamic => DialectForm::Dynamic,
                Dialect::Structured => DialectForm::Structured,
            },
            imps: offer.imps.iter().map(|imp| (text(imp.id.as_str()), imp.part)).collect(),
            seats: offer.bidder.seats.iter().map(|seat| text(seat.as_str())).collect(),
        }),
        outcome: text(match reply.outcome {
            ReplyOutcome::Bids => BIDS,
            ReplyOutcome::Nothing(reason) => reason.name(),
        }),
        resp_id: reply.response_id.as_deref().map(text),
        resp_sha: reply.response_sha.map(Hex),
        sent: reply.sent,
        status: reply.status,
    })
}

impl BidderForm<'_> {
    /// Returns the reply of `bidder`, or `None` when a value breaks a rule of its type.
    pub(super) fn reply(&self, bidder: &BidderId) -> Option<Reply> {
        Some(Reply {
            bidder: bidder.clone(),
            outcome: match &*self.outcome {
                BIDS => ReplyOutcome::Bids,
                name => ReplyOutcome::Nothing(CallReason::from_name(name)?),
            },
            sent: self.sent,
            status: self.status,
            deadline_us: self.deadline_us.map(|us| us.0),
            arrived_us: self.arrived_us.map(|us| us.0),
            response_sha: self.resp_sha.map(|sha| sha.0),
            response_id: boxed_option(self.resp_id.as_ref()),
            no_bid_reason: self.nbr,
            bids: self.bids.iter().map(bid).collect::<Option<_>>()?,
        })
    }

    /// Returns what `bidder` was offered, if anything.
    ///
    /// Its endpoint and limits stay in the config snapshot that the head cites.
    pub(super) fn offer(&self, bidder: &BidderId) -> Option<Offer> {
        let form = self.offer.as_ref()?;
        let dialect = match form.dialect {
            DialectForm::Dynamic => Dialect::Dynamic,
            DialectForm::Structured => Dialect::Structured,
        };
        let bidder = Bidder {
            id: bidder.clone(),
            endpoint: Arc::from(""),
            domains: Vec::new(),
            qps: None,
            dialect,
            gzip: false,
            seats: form.seats.iter().map(|seat| SeatId::new(&**seat)).collect(),
            allow_loopback: false,
        };
        let imp =
            |(id, part): &(Cow<'_, str>, usize)| OfferedImp { id: ImpId::new(&**id), part: *part };
        let imps = form.imps.iter().map(imp).collect();
        Some(Offer { bidder: Arc::new(bidder), dialect, imps })
    }
}

fn bid_form(bid: &Bid) -> BidForm<'_> {
    BidForm {
        advertisers: bid
            .advertisers
            .iter()
            .map(|advertiser| (text(&advertiser.domain), text(&advertiser.registrable)))
            .collect(),
        apis: Cow::Borrowed(&bid.apis),
        attr: Cow::Borrowed(&bid.attributes),
        bundle: bid.bundle.as_deref().map(text),
        cat: texts(&bid.categories),
        cattax: bid.category_taxonomy,
        crid: bid.creative_id.as_ref().map(|id| text(id.as_str())),
        cur: Cow::Borrowed(bid.currency.as_str()),
        deal: bid.deal.as_ref().map(|deal| text(deal.as_str())),
        defect: bid.defect.map(|reason| text(reason.name())),
        dur: bid.seconds.map(|seconds| seconds.0),
        exp: bid.expires_s,
        group: bid.group,
        id: text(bid.id.as_str()),
        imp: text(bid.imp.as_str()),
        lang: bid.language.as_deref().map(text),
        markup: bid.markup.as_ref().map(markup_form),
        mtype: bid.media_type,
        price: bid
            .price
            .as_ref()
            .map(|price| PriceForm { micros: micros(price.cpm), text: text(&price.text) }),
        protocol: bid.protocol,
        seat: bid.seat.as_ref().map(|seat| text(seat.as_str())),
        size: bid.size,
        slotinpod: bid.slot_in_pod,
    }
}

fn markup_form(markup: &MarkupFacts) -> MarkupForm<'_> {
    MarkupForm {
        ads: markup.ads,
        apis: Cow::Borrowed(&markup.apis),
        defect: markup.defect.map(|reason| text(reason.name())),
        duration: markup.duration.map(|duration| Decimal(duration.0)),
        insecure: markup.insecure,
        linear: markup.linear,
        media: markup.media.iter().copied().map(Hex).collect(),
        media_types: texts(&markup.media_types),
        sha: Hex(markup.sha),
        universal_ids: markup
            .universal_ids
            .iter()
            .map(|(registry, value)| (text(registry), text(value)))
            .collect(),
        version: markup.version,
    }
}

fn bid(form: &BidForm<'_>) -> Option<Bid> {
    Some(Bid {
        id: BidId::new(&*form.id),
        seat: form.seat.as_ref().map(|seat| SeatId::new(&**seat)),
        imp: ImpId::new(&*form.imp),
        price: match &form.price {
            Some(price) => Some(Price { text: Box::from(&*price.text), cpm: cpm(price.micros)? }),
            None => None,
        },
        currency: Currency::new(&form.cur)?,
        deal: form.deal.as_ref().map(|deal| DealId::new(&**deal)),
        advertisers: form
            .advertisers
            .iter()
            .map(|(domain, registrable)| Advertiser {
                domain: Arc::from(&**domain),
                registrable: Arc::from(&**registrable),
            })
            .collect(),
        creative_id: form.crid.as_ref().map(|id| CreativeId::new(&**id)),
        categories: boxed(&form.cat),
        category_taxonomy: form.cattax,
        seconds: form.dur.map(Seconds),
        media_type: form.mtype,
        protocol: form.protocol,
        apis: form.apis.to_vec(),
        attributes: form.attr.to_vec(),
        language: boxed_option(form.lang.as_ref()),
        bundle: boxed_option(form.bundle.as_ref()),
        expires_s: form.exp,
        slot_in_pod: form.slotinpod,
        group: form.group,
        size: form.size,
        markup: match &form.markup {
            Some(form) => Some(markup(form)?),
            None => None,
        },
        defect: loss(form.defect.as_ref())?,
        creative: Creative::default(),
    })
}

fn markup(form: &MarkupForm<'_>) -> Option<MarkupFacts> {
    Some(MarkupFacts {
        sha: form.sha.0,
        defect: loss(form.defect.as_ref())?,
        version: form.version,
        ads: form.ads,
        linear: form.linear,
        duration: form.duration.map(|duration| Millis(duration.0)),
        media: form.media.iter().map(|hash| hash.0).collect(),
        media_types: boxed(&form.media_types),
        universal_ids: form
            .universal_ids
            .iter()
            .map(|(registry, value)| (Box::from(&**registry), Box::from(&**value)))
            .collect(),
        insecure: form.insecure,
        apis: form.apis.to_vec(),
    })
}

/// Returns the loss reason of a name that may be absent; `None` when there is no such reason.
fn loss(name: Option<&Cow<'_, str>>) -> Option<Option<LossReason>> {
    match name {
        Some(name) => LossReason::from_name(name).map(Some),
        None => Some(None),
    }
}

/// The outcome of a reply with bids.
const BIDS: &str = "bids";
