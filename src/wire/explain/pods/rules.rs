//! What holds for a part, in words: its lengths, its floor, its deals.

use crate::model::category::Category;
use crate::model::deal::Deal;
use crate::model::floor::{Floor, FloorStep};
use crate::model::market::Lengths;
use crate::model::time::Seconds;
use crate::wire::explain::pods::DealTerms;
use crate::wire::explain::{percent, pricing_name};

pub(super) fn terms(deal: &Deal) -> DealTerms {
    DealTerms {
        deal: deal.id.to_string(),
        pricing: pricing_name(deal.pricing),
        floor: deal.floor.as_ref().map(floor),
        guaranteed: deal.guaranteed,
        discount_percent: (deal.discount_ppm != 0).then(|| percent(deal.discount_ppm)),
        bidders: deal.bidders.iter().map(ToString::to_string).collect(),
        seats: deal.seats.iter().map(ToString::to_string).collect(),
        advertisers: deal.advertisers.iter().map(ToString::to_string).collect(),
    }
}

pub(super) fn category(category: &Category) -> String {
    format!("{} (cattax {})", category.id, category.taxonomy)
}

/// Says in words which lengths are allowed: `15 or 30 s`, `5 to 60 s`.
pub(super) fn lengths(lengths: &Lengths) -> String {
    match lengths {
        Lengths::Exact(all) => {
            let texts: Vec<String> = all.iter().map(|seconds| seconds.0.to_string()).collect();
            match texts.split_last() {
                Some((last, [])) => format!("{last} s"),
                Some((last, others)) => format!("{} or {last} s", others.join(", ")),
                None => "no length".to_owned(),
            }
        }
        Lengths::Range { min, max } if min == max => format!("{} s", min.0),
        Lengths::Range { min, max } => format!("{} to {} s", min.0, max.0),
    }
}

/// Says in words what the floor is: `5.00`, `0.20 a second`, `5.00 up to 15 s, else 9.00`.
pub(super) fn floor(floor: &Floor) -> String {
    match floor {
        Floor::Fixed(floor) => floor.price_text(),
        Floor::PerSecond(floor) => format!("{} a second", floor.price_text()),
        Floor::ByLength { steps, otherwise } => {
            let steps: Vec<String> = steps.iter().map(step).collect();
            let rest = otherwise.price_text();
            if steps.is_empty() { rest } else { format!("{}, else {rest}", steps.join(", ")) }
        }
    }
}

fn step(step: &FloorStep) -> String {
    let price = step.floor.price_text();
    match (step.min, step.max) {
        (Some(Seconds(min)), Some(Seconds(max))) if min == max => format!("{price} for {min} s"),
        (Some(Seconds(min)), Some(Seconds(max))) => format!("{price} for {min} to {max} s"),
        (Some(Seconds(min)), None) => format!("{price} from {min} s"),
        (None, Some(Seconds(max))) => format!("{price} up to {max} s"),
        (None, None) => format!("{price} for any length"),
    }
}
