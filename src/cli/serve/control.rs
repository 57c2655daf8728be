//! What operators have done to the exchange that runs here.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use crate::admin::controls::{Controls, Reload};
use crate::cli::serve::reloader::Reloader;

/// The handles of a running exchange.
pub(super) struct Control {
    reloader: Arc<Reloader>,
    /// Whether it has been told to stop.
    stopping: watch::Sender<bool>,
}

impl Control {
    pub(super) fn new(reloader: Reloader) -> Self {
        Self { reloader: Arc::new(reloader), stopping: watch::Sender::new(false) }
    }

    /// Returns what becomes true when it is told to stop; who waits for it sees to the drain.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Takes no more reloads: the exchange is about to stop.
    pub(super) fn stop(&self) {
        self.stopping.send_replace(true);
    }
}

impl Controls for Control {
    fn reload(&self) -> Pin<Box<dyn Future<Output = Reload> + Send>> {
        let stopping = self.stopping.clone();
        Box::pin(Arc::clone(&self.reloader).reload(move || *stopping.borrow()))
    }

    fn drain(&self) -> bool {
        self.stopping.send(true).is_ok()
    }
}
