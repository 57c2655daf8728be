//! How floors are told: flat, by the second, or by length (openrtb.md section 8).
//!
//! What is told covers each length that may be sold, so no bidder has to know what a length outside
//! all ranges would cost. `mincpmpersec` and `durfloors` never stand in one object.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::model::floor::Floor;
use crate::model::market::Lengths;
use crate::model::money::Cpm;
use crate::model::time::Seconds;
use crate::wire::price;

/// A floor in the words of the wire.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Told {
    /// `bidfloor`.
    Flat(Cpm),
    /// `mincpmpersec`, with what the shortest ad must bid.
    PerSecond { floor: Cpm, least: Cpm },
    /// `durfloors`, at least two, with the least of them.
    ByLength { runs: Vec<Run>, least: Cpm },
}

/// Neighbouring lengths that share a floor, bounds included.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Run {
    min: Seconds,
    max: Seconds,
    floor: Cpm,
}

/// One object of `durfloors`.
#[derive(Serialize)]
pub(super) struct DurFloor {
    mindur: u32,
    maxdur: u32,
    bidfloor: Box<RawValue>,
}

/// Returns how a floor is told; by the second only where an imp sells a stretch of seconds.
///
/// Where it would take more than `MAX_RUNS` ranges the least is told, and each bid is held to the
/// floor of its length all the same.
pub(super) fn told(floor: &Floor, lengths: &Lengths, dynamic: bool) -> Told {
    told_as(floor, lengths, dynamic, |floor| floor)
}

/// Returns how a floor is told of which each length must bid `bid`, which may only rise with it.
pub(super) fn told_as(
    floor: &Floor,
    lengths: &Lengths,
    dynamic: bool,
    bid: impl Fn(Cpm) -> Cpm,
) -> Told {
    match floor {
        Floor::Fixed(floor) => Told::Flat(bid(*floor)),
        Floor::PerSecond(_) if dynamic => {
            // The least rate that is enough at every length.
            let rates = lengths.all().into_iter().map(|length| {
                let bid = bid(floor.at(length)).micros();
                let seconds = i64::from(length.0.max(1));
                bid / seconds + i64::from(bid % seconds != 0)
            });
            let rate = rates.max().and_then(Cpm::from_micros);
            let rate = rate.expect("a share of a price is none below 0, and some length is sold");
            let least = Floor::PerSecond(rate).at(lengths.shortest());
            Told::PerSecond { floor: rate, least }
        }
        Floor::PerSecond(_) | Floor::ByLength { .. } => by_length(floor, lengths, bid),
    }
}

fn by_length(floor: &Floor, lengths: &Lengths, bid: impl Fn(Cpm) -> Cpm) -> Told {
    let mut runs = runs(floor, lengths);
    for run in &mut runs {
        run.floor = bid(run.floor);
    }
    let least = runs.iter().map(|run| run.floor).min().unwrap_or(Cpm::ZERO);
    if (2..=MAX_RUNS).contains(&runs.len()) {
        Told::ByLength { runs, least }
    } else {
        Told::Flat(least)
    }
}

impl Told {
    /// Returns the floor that every length must reach.
    pub(super) fn least(&self) -> Cpm {
        match self {
            Self::Flat(floor) => *floor,
            Self::PerSecond { least, .. } | Self::ByLength { least, .. } => *least,
        }
    }

    /// Returns `mincpmpersec`.
    pub(super) fn per_second(&self) -> Option<Box<RawValue>> {
        match self {
            Self::PerSecond { floor, .. } => Some(price::number(*floor)),
            Self::Flat(_) | Self::ByLength { .. } => None,
        }
    }

    /// Returns `durfloors`, empty where the floor is not told by length.
    pub(super) fn by_length(&self) -> Vec<DurFloor> {
        let runs: &[Run] = match self {
            Self::ByLength { runs, .. } => runs,
            Self::Flat(_) | Self::PerSecond { .. } => &[],
        };
        let told = runs.iter().map(|run| DurFloor {
            mindur: run.min.0,
            maxdur: run.max.0,
            bidfloor: price::number(run.floor),
        });
        told.collect()
    }
}

/// Returns the lengths that may be sold in runs of one floor.
fn runs(floor: &Floor, lengths: &Lengths) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (min, max) in spans(floor, lengths) {
        let floor = floor.at(min);
        match runs.last_mut() {
            // The lengths between two allowed ones are not sold: a run may cover them.
            Some(last) if last.floor == floor => last.max = max,
            Some(_) | None => runs.push(Run { min, max, floor }),
        }
    }
    runs
}

/// Cuts the lengths that may be sold into spans within which the floor does not change.
fn spans(floor: &Floor, lengths: &Lengths) -> Vec<(Seconds, Seconds)> {
    let (min, max) = match lengths {
        Lengths::Exact(lengths) => return lengths.iter().map(|&it| (it, it)).collect(),
        &Lengths::Range { min, max } => (min, max),
    };
    let mut starts: Vec<u32> = match floor {
        Floor::Fixed(_) => vec![min.0],
        Floor::PerSecond(_) => (min.0..=max.0).collect(),
        Floor::ByLength { steps, .. } => {
            let starts = steps.iter().filter_map(|step| step.min.map(|min| min.0));
            let ends = steps.iter().filter_map(|step| step.max.map(|max| max.0.saturating_add(1)));
            std::iter::once(min.0).chain(starts).chain(ends).collect()
        }
    };
    starts.retain(|start| (min.0..=max.0).contains(start));
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain(std::iter::once(max.0));
    starts.iter().zip(ends).map(|(&start, end)| (Seconds(start), Seconds(end))).collect()
}

/// The most ranges that one `durfloors` tells.
const MAX_RUNS: usize = 64;

#[cfg(test)]
mod tests;
