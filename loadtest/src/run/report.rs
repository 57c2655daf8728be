//! What a run says in the end: verdicts first, then latency, then what it cost.

use std::{
    collections::BTreeMap,
    fmt::{Display, Formatter, Result},
};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::{bidder::counters::Counts, run::process::Usage};

/// The report of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// Host and port asked.
    pub target: String,
    /// Requests in flight: a closed loop.
    pub in_flight: u32,
    /// How long the measurement took, in seconds.
    pub wall_s: f64,
    /// What became of the requests.
    pub verdicts: Verdicts,
    /// Latency of what was answered, in milliseconds, from asking to the last byte received.
    pub latency_ms: Latencies,
    /// Auctions answered per second.
    pub rate: f64,
    /// What the process under test used, if it was named.
    pub process: Option<Cost>,
    /// What the simulated bidders in this process saw, if there are any.
    pub bidders: Option<Calls>,
    /// The share of one core this process used; above 0.95 it measures itself.
    pub load_busy: f64,
}

/// What became of the requests.
#[derive(Clone, Debug, Serialize)]
pub struct Verdicts {
    /// Requests sent, or tried.
    pub sent: u64,
    /// Answered whole and readable, with a status of success.
    pub answered: u64,
    /// Of those, later than `tmax_ms`.
    pub late: u64,
    /// After how many milliseconds an answer is late.
    pub tmax_ms: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Failures by kind.
    pub errors: BTreeMap<String, u64>,
    /// Answers with at least one ad.
    pub with_fill: u64,
    /// Ads, or bids, in all answers.
    pub ads: u64,
    /// Seconds of ads in all answers.
    pub filled_seconds: f64,
    /// Seconds asked for, when the scenario says how long a break is.
    pub asked_seconds: Option<u64>,
    /// Filled ÷ asked.
    pub fill: Option<f64>,
}

/// Percentiles, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latencies {
    /// Half were faster.
    pub p50: f64,
    /// Nine of ten were faster.
    pub p90: f64,
    /// 99 of 100 were faster.
    pub p99: f64,
    /// 999 of 1,000 were faster.
    pub p999: f64,
    /// The slowest.
    pub max: f64,
}

/// What the process under test used during the measurement.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    /// Its id.
    pub pid: u32,
    /// CPU seconds in its own code.
    pub cpu_user_s: f64,
    /// CPU seconds in the kernel on its behalf.
    pub cpu_system_s: f64,
    /// User CPU, in microseconds per answered auction.
    pub cpu_user_us_per_auction: f64,
    /// System CPU, in microseconds per answered auction.
    pub cpu_system_us_per_auction: f64,
    /// Both, in microseconds per answered auction.
    pub cpu_us_per_auction: f64,
    /// Resident memory at the end, in bytes.
    pub rss_bytes: u64,
    /// By how much it grew during the measurement, in bytes; negative when it shrank.
    pub rss_growth_bytes: i64,
    /// Resident memory at the end divided by answered auctions, in bytes.
    pub rss_bytes_per_auction: f64,
    /// Open descriptors at the end.
    pub descriptors: u64,
    /// Context switches, per answered auction.
    pub switches_per_auction: f64,
}

/// What the simulated bidders saw during the measurement.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Calls {
    /// How many bidders there are.
    pub bidders: u64,
    /// Bid requests per auction sent; `bidders` when each is asked once.
    pub per_auction: f64,
    /// Whether every auction asked every bidder exactly once.
    pub as_expected: bool,
    /// The counts of all bidders added up.
    pub counts: Counts,
}

impl Cost {
    /// Divides what was used between two readings by so many answered auctions.
    pub(crate) fn between(pid: u32, before: Usage, after: Usage, answered: u64) -> Self {
        let user_ms = after.user_ms.saturating_sub(before.user_ms);
        let system_ms = after.system_ms.saturating_sub(before.system_ms);
        let per_auction = |ms: u64| ratio(ms * 1_000, answered);
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        Self {
            pid,
            cpu_user_s: ratio(user_ms, 1_000),
            cpu_system_s: ratio(system_ms, 1_000),
            cpu_user_us_per_auction: per_auction(user_ms),
            cpu_system_us_per_auction: per_auction(system_ms),
            cpu_us_per_auction: per_auction(user_ms + system_ms),
            rss_bytes: after.rss_bytes,
            rss_growth_bytes: bytes(after.rss_bytes) - bytes(before.rss_bytes),
            rss_bytes_per_auction: ratio(after.rss_bytes, answered),
            descriptors: after.descriptors,
            switches_per_auction: ratio(after.switches.saturating_sub(before.switches), answered),
        }
    }
}

impl Display for Cost {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(
            f,
            "cpu            {:.1} us per auction: user {:.1}, system {:.1} ({:.2} s and {:.2} s)",
            self.cpu_us_per_auction,
            self.cpu_user_us_per_auction,
            self.cpu_system_us_per_auction,
            self.cpu_user_s,
            self.cpu_system_s
        )?;
        write!(
            f,
            "rss            {:.1} MB, {:.0} B per auction, grew {} B; {} descriptors, {:.1} context \
             switches per auction",
            ratio(self.rss_bytes, 1_000_000),
            self.rss_bytes_per_auction,
            self.rss_growth_bytes,
            self.descriptors,
            self.switches_per_auction
        )
    }
}

impl Latencies {
    /// Reads the percentiles of a histogram in microseconds.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| ratio(histogram.value_at_quantile(quantile), 1_000);
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: ratio(histogram.max(), 1_000),
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Verdicts { sent, answered, late, tmax_ms, failed, .. } = self.verdicts;
        let verdicts = &self.verdicts;
        writeln!(
            f,
            "{} against {}, closed, {} in flight",
            self.scenario, self.target, self.in_flight
        )?;
        writeln!(f, "answered       {answered} of {sent}")?;
        writeln!(f, "late           {late} past {tmax_ms} ms")?;
        write!(f, "errors         {failed}")?;
        for (kind, count) in &verdicts.errors {
            write!(f, "  {kind} {count}")?;
        }
        writeln!(f, "\nwith fill      {}, {} ads", verdicts.with_fill, verdicts.ads)?;
        write!(f, "filled         {:.0} s", verdicts.filled_seconds)?;
        match (verdicts.asked_seconds, verdicts.fill) {
            (Some(asked), Some(fill)) => writeln!(f, " of {asked} s, {:.1} %", fill * 100.0)?,
            _ => writeln!(f)?,
        }
        let Latencies { p50, p90, p99, p999, max } = self.latency_ms;
        writeln!(
            f,
            "latency ms     p50 {p50:.2}  p90 {p90:.2}  p99 {p99:.2}  p99.9 {p999:.2}  max {max:.2}"
        )?;
        writeln!(f, "rate           {:.0} auctions/s for {:.1} s", self.rate, self.wall_s)?;
        if let Some(cost) = &self.process {
            writeln!(f, "{cost}")?;
        }
        if let Some(calls) = &self.bidders {
            let verdict = if calls.as_expected { "as expected" } else { "WRONG" };
            writeln!(
                f,
                "calls          {:.3} per auction, {} bidders: {verdict}",
                calls.per_auction, calls.bidders
            )?;
            writeln!(
                f,
                "bids           {} in {} responses, {} no-bids, {} faults, {} over limit",
                calls.counts.bids,
                calls.counts.bid_responses,
                calls.counts.no_bids,
                calls.counts.faults,
                calls.counts.over_limit
            )?;
            writeln!(
                f,
                "notices        {} wins, {} losses, {} billings, {} with a macro left",
                calls.counts.wins,
                calls.counts.losses,
                calls.counts.billings,
                calls.counts.unexpanded
            )?;
        }
        write!(f, "load           {:.0} % of one core", self.load_busy * 100.0)?;
        if BUSY < self.load_busy { write!(f, ": UNRELIABLE, it measures itself") } else { Ok(()) }
    }
}

/// Divides two counts; zero by zero is zero.
#[expect(clippy::cast_precision_loss, reason = "counts below 2^53, shown to a few digits")]
pub(crate) fn ratio(count: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { count as f64 / of as f64 }
}

/// The share of a core above which the load tool is what limits the run.
pub(crate) const BUSY: f64 = 0.95;
