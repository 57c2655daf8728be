//! The floors of a part and of its deals: a placement's are gross, a caller's what it must receive.

use std::sync::Arc;

use crate::model::break_request::AskedImp;
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::{Floor, FloorStep};
use crate::model::market::Lengths;
use crate::model::money::{Cpm, FeeSchedule};
use crate::model::time::Seconds;

/// Returns the floor that keeps both the placement's and the caller's (decision 12).
pub(super) fn floor(imp: &AskedImp, fees: &FeeSchedule, lengths: &Lengths) -> Floor {
    let own = &imp.placement.floor;
    imp.floor.as_ref().map_or_else(|| own.clone(), |asked| raised(own, asked, fees, lengths))
}

/// Returns the placement's deals, then the caller's own that repeat none of their names.
///
/// A placement's deal keeps the caller's floors, of the imp and of a deal of its name; at an agreed
/// price that does not, it is left out. A caller's deal keeps the placement's floor. A deal without
/// a floor of its own has `part_floor`, which keeps both.
pub(super) fn deals(
    imp: &AskedImp,
    fees: &FeeSchedule,
    lengths: &Lengths,
    part_floor: &Floor,
) -> Vec<Arc<Deal>> {
    let known = &imp.placement.deals;
    let mut deals: Vec<Arc<Deal>> = known
        .iter()
        .filter_map(|deal| {
            let repeated = imp.deals.iter().find(|asked| asked.id == deal.id);
            let repeated = repeated.and_then(|asked| asked.floor.as_ref());
            let of_imp = imp.floor.as_ref().filter(|_| deal.floor.is_some());
            let asked: Vec<&Floor> = of_imp.into_iter().chain(repeated).collect();
            bounded(deal, &asked, fees, lengths, part_floor)
        })
        .collect();
    for deal in &imp.deals {
        if known.iter().all(|known| known.id != deal.id) {
            let own = &imp.placement.floor;
            let floor = deal.floor.as_ref().map(|asked| raised(own, asked, fees, lengths));
            deals.push(Arc::new(Deal { floor, ..Deal::clone(deal) }));
        }
    }
    deals
}

/// Returns a placement's deal that keeps the caller's floors `asked`; none at an agreed price that
/// does not.
fn bounded(
    deal: &Arc<Deal>,
    asked: &[&Floor],
    fees: &FeeSchedule,
    lengths: &Lengths,
    part_floor: &Floor,
) -> Option<Arc<Deal>> {
    let floor = deal.floor.as_ref().unwrap_or(part_floor);
    if asked.iter().all(|asked| keeps(floor, asked, fees, lengths)) {
        return Some(Arc::clone(deal));
    }
    if deal.pricing == Pricing::Fixed {
        return None;
    }
    let start = floor.clone();
    let floor = asked.iter().fold(start, |floor, asked| raised(&floor, asked, fees, lengths));
    Some(Arc::new(Deal { floor: Some(floor), ..Deal::clone(deal) }))
}

/// Returns the higher, length by length, of a gross floor and of one that a caller must receive,
/// raised to what a buyer must pay (decision 12).
fn raised(own: &Floor, asked: &Floor, fees: &FeeSchedule, lengths: &Lengths) -> Floor {
    if keeps(own, asked, fees, lengths) {
        return own.clone();
    }
    match (own, grossed(asked, fees, lengths)) {
        (Floor::Fixed(Cpm::ZERO), Some(asked)) => asked,
        (Floor::Fixed(own), Some(Floor::Fixed(asked))) => Floor::Fixed(asked.max(*own)),
        (Floor::PerSecond(own), Some(Floor::PerSecond(asked))) => Floor::PerSecond(asked.max(*own)),
        _ => by_length(lengths, |length| own.at(length).max(fees.gross_up(asked.at(length)))),
    }
}

/// Says whether a gross floor leaves at least `asked` after the fees at each of the lengths.
fn keeps(own: &Floor, asked: &Floor, fees: &FeeSchedule, lengths: &Lengths) -> bool {
    lengths.all().into_iter().all(|length| fees.gross_up(asked.at(length)) <= own.at(length))
}

/// Raises a floor by the fees in its own form; none where the rounding of a second would tell some
/// length too much.
fn grossed(floor: &Floor, fees: &FeeSchedule, lengths: &Lengths) -> Option<Floor> {
    Some(match floor {
        Floor::Fixed(floor) => Floor::Fixed(fees.gross_up(*floor)),
        Floor::PerSecond(rate) => {
            let gross = Floor::PerSecond(fees.gross_up(*rate));
            // What rounding adds grows with the length: nothing at the longest is nothing at any.
            let longest = lengths.longest();
            if gross.at(longest) != fees.gross_up(floor.at(longest)) {
                return None;
            }
            gross
        }
        Floor::ByLength { steps, otherwise } => Floor::ByLength {
            steps: steps
                .iter()
                .map(|step| FloorStep { floor: fees.gross_up(step.floor), ..*step })
                .collect(),
            otherwise: fees.gross_up(*otherwise),
        },
    })
}

/// Returns the floor that is `at` each of the lengths.
fn by_length(lengths: &Lengths, at: impl Fn(Seconds) -> Cpm) -> Floor {
    let steps = lengths.all().into_iter().map(|length| FloorStep {
        min: Some(length),
        max: Some(length),
        floor: at(length),
    });
    let mut steps: Vec<FloorStep> = steps.collect();
    let otherwise = steps.iter().map(|step| step.floor).max().unwrap_or(Cpm::ZERO);
    // Neighbours of one floor are one step.
    steps.dedup_by(|next, last| {
        let follows = last.max.is_some_and(|max| next.min == Some(Seconds(max.0 + 1)));
        let same = next.floor == last.floor && follows;
        if same {
            last.max = next.max;
        }
        same
    });
    Floor::ByLength { steps, otherwise }
}
