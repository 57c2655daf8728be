//! A floor: one price, so much a second, or by length; in the market's currency once it is read.
//!
//! A floor in another currency is converted here, by the first `[[rate]]` that knows both and
//! whatever its age: a floor must hold, and a config means the same whenever it is read.

use std::ops::Range;

use crate::config::market::Common;
use crate::config::problem::BAD_VALUE;
use crate::config::section::{At, Section};
use crate::config::value;
use crate::model::floor::{Floor, FloorStep};
use crate::model::money::Cpm;
use crate::model::rates::Rate;
use crate::model::time::{MAX_BREAK, Seconds};

/// Reads `floor`; none where there is none, or nothing that could be used.
pub(super) fn read(section: &Section<'_>, common: &Common) -> Option<At<Floor>> {
    let table = section.table("floor")?;
    let rate = rate(&table, common);
    let amount = table.parsed("amount", value::cpm);
    let per_second = table.parsed("per_second", value::cpm);
    let steps = table.has("by_duration").then(|| steps(&table));
    let says = ["amount", "per_second", "by_duration"].map(|key| table.has(key));
    match says {
        [_, true, true] | [true, true, _] => {
            let wrong = "it excludes `amount` and `by_duration`: a floor has one form";
            let span = per_second.as_ref().map_or_else(|| table.span(), |price| price.span.clone());
            table.bad_value("per_second", &span, wrong);
        }
        [false, false, false] => {
            let help = "write `amount`, `per_second` or `by_duration`: amount = \"5.00\"";
            table.missing("amount", help);
        }
        [..] => {}
    }
    let span = table.span();
    table.finish();
    let converted = |price: Cpm| rate.map_or(price, |rate| rate.floor(price));
    let floor = match (steps, per_second) {
        (Some(steps), _) => Floor::ByLength {
            steps: steps
                .into_iter()
                .map(|step| FloorStep { floor: converted(step.floor), ..step })
                .collect(),
            otherwise: amount.map_or(Cpm::ZERO, |amount| converted(amount.value)),
        },
        (None, Some(per_second)) => Floor::PerSecond(converted(per_second.value)),
        (None, None) => Floor::Fixed(converted(amount?.value)),
    };
    Some(At { value: floor, span })
}

/// Returns what the floor is converted at; none when it is in the market's currency.
fn rate(table: &Section<'_>, common: &Common) -> Option<Rate> {
    let from = table.parsed("currency", value::currency)?;
    if from.value == common.currency {
        return None;
    }
    let rate = common.rate(from.value);
    if rate.is_none() && common.currencies_read {
        let (from, to) = (from.value, common.currency);
        let message = format!("{} is {from}, the auction's {to}", table.path("currency"));
        let help = format!("add a [[rate]] that knows {from} and {to}, or write the floor in {to}");
        let label = "no [[rate]] knows both currencies";
        table.problem(BAD_VALUE, &table.place("currency"), (message, label, help));
    }
    rate
}

/// Reads the ranges, which may not overlap: which floor would hold?
fn steps(table: &Section<'_>) -> Vec<FloorStep> {
    let mut steps: Vec<(FloorStep, Range<usize>)> = Vec::new();
    let tables = table.tables("by_duration");
    if tables.is_empty() {
        table.bad_value("by_duration", &table.place("by_duration"), "it is empty");
    }
    for range in tables {
        let span = range.span();
        let Some(step) = step(range) else { continue };
        for (other, place) in &steps {
            let Some(length) = both_hold(&step, other) else { continue };
            let message = format!("two floors hold for an ad of {} s", length.0);
            let help = "end one before the other begins: `min` and `max` are included".to_owned();
            let also = (place, "and this one holds for it");
            table.clash(BAD_VALUE, &span, also, (message, "this one holds for it", help));
        }
        steps.push((step, span));
    }
    steps.into_iter().map(|(step, _)| step).collect()
}

fn step(range: Section<'_>) -> Option<FloorStep> {
    let longest = u32::try_from(MAX_BREAK.0 / 1_000).expect("900 fits");
    let min = range.integer("min", 1..=longest);
    let max = range.integer("max", 1..=longest);
    if !range.has("min") && !range.has("max") {
        let help = "write `min`, `max` or both, in seconds; the rest is what `amount` is for";
        range.missing("min", help);
    }
    let amount = range.required("amount", "say what it costs: amount = \"9.00\"", value::cpm);
    if let (Some(min), Some(max)) = (&min, &max)
        && max.value < min.value
    {
        range.bad_value("max", &max.span, "it is below `min`");
        return None;
    }
    let bounded = min.is_some() || max.is_some();
    range.finish();
    let seconds = |bound: Option<At<u32>>| bound.map(|bound| Seconds(bound.value));
    let step = FloorStep { min: seconds(min), max: seconds(max), floor: amount?.value };
    bounded.then_some(step)
}

/// Returns the shortest length that both ranges hold.
fn both_hold(one: &FloorStep, other: &FloorStep) -> Option<Seconds> {
    let from = one.min.max(other.min).unwrap_or(Seconds(1));
    (one.holds(from) && other.holds(from)).then_some(from)
}
