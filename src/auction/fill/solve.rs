//! The best selection of one component, with an item forced in or kept out.

use crate::auction::fill::bits::{Bits, has};
use crate::auction::fill::classes::Classes;
use crate::auction::fill::dual::Dual;
use crate::auction::fill::problem::{Ends, PartLimits, Problem, ends_hold};
use crate::auction::fill::score::Score;
use crate::auction::fill::search::{Goal, Walk};
use crate::auction::fill::start;
use crate::auction::fill::ties;

/// What is asked of a component.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    /// An item that is in, whatever it is worth.
    pub(super) forced: Option<usize>,
    /// An item that is out.
    pub(super) excluded: Option<usize>,
    /// Whether the least of equals is wanted (decision 5), or any will do.
    pub(super) least: bool,
}

/// The best selection found.
#[derive(Clone, Debug)]
pub(super) struct Solved {
    /// Its items, without the forced one, ascending.
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
            let part = &mut self.parts[piece.part];
            part.seconds -= piece.seconds;
            part.millis -= if part.millis == u64::MAX { 0 } else { piece.millis };
            part.ads -= piece.ads;
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

/// Returns the best selection of a component, or the best found before the steps ran out.
pub(super) fn solve<S: Score>(
    problem: &Problem<'_>,
    component: &[usize],
    question: Question,
    steps: &mut u32,
) -> Solved {
    let mut room = Room::of(problem);
    if let Some(item) = question.forced {
        room.take(problem, item);
    }
    let units = units(problem, component, question, &room);
    let mut classes = Classes::<S>::of(problem, &units);
    strike_dominated(problem, &mut classes);
    let mut best = start::greedy(problem, &classes.units, &room);
    let dual = Dual::of(problem, &mut classes, &room, &mut best);
    let mut walk = Walk::new(problem, &classes, &dual, &room, best);
    walk.dive();
    let goal = if question.least { Goal::Least } else { Goal::Any };
    walk.run(goal, steps);
    if walk.many_ties {
        return ties::least(problem, &classes, &mut walk, steps);
    }
    let mut items = walk.best.items.clone();
    items.sort_unstable();
    Solved { items, exact: walk.complete }
}

/// Returns the items that may join what is forced.
fn units<S: Score>(
    problem: &Problem<'_>,
    component: &[usize],
    question: Question,
    room: &Room,
) -> Vec<Unit<S>> {
    let forced = question.forced.map(|item| problem.conflicts.row(item));
    let barred = |item: usize| {
        question.forced == Some(item)
            || question.excluded == Some(item)
            || forced.is_some_and(|row| has(row, item))
            || (question.forced.is_some() && !room.holds(problem, item))
    };
    let units = component.iter().copied().filter(|&item| !barred(item));
    units.map(|item| Unit { item, score: problem.score(item) }).collect()
}

/// Takes out each single bid in whose place another of its class would always be better.
///
/// That other takes no more, is worth more (or as much with a lower key), and excludes nothing
/// else. Both are of one class, so the other is never there already.
fn strike_dominated<S: Score>(problem: &Problem<'_>, classes: &mut Classes<S>) {
    let mut struck = Bits::empty(problem.items.len());
    for class in 0..classes.count() {
        let units = classes.class(class);
        for (index, unit) in units.iter().enumerate() {
            if units
                .iter()
                .enumerate()
                .any(|(other, rival)| other != index && dominates(problem, rival.item, unit.item))
            {
                struck.insert(unit.item);
            }
        }
    }
    classes.retain(|_, unit| !struck.has(unit.item));
}

fn dominates(problem: &Problem<'_>, rival: usize, item: usize) -> bool {
    let (left, right) = (&problem.items[rival], &problem.items[item]);
    // Items are sorted by worth, equals by key.
    if item < rival || 1 < left.ads || 1 < right.ads || right.seconds < left.seconds {
        return false;
    }
    let (piece, other) = (&problem.pieces(rival)[0], &problem.pieces(item)[0]);
    if piece.part != other.part
        || (problem.counts_millis(piece.part) && other.millis < piece.millis)
    {
        return false;
    }
    let places = problem.places(rival);
    let places_within = places.is_empty()
        || problem.places(item).first().is_some_and(|place| place.takes == places[0].takes);
    places_within
        && problem.conflicts.row(rival).iter().zip(problem.conflicts.row(item)).enumerate().all(
            |(word, (&rivals, &items))| {
                let own = if word == item / 64 { 1 << (item % 64) } else { 0 };
                rivals & !items & !own == 0
            },
        )
}
