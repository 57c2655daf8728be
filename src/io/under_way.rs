//! Counts what is under way, so that a worker ends only when nothing is.

use std::sync::Arc;

use tokio::sync::watch;

/// A count of things under way.
#[derive(Clone, Debug)]
pub struct UnderWay(Arc<watch::Sender<usize>>);

/// One thing under way, until it is dropped.
#[derive(Debug)]
pub struct Begun(Arc<watch::Sender<usize>>);

impl Default for UnderWay {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl UnderWay {
    /// Counts one more, until what is returned is dropped: also by a panic.
    #[must_use]
    pub fn begin(&self) -> Begun {
        self.0.send_modify(|count| *count += 1);
        Begun(Arc::clone(&self.0))
    }

    /// Waits until nothing is under way.
    pub async fn none(&self) {
        let mut count = self.0.subscribe();
        // The sender is ours: it cannot be gone.
        let _: Result<_, watch::error::RecvError> = count.wait_for(|count| *count == 0).await;
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests;
