//! Deals and floors of section `seller`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::deal::{Deal, Pricing};
use crate::model::floor::{Floor, FloorStep};
use crate::model::ids::{BidderId, DealId};
use crate::model::time::Seconds;
use crate::wire::record::text::{Decimal, cpm, micros, shared, text, texts};

/// A deal. Fields stand in ASCII order, here and below.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DealForm<'a> {
    advertisers: Vec<Cow<'a, str>>,
    bidders: Vec<Cow<'a, str>>,
    discount: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    floor: Option<FloorForm>,
    guaranteed: bool,
    id: Cow<'a, str>,
    pricing: PricingForm,
    seats: Vec<Cow<'a, str>>,
}

/// How prices are found.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PricingForm {
    First,
    Second,
    Fixed,
}

/// A floor.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FloorForm {
    Fixed(Decimal),
    PerSecond(Decimal),
    /// Steps as (shortest, longest, floor), and the floor of other lengths.
    ByLength(Vec<(Option<u32>, Option<u32>, Decimal)>, Decimal),
}

impl<'a> DealForm<'a> {
    /// Writes a deal.
    pub(super) fn of(deal: &'a Deal) -> Self {
        Self {
            advertisers: texts(&deal.advertisers),
            bidders: deal.bidders.iter().map(|bidder| text(bidder.as_str())).collect(),
            discount: deal.discount_ppm,
            floor: deal.floor.as_ref().map(FloorForm::of),
            guaranteed: deal.guaranteed,
            id: text(deal.id.as_str()),
            pricing: PricingForm::of(deal.pricing),
            seats: texts(&deal.seats),
        }
    }

    /// Reads a deal; none when a value breaks a rule of its type.
    pub(super) fn deal(&self) -> Option<Deal> {
        Some(Deal {
            id: DealId::new(&*self.id),
            bidders: self.bidders.iter().map(|bidder| BidderId::new(&**bidder)).collect(),
            seats: shared(&self.seats),
            advertisers: shared(&self.advertisers),
            pricing: self.pricing.pricing(),
            floor: match &self.floor {
                Some(floor) => Some(floor.floor()?),
                None => None,
            },
            guaranteed: self.guaranteed,
            discount_ppm: (self.discount <= 1_000_000).then_some(self.discount)?,
        })
    }
}

impl PricingForm {
    /// Writes how prices are found.
    pub(super) fn of(pricing: Pricing) -> Self {
        match pricing {
            Pricing::First => Self::First,
            Pricing::Second => Self::Second,
            Pricing::Fixed => Self::Fixed,
        }
    }

    /// Reads how prices are found.
    pub(super) fn pricing(self) -> Pricing {
        match self {
            Self::First => Pricing::First,
            Self::Second => Pricing::Second,
            Self::Fixed => Pricing::Fixed,
        }
    }
}

impl FloorForm {
    /// Writes a floor.
    pub(super) fn of(floor: &Floor) -> Self {
        match floor {
            Floor::Fixed(floor) => Self::Fixed(micros(*floor)),
            Floor::PerSecond(floor) => Self::PerSecond(micros(*floor)),
            Floor::ByLength { steps, otherwise } => {
                let second = |bound: Option<Seconds>| bound.map(|seconds| seconds.0);
                let step =
                    |step: &FloorStep| (second(step.min), second(step.max), micros(step.floor));
                Self::ByLength(steps.iter().map(step).collect(), micros(*otherwise))
            }
        }
    }

    /// Reads a floor; none when a price is none.
    pub(super) fn floor(&self) -> Option<Floor> {
        Some(match self {
            Self::Fixed(floor) => Floor::Fixed(cpm(*floor)?),
            Self::PerSecond(floor) => Floor::PerSecond(cpm(*floor)?),
            Self::ByLength(steps, otherwise) => {
                let step = |(min, max, floor): &(Option<u32>, Option<u32>, Decimal)| {
                    let (min, max) = (min.map(Seconds), max.map(Seconds));
                    Some(FloorStep { min, max, floor: cpm(*floor)? })
                };
                let steps = steps.iter().map(step).collect::<Option<_>>()?;
                Floor::ByLength { steps, otherwise: cpm(*otherwise)? }
            }
        })
    }
}
