//! Good selections, quickly: what the bounds are measured against from the first step.

use crate::auction::fill::bits::{Bits, has};
use crate::auction::fill::problem::Problem;
use crate::auction::fill::score::Score;
use crate::auction::fill::solve::{Room, Unit};

/// A legal selection.
#[derive(Clone, Debug)]
pub(super) struct Best<S> {
    /// Its items.
    pub(super) items: Vec<usize>,
    /// What it is worth.
    pub(super) score: S,
}

/// Returns a first selection: the most valuable units first.
///
/// Where values are no plain numbers, and so no prices will make a better one, the most valuable by
/// the second are tried too. `units` are the most valuable first.
pub(super) fn greedy<S: Score>(problem: &Problem<'_>, units: &[Unit<S>], room: &Room) -> Best<S> {
    let by_worth = pack(problem, units.iter(), room);
    if S::ZERO.number().is_some() {
        return by_worth;
    }
    let mut order = units.to_vec();
    order.sort_by(|left, right| {
        let cross = |worth: &Unit<S>, seconds: &Unit<S>| {
            let seconds = i128::from(problem.items[seconds.item].seconds);
            problem.items[worth.item].levels.map(|level| level.saturating_mul(seconds))
        };
        cross(right, left).cmp(&cross(left, right)).then(left.item.cmp(&right.item))
    });
    let by_second = pack(problem, order.iter(), room);
    let mut best = if by_worth.score < by_second.score { by_second } else { by_worth };
    improve(problem, units, room, &mut best);
    best
}

/// Takes units in order, each that is legal with those before it.
pub(super) fn pack<'u, S: Score + 'u>(
    problem: &Problem<'_>,
    order: impl Iterator<Item = &'u Unit<S>>,
    room: &Room,
) -> Best<S> {
    let mut room = room.clone();
    let mut blocked = Bits::empty(problem.items.len());
    let mut best = Best { items: Vec::new(), score: S::ZERO };
    for unit in order {
        if !blocked.has(unit.item) && room.holds(problem, unit.item) {
            room.take(problem, unit.item);
            blocked.join(problem.conflicts.row(unit.item));
            blocked.insert(unit.item);
            best.items.push(unit.item);
            best.score = best.score.plus(unit.score);
        }
    }
    best
}

/// Puts one item in another's place, or in a free one, as long as that is better.
pub(super) fn improve<S: Score>(
    problem: &Problem<'_>,
    units: &[Unit<S>],
    room: &Room,
    best: &mut Best<S>,
) {
    let mut room = room.clone();
    let mut taken = Bits::empty(problem.items.len());
    for &item in &best.items {
        room.take(problem, item);
        taken.insert(item);
    }
    for _ in 0..ROUNDS {
        let before = best.score;
        for place in 0..=best.items.len() {
            let leaves = best.items.get(place).copied();
            if let Some(leaves) = leaves {
                room.give(problem, leaves);
                taken.remove(leaves);
            }
            let worth = leaves.map_or(S::ZERO, |item| problem.score(item));
            let comes = units.iter().find(|unit| {
                worth < unit.score
                    && !has(&taken.0, unit.item)
                    && room.holds(problem, unit.item)
                    && problem
                        .conflicts
                        .row(unit.item)
                        .iter()
                        .zip(&taken.0)
                        .all(|(row, taken)| row & taken == 0)
            });
            let now = comes.map(|unit| unit.item).or(leaves);
            if let Some(now) = now {
                room.take(problem, now);
                taken.insert(now);
                match leaves {
                    Some(_) => best.items[place] = now,
                    None => best.items.push(now),
                }
            }
            if let Some(unit) = comes {
                best.score = best.score.plus(unit.score).minus(worth);
            }
        }
        if best.score == before {
            return;
        }
    }
}

/// Returns a selection without one of its items, the most valuable that fits put in its place.
pub(super) fn swapped<S: Score>(
    problem: &Problem<'_>,
    units: &[Unit<S>],
    room: &Room,
    (best, leaves): (&Best<S>, usize),
) -> Best<S> {
    let mut room = room.clone();
    let mut barred = Bits::empty(problem.items.len());
    barred.insert(leaves);
    let mut without = Best { items: Vec::with_capacity(best.items.len()), score: best.score };
    without.score = without.score.minus(problem.score(leaves));
    for &item in best.items.iter().filter(|&&item| item != leaves) {
        room.take(problem, item);
        barred.join(problem.conflicts.row(item));
        barred.insert(item);
        without.items.push(item);
    }
    let mut comes: Option<&Unit<S>> = None;
    for unit in units {
        let better = comes.is_none_or(|known| known.score < unit.score);
        if better && !barred.has(unit.item) && room.holds(problem, unit.item) {
            comes = Some(unit);
        }
    }
    if let Some(unit) = comes {
        without.items.push(unit.item);
        without.score = without.score.plus(unit.score);
    }
    without
}

/// Returns a good selection with an item that does not stand.
///
/// What stands is mended; so is what is made anew of the units in their order, and the better taken.
pub(super) fn forced<S: Score>(
    problem: &Problem<'_>,
    order: &[Unit<S>],
    (room, stands): (&Room, &[usize]),
    item: usize,
) -> Best<S> {
    let mut room = room.clone();
    let row = problem.conflicts.row(item);
    room.take(problem, item);
    let legal = |other: usize| other != item && !has(row, other) && room.holds(problem, other);
    let order: Vec<Unit<S>> = order.iter().copied().filter(|unit| legal(unit.item)).collect();
    let stand =
        |&other: &usize| legal(other).then(|| Unit { item: other, score: problem.score(other) });
    let stand: Vec<Unit<S>> = stands.iter().filter_map(stand).collect();
    let near = &order[..order.len().min(NEAR)];
    let mut mended = pack(problem, stand.iter(), &room);
    improve(problem, near, &room, &mut mended);
    let mut anew = pack(problem, order.iter(), &room);
    improve(problem, near, &room, &mut anew);
    let mut best = if mended.score < anew.score { anew } else { mended };
    best.items.push(item);
    best.score = best.score.plus(problem.score(item));
    best
}

/// Units that a selection is mended with.
pub(super) const NEAR: usize = 96;
/// The most rounds of improvement; two or three are the rule.
const ROUNDS: usize = 8;
