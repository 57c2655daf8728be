//! The Prometheus text of one instance, and the thread that keeps its histograms small.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use crate::io::background::stand_back;
use crate::io::metrics::{Labels, Metrics, names};

/// The registry of one instance; several may live in one process.
///
/// Dropping it ends its thread; handles given out go on counting unseen.
pub struct Exposition {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    _running: mpsc::Sender<()>,
}

/// Starts a registry with the histograms' buckets set and its upkeep running.
///
/// # Panics
///
/// When the system can start no thread.
#[must_use]
pub fn install() -> Exposition {
    let mut builder = PrometheusBuilder::new();
    for (name, kind, _) in names::ALL {
        if *kind == names::Kind::Histogram {
            let matcher = Matcher::Full((*name).to_owned());
            builder = builder
                .set_buckets_for_metric(matcher, names::BUCKETS)
                .expect("the list of buckets is not empty");
        }
    }
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    let (running, ended) = mpsc::channel::<()>();
    let upkeep = handle.clone();
    thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(move || {
            stand_back();
            while ended.recv_timeout(UPKEEP) == Err(RecvTimeoutError::Timeout) {
                upkeep.run_upkeep();
            }
        })
        .expect("a starting process can start a thread");
    Exposition { recorder, handle, _running: running }
}

impl Exposition {
    /// Returns the metrics of an instance, every series registered.
    #[must_use]
    pub fn metrics(&self, labels: &Labels<'_>) -> Metrics {
        Metrics::new(&self.recorder, labels)
    }

    /// Takes other values of the labels, as another market has them: new series are registered, those
    /// that exist keep their counts.
    pub fn relabel(&self, metrics: &Metrics, labels: &Labels<'_>) {
        metrics.relabel(&self.recorder, labels);
    }

    /// Returns the text for a scrape.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }
}

/// Histograms hold each observation until a scrape or this long.
const UPKEEP: Duration = Duration::from_secs(5);
