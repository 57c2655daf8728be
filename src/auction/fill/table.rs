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
struct Table {
    /// The part.
    part: usize,
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
    /// What one of a rounded cell stands for; 0 where cells are exact.
    scale: i64,
}

/// The tables of all parts that the classes draw on.
#[derive(Debug)]
pub(super) struct Tables<S> {
    tables: Vec<Table>,
    /// The cells of those that are exact.
    cells: Vec<S>,
    /// The cells of those that are rounded up.
    rounded: Vec<Rounded>,
}

/// How finely tables tell values apart, and how much work they may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grain {
    /// Whether values are rounded up to some thousandths of a percent of the most that a part may
    /// draw. Such cells are reckoned eight at a time. Only plain numbers can be.
    pub(super) rounded: bool,
    /// The most cells that are reckoned, whether they are kept or not.
    pub(super) most: usize,
}

impl<S> Default for Tables<S> {
    fn default() -> Self {
        Self { tables: Vec::new(), cells: Vec::new(), rounded: Vec::new() }
    }
}

impl<S: Score> Tables<S> {
    /// Solves the tables anew; `reduced` has each unit's score.
    pub(super) fn fill(
        &mut self,
        problem: &Problem<'_>,
        classes: &Classes<S>,
        reduced: &[S],
        (room, grain): (&Room, Grain),
    ) {
        self.cells.clear();
        self.rounded.clear();
        self.tables.clear();
        let mut parts: Vec<usize> = Vec::new();
        for unit in &classes.units {
            parts.extend(problem.pieces(unit.item).iter().map(|piece| piece.part));
        }
        parts.sort_unstable();
        parts.dedup();
        let rounded = grain.rounded && S::ZERO.number().is_some();
        // Cells that must be exact are reckoned one at a time.
        let most = if grain.rounded && !rounded { grain.most / 16 } else { grain.most };
        for part in parts {
            let pieces = pieces(problem, classes, reduced, part);
            let room = &room.parts[part];
            let mut table = Table::shape(problem, &pieces, classes.count(), (part, room, most));
            if rounded {
                table.scale = table.scale_of(&pieces, room.ads);
                let score = |score: S| Rounded::of(score.number().unwrap_or(0), table.scale);
                table.start = table.solve(&pieces, score, &mut self.rounded);
            } else {
                table.start = table.solve(&pieces, |score| score, &mut self.cells);
            }
            self.tables.push(table);
        }
    }

    /// Forgets the tables, not the memory they took.
    pub(super) fn clear(&mut self) {
        self.tables.clear();
    }

    /// Says whether there are none: then nothing is known of what classes may add.
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Returns the most that the classes from `class` on may add to a room.
    pub(super) fn rest(&self, room: &Room, class: usize) -> S {
        let best = |table: &Table| self.best(table, class, &room.parts[table.part]);
        match &self.tables[..] {
            [table] => best(table),
            tables => tables.iter().fold(S::ZERO, |sum, table| sum.plus(best(table))),
        }
    }

    /// The same once an item is taken, which fits.
    pub(super) fn rest_after(
        &self,
        problem: &Problem<'_>,
        room: &mut Room,
        class: usize,
        item: usize,
    ) -> S {
        if let ([table], [piece]) = (&self.tables[..], problem.pieces(item)) {
            let left = room.parts[piece.part].less(piece);
            return self.best(table, class, &left);
        }
        room.take(problem, item);
        let rest = self.rest(room, class);
        room.give(problem, item);
        rest
    }

    fn best(&self, table: &Table, class: usize, left: &PartRoom) -> S {
        let cell = table.cell(class, left);
        match table.scale {
            0 => self.cells[cell],
            scale => S::from_number(i64::from(self.rounded[cell].0) * scale),
        }
    }
}

impl Table {
    /// Reckons the cells behind all others; returns where they start.
    fn solve<S: Score, C: Cell>(
        &self,
        pieces: &[(usize, Piece, S)],
        value: impl Fn(S) -> C,
        all: &mut Vec<C>,
    ) -> usize {
        let row = self.width * self.depth;
        let start = all.len();
        all.reserve(row * (self.classes + 1));
        all.resize(start + row, C::NONE);
        let mut end = pieces.len();
        for class in (0..self.classes).rev() {
            let from = all.len() - row;
            all.extend_from_within(from..);
            let (next, current) = all[from..].split_at_mut(row);
            while 0 < end && pieces[end - 1].0 == class {
                end -= 1;
                let (_, piece, score) = &pieces[end];
                if S::ZERO < *score {
                    let taken = (self.time(piece), self.ads(piece.ads));
                    self.add(current, next, taken, value(*score));
                }
            }
            if self.depth != 1 {
                // Where no ads are left, `add` reads what the time before has with all of them.
                current.iter_mut().step_by(self.depth).for_each(|cell| *cell = C::NONE);
            }
        }
        start
    }

    /// Lets each cell of a class be reached by one of its pieces from a cell of the next.
    fn add<C: Cell>(&self, current: &mut [C], next: &[C], (time, ads): (usize, usize), value: C) {
        if self.depth == 1 || ads == 1 {
            let start = time * self.depth + ads;
            if start < current.len() {
                reach(&mut current[start..], next, value);
            }
            return;
        }
        for left in time..self.width {
            let (to, from) = (left * self.depth, (left - time) * self.depth);
            let fits = self.depth - ads.min(self.depth);
            reach(
                &mut current[to + self.depth - fits..to + self.depth],
                &next[from..from + fits],
                value,
            );
        }
    }

    fn row_of(&self, class: usize) -> usize {
        self.start + (self.classes - class) * self.width * self.depth
    }

    /// Returns the cell of the classes from `class` on and of what a part has left.
    fn cell(&self, class: usize, left: &PartRoom) -> usize {
        let time = match (self.width, self.unit) {
            (1, _) => 0,
            // Seconds most often, and a division costs more than all else here.
            (_, 1) => index(self.left(left)),
            (_, unit) => index(self.left(left) / unit),
        };
        let ads = if self.depth == 1 { 0 } else { index(u64::from(left.ads)) };
        self.row_of(class) + time * self.depth + ads.min(self.depth - 1)
    }

    fn left(&self, left: &PartRoom) -> u64 {
        if self.millis { left.millis } else { u64::from(left.seconds) }
    }

    /// Returns what one of a rounded cell stands for, so that no cell passes what it can hold.
    fn scale_of<S: Score>(&self, pieces: &[(usize, Piece, S)], ads: u32) -> i64 {
        let shortest = pieces.iter().map(|(_, piece, _)| self.time(piece)).min().unwrap_or(0);
        let together = match (self.depth, shortest) {
            (1, 0) => pieces.len(),
            (1, shortest) => (self.width - 1) / shortest,
            _ => index(u64::from(ads)),
        };
        let together = together.max(1);
        // So many pieces at most, each of another class.
        let of_class = |class: &[(usize, Piece, S)]| {
            class.iter().filter_map(|(.., score)| score.number()).max().unwrap_or(0).max(0)
        };
        let same = |left: &(usize, Piece, S), right: &(usize, Piece, S)| left.0 == right.0;
        let mut most: Vec<i64> = pieces.chunk_by(same).map(of_class).collect();
        most.sort_unstable_by_key(|&most| std::cmp::Reverse(most));
        let sum = most.iter().take(together).sum::<i64>();
        let full = FULL - i64::try_from(most.len().min(together)).unwrap_or(FULL).min(FULL - 1);
        sum / full + 1
    }

    fn shape<S: Score>(
        problem: &Problem<'_>,
        pieces: &[(usize, Piece, S)],
        classes: usize,
        (part, room, most): (usize, &PartRoom, usize),
    ) -> Self {
        let millis = problem.counts_millis(part);
        let capacity = if millis { room.millis } else { u64::from(room.seconds) };
        let mut table =
            Self { part, start: 0, classes, unit: 1, width: 1, depth: 1, millis, scale: 0 };
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

/// What a cell holds.
trait Cell: Copy {
    /// The value of nothing.
    const NONE: Self;

    /// Returns the greater of this and of `from` with `value` more.
    fn or(self, from: Self, value: Self) -> Self;
}

impl<S: Score> Cell for S {
    const NONE: Self = S::ZERO;

    fn or(self, from: Self, value: Self) -> Self {
        self.max(from.plus(value))
    }
}

/// A value rounded up, in units of its table's `scale`.
#[derive(Clone, Copy, Debug)]
struct Rounded(i16);

impl Rounded {
    fn of(number: i64, scale: i64) -> Self {
        let up = number / scale + 1;
        Self(i16::try_from(up).expect("the scale was made for sums of these"))
    }
}

impl Cell for Rounded {
    const NONE: Self = Self(0);

    fn or(self, from: Self, value: Self) -> Self {
        Self(self.0.max(from.0.saturating_add(value.0)))
    }
}

/// Lets cells be reached from others; the lists may differ in length.
fn reach<C: Cell>(cells: &mut [C], from: &[C], value: C) {
    for (cell, from) in cells.iter_mut().zip(from) {
        *cell = cell.or(*from, value);
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

/// The most that a rounded cell holds.
const FULL: i64 = 32_767;

/// The width below which ads are given up before time grows coarser.
const COARSEST: usize = 36;
