//! The best selection of one component.

use crate::auction::fill::field::{Field, Spare};
use crate::auction::fill::problem::{Ends, PartLimits, Piece, Problem, ends_hold};
use crate::auction::fill::score::Score;
use crate::auction::fill::search::{Found, Goal, Walk};
use crate::auction::fill::start::{self, Best};
use crate::auction::fill::table::{Grain, Tables};
use crate::auction::fill::ties;

/// The best selection found.
#[derive(Clone, Debug)]
pub(super) struct Solved {
    /// Its items, ascending.
    pub(super) items: Vec<usize>,
    /// Whether there is none better.
    pub(super) exact: bool,
}

/// An item that may be chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit<S> {
    /// The item.
    pub(super) item: usize,
    /// What it is worth.
    pub(super) score: S,
}

/// What is left of the parts and of the ends of the pods.
#[derive(Clone, Debug)]
pub(super) struct Room {
    /// By part.
    pub(super) parts: Vec<PartRoom>,
    /// Places taken, by pod.
    pub(super) ends: Vec<Ends>,
}

/// What is left of one part.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartRoom {
    /// Nominal seconds.
    pub(super) seconds: u32,
    /// Real milliseconds.
    pub(super) millis: u64,
    /// Ads.
    pub(super) ads: u32,
}

impl PartRoom {
    /// Returns what is left when a piece is taken, which fits.
    pub(super) fn less(&self, piece: &Piece) -> Self {
        Self {
            seconds: self.seconds - piece.seconds,
            // Where real lengths do not count, there is no end of them.
            millis: if self.millis == u64::MAX { u64::MAX } else { self.millis - piece.millis },
            ads: self.ads - piece.ads,
        }
    }
}

impl Room {
    /// Returns the room of empty pods.
    pub(super) fn of(problem: &Problem<'_>) -> Self {
        let part = |part: &PartLimits| PartRoom {
            seconds: part.seconds,
            millis: part.millis,
            ads: part.ads,
        };
        let pods = problem.parts.iter().map(|part| usize::from(part.pod) + 1).max().unwrap_or(0);
        Self { parts: problem.parts.iter().map(part).collect(), ends: vec![[0; 3]; pods] }
    }

    /// Says whether an item fits.
    pub(super) fn holds(&self, problem: &Problem<'_>, item: usize) -> bool {
        let within = problem.pieces(item).iter().all(|piece| {
            let part = &self.parts[piece.part];
            piece.seconds <= part.seconds && piece.millis <= part.millis && piece.ads <= part.ads
        });
        within
            && problem.places(item).iter().all(|place| {
                let taken = &self.ends[place.pod];
                ends_hold(&std::array::from_fn(|end| taken[end] + place.takes[end]))
            })
    }

    /// Takes what an item takes.
    pub(super) fn take(&mut self, problem: &Problem<'_>, item: usize) {
        for piece in problem.pieces(item) {
            self.parts[piece.part] = self.parts[piece.part].less(piece);
        }
        for place in problem.places(item) {
            for (taken, takes) in self.ends[place.pod].iter_mut().zip(place.takes) {
                *taken += takes;
            }
        }
    }

    /// Gives back what an item took.
    pub(super) fn give(&mut self, problem: &Problem<'_>, item: usize) {
        for piece in problem.pieces(item) {
            let part = &mut self.parts[piece.part];
            part.seconds += piece.seconds;
            part.millis = part.millis.saturating_add(piece.millis);
            part.ads += piece.ads;
        }
        for place in problem.places(item) {
            for (taken, takes) in self.ends[place.pod].iter_mut().zip(place.takes) {
                *taken -= takes;
            }
        }
    }
}

/// What a search leaves to questions about its winners: every unit of the selections without one
/// of them that are worth `floor`, priced.
#[derive(Debug)]
pub(super) struct Ground<S> {
    /// The units.
    pub(super) field: Field<S>,
    /// The least worth of what is asked for.
    pub(super) floor: S,
}

/// Returns the best selection of a component, or the best found before the steps ran out.
pub(super) fn solve<S: Score>(
    problem: &Problem<'_>,
    component: &[usize],
    steps: &mut u32,
) -> Solved {
    let (room, units) = (Room::of(problem), units::<S>(problem, component));
    let mut best = start::greedy(problem, &units, &room);
    let mut field = Field::coarse(problem, &units, &room, (&best, Spare::None));
    field.repair(problem, &room, &mut best);
    field.refine(problem, &room, (&best, best.score));
    if field.repair(problem, &room, &mut best) {
        field.descend(problem, &room, &best, MORE_ROUNDS);
    }
    walk(problem, field, &room, best, (Goal::Least, steps), &mut Tables::default())
}

/// Returns the same, and the ground for questions about the items of it that `asks` says.
pub(super) fn solve_to_ask<S: Score>(
    problem: &Problem<'_>,
    component: &[usize],
    asks: &dyn Fn(usize) -> bool,
    steps: &mut u32,
) -> (Solved, Ground<S>) {
    let (room, units) = (Room::of(problem), units::<S>(problem, component));
    let mut best = start::greedy(problem, &units, &room);
    let mut field = Field::coarse(problem, &units, &room, (&best, Spare::One));
    field.repair(problem, &room, &mut best);
    let order = field.order(problem, &room);
    let asked = best.items.iter().filter(|&&item| asks(item));
    let without = asked.map(|&item| start::swapped(problem, &order, &room, (&best, item)).score);
    let floor = without.min().unwrap_or(best.score);
    field.refine(problem, &room, (&best, floor));
    if field.repair(problem, &room, &mut best) {
        field.descend(problem, &room, &best, MORE_ROUNDS);
    }
    let ground = Ground { field: field.clone(), floor };
    let solved = walk(problem, field, &room, best, (Goal::Least, steps), &mut Tables::default());
    (solved, ground)
}

fn units<S: Score>(problem: &Problem<'_>, component: &[usize]) -> Vec<Unit<S>> {
    component.iter().map(|&item| Unit { item, score: problem.score(item) }).collect()
}

/// Walks a field; `tables` only save allocations.
pub(super) fn walk<S: Score>(
    problem: &Problem<'_>,
    field: Field<S>,
    room: &Room,
    best: Best<S>,
    (goal, steps): (Goal, &mut u32),
    tables: &mut Tables<S>,
) -> Solved {
    let (mut classes, mut dual) = field.finish(problem, room, &best);
    let mut found = Found { best, many_ties: false, complete: false };
    let bounded = dual.bound != i64::MAX;
    for (stage, (grain, most)) in STAGES.into_iter().enumerate() {
        let out_of_steps = *steps == 0 && 1 < stage;
        if (grain.is_none() && !bounded) || found.complete || out_of_steps {
            continue;
        }
        dual.strike(&mut classes, &found.best);
        let mut walk = Walk::new(problem, &classes, &dual, room, found);
        walk.tables = std::mem::take(tables);
        if let Some(grain) = grain {
            walk.dive(grain);
        }
        walk.run(goal, steps, most);
        if walk.found.many_ties && walk.found.complete {
            return ties::least(problem, &classes, walk, steps);
        }
        *tables = std::mem::take(&mut walk.tables);
        tables.clear();
        found = walk.found;
    }
    let mut items = found.best.items;
    items.sort_unstable();
    Solved { items, exact: found.complete }
}

/// The tables, none at first, and the steps that are tried with them.
const STAGES: [(Option<Grain>, u32); 3] = [
    (None, 150),
    (Some(Grain { rounded: true, most: 1 << 20 }), 30_000),
    (Some(Grain { rounded: false, most: 1 << 19 }), u32::MAX),
];

/// Rounds after a better selection was found.
const MORE_ROUNDS: usize = 30;
