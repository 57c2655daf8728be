//! How long work waits for a worker's thread, as the thread itself finds out.
//!
//! While there is traffic, a probe lets the event loop turn once every few milliseconds and takes
//! the time: what is ready now runs that much later. The least of a few probes is what is always left
//! of the queue; a burst that is worked off at once is no delay. A turn so long that its end would be
//! learnt of too late, or a pause of the whole process, is known at once by the time since the last
//! probe.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

/// What one worker knows of its own delay.
#[derive(Debug)]
pub struct Lag {
    start: Instant,
    /// When the last probe ended, in microseconds since `start`; 0 while nobody probes.
    probed: AtomicU64,
    /// The least that one of the last `LAST` probes had to wait, or the last one alone when that was
    /// long, in microseconds.
    least: AtomicU64,
    /// When traffic was last seen, in microseconds since `start`.
    touched: AtomicU64,
    traffic: Notify,
}

/// What a few probes found.
#[derive(Clone, Copy, Debug)]
pub struct Felt {
    /// The least that one of them waited, or the last one alone when that was long.
    pub delay: Duration,
    /// What the thread used of its processor from the first to the last.
    pub used: Duration,
}

impl Default for Lag {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            probed: AtomicU64::new(0),
            least: AtomicU64::new(0),
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

    /// Says that there is traffic, and returns how long work waits just now: what is always left of
    /// the queue. A burst that is worked off at once is none, unless it takes 30 ms or more.
    pub fn delay(&self) -> Duration {
        self.delay_at(self.now())
    }

    /// The same, for a caller that has read this clock already.
    pub fn delay_at(&self, now: Duration) -> Duration {
        let now = micros(now);
        self.touched.store(now, Ordering::Relaxed);
        let probed = self.probed.load(Ordering::Relaxed);
        if probed == 0 {
            self.traffic.notify_one();
            return Duration::ZERO;
        }
        let overdue = now.saturating_sub(probed).saturating_sub(micros(PERIOD + ROUNDING));
        let overdue = if micros(LONG) <= overdue { overdue } else { 0 };
        Duration::from_micros(overdue.max(self.least.load(Ordering::Relaxed)))
    }

    /// Probes as long as there is traffic, and calls `tick` with the time at each few probes, 10 ms or
    /// more, and at each that waited long. It never ends.
    pub async fn watch(self: Arc<Self>, mut tick: impl FnMut(Felt, Duration) + Send) {
        loop {
            self.traffic.notified().await;
            self.probe(&mut tick).await;
            self.probed.store(0, Ordering::Relaxed);
            self.least.store(0, Ordering::Relaxed);
        }
    }

    /// Probes until there was no traffic for a while.
    async fn probe(&self, tick: &mut (impl FnMut(Felt, Duration) + Send)) {
        let mut last = [Duration::ZERO; LAST];
        let mut told = processor();
        self.probed.store(micros(self.now()).max(1), Ordering::Relaxed);
        for number in 0.. {
            let slept = Instant::now();
            sleep(PERIOD).await;
            let late = slept.elapsed().saturating_sub(PERIOD + ROUNDING);
            let before = Instant::now();
            // Everything that is ready runs before this does again.
            yield_now().await;
            let turn = before.elapsed();
            last[number % LAST] = late.max(turn);
            // Four probes through long turns take a quarter of a second and more: nobody can wait for the
            // least of them.
            let is_long = LONG <= turn;
            let least = last.iter().min().copied().unwrap_or_default();
            let least = if is_long { turn } else { least };
            let now = self.now();
            self.least.store(micros(least), Ordering::Relaxed);
            self.probed.store(micros(now).max(1), Ordering::Relaxed);
            if is_long || number % LAST == LAST - 1 {
                let used = processor();
                tick(Felt { delay: least, used: used.saturating_sub(told) }, now);
                told = used;
                let touched = Duration::from_micros(self.touched.load(Ordering::Relaxed));
                if touched + QUIET < now {
                    return;
                }
            }
        }
    }
}

/// Returns the processor time this thread has used.
fn processor() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(used).unwrap_or_default()
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// Time between two probes.
const PERIOD: Duration = Duration::from_micros(2_500);

/// A timer fires so much late on an idle thread: it counts whole milliseconds, rounded up.
const ROUNDING: Duration = Duration::from_millis(2);

/// Probes that one delay is told of.
const LAST: usize = 4;

/// A turn so long, or so long without a probe, is a delay by itself.
const LONG: Duration = Duration::from_millis(30);

/// Without traffic for so long, probing ends.
const QUIET: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
