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

    /// Returns the text for a scrape: families and their series by name, so that whoever reads it twice
    /// finds everything where it was.
    #[must_use]
    pub fn render(&self) -> String {
        in_order(&self.handle.render())
    }
}

fn in_order(text: &str) -> String {
    let mut families: Vec<&str> = text.split("\n\n").filter(|it| !it.is_empty()).collect();
    families.sort_unstable();
    let mut ordered = String::with_capacity(text.len());
    for family in families {
        let (comments, mut series): (Vec<&str>, Vec<&str>) =
            family.lines().partition(|line| line.starts_with('#'));
        // The sort is stable: the buckets of a histogram stay as they are.
        series.sort_by_key(|line| labels(line));
        for line in comments.into_iter().chain(series) {
            ordered.push_str(line);
            ordered.push('\n');
        }
        ordered.push('\n');
    }
    ordered
}

/// Returns the labels of a series, without that of a bucket, which comes last.
fn labels(line: &str) -> &str {
    let labels = line.find('{').map_or("", |at| &line[at + 1..]);
    let labels = labels.rfind('}').map_or("", |end| &labels[..end]);
    match labels.rsplit_once(',') {
        Some((others, last)) if last.starts_with("le=") => others,
        None if labels.starts_with("le=") => "",
        _ => labels,
    }
}

/// Histograms hold each observation until a scrape or this long.
const UPKEEP: Duration = Duration::from_secs(5);
