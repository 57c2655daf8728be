//! Section `seller`: what was for sale, and the terms every bid was held to.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::model::ad_break::{BreakSignal, LengthSource};
use crate::model::break_request::{BreakRequest, Door};
use crate::model::market::{Fit, Lengths};
use crate::model::money::{Currency, Fee, FeeSchedule};
use crate::model::plan::{Pod, Terms};
use crate::model::time::{MAX_BREAK, Millis, Seconds};
use crate::wire::record::text::{Decimal, Hex, canonical, cpm, micros, shared, text, texts};

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
    imp_id: Option<Cow<'a, str>>,
    placement: Cow<'a, str>,
    pod: PodForm<'a>,
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
struct PodForm<'a> {
    fit: FitForm,
    id: Cow<'a, str>,
    lengths: LengthsForm,
    max_ads: u16,
    real: Decimal,
    seconds: u32,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TermsForm<'a> {
    apis: Cow<'a, [i32]>,
    blocked_advertisers: Vec<Cow<'a, str>>,
    blocked_apps: Vec<Cow<'a, str>>,
    blocked_attributes: Cow<'a, [i32]>,
    blocked_seats: Vec<Cow<'a, str>>,
    currency: Cow<'a, str>,
    floor: Decimal,
    languages: Vec<Cow<'a, str>>,
    max_cpm: Decimal,
    mimes: Vec<Cow<'a, str>>,
    protocols: Cow<'a, [i32]>,
    seats: Vec<Cow<'a, str>>,
    secure: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<(u32, u32)>,
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

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum FitForm {
    Nominal,
    Real,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum LengthsForm {
    Exact(Vec<u32>),
    Range(u32, u32),
}

/// Writes the section.
pub(super) fn write(request: &BreakRequest, terms: &Terms) -> Vec<u8> {
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
        imp_id: request.imp_id.as_deref().map(text),
        placement: text(request.placement.id.as_str()),
        pod: pod_form(&terms.pod),
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

impl Seller<'_> {
    /// Returns the terms, or `None` when a value breaks a rule of its type.
    pub(super) fn terms(&self) -> Option<Terms> {
        let terms = &self.terms;
        let fee = |fee: &FeeForm<'_>| Fee { name: Arc::from(&*fee.name), ppm: fee.ppm };
        Some(Terms {
            currency: Currency::new(&terms.currency)?,
            floor: cpm(terms.floor)?,
            max_cpm: cpm(terms.max_cpm)?,
            pod: pod(&self.pod)?,
            fees: FeeSchedule::new(self.fees.iter().map(fee).collect())?,
            blocked_advertisers: shared(&terms.blocked_advertisers),
            blocked_apps: shared(&terms.blocked_apps),
            blocked_attributes: terms.blocked_attributes.to_vec(),
            allowed_seats: shared(&terms.seats),
            blocked_seats: shared(&terms.blocked_seats),
            languages: shared(&terms.languages),
            protocols: terms.protocols.to_vec(),
            apis: terms.apis.to_vec(),
            mimes: shared(&terms.mimes),
            size: terms.size,
            secure: terms.secure,
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

fn pod_form(pod: &Pod) -> PodForm<'_> {
    PodForm {
        fit: match pod.fit {
            Fit::Nominal => FitForm::Nominal,
            Fit::Real => FitForm::Real,
        },
        id: text(&pod.id),
        lengths: match &pod.lengths {
            Lengths::Exact(list) => LengthsForm::Exact(list.iter().map(|item| item.0).collect()),
            Lengths::Range { min, max } => LengthsForm::Range(min.0, max.0),
        },
        max_ads: pod.max_ads,
        real: Decimal(pod.real.0),
        seconds: pod.seconds.0,
    }
}

fn terms_form(terms: &Terms) -> TermsForm<'_> {
    TermsForm {
        apis: Cow::Borrowed(&terms.apis),
        blocked_advertisers: texts(&terms.blocked_advertisers),
        blocked_apps: texts(&terms.blocked_apps),
        blocked_attributes: Cow::Borrowed(&terms.blocked_attributes),
        blocked_seats: texts(&terms.blocked_seats),
        currency: text(terms.currency.as_str()),
        floor: micros(terms.floor),
        languages: texts(&terms.languages),
        max_cpm: micros(terms.max_cpm),
        mimes: texts(&terms.mimes),
        protocols: Cow::Borrowed(&terms.protocols),
        seats: texts(&terms.allowed_seats),
        secure: terms.secure,
        size: terms.size,
    }
}

/// Reads a pod and checks what the fill relies on: no longer than a break, sane lengths.
fn pod(form: &PodForm<'_>) -> Option<Pod> {
    let seconds = Seconds(form.seconds);
    Some(Pod {
        id: Arc::from(&*form.id),
        seconds: (seconds <= Seconds::nominal(MAX_BREAK)).then_some(seconds)?,
        real: Millis(form.real.0),
        max_ads: form.max_ads,
        lengths: lengths(&form.lengths)?,
        fit: match form.fit {
            FitForm::Nominal => Fit::Nominal,
            FitForm::Real => Fit::Real,
        },
    })
}

fn lengths(form: &LengthsForm) -> Option<Lengths> {
    match form {
        LengthsForm::Exact(list) => {
            let sorted = list.is_sorted_by(|a, b| a < b);
            let sound = sorted && list.first().is_some_and(|first| 0 < *first);
            sound.then(|| Lengths::Exact(list.iter().copied().map(Seconds).collect()))
        }
        LengthsForm::Range(min, max) => (0 < *min && min <= max)
            .then_some(Lengths::Range { min: Seconds(*min), max: Seconds(*max) }),
    }
}
