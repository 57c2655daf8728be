//! What a bar is played on: its bidders, its exchange, its callers.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    bars::{
        Options,
        exchange::Subject,
        scenario::{Bar, BarError, FloorWay},
        verdict::{Standing, Verdict},
    },
    bidder::{Running, counters::Counts},
    character::Latency,
    fleet::{self, FleetError},
    run::{
        RunError,
        crew::{Counted, Crew, Lane, Manner},
        open::{report::seconds, run_number},
        process,
        report::ratio,
        sampler::{Sample, Sampler},
        schedule::Schedule,
        series::Bucket,
    },
    scenario::{Method, Target, target::Origin},
};

/// A bar and how it is measured.
pub(super) struct Setting<'a> {
    pub(super) bar: &'a Bar,
    pub(super) options: &'a Options,
}

/// What a closed loop measured.
pub(super) struct Closed {
    pub(super) bucket: Bucket,
    /// Answers a second.
    pub(super) rate: f64,
    /// CPU of the process under test per answer, in microseconds.
    pub(super) cpu_us: f64,
    /// Of which in its own code.
    pub(super) user_us: f64,
    /// Calls of all bidders per answer.
    pub(super) calls: f64,
    /// The share of a core this process used.
    pub(super) busy: f64,
    /// Resident memory of the process under test, in megabytes.
    pub(super) rss_mb: f64,
}

/// What an open loop measured.
pub(super) struct Opened {
    pub(super) counted: Counted,
    pub(super) samples: Vec<Sample>,
    /// The share of a core this process used.
    pub(super) busy: f64,
}

impl Setting<'_> {
    /// Returns a duration in seconds, a quarter of it where runs are short.
    pub(super) fn seconds(&self, full: u32) -> f64 {
        if self.options.quick { (f64::from(full) / 4.0).max(1.0) } else { f64::from(full) }
    }

    /// Begins the verdict.
    pub(super) fn verdict(&self) -> Verdict {
        Verdict::new(&self.bar.name, &self.bar.bar)
    }

    /// Starts the bidders of the file.
    pub(super) async fn bidders(&self) -> Result<Vec<Running>, FleetError> {
        fleet::start(&self.bar.bidders, self.bar.seed).await
    }

    /// Starts the bidders of the file, taking so long and being so many, where that is said.
    pub(super) async fn bidders_as(
        &self,
        latency_ms: Option<[u32; 2]>,
        count: Option<u16>,
    ) -> Result<Vec<Running>, FleetError> {
        let mut entries = self.bar.bidders.clone();
        for entry in &mut entries {
            entry.count = count.unwrap_or(entry.count);
            if let (Some([min_ms, max_ms]), Some(it)) = (latency_ms, &mut entry.character) {
                it.latency = Latency::Uniform { min_ms, max_ms };
            }
        }
        fleet::start(&entries, self.bar.seed).await
    }

    /// Starts an exchange in front of bidders.
    pub(super) async fn exchange(&self, bidders: &[Running]) -> Result<Subject, BarError> {
        Subject::exchange(self.options, self.bar, bidders).await
    }

    /// Starts a floor in front of bidders.
    pub(super) async fn floor(
        &self,
        way: FloorWay,
        warm: u32,
        bidders: &[Running],
    ) -> Result<Subject, BarError> {
        Subject::floor(self.options, way, warm, bidders).await
    }

    /// Hires callers for so many publishers, each with so many connections.
    pub(super) async fn crew(
        &self,
        origin: &Origin,
        connections: &[usize],
    ) -> Result<Crew, BarError> {
        let lanes: Vec<Lane> = connections
            .iter()
            .zip(1..)
            .map(|(&connections, publisher)| Lane {
                name: format!("publisher {publisher}"),
                target: self.target(origin, publisher),
                connections,
                backlog: BACKLOG,
            })
            .collect();
        let tmax = Duration::from_millis(self.bar.tmax_ms);
        let manner = Manner { tmax, patience: PATIENCE, glance: true };
        let crew = Crew::hire(&lanes, origin, manner, run_number()).await;
        let target = origin.authority.clone();
        Ok(crew.map_err(|source| RunError::Unreachable { target, source })?)
    }

    fn target(&self, origin: &Origin, publisher: u32) -> Target {
        let body = REQUEST
            .replace("PUBLISHER", &format!("pub-{publisher}"))
            .replace("PLACEMENT", &format!("arena-{publisher}-mid"))
            .replace("TMAX", &self.bar.tmax_ms.to_string());
        let headers = [("content-type", "application/json"), ("x-openrtb-version", "2.6")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Target {
            url: format!("http://{}", origin.authority),
            path: "/openrtb2/auction".to_owned().into(),
            method: Method::Post,
            headers: BTreeMap::from(headers),
            body: Some(body.into()),
        }
    }
}

/// Runs a closed loop of the first publisher, whose callers begin one after another over `ramp`, and reads
/// the process before and after.
pub(super) async fn closed(
    crew: &Crew,
    pid: u32,
    bidders: &[Running],
    (in_flight, ramp): (u32, Duration),
    seconds: f64,
) -> Result<Closed, BarError> {
    let read = |process: &str| process::read(process).map_err(RunError::Process);
    let counts = || bidders.iter().map(Running::counts).fold(Counts::default(), Counts::plus);
    let (before, own, calls) = (read(&pid.to_string())?, read("self")?, counts());
    let longest = Some(Duration::from_secs_f64(seconds));
    let counted = crew.circle(u64::from(in_flight), u64::MAX, (longest, ramp)).await;
    let (after, own_after, calls_after) = (read(&pid.to_string())?, read("self")?, counts());
    let mut bucket = Bucket::new(3);
    counted.lanes.iter().for_each(|(_, book, _)| bucket.add(&book.total()));
    if bucket.answered == 0 {
        let errors = bucket.errors.iter().map(|(kind, count)| format!("{} {count}", kind.kind()));
        return Err(BarError::Run(RunError::NothingAnswered {
            target: format!("process {pid}"),
            sent: bucket.offered,
            errors: errors.collect::<Vec<_>>().join(", "),
        }));
    }
    let wall = counted.wall.as_secs_f64().max(0.001);
    let answered = bucket.answered;
    let user = after.user_ms.saturating_sub(before.user_ms);
    let system = after.system_ms.saturating_sub(before.system_ms);
    let own_ms = own_after.user_ms + own_after.system_ms - own.user_ms - own.system_ms;
    Ok(Closed {
        rate: ratio(answered, 1) / wall,
        cpu_us: ratio((user + system) * 1_000, answered),
        user_us: ratio(user * 1_000, answered),
        calls: ratio(calls_after.since(calls).requests, answered),
        busy: ratio(own_ms, 1_000) / wall,
        rss_mb: ratio(after.rss_bytes, 1_000_000),
        bucket,
    })
}

/// Finds the peak: the most sold in time a second by a closed loop that asks every bidder, after a
/// warm-up.
///
/// It begins with `most` in flight; where less than nine of ten are sold in time, or bidders are left
/// out to save work, it takes a third away, since an exchange that cannot hold so many at once within
/// tmax has its peak below. What is sold with bidders left out is less work than a peak stands for; it
/// counts only where no loop asks all. Nothing when nothing is sold.
pub(super) async fn peak(
    setting: &Setting<'_>,
    verdict: &mut Verdict,
    subject: &Subject,
    bidders: &[Running],
    most: u32,
) -> Result<Option<f64>, BarError> {
    let connections = usize::try_from(most).unwrap_or(usize::MAX);
    let crew = setting.crew(&subject.origin, &[connections]).await?;
    let mut in_flight = most;
    let (mut best, mut spared) = (0.0, 0.0);
    while LEAST_IN_FLIGHT <= in_flight {
        // All of a loop ask at once when it begins: what that does to an exchange is not its peak.
        let begin = setting.seconds(8).max(BEGINNING);
        let at_once = (in_flight, Duration::ZERO);
        closed(&crew, subject.pid(), bidders, at_once, begin).await?;
        let run = closed(&crew, subject.pid(), bidders, at_once, setting.seconds(12)).await?;
        let share = ratio(run.bucket.sold_in_time, run.bucket.answered);
        let peak = run.rate * share;
        verdict.note(format!(
            "closed loop, {in_flight} in flight: {peak:.0} sold in time a second; CPU {:.0} us an \
             auction ({:.0} user), p99 {:.1} ms, {:.2} calls an auction, RSS {:.0} MB, load {:.0} % \
             busy",
            run.cpu_us,
            run.user_us,
            ratio(run.bucket.latency_us.value_at_quantile(0.99), 1_000),
            run.calls,
            run.rss_mb,
            run.busy * 100.0
        ));
        verdict.doubt(run.busy, "at the peak");
        let asked = run.calls / share.max(0.001);
        if asked < ALL_ASKED * ratio(u64::try_from(bidders.len()).unwrap_or(u64::MAX), 1) {
            spared = peak.max(spared);
        } else {
            let grows = best < peak;
            best = peak.max(best);
            if NEARLY_ALL <= share || (!grows && HALF <= share) {
                break;
            }
        }
        in_flight -= in_flight.div_ceil(3);
    }
    crew.dismiss().await;
    if best < 1.0 && 1.0 <= spared {
        verdict.note("bidders were left out at every load".to_owned());
        best = spared;
    }
    if best < 1.0 {
        let figure = "nothing sold in time".to_owned();
        verdict.find("peak", "above 1 a second", figure, Standing::Unreliable);
        return Ok(None);
    }
    verdict.note(format!("peak: {best:.0} sold in time a second"));
    Ok(Some(best))
}

/// Keeps schedules while the process is read once a second; bidders' clocks begin with it.
pub(super) async fn open(
    crew: &Crew,
    pid: u32,
    bidders: &[Running],
    schedules: &[Schedule],
) -> Result<Opened, BarError> {
    bidders.iter().for_each(Running::begin);
    let mut sampler = Sampler::begin(Some(pid), bidders.iter().map(Running::watch).collect());
    let counted = sampler.beside(crew.keep(schedules)).await;
    let counted =
        counted.map_err(|source| BarError::System { what: "keeping a schedule", source })?;
    let samples = sampler.samples;
    let span = samples.first().zip(samples.last());
    let busy = span.map_or(0.0, |(first, last)| last.load_busy(first));
    Ok(Opened { counted, samples, busy })
}

/// An exchange whose peak is known, its bidders, and callers for an open loop.
pub(super) struct Stage {
    pub(super) exchange: Subject,
    /// Auctions sold in time a second, at most.
    pub(super) peak: f64,
    bidders: Vec<Running>,
    crew: Crew,
}

impl Stage {
    /// Starts bidders and exchange, finds the peak and hires callers for so many publishers, each with
    /// so many connections. Nothing when nothing is sold, which the verdict tells.
    pub(super) async fn at_peak(
        setting: &Setting<'_>,
        verdict: &mut Verdict,
        connections: &[usize],
    ) -> Result<Option<Self>, BarError> {
        let bidders = setting.bidders().await?;
        let exchange = setting.exchange(&bidders).await?;
        let found = peak(setting, verdict, &exchange, &bidders, MOST_IN_FLIGHT).await?;
        let Some(peak) = found else { return Ok(None) };
        let crew = setting.crew(&exchange.origin, connections).await?;
        Ok(Some(Self { exchange, peak, bidders, crew }))
    }

    /// Keeps schedules, as `open` does.
    pub(super) async fn open(&self, schedules: &[Schedule]) -> Result<Opened, BarError> {
        open(&self.crew, self.exchange.pid(), &self.bidders, schedules).await
    }

    /// Ends all of them in order.
    pub(super) async fn end(self) {
        self.crew.dismiss().await;
        drop(self.exchange);
        end(self.bidders).await;
    }
}

/// Stops bidders that are needed no longer.
pub(super) async fn end(bidders: Vec<Running>) {
    for bidder in bidders {
        bidder.stop().await;
    }
}

impl Opened {
    /// Returns what all publishers' requests of one step came to.
    pub(super) fn step(&self, number: usize) -> Bucket {
        let mut bucket = Bucket::new(3);
        let books = self.counted.lanes.iter().filter_map(|(_, book, _)| book.steps.get(number));
        books.for_each(|other| bucket.add(other));
        bucket
    }

    /// Returns what all requests due in these seconds came to.
    pub(super) fn between(&self, from: usize, to: usize) -> Bucket {
        let mut bucket = Bucket::new(1);
        for (_, book, _) in &self.counted.lanes {
            let seconds = book.seconds.iter().take(to).skip(from);
            seconds.for_each(|other| bucket.add(other));
        }
        bucket
    }

    /// Puts the run second by second into the verdict, with what the tool itself did.
    pub(super) fn tell(&self, verdict: &mut Verdict, what: &str) {
        self.tell_of(verdict, what, (0, usize::MAX));
    }

    /// Does as `tell`, where only some seconds are judged, and the tool's own core in them.
    pub(super) fn tell_of(&self, verdict: &mut Verdict, what: &str, (from, to): (usize, usize)) {
        let last = self.samples.len().saturating_sub(1);
        let span = self.samples.get(from.min(last)).zip(self.samples.get(to.min(last)));
        let busy = span.map_or(0.0, |(first, last)| last.load_busy(first));
        verdict.series.push((what.to_owned(), seconds(&self.counted, &self.samples)));
        verdict.doubt(busy, what);
        let lag = &self.counted.lag_us;
        verdict.note(format!(
            "{what}: load {:.0} % busy, its own delay p50 {:.2} ms, p99 {:.2} ms (part of every \
             latency)",
            busy * 100.0,
            ratio(lag.value_at_quantile(0.5), 1_000),
            ratio(lag.value_at_quantile(0.99), 1_000)
        ));
    }
}

/// Requests that may wait for a connection.
const BACKLOG: usize = 1_000_000;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Auctions in flight when a peak is looked for, at first.
pub(super) const MOST_IN_FLIGHT: u32 = 256;

/// Connections of each publisher in an open loop.
pub(super) const CONNECTIONS: usize = 512;

/// Seconds after which a loop has got over its beginning, even where runs are short.
const BEGINNING: f64 = 4.0;

/// Auctions in flight below which no peak is looked for.
const LEAST_IN_FLIGHT: u32 = 4;

/// The share sold in time at which a closed loop is within what the exchange can hold.
const NEARLY_ALL: f64 = 0.9;

/// The share of its bidders that an auction must ask for a loop to be told as the peak.
const ALL_ASKED: f64 = 0.95;

/// The share sold in time below which fewer in flight may still sell more.
const HALF: f64 = 0.5;

/// What callers ask.
const REQUEST: &str = include_str!("../../scenarios/bars/request.json");
