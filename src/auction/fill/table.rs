//! What the classes not yet looked at may add at most, were time and number all that bound them.

use crate::auction::fill::classes::Classes;
use crate::auction::fill::problem::{Piece, Problem};
use crate::auction::fill::score::Score;
use crate::auction::fill::solve::{PartRoom, Room};

/// For each class, the best score that one part can draw from the classes from there on.
///
/// A multiple-choice knapsack solved backwards. Places, exclusions across classes and whole groups
/// are left out, so it is never too low. Time is counted in a unit that divides all lengths, or a
/// coarser one when more cells than allowed would be reckoned: rounding lengths down keeps the bound a
/// bound.
#[derive(Debug)]
pub(super) struct Table {
    /// The part.
    pub(super) part: usize,
    /// Where its cells start: `[classes left][time][ads]`.
    start: usize,
    classes: usize,
    /// Time in one unit: seconds, or milliseconds where real lengths count.
    unit: u64,
    /// Units of time and one, or 1 when ads alone bound the part.
    width: usize,
    /// Ads and one, or 1 when time alone bounds the part.
    depth: usize,
    millis: bool,
}

impl Table {
    /// Solves the tables of all parts that the classes draw on; `reduced` has each unit's score.
    ///
    /// `most` bounds the cells that are reckoned; they go into `cells`, which is emptied before.
    pub(super) fn all<S: Score>(
        problem: &Problem<'_>,
        classes: &Classes<S>,
        reduced: &[S],
        (room, most): (&Room, usize),
        cells: &mut Vec<S>,
    ) -> Vec<Self> {
        cells.clear();
        let mut parts: Vec<usize> = Vec::new();
        for unit in &classes.units {
            parts.extend(problem.pieces(unit.item).iter().map(|piece| piece.part));
        }
        parts.sort_unstable();
        parts.dedup();
        let one = |&part: &usize| {
            Self::one(problem, classes, reduced, (part, &room.parts[part], most), cells)
        };
        parts.iter().map(one).collect()
    }

    fn one<S: Score>(
        problem: &Problem<'_>,
        classes: &Classes<S>,
        reduced: &[S],
        (part, room, most): (usize, &PartRoom, usize),
        all: &mut Vec<S>,
    ) -> Self {
        let pieces = pieces(problem, classes, reduced, part);
        let mut table = Self::shape(problem, &pieces, classes.count(), (part, room, most));
        let row = table.width * table.depth;
        table.start = all.len();
        all.resize(table.start + row, S::ZERO);
        let mut end = pieces.len();
        for class in (0..classes.count()).rev() {
            let from = all.len() - row;
            all.extend_from_within(from..);
            let (next, current) = all[from..].split_at_mut(row);
            while 0 < end && pieces[end - 1].0 == class {
                end -= 1;
                let (_, piece, score) = &pieces[end];
                if S::ZERO < *score {
                    let (time, ads) = (table.time(piece), table.ads(piece.ads));
                    add(current, next, (table.width, table.depth), (time, ads), *score);
                }
            }
        }
        table
    }

    /// Solves the classes up to `top` again, without one item; every item is of this part only.
    pub(super) fn refill<S: Score>(
        &self,
        problem: &Problem<'_>,
        (classes, reduced): (&Classes<S>, &[S]),
        (top, without): (usize, usize),
        cells: &mut [S],
    ) {
        let row = self.width * self.depth;
        for class in (0..=top).rev() {
            let (next, current) = cells.split_at_mut(self.row_of(class));
            let (next, current) = (&next[next.len() - row..], &mut current[..row]);
            current.copy_from_slice(next);
            let units = classes.class(class).iter().zip(&reduced[classes.starts[class]..]);
            for (unit, &score) in units.filter(|(unit, _)| unit.item != without) {
                let piece = &problem.pieces(unit.item)[0];
                if S::ZERO < score {
                    let (time, ads) = (self.time(piece), self.ads(piece.ads));
                    add(current, next, (self.width, self.depth), (time, ads), score);
                }
            }
        }
    }

    /// Puts the cells of the classes up to `top` back as they were.
    pub(super) fn restore<S: Score>(&self, top: usize, cells: &mut [S], from: &[S]) {
        let at = self.row_of(top);
        cells[at..].copy_from_slice(&from[at..]);
    }

    fn row_of(&self, class: usize) -> usize {
        self.start + (self.classes - class) * self.width * self.depth
    }

    /// Returns the most that the classes from `class` on may add to what a part has left.
    pub(super) fn best<S: Score>(&self, cells: &[S], class: usize, left: &PartRoom) -> S {
        let time = if self.width == 1 {
            0
        } else if self.millis {
            index(left.millis / self.unit)
        } else {
            index(u64::from(left.seconds) / self.unit)
        };
        let ads = if self.depth == 1 { 0 } else { index(u64::from(left.ads)) };
        cells[self.row_of(class) + time * self.depth + ads.min(self.depth - 1)]
    }

    fn shape<S: Score>(
        problem: &Problem<'_>,
        pieces: &[(usize, Piece, S)],
        classes: usize,
        (part, room, most): (usize, &PartRoom, usize),
    ) -> Self {
        let millis = problem.counts_millis(part);
        let capacity = if millis { room.millis } else { u64::from(room.seconds) };
        let mut table = Self { part, start: 0, classes, unit: 1, width: 1, depth: 1, millis };
        let all_time =
            pieces.iter().fold(0u64, |sum, piece| sum.saturating_add(table.raw(&piece.1)));
        let all_ads: u64 = pieces.iter().map(|piece| u64::from(piece.1.ads)).sum();
        let shortest =
            pieces.iter().map(|piece| table.raw(&piece.1) / u64::from(piece.1.ads)).min();
        let by_time = capacity / shortest.unwrap_or(1).max(1);
        if room.ads <= 1 || u64::from(room.ads) < by_time.min(all_ads) {
            table.depth = index(u64::from(room.ads)) + 1;
        }
        if room.ads <= 1 || all_time <= capacity {
            return table;
        }
        let unit = pieces.iter().map(|piece| table.raw(&piece.1)).fold(0, greatest_common_divisor);
        table.unit = unit.max(1);
        loop {
            table.width = index(capacity / table.unit) + 1;
            let row = table.width.saturating_mul(table.depth);
            let operations = row.saturating_mul(pieces.len() + classes);
            if table.width == 1 || operations <= most {
                return table;
            }
            if table.depth == 1 || COARSEST < table.width {
                table.unit = coarser(table.unit, millis);
            } else {
                table.depth = 1;
            }
        }
    }

    fn raw(&self, piece: &Piece) -> u64 {
        if self.millis { piece.millis } else { u64::from(piece.seconds) }
    }

    fn time(&self, piece: &Piece) -> usize {
        if self.width == 1 { 0 } else { index(self.raw(piece) / self.unit) }
    }

    fn ads(&self, ads: u32) -> usize {
        if self.depth == 1 { 0 } else { index(u64::from(ads)) }
    }
}

/// Lets each cell of a class be reached by one of its pieces from a cell of the next.
fn add<S: Score>(
    current: &mut [S],
    next: &[S],
    (width, depth): (usize, usize),
    (time, ads): (usize, usize),
    score: S,
) {
    for left in time..width {
        let (to, from) = (left * depth, (left - time) * depth);
        let reached = &next[from..from + depth - ads.min(depth)];
        let cells = &mut current[to + ads.min(depth)..to + depth];
        for (cell, from) in cells.iter_mut().zip(reached) {
            let with = score.plus(*from);
            *cell = with.max(*cell);
        }
    }
}

/// Returns what each unit takes of one part and is worth there, class by class.
///
/// What the price of exclusions takes off a group's score is taken off its first piece.
fn pieces<S: Score>(
    problem: &Problem<'_>,
    classes: &Classes<S>,
    reduced: &[S],
    part: usize,
) -> Vec<(usize, Piece, S)> {
    let mut found = Vec::with_capacity(classes.units.len());
    for class in 0..classes.count() {
        for (unit, &reduced) in classes.class(class).iter().zip(&reduced[classes.starts[class]..]) {
            let pieces = problem.pieces(unit.item);
            for (place, piece) in pieces.iter().enumerate() {
                if piece.part != part {
                    continue;
                }
                let taken = unit.score.minus(reduced);
                let score = match (pieces.len(), place) {
                    (1, _) => reduced,
                    (_, 0) => problem.piece_score::<S>(piece).minus(taken),
                    _ => problem.piece_score(piece),
                };
                found.push((class, *piece, score));
            }
        }
    }
    found
}

fn coarser(unit: u64, millis: bool) -> u64 {
    // Lengths that are sold are multiples of 5 s.
    if !millis && unit < 5 { 5 } else { unit.saturating_mul(2) }
}

/// Returns the largest number that divides both; 0 divides nothing.
pub(super) fn greatest_common_divisor(left: u64, right: u64) -> u64 {
    let (mut left, mut right) = (left, right);
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

/// Lengths of breaks and numbers of ads are far below any limit of `usize`.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The width below which ads are given up before time grows coarser.
const COARSEST: usize = 36;
