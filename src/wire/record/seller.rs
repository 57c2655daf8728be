//! Section `seller`: what was for sale, and the terms every bid was held to.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::ad_break::{BreakSignal, LengthSource};
use crate::model::break_request::{BreakRequest, Door};
use crate::model::money::{Currency, Fee, FeeSchedule};
use crate::model::plan::{Part, Plan, Terms};
use crate::model::rates::Rate;
use crate::wire::record::seller::deal::PricingForm;
use crate::wire::record::seller::part::{CategoryForm, PartForm, PodForm};
use crate::wire::record::text::{Decimal, Hex, canonical, cpm, micros, shared, text, texts};

mod asked;
mod deal;
mod part;

/// The section. Fields stand in ASCII order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seller<'a> {
    #[serde(rename = "break")]
    ad_break: Break<'a>,
    door: DoorForm,
    fee_id: Hex<8>,
    fees: Vec<FeeForm<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    imp_ids: Option<Vec<Cow<'a, str>>>,
    parts: Vec<PartForm<'a>>,
    placement: Cow<'a, str>,
    /// The placement of each part, where they are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    placements: Vec<Cow<'a, str>>,
    pods: Vec<PodForm<'a>>,
    publisher: Cow<'a, str>,
    req_sha: Hex<32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<Cow<'a, str>>,
    /// The hash of the supply chain that bidders were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schain_sha: Option<Hex<32>>,
    terms: TermsForm<'a>,
    tmax: Decimal,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Break<'a> {
    id: Cow<'a, str>,
    length: Decimal,
    offset: Decimal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signal: Option<Signal<'a>>,
    source: SourceForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<Decimal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream: Option<Cow<'a, str>>,
    weak: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Signal<'a> {
    event: u32,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    type_id: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upid: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FeeForm<'a> {
    name: Cow<'a, str>,
    ppm: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TermsForm<'a> {
    allowed_categories: Vec<CategoryForm<'a>>,
    blocked_apps: Vec<Cow<'a, str>>,
    blocked_seats: Vec<Cow<'a, str>>,
    currencies: Vec<Cow<'a, str>>,
    currency: Cow<'a, str>,
    languages: Vec<Cow<'a, str>>,
    max_cpm: Decimal,
    pricing: PricingForm,
    /// Each currency with its rate times 10^12.
    rates: Vec<(Cow<'a, str>, Decimal)>,
    seats: Vec<Cow<'a, str>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum DoorForm {
    Tag,
    Native,
    OpenRtb,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum SourceForm {
    Signal,
    Request,
    Default,
}

/// Writes the section.
pub(super) fn write(request: &BreakRequest, plan: &Plan) -> Vec<u8> {
    let terms = &plan.terms;
    let ad_break = &request.ad_break;
    let schain = request.passthrough.schain.as_deref();
    canonical(&Seller {
        ad_break: Break {
            id: text(ad_break.id.as_str()),
            length: Decimal(ad_break.length.0),
            offset: Decimal(ad_break.offset.0),
            signal: ad_break.signal.as_ref().map(signal),
            source: match ad_break.length_source {
                LengthSource::Signal => SourceForm::Signal,
                LengthSource::Request => SourceForm::Request,
                LengthSource::Default => SourceForm::Default,
            },
            start: ad_break.start.map(|start| Decimal(start.0)),
            stream: ad_break.stream.as_ref().map(|stream| text(stream.as_str())),
            weak: ad_break.weak,
        },
        door: match request.door {
            Door::Tag => DoorForm::Tag,
            Door::Native => DoorForm::Native,
            Door::OpenRtb => DoorForm::OpenRtb,
        },
        fee_id: Hex(fee_schedule_id(&terms.fees)),
        fees: fees(&terms.fees),
        imp_ids: request.imps.iter().map(|imp| imp.id.as_deref().map(text)).collect(),
        parts: plan.parts.iter().map(PartForm::of).collect(),
        placement: text(request.placement.id.as_str()),
        placements: placements(request),
        pods: plan.pods.iter().map(PodForm::of).collect(),
        publisher: text(request.publisher.id.as_str()),
        req_sha: Hex(request.sha),
        request_id: request.request_id.as_deref().map(text),
        schain_sha: schain.map(|schain| Hex(Sha256::digest(schain).into())),
        terms: terms_form(terms),
        tmax: Decimal(request.placement.tmax.0),
    })
}

/// Returns what names a fee schedule: the first bytes of the hash of its canonical JSON.
#[must_use]
pub fn fee_schedule_id(schedule: &FeeSchedule) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(canonical(&fees(schedule))).into();
    *hash.first_chunk().expect("8 is below 32")
}

/// Names the placements where the imps have several.
fn placements(request: &BreakRequest) -> Vec<Cow<'_, str>> {
    let one = request.imps.iter().all(|imp| imp.placement.id == request.placement.id);
    let imps = if one { &[][..] } else { &request.imps };
    imps.iter().map(|imp| text(imp.placement.id.as_str())).collect()
}

impl Seller<'_> {
    /// Returns terms, pods and parts, or `None` when a value breaks a rule of its type.
    pub(super) fn plan(&self) -> Option<Plan> {
        let parts = self.parts.iter().map(|part| part.part(self.pods.len()));
        let parts: Vec<Part> = parts.collect::<Option<_>>()?;
        let plan = Plan {
            terms: self.terms()?,
            pods: self.pods.iter().map(PodForm::pod).collect(),
            parts,
            offers: Vec::new(),
            skipped: Vec::new(),
        };
        // A pod is as long as its parts.
        let adds_up = plan.pods.iter().enumerate().all(|(index, pod)| {
            let own = plan.parts.iter().filter(|part| part.pod == index);
            own.map(|part| u64::from(part.seconds.0)).sum::<u64>() == u64::from(pod.seconds.0)
        });
        (adds_up && !plan.parts.is_empty()).then_some(plan)
    }

    fn terms(&self) -> Option<Terms> {
        let terms = &self.terms;
        let fee = |fee: &FeeForm<'_>| Fee { name: Arc::from(&*fee.name), ppm: fee.ppm };
        let rate = |(from, e12): &(Cow<'_, str>, Decimal)| {
            let e12 = i64::try_from(e12.0).ok().filter(|e12| 0 < *e12)?;
            Some(Rate { from: Currency::new(from)?, e12 })
        };
        Some(Terms {
            currency: Currency::new(&terms.currency)?,
            currencies: terms
                .currencies
                .iter()
                .map(|it| Currency::new(it))
                .collect::<Option<_>>()?,
            rates: terms.rates.iter().map(rate).collect::<Option<_>>()?,
            pricing: terms.pricing.pricing(),
            max_cpm: cpm(terms.max_cpm)?,
            fees: FeeSchedule::new(self.fees.iter().map(fee).collect())?,
            allowed_categories: part::categories(&terms.allowed_categories),
            blocked_apps: shared(&terms.blocked_apps),
            allowed_seats: shared(&terms.seats),
            blocked_seats: shared(&terms.blocked_seats),
            languages: shared(&terms.languages),
        })
    }
}

fn signal(signal: &BreakSignal) -> Signal<'_> {
    Signal {
        event: signal.event_id,
        type_id: signal.type_id,
        upid: signal.upid.as_deref().map(text),
    }
}

fn fees(schedule: &FeeSchedule) -> Vec<FeeForm<'_>> {
    schedule.fees().iter().map(|fee| FeeForm { name: text(&fee.name), ppm: fee.ppm }).collect()
}

fn terms_form(terms: &Terms) -> TermsForm<'_> {
    let rate = |rate: &Rate| {
        let e12 = u64::try_from(rate.e12).expect("a rate is above 0");
        (Cow::Owned(rate.from.as_str().to_owned()), Decimal(e12))
    };
    TermsForm {
        allowed_categories: part::category_forms(&terms.allowed_categories),
        blocked_apps: texts(&terms.blocked_apps),
        blocked_seats: texts(&terms.blocked_seats),
        currencies: terms.currencies.iter().map(|it| text(it.as_str())).collect(),
        currency: text(terms.currency.as_str()),
        languages: texts(&terms.languages),
        max_cpm: micros(terms.max_cpm),
        pricing: PricingForm::of(terms.pricing),
        rates: terms.rates.iter().map(rate).collect(),
        seats: texts(&terms.allowed_seats),
    }
}
