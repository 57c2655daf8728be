//! The units that may still be in the best selection, with what is known of their worth.
//!
//! `coarse` starts from all units: classes, dominance, prices; `refine` goes on with what the prices
//! leave. `within` takes the part of a field that a question leaves (an item forced in or kept out), with
//! the prices found for the whole; `finish` hands what is left to the walk.

use crate::auction::fill::classes::Classes;
use crate::auction::fill::dual::{Prices, Relaxed};
use crate::auction::fill::problem::Problem;
use crate::auction::fill::score::Score;
use crate::auction::fill::solve::{Room, Unit};
use crate::auction::fill::start::{Best, NEAR, improve, pack};

/// Units in classes, exclusions that cross them, and prices.
#[derive(Clone, Debug)]
pub(super) struct Field<S> {
    /// The units.
    pub(super) classes: Classes<S>,
    cliques: Vec<Vec<usize>>,
    /// `None` where scores are no plain numbers.
    prices: Option<Prices>,
}

/// What the prices say of the classes they were found for.
#[derive(Clone, Debug)]
pub(super) struct Dual<S> {
    /// Each unit's score less the exclusions it has a part in.
    pub(super) reduced: Vec<S>,
    /// The price of all exclusions: what `reduced` scores lack at most.
    pub(super) base: S,
    /// What choosing a unit costs against the bound.
    pub(super) choose: Vec<i64>,
    /// What leaving a class empty costs against the bound.
    pub(super) skip: Vec<i64>,
    /// The bound; the largest number where there is none.
    pub(super) bound: i64,
}

/// How many units a field must do without: that many others stand in for each that is struck out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spare {
    /// All units are there.
    None,
    /// Any one may be kept out.
    One,
}

impl<S: Score> Dual<S> {
    /// Strikes out the units that no selection as good as `best` has.
    pub(super) fn strike(&mut self, classes: &mut Classes<S>, best: &Best<S>) {
        let Some(target) = best.score.number().filter(|_| self.bound != i64::MAX) else {
            return;
        };
        let slack = self.bound - target;
        let keep: Vec<bool> = self.choose.iter().map(|&cost| cost <= slack).collect();
        for class in 0..classes.count() {
            // A class none of which is left costs nothing to leave.
            if (classes.starts[class]..classes.starts[class + 1]).all(|unit| !keep[unit]) {
                self.bound -= self.skip[class];
                self.skip[class] = i64::MIN;
            }
        }
        self.skip.retain(|&cost| cost != i64::MIN);
        let mut at = keep.iter();
        self.choose.retain(|_| *at.next().unwrap_or(&true));
        let mut at = keep.iter();
        self.reduced.retain(|_| *at.next().unwrap_or(&true));
        classes.retain(|index, _| keep[index]);
    }
}

impl<S: Score> Dual<S> {
    /// Puts the classes that have some items before all others, in the order of the items.
    ///
    /// Each item is one of another class.
    pub(super) fn bring_front(&mut self, classes: &mut Classes<S>, items: &[usize]) {
        let class_of = |item: &usize| {
            let mut all = 0..classes.count();
            let has = |class: &usize| classes.class(*class).iter().any(|unit| unit.item == *item);
            all.find(has).expect("what stands is never struck out")
        };
        let mut order: Vec<usize> = items.iter().map(class_of).collect();
        let rest = (0..classes.count()).filter(|class| !order.contains(class));
        let rest: Vec<usize> = rest.collect();
        order.extend(rest);
        let from = std::mem::replace(
            self,
            Self {
                reduced: Vec::new(),
                base: self.base,
                choose: Vec::new(),
                skip: Vec::new(),
                bound: self.bound,
            },
        );
        let mut sorted = Classes { units: Vec::new(), starts: vec![0] };
        for class in order {
            let range = classes.starts[class]..classes.starts[class + 1];
            self.skip.push(from.skip[class]);
            self.choose.extend_from_slice(&from.choose[range.clone()]);
            self.reduced.extend_from_slice(&from.reduced[range]);
            sorted.units.extend_from_slice(classes.class(class));
            sorted.starts.push(sorted.units.len());
        }
        *classes = sorted;
    }
}

impl<S: Score> Field<S> {
    /// Returns the units in classes, less the dominated, with first prices.
    ///
    pub(super) fn coarse(
        problem: &Problem<'_>,
        units: &[Unit<S>],
        room: &Room,
        (best, spare): (&Best<S>, Spare),
    ) -> Self {
        let mut field =
            Self { classes: Classes::of(problem, units), cliques: Vec::new(), prices: None };
        field.strike_dominated(problem, spare);
        let rounds = COARSE_ROUNDS.min(4 + units.len() / 16);
        field.descend(problem, room, best, rounds);
        field
    }

    /// Strikes out the units that no selection worth `floor` has, and prices what excludes the rest.
    pub(super) fn refine(
        &mut self,
        problem: &Problem<'_>,
        room: &Room,
        (best, floor): (&Best<S>, S),
    ) {
        self.strike(problem, room, floor);
        self.classes.units.sort_unstable_by_key(|unit| unit.item);
        self.classes = Classes::of(problem, &self.classes.units);
        self.cliques = self.classes.crossing(problem);
        if let Some(prices) = &mut self.prices {
            // They were of other exclusions.
            prices.cliques.clear();
        }
        let rounds = FINE_ROUNDS.min(8 + self.classes.units.len() / 2);
        self.descend(problem, room, best, rounds);
    }

    /// Returns the part of a field whose units are kept.
    pub(super) fn within(&self, keep: impl Fn(&Unit<S>) -> bool) -> Self {
        let mut field = self.clone();
        let kept: Vec<bool> = self.classes.units.iter().map(keep).collect();
        field.retain(&kept);
        field
    }

    /// Lowers the bound.
    pub(super) fn descend(
        &mut self,
        problem: &Problem<'_>,
        room: &Room,
        best: &Best<S>,
        rounds: usize,
    ) {
        let Some(relaxed) = Relaxed::of(problem, &self.classes, &self.cliques, room) else {
            return;
        };
        let target = best.score.number().unwrap_or_default();
        let mut start = self.prices.take().unwrap_or_else(|| relaxed.first(target));
        start.cliques.resize(self.cliques.len(), 0);
        self.prices = Some(relaxed.descend(start, target, rounds));
    }

    /// Returns the units, those first that are worth most at the prices.
    pub(super) fn order(&self, problem: &Problem<'_>, room: &Room) -> Vec<Unit<S>> {
        let mut order = self.classes.units.clone();
        let relaxed = Relaxed::of(problem, &self.classes, &self.cliques, room);
        let Some((relaxed, prices)) = relaxed.zip(self.prices.as_ref()) else {
            order.sort_unstable_by_key(|unit| unit.item);
            return order;
        };
        let worth = relaxed.worth(prices);
        let mut ranks: Vec<(i64, usize, usize)> = Vec::with_capacity(worth.len());
        for (index, (worth, unit)) in worth.iter().zip(&self.classes.units).enumerate() {
            ranks.push((-worth, unit.item, index));
        }
        ranks.sort_unstable();
        for (unit, (.., index)) in order.iter_mut().zip(ranks) {
            *unit = self.classes.units[index];
        }
        order
    }

    /// Makes a selection of the units that are worth most; says whether it is better.
    pub(super) fn repair(&self, problem: &Problem<'_>, room: &Room, best: &mut Best<S>) -> bool {
        let order = self.order(problem, room);
        let mut found = pack(problem, order.iter(), room);
        improve(problem, &order[..order.len().min(NEAR)], room, &mut found);
        let better = best.score < found.score;
        if better {
            *best = found;
        }
        better
    }

    /// Strikes out the units that no selection worth `floor` has.
    fn strike(&mut self, problem: &Problem<'_>, room: &Room, floor: S) {
        let relaxed = Relaxed::of(problem, &self.classes, &self.cliques, room);
        let Some((relaxed, prices)) = relaxed.zip(self.prices.as_ref()) else {
            return;
        };
        let worth = relaxed.worth(prices);
        let keep = relaxed.keep(prices, &worth, floor.number().unwrap_or_default());
        self.retain(&keep);
    }

    /// Hands over the units sorted: classes with the most at stake first, and so their units.
    pub(super) fn finish(
        mut self,
        problem: &Problem<'_>,
        room: &Room,
        best: &Best<S>,
    ) -> (Classes<S>, Dual<S>) {
        let relaxed = Relaxed::of(problem, &self.classes, &self.cliques, room);
        let Some((relaxed, prices)) = relaxed.zip(self.prices.take()) else {
            let dual = Dual {
                reduced: self.classes.units.iter().map(|unit| unit.score).collect(),
                base: S::ZERO,
                choose: vec![0; self.classes.units.len()],
                skip: vec![0; self.classes.count()],
                bound: i64::MAX,
            };
            return (self.classes, dual);
        };
        let (worth, reduced) = (relaxed.worth(&prices), relaxed.reduced(&prices));
        let keep = relaxed.keep(&prices, &worth, best.score.number().unwrap_or_default());
        let mut order: Vec<(i64, usize, usize)> = Vec::new();
        let mut sorted: Vec<usize> = Vec::with_capacity(worth.len());
        let mut bound = prices.bound;
        for class in self.classes.starts.windows(2) {
            let from = sorted.len();
            sorted.extend((class[0]..class[1]).filter(|&unit| keep[unit]));
            let units = &mut sorted[from..];
            units.sort_unstable_by_key(|&unit| (-worth[unit], self.classes.units[unit].item));
            let most = worth[class[0]..class[1]].iter().copied().max().unwrap_or(0).max(0);
            // What was struck out no longer counts in the bound.
            bound -= most - units.first().map_or(0, |&first| worth[first].max(0));
            if let Some(&first) = units.first() {
                order.push((-worth[first], self.classes.units[first].item, from));
            }
        }
        let ends: Vec<usize> =
            order.iter().skip(1).map(|&(.., from)| from).chain([sorted.len()]).collect();
        let mut ranges: Vec<_> = order.into_iter().zip(ends).collect();
        ranges.sort_unstable();
        let mut classes = Classes { units: Vec::with_capacity(sorted.len()), starts: vec![0] };
        let mut dual = Dual {
            reduced: Vec::with_capacity(sorted.len()),
            base: S::from_number(prices.cliques.iter().sum()),
            choose: Vec::with_capacity(sorted.len()),
            skip: Vec::with_capacity(ranges.len()),
            bound,
        };
        for ((least, _, from), to) in ranges {
            let most = (-least).max(0);
            dual.skip.push(most);
            for &unit in &sorted[from..to] {
                classes.units.push(self.classes.units[unit]);
                dual.reduced.push(S::from_number(reduced[unit]));
                dual.choose.push(most - worth[unit]);
            }
            classes.starts.push(classes.units.len());
        }
        (classes, dual)
    }

    /// Takes out each single bid in whose place another of its class would always be better.
    ///
    /// That other takes no more, is worth more (or as much with a lower key), and excludes nothing
    /// else. Both are of one class, so the other is never there already.
    fn strike_dominated(&mut self, problem: &Problem<'_>, spare: Spare) {
        let mut keep = Vec::with_capacity(self.classes.units.len());
        let needed = match spare {
            Spare::None => 1,
            Spare::One => 2,
        };
        for class in 0..self.classes.count() {
            let units = self.classes.class(class);
            keep.extend(units.iter().map(|unit| {
                let better = |rival: &&Unit<S>| dominates(problem, rival.item, unit.item);
                units.iter().filter(better).take(needed).count() < needed
            }));
        }
        self.retain(&keep);
    }

    fn retain(&mut self, keep: &[bool]) {
        let mut now = Vec::with_capacity(keep.len());
        let mut count = 0;
        for &keep in keep {
            now.push(count);
            count += usize::from(keep);
        }
        self.classes.retain(|index, _| keep[index]);
        let prices = self.prices.as_mut().map(|prices| &mut prices.cliques);
        let mut left = vec![true; self.cliques.len()];
        for (clique, left) in self.cliques.iter_mut().zip(&mut left) {
            clique.retain(|&member| keep[member]);
            for member in &mut *clique {
                *member = now[*member];
            }
            *left = 1 < clique.len();
        }
        let mut at = left.iter();
        self.cliques.retain(|_| *at.next().unwrap_or(&false));
        if let Some(prices) = prices {
            let mut at = left.iter();
            prices.retain(|_| *at.next().unwrap_or(&false));
        }
    }
}

fn dominates(problem: &Problem<'_>, rival: usize, item: usize) -> bool {
    let (left, right) = (&problem.items[rival], &problem.items[item]);
    // Items are sorted by worth, equals by key.
    if item <= rival || 1 < left.ads || 1 < right.ads || right.seconds < left.seconds {
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
    let (rivals, items) = (problem.conflicts.row(rival), problem.conflicts.row(item));
    let own = |word: usize| if word == item / 64 { 1u64 << (item % 64) } else { 0 };
    places_within
        && rivals
            .iter()
            .zip(items)
            .enumerate()
            .all(|(word, (rival, item))| rival & !item & !own(word) == 0)
}

/// The most rounds over all units, fewer over few; exclusions across classes unpriced.
const COARSE_ROUNDS: usize = 16;

/// The most rounds over the units that are left.
const FINE_ROUNDS: usize = 40;
