//! The best legal pods: an exact search over lengths, places, conflicts, groups and prices.
//!
//! The objective, in order: the highest sum of prices by tiers, the most seconds, the fewest ads,
//! the least ascending list of tie-break keys (decisions 4, 5). What must be chosen together is one
//! item. `problem` reads the candidates; `few` is enough for few of them; `solve` takes one component
//! of more from its bounds (`dual`, `field`, `table`) through the walk (`search`) to its ties (`ties`);
//! `critical` asks what one price would have to be, of all winners in one walk (`without`).

pub(super) mod best;
mod bits;
mod classes;
pub(super) mod conflicts;
pub(super) mod critical;
mod dual;
mod few;
mod field;
pub(super) mod order;
mod path;
pub(super) mod problem;
mod relation;
mod score;
mod search;
mod solve;
mod start;
mod sum;
mod table;
mod ties;
mod without;

/// The most steps of one search: about as many as 2 ms hold, and far above what real pods need.
pub(super) const STEPS: u32 = 100_000;

#[cfg(test)]
mod tests;
