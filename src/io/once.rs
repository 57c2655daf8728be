//! A value made once by a task of its own and awaited by any number of callers on any worker.
//!
//! No caller's hanging up ends the task: the sale it makes is somebody else's too, and its
//! record must be whole.

use std::future::Future;

use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

/// A handle on a value that is being made or has been made.
#[derive(Clone, Debug)]
pub struct Once<T>(watch::Receiver<Option<T>>);

impl<T: Clone + Send + Sync + 'static> Once<T> {
    /// Starts making the value on the runtime of the caller.
    pub fn start(make: impl Future<Output = T> + Send + 'static) -> Self {
        Self::start_then(async move { (make.await, || ()) })
    }

    /// As `start`; what `make` returns beside the value is called once the callers had their turn:
    /// work that nobody waits for.
    pub fn start_then<A>(make: impl Future<Output = (T, A)> + Send + 'static) -> Self
    where
        A: FnOnce() + Send + 'static,
    {
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let (value, aftermath) = make.await;
            sender.send_replace(Some(value));
            yield_now().await;
            aftermath();
        });
        Self(receiver)
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// When it is not there by `deadline`, or never will be.
    pub async fn by(mut self, deadline: Instant) -> Result<T, Missing> {
        let made = timeout_at(deadline, self.0.wait_for(Option::is_some)).await;
        let made = made.map_err(|_elapsed| Missing::Late)?.map_err(|_closed| Missing::Dead)?;
        Ok(made.clone().expect("the wait was for a value"))
    }
}

/// Why a caller gets no value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Missing {
    /// It is not made yet.
    Late,
    /// The task that made it panicked or its worker ended.
    Dead,
}

#[cfg(test)]
mod tests;
