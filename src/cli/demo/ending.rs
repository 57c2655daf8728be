//! When a demo ends: its time is up, or somebody says so.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep_until};

/// Why a demo ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ending {
    /// Its time is up, or it was told to terminate.
    Time,
    /// It was interrupted.
    Interrupted,
}

/// Everything that can end a demo.
pub struct Endings {
    at: Option<Instant>,
    interrupt: Signal,
    terminate: Signal,
}

impl Endings {
    /// Listens for signals; with `at` the time is up then.
    ///
    /// # Errors
    ///
    /// When signals cannot be listened for.
    pub fn new(at: Option<Instant>) -> io::Result<Self> {
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        Ok(Self { at, interrupt: signal(interrupt)?, terminate: signal(terminate)? })
    }

    /// Waits for an instant; returns early, and why, when the demo ends before.
    pub async fn until(&mut self, instant: Instant) -> Option<Ending> {
        let first = self.at.map_or(instant, |end| end.min(instant));
        tokio::select! {
            biased;
            ending = self.told() => Some(ending),
            () = sleep_until(first) => self.at.filter(|end| *end <= instant).map(|_| Ending::Time),
        }
    }

    /// Waits until somebody ends it.
    pub async fn told(&mut self) -> Ending {
        tokio::select! {
            _ = self.interrupt.recv() => Ending::Interrupted,
            _ = self.terminate.recv() => Ending::Time,
        }
    }
}
