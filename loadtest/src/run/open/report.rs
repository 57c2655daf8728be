//! What an open loop says in the end: verdicts first, by phase, publisher and second, then the cost.

use std::{
    collections::BTreeMap,
    fmt::{Display, Formatter, Result},
    time::Duration,
};

use serde::Serialize;

use crate::{
    run::{
        crew::Counted,
        report::{BUSY, Cost, Latencies, ratio},
        sampler::{Sample, Sampler},
        schedule::Schedule,
        series::Bucket,
    },
    scenario::Plan,
};

/// The report of one open loop.
#[derive(Clone, Debug, Serialize)]
pub struct OpenReport {
    /// The scenario's name.
    pub scenario: String,
    /// Host and port asked.
    pub target: String,
    /// Whether the figures may be judged: this process was not what limited the run.
    pub usable: bool,
    /// After how many milliseconds an answer is late.
    pub tmax_ms: u64,
    /// All requests.
    pub total: Line,
    /// The same by step of the schedule, where it has several.
    pub phases: Vec<Line>,
    /// The same by publisher, where there are several.
    pub publishers: Vec<Line>,
    /// The same by second.
    pub seconds: Vec<Second>,
    /// The most requests that waited for a connection of their publisher at one time.
    pub most_waiting: u64,
    /// By how much this tool was late itself, in milliseconds; it is part of every latency.
    pub lag_ms: Latencies,
    /// What the process under test used, if it was named.
    pub process: Option<Cost>,
    /// Calls each simulated bidder received, second by second.
    pub bidders: Vec<BidderCalls>,
    /// The share of one core this process used; above 0.95 it measures itself.
    pub load_busy: f64,
    /// The same in its busiest second.
    pub load_busiest: f64,
}

/// What became of some requests.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The phase or publisher.
    pub name: String,
    /// How long it was, in seconds.
    pub seconds: f64,
    /// Requests due.
    pub offered: u64,
    /// Requests due a second.
    pub offered_rate: f64,
    /// Answered whole and readable, with a status of success.
    pub answered: u64,
    /// Answers a second.
    pub achieved_rate: f64,
    /// Answers with an ad.
    pub sold: u64,
    /// Answers without an ad: nothing to sell, or shed.
    pub empty: u64,
    /// Answers with an ad within tmax, a second.
    pub goodput: f64,
    /// The share of what was offered that was answered within tmax.
    pub in_time_share: f64,
    /// Answers past tmax.
    pub late: u64,
    /// Answers past tmax and 10 ms.
    pub past_grace: u64,
    /// Requests without an answer, by kind.
    pub errors: BTreeMap<String, u64>,
    /// Seconds of ads.
    pub filled_seconds: f64,
    /// From the scheduled instant to the last byte, in milliseconds.
    pub latency_ms: Latencies,
    /// The same of empty answers alone.
    pub empty_latency_ms: Latencies,
}

/// One second of the schedule.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Second {
    /// Its number, from 0.
    pub second: u64,
    /// Requests due in it.
    pub offered: u64,
    /// Of them answered, whenever.
    pub answered: u64,
    /// Of them answered with an ad.
    pub sold: u64,
    /// Of them answered without an ad.
    pub empty: u64,
    /// Of them answered past tmax.
    pub late: u64,
    /// Of them without an answer.
    pub failed: u64,
    /// Half were faster, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 were faster, in milliseconds.
    pub p99_ms: f64,
    /// The share of one core the process under test used.
    pub process_busy: f64,
    /// Its resident memory, in bytes.
    pub rss_bytes: u64,
    /// Its open descriptors.
    pub descriptors: u64,
    /// The share of one core this process used.
    pub load_busy: f64,
}

/// The calls one bidder received.
#[derive(Clone, Debug, Serialize)]
pub struct BidderCalls {
    /// Its id.
    pub bidder: String,
    /// In each second.
    pub per_second: Vec<u64>,
}

impl Line {
    /// Reads a bucket that covers so many seconds.
    pub(crate) fn of(name: String, length: Duration, bucket: &Bucket) -> Self {
        let seconds = length.as_secs_f64();
        let per_second = |count: u64| if 0.0 < seconds { ratio(count, 1) / seconds } else { 0.0 };
        let errors = bucket.errors.iter().map(|(kind, count)| (kind.kind(), *count));
        Self {
            name,
            seconds,
            offered: bucket.offered,
            offered_rate: per_second(bucket.offered),
            answered: bucket.answered,
            achieved_rate: per_second(bucket.answered),
            sold: bucket.sold,
            empty: bucket.empty(),
            goodput: per_second(bucket.sold_in_time),
            in_time_share: ratio(bucket.in_time, bucket.offered),
            late: bucket.answered - bucket.in_time,
            past_grace: bucket.past_grace,
            errors: errors.collect(),
            filled_seconds: ratio(bucket.filled_ms, 1_000),
            latency_ms: Latencies::of(&bucket.latency_us),
            empty_latency_ms: Latencies::of(&bucket.empty_us),
        }
    }

    /// Returns how many requests had no answer.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }
}

impl OpenReport {
    /// Puts the report of a run together.
    pub(crate) fn of(
        plan: &Plan,
        schedules: &[Schedule],
        counted: &Counted,
        (pid, sampler): (Option<u32>, &Sampler),
    ) -> Self {
        let samples = &sampler.samples;
        let longest = schedules.iter().max_by_key(|schedule| schedule.length());
        let length = longest.map(Schedule::length).unwrap_or_default();
        let mut total = Bucket::new(3);
        counted.lanes.iter().for_each(|(_, book, _)| total.add(&book.total()));
        let total = Line::of("all".to_owned(), length, &total);
        let seconds = seconds(counted, samples);
        let (first, last) = (samples.first(), samples.last());
        let span = first.zip(last);
        let load_busy = span.map_or(0.0, |(first, last)| last.load_busy(first));
        let usage = span.and_then(|(first, last)| first.process.zip(last.process));
        let process =
            pid.zip(usage).map(|(pid, (from, to))| Cost::between(pid, from, to, total.answered));
        Self {
            scenario: plan.scenario.name.clone(),
            target: plan.origin.authority.clone(),
            usable: load_busy <= BUSY,
            tmax_ms: plan.scenario.load.tmax_ms,
            phases: phases(longest, counted),
            publishers: publishers(length, counted),
            load_busiest: seconds.iter().map(|second| second.load_busy).fold(0.0, f64::max),
            seconds,
            most_waiting: most_waiting(counted),
            lag_ms: Latencies::of(&counted.lag_us),
            process,
            bidders: bidder_calls(sampler),
            load_busy,
            total,
        }
    }
}

/// One line a step of the longest schedule; publishers of the same shape are added up.
fn phases(schedule: Option<&Schedule>, counted: &Counted) -> Vec<Line> {
    let Some(schedule) = schedule.filter(|schedule| 1 < schedule.steps.len()) else {
        return Vec::new();
    };
    let lines = schedule.steps.iter().enumerate().map(|(number, step)| {
        let mut bucket = Bucket::new(3);
        let books = counted.lanes.iter().filter_map(|(_, book, _)| book.steps.get(number));
        books.for_each(|other| bucket.add(other));
        Line::of(schedule.name(number), Duration::from_secs_f64(step.seconds), &bucket)
    });
    lines.collect()
}

/// One line a publisher, where there are several.
fn publishers(length: Duration, counted: &Counted) -> Vec<Line> {
    if counted.lanes.len() < 2 {
        return Vec::new();
    }
    let lines = counted.lanes.iter();
    lines.map(|(name, book, _)| Line::of(name.clone(), length, &book.total())).collect()
}

/// One line a second.
pub(crate) fn seconds(counted: &Counted, samples: &[Sample]) -> Vec<Second> {
    let count = counted.lanes.iter().map(|(_, book, _)| book.seconds.len()).max().unwrap_or(0);
    let lines = (0..count).map(|number| {
        let mut bucket = Bucket::new(1);
        let books = counted.lanes.iter().filter_map(|(_, book, _)| book.seconds.get(number));
        books.for_each(|other| bucket.add(other));
        let pair = samples.get(number).zip(samples.get(number + 1));
        let usage = pair.and_then(|(from, to)| from.process.zip(to.process));
        let process_busy = pair.zip(usage).map_or(0.0, |((from, to), (before, after))| {
            let used =
                (after.user_ms + after.system_ms).saturating_sub(before.user_ms + before.system_ms);
            let wall = to.at.saturating_sub(from.at).as_secs_f64();
            if 0.0 < wall { ratio(used, 1_000) / wall } else { 0.0 }
        });
        let at = |quantile| ratio(bucket.latency_us.value_at_quantile(quantile), 1_000);
        Second {
            second: u64::try_from(number).unwrap_or(u64::MAX),
            offered: bucket.offered,
            answered: bucket.answered,
            sold: bucket.sold,
            empty: bucket.empty(),
            late: bucket.answered - bucket.in_time,
            failed: bucket.failed(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            process_busy,
            rss_bytes: usage.map_or(0, |(_, after)| after.rss_bytes),
            descriptors: usage.map_or(0, |(_, after)| after.descriptors),
            load_busy: pair.map_or(0.0, |(from, to)| to.load_busy(from)),
        }
    });
    lines.collect()
}

/// The calls of each bidder, second by second.
fn bidder_calls(sampler: &Sampler) -> Vec<BidderCalls> {
    let calls = sampler.names().into_iter().enumerate().map(|(number, bidder)| {
        let pairs = sampler.samples.windows(2);
        let per_second = pairs.map(|pair| pair[1].bidders[number].since(pair[0].bidders[number]));
        BidderCalls { bidder, per_second: per_second.map(|counts| counts.requests).collect() }
    });
    calls.collect()
}

fn most_waiting(counted: &Counted) -> u64 {
    let most = counted.lanes.iter().map(|(_, _, most)| *most).max().unwrap_or(0);
    u64::try_from(most).unwrap_or(u64::MAX)
}

impl Display for OpenReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let total = &self.total;
        writeln!(
            f,
            "{} against {}, open, {:.0} due a second for {:.1} s",
            self.scenario, self.target, total.offered_rate, total.seconds
        )?;
        line(f, total, self.tmax_ms)?;
        for (what, lines) in [("phase", &self.phases), ("publisher", &self.publishers)] {
            for it in lines {
                writeln!(f, "{what} {}", it.name)?;
                line(f, it, self.tmax_ms)?;
            }
        }
        let lag = self.lag_ms;
        writeln!(
            f,
            "own delay ms   p50 {:.2}  p99 {:.2}  max {:.2}; at most {} waited for a connection, \
             their latency counts from when they were due",
            lag.p50, lag.p99, lag.max, self.most_waiting
        )?;
        if let Some(cost) = &self.process {
            writeln!(f, "{cost}")?;
        }
        write!(
            f,
            "load           {:.0} % of one core, {:.0} % in its busiest second",
            self.load_busy * 100.0,
            self.load_busiest * 100.0
        )?;
        if self.usable { Ok(()) } else { write!(f, ": UNRELIABLE, it measures itself; no verdict") }
    }
}

fn line(f: &mut Formatter<'_>, it: &Line, tmax_ms: u64) -> Result {
    writeln!(
        f,
        "answered       {} of {}: {} sold, {} empty, {:.3} % within {tmax_ms} ms",
        it.answered,
        it.offered,
        it.sold,
        it.empty,
        it.in_time_share * 100.0
    )?;
    writeln!(
        f,
        "late           {} past {tmax_ms} ms, {} of them by 10 ms",
        it.late, it.past_grace
    )?;
    write!(f, "errors         {}", it.failed())?;
    for (kind, count) in &it.errors {
        write!(f, "  {kind} {count}")?;
    }
    let Latencies { p50, p90, p99, p999, max } = it.latency_ms;
    writeln!(
        f,
        "\nlatency ms     p50 {p50:.2}  p90 {p90:.2}  p99 {p99:.2}  p99.9 {p999:.2}  max {max:.2}"
    )?;
    if 0 < it.empty && 0 < it.sold {
        let Latencies { p50, p99, max, .. } = it.empty_latency_ms;
        writeln!(f, "... empty      p50 {p50:.2}  p99 {p99:.2}  max {max:.2}")?;
    }
    writeln!(
        f,
        "rate           {:.1} offered, {:.1} answered, {:.1} sold in time a second",
        it.offered_rate, it.achieved_rate, it.goodput
    )
}
