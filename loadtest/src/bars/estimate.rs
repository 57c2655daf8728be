//! The estimator of interleaved rounds: what two shared cores allow to be said of a ratio.

use serde::Serialize;

/// What rounds of a floor and of what is measured against it amount to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Rounds kept.
    pub kept: usize,
    /// Rounds in all.
    pub rounds: usize,
    /// The second smallest of the floor.
    pub floor: f64,
    /// The second smallest of what is measured.
    pub subject: f64,
    /// `subject` ÷ `floor`.
    pub ratio: f64,
}

/// Drops rounds whose floor is more than 12 % above the best, and divides the second smallest of
/// what is left; nothing when fewer than five are left.
#[must_use]
pub fn estimate(rounds: &[(f64, f64)]) -> Option<Estimate> {
    let sound = |value: f64| value.is_finite() && 0.0 < value;
    let rounds: Vec<_> =
        rounds.iter().copied().filter(|&(floor, it)| sound(floor) && sound(it)).collect();
    let best = rounds.iter().map(|&(floor, _)| floor).min_by(f64::total_cmp)?;
    let kept: Vec<_> =
        rounds.iter().copied().filter(|&(floor, _)| floor <= best * TOLERANCE).collect();
    if kept.len() < LEAST {
        return None;
    }
    let second = |values: Vec<f64>| {
        let mut values = values;
        values.sort_by(f64::total_cmp);
        values[1]
    };
    let floor = second(kept.iter().map(|&(floor, _)| floor).collect());
    let subject = second(kept.iter().map(|&(_, subject)| subject).collect());
    let ratio = subject / floor;
    Some(Estimate { kept: kept.len(), rounds: rounds.len(), floor, subject, ratio })
}

/// How far above the best a floor may be.
const TOLERANCE: f64 = 1.12;

/// The least rounds that say something.
const LEAST: usize = 5;

#[cfg(test)]
mod tests;
