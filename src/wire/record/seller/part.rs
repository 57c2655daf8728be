//! Pods and parts of section `seller`: what was sold as one, and its own terms.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::category::{Category, Separation};
use crate::model::house::{HouseAd, MOST_HOUSE};
use crate::model::market::{Fit, Lengths};
use crate::model::plan::{Part, Place, Pod, Shape};
use crate::model::time::{MAX_BREAK, Millis, Seconds};
use crate::wire::record::seller::deal::{DealForm, FloorForm};
use crate::wire::record::text::{Decimal, shared, text, texts};

/// A pod. Fields stand in ASCII order, here and below.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PodForm<'a> {
    id: Cow<'a, str>,
    seconds: u32,
    separation: SeparationForm<'a>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own, on or off")]
struct SeparationForm<'a> {
    advertiser: bool,
    category: bool,
    creative: bool,
    exclusive: Vec<CategoryForm<'a>>,
    media: bool,
}

/// Taxonomy and id.
pub(super) type CategoryForm<'a> = (i32, Cow<'a, str>);

/// A part of a pod.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a term of its own, on or off")]
pub(super) struct PartForm<'a> {
    apis: Cow<'a, [i32]>,
    blocked_advertisers: Vec<Cow<'a, str>>,
    blocked_attributes: Cow<'a, [i32]>,
    blocked_categories: Vec<CategoryForm<'a>>,
    deals: Vec<DealForm<'a>>,
    deals_first: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<u32>,
    fit: FitForm,
    floor: FloorForm,
    /// Id, seconds and milliseconds of each house ad.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    house: Vec<(Cow<'a, str>, u32, Decimal)>,
    lengths: LengthsForm,
    max_ads: u16,
    mimes: Vec<Cow<'a, str>>,
    place: i32,
    pod: usize,
    private: bool,
    protocols: Cow<'a, [i32]>,
    real: Decimal,
    seconds: u32,
    secure: bool,
    shape: ShapeForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<(u32, u32)>,
    unmapped_refused: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum FitForm {
    Nominal,
    Real,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum ShapeForm {
    Slot,
    Stretch,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum LengthsForm {
    Exact(Vec<u32>),
    Range(u32, u32),
}

impl<'a> PodForm<'a> {
    /// Writes a pod.
    pub(super) fn of(pod: &'a Pod) -> Self {
        let separation = &pod.separation;
        Self {
            id: text(&pod.id),
            seconds: pod.seconds.0,
            separation: SeparationForm {
                advertiser: separation.advertiser,
                category: separation.category,
                creative: separation.creative,
                exclusive: category_forms(&separation.exclusive),
                media: separation.media,
            },
        }
    }

    /// Reads a pod.
    pub(super) fn pod(&self) -> Pod {
        let separation = &self.separation;
        Pod {
            id: Arc::from(&*self.id),
            seconds: Seconds(self.seconds),
            separation: Separation {
                advertiser: separation.advertiser,
                category: separation.category,
                creative: separation.creative,
                media: separation.media,
                exclusive: categories(&separation.exclusive),
            },
        }
    }
}

impl<'a> PartForm<'a> {
    /// Writes a part.
    pub(super) fn of(part: &'a Part) -> Self {
        Self {
            apis: Cow::Borrowed(&part.apis),
            blocked_advertisers: texts(&part.blocked_advertisers),
            blocked_attributes: Cow::Borrowed(&part.blocked_attributes),
            blocked_categories: category_forms(&part.blocked_categories),
            deals: part.deals.iter().map(|deal| DealForm::of(deal)).collect(),
            deals_first: part.deals_first,
            exp: part.expires_s,
            fit: match part.fit {
                Fit::Nominal => FitForm::Nominal,
                Fit::Real => FitForm::Real,
            },
            floor: FloorForm::of(&part.floor),
            house: part.house.iter().map(|ad| house_form(ad)).collect(),
            lengths: lengths_form(&part.lengths),
            max_ads: part.max_ads,
            mimes: texts(&part.mimes),
            place: part.place.code(),
            pod: part.pod,
            private: part.private_auction,
            protocols: Cow::Borrowed(&part.protocols),
            real: Decimal(part.real.0),
            seconds: part.seconds.0,
            secure: part.secure,
            shape: match part.shape {
                Shape::Slot => ShapeForm::Slot,
                Shape::Stretch => ShapeForm::Stretch,
            },
            size: part.size,
            unmapped_refused: part.unmapped_refused,
        }
    }

    /// Reads a part of one of `pods` and checks what the fill relies on: no longer than a break,
    /// sane lengths.
    pub(super) fn part(&self, pods: usize) -> Option<Part> {
        let seconds = Seconds(self.seconds);
        let sound = self.pod < pods && seconds <= Seconds::nominal(MAX_BREAK);
        if !sound {
            return None;
        }
        Some(Part {
            pod: self.pod,
            shape: match self.shape {
                ShapeForm::Slot => Shape::Slot,
                ShapeForm::Stretch => Shape::Stretch,
            },
            place: Place::of(self.place),
            seconds,
            real: Millis(self.real.0),
            max_ads: self.max_ads,
            lengths: lengths(&self.lengths)?,
            fit: match self.fit {
                FitForm::Nominal => Fit::Nominal,
                FitForm::Real => Fit::Real,
            },
            floor: self.floor.floor()?,
            deals: self
                .deals
                .iter()
                .map(|deal| deal.deal().map(Arc::new))
                .collect::<Option<_>>()?,
            private_auction: self.private,
            deals_first: self.deals_first,
            blocked_advertisers: shared(&self.blocked_advertisers),
            blocked_categories: categories(&self.blocked_categories),
            unmapped_refused: self.unmapped_refused,
            blocked_attributes: self.blocked_attributes.to_vec(),
            protocols: self.protocols.to_vec(),
            apis: self.apis.to_vec(),
            mimes: shared(&self.mimes),
            size: self.size,
            secure: self.secure,
            expires_s: self.exp,
            house: house(&self.house)?,
        })
    }
}

/// Writes what a decision reads of a house ad; the config in force has the rest.
fn house_form(ad: &HouseAd) -> (Cow<'_, str>, u32, Decimal) {
    (text(&ad.id), ad.seconds.0, Decimal(ad.length.0))
}

/// Reads house ads and checks what the choice among them relies on.
fn house(forms: &[(Cow<'_, str>, u32, Decimal)]) -> Option<Vec<Arc<HouseAd>>> {
    let longest = Seconds::nominal(MAX_BREAK);
    let sound = |(at, (id, seconds, length)): (usize, &(Cow<'_, str>, u32, Decimal))| {
        let new = forms[..at].iter().all(|(other, ..)| other != id);
        new && 1 <= *seconds && Seconds(*seconds) <= longest && length.0 <= longest.millis().0
    };
    let read = |(id, seconds, length): &(Cow<'_, str>, u32, Decimal)| HouseAd {
        id: Arc::from(&**id),
        seconds: Seconds(*seconds),
        length: Millis(length.0),
        ..HouseAd::default()
    };
    let sound = forms.len() <= MOST_HOUSE && forms.iter().enumerate().all(sound);
    sound.then(|| forms.iter().map(|form| Arc::new(read(form))).collect())
}

/// Writes categories.
pub(super) fn category_forms(categories: &[Category]) -> Vec<CategoryForm<'_>> {
    categories.iter().map(|category| (category.taxonomy, text(&category.id))).collect()
}

/// Reads categories.
pub(super) fn categories(forms: &[CategoryForm<'_>]) -> Vec<Category> {
    forms
        .iter()
        .map(|(taxonomy, id)| Category { taxonomy: *taxonomy, id: Arc::from(&**id) })
        .collect()
}

fn lengths_form(lengths: &Lengths) -> LengthsForm {
    match lengths {
        Lengths::Exact(list) => LengthsForm::Exact(list.iter().map(|item| item.0).collect()),
        Lengths::Range { min, max } => LengthsForm::Range(min.0, max.0),
    }
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
