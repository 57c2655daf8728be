//! The least of many equal pods (decision 5), bid by bid.
//!
//! All best pods have the same number of ads, so of two the one that holds the lowest key in which
//! they differ comes first. Bids are gone through by key: each is in if some best pod has it and
//! all that are in before it.

use crate::auction::fill::bits::Bits;
use crate::auction::fill::classes::Classes;
use crate::auction::fill::problem::Problem;
use crate::auction::fill::score::Score;
use crate::auction::fill::search::Walk;
use crate::auction::fill::solve::Solved;
use crate::auction::fill::table::Grain;

/// Returns the least of the selections that are as good as the best of a walk.
pub(super) fn least<S: Score>(
    problem: &Problem<'_>,
    classes: &Classes<S>,
    mut walk: Walk<'_, S>,
    steps: &mut u32,
) -> Solved {
    // Among equals prices tell little; tables do.
    walk.tabulate(GRAIN);
    let items = classes.units.iter().map(|unit| unit.item);
    let mut bids: Vec<(usize, usize)> = items
        .flat_map(|item| problem.members(item).iter().map(move |&member| (member, item)))
        .collect();
    bids.sort_unstable_by_key(|&(member, _)| problem.keys.of(member));
    let mut fixed: Vec<usize> = Vec::new();
    let mut banned = Bits::empty(problem.items.len());
    for (_, item) in bids {
        if !walk.found.complete || fixed.len() == walk.found.best.items.len() {
            break;
        }
        if fixed.contains(&item) || banned.has(item) {
            continue;
        }
        fixed.push(item);
        let known = walk.found.best.items.contains(&item);
        let stays = known || (walk.fits(&fixed) && walk.reach(&fixed, &banned.0, steps));
        if !stays {
            fixed.pop();
            banned.insert(item);
        }
    }
    let mut items = walk.found.best.items.clone();
    items.sort_unstable();
    Solved { items, exact: walk.found.complete }
}

/// The tables of these walks.
const GRAIN: Grain = Grain { rounded: false, most: 1 << 18 };
