//! An open loop from its scenario to its report.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    bidder::Running,
    fleet,
    run::{
        RunError,
        crew::{Crew, Lane, Manner},
        open::report::OpenReport,
        process,
        sampler::Sampler,
        schedule::Schedule,
    },
    scenario::{Open, Plan},
};

pub mod report;

/// Runs an open scenario on the current runtime.
///
/// # Errors
///
/// As `run`.
pub async fn measure(plan: &Plan, open: &Open, pid: Option<u32>) -> Result<OpenReport, RunError> {
    let bidders = fleet::start(&plan.scenario.bidders, plan.scenario.seed).await?;
    let report = measure_beside(plan, open, pid, &bidders).await;
    for bidder in bidders {
        bidder.stop().await;
    }
    report
}

/// Runs an open scenario beside bidders that are already there.
///
/// # Errors
///
/// As `run`.
pub async fn measure_beside(
    plan: &Plan,
    open: &Open,
    pid: Option<u32>,
    bidders: &[Running],
) -> Result<OpenReport, RunError> {
    if let Some(pid) = pid {
        process::read(&pid.to_string()).map_err(RunError::NoProcess)?;
    }
    let target = plan.origin.authority.clone();
    let unreachable = |source| RunError::Unreachable { target: target.clone(), source };
    let lanes: Vec<Lane> = open.streams.iter().map(|stream| stream.lane.clone()).collect();
    let manner = Manner::of(&plan.scenario.load);
    let crew = Crew::hire(&lanes, &plan.origin, manner, run_number()).await;
    let crew = crew.map_err(unreachable)?;

    let schedules: Vec<Schedule> =
        open.streams.iter().map(|stream| stream.schedule.clone()).collect();
    let warm_up = plan.scenario.load.warm_up;
    if 0 < warm_up {
        let first: Vec<Schedule> = schedules.iter().map(|it| it.first(warm_up)).collect();
        crew.keep(&first).await.map_err(RunError::Thread)?;
    }
    bidders.iter().for_each(Running::begin);
    let mut sampler = Sampler::begin(pid, bidders.iter().map(Running::watch).collect());
    let counted = sampler.beside(crew.keep(&schedules)).await.map_err(RunError::Thread)?;
    crew.dismiss().await;
    let report = OpenReport::of(plan, &schedules, &counted, (pid, &sampler));
    if report.total.answered == 0 {
        let errors = report.total.errors.iter().map(|(kind, count)| format!("{kind} {count}"));
        let errors = errors.collect::<Vec<_>>().join(", ");
        return Err(RunError::NothingAnswered { target, sent: report.total.offered, errors });
    }
    Ok(report)
}

/// Returns a number that no earlier run had: an exchange sells a break to a session only once.
pub(crate) fn run_number() -> u64 {
    let run = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    u64::try_from(run).unwrap_or_default()
}
