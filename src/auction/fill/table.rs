//! What the items not yet looked at may add at most, were time and number all that bound them.

use crate::auction::fill::{Item, Limits, Load, Score};
use crate::model::market::Fit;

/// For each rank, the best score of the items from there on, by time and ads left.
///
/// A knapsack solved backwards. Places, imps and whole groups are left out, so it is never too
/// low; where they do not matter it is exact, and the search walks straight to the best pod. Time
/// is counted in a unit that divides all lengths, or a coarser one when the table would grow past
/// `CELLS`: rounding lengths down keeps the bound a bound.
#[derive(Debug)]
pub(super) struct Table {
    /// `[rank][time][ads]`.
    cells: Vec<Score>,
    /// Time in one unit: seconds, or milliseconds when real lengths count.
    unit: u64,
    /// Units of time and one.
    width: usize,
    /// Ads and one, or 1 when time alone bounds them.
    depth: usize,
    fit: Fit,
}

impl Table {
    /// Solves the table for items in the order of the search.
    pub(super) fn new(items: &[&Item], limits: &Limits) -> Self {
        let mut table = Self::shape(items, limits);
        let row = table.width * table.depth;
        table.cells = vec![0; (items.len() + 1) * row];
        for (rank, item) in items.iter().enumerate().rev() {
            let time = table.units(table.time(&item.load));
            let ads = table.ads(item.load.ads);
            let (head, tail) = table.cells.split_at_mut((rank + 1) * row);
            let (current, next) = (&mut head[rank * row..], &tail[..row]);
            current.copy_from_slice(next);
            if table.width <= time || table.depth <= ads {
                continue;
            }
            for left in time..table.width {
                let (to, from) = (left * table.depth, (left - time) * table.depth);
                for depth in ads..table.depth {
                    let with = item.score + next[from + depth - ads];
                    let cell = &mut current[to + depth];
                    *cell = with.max(*cell);
                }
            }
        }
        table
    }

    /// Returns the most that items from `rank` on may add to a pod that holds `load`.
    pub(super) fn best(&self, rank: usize, load: &Load, limits: &Limits) -> Score {
        let time = match self.fit {
            Fit::Nominal => u64::from(limits.seconds),
            Fit::Real => limits.millis,
        };
        let left = self.units(time - self.time(load));
        let ads = self.ads(limits.ads - load.ads);
        self.cells[(rank * self.width + left) * self.depth + ads]
    }

    /// Chooses unit, width and depth.
    fn shape(items: &[&Item], limits: &Limits) -> Self {
        let (fit, capacity) = match limits.fit {
            Fit::Nominal => (Fit::Nominal, u64::from(limits.seconds)),
            Fit::Real => (Fit::Real, limits.millis),
        };
        let mut table = Self { cells: Vec::new(), unit: 1, width: 1, depth: 1, fit };
        let unit = items.iter().map(|item| table.time(&item.load)).fold(0, greatest_common_divisor);
        table.unit = unit.max(1);
        let all: u32 = items.iter().fold(0, |sum, item| sum.saturating_add(item.load.ads));
        let shortest = items.iter().map(|item| item.load.seconds / item.load.ads).min();
        let by_time = limits.seconds / shortest.unwrap_or(1).max(1);
        if limits.ads < by_time.min(all) {
            table.depth = index(u64::from(limits.ads)) + 1;
        }
        loop {
            table.width = table.units(capacity) + 1;
            let cells = (items.len() + 1).saturating_mul(table.width * table.depth);
            if table.width == 1 || (cells <= CELLS && table.width <= WIDEST) {
                return table;
            }
            if table.depth == 1 || COARSEST < table.width {
                table.unit *= 2;
            } else {
                table.depth = 1;
            }
        }
    }

    fn time(&self, load: &Load) -> u64 {
        match self.fit {
            Fit::Nominal => u64::from(load.seconds),
            Fit::Real => load.millis,
        }
    }

    fn units(&self, time: u64) -> usize {
        index(time / self.unit)
    }

    fn ads(&self, ads: u32) -> usize {
        if self.depth == 1 { 0 } else { index(u64::from(ads)) }
    }
}

fn greatest_common_divisor(left: u64, right: u64) -> u64 {
    let (mut left, mut right) = (left, right);
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

/// Lengths of breaks and numbers of ads are at most 900,000.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The most cells, 16 MiB of them; a minute of 15 s and 30 s needs a few hundred.
const CELLS: usize = 1 << 20;

/// The widest table: seconds of the longest break fit, milliseconds are counted some dozens at a time.
const WIDEST: usize = 1024;

/// The width below which ads are given up before time grows coarser.
const COARSEST: usize = 64;
