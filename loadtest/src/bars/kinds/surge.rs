//! Surges: past the peak, after a pause, a herd, a noisy neighbour.

use std::time::Duration;

use crate::{
    bars::{
        kinds::percent,
        scenario::{BarError, Goodput, Herd, Noisy, Pause},
        stage::{CONNECTIONS, Opened, Setting, Stage, end, open},
        verdict::{Standing, Verdict},
    },
    run::{
        report::ratio,
        schedule::{Schedule, Step},
        series::Bucket,
    },
};

/// Surges of several times the peak.
pub(super) async fn goodput(setting: &Setting<'_>, it: &Goodput) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    let found = Stage::at_peak(setting, &mut verdict, &[it.connections]).await?;
    let Some(stage) = found else { return Ok(verdict) };
    let peak = stage.peak;
    for (&factor, &share) in it.factors.iter().zip(&it.shares) {
        let (calm, surge) = (setting.seconds(8).ceil(), setting.seconds(it.surge_s).ceil());
        let schedule = Schedule {
            rate: peak,
            steps: vec![step(calm, CALM), step(surge, factor), step(calm, CALM)],
        };
        let opened = stage.open(&[schedule]).await?;
        let bucket = opened.step(1);
        let goodput = ratio(bucket.sold_in_time, 1) / surge;
        let wanted = format!(">= {} of peak", percent(share));
        let figure = format!("{} = {goodput:.0}/s", percent(goodput / peak));
        let what = format!("goodput at {factor} x of {peak:.0}/s");
        verdict.judge(&what, &wanted, figure, share * peak <= goodput);
        let shed = &bucket.empty_us;
        let p99 = ratio(shed.value_at_quantile(0.99), 1_000);
        let wanted = format!("< {} ms", it.shed_p99_ms);
        let what = format!("shed answers at {factor} x, p99");
        match bucket.empty() {
            0 => verdict.find(&what, &wanted, "none shed".to_owned(), Standing::Reported),
            count => {
                let figure = format!("{p99:.2} ms of {count}");
                verdict.judge(&what, &wanted, figure, p99 < it.shed_p99_ms);
            }
        }
        normal_again(&mut verdict, &opened, calm + surge, calm, &format!("{factor} x"));
        verdict.note(format!(
            "{factor} x: {} of {} without an answer; {}",
            bucket.failed(),
            bucket.offered,
            kinds(&bucket)
        ));
        let judged = (second(calm), second(calm + surge));
        opened.tell_of(&mut verdict, &format!("{factor} x the peak"), judged);
    }
    stage.end().await;
    Ok(verdict)
}

/// Judges whether a second after the end of a surge everything is answered in time and sold.
fn normal_again(verdict: &mut Verdict, opened: &Opened, at: f64, calm: f64, what: &str) {
    let (from, to) = (second(at) + 1, second(at + calm));
    let (after, before) = (opened.between(from, to), opened.between(1, second(calm)));
    let (share, usual) =
        (ratio(after.sold_in_time, after.offered), ratio(before.sold_in_time, before.offered));
    let figure = format!("{} sold in time, {} before", percent(share), percent(usual));
    let met = NORMAL * usual <= share && 0.0 < usual;
    verdict.judge(&format!("normal within 1 s after {what}"), ">= 99 % of before", figure, met);
}

/// The process stands still for a moment.
pub(super) async fn pause(setting: &Setting<'_>, it: &Pause) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    let found = Stage::at_peak(setting, &mut verdict, &[CONNECTIONS]).await?;
    let Some(stage) = found else { return Ok(verdict) };
    let peak = stage.peak;
    let (before, after) = (setting.seconds(10).ceil(), setting.seconds(20).ceil().max(4.0));
    let schedule = Schedule { rate: peak * it.share, steps: vec![step(before + after, 1.0)] };
    let stop = async {
        tokio::time::sleep(Duration::from_secs_f64(before)).await;
        let Some(child) = stage.exchange.child() else { return };
        child.stop();
        tokio::time::sleep(Duration::from_millis(it.stop_ms)).await;
        child.go_on();
    };
    let schedules = [schedule];
    let (opened, ()) = tokio::join!(stage.open(&schedules), stop);
    let opened = opened?;
    // The second after the stop's own ends at most 1 s after the process goes on.
    let from = second(before + ratio(it.stop_ms, 1_000) + 1.0).max(second(before) + 1);
    let bucket = opened.between(from, usize::MAX);
    let share = ratio(bucket.in_time, bucket.offered);
    let wanted = format!(">= {}", percent(it.in_time));
    verdict.judge("answered in time from 1 s after", &wanted, percent(share), it.in_time <= share);
    let dials = opened.samples.get(from).zip(opened.samples.last()).map_or(0, |(from, to)| {
        let pairs = from.bidders.iter().zip(&to.bidders);
        pairs.map(|(from, to)| to.since(*from).connections).sum()
    });
    let dials = ratio(dials, bucket.answered);
    let wanted = format!("<= {} an auction", it.dials);
    verdict.judge("dials from then on", &wanted, format!("{dials:.4}"), dials <= it.dials);
    let descriptors = |from: usize, to: usize| {
        let samples = opened.samples.iter().take(to).skip(from);
        samples.filter_map(|sample| sample.process).map(|usage| usage.descriptors).max()
    };
    let usual = descriptors(0, second(before)).unwrap_or(0);
    let most = descriptors(second(before), usize::MAX).unwrap_or(0);
    let wanted = format!("<= 2 x {usual} before");
    verdict.judge("descriptors", &wanted, most.to_string(), most <= 2 * usual);
    verdict.note(format!(
        "{:.0}/s offered, stopped for {} ms after {before:.0} s; {:.1} % sold from 1 s after",
        peak * it.share,
        it.stop_ms,
        ratio(bucket.sold, bucket.offered) * 100.0
    ));
    opened.tell(&mut verdict, "a pause");
    stage.end().await;
    Ok(verdict)
}

/// Many requests on many connections within one second.
pub(super) async fn herd(setting: &Setting<'_>, it: &Herd) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    let bidders = setting.bidders().await?;
    let exchange = setting.exchange(&bidders).await?;
    let crew = setting.crew(&exchange.origin, &[it.connections]).await?;
    // A few first, so that the growth of memory is the herd's.
    let calm = Schedule::steady(50.0, setting.seconds(8));
    open(&crew, exchange.pid(), &bidders, &[calm]).await?;
    let herd = Schedule::steady(f64::from(it.requests), 1.0);
    let opened = open(&crew, exchange.pid(), &bidders, &[herd]).await?;
    let bucket = opened.step(0);
    verdict.judge("requests without an answer", "0", kinds(&bucket), bucket.failed() == 0);
    let late = bucket.offered - bucket.in_time;
    let wanted = format!("all {} within {} ms", bucket.offered, setting.bar.tmax_ms);
    let figure = format!("{late} not; max {:.0} ms", ratio(bucket.latency_us.max(), 1_000));
    verdict.judge("answered in time", &wanted, figure, late == 0);
    let rss = |usage: crate::run::process::Usage| ratio(usage.rss_bytes, 1_000_000);
    let readings = opened.samples.iter().filter_map(|sample| sample.process).map(rss);
    let first = opened.samples.first().and_then(|sample| sample.process).map_or(0.0, rss);
    let growth = readings.fold(0.0, f64::max) - first;
    let wanted = format!("+ <= {:.0} MB", it.rss_mb);
    verdict.judge("resident memory", &wanted, format!("+ {growth:.0} MB"), growth <= it.rss_mb);
    let sold = format!("{} = {}", percent(ratio(bucket.sold, bucket.offered)), bucket.sold);
    verdict.find("sold share", "printed", sold, Standing::Reported);
    verdict.note(format!(
        "{} connections, opened beforehand, {} requests within 1 s",
        it.connections, bucket.offered
    ));
    opened.tell_of(&mut verdict, "a herd", (0, 1));
    crew.dismiss().await;
    drop(exchange);
    end(bidders).await;
    Ok(verdict)
}

/// A noisy publisher beside a quiet one.
pub(super) async fn noisy(setting: &Setting<'_>, it: &Noisy) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    let found = Stage::at_peak(setting, &mut verdict, &[CONNECTIONS, CONNECTIONS]).await?;
    let Some(stage) = found else { return Ok(verdict) };
    let peak = stage.peak;
    // Two publishers of equal weight: the share of each is half the peak.
    let (noise, quiet) = (it.factor * peak / 2.0, it.quiet * peak);
    let seconds = setting.seconds(it.seconds);
    let run = |factor: f64| {
        [
            Schedule { rate: noise, steps: vec![step(seconds, factor)] },
            Schedule::steady(quiet, seconds),
        ]
    };
    let alone = stage.open(&run(0.0)).await?;
    let beside = stage.open(&run(1.0)).await?;
    let quiet_of = |opened: &Opened| {
        opened.counted.lanes.get(1).map_or_else(|| Bucket::new(3), |(_, book, _)| book.total())
    };
    let (alone_bucket, bucket) = (quiet_of(&alone), quiet_of(&beside));
    let admitted = ratio(bucket.sold, bucket.offered);
    let usual = ratio(alone_bucket.sold, alone_bucket.offered);
    let wanted = format!(">= {}", percent(it.admitted));
    let figure = format!("{} (alone {})", percent(admitted), percent(usual));
    verdict.judge("quiet publisher's requests sold", &wanted, figure, it.admitted <= admitted);
    let p99 = |bucket: &Bucket| ratio(bucket.latency_us.value_at_quantile(0.99), 1_000);
    let (base, now) = (p99(&alone_bucket), p99(&bucket));
    let wanted = format!("<= {:.2} x alone", it.p99_limit);
    let figure = format!("{now:.2} ms, alone {base:.2} ms");
    verdict.judge("quiet publisher's p99", &wanted, figure, now <= base * it.p99_limit);
    let loud = beside.counted.lanes.first().map(|(_, book, _)| book.total());
    let loud = loud.unwrap_or_else(|| Bucket::new(3));
    verdict.note(format!(
        "quiet {quiet:.0}/s, noisy {noise:.0}/s of which {} sold; {}",
        percent(ratio(loud.sold, loud.offered)),
        kinds(&loud)
    ));
    alone.tell(&mut verdict, "the quiet publisher alone");
    beside.tell(&mut verdict, "beside the noisy one");
    stage.end().await;
    Ok(verdict)
}

fn step(seconds: f64, factor: f64) -> Step {
    Step { name: None, seconds, factor }
}

/// Returns the failures by kind.
fn kinds(bucket: &Bucket) -> String {
    let kinds = bucket.errors.iter().map(|(kind, count)| format!("{} {count}", kind.kind()));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    if kinds.is_empty() { "0 errors".to_owned() } else { kinds }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a schedule, checked with it; `as` saturates"
)]
fn second(at: f64) -> usize {
    at.ceil() as usize
}

/// The share of the peak that is offered before and after a surge.
const CALM: f64 = 0.5;

/// How much of what is usual is normal.
const NORMAL: f64 = 0.99;
