//! Fires notices to bidders, each once, on a thread of its own: no sale ever waits for it.
//!
//! Addresses come from bidders: `wire::notice` has judged their text, here the resolved addresses
//! are judged, and no redirect is followed. Which notice goes next is decided in `queue`.

mod queue;
pub mod results;
mod send;

use std::sync::Arc;
use std::thread;

use futures_util::stream::{FuturesUnordered, StreamExt};
use parking_lot::Mutex;
use tokio::runtime;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use crate::io::connect::Connect;
use crate::io::metrics::Metrics;
use crate::io::notifier::queue::{Fallen, Notice, Queue, State};
use crate::io::notifier::results::Results;
use crate::model::ids::{AuctionId, BidId, BidderId};

/// The bidder that a notice goes to, as the market of its auction has it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Who.
    pub id: BidderId,
    /// Lifts the rules about addresses (decision 35).
    pub allow_loopback: bool,
}

/// What a notice says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The bid won.
    Win,
    /// The bid lost.
    Loss,
}

/// Which bid a notice is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct About {
    /// The auction.
    pub auction: AuctionId,
    /// The bidder's name for the bid.
    pub bid: BidId,
}

/// What came of a notice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// The bidder answered with a status 2xx.
    Delivered,
    /// The bidder answered with another status; redirects are not followed.
    Status,
    /// No answer within a second.
    Timeout,
    /// No connection could be made.
    Unreachable,
    /// The address is no URL, or not a public one.
    Refused,
    /// The answer was not HTTP or broke off.
    Failed,
    /// The queue was full, the URL too long, or the time of a shutdown up.
    Dropped,
}

/// The queue of notices and the thread that empties it.
///
/// Dropping it drops what is queued; `finish` first.
pub struct Notifier {
    shared: Arc<Shared>,
    results: Arc<Results>,
    /// Becomes true when the thread has ended.
    ended: watch::Receiver<bool>,
}

/// What callers and the thread both hold.
struct Shared {
    queue: Mutex<Queue>,
    woken: Notify,
    metrics: Arc<Metrics>,
    results: Arc<Results>,
}

impl Notifier {
    /// Starts the thread.
    ///
    /// # Panics
    ///
    /// When the system can start no thread or runtime.
    #[must_use]
    pub fn start(connector: Arc<dyn Connect>, metrics: Arc<Metrics>) -> Self {
        let queue = Mutex::new(Queue::new());
        let results = Arc::<Results>::default();
        let kept = Arc::clone(&results);
        let shared = Arc::new(Shared { queue, woken: Notify::new(), metrics, results: kept });
        let (ending, ended) = watch::channel(false);
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a starting process can make a runtime");
        let running = Arc::clone(&shared);
        thread::Builder::new()
            .name("notifier".to_owned())
            .spawn(move || {
                runtime.block_on(run(&running, &*connector));
                // Not waiting for a lookup that the resolver still holds.
                runtime.shutdown_background();
                ending.send_replace(true);
            })
            .expect("a starting process can start a thread");
        Self { shared, results, ended }
    }

    /// Queues a win notice; never waits.
    pub fn send_win(&self, target: Target, about: About, url: String) {
        self.send(target, Kind::Win, about, url);
    }

    /// Queues a loss notice; never waits. When the queue is full, the oldest of these goes.
    pub fn send_loss(&self, target: Target, about: About, url: String) {
        self.send(target, Kind::Loss, about, url);
    }

    /// Returns what came of notices and is not recorded yet.
    #[must_use]
    pub fn results(&self) -> &Arc<Results> {
        &self.results
    }

    /// Lets the thread fire what is queued until `by`, then ends it.
    ///
    /// What is sent from here on is dropped.
    pub async fn finish(&self, by: Instant) {
        self.shared.queue.lock().close();
        self.shared.woken.notify_one();
        let mut ended = self.ended.clone();
        let in_time = timeout_at(by, ended.wait_for(|ended| *ended)).await.is_ok();
        if !in_time {
            self.end();
            // The thread ends at once: it waits for nothing once the queue is cut.
            let _ = ended.wait_for(|ended| *ended).await;
        }
    }

    fn send(&self, target: Target, kind: Kind, about: About, url: String) {
        let dropped = self.shared.queue.lock().push(target, kind, about, url);
        self.shared.count_dropped(&dropped);
        self.shared.woken.notify_one();
    }

    fn end(&self) {
        let dropped = self.shared.queue.lock().cut();
        self.shared.count_dropped(&dropped);
        self.shared.woken.notify_one();
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    /// Counts what came of a notice, and keeps it to be recorded.
    fn count(&self, fallen: &Fallen, (delivery, status): (Delivery, Option<u16>)) {
        let Fallen { bidder, kind, about } = fallen;
        self.metrics.notice(bidder.as_str(), kind.name(), delivery.name());
        if !self.results.add(bidder, about.clone(), *kind, (delivery, status)) {
            self.metrics.notices_unrecorded(1);
        }
    }

    fn count_dropped(&self, dropped: &[Fallen]) {
        for fallen in dropped {
            self.count(fallen, (Delivery::Dropped, None));
        }
    }
}

impl Kind {
    /// Returns its label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Win => "win",
            Self::Loss => "loss",
        }
    }
}

impl Delivery {
    /// Returns its label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Status => "status",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// Fires notices until the queue is closed and empty, or cut.
async fn run(shared: &Shared, connector: &dyn Connect) {
    let mut open = FuturesUnordered::new();
    loop {
        let (next, state) = {
            let mut queue = shared.queue.lock();
            (queue.pop(), queue.state())
        };
        if let Some(notice) = next {
            open.push(fire(notice, connector));
            continue;
        }
        match state {
            State::Open => {}
            State::Closed if open.is_empty() => return,
            State::Closed => {}
            State::Cut => {
                let flying = shared.queue.lock().flying();
                shared.count_dropped(&flying);
                return;
            }
        }
        tokio::select! {
            () = shared.woken.notified() => {}
            Some((notice, came)) = open.next() => {
                let fallen = shared.queue.lock().done(&notice);
                if let Some(fallen) = fallen {
                    shared.count(&fallen, came);
                }
            }
        }
    }
}

async fn fire(notice: Notice, connector: &dyn Connect) -> (Notice, (Delivery, Option<u16>)) {
    let came = send::get(&notice.url, notice.allow_loopback, connector).await;
    (notice, came)
}

#[cfg(test)]
mod tests;
