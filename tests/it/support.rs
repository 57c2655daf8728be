//! A whole exchange in the test process, bidders that say what a test wants, and a plain client.

pub(crate) mod bidder;
pub(crate) mod crowd;
pub(crate) mod exchange;
pub(crate) mod http;
pub(crate) mod process;
pub(crate) mod published;

use std::time::{Duration, Instant};

/// Waits until `look` finds something; what is awaited is named when it never comes.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        // Whoever is waited for needs the core.
        std::thread::park_timeout(BETWEEN_LOOKS);
    }
}

const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// Nothing awaited here takes a tenth of this on an idle machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
