//! A price for each second, each ad and each exclusion: the Lagrangian bound.
//!
//! Relaxing every limit but "one of a class" at a price leaves a problem that is solved class by
//! class. Its value is never below the best selection's; prices that make it low strike out most
//! items at once, and tell the walk what each choice costs against the bound. Integers throughout:
//! any prices, however rounded, bound. Read `field` next.

use crate::auction::fill::classes::Classes;
use crate::auction::fill::problem::Problem;
use crate::auction::fill::score::Score;
use crate::auction::fill::solve::Room;

/// Prices, and the bound they make.
#[derive(Clone, Debug)]
pub(super) struct Prices {
    /// By part, of a second (or a millisecond, where those count).
    pub(super) time: Vec<i64>,
    /// By part, of an ad.
    pub(super) ads: Vec<i64>,
    /// By crossing clique.
    pub(super) cliques: Vec<i64>,
    /// The bound they make.
    pub(super) bound: i64,
}

/// The problem with its limits relaxed.
#[derive(Debug)]
pub(super) struct Relaxed<'a> {
    /// Where each class starts, and one more.
    classes: &'a [usize],
    /// What each unit is worth.
    scores: Vec<i64>,
    cliques: &'a [Vec<usize>],
    /// By part: time and ads, each at least 1.
    capacity: Vec<(i64, i64)>,
    /// By unit: where its pieces start; one more.
    starts: Vec<usize>,
    pieces: Vec<Taken>,
}

/// What a unit takes of a part.
#[derive(Clone, Copy, Debug)]
struct Taken {
    unit: usize,
    part: usize,
    time: i64,
    ads: i64,
}

/// What the choice of a round used.
#[derive(Debug)]
struct Used {
    /// By part: time and ads.
    parts: Vec<(i64, i64)>,
    /// By crossing clique: units.
    members: Vec<i64>,
    chosen: Vec<bool>,
}

impl<'a> Relaxed<'a> {
    /// Relaxes the problem of some classes; `None` where their scores are no plain numbers.
    pub(super) fn of<S: Score>(
        problem: &Problem<'_>,
        classes: &'a Classes<S>,
        cliques: &'a [Vec<usize>],
        room: &Room,
    ) -> Option<Self> {
        S::ZERO.number()?;
        let scores = classes.units.iter().map(|unit| unit.score.number().unwrap_or(0)).collect();
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let capacity = (0..room.parts.len()).map(|part| {
            let left = &room.parts[part];
            let time = if problem.counts_millis(part) { left.millis } else { left.seconds.into() };
            (whole(time).max(1), i64::from(left.ads).max(1))
        });
        let mut starts = Vec::with_capacity(classes.units.len() + 1);
        starts.push(0);
        let mut pieces = Vec::with_capacity(classes.units.len());
        for (index, unit) in classes.units.iter().enumerate() {
            for piece in problem.pieces(unit.item) {
                let millis = problem.counts_millis(piece.part);
                let time = if millis { whole(piece.millis) } else { i64::from(piece.seconds) };
                let ads = i64::from(piece.ads);
                pieces.push(Taken { unit: index, part: piece.part, time, ads });
            }
            starts.push(pieces.len());
        }
        let capacity = capacity.collect();
        Some(Self { classes: &classes.starts, scores, cliques, capacity, starts, pieces })
    }

    /// Returns prices to start from: half of what is had, for time, and half for ads.
    pub(super) fn first(&self, target: i64) -> Prices {
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
    pub(super) fn worth(&self, prices: &Prices) -> Vec<i64> {
        let mut worth = Vec::with_capacity(self.scores.len());
        self.worth_into(prices, &mut worth);
        worth
    }

    /// Returns each unit's score less the price of its exclusions.
    pub(super) fn reduced(&self, prices: &Prices) -> Vec<i64> {
        let mut reduced = self.scores.clone();
        self.exclude(prices, &mut reduced);
        reduced
    }

    fn worth_into(&self, prices: &Prices, worth: &mut Vec<i64>) {
        worth.clear();
        worth.extend_from_slice(&self.scores);
        for piece in &self.pieces {
            worth[piece.unit] -=
                prices.time[piece.part] * piece.time + prices.ads[piece.part] * piece.ads;
        }
        self.exclude(prices, worth);
    }

    fn exclude(&self, prices: &Prices, worth: &mut [i64]) {
        for (clique, price) in self.cliques.iter().zip(&prices.cliques) {
            if *price != 0 {
                for &member in clique {
                    worth[member] -= price;
                }
            }
        }
    }

    /// Lowers the bound by subgradient steps; returns the best prices seen.
    pub(super) fn descend(&self, start: Prices, target: i64, rounds: usize) -> Prices {
        let mut now = start;
        now.bound = i64::MAX;
        let mut best = now.clone();
        let mut worth = Vec::new();
        let mut used = Used {
            parts: vec![(0, 0); self.capacity.len()],
            members: vec![0; self.cliques.len()],
            chosen: vec![false; self.scores.len()],
        };
        let (mut pace, mut stale) = (PACE, 0);
        for _ in 0..rounds {
            self.worth_into(&now, &mut worth);
            now.bound = self.relax(&now, &worth, &mut used);
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
                now.bound = self.relax(&now, &worth, &mut used);
            }
            for (clique, members) in self.cliques.iter().zip(&mut used.members) {
                *members = clique.iter().map(|&member| i64::from(used.chosen[member])).sum();
            }
            if !self.step(&mut now, target, pace, &used) {
                break;
            }
        }
        best
    }

    /// Chooses the best of each class; returns the bound.
    fn relax(&self, prices: &Prices, worth: &[i64], used: &mut Used) -> i64 {
        used.parts.fill((0, 0));
        used.chosen.fill(false);
        let mut bound: i64 = prices.cliques.iter().sum();
        for (part, &(time, ads)) in self.capacity.iter().enumerate() {
            bound += prices.time[part] * time + prices.ads[part] * ads;
        }
        for class in self.classes.windows(2) {
            let (mut most, mut at) = (0, None);
            for (index, &worth) in (class[0]..class[1]).zip(&worth[class[0]..class[1]]) {
                if most < worth {
                    (most, at) = (worth, Some(index));
                }
            }
            let Some(at) = at else { continue };
            bound += most;
            used.chosen[at] = true;
            for piece in &self.pieces[self.starts[at]..self.starts[at + 1]] {
                let part = &mut used.parts[piece.part];
                *part = (part.0 + piece.time, part.1 + piece.ads);
            }
        }
        bound
    }

    /// Moves the prices towards what the choice overstepped; says whether anything moved.
    fn step(&self, prices: &mut Prices, target: i64, pace: i64, used: &Used) -> bool {
        // How far each limit is from being met, in parts of itself.
        let part = |left: i64, whole: i64| left.clamp(-FAR, FAR) * SCALE / whole;
        let mut norm = 0i64;
        let mut add = |slope: i64, price: i64| {
            if slope < 0 || 0 < price {
                norm = norm.saturating_add(slope.saturating_mul(slope));
            }
        };
        for (at, (&(time, ads), used)) in self.capacity.iter().zip(&used.parts).enumerate() {
            add(part(time - used.0, time), prices.time[at]);
            add(part(ads - used.1, ads), prices.ads[at]);
        }
        for (&members, &price) in used.members.iter().zip(&prices.cliques) {
            add(part(1 - members, 1), price);
        }
        if norm == 0 {
            return false;
        }
        let gap = prices.bound.saturating_sub(target).max(1);
        // What a whole limit that is overstepped by all of itself gains in price.
        let whole = i128::from(gap) * i128::from(pace * SCALE * SCALE)
            / (i128::from(norm) * i128::from(PACE_UNIT));
        let whole = i64::try_from(whole).unwrap_or(i64::MAX);
        let most = target.saturating_mul(2).max(1);
        let moved = |price: &mut i64, slope: i64, capacity: i64| {
            let step = (whole / SCALE).saturating_mul(slope) / capacity;
            *price = price.saturating_sub(step).clamp(0, most / capacity);
        };
        for (at, (&(time, ads), used)) in self.capacity.iter().zip(&used.parts).enumerate() {
            moved(&mut prices.time[at], part(time - used.0, time), time);
            moved(&mut prices.ads[at], part(ads - used.1, ads), ads);
        }
        for (&members, price) in used.members.iter().zip(&mut prices.cliques) {
            moved(price, part(1 - members, 1), 1);
        }
        true
    }

    /// Says of each unit whether a selection as good as `target` may have it.
    pub(super) fn keep(&self, prices: &Prices, worth: &[i64], target: i64) -> Vec<bool> {
        let mut keep = Vec::with_capacity(worth.len());
        for class in self.classes.windows(2) {
            let worth = &worth[class[0]..class[1]];
            let most = worth.iter().copied().max().unwrap_or(0).max(0);
            keep.extend(worth.iter().map(|&worth| target <= prices.bound - most + worth));
        }
        keep
    }
}

/// The first length of a step, in units of `PACE_UNIT`: the whole way to the target.
const PACE: i64 = 16;
const PACE_UNIT: i64 = 16;

/// Rounds without a lower bound before steps grow shorter.
const PATIENCE: usize = 4;

/// Slopes are counted in thousandths of a limit.
const SCALE: i64 = 1024;

/// The most that a limit is taken to be overstepped by.
const FAR: i64 = 1 << 40;
