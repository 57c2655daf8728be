//! What an auction is held against of the config snapshot (kind 8) that it cites: canonical JSON as
//! `config` writes it, read here on its own, so that the record is enough.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::model::category::{Category, Separation};
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::{Floor, FloorStep};
use crate::model::house::{HouseAd, HouseMedia};
use crate::model::ids::{BidderId, DealId};
use crate::model::market::{Dialect, Fit, Lengths};
use crate::model::money::{Cpm, Currency, Fee, FeeSchedule};
use crate::model::time::{Millis, Seconds};
use crate::wire::price::parse_down;

/// A config in force, as far as auctions are held against it.
#[derive(Debug)]
pub(in crate::audit) struct InForce {
    /// Who must have a reply, with how each reads pods and the seats it may bid for.
    pub(super) bidders: BTreeMap<Box<str>, (Dialect, Vec<Box<str>>)>,
    pub(super) currency: Currency,
    pub(super) max_cpm: Cpm,
    pub(super) placements: BTreeMap<Box<str>, Placement>,
    pub(super) pricing: Pricing,
    pub(super) publishers: BTreeMap<Box<str>, Publisher>,
    /// Whether it has rates of exchange.
    pub(super) has_rates: bool,
}

/// A publisher's terms.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) blocked: Blocked,
    pub(super) fees: FeeSchedule,
}

/// A placement's terms.
#[derive(Debug)]
pub(super) struct Placement {
    pub(super) blocked: Blocked,
    pub(super) deals: Vec<Deal>,
    pub(super) deals_first: bool,
    pub(super) fit: Fit,
    pub(super) floor: Floor,
    pub(super) house: Vec<HouseAd>,
    pub(super) lengths: Lengths,
    pub(super) max_ads: u16,
    pub(super) mimes: Vec<Arc<str>>,
    pub(super) private_auction: bool,
    pub(super) publisher: Box<str>,
    /// Its exclusive categories are sorted, without repeats.
    pub(super) separation: Separation,
    pub(super) tmax: Millis,
    pub(super) unmapped_refused: bool,
}

/// What may not be shown.
#[derive(Debug)]
pub(super) struct Blocked {
    pub(super) advertisers: Vec<Box<str>>,
    pub(super) categories: Vec<Category>,
}

/// Reads a snapshot; none when a value of it is none that a config can have.
pub(in crate::audit) fn read(json: &[u8]) -> Option<InForce> {
    let form: ConfigForm = serde_json::from_slice(json).ok()?;
    let deals: Vec<(Deal, Vec<Box<str>>)> =
        form.deals.into_iter().map(DealForm::deal).collect::<Option<_>>()?;
    let placement = |form: PlacementForm| {
        let on = |(deal, on): &(Deal, Vec<Box<str>>)| on.contains(&form.id).then(|| deal.clone());
        let deals = deals.iter().filter_map(on).collect();
        let id = form.id.clone();
        Some((id, form.placement(deals)?))
    };
    let publisher = |form: PublisherForm| {
        let fee = |form: FeeForm| Fee { name: Arc::from(form.name), ppm: form.ppm };
        let fees = FeeSchedule::new(form.fees.into_iter().map(fee).collect())?;
        let blocked = blocked(form.blocked_advertisers, form.blocked_categories);
        Some((form.id, Publisher { blocked, fees }))
    };
    let bidder = |form: BidderForm| {
        let dialect = match &*form.pods {
            "dynamic" => Dialect::Dynamic,
            "structured" => Dialect::Structured,
            _ => return None,
        };
        Some((form.id, (dialect, form.seats)))
    };
    Some(InForce {
        bidders: form.bidders.into_iter().map(bidder).collect::<Option<_>>()?,
        currency: Currency::new(&form.currency)?,
        max_cpm: cpm(&form.max_cpm)?,
        placements: form.placements.into_iter().map(placement).collect::<Option<_>>()?,
        pricing: pricing(&form.pricing)?,
        publishers: form.publishers.into_iter().map(publisher).collect::<Option<_>>()?,
        has_rates: !form.rates.is_empty(),
    })
}

#[derive(Deserialize)]
struct ConfigForm {
    bidders: Vec<BidderForm>,
    currency: Box<str>,
    deals: Vec<DealForm>,
    max_cpm: Box<str>,
    placements: Vec<PlacementForm>,
    pricing: Box<str>,
    publishers: Vec<PublisherForm>,
    rates: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct BidderForm {
    id: Box<str>,
    pods: Box<str>,
    seats: Vec<Box<str>>,
}

#[derive(Deserialize)]
struct PublisherForm {
    blocked_advertisers: Vec<Box<str>>,
    blocked_categories: Vec<CategoryForm>,
    fees: Vec<FeeForm>,
    id: Box<str>,
}

#[derive(Deserialize)]
struct FeeForm {
    name: Box<str>,
    ppm: u32,
}

#[derive(Deserialize)]
struct CategoryForm {
    cattax: i32,
    id: Box<str>,
}

#[derive(Deserialize)]
struct PlacementForm {
    blocked_advertisers: Vec<Box<str>>,
    blocked_categories: Vec<CategoryForm>,
    deals_first: bool,
    durations: LengthsForm,
    exclusive: Vec<CategoryForm>,
    fit: Box<str>,
    floor: FloorForm,
    /// Left out where there is none.
    #[serde(default)]
    house: Vec<HouseForm>,
    id: Box<str>,
    max_ads: u16,
    mimes: Vec<Arc<str>>,
    private_auction: bool,
    publisher: Box<str>,
    separation: Vec<Box<str>>,
    tmax_ms: u64,
    unmapped_category: Box<str>,
}

#[derive(Deserialize)]
struct HouseForm {
    click: Option<Arc<str>>,
    duration: u32,
    id: Arc<str>,
    impression: Vec<Arc<str>>,
    length_ms: u64,
    media: Vec<MediaForm>,
}

#[derive(Deserialize)]
struct MediaForm {
    #[serde(rename = "type")]
    mime: Arc<str>,
    url: Arc<str>,
}

#[derive(Deserialize)]
struct LengthsForm {
    exact: Option<Vec<u32>>,
    max: Option<u32>,
    min: Option<u32>,
}

#[derive(Deserialize)]
struct FloorForm {
    amount: Option<Box<str>>,
    by_duration: Option<Vec<StepForm>>,
    per_second: Option<Box<str>>,
}

#[derive(Deserialize)]
struct StepForm {
    amount: Box<str>,
    max: Option<u32>,
    min: Option<u32>,
}

#[derive(Deserialize)]
struct DealForm {
    advertisers: Vec<Arc<str>>,
    bidders: Vec<Box<str>>,
    discount_ppm: u32,
    floor: Option<FloorForm>,
    guaranteed: bool,
    id: Box<str>,
    placements: Vec<Box<str>>,
    pricing: Box<str>,
    seats: Vec<Arc<str>>,
}

impl DealForm {
    /// Returns the deal and the placements it holds for.
    fn deal(self) -> Option<(Deal, Vec<Box<str>>)> {
        let deal = Deal {
            id: DealId::new(&*self.id),
            bidders: self.bidders.iter().map(|id| BidderId::new(&**id)).collect(),
            seats: self.seats,
            advertisers: self.advertisers,
            pricing: pricing(&self.pricing)?,
            floor: match &self.floor {
                Some(form) => Some(form.floor()?),
                None => None,
            },
            guaranteed: self.guaranteed,
            discount_ppm: self.discount_ppm,
        };
        Some((deal, self.placements))
    }
}

impl PlacementForm {
    fn placement(self, deals: Vec<Deal>) -> Option<Placement> {
        let lengths = match self.durations {
            LengthsForm { exact: Some(exact), .. } => {
                Lengths::Exact(exact.into_iter().map(Seconds).collect())
            }
            LengthsForm { exact: None, min, max } => {
                Lengths::Range { min: Seconds(min?), max: Seconds(max?) }
            }
        };
        let fit = match &*self.fit {
            "nominal" => Fit::Nominal,
            "real" => Fit::Real,
            _ => return None,
        };
        Some(Placement {
            blocked: blocked(self.blocked_advertisers, self.blocked_categories),
            deals,
            deals_first: self.deals_first,
            fit,
            floor: self.floor.floor()?,
            house: self.house.into_iter().map(HouseForm::ad).collect(),
            lengths,
            max_ads: self.max_ads,
            mimes: self.mimes,
            private_auction: self.private_auction,
            publisher: self.publisher,
            separation: separation(&self.separation, self.exclusive)?,
            tmax: Millis(self.tmax_ms),
            unmapped_refused: &*self.unmapped_category == "refuse",
        })
    }
}

impl HouseForm {
    fn ad(self) -> HouseAd {
        let file = |form: MediaForm| HouseMedia {
            url: form.url,
            mime: form.mime,
            width: None,
            height: None,
            bitrate: None,
        };
        HouseAd {
            id: self.id,
            seconds: Seconds(self.duration),
            length: Millis(self.length_ms),
            media: self.media.into_iter().map(file).collect(),
            click: self.click,
            impressions: self.impression,
        }
    }
}

impl FloorForm {
    fn floor(&self) -> Option<Floor> {
        if let Some(per_second) = &self.per_second {
            return cpm(per_second).map(Floor::PerSecond);
        }
        let amount = cpm(self.amount.as_ref()?)?;
        let Some(steps) = &self.by_duration else { return Some(Floor::Fixed(amount)) };
        let step = |form: &StepForm| {
            let (min, max) = (form.min.map(Seconds), form.max.map(Seconds));
            Some(FloorStep { min, max, floor: cpm(&form.amount)? })
        };
        let steps = steps.iter().map(step).collect::<Option<_>>()?;
        Some(Floor::ByLength { steps, otherwise: amount })
    }
}

fn blocked(advertisers: Vec<Box<str>>, forms: Vec<CategoryForm>) -> Blocked {
    Blocked { advertisers, categories: categories(forms) }
}

fn categories(forms: Vec<CategoryForm>) -> Vec<Category> {
    let category = |form: CategoryForm| Category { taxonomy: form.cattax, id: Arc::from(form.id) };
    forms.into_iter().map(category).collect()
}

/// Returns the rules of a placement; none when one of them is no rule.
fn separation(rules: &[Box<str>], exclusive: Vec<CategoryForm>) -> Option<Separation> {
    let mut separation = Separation::default();
    for rule in rules {
        match &**rule {
            "advertiser" => separation.advertiser = true,
            "category" => separation.category = true,
            "creative" => separation.creative = true,
            "media" => separation.media = true,
            _ => return None,
        }
    }
    separation.exclusive = categories(exclusive);
    separation.exclusive.sort();
    separation.exclusive.dedup();
    Some(separation)
}

fn pricing(name: &str) -> Option<Pricing> {
    match name {
        "first" => Some(Pricing::First),
        "second" => Some(Pricing::Second),
        "fixed" => Some(Pricing::Fixed),
        _ => None,
    }
}

/// Reads a price as `config` writes it: exact, to the micro.
fn cpm(text: &str) -> Option<Cpm> {
    parse_down(text)
}
