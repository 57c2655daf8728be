//! Who is let in: one worker's admission of sales, driven by its own delay.

use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use parking_lot::Mutex;

use crate::io::lag::{Felt, Lag};
use crate::io::metrics::Metrics;
use crate::live::admission::shed::Shed;
use crate::live::admission::{Admission, Asks, Bounds, COHORTS, Spent};
use crate::model::break_request::BreakRequest;
use crate::model::ids::PublisherId;

/// The gate of one worker.
pub struct Gate {
    /// The worker's number, as metrics name it.
    worker: Box<str>,
    admission: Mutex<Admission>,
    lag: Arc<Lag>,
    /// How many requests were refused.
    refused: AtomicU64,
}

/// A sale that was let in, until this is dropped.
pub struct Admitted {
    gate: Arc<Gate>,
    publisher: PublisherId,
    /// The level of brownout it was let in at.
    pub brownout: u8,
}

impl Gate {
    /// Returns the gate of a worker, open as wide as `bounds` start.
    #[must_use]
    pub fn new(worker: usize, bounds: Bounds) -> Arc<Self> {
        let admission = Mutex::new(Admission::new(bounds));
        Arc::new(Self {
            worker: worker.to_string().into(),
            admission,
            lag: Arc::default(),
            refused: AtomicU64::new(0),
        })
    }

    /// Takes other bounds; what runs above them ends in its own time.
    pub fn hold_to(&self, bounds: Bounds) {
        self.admission.lock().hold_to(bounds);
    }

    /// Lets a sale in, or says why not.
    ///
    /// # Errors
    ///
    /// When the worker has too much to do for this sale.
    pub fn enter(self: &Arc<Self>, request: &BreakRequest) -> Result<Admitted, Shed> {
        let publisher = &request.publisher.id;
        let asks = Asks {
            publisher,
            weight: request.publisher.weight,
            cohort: cohort(request),
            starts: request.ad_break.start,
            arrived_at: request.arrived_at,
        };
        let now = self.lag.now();
        let mut admission = self.admission.lock();
        if let Err(shed) = admission.begin(&asks, self.lag.delay_at(now), now) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(shed);
        }
        let brownout = admission.brownout();
        Ok(Admitted { gate: Arc::clone(self), publisher: publisher.clone(), brownout })
    }

    /// Says why any sale would be refused just now: then the request need not be read.
    #[must_use]
    pub fn refusal(&self) -> Option<Shed> {
        let now = self.lag.now();
        let delay = self.lag.delay_at(now);
        let shed = self.admission.lock().refusal(delay, now)?;
        self.refused.fetch_add(1, Ordering::Relaxed);
        Some(shed)
    }

    /// Polls a connection, and counts the time it took as spent on refusals if one was made.
    pub fn watch_poll<T>(&self, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        let (before, begun) = (self.refused.load(Ordering::Relaxed), self.lag.now());
        let polled = poll();
        if self.refused.load(Ordering::Relaxed) != before {
            self.admission.lock().refused(self.lag.now().saturating_sub(begun));
        }
        polled
    }

    /// Watches the worker's delay and moves the limit; it never ends. To be run by the worker.
    pub fn watch(self: &Arc<Self>, metrics: Arc<Metrics>) -> impl Future<Output = ()> + use<> {
        let gate = Arc::clone(self);
        Arc::clone(&self.lag).watch(move |Felt { delay, used }, now| {
            let mut admission = gate.admission.lock();
            admission.tick(Spent { delay, used }, now);
            let (load, level) = (admission.load(), admission.brownout());
            drop(admission);
            metrics.load.worker(&gate.worker, load, delay, level);
        })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.gate.admission.lock().end(&self.publisher);
    }
}

/// Returns the cohort of a request: the same for all requests of one viewer in one break, so that
/// a pod asked for in pieces is served whole or not at all.
fn cohort(request: &BreakRequest) -> u8 {
    let Some(session) = &request.session else {
        return request.sha[0] % u8::try_from(COHORTS).unwrap_or(u8::MAX);
    };
    let mut hasher = DefaultHasher::new();
    (session.as_str(), request.ad_break.id.as_str()).hash(&mut hasher);
    u8::try_from(hasher.finish() % u64::from(COHORTS)).unwrap_or_default()
}
