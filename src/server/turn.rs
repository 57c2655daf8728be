//! A connection's turn: what it wakes itself for is done at once.
//!
//! hyper asks for a request's body by waking its own task. On a busy worker that task would wait once
//! more behind all others, each time as long as the request had waited to be looked at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// The turns of one task.
#[derive(Debug)]
pub struct Turns {
    own: Arc<Own>,
    /// Wakes `own`.
    waker: Waker,
}

/// What is woken in place of the task.
#[derive(Debug, Default)]
struct Own {
    task: AtomicWaker,
    /// Whether the task has its turn.
    is_on: AtomicBool,
    woken: AtomicBool,
}

/// A task that wakes itself so often in one turn lets others go first.
const MOST: u8 = 4;

impl Turns {
    /// Returns the turns of a task that had none yet.
    #[must_use]
    pub fn new() -> Self {
        let own = Arc::<Own>::default();
        Self { waker: Waker::from(Arc::clone(&own)), own }
    }

    /// Polls, and again while that wakes the task.
    pub fn poll<T>(
        &self,
        cx: &Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.own.task.register(cx.waker());
        for _ in 0..MOST {
            // Read, not only written over: what whoever woke it wrote before is seen by this poll.
            self.own.woken.swap(false, Ordering::SeqCst);
            self.own.is_on.store(true, Ordering::SeqCst);
            let polled = poll(&mut Context::from_waker(&self.waker));
            self.own.is_on.store(false, Ordering::SeqCst);
            // Looked at after the turn: who wakes later wakes the task itself.
            if polled.is_ready() || !self.own.woken.load(Ordering::SeqCst) {
                return polled;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self::new()
    }
}

impl Wake for Own {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        if !self.is_on.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests;
