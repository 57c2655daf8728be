//! The callers of one or several publishers, on one thread: an open loop by a schedule, or a closed
//! one.
//!
//! When no connection of a publisher is idle its request waits, and its latency counts from the
//! scheduled instant all the same; past a bound it is counted as `backlog` and never sent.

use std::{
    io,
    iter::Peekable,
    sync::Arc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::task::{JoinSet, yield_now};

use crate::{
    run::{
        alarm::Alarm,
        desk::{self, Desk},
        link::Link,
        schedule::{Arrival, Schedule},
        series::Book,
        stencil::Stencil,
    },
    scenario::{Target, target::Origin},
};

/// One publisher's side of a run.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    /// What the report calls it.
    pub(crate) name: String,
    /// What it asks.
    pub(crate) target: Target,
    /// Its connections.
    pub(crate) connections: usize,
    /// The most of its requests that wait for a connection.
    pub(crate) backlog: usize,
}

/// How all callers behave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// After how long an answer is late.
    pub(crate) tmax: Duration,
    /// After how long an answer is given up, from when it was asked for.
    pub(crate) patience: Duration,
    /// Whether answers are looked over instead of read.
    pub(crate) glance: bool,
}

/// Callers with open connections.
pub(crate) struct Crew {
    lanes: Vec<(String, Arc<Desk>)>,
    manner: Manner,
    tasks: JoinSet<()>,
}

/// What a run counted.
pub(crate) struct Counted {
    /// By publisher: its name, its counts, the most of its requests that ever waited.
    pub(crate) lanes: Vec<(String, Book, usize)>,
    /// By how much requests were handed over late, in microseconds: the tool's own delay.
    pub(crate) lag_us: Histogram<u64>,
    /// How long it took, up to the last answer.
    pub(crate) wall: Duration,
}

impl Crew {
    /// Connects every caller.
    ///
    /// # Errors
    ///
    /// The first connection refused.
    pub(crate) async fn hire(
        lanes: &[Lane],
        origin: &Origin,
        manner: Manner,
        run: u64,
    ) -> io::Result<Self> {
        let origin = Arc::new(origin.clone());
        let mut crew = Self { lanes: Vec::new(), manner, tasks: JoinSet::new() };
        for lane in lanes {
            let stencil = Stencil::new(&lane.target, &origin, run);
            let desk = Desk::new(stencil, lane.connections, lane.backlog, manner.glance);
            let desk = Arc::new(desk);
            let links = connect(lane.connections, &origin, manner.patience).await?;
            for (caller, link) in links.into_iter().enumerate() {
                crew.tasks.spawn(desk::call(Arc::clone(&desk), caller, link));
            }
            crew.lanes.push((lane.name.clone(), desk));
        }
        Ok(crew)
    }

    /// Asks by a schedule for each publisher and returns what became of it.
    ///
    /// # Errors
    ///
    /// A system without timers.
    pub(crate) async fn keep(&self, schedules: &[Schedule]) -> io::Result<Counted> {
        let alarm = Alarm::new()?;
        let begun = Instant::now();
        for ((_, desk), schedule) in self.lanes.iter().zip(schedules) {
            desk.begin(begun, Book::new(self.manner.tmax, schedule.steps.len()));
        }
        let lag_us = self.pace(schedules, begun, &alarm).await?;
        let last = schedules.iter().map(Schedule::length).max().unwrap_or_default();
        alarm.until(begun + last).await?;
        for (_, desk) in &self.lanes {
            desk.settle(self.manner.patience).await;
        }
        Ok(self.counted(lag_us, begun))
    }

    /// Asks for the first publisher in a closed loop: so many at a time, so many in all, so long, its
    /// callers beginning one after another over `ramp`.
    pub(crate) async fn circle(
        &self,
        in_flight: u64,
        requests: u64,
        (longest, ramp): (Option<Duration>, Duration),
    ) -> Counted {
        let begun = Instant::now();
        let lag_us = lags();
        if let Some((_, desk)) = self.lanes.first() {
            desk.begin(begun, Book::new(self.manner.tmax, 1));
            let until = longest.map(|longest| begun + longest);
            desk.circle(in_flight, requests, (until, ramp)).await;
        }
        self.counted(lag_us, begun)
    }

    /// Ends every connection.
    pub(crate) async fn dismiss(mut self) {
        self.lanes.iter().for_each(|(_, desk)| desk.close());
        while self.tasks.join_next().await.is_some() {}
    }

    async fn pace(
        &self,
        schedules: &[Schedule],
        begun: Instant,
        alarm: &Alarm,
    ) -> io::Result<Histogram<u64>> {
        let mut lag_us = lags();
        let mut lanes: Vec<_> =
            schedules.iter().map(|schedule| schedule.arrivals().peekable()).collect();
        let mut woken = Duration::ZERO;
        while let Some((_, first)) = earliest(&mut lanes) {
            alarm.until(begun + first.at.max(woken + GRAIN)).await?;
            woken = begun.elapsed();
            for _ in 0..BURST {
                let Some((lane, arrival)) = earliest(&mut lanes) else { break };
                if woken < arrival.at {
                    break;
                }
                lanes[lane].next();
                let lag = (woken - arrival.at).as_micros();
                lag_us.saturating_record(u64::try_from(lag).unwrap_or(u64::MAX));
                self.lanes[lane].1.offer(arrival.at, arrival.step);
            }
            // Whoever was woken goes first.
            yield_now().await;
        }
        Ok(lag_us)
    }

    fn counted(&self, lag_us: Histogram<u64>, begun: Instant) -> Counted {
        let lanes = self.lanes.iter().map(|(name, desk)| {
            let (book, most_waited) = desk.counted();
            (name.clone(), book, most_waited)
        });
        Counted { lanes: lanes.collect(), lag_us, wall: begun.elapsed() }
    }
}

/// Returns the lane whose next request is due first, with that request.
fn earliest<I>(lanes: &mut [Peekable<I>]) -> Option<(usize, Arrival)>
where
    I: Iterator<Item = Arrival>,
{
    let next = lanes.iter_mut().enumerate();
    let next = next.filter_map(|(lane, arrivals)| arrivals.peek().map(|&arrival| (lane, arrival)));
    next.min_by_key(|(_, arrival)| arrival.at)
}

/// Opens so many connections, a few at once.
async fn connect(count: usize, origin: &Arc<Origin>, patience: Duration) -> io::Result<Vec<Link>> {
    let mut links = Vec::with_capacity(count);
    let mut opening = JoinSet::new();
    for started in 0..count {
        let mut link = Link::new(Arc::clone(origin), patience);
        opening.spawn(async move { link.open().await.map(|()| link) });
        if DIALS <= opening.len() || started + 1 == count {
            let most = if started + 1 == count { usize::MAX } else { DIALS / 2 };
            for _ in 0..most {
                let Some(opened) = opening.join_next().await else { break };
                links.push(opened.map_err(io::Error::other)??);
            }
        }
    }
    Ok(links)
}

fn lags() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 2)
        .expect("the bounds are constants the histogram allows")
}

/// Connections opened at once.
const DIALS: usize = 64;

/// Requests handed over before whoever was woken has its turn.
const BURST: usize = 64;

/// The least time between two wake-ups: requests due within it are handed over together, late.
const GRAIN: Duration = Duration::from_micros(100);
