//! A value made once by a task of its own and awaited by any number of callers on any worker.
//!
//! No caller's hanging up ends the task: the sale it makes is somebody else's too, and its
//! record must be whole.

use std::future::Future;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// A handle on a value that is being made or has been made.
#[derive(Clone, Debug)]
pub struct Once<T>(watch::Receiver<Option<T>>);

impl<T: Clone + Send + Sync + 'static> Once<T> {
    /// Starts making the value on the runtime of the caller.
    pub fn start(make: impl Future<Output = T> + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let value = make.await;
            sender.send_replace(Some(value));
        });
        Self(receiver)
    }

    /// Returns the value; `None` when it is not there by `deadline` or its task died.
    pub async fn by(mut self, deadline: Instant) -> Option<T> {
        let made = timeout_at(deadline, self.0.wait_for(Option::is_some)).await;
        made.ok()?.ok()?.clone()
    }
}

#[cfg(test)]
mod tests;
