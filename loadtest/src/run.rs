//! A whole run: bidders, warm-up, measurement, report.
//!
//! Bidders and callers share one thread, so that one core can be left to the exchange under test.

use std::{io, sync::Arc, thread, time::Duration};

use serde::Serialize;
use thiserror::Error;
use tokio::{runtime, time::Instant};

use crate::{
    bidder::{Running, counters::Counts},
    fleet::{self, FleetError},
    run::{
        load::{Budget, Tally},
        open::report::OpenReport,
        process::{ProcessError, Usage},
        report::{Calls, Cost, Latencies, Report, Verdicts, ratio},
    },
    scenario::{Pace, Plan},
};

pub mod open;
pub mod process;
pub mod report;
pub mod schedule;

pub(crate) mod crew;
pub(crate) mod sampler;

mod alarm;
mod desk;
mod link;
mod load;
mod reading;
pub(crate) mod series;
mod stencil;

/// Says why there is no report.
#[derive(Debug, Error)]
pub enum RunError {
    /// A bidder could not start.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// The target takes no connection.
    #[error("target {target}: connecting")]
    Unreachable {
        /// Host and port.
        target: String,
        /// What the system said.
        source: io::Error,
    },
    /// The process to measure is not there to begin with; the caller's fault.
    #[error("process to measure")]
    NoProcess(#[source] ProcessError),
    /// The process to measure ended on the way.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Not one request was answered.
    #[error("target {target}: none of {sent} requests was answered ({errors})")]
    NothingAnswered {
        /// Host and port.
        target: String,
        /// Requests tried.
        sent: u64,
        /// Failures by kind.
        errors: String,
    },
    /// An open loop was asked for as a closed one.
    #[error("the scenario is an open loop")]
    OpenLoop,
    /// No thread or runtime to be had.
    #[error("starting the load thread")]
    Thread(#[source] io::Error),
}

/// What a run measured.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Done {
    /// Of a closed loop.
    Closed(Box<Report>),
    /// Of an open loop.
    Open(Box<OpenReport>),
}

/// Runs a scenario on a thread of its own and returns what it measured.
///
/// # Errors
///
/// A bidder that cannot start, a target that cannot be reached or answers nothing, a process to
/// measure that is not there.
pub fn run(plan: Plan, pid: Option<u32>) -> Result<Done, RunError> {
    let load = move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(RunError::Thread)?;
        runtime.block_on(async {
            match plan.pace.clone() {
                Pace::Closed { .. } => Ok(Done::Closed(Box::new(measure(plan, pid).await?))),
                Pace::Open(open) => {
                    Ok(Done::Open(Box::new(open::measure(&plan, &open, pid).await?)))
                }
            }
        })
    };
    let thread = thread::Builder::new().name("load".to_owned()).spawn(load);
    let done = thread.map_err(RunError::Thread)?.join();
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Runs a closed scenario on the current runtime.
///
/// # Errors
///
/// As `run`.
pub async fn measure(plan: Plan, pid: Option<u32>) -> Result<Report, RunError> {
    let bidders = fleet::start(&plan.scenario.bidders, plan.scenario.seed).await?;
    let report = measure_beside(plan, pid, &bidders).await;
    for bidder in bidders {
        bidder.stop().await;
    }
    report
}

/// Runs a scenario beside bidders that are already there; its own list of bidders is not started.
///
/// # Errors
///
/// As `run`.
pub async fn measure_beside(
    plan: Plan,
    pid: Option<u32>,
    bidders: &[Running],
) -> Result<Report, RunError> {
    if let Some(pid) = pid {
        process::read(&pid.to_string()).map_err(RunError::NoProcess)?;
    }
    let plan = Arc::new(plan);
    let scenario = &plan.scenario;
    let target = plan.origin.authority.clone();
    let Pace::Closed { in_flight, until } = plan.pace else { return Err(RunError::OpenLoop) };
    let callers = load::callers(&plan, in_flight, open::run_number())
        .await
        .map_err(|source| RunError::Unreachable { target: target.clone(), source })?;
    let warm_up = scenario.load.warm_up;
    let (callers, _) = load::phase(callers, Budget::count(0, warm_up)).await;

    let before = Reading::take(pid, bidders)?;
    let (_, tally) = load::phase(callers, Budget::measured(warm_up, until)).await;
    let after = Reading::take(pid, bidders)?;
    if tally.answered == 0 {
        let errors = tally.errors.iter().map(|(kind, count)| format!("{kind} {count}"));
        let errors = errors.collect::<Vec<_>>().join(", ");
        return Err(RunError::NothingAnswered { target, sent: tally.sent, errors });
    }
    Ok(report((&plan, in_flight), &tally, pid, (&before, &after)))
}

/// Everything that is read before and after.
struct Reading {
    at: Instant,
    process: Option<Usage>,
    load: Usage,
    bidders: u64,
    counts: Counts,
}

impl Reading {
    fn take(pid: Option<u32>, bidders: &[Running]) -> Result<Self, ProcessError> {
        let process = pid.map(|pid| process::read(&pid.to_string())).transpose()?;
        let counts = bidders.iter().map(Running::counts);
        Ok(Self {
            at: Instant::now(),
            process,
            load: process::read("self")?,
            bidders: u64::try_from(bidders.len()).unwrap_or(u64::MAX),
            counts: counts.fold(Counts::default(), Counts::plus),
        })
    }
}

fn report(
    (plan, in_flight): (&Plan, u32),
    tally: &Tally,
    pid: Option<u32>,
    (before, after): (&Reading, &Reading),
) -> Report {
    let wall = after.at - before.at;
    let usage = before.process.zip(after.process);
    let cost = pid
        .zip(usage)
        .map(|(pid, (before, after))| Cost::between(pid, before, after, tally.answered));
    let counts = after.counts.since(before.counts);
    let expected = tally.sent.saturating_mul(after.bidders);
    let calls = Calls {
        bidders: after.bidders,
        per_auction: ratio(counts.requests, tally.sent),
        as_expected: counts.requests == expected,
        counts,
    };
    let busy_ms = cpu_ms(after.load) - cpu_ms(before.load);
    Report {
        scenario: plan.scenario.name.clone(),
        target: plan.origin.authority.clone(),
        in_flight,
        wall_s: wall.as_secs_f64(),
        verdicts: verdicts(plan, tally),
        latency_ms: Latencies::of(&tally.latency_us),
        rate: ratio(tally.answered, 1) / wall.max(Duration::from_micros(1)).as_secs_f64(),
        process: cost,
        bidders: (0 < after.bidders).then_some(calls),
        load_busy: ratio(busy_ms, 1_000) / wall.max(Duration::from_micros(1)).as_secs_f64(),
    }
}

fn verdicts(plan: &Plan, tally: &Tally) -> Verdicts {
    let load = &plan.scenario.load;
    let asked_seconds = load.break_seconds.map(|seconds| seconds * tally.sent);
    Verdicts {
        sent: tally.sent,
        answered: tally.answered,
        late: tally.late,
        tmax_ms: load.tmax_ms,
        failed: tally.errors.values().sum(),
        errors: tally.errors.clone(),
        with_fill: tally.with_fill,
        ads: tally.ads,
        filled_seconds: ratio(tally.filled_ms, 1_000),
        asked_seconds,
        fill: asked_seconds.map(|asked| ratio(tally.filled_ms, asked * 1_000)),
    }
}

fn cpu_ms(usage: Usage) -> u64 {
    usage.user_ms + usage.system_ms
}
