//! What operators have done to the exchange that runs here.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::admin::controls::{Controls, Reload};
use crate::cli::serve::reloader::Reloader;

/// The handles of a running exchange.
pub(super) struct Control {
    reloader: Arc<Reloader>,
}

impl Control {
    pub(super) fn new(reloader: Reloader) -> Self {
        Self { reloader: Arc::new(reloader) }
    }

    /// Returns what becomes true when it is told to stop; who waits for it sees to the drain.
    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.reloader.turns().stopping()
    }

    /// Takes no more reloads: the exchange is about to stop.
    pub(super) fn stop(&self) {
        self.reloader.turns().stop();
    }

    /// Waits after `stop` for the reload under way, and says whether it has ended by then: nothing
    /// of another config is recorded after that.
    pub(super) async fn settled(&self, by: Instant) -> bool {
        self.reloader.turns().over(by).await
    }
}

impl Controls for Control {
    fn reload(&self) -> Pin<Box<dyn Future<Output = Reload> + Send>> {
        Box::pin(Arc::clone(&self.reloader).reload())
    }

    fn drain(&self) -> bool {
        self.reloader.turns().tell_to_stop()
    }
}
