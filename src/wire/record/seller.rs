//! Section `seller`: what was for sale, and the terms every bid was held to.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::model::ad_break::{AdBreak, LengthSource};
use crate::model::break_request::{BreakRequest, Door};
use crate::model::money::{Fee, FeeSchedule};
use crate::model::plan::{Plan, Terms};
use crate::model::rates::Rate;
use crate::wire::record::json::Json;
use crate::wire::record::scan::Scan;
use crate::wire::record::texts::Texts;

mod asked;
pub(super) mod deal;
mod part;

/// What of the section is about the request; the rest is the plan.
#[derive(Debug)]
pub(super) struct Seller<'a> {
    ad_break: Break<'a>,
    door: Door,
    imp_ids: Vec<Cow<'a, str>>,
    placement: Cow<'a, str>,
    /// The placement of each part, where they are several.
    placements: Vec<Cow<'a, str>>,
    publisher: Cow<'a, str>,
    request_id: Option<Cow<'a, str>>,
    /// In milliseconds.
    tmax: u64,
}

/// The break as asked for, in milliseconds.
#[derive(Debug)]
struct Break<'a> {
    id: Cow<'a, str>,
    length: u64,
    offset: u64,
    stream: Option<Cow<'a, str>>,
}

/// Writes the section.
pub(super) fn write(json: &mut Json<'_>, request: &BreakRequest, plan: &Plan) {
    let schain = request.passthrough.schain.as_deref();
    json.section(|json| {
        write_break(json.key(key!("break")), &request.ad_break);
        json.key(key!("door")).text(door_name(request.door));
        json.key(key!("fee_id")).hex(&fee_schedule_id(&plan.terms.fees));
        json.some(key!("fees"), plan.terms.fees.fees(), write_fee);
        let ids: Option<Vec<_>> = request.imps.iter().map(|imp| imp.id.as_deref()).collect();
        json.texts(key!("imp_ids"), &ids.unwrap_or_default());
        json.some(key!("parts"), &plan.parts, part::write);
        json.key(key!("placement")).text(request.placement.id.as_str());
        if request.imps.iter().any(|imp| imp.placement.id != request.placement.id) {
            json.key(key!("placements"))
                .list(&request.imps, |json, imp| json.text(imp.placement.id.as_str()));
        }
        json.some(key!("pods"), &plan.pods, part::write_pod);
        json.key(key!("publisher")).text(request.publisher.id.as_str());
        json.key(key!("req_sha")).hex(&request.sha);
        json.maybe(key!("request_id"), request.request_id.as_deref(), Json::text);
        // The hash of the supply chain that bidders were sent.
        json.maybe(key!("schain_sha"), schain, |json, it| json.hex(&Sha256::digest(it)));
        write_terms(json.key(key!("terms")), &plan.terms);
        json.key(key!("tmax")).decimal(request.placement.tmax.0);
    });
}

/// Returns what names a fee schedule: the first bytes of the hash of its canonical JSON.
#[must_use]
pub fn fee_schedule_id(schedule: &FeeSchedule) -> [u8; 8] {
    let mut text = Vec::with_capacity(256);
    Json::new(&mut text).list_alone(schedule.fees(), write_fee);
    let hash: [u8; 32] = Sha256::digest(&text).into();
    *hash.first_chunk().expect("8 is below 32")
}

/// Reads the section; none when a value breaks a rule of its type.
pub(super) fn read<'a>(bytes: &'a [u8], texts: &mut Texts) -> Option<(Seller<'a>, Plan)> {
    Scan::section(bytes, |scan| {
        let ad_break = scan.must(key!("break"), read_break)?;
        let door = scan.must(key!("door"), |scan| {
            let name = scan.text()?;
            DOORS.into_iter().find(|door| door_name(*door) == name)
        })?;
        scan.must(key!("fee_id"), Scan::hex::<8>)?;
        let fees = scan.some(key!("fees"), |scan| read_fee(scan, texts))?;
        let imp_ids = scan.some(key!("imp_ids"), Scan::text)?;
        let parts = scan.some(key!("parts"), |scan| part::read(scan, texts))?;
        let placement = scan.must(key!("placement"), Scan::text)?;
        let placements = scan.some(key!("placements"), Scan::text)?;
        let pods = scan.some(key!("pods"), |scan| part::read_pod(scan, texts))?;
        let publisher = scan.must(key!("publisher"), Scan::text)?;
        scan.must(key!("req_sha"), Scan::hex::<32>)?;
        let request_id = scan.may(key!("request_id"), Scan::text)?;
        scan.may(key!("schain_sha"), Scan::hex::<32>)?;
        let terms = scan.must(key!("terms"), |scan| read_terms(scan, fees, texts))?;
        let tmax = scan.must(key!("tmax"), Scan::decimal)?;
        let plan = Plan { terms, pods, parts, offers: Vec::new(), skipped: Vec::new() };
        let seller =
            Seller { ad_break, door, imp_ids, placement, placements, publisher, request_id, tmax };
        is_sound(&plan).then_some((seller, plan))
    })
}

/// Says whether each part has its pod, and a pod is as long as its parts.
fn is_sound(plan: &Plan) -> bool {
    let adds_up = plan.pods.iter().enumerate().all(|(index, pod)| {
        let own = plan.parts.iter().filter(|part| part.pod == index);
        own.map(|part| u64::from(part.seconds.0)).sum::<u64>() == u64::from(pod.seconds.0)
    });
    let placed = plan.parts.iter().all(|part| part.pod < plan.pods.len());
    adds_up && placed && !plan.parts.is_empty()
}

fn write_break(json: &mut Json<'_>, ad_break: &AdBreak) {
    json.object(|json| {
        json.key(key!("id")).text(ad_break.id.as_str());
        json.key(key!("length")).decimal(ad_break.length.0);
        json.key(key!("offset")).decimal(ad_break.offset.0);
        json.maybe(key!("signal"), ad_break.signal.as_ref(), |json, signal| {
            json.object(|json| {
                json.key(key!("event")).number(signal.event_id);
                json.maybe(key!("type"), signal.type_id, Json::number);
                json.maybe(key!("upid"), signal.upid.as_deref(), Json::text);
            });
        });
        json.key(key!("source")).text(source_name(ad_break.length_source));
        json.maybe(key!("start"), ad_break.start, |json, start| json.decimal(start.0));
        json.maybe(key!("stream"), ad_break.stream.as_ref(), |json, it| json.text(it.as_str()));
        json.set(key!("weak"), ad_break.weak);
    });
}

fn read_break<'a>(scan: &mut Scan<'a>) -> Option<Break<'a>> {
    scan.object(|scan| {
        let id = scan.must(key!("id"), Scan::text)?;
        let length = scan.must(key!("length"), Scan::decimal)?;
        let offset = scan.must(key!("offset"), Scan::decimal)?;
        scan.may(key!("signal"), |scan| {
            scan.object(|scan| {
                scan.must(key!("event"), Scan::number::<u32>)?;
                scan.may(key!("type"), Scan::number::<u8>)?;
                scan.may(key!("upid"), Scan::text).map(drop)
            })
        })?;
        let source = scan.must(key!("source"), Scan::text)?;
        SOURCES.into_iter().find(|it| source_name(*it) == source)?;
        scan.may(key!("start"), Scan::decimal)?;
        let stream = scan.may(key!("stream"), Scan::text)?;
        scan.set(key!("weak"))?;
        Some(Break { id, length, offset, stream })
    })
}

fn write_fee(json: &mut Json<'_>, fee: &Fee) {
    json.object(|json| {
        json.key(key!("name")).text(&fee.name);
        json.key(key!("ppm")).number(fee.ppm);
    });
}

fn read_fee(scan: &mut Scan<'_>, texts: &mut Texts) -> Option<Fee> {
    scan.object(|scan| {
        let name = scan.must(key!("name"), Scan::text)?;
        Some(Fee { name: texts.shared(&name), ppm: scan.must(key!("ppm"), Scan::number)? })
    })
}

fn write_terms(json: &mut Json<'_>, terms: &Terms) {
    json.object(|json| {
        part::write_categories(json, key!("allowed_categories"), &terms.allowed_categories);
        json.texts(key!("blocked_apps"), &terms.blocked_apps);
        json.texts(key!("blocked_seats"), &terms.blocked_seats);
        json.some(key!("currencies"), &terms.currencies, |json, it| json.text(it.as_str()));
        json.key(key!("currency")).text(terms.currency.as_str());
        json.texts(key!("languages"), &terms.languages);
        json.key(key!("max_cpm")).micros(terms.max_cpm);
        json.key(key!("pricing")).text(deal::pricing_name(terms.pricing));
        // Each currency with its rate times 10^12.
        json.some(key!("rates"), &terms.rates, |json, rate| {
            json.pair(|json| {
                json.text(rate.from.as_str());
                json.decimal(u64::try_from(rate.e12).expect("a rate is above 0"));
            });
        });
        json.texts(key!("seats"), &terms.allowed_seats);
    });
}

fn read_terms(scan: &mut Scan<'_>, fees: Vec<Fee>, texts: &mut Texts) -> Option<Terms> {
    let fees = FeeSchedule::new(fees)?;
    scan.object(|scan| {
        Some(Terms {
            allowed_categories: part::read_categories(scan, key!("allowed_categories"), texts)?,
            blocked_apps: part::shared(scan, key!("blocked_apps"), texts)?,
            blocked_seats: part::shared(scan, key!("blocked_seats"), texts)?,
            currencies: scan.some(key!("currencies"), Scan::currency)?,
            currency: scan.must(key!("currency"), Scan::currency)?,
            languages: part::shared(scan, key!("languages"), texts)?,
            max_cpm: scan.must(key!("max_cpm"), Scan::micros)?,
            pricing: scan.must(key!("pricing"), deal::read_pricing)?,
            rates: scan.some(key!("rates"), read_rate)?,
            allowed_seats: part::shared(scan, key!("seats"), texts)?,
            fees,
        })
    })
}

/// Reads the rate of one currency.
pub(super) fn read_rate(scan: &mut Scan<'_>) -> Option<Rate> {
    let (from, e12) = scan.pair(Scan::currency, Scan::decimal)?;
    let e12 = i64::try_from(e12).ok().filter(|e12| 0 < *e12)?;
    Some(Rate { from, e12 })
}

fn door_name(door: Door) -> &'static str {
    match door {
        Door::Tag => "tag",
        Door::Native => "native",
        Door::OpenRtb => "openrtb",
    }
}

fn source_name(source: LengthSource) -> &'static str {
    match source {
        LengthSource::Signal => "signal",
        LengthSource::Request => "request",
        LengthSource::Default => "default",
    }
}

const DOORS: [Door; 3] = [Door::Tag, Door::Native, Door::OpenRtb];
const SOURCES: [LengthSource; 3] =
    [LengthSource::Signal, LengthSource::Request, LengthSource::Default];
