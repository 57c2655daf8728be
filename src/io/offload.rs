//! A few threads of its own for work that would hold a worker's other sales up.
//!
//! Two queues, both bounded: what a caller waits for, and what nobody waits for, which goes only
//! when there is none of the first. When a queue is full it says so, and its caller does without.

use std::collections::VecDeque;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::io::once::Missing;

/// The most pieces of work that callers wait for, besides those being done.
pub const MOST_URGENT: usize = 64;

/// The most pieces of work that nobody waits for, besides those being done.
pub const MOST_LATER: usize = 256;

/// The threads and their queues; when it is dropped, what is queued is done and the threads end.
#[derive(Debug)]
pub struct Offload(Arc<Inner>);

/// What one piece of work will give.
#[derive(Debug)]
pub struct Pending<T>(oneshot::Receiver<T>);

/// The queue takes no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Full;

#[derive(Debug)]
struct Inner {
    queues: Mutex<Queues>,
    woken: Condvar,
}

#[derive(Default)]
struct Queues {
    urgent: VecDeque<Work>,
    later: VecDeque<Work>,
    closed: bool,
}

type Work = Box<dyn FnOnce() + Send>;

impl Offload {
    /// Starts so many threads.
    ///
    /// # Panics
    ///
    /// When the system can start no thread.
    #[must_use]
    pub fn start(threads: usize) -> Self {
        let inner = Arc::new(Inner { queues: Mutex::default(), woken: Condvar::new() });
        for number in 0..threads {
            let inner = Arc::clone(&inner);
            thread::Builder::new()
                .name(format!("offload-{number}"))
                .spawn(move || inner.work())
                .expect("a starting process can start a thread");
        }
        Self(inner)
    }

    /// Queues work whose result somebody waits for; if they are gone when its turn comes, it is
    /// not done.
    ///
    /// # Errors
    ///
    /// `Full` when too many wait already: the work is dropped.
    pub fn soon<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Pending<T>, Full> {
        let (sender, receiver) = oneshot::channel();
        let work = move || {
            if !sender.is_closed() {
                // Whoever waited may leave meanwhile.
                let _unheard = sender.send(work());
            }
        };
        let mut queues = self.0.queues.lock();
        if MOST_URGENT <= queues.urgent.len() {
            return Err(Full);
        }
        queues.urgent.push_back(Box::new(work));
        drop(queues);
        self.0.woken.notify_one();
        Ok(Pending(receiver))
    }

    /// Queues work that nobody waits for.
    ///
    /// # Errors
    ///
    /// The work itself when too much is queued already.
    pub fn later<W: FnOnce() + Send + 'static>(&self, work: W) -> Result<(), W> {
        let mut queues = self.0.queues.lock();
        if MOST_LATER <= queues.later.len() {
            return Err(work);
        }
        queues.later.push_back(Box::new(work));
        drop(queues);
        self.0.woken.notify_one();
        Ok(())
    }
}

impl Drop for Offload {
    fn drop(&mut self) {
        self.0.queues.lock().closed = true;
        self.0.woken.notify_all();
    }
}

impl<T> Pending<T> {
    /// Returns the result.
    ///
    /// # Errors
    ///
    /// When it is not there by `deadline`, or the work panicked.
    pub async fn by(self, deadline: Instant) -> Result<T, Missing> {
        let done = timeout_at(deadline, self.0).await;
        done.map_err(|_elapsed| Missing::Late)?.map_err(|_dropped| Missing::Dead)
    }
}

impl Inner {
    /// Does what is queued, until it is empty and closed.
    fn work(&self) {
        while let Some(work) = self.next() {
            // A panic ends the piece, not the thread: whoever waits finds it dead.
            if panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
                tracing::error!("work off a sale's thread failed");
            }
        }
    }

    /// Waits for the next piece of work; none when it is closed.
    fn next(&self) -> Option<Work> {
        let mut queues = self.queues.lock();
        loop {
            let urgent = queues.urgent.pop_front();
            if let Some(work) = urgent.or_else(|| queues.later.pop_front()) {
                return Some(work);
            }
            if queues.closed {
                return None;
            }
            self.woken.wait(&mut queues);
        }
    }
}

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (urgent, later) = (self.urgent.len(), self.later.len());
        write!(f, "Queues {{ urgent: {urgent}, later: {later} }}")
    }
}

#[cfg(test)]
mod tests;
