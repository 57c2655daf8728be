//! How long work waits for a worker's thread, as the thread itself finds out.
//!
//! While there is traffic, a probe lets the event loop turn once every few milliseconds and takes
//! the time: what is ready now runs that much later. Between two probes the time since the last
//! one says as much, so a pause of the whole process is known to the first request after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

/// What one worker knows of its own delay.
#[derive(Debug)]
pub struct Lag {
    start: Instant,
    /// When the last probe ended, in microseconds since `start`; 0 while nobody probes.
    probed: AtomicU64,
    /// How long the last probe had to wait, in microseconds.
    turn: AtomicU64,
    /// When traffic was last seen, in microseconds since `start`.
    touched: AtomicU64,
    traffic: Notify,
}

impl Default for Lag {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            probed: AtomicU64::new(0),
            turn: AtomicU64::new(0),
            touched: AtomicU64::new(0),
            traffic: Notify::new(),
        }
    }
}

impl Lag {
    /// Returns the time since this was made: the clock of whoever judges the delay.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Says that there is traffic, and returns how long work waits just now.
    pub fn delay(&self) -> Duration {
        let now = micros(self.now());
        self.touched.store(now, Ordering::Relaxed);
        let probed = self.probed.load(Ordering::Relaxed);
        if probed == 0 {
            self.traffic.notify_one();
            return Duration::ZERO;
        }
        let overdue = now.saturating_sub(probed).saturating_sub(micros(PERIOD + ROUNDING));
        Duration::from_micros(overdue.max(self.turn.load(Ordering::Relaxed)))
    }

    /// Probes as long as there is traffic, and calls `tick` with the delay of each 10 ms: nine of
    /// ten probes waited no longer. It never ends.
    pub async fn watch(self: Arc<Self>, mut tick: impl FnMut(Duration, Duration) + Send) {
        loop {
            self.traffic.notified().await;
            self.probe(&mut tick).await;
            self.probed.store(0, Ordering::Relaxed);
            self.turn.store(0, Ordering::Relaxed);
        }
    }

    /// Probes until there was no traffic for a while.
    async fn probe(&self, tick: &mut (impl FnMut(Duration, Duration) + Send)) {
        let mut seen: Vec<Duration> = Vec::with_capacity(16);
        let mut ticked = self.now();
        self.probed.store(micros(ticked).max(1), Ordering::Relaxed);
        loop {
            let slept = Instant::now();
            sleep(PERIOD).await;
            let late = slept.elapsed().saturating_sub(PERIOD + ROUNDING);
            let before = Instant::now();
            // Everything that is ready runs before this does again.
            yield_now().await;
            let turn = before.elapsed();
            seen.push(late.max(turn));
            let now = self.now();
            self.turn.store(micros(turn), Ordering::Relaxed);
            self.probed.store(micros(now).max(1), Ordering::Relaxed);
            if ticked + TICK <= now {
                tick(most_of(&mut seen), now);
                seen.clear();
                ticked = now;
                let touched = Duration::from_micros(self.touched.load(Ordering::Relaxed));
                if touched + QUIET < now {
                    return;
                }
            }
        }
    }
}

/// Returns the length that nine of ten do not exceed.
fn most_of(lengths: &mut [Duration]) -> Duration {
    lengths.sort_unstable();
    let at = (lengths.len() * 9).div_ceil(10);
    at.checked_sub(1).map_or(Duration::ZERO, |at| lengths[at])
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// Time between two probes.
const PERIOD: Duration = Duration::from_millis(2);

/// A timer fires so much late on an idle thread: it counts whole milliseconds, rounded up.
const ROUNDING: Duration = Duration::from_millis(2);

/// What one delay is told of.
const TICK: Duration = Duration::from_millis(10);

/// Without traffic for so long, probing ends.
const QUIET: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
