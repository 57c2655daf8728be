//! The series of one metric, made at the start for every combination of its labels.

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};

/// The series of one metric with `N` labels.
///
/// A value that was not announced at the start is counted under `other`: nothing is lost, and no
/// outside text becomes a label.
pub(super) struct Family<H, const N: usize> {
    axes: [Box<[Arc<str>]>; N],
    /// Row by row, the last label turning fastest.
    series: Vec<H>,
    other: H,
}

/// A label and the values it may take.
pub(super) struct Axis<'a> {
    pub(super) label: &'static str,
    pub(super) values: &'a [&'a str],
}

/// What a recorder hands out for a key.
pub(super) trait Handle: Sized {
    /// Asks `recorder` for the series of `key`.
    fn register(recorder: &dyn Recorder, key: &Key) -> Self;
}

impl<H: Handle, const N: usize> Family<H, N> {
    pub(super) fn new(recorder: &dyn Recorder, name: &'static str, axes: [Axis<'_>; N]) -> Self {
        let labels = axes.each_ref().map(|axis| axis.label);
        let axes = axes.map(|axis| sorted(axis.values));
        let mut series = Vec::new();
        let mut at = [0; N];
        let count = axes.iter().map(|values| values.len()).product();
        for _ in 0..count {
            let values = std::array::from_fn(|axis| Arc::clone(&axes[axis][at[axis]]));
            series.push(H::register(recorder, &key(name, labels, values)));
            for axis in (0..N).rev() {
                at[axis] += 1;
                if at[axis] < axes[axis].len() {
                    break;
                }
                at[axis] = 0;
            }
        }
        let other = std::array::from_fn(|_| Arc::from(OTHER));
        Self { axes, series, other: H::register(recorder, &key(name, labels, other)) }
    }

    /// Returns the series of these label values.
    pub(super) fn at(&self, values: [&str; N]) -> &H {
        let mut index = 0;
        for (axis, value) in self.axes.iter().zip(values) {
            let Ok(place) = axis.binary_search_by(|known| (**known).cmp(value)) else {
                return &self.other;
            };
            index = index * axis.len() + place;
        }
        &self.series[index]
    }
}

impl Handle for Counter {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_counter(key, &METADATA)
    }
}

impl Handle for Gauge {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_gauge(key, &METADATA)
    }
}

impl Handle for Histogram {
    fn register(recorder: &dyn Recorder, key: &Key) -> Self {
        recorder.register_histogram(key, &METADATA)
    }
}

fn sorted(values: &[&str]) -> Box<[Arc<str>]> {
    let mut values: Vec<Arc<str>> = values.iter().copied().map(Arc::from).collect();
    values.sort_unstable();
    values.dedup();
    values.into()
}

fn key<const N: usize>(
    name: &'static str,
    labels: [&'static str; N],
    values: [Arc<str>; N],
) -> Key {
    let labels = labels.into_iter().zip(values);
    let labels: Vec<Label> = labels.map(|(label, value)| Label::new(label, value)).collect();
    Key::from_parts(name, labels)
}

const OTHER: &str = "other";

static METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);
