//! Word that the journal has failed, for whoever waits for it.

use std::sync::Arc;

use tokio::sync::watch;

/// Raised at most once, with what the file system said; clones share it.
#[derive(Clone)]
pub(super) struct Alarm(Arc<watch::Sender<Option<Arc<str>>>>);

impl Alarm {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }

    /// Raises it, unless that has happened: the first failure is the cause.
    pub(super) fn raise(&self, failure: Arc<str>) {
        self.0.send_if_modified(|raised| {
            let first = raised.is_none();
            if first {
                *raised = Some(failure);
            }
            first
        });
    }

    /// Returns what it was raised with.
    pub(super) fn raised(&self) -> Option<Arc<str>> {
        self.0.borrow().clone()
    }

    pub(super) fn is_raised(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until it is raised.
    pub(super) async fn heard(&self) -> Arc<str> {
        let mut listener = self.0.subscribe();
        loop {
            if let Some(failure) = self.raised() {
                return failure;
            }
            if listener.changed().await.is_err() {
                // The sender is held by `self`: it cannot have gone.
                return Arc::from("the journal is gone");
            }
        }
    }
}
