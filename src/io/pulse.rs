//! Whether every worker's event loop still turns: each beats, and someone else listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// The beats of all workers.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    /// When each worker last beat, in milliseconds since `start`.
    beats: Mutex<Vec<Arc<AtomicU64>>>,
}

/// One worker's beat; its worker is no longer listened to once it is dropped.
#[derive(Debug)]
pub struct Beat {
    pulse: Pulse,
    last: Arc<AtomicU64>,
    task: AbortHandle,
}

impl Default for Pulse {
    fn default() -> Self {
        Self(Arc::new(Inner { start: Instant::now(), beats: Mutex::default() }))
    }
}

impl Pulse {
    /// Starts beating on the runtime of the caller, until what is returned is dropped.
    #[must_use]
    pub fn beat(&self) -> Beat {
        let last = Arc::new(AtomicU64::new(self.now()));
        self.0.beats.lock().push(Arc::clone(&last));
        let (pulse, own) = (self.clone(), Arc::clone(&last));
        let task = tokio::spawn(async move {
            let mut ticks = interval(BEAT);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                own.store(pulse.now(), Ordering::Relaxed);
            }
        });
        Beat { pulse: self.clone(), last, task: task.abort_handle() }
    }

    /// Says whether every worker has beaten within the last second.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        let now = self.now();
        let beats = self.0.beats.lock();
        beats.iter().all(|last| now.saturating_sub(last.load(Ordering::Relaxed)) <= SILENCE)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.task.abort();
        self.pulse.0.beats.lock().retain(|last| !Arc::ptr_eq(last, &self.last));
    }
}

/// Time between beats.
const BEAT: Duration = Duration::from_millis(100);

/// Milliseconds without a beat after which a worker is stuck: a second, and a beat.
const SILENCE: u64 = 1_100;

#[cfg(test)]
mod tests;
