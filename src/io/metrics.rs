//! Counters, gauges and histograms: every name, every label value, registered at the start.
//!
//! A label takes its values from the configuration or from a closed set, never from a request.
//! Nothing here is global, so that several instances live in one process; `exposition` renders.

pub mod exposition;
pub mod load;
pub mod names;

mod connections;
mod family;
mod protection;
mod series;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use metrics::{Gauge, Recorder};

use crate::io::bidders::state::States;
use crate::io::metrics::family::{Axis, Family};
use crate::io::metrics::load::Load;
use crate::io::metrics::names::Kind;
use crate::io::metrics::series::Series;
use crate::model::time::UnixMillis;

/// The values that labels may take; what is not listed is counted under `other`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "each field is the label it names, in the plural")]
pub struct Labels<'a> {
    pub placements: &'a [&'a str],
    pub bidders: &'a [&'a str],
    pub currencies: &'a [&'a str],
    pub fill_outcomes: &'a [&'a str],
    pub unfilled_reasons: &'a [&'a str],
    /// `sent` is added.
    pub call_reasons: &'a [&'a str],
    /// `won` is added.
    pub loss_reasons: &'a [&'a str],
    /// Of `breakwater_bidder_duration_seconds`.
    pub answer_outcomes: &'a [&'a str],
    pub switch_scopes: &'a [&'a str],
    pub refusal_codes: &'a [&'a str],
    pub tag_faults: &'a [&'a str],
    pub unbuilt_fields: &'a [&'a str],
    pub beacon_kinds: &'a [&'a str],
    pub beacon_outcomes: &'a [&'a str],
    pub stages: &'a [&'a str],
    pub shed_reasons: &'a [&'a str],
    /// Numbers of workers, from 0.
    pub workers: &'a [&'a str],
    pub build: Build<'a>,
}

/// Which build this is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Build<'a> {
    /// The package's version.
    pub version: &'a str,
    /// The commit it was built from, or `unknown`.
    pub commit: &'a str,
    /// The Rust version it is written for.
    pub rustc: &'a str,
}

/// The handles of all metrics, shared by every worker; they outlive the market they began with.
pub struct Metrics {
    /// What workers take on and what they refuse.
    pub load: Load,
    series: ArcSwap<Series>,
}

impl Metrics {
    /// Describes every metric to `recorder` and registers every series.
    #[must_use]
    pub fn new(recorder: &dyn Recorder, labels: &Labels<'_>) -> Self {
        describe(recorder);
        build_info(recorder, labels.build);
        let load = Load::new(recorder, labels.shed_reasons, labels.workers);
        Self { load, series: ArcSwap::from_pointee(Series::new(recorder, labels)) }
    }

    /// Takes other values of the labels from here on; series that exist keep what they say.
    pub(super) fn relabel(&self, recorder: &dyn Recorder, labels: &Labels<'_>) {
        self.series.store(Arc::new(Series::new(recorder, labels)));
    }

    fn series(&self) -> Guard<Arc<Series>> {
        self.series.load()
    }

    /// Counts a request to fill a break, and how long its answer took.
    pub fn fill(&self, placement: &str, outcome: &str, took: Duration) {
        self.series().fill_requests.at([placement, outcome]).increment(1);
        self.series().fill_duration.at([placement]).record(took);
    }

    /// Counts nominal seconds of a break: `sold`, `house` or `unfilled`.
    pub fn break_seconds(&self, placement: &str, state: &str, seconds: u64) {
        self.series().break_seconds.at([placement, state]).increment(seconds);
    }

    /// Counts nominal seconds left unfilled; `break_seconds` is counted beside.
    pub fn unfilled_seconds(&self, placement: &str, reason: &str, seconds: u64) {
        self.series().unfilled_seconds.at([placement, reason]).increment(seconds);
    }

    /// Counts a bidder that was `sent` a request, or the reason for having no bids of it.
    pub fn bidder_request(&self, bidder: &str, reason: &str) {
        self.series().bidder_requests.at([bidder, reason]).increment(1);
    }

    /// Observes how long a call took.
    pub fn bidder_duration(&self, bidder: &str, outcome: &str, took: Duration) {
        self.series().bidder_duration.at([bidder, outcome]).record(took);
    }

    /// Counts a call that had no complete answer by the cutoff.
    pub fn late_response(&self, bidder: &str) {
        self.series().late_responses.at([bidder]).increment(1);
    }

    /// Counts what an answer after the cutoff would have bid: how often, and at best for how much,
    /// in millionths.
    pub fn late_bids(&self, bidder: &str, bids: u64, best: u64) {
        self.series().connections.late_bids.at([bidder]).increment(bids);
        self.series().connections.late_bid_micros.at([bidder]).increment(best);
    }

    /// Says that a worker has `new` connections in a state where it had `old`.
    pub fn bidder_connections(&self, bidder: &str, state: &str, old: usize, new: usize) {
        self.series().connections.change([bidder, state], old, new);
    }

    /// Counts a connection to a bidder by what came of making it (`made`, `failed`, `timeout`).
    pub fn bidder_dial(&self, bidder: &str, outcome: &str) {
        self.series().connections.dials.at([bidder, outcome]).increment(1);
    }

    /// Counts bids that `won`, or lost for a reason.
    pub fn bids(&self, bidder: &str, reason: &str, count: u64) {
        self.series().bids.at([bidder, reason]).increment(count);
    }

    /// Counts what the ads of a sale cost once each, gross, in millionths of the currency.
    pub fn revenue(&self, placement: &str, currency: &str, micros: u64) {
        self.series().revenue.at([placement, currency]).increment(micros);
    }

    /// Says whether a kill switch of a scope is on.
    pub fn switch_active(&self, scope: &str, active: bool) {
        self.series().switch_active.at([scope]).set(flag(active));
    }

    /// Says that a market was put in force at `now`, the how manieth since the start it is.
    pub fn config_load(&self, generation: u32, now: UnixMillis) {
        let series = self.series();
        series.config_generation.at([]).set(generation);
        series.config_success.at([]).set(flag(true));
        series.config_timestamp.at([]).set(Duration::from_millis(now.0));
    }

    /// Counts a reload by what came of it (`RELOAD_RESULTS`); `success` unless the old market had to
    /// stay in force.
    pub fn config_reload(&self, result: &str, success: bool) {
        let series = self.series();
        series.config_reloads.at([result]).increment(1);
        series.config_success.at([]).set(flag(success));
    }

    /// Takes back what gauges say of a bidder that is no longer asked.
    pub fn forget_bidder(&self, bidder: &str) {
        self.series().protection.forget(bidder);
    }

    /// Says how many records wait for their flush.
    pub fn audit_lag(&self, records: u32) {
        self.series().audit_lag.at([]).set(records);
    }

    /// Counts a write or flush of the journal that failed.
    pub fn audit_write_error(&self) {
        self.series().audit_write_errors.at([]).increment(1);
    }

    /// Says how many records the last checkpoint of a stream's log signs.
    pub fn log_signed(&self, stream: &str, records: u64) {
        // A gauge is a float: exact up to 2^53.
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        self.series().log_size.at([stream]).set(records as f64);
    }

    /// Says that a checkpoint of a stream's log was published at `now`.
    pub fn log_published(&self, stream: &str, now: UnixMillis) {
        self.series().log_timestamp.at([stream]).set(Duration::from_millis(now.0));
    }

    /// Counts a log that can no longer be kept.
    pub fn log_failure(&self, stream: &str) {
        self.series().log_failures.at([stream]).increment(1);
    }

    /// Says whether a log waits for room on the disk or a descriptor.
    pub fn log_waiting(&self, stream: &str, waiting: bool) {
        self.series().log_waiting.at([stream]).set(flag(waiting));
    }

    /// Counts a request refused as wrong.
    pub fn request_refused(&self, code: &str) {
        self.series().requests_refused.at([code]).increment(1);
    }

    /// Counts a part of an ad tag that could not be used.
    pub fn tag_fault(&self, kind: &str) {
        self.series().tag_faults.at([kind]).increment(1);
    }

    /// Counts a valid request that needs what is not built yet.
    pub fn unbuilt_request(&self, field: &str) {
        self.series().unbuilt_requests.at([field]).increment(1);
    }

    /// Counts a notice by kind (`win`, `loss`) and by what came of it (`NOTICE_OUTCOMES`).
    pub fn notice(&self, bidder: &str, kind: &str, outcome: &str) {
        self.series().notices.at([bidder, kind, outcome]).increment(1);
    }

    /// Counts a beacon by kind and by the answer to it.
    pub fn beacon(&self, kind: &str, outcome: &str) {
        self.series().beacons.at([kind, outcome]).increment(1);
    }

    /// Counts a request answered with the sale of another one.
    pub fn sale_shared(&self) {
        self.series().sales_shared.at([]).increment(1);
    }

    /// Counts an answer that left before its record was flushed.
    pub fn late_sync(&self) {
        self.series().late_sync.at([]).increment(1);
    }

    /// Counts results of notices that no record tells.
    pub fn notices_unrecorded(&self, count: u64) {
        self.series().notices_unrecorded.at([]).increment(count);
    }

    /// Counts an auction whose search ended at its bound of steps.
    pub fn search_bounded(&self) {
        self.series().searches_bounded.at([]).increment(1);
    }

    /// Counts a decision that left its worker's thread.
    pub fn decision_aside(&self) {
        self.series().decisions_aside.at([]).increment(1);
    }

    /// Counts an auction whose losers are not told what would have won.
    pub fn minimums_skipped(&self) {
        self.series().minimums_skipped.at([]).increment(1);
    }

    /// Counts bids whose categories no block could be told for.
    pub fn bids_unmapped(&self, bidder: &str, count: u64) {
        self.series().bids_unmapped.at([bidder]).increment(count);
    }

    /// Counts a bid whose Wrapper was to be followed, by what came of it (`WRAPPER_OUTCOMES`).
    pub fn wrapper(&self, bidder: &str, outcome: &str) {
        self.series().wrappers.at([bidder, outcome]).increment(1);
    }

    /// Counts what the calls of one auction under a brownout are expected to bring, made and left
    /// out, in billionths of the currency.
    pub fn selection_value(&self, asked: u64, skipped: u64) {
        self.series().protection.selection_value.at(["asked"]).increment(asked);
        self.series().protection.selection_value.at(["skipped"]).increment(skipped);
    }

    /// Tells how bidders are doing.
    pub fn bidders(&self, states: &States) {
        self.series().protection.set(states);
    }

    /// Observes the time spent in one step of a sale.
    pub fn stage(&self, stage: &str, took: Duration) {
        self.series().stage_duration.at([stage]).record(took);
    }
}

fn describe(recorder: &dyn Recorder) {
    for (name, kind, help) in names::ALL {
        match kind {
            Kind::Counter => recorder.describe_counter((*name).into(), None, (*help).into()),
            Kind::Gauge => recorder.describe_gauge((*name).into(), None, (*help).into()),
            Kind::Histogram => recorder.describe_histogram((*name).into(), None, (*help).into()),
        }
    }
}

fn build_info(recorder: &dyn Recorder, build: Build<'_>) {
    let axes = [("version", build.version), ("commit", build.commit), ("rustc", build.rustc)];
    let labels: Vec<metrics::Label> = axes
        .iter()
        .map(|(label, value)| metrics::Label::new(*label, (*value).to_owned()))
        .collect();
    let key = metrics::Key::from_parts(names::BUILD_INFO, labels);
    <Gauge as family::Handle>::register(recorder, &key).set(1);
}

fn family<H: family::Handle, const N: usize>(
    recorder: &dyn Recorder,
    name: &'static str,
    axes: [Axis<'_>; N],
) -> Family<H, N> {
    Family::new(recorder, name, axes)
}

fn axis<'a>(label: &'static str, values: &'a [&'a str]) -> Axis<'a> {
    Axis { label, values }
}

fn flag(on: bool) -> u8 {
    u8::from(on)
}

/// The states of a second of a break.
pub const SECOND_STATES: &[&str] = &["sold", "house", "unfilled"];

/// The streams of the journal.
pub const STREAMS: &[&str] = &["auction", "money"];

/// What may come of a reload; `cli::serve::reloader` gives these.
pub const RELOAD_RESULTS: &[&str] = &["applied", "unchanged", "refused", "failed"];

/// The kinds of notices.
pub const NOTICE_KINDS: &[&str] = &["win", "loss"];

/// What may come of a notice; `io::notifier` gives these.
pub const NOTICE_OUTCOMES: &[&str] =
    &["delivered", "status", "timeout", "unreachable", "refused", "failed", "dropped"];

/// What may come of following a Wrapper; `exchange::unwrap` gives these.
pub const WRAPPER_OUTCOMES: &[&str] = &[
    "unwrapped",
    "timeout",
    "skipped",
    "refused",
    "unreachable",
    "status",
    "too_large",
    "failed",
    "too_deep",
    "no_ad",
];

#[cfg(test)]
mod tests;
