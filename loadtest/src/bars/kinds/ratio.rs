//! CPU per auction in interleaved rounds: beside a floor, and beside the same exchange at another
//! size.

use std::time::Duration;

use crate::{
    bars::{
        estimate::{Estimate, estimate},
        exchange::Subject,
        scenario::{BarError, Growth, Ratio, Regime, Size},
        stage::{Closed, Setting, closed, end},
        verdict::{Standing, Verdict},
    },
    bidder::Running,
    run::{crew::Crew, report::ratio as share},
};

/// One side of interleaved rounds.
struct Side<'a> {
    name: String,
    subject: &'a Subject,
    bidders: &'a [Running],
    crew: Crew,
    in_flight: u32,
    /// Over how long its callers begin: as long as bidders take, or all would ask in waves.
    ramp: Duration,
    /// What one auction's CPU is divided by.
    per: f64,
    busiest: f64,
    runs: Vec<Closed>,
}

impl Side<'_> {
    async fn round(&mut self, seconds: f64) -> Result<f64, BarError> {
        let load = (self.in_flight, self.ramp);
        let run = closed(&self.crew, self.subject.pid(), self.bidders, load, seconds).await?;
        let cpu = run.cpu_us / self.per;
        self.busiest = self.busiest.max(run.busy);
        self.runs.push(run);
        Ok(cpu)
    }

    fn tell(&self, verdict: &mut Verdict) {
        let sum = |of: fn(&Closed) -> u64| self.runs.iter().map(of).sum::<u64>();
        let mean = |of: fn(&Closed) -> f64| {
            let count = u64::try_from(self.runs.len()).unwrap_or(u64::MAX);
            self.runs.iter().map(of).sum::<f64>() / share(count.max(1), 1)
        };
        let sold = share(sum(|run| run.bucket.sold), sum(|run| run.bucket.answered));
        verdict.note(format!(
            "{}: {:.0} auctions/s, {:.1} us user of {:.1} us, {:.3} calls an auction, {:.1} % sold, \
             {} errors, RSS {:.0} MB, load up to {:.0} % busy",
            self.name,
            mean(|run| run.rate),
            mean(|run| run.user_us),
            mean(|run| run.cpu_us),
            mean(|run| run.calls),
            sold * 100.0,
            sum(|run| run.bucket.failed()),
            mean(|run| run.rss_mb),
            self.busiest * 100.0
        ));
        verdict.doubt(self.busiest, &self.name);
    }
}

/// Runs both sides in turn.
async fn interleave(
    verdict: &mut Verdict,
    (first, second): (&mut Side<'_>, &mut Side<'_>),
    rounds: usize,
    seconds: f64,
) -> Result<Option<Estimate>, BarError> {
    // Connections, handshakes, pages and caches before anything counts.
    first.round(seconds * WARM_ROUNDS).await?;
    second.round(seconds * WARM_ROUNDS).await?;
    first.runs.clear();
    second.runs.clear();
    (first.busiest, second.busiest) = (0.0, 0.0);
    let mut pairs = Vec::new();
    for _ in 0..rounds {
        let floor = first.round(seconds).await?;
        pairs.push((floor, second.round(seconds).await?));
    }
    first.tell(verdict);
    second.tell(verdict);
    let said = estimate(&pairs);
    verdict.estimates.extend(said);
    if said.is_none() {
        let pairs = pairs.iter().map(|(floor, it)| format!("{floor:.1}/{it:.1}"));
        let pairs = pairs.collect::<Vec<_>>().join(" ");
        verdict.note(format!("too few undisturbed rounds of {rounds}: {pairs} us"));
    }
    Ok(said)
}

fn judge(verdict: &mut Verdict, what: &str, said: Option<Estimate>, limit: f64, aim: Option<f64>) {
    let wanted = match aim {
        Some(aim) => format!("<= {limit:.2}, aim {aim:.2}"),
        None => format!("<= {limit:.2}"),
    };
    match said {
        None => verdict.find(what, &wanted, "too few rounds".to_owned(), Standing::Unreliable),
        Some(it) => {
            let figure = format!("{:.2} = {:.1} / {:.1} us", it.ratio, it.subject, it.floor);
            verdict.judge(what, &wanted, figure, it.ratio <= limit);
            verdict.note(format!("{what}: {} of {} rounds kept", it.kept, it.rounds));
        }
    }
}

/// The exchange beside a floor of the same bytes and bidders.
pub(super) async fn ratio(setting: &Setting<'_>, it: &Ratio) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    for regime in &it.regimes {
        one(setting, &mut verdict, it, *regime).await?;
    }
    Ok(verdict)
}

async fn one(
    setting: &Setting<'_>,
    verdict: &mut Verdict,
    it: &Ratio,
    regime: Regime,
) -> Result<(), BarError> {
    let bidders = setting.bidders_as(regime.latency_ms, None).await?;
    let calls = share(u64::try_from(bidders.len()).unwrap_or(u64::MAX), 1);
    let (in_flight, way) = (regime.in_flight, it.floor.name());
    let rounds = if setting.options.quick { 5 } else { it.rounds };
    let seconds = if setting.options.quick { 1.0 } else { share(it.round_s, 1) };
    let taking = regime
        .latency_ms
        .map_or_else(|| "at once".to_owned(), |[least, most]| format!("after {least}-{most} ms"));
    verdict.note(format!(
        "{} bidders that answer {taking}, closed loop of {in_flight}, {rounds} rounds of {seconds} s \
         each in turn, journal flushed, TLS {}",
        bidders.len(),
        it.tls
    ));
    let exchange = setting.exchange(&bidders).await?;
    let floor = setting.floor(it.floor, in_flight + SPARE, &bidders).await?;
    let connections = [usize::try_from(in_flight).unwrap_or(usize::MAX)];
    let side = |name: &str, subject, crew| Side {
        name: format!("{name}, {in_flight} in flight, {taking}"),
        subject,
        bidders: &bidders,
        crew,
        in_flight,
        ramp: ramp(regime.latency_ms),
        per: 1.0,
        busiest: 0.0,
        runs: Vec::new(),
    };
    let crew = setting.crew(&floor.origin, &connections).await?;
    let mut first = side(&format!("{way} floor"), &floor, crew);
    let crew = setting.crew(&exchange.origin, &connections).await?;
    let mut second = side("exchange", &exchange, crew);
    let said = interleave(verdict, (&mut first, &mut second), rounds, seconds).await?;
    let what = format!("CPU / {way} floor, {in_flight}, {taking}");
    judge(verdict, &what, said, regime.limit, regime.aim);
    all_asked(verdict, &second, calls);
    first.crew.dismiss().await;
    second.crew.dismiss().await;
    drop((exchange, floor));
    end(bidders).await;
    Ok(())
}

/// Returns the longest that bidders take.
fn ramp(latency_ms: Option<[u32; 2]>) -> Duration {
    latency_ms.map_or(Duration::ZERO, |[_, most]| Duration::from_millis(most.into()))
}

/// The exchange beside itself: more bidders, more auctions in flight.
pub(super) async fn growth(setting: &Setting<'_>, it: &Growth) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    let [few, many] = it.bidders;
    let what = format!("CPU a call, bidders {} to {}", few.bidders, many.bidders);
    let said = grown(setting, &mut verdict, it.bidders, |size| f64::from(size.bidders)).await?;
    judge(&mut verdict, &what, said, it.call_limit, None);
    let [few, many] = it.in_flight;
    let what = format!("CPU an auction, {} to {} in flight", few.in_flight, many.in_flight);
    let said = grown(setting, &mut verdict, it.in_flight, |_| 1.0).await?;
    judge(&mut verdict, &what, said, it.flight_limit, None);
    Ok(verdict)
}

/// Measures an exchange at two sizes in turn.
async fn grown(
    setting: &Setting<'_>,
    verdict: &mut Verdict,
    sizes: [Size; 2],
    per: fn(Size) -> f64,
) -> Result<Option<Estimate>, BarError> {
    let rounds = if setting.options.quick { 5 } else { 9 };
    let seconds = if setting.options.quick { 1.0 } else { 3.0 };
    let mut played = Vec::new();
    for size in sizes {
        let bidders = setting.bidders_as(size.latency_ms, Some(size.bidders)).await?;
        let exchange = setting.exchange(&bidders).await?;
        played.push((size, bidders, exchange));
    }
    let mut sides = Vec::new();
    for (size, bidders, exchange) in &played {
        let connections = [usize::try_from(size.in_flight).unwrap_or(usize::MAX)];
        sides.push(Side {
            name: format!("{} bidders, {} in flight", size.bidders, size.in_flight),
            subject: exchange,
            bidders,
            crew: setting.crew(&exchange.origin, &connections).await?,
            in_flight: size.in_flight,
            ramp: ramp(size.latency_ms),
            per: per(*size),
            busiest: 0.0,
            runs: Vec::new(),
        });
    }
    let [first, second] = sides.as_mut_slice() else { return Ok(None) };
    let said = interleave(verdict, (first, second), rounds, seconds).await?;
    for (side, size) in sides.into_iter().zip(sizes) {
        all_asked(verdict, &side, f64::from(size.bidders));
        side.crew.dismiss().await;
    }
    for (_, bidders, exchange) in played {
        drop(exchange);
        end(bidders).await;
    }
    Ok(said)
}

/// Says whether every auction asked every bidder once: auctions that were shed cost little, and a
/// ratio of different work says nothing.
fn all_asked(verdict: &mut Verdict, side: &Side<'_>, calls: f64) {
    let runs = || side.runs.iter().map(|run| run.calls);
    let all = runs().all(|made| (made - calls).abs() < 0.02 * calls);
    let figure =
        format!("{:.2} to {:.2}", runs().fold(calls, f64::min), runs().fold(0.0, f64::max));
    let standing = if all { Standing::Met } else { Standing::Unreliable };
    verdict.find(&format!("calls: {}", side.name), &format!("{calls:.0}"), figure, standing);
}

/// Connections a floor opens beyond one for each auction in flight.
const SPARE: u32 = 4;

/// Rounds of warm-up.
const WARM_ROUNDS: f64 = 2.0;
