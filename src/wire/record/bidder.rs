//! Sections `bidder:<id>`: what one bidder was offered and what it answered.
//!
//! Everything the decision reads of a bid stands here (decision 22); only `Creative` does not. What
//! is at its default is left out: lists that are empty, one ad, linear, category taxonomy 1.

use std::sync::Arc;

use crate::model::bid::{Advertiser, Bid, Creative, MarkupFacts, Price, Reply, ReplyOutcome};
use crate::model::category::Separation;
use crate::model::ids::{BidId, BidderId, CreativeId, DealId, ImpId, SeatId};
use crate::model::market::{Bidder, Dialect};
use crate::model::money::Cpm;
use crate::model::plan::{Offer, OfferedImp, Plan, Terms};
use crate::model::reason::{CallReason, LossReason};
use crate::model::time::{Millis, Seconds};
use crate::wire::record::json::Json;
use crate::wire::record::prices::is_price;
use crate::wire::record::scan::Scan;
use crate::wire::record::texts::Texts;

/// What the bids of an auction are held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Against<'a> {
    /// The terms that say what a price counts.
    terms: &'a Terms,
    /// Whether the auction reads which media files a bid has.
    media: bool,
}

impl<'a> Against<'a> {
    /// Takes what matters of a plan.
    pub(super) fn of(plan: &'a Plan) -> Self {
        Self { terms: &plan.terms, media: reads_media(plan) }
    }

    /// Returns what a price counts, if that is not the price itself.
    fn normalised(self, bid: &Bid) -> Option<Cpm> {
        let price = bid.price.as_ref().filter(|_| bid.currency != self.terms.currency)?;
        self.terms.normalised(price.cpm, bid.currency)
    }
}

/// Says whether bids tell of their media files: where a pod of the auction reads which they have.
pub(super) fn reads_media(plan: &Plan) -> bool {
    let reads = |rules: &Separation| rules.media || rules.creative;
    plan.pods.iter().any(|pod| reads(&pod.separation))
}

/// Writes the section of a bidder.
pub(super) fn write(
    json: &mut Json<'_>,
    reply: &Reply,
    offer: Option<&Offer>,
    against: Against<'_>,
) {
    json.section(|json| {
        json.maybe(key!("arrived_us"), reply.arrived_us, Json::decimal);
        json.some(key!("bids"), &reply.bids, |json, bid| write_bid(json, bid, against));
        json.maybe(key!("deadline_us"), reply.deadline_us, Json::decimal);
        json.maybe(key!("nbr"), reply.no_bid_reason, Json::number);
        json.maybe(key!("offer"), offer, write_offer);
        json.key(key!("outcome")).text(match reply.outcome {
            ReplyOutcome::Bids => BIDS,
            ReplyOutcome::Nothing(reason) => reason.name(),
        });
        json.maybe(key!("resp_id"), reply.response_id.as_deref(), Json::text);
        json.maybe(key!("resp_sha"), reply.response_sha, |json, sha| json.hex(&sha));
        json.key(key!("sent")).flag(reply.sent);
        json.maybe(key!("status"), reply.status, Json::number);
    });
}

fn write_offer(json: &mut Json<'_>, offer: &Offer) {
    json.object(|json| {
        if offer.dialect == Dialect::Structured {
            json.key(key!("dialect")).text(STRUCTURED);
        }
        // Id and index of the part of each.
        json.some(key!("imps"), &offer.imps, |json, imp| {
            json.pair(|json| {
                json.text(imp.id.as_str());
                json.count(imp.part);
            });
        });
        json.some(key!("seats"), &offer.bidder.seats, |json, seat| json.text(seat.as_str()));
    });
}

fn write_bid(json: &mut Json<'_>, bid: &Bid, against: Against<'_>) {
    json.object(|json| {
        json.some(key!("advertisers"), &bid.advertisers, write_advertiser);
        json.codes(key!("apis"), &bid.apis);
        json.codes(key!("attr"), &bid.attributes);
        json.maybe(key!("bundle"), bid.bundle.as_deref(), Json::text);
        json.texts(key!("cat"), &bid.categories);
        let taxonomy = Some(bid.category_taxonomy).filter(|&it| it != DEFAULT_TAXONOMY);
        json.maybe(key!("cattax"), taxonomy, Json::number);
        json.maybe(key!("crid"), bid.creative_id.as_ref(), |json, id| json.text(id.as_str()));
        json.key(key!("cur")).text(bid.currency.as_str());
        json.maybe(key!("deal"), bid.deal.as_ref(), |json, deal| json.text(deal.as_str()));
        json.maybe(key!("defect"), bid.defect, |json, reason| json.text(reason.name()));
        json.maybe(key!("dur"), bid.seconds, |json, seconds| json.number(seconds.0));
        json.maybe(key!("exp"), bid.expires_s, Json::number);
        json.maybe(key!("group"), bid.group, Json::number);
        json.key(key!("id")).text(bid.id.as_str());
        json.key(key!("imp")).text(bid.imp.as_str());
        json.maybe(key!("lang"), bid.language.as_deref(), Json::text);
        json.maybe(key!("markup"), bid.markup.as_ref(), |json, markup| {
            write_markup(json, markup, against.media);
        });
        json.maybe(key!("mtype"), bid.media_type, Json::number);
        // In the auction's currency, of a price in another.
        json.maybe(key!("normalised"), against.normalised(bid), Json::micros);
        json.maybe(key!("price"), bid.price.as_ref(), |json, price| {
            json.object(|json| {
                json.key(key!("micros")).micros(price.cpm);
                json.key(key!("text")).text(&price.text);
            });
        });
        json.maybe(key!("protocol"), bid.protocol, Json::number);
        json.maybe(key!("seat"), bid.seat.as_ref(), |json, seat| json.text(seat.as_str()));
        json.maybe(key!("size"), bid.size, write_numbers);
        let slot_in_pod = Some(bid.slot_in_pod).filter(|&place| place != 0);
        json.maybe(key!("slotinpod"), slot_in_pod, Json::number);
    });
}

/// Writes a domain and its registrable domain; one text where they are one.
fn write_advertiser(json: &mut Json<'_>, advertiser: &Advertiser) {
    if advertiser.domain == advertiser.registrable {
        return json.text(&advertiser.domain);
    }
    json.pair(|json| {
        json.text(&advertiser.domain);
        json.text(&advertiser.registrable);
    });
}

fn write_markup(json: &mut Json<'_>, markup: &MarkupFacts, media: bool) {
    json.object(|json| {
        let ads = Some(markup.ads).filter(|&ads| ads != 1);
        json.maybe(key!("ads"), ads, Json::number);
        json.codes(key!("apis"), &markup.apis);
        json.maybe(key!("defect"), markup.defect, |json, reason| json.text(reason.name()));
        json.maybe(key!("duration"), markup.duration, |json, length| json.decimal(length.0));
        json.set(key!("insecure"), markup.insecure);
        if media {
            json.some(key!("media"), &markup.media, |json, hash| json.hex(hash));
        }
        json.texts(key!("media_types"), &markup.media_types);
        json.set(key!("nonlinear"), !markup.linear);
        json.some(key!("universal_ids"), &markup.universal_ids, |json, (registry, value)| {
            json.pair(|json| {
                json.text(registry);
                json.text(value);
            });
        });
        json.maybe(key!("version"), markup.version, write_numbers);
    });
}

/// Writes two numbers as a list.
fn write_numbers<T: Into<i64>>(json: &mut Json<'_>, (first, second): (T, T)) {
    json.pair(|json| {
        json.number(first);
        json.number(second);
    });
}

/// Reads the reply of `bidder` and what it was offered; none when a value breaks a rule of its type
/// or of the plan.
///
/// Without a plan, as a party has it that is not shown the seller's terms, what the plan binds is not
/// checked. The offered bidder's endpoint and limits stay in the config snapshot that the head cites.
pub(super) fn read(
    bytes: &[u8],
    bidder: &BidderId,
    plan: Option<&Plan>,
    texts: &mut Texts,
) -> Option<(Reply, Option<Offer>)> {
    let against = plan.map(Against::of);
    let parts = plan.map_or(usize::MAX, |plan| plan.parts.len());
    Scan::section(bytes, |scan| {
        let arrived_us = scan.may(key!("arrived_us"), Scan::decimal)?;
        let bids = scan.some(key!("bids"), |scan| bid(scan, against, texts))?;
        let deadline_us = scan.may(key!("deadline_us"), Scan::decimal)?;
        let no_bid_reason = scan.may(key!("nbr"), Scan::number)?;
        let offer = scan.may(key!("offer"), |scan| offer(scan, bidder, parts, texts))?;
        let outcome = match &*scan.must(key!("outcome"), Scan::text)? {
            BIDS => ReplyOutcome::Bids,
            name => ReplyOutcome::Nothing(CallReason::from_name(name)?),
        };
        let reply = Reply {
            bidder: bidder.clone(),
            outcome,
            response_id: scan.may(key!("resp_id"), Scan::boxed)?,
            response_sha: scan.may(key!("resp_sha"), Scan::hex)?,
            sent: scan.must(key!("sent"), Scan::flag)?,
            status: scan.may(key!("status"), Scan::number)?,
            deadline_us,
            arrived_us,
            no_bid_reason,
            bids,
        };
        Some((reply, offer))
    })
}

fn offer(scan: &mut Scan<'_>, bidder: &BidderId, parts: usize, texts: &mut Texts) -> Option<Offer> {
    scan.object(|scan| {
        let dialect = match scan.may(key!("dialect"), Scan::text)?.as_deref() {
            None => Dialect::Dynamic,
            Some(STRUCTURED) => Dialect::Structured,
            Some(_) => return None,
        };
        let imps = scan.some(key!("imps"), |scan| {
            let id = |scan: &mut Scan<'_>| scan.text().map(|id| ImpId::new(texts.shared(&id)));
            let (id, part) = scan.pair(id, Scan::index)?;
            (part < parts).then_some(OfferedImp { id, part })
        })?;
        let bidder = Bidder {
            seats: scan.some(key!("seats"), |scan| {
                scan.text().map(|seat| SeatId::new(texts.shared(&seat)))
            })?,
            ..Bidder::bare(bidder.clone(), texts.shared(""), dialect)
        };
        Some(Offer { bidder: Arc::new(bidder), dialect, imps })
    })
}

fn bid(scan: &mut Scan<'_>, against: Option<Against<'_>>, texts: &mut Texts) -> Option<Bid> {
    scan.object(|scan| {
        let advertisers = scan.some(key!("advertisers"), |scan| advertiser(scan, texts))?;
        let apis = scan.codes(key!("apis"))?;
        let attributes = scan.codes(key!("attr"))?;
        let bundle = scan.may(key!("bundle"), Scan::boxed)?;
        let categories = scan.some(key!("cat"), Scan::boxed)?;
        let category_taxonomy = scan.may(key!("cattax"), Scan::number)?;
        let creative_id = scan.may(key!("crid"), Scan::text)?;
        let creative_id = creative_id.map(|id| CreativeId::new(texts.shared(&id)));
        let currency = scan.must(key!("cur"), Scan::currency)?;
        let deal = scan.may(key!("deal"), Scan::text)?;
        let deal = deal.map(|deal| DealId::new(texts.shared(&deal)));
        let defect = scan.may(key!("defect"), loss)?;
        let seconds = scan.may(key!("dur"), |scan| scan.number().map(Seconds))?;
        let expires_s = scan.may(key!("exp"), Scan::number)?;
        let group = scan.may(key!("group"), Scan::number)?;
        // Unlike the others a bid's id comes once.
        let id = scan.must(key!("id"), |scan| scan.shared().map(BidId::new))?;
        let imp = scan.must(key!("imp"), Scan::text)?;
        let imp = ImpId::new(texts.shared(&imp));
        let language = scan.may(key!("lang"), Scan::boxed)?;
        let markup = scan.may(key!("markup"), |scan| shared_markup(scan, texts))?;
        let media_type = scan.may(key!("mtype"), Scan::number)?;
        let normalised = scan.may(key!("normalised"), Scan::micros)?;
        let price = scan.may(key!("price"), price)?;
        let protocol = scan.may(key!("protocol"), Scan::number)?;
        let seat = scan.may(key!("seat"), Scan::text)?;
        let bid = Bid {
            seat: seat.map(|seat| SeatId::new(texts.shared(&seat))),
            size: scan.may(key!("size"), |scan| scan.pair(Scan::number, Scan::number))?,
            slot_in_pod: scan.may(key!("slotinpod"), Scan::number)?.unwrap_or(0),
            category_taxonomy: category_taxonomy.unwrap_or(DEFAULT_TAXONOMY),
            creative: Creative::default(),
            id,
            imp,
            price,
            currency,
            deal,
            advertisers,
            creative_id,
            categories,
            seconds,
            media_type,
            protocol,
            apis,
            attributes,
            language,
            bundle,
            expires_s,
            group,
            markup,
            defect,
        };
        let same = against.is_none_or(|against| normalised == against.normalised(&bid));
        same.then_some(bid)
    })
}

fn advertiser(scan: &mut Scan<'_>, texts: &mut Texts) -> Option<Advertiser> {
    if !scan.is_list() {
        let domain = texts.shared(&scan.text()?);
        return Some(Advertiser { registrable: Arc::clone(&domain), domain });
    }
    let (domain, registrable) = scan.pair(Scan::text, Scan::text)?;
    let (domain, registrable) = (texts.shared(&domain), texts.shared(&registrable));
    Some(Advertiser { domain, registrable })
}

fn price(scan: &mut Scan<'_>) -> Option<Price> {
    scan.object(|scan| {
        let cpm = scan.must(key!("micros"), Scan::micros)?;
        let text = scan.must(key!("text"), Scan::boxed)?;
        is_price(&text, cpm).then_some(Price { text, cpm })
    })
}

/// Reads the facts of markup, the same again when they were read lately.
fn shared_markup(scan: &mut Scan<'_>, texts: &mut Texts) -> Option<Arc<MarkupFacts>> {
    let text = scan.peek()?;
    if let Some(known) = texts.facts(text) {
        scan.skip(text);
        return Some(known);
    }
    let facts = Arc::new(markup(scan)?);
    texts.keep(text, &facts);
    Some(facts)
}

fn markup(scan: &mut Scan<'_>) -> Option<MarkupFacts> {
    scan.object(|scan| {
        Some(MarkupFacts {
            ads: scan.may(key!("ads"), Scan::number)?.unwrap_or(1),
            apis: scan.codes(key!("apis"))?,
            defect: scan.may(key!("defect"), loss)?,
            duration: scan.may(key!("duration"), |scan| scan.decimal().map(Millis))?,
            insecure: scan.set(key!("insecure"))?,
            media: scan.some(key!("media"), Scan::hex)?,
            media_types: scan.some(key!("media_types"), Scan::boxed)?,
            linear: !scan.set(key!("nonlinear"))?,
            universal_ids: scan
                .some(key!("universal_ids"), |scan| scan.pair(Scan::boxed, Scan::boxed))?,
            version: scan.may(key!("version"), |scan| scan.pair(Scan::number, Scan::number))?,
        })
    })
}

/// Reads the name of a loss reason.
fn loss(scan: &mut Scan<'_>) -> Option<LossReason> {
    scan.text().and_then(|name| LossReason::from_name(&name))
}

/// The outcome of a reply with bids.
const BIDS: &str = "bids";
/// Pods as one imp a slot; the other dialect is left out.
const STRUCTURED: &str = "structured";
/// What categories are of that name no taxonomy.
const DEFAULT_TAXONOMY: i32 = 1;
