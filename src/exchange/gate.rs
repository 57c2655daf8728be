//! Who is let in: one worker's admission of sales, driven by its own delay.

use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::io::lag::Lag;
use crate::io::metrics::Metrics;
use crate::live::admission::{Admission, Asks, Bounds, COHORTS, Shed};
use crate::model::break_request::BreakRequest;
use crate::model::ids::PublisherId;

/// The gate of one worker.
pub struct Gate {
    /// The worker's number, as metrics name it.
    worker: Box<str>,
    admission: Mutex<Admission>,
    lag: Arc<Lag>,
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
        Arc::new(Self { worker: worker.to_string().into(), admission, lag: Arc::default() })
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
            cohort: cohort(request),
            starts: request.ad_break.start,
            arrived_at: request.arrived_at,
        };
        let mut admission = self.admission.lock();
        admission.begin(&asks, self.lag.delay(), self.lag.now())?;
        let brownout = admission.brownout();
        Ok(Admitted { gate: Arc::clone(self), publisher: publisher.clone(), brownout })
    }

    /// Says whether any sale would be refused just now: then the request need not be read.
    #[must_use]
    pub fn is_jammed(&self) -> bool {
        let delay = self.lag.delay();
        self.admission.lock().is_jammed(delay)
    }

    /// Watches the worker's delay and moves the limit; it never ends. To be run by the worker.
    pub fn watch(self: &Arc<Self>, metrics: Arc<Metrics>) -> impl Future<Output = ()> + use<> {
        let gate = Arc::clone(self);
        Arc::clone(&self.lag).watch(move |delay, now| {
            let mut admission = gate.admission.lock();
            admission.tick(delay, now);
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
