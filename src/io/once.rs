//! A value made once, by whoever asked first, and awaited by any number of callers on any worker.
//!
//! No caller's hanging up ends the making: the sale it makes is somebody else's too, and its
//! record must be whole. While who asked first waits, the value is made in their own task: on a busy
//! worker each task that takes part costs a turn of the queue.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

/// A handle on a value that is being made or has been made. Its clones only wait.
#[derive(Debug)]
pub struct Once<T> {
    made: watch::Receiver<Option<T>>,
    making: Option<Making>,
}

/// What is left of the making; dropped before the end, a task of its own takes it over.
struct Making(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl<T: Clone + Send + Sync + 'static> Once<T> {
    /// Starts making the value on the runtime of the caller, in a task of its own.
    pub fn start(make: impl Future<Output = T> + Send + 'static) -> Self {
        let Self { made, making } = Self::begin(async move { (make.await, || ()) });
        // Nobody waits for it yet: the task takes it over here.
        drop(making);
        Self { made, making: None }
    }

    /// Begins to make the value: `by` of this very handle goes on with it, and where that is dropped,
    /// ends early or is not called, a task on the runtime of the caller does.
    ///
    /// What `make` returns beside the value is called once the callers had their turn: work that
    /// nobody waits for.
    pub fn begin<A>(make: impl Future<Output = (T, A)> + Send + 'static) -> Self
    where
        A: FnOnce() + Send + 'static,
    {
        let (sender, made) = watch::channel(None);
        let making = async move {
            // Callers learn of a panic as of a maker that is gone; what is left is dropped.
            let Ok((value, aftermath)) = AssertUnwindSafe(make).catch_unwind().await else {
                return;
            };
            sender.send_replace(Some(value));
            tokio::spawn(async move {
                // Whoever was woken goes first, and over HTTP/2 the connection that carries the answer.
                yield_now().await;
                aftermath();
            });
        };
        Self { made, making: Some(Making(Some(Box::pin(making)))) }
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// When it is not there by `deadline`, or never will be.
    pub async fn by(self, deadline: Instant) -> Result<T, Missing> {
        let Self { mut made, making } = self;
        let wait = async {
            if let Some(making) = making {
                making.await;
                // Looked at before it is waited for: the making may have used up the task's turn.
                let value = made.borrow().clone();
                if value.is_some() {
                    return Ok(value);
                }
            }
            made.wait_for(Option::is_some).await.map(|made| made.clone())
        };
        let made = timeout_at(deadline, wait).await;
        let made = made.map_err(|_elapsed| Missing::Late)?.map_err(|_closed| Missing::Dead)?;
        Ok(made.expect("the wait was for a value"))
    }
}

impl<T> Clone for Once<T> {
    fn clone(&self) -> Self {
        Self { made: self.made.clone(), making: None }
    }
}

impl Future for Making {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(making) = &mut self.0 else { return Poll::Ready(()) };
        let polled = making.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // Where no runtime is left, those who wait on other workers are told that it is gone.
        if let (Some(rest), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}

impl std::fmt::Debug for Making {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Making").finish_non_exhaustive()
    }
}

/// Why a caller gets no value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Missing {
    /// It is not made yet.
    Late,
    /// What made it panicked or its worker ended.
    Dead,
}

#[cfg(test)]
mod tests;
