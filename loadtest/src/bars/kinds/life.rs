//! Bidders that die and heal, and a long life.

use crate::{
    bars::{
        kinds::percent,
        scenario::{BarError, Breaker, Soak},
        stage::{CONNECTIONS, Opened, Setting, Stage},
        verdict::Verdict,
    },
    run::{report::ratio, schedule::Schedule},
};

/// A bidder that dies, one that fails half the time, and both healed.
pub(super) async fn breaker(setting: &Setting<'_>, it: &Breaker) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    let found = Stage::at_peak(setting, &mut verdict, &[CONNECTIONS]).await?;
    let Some(stage) = found else { return Ok(verdict) };
    let peak = stage.peak;
    // Its spells stand in the file, so this one is as long in a short run.
    let schedule = Schedule::steady(peak * it.share, f64::from(it.end_s));
    let opened = stage.open(&[schedule]).await?;
    dead(&mut verdict, &opened, it);
    failing(&mut verdict, &opened, it);
    healed(&mut verdict, &opened, it);
    for (what, number) in [("dead", it.dead), ("failing", it.failing)] {
        let shares = (0..index(it.end_s)).map(|second| {
            format!("{:.0}", opened.asked(number - 1, second).unwrap_or(0.0) * 100.0)
        });
        let shares = shares.collect::<Vec<_>>().join(" ");
        verdict.note(format!("the {what} bidder was asked in % of auctions, by second: {shares}"));
    }
    opened.tell(&mut verdict, "faults and healing");
    stage.end().await;
    Ok(verdict)
}

impl Opened {
    /// Returns the share of a second's auctions that asked a bidder, by its index: its calls of those
    /// of the bidder asked most, since both were counted at the same moments.
    fn asked(&self, bidder: usize, second: usize) -> Option<f64> {
        let calls = self.calls(bidder, second)?;
        Some(ratio(calls, self.auctions(second)))
    }

    /// Returns the calls of the bidder asked most in a second.
    fn auctions(&self, second: usize) -> u64 {
        let bidders = self.samples.first().map_or(0, |sample| sample.bidders.len());
        (0..bidders).filter_map(|bidder| self.calls(bidder, second)).max().unwrap_or(0)
    }

    /// Returns the share the throttle skips by the calls and good answers of the ten seconds before.
    fn formula(&self, bidder: usize, second: usize) -> f64 {
        let window = second.saturating_sub(10)..second;
        let counts: Vec<_> = window.filter_map(|it| self.counts(bidder, it)).collect();
        let calls = ratio(counts.iter().map(|it| it.requests).sum(), 1);
        let good = ratio(counts.iter().map(|it| it.requests.saturating_sub(it.faults)).sum(), 1);
        if calls < LEAST_CALLS {
            return 0.0;
        }
        ((calls - good / GOOD_SHARE) / (calls + 1.0)).clamp(0.0, MOST_SKIPPED)
    }

    fn calls(&self, bidder: usize, second: usize) -> Option<u64> {
        Some(self.counts(bidder, second)?.requests)
    }

    fn counts(&self, bidder: usize, second: usize) -> Option<crate::bidder::counters::Counts> {
        let (from, to) = (self.samples.get(second)?, self.samples.get(second + 1)?);
        Some(to.bidders.get(bidder)?.since(*from.bidders.get(bidder)?))
    }
}

/// A dead bidder is asked little once three seconds have passed.
fn dead(verdict: &mut Verdict, opened: &Opened, it: &Breaker) {
    let (from, to) = (index(it.from_s) + 3, index(it.to_s));
    let calls: u64 = (from..to).filter_map(|second| opened.calls(it.dead - 1, second)).sum();
    let share = ratio(calls, (from..to).map(|second| opened.auctions(second)).sum());
    let what = "dead bidder asked, from 3 s after";
    verdict.judge(what, "<= 5 % of auctions", percent(share), share <= 0.05);
}

/// A bidder that fails half the time is skipped as the formula says.
///
/// What chance makes of a second's draws (three standard deviations) is no deviation.
fn failing(verdict: &mut Verdict, opened: &Opened, it: &Breaker) {
    let bidder = it.failing - 1;
    let (begin, end) = (index(it.from_s), index(it.to_s));
    let (mut worst, mut least): (f64, f64) = (0.0, 1.0);
    for second in begin + 1..end {
        let Some(asked) = opened.asked(bidder, second) else { continue };
        let skipped = 1.0 - asked.min(1.0);
        // The share follows the formula through the second, from what it says before to after.
        let (before, after) = (opened.formula(bidder, second), opened.formula(bidder, second + 1));
        let (low, high) = (before.min(after), before.max(after));
        let offered = ratio(opened.auctions(second).max(1), 1);
        let chance = 3.0 * (high * (1.0 - high) / offered).sqrt();
        let off = (low - skipped).max(skipped - high).max(0.0);
        worst = worst.max(off - chance);
        if begin + 8 <= second {
            least = least.min(skipped);
        }
    }
    let figure = format!("{:.2} points off at worst", worst.max(0.0) * 100.0);
    let what = "skipped share of the failing bidder";
    verdict.judge(what, "within 1 point", figure, worst <= 0.01);
    verdict.judge("... after 8 s", ">= 0.30", format!("{least:.2}"), 0.3 <= least);
}

/// Both are asked again within half a minute of healing.
fn healed(verdict: &mut Verdict, opened: &Opened, it: &Breaker) {
    for (what, number) in [("dead", it.dead), ("failing", it.failing)] {
        let first = index(it.to_s);
        let seconds = (first..index(it.end_s)).zip(1..);
        let back = seconds
            .filter(|(second, _)| opened.asked(number - 1, *second).is_some_and(|it| 0.9 <= it))
            .map(|(_, after)| after)
            .next();
        let figure = back.map_or_else(|| "not at all".to_owned(), |after| format!("{after} s"));
        let met = back.is_some_and(|after: u32| after <= 30);
        let what = format!("{what} bidder asked by 90 % again");
        verdict.judge(&what, "within 30 s", figure, met);
    }
}

/// A long run at a steady rate.
pub(super) async fn soak(setting: &Setting<'_>, it: &Soak) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    let found = Stage::at_peak(setting, &mut verdict, &[CONNECTIONS]).await?;
    let Some(stage) = found else { return Ok(verdict) };
    let peak = stage.peak;
    let seconds = if setting.options.quick { 60 } else { it.seconds };
    let schedule = Schedule::steady(peak * it.share, f64::from(seconds));
    let opened = stage.open(&[schedule]).await?;
    // The first quarter is warm-up: pools, buffers and caches fill.
    let from = opened.samples.len() / 4;
    let readings: Vec<(f64, f64)> = opened
        .samples
        .iter()
        .skip(from)
        .filter_map(|sample| {
            let usage = sample.process?;
            Some((sample.at.as_secs_f64(), ratio(usage.rss_bytes, 1_000_000)))
        })
        .collect();
    let slope = slope(&readings) * 600.0;
    let wanted = format!("<= {:.1} MB in 10 min", it.mb_per_ten_minutes);
    let figure = format!("{slope:.2} MB in 10 min");
    verdict.judge("slope of resident memory", &wanted, figure, slope <= it.mb_per_ten_minutes);
    let descriptors = |index: usize| {
        let usage = opened.samples.get(index).and_then(|sample| sample.process);
        usage.map_or(0, |usage| usage.descriptors)
    };
    let (first, last) = (descriptors(from), descriptors(opened.samples.len().saturating_sub(2)));
    let figure = format!("{first}, then {last}");
    verdict.judge("descriptors after warm-up, at the end", "equal", figure, first == last);
    let bucket = opened.step(0);
    verdict.note(format!(
        "{:.0}/s for {seconds} s: {} in time, {:.1} % sold, {} errors",
        peak * it.share,
        percent(ratio(bucket.in_time, bucket.offered)),
        ratio(bucket.sold, bucket.offered) * 100.0,
        bucket.failed()
    ));
    opened.tell(&mut verdict, "a long run");
    stage.end().await;
    Ok(verdict)
}

/// Returns the slope of a line through points, by least squares; none has no slope.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = ratio(u64::try_from(points.len()).unwrap_or(u64::MAX), 1);
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count.max(1.0);
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let over: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let under: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if 0.0 < under { over / under } else { 0.0 }
}

fn index(second: u32) -> usize {
    usize::try_from(second).unwrap_or(usize::MAX)
}

/// The share of good answers from which on nothing is skipped.
const GOOD_SHARE: f64 = 0.85;

/// The calls below which nothing is skipped.
const LEAST_CALLS: f64 = 20.0;

/// The most that is skipped.
const MOST_SKIPPED: f64 = 0.95;

#[cfg(test)]
mod tests;
