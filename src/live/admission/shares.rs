//! Who asks for sales, and what part of the limit is whose.

use std::collections::BTreeMap;
use std::mem::replace;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::model::ids::PublisherId;

/// The publishers that asked of late or run something.
#[derive(Debug, Default)]
pub struct Shares {
    publishers: BTreeMap<PublisherId, Share>,
    /// Publishers that asked within the last second, as counted at `counted_at`.
    active: u32,
    /// The weights of these.
    weights: u32,
    counted_at: Duration,
}

/// What one publisher has of the limit.
#[derive(Debug, Default)]
struct Share {
    running: u32,
    asked_at: Duration,
    /// What it is given beside the weights of others.
    weight: u32,
    /// Whether it is among those counted as active.
    active: bool,
}

impl Shares {
    /// Notes that a publisher of this weight asks.
    pub fn ask(&mut self, publisher: &PublisherId, weight: NonZeroU32, now: Duration) {
        self.count_active(now);
        let share = self.publishers.entry(publisher.clone()).or_default();
        share.asked_at = now;
        // A reload may have changed the weight.
        let before = replace(&mut share.weight, weight.get());
        if replace(&mut share.active, true) {
            self.weights -= before;
        } else {
            self.active += 1;
        }
        self.weights += weight.get();
    }

    /// Returns how many publishers ask.
    #[must_use]
    pub fn asking(&self) -> u32 {
        self.active
    }

    /// Says whether more than one publisher asks.
    #[must_use]
    pub fn are_several(&self) -> bool {
        1 < self.active
    }

    /// Returns how much of `limit` a publisher of this weight has beside the others, 1 or more.
    #[must_use]
    pub fn of(&self, limit: u32, weight: NonZeroU32) -> u32 {
        let share = u64::from(limit) * u64::from(weight.get()) / u64::from(self.weights.max(1));
        u32::try_from(share).unwrap_or(limit).max(1)
    }

    /// Returns how many sales of a publisher run.
    #[must_use]
    pub fn running(&self, publisher: &PublisherId) -> u32 {
        self.publishers.get(publisher).map_or(0, |share| share.running)
    }

    /// Counts a sale of a publisher that asks.
    pub fn begin(&mut self, publisher: &PublisherId) {
        if let Some(share) = self.publishers.get_mut(publisher) {
            share.running += 1;
        }
    }

    /// Counts the end of a sale.
    pub fn end(&mut self, publisher: &PublisherId) {
        if let Some(share) = self.publishers.get_mut(publisher) {
            share.running = share.running.saturating_sub(1);
        }
    }

    /// Counts the publishers that asked within the last second, ten times a second.
    fn count_active(&mut self, now: Duration) {
        if now < self.counted_at + COUNTED {
            return;
        }
        self.counted_at = now;
        // What has not asked for a second and runs nothing is as good as unknown.
        self.publishers.retain(|_, share| {
            share.active = now < share.asked_at + ACTIVE;
            share.active || 0 < share.running
        });
        let active = self.publishers.values().filter(|share| share.active);
        (self.active, self.weights) =
            active.fold((0, 0), |(count, sum), share| (count + 1, sum + share.weight));
    }
}

/// How often active publishers are counted, and who is one.
const COUNTED: Duration = Duration::from_millis(100);
const ACTIVE: Duration = Duration::from_secs(1);
