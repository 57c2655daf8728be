//! A price for each second, each ad and each exclusion: the Lagrangian bound.
//!
//! Relaxing every limit but "one of a class" at a price leaves a problem that is solved class by
//! class. Its value is never below the best selection's; prices that make it low strike out most
//! items at once, and tell the walk what each choice costs against the bound. Integers throughout:
//! any prices, however rounded, bound.

use crate::auction::fill::classes::Classes;
use crate::auction::fill::problem::Problem;
use crate::auction::fill::score::Score;
use crate::auction::fill::solve::{Room, Unit};
use crate::auction::fill::start::{Best, improve, pack};

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

/// Prices, and what they make of the units.
#[derive(Clone, Debug)]
struct Prices {
    /// By part, of a second (or a millisecond, where those count).
    time: Vec<i64>,
    /// By part, of an ad.
    ads: Vec<i64>,
    /// By crossing clique.
    cliques: Vec<i64>,
    /// The bound they make.
    bound: i64,
}

/// What the relaxed problem is made of.
struct Relaxed<'a> {
    classes: &'a Classes<i64>,
    cliques: Vec<Vec<usize>>,
    /// By part: time and ads, each at least 1.
    capacity: Vec<(i64, i64)>,
    /// By unit: where its pieces start; one more.
    starts: Vec<usize>,
    /// Part, time and ads.
    pieces: Vec<(usize, i64, i64)>,
}

impl<S: Score> Dual<S> {
    /// Strikes out units that no selection as good as `best` has; makes `best` better by the way.
    pub(super) fn of(
        problem: &Problem<'_>,
        classes: &mut Classes<S>,
        room: &Room,
        best: &mut Best<S>,
    ) -> Self {
        let Some(mut narrow) = narrow(classes) else {
            return Self::none(classes);
        };
        let mut target = Best {
            items: std::mem::take(&mut best.items),
            score: best.score.number().unwrap_or_default(),
        };
        let dual = narrow_dual(problem, &mut narrow, room, &mut target);
        best.items = target.items;
        best.score = S::from_number(target.score);
        classes.units = narrow
            .units
            .iter()
            .map(|unit| Unit { item: unit.item, score: S::from_number(unit.score) })
            .collect();
        classes.starts = narrow.starts;
        Self {
            reduced: dual.reduced.iter().map(|&score| S::from_number(score)).collect(),
            base: S::from_number(dual.base),
            choose: dual.choose,
            skip: dual.skip,
            bound: dual.bound,
        }
    }

    /// Returns what is known without prices: nothing.
    fn none(classes: &Classes<S>) -> Self {
        Self {
            reduced: classes.units.iter().map(|unit| unit.score).collect(),
            base: S::ZERO,
            choose: vec![0; classes.units.len()],
            skip: vec![0; classes.count()],
            bound: i64::MAX,
        }
    }
}

fn narrow<S: Score>(classes: &Classes<S>) -> Option<Classes<i64>> {
    let unit = |unit: &Unit<S>| unit.score.number().map(|score| Unit { item: unit.item, score });
    let units = classes.units.iter().map(unit).collect::<Option<_>>()?;
    Some(Classes { units, starts: classes.starts.clone() })
}

fn narrow_dual(
    problem: &Problem<'_>,
    classes: &mut Classes<i64>,
    room: &Room,
    best: &mut Best<i64>,
) -> Dual<i64> {
    let relaxed = Relaxed::of(problem, classes, room, false);
    let mut prices = relaxed.first(best.score);
    prices = relaxed.descend(prices, best.score, COARSE_ROUNDS);
    let worth = relaxed.worth(&prices);
    let found = repair(problem, classes, &worth, room);
    if best.score < found.score {
        *best = found;
    }
    let keep = relaxed.keep(&prices, &worth, best.score);
    classes.retain(|index, _| keep[index]);
    classes.units.sort_unstable_by_key(|unit| unit.item);
    *classes = Classes::of(problem, &classes.units);

    let relaxed = Relaxed::of(problem, classes, room, true);
    prices.cliques = vec![0; relaxed.cliques.len()];
    prices.bound = i64::MAX;
    let mut prices = relaxed.descend(prices, best.score, FINE_ROUNDS);
    let worth = relaxed.worth(&prices);
    let mut found = repair(problem, classes, &worth, room);
    improve(problem, &classes.units, room, &mut found);
    if best.score < found.score {
        *best = found;
        prices = relaxed.descend(prices, best.score, FINE_ROUNDS);
    }
    let (sorted, dual) = relaxed.finish(&prices, best.score);
    *classes = sorted;
    dual
}

/// Makes a legal selection of the units, those first that are worth most at the prices.
fn repair(problem: &Problem<'_>, classes: &Classes<i64>, worth: &[i64], room: &Room) -> Best<i64> {
    let mut order: Vec<usize> = (0..worth.len()).collect();
    order.sort_unstable_by_key(|&index| (-worth[index], classes.units[index].item));
    pack(problem, order.iter().map(|&index| &classes.units[index]), room)
}

impl<'a> Relaxed<'a> {
    fn of(problem: &Problem<'_>, classes: &'a Classes<i64>, room: &Room, crossing: bool) -> Self {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let capacity = (0..room.parts.len()).map(|part| {
            let left = &room.parts[part];
            let time = if problem.counts_millis(part) { left.millis } else { left.seconds.into() };
            (whole(time).max(1), i64::from(left.ads).max(1))
        });
        let (mut starts, mut pieces) = (vec![0], Vec::with_capacity(classes.units.len()));
        for unit in &classes.units {
            for piece in problem.pieces(unit.item) {
                let time = if problem.counts_millis(piece.part) {
                    piece.millis
                } else {
                    piece.seconds.into()
                };
                pieces.push((piece.part, whole(time), i64::from(piece.ads)));
            }
            starts.push(pieces.len());
        }
        let cliques = if crossing { classes.crossing(problem) } else { Vec::new() };
        Self { classes, cliques, capacity: capacity.collect(), starts, pieces }
    }

    /// Returns prices to start from: half of what is had, for time, and half for ads.
    fn first(&self, target: i64) -> Prices {
        let parts = i64::try_from(self.capacity.len()).unwrap_or(1).max(1);
        let share = target / parts / 2;
        Prices {
            time: self.capacity.iter().map(|&(time, _)| share / time).collect(),
            ads: self.capacity.iter().map(|&(_, ads)| share / ads).collect(),
            cliques: vec![0; self.cliques.len()],
            bound: i64::MAX,
        }
    }

    /// Returns each unit's score less the price of all it takes.
    fn worth(&self, prices: &Prices) -> Vec<i64> {
        let mut worth = Vec::with_capacity(self.classes.units.len());
        self.worth_into(prices, &mut worth);
        worth
    }

    fn worth_into(&self, prices: &Prices, worth: &mut Vec<i64>) {
        worth.clear();
        for (index, unit) in self.classes.units.iter().enumerate() {
            let pieces = &self.pieces[self.starts[index]..self.starts[index + 1]];
            let cost: i64 = pieces
                .iter()
                .map(|&(part, time, ads)| prices.time[part] * time + prices.ads[part] * ads)
                .sum();
            worth.push(unit.score - cost);
        }
        for (clique, price) in self.cliques.iter().zip(&prices.cliques) {
            if *price != 0 {
                for &member in clique {
                    worth[member] -= price;
                }
            }
        }
    }

    /// Lowers the bound by subgradient steps; returns the best prices seen.
    fn descend(&self, start: Prices, target: i64, rounds: usize) -> Prices {
        let (mut best, mut now) = (start.clone(), start);
        let (mut worth, mut used) = (Vec::new(), vec![(0, 0); self.capacity.len()]);
        let mut members = vec![0i64; self.cliques.len()];
        let mut chosen = vec![false; self.classes.units.len()];
        let (mut pace, mut stale) = (PACE, 0);
        for _ in 0..rounds {
            self.worth_into(&now, &mut worth);
            now.bound = self.relax(&now, &worth, &mut used, &mut chosen);
            if now.bound < best.bound {
                best.clone_from(&now);
                stale = 0;
            } else {
                stale += 1;
            }
            if best.bound <= target || pace == 0 {
                break;
            }
            if PATIENCE <= stale {
                (pace, stale) = (pace / 2, 0);
                now.clone_from(&best);
                self.worth_into(&now, &mut worth);
                now.bound = self.relax(&now, &worth, &mut used, &mut chosen);
            }
            for (clique, members) in self.cliques.iter().zip(&mut members) {
                *members = clique.iter().map(|&member| i64::from(chosen[member])).sum();
            }
            if !self.step(&mut now, target, pace, (&used, &members)) {
                break;
            }
        }
        best
    }

    /// Chooses the best of each class; returns the bound.
    fn relax(
        &self,
        prices: &Prices,
        worth: &[i64],
        used: &mut [(i64, i64)],
        chosen: &mut [bool],
    ) -> i64 {
        used.fill((0, 0));
        chosen.fill(false);
        let mut bound: i64 = prices.cliques.iter().sum();
        for (part, &(time, ads)) in self.capacity.iter().enumerate() {
            bound += prices.time[part] * time + prices.ads[part] * ads;
        }
        for class in self.classes.starts.windows(2) {
            let (mut most, mut at) = (0, None);
            for (index, &worth) in (class[0]..class[1]).zip(&worth[class[0]..class[1]]) {
                if most < worth {
                    (most, at) = (worth, Some(index));
                }
            }
            let Some(at) = at else { continue };
            bound += most;
            chosen[at] = true;
            for &(part, time, ads) in &self.pieces[self.starts[at]..self.starts[at + 1]] {
                used[part].0 += time;
                used[part].1 += ads;
            }
        }
        bound
    }

    /// Moves the prices towards what the choice overstepped; says whether anything moved.
    fn step(
        &self,
        prices: &mut Prices,
        target: i64,
        pace: i128,
        (used, members): (&[(i64, i64)], &[i64]),
    ) -> bool {
        // How far each limit is from being met, in parts of itself.
        let part = |left: i64, whole: i64| i128::from(left) * SCALE / i128::from(whole);
        let counts = |slope: i128, price: i64| slope < 0 || 0 < price;
        let mut norm = 0;
        let mut add = |slope: i128, price: i64| {
            if counts(slope, price) {
                norm += slope * slope;
            }
        };
        for (at, (&(time, ads), used)) in self.capacity.iter().zip(used).enumerate() {
            add(part(time - used.0, time), prices.time[at]);
            add(part(ads - used.1, ads), prices.ads[at]);
        }
        for (&members, &price) in members.iter().zip(&prices.cliques) {
            add(part(1 - members, 1), price);
        }
        if norm == 0 {
            return false;
        }
        let gap = i128::from(prices.bound - target).max(1);
        let most = target.saturating_mul(2).max(1);
        let moved = |price: &mut i64, slope: i128, whole: i64| {
            let step = gap * pace * slope * SCALE / (norm * PACE_UNIT) / i128::from(whole);
            let next = (i128::from(*price) - step).clamp(0, i128::from(most / whole));
            *price = i64::try_from(next).unwrap_or(0);
        };
        for (at, (&(time, ads), used)) in self.capacity.iter().zip(used).enumerate() {
            moved(&mut prices.time[at], part(time - used.0, time), time);
            moved(&mut prices.ads[at], part(ads - used.1, ads), ads);
        }
        for (&members, price) in members.iter().zip(&mut prices.cliques) {
            moved(price, part(1 - members, 1), 1);
        }
        true
    }

    /// Says of each unit whether a selection as good as `target` may have it.
    fn keep(&self, prices: &Prices, worth: &[i64], target: i64) -> Vec<bool> {
        let mut keep = Vec::with_capacity(worth.len());
        for class in self.classes.starts.windows(2) {
            let worth = &worth[class[0]..class[1]];
            let most = worth.iter().copied().max().unwrap_or(0).max(0);
            keep.extend(worth.iter().map(|&worth| target <= prices.bound - most + worth));
        }
        keep
    }

    /// Strikes out once more and sorts: classes with the most at stake first, and so their units.
    fn finish(&self, prices: &Prices, target: i64) -> (Classes<i64>, Dual<i64>) {
        let worth = self.worth(prices);
        let keep = self.keep(prices, &worth, target);
        let mut reduced: Vec<i64> = self.classes.units.iter().map(|unit| unit.score).collect();
        for (clique, price) in self.cliques.iter().zip(&prices.cliques) {
            for &member in clique {
                reduced[member] -= price;
            }
        }
        let mut order: Vec<(i64, Vec<usize>)> = Vec::new();
        let mut bound = prices.bound;
        for class in self.classes.starts.windows(2) {
            let mut units: Vec<usize> = (class[0]..class[1]).filter(|&unit| keep[unit]).collect();
            units.sort_unstable_by_key(|&unit| (-worth[unit], self.classes.units[unit].item));
            let most = worth[class[0]..class[1]].iter().copied().max().unwrap_or(0).max(0);
            // What was struck out no longer counts in the bound.
            bound -= most - units.first().map_or(0, |&first| worth[first].max(0));
            let Some(&first) = units.first() else { continue };
            order.push((worth[first], units));
        }
        order.sort_by_key(|(most, units)| (-most, self.classes.units[units[0]].item));
        let mut classes = Classes { units: Vec::new(), starts: vec![0] };
        let mut dual = Dual {
            reduced: Vec::new(),
            base: prices.cliques.iter().sum(),
            choose: Vec::new(),
            skip: Vec::new(),
            bound,
        };
        for (most, units) in order {
            dual.skip.push(most.max(0));
            for unit in units {
                classes.units.push(self.classes.units[unit]);
                dual.reduced.push(reduced[unit]);
                dual.choose.push(most.max(0) - worth[unit]);
            }
            classes.starts.push(classes.units.len());
        }
        (classes, dual)
    }
}

/// Rounds over all units, exclusions across classes unpriced.
const COARSE_ROUNDS: usize = 30;

/// Rounds over the units that are left.
const FINE_ROUNDS: usize = 60;

/// The first length of a step, in units of `PACE_UNIT`: the whole way to the target.
const PACE: i128 = 16;
const PACE_UNIT: i128 = 16;

/// Rounds without a lower bound before steps grow shorter.
const PATIENCE: usize = 4;

/// Slopes are counted in thousandths of a limit.
const SCALE: i128 = 1024;
