//! Whose turn it is to put another config in force: one reload after the other, and none once the
//! exchange is told to stop.

use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::{Instant, timeout_at};

/// Gives out turns.
pub(super) struct Turns {
    turn: Arc<Mutex<()>>,
    /// Whether the exchange has been told to stop.
    stopping: watch::Sender<bool>,
}

/// Held by the reload under way.
pub(super) struct Turn {
    _held: OwnedMutexGuard<()>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { turn: Arc::default(), stopping: watch::Sender::new(false) }
    }

    /// Waits for a turn; `None` when the exchange was told to stop meanwhile.
    pub(super) async fn take(&self) -> Option<Turn> {
        let held = Arc::clone(&self.turn).lock_owned().await;
        (!*self.stopping.borrow()).then_some(Turn { _held: held })
    }

    /// Returns what becomes true when the exchange is told to stop; who waits for it sees to that.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Tells whoever waits for it to stop; says whether anyone does.
    pub(super) fn tell_to_stop(&self) -> bool {
        self.stopping.send(true).is_ok()
    }

    /// Gives out no more turns.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Waits after `stop` until the turn under way is over, and says whether that was so in time:
    /// then nobody has one any more.
    pub(super) async fn over(&self, by: Instant) -> bool {
        timeout_at(by, self.turn.lock()).await.is_ok()
    }
}

#[cfg(test)]
mod tests;
