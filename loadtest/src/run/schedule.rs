//! When requests are due: a fixed schedule that never waits for an answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A stretch of the schedule.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What the report calls it; absent: its number.
    pub name: Option<String>,
    /// How long it lasts, in seconds.
    pub seconds: f64,
    /// What the rate is multiplied by.
    #[serde(default = "once")]
    pub factor: f64,
}

/// Arrivals per second, step after step.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Arrivals per second where the factor is one.
    pub rate: f64,
    /// The steps, in order; not empty.
    pub steps: Vec<Step>,
}

/// One request that is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Arrival {
    /// Since the schedule began.
    pub(crate) at: Duration,
    /// The number of its step.
    pub(crate) step: usize,
}

impl Schedule {
    /// Returns a schedule of one step.
    #[must_use]
    pub fn steady(rate: f64, seconds: f64) -> Self {
        Self { rate, steps: vec![Step { name: None, seconds, factor: 1.0 }] }
    }

    /// Returns whether every number is one a schedule can have.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let within = |value: f64, most: f64| value.is_finite() && 0.0 <= value && value <= most;
        let step = |step: &Step| {
            within(step.factor, MAX_FACTOR)
                && 0.0 < step.seconds
                && within(step.seconds, MAX_SECONDS)
                && within(step.factor * self.rate, MAX_RATE)
        };
        0.0 < self.rate
            && within(self.rate, MAX_RATE)
            && !self.steps.is_empty()
            && self.steps.len() <= MAX_STEPS
            && self.steps.iter().all(step)
    }

    /// Returns a schedule of so many arrivals at the rate of the first step.
    pub(crate) fn first(&self, arrivals: u64) -> Self {
        let factor = self.steps.first().map_or(1.0, |step| step.factor);
        let rate = (self.rate * factor).max(f64::MIN_POSITIVE);
        let arrivals = u32::try_from(arrivals).unwrap_or(u32::MAX);
        Self::steady(rate, (f64::from(arrivals) / rate).min(MAX_SECONDS))
    }

    /// Returns how long the schedule is.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.steps.iter().map(|step| Duration::from_secs_f64(step.seconds)).sum()
    }

    /// Returns the name of a step, its number from 1 where it has none.
    #[must_use]
    pub fn name(&self, step: usize) -> String {
        let name = self.steps.get(step).and_then(|step| step.name.clone());
        name.unwrap_or_else(|| (step + 1).to_string())
    }

    /// Returns every arrival in order: evenly spaced within a step, the first at its beginning.
    pub(crate) fn arrivals(&self) -> impl Iterator<Item = Arrival> + Send + use<> {
        let mut begin = Duration::ZERO;
        let rate = self.rate;
        let steps: Vec<_> = self
            .steps
            .iter()
            .enumerate()
            .map(|(number, step)| {
                let from = begin;
                begin += Duration::from_secs_f64(step.seconds);
                let rate = rate * step.factor;
                (number, from, rate, count(rate * step.seconds))
            })
            .collect();
        steps.into_iter().flat_map(|(step, from, rate, count)| {
            (0..count).map(move |k| Arrival {
                at: from + Duration::from_secs_f64(f64::from(k) / rate),
                step,
            })
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "above zero; `as` saturates, and no run asks four thousand million times"
)]
fn count(arrivals: f64) -> u32 {
    arrivals.round() as u32
}

fn once() -> f64 {
    1.0
}

/// The highest rate, in arrivals per second.
const MAX_RATE: f64 = 1_000_000.0;

/// The largest factor.
const MAX_FACTOR: f64 = 1_000.0;

/// The longest step, in seconds.
const MAX_SECONDS: f64 = 86_400.0;

/// The most steps.
const MAX_STEPS: usize = 1_000;

#[cfg(test)]
mod tests;
