//! The highest rate that is kept, and the deadline while bidders hang.

use crate::{
    bars::{
        exchange::Subject,
        kinds::percent,
        scenario::{BarError, Hung, Spread},
        stage::{CONNECTIONS, Setting, Stage, end, open, peak},
        verdict::{Standing, Verdict},
    },
    bidder::Running,
    run::{report::ratio, schedule::Schedule},
};

/// The highest rate without a late answer, the exchange's beside a floor's.
pub(super) async fn spread(setting: &Setting<'_>, it: &Spread) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    let bidders = setting.bidders().await?;
    let floor = setting.floor(it.floor, it.in_flight, &bidders).await?;
    let limit = highest(setting, &mut verdict, ("floor", &floor), &bidders, it.in_flight).await?;
    drop(floor);
    let exchange = setting.exchange(&bidders).await?;
    let of = ("exchange", &exchange);
    let rate = highest(setting, &mut verdict, of, &bidders, it.in_flight).await?;
    let share = if 0.0 < limit { rate / limit } else { 0.0 };
    let wanted = format!("reported, aim {:.2}", it.aim);
    let figure = format!("{share:.2} = {rate:.0}/s of {limit:.0}/s");
    verdict.find("auctions/s, none late, / floor's", &wanted, figure, Standing::Reported);
    drop(exchange);
    end(bidders).await;
    Ok(verdict)
}

/// Lowers the rate from above the peak until no answer is late or missing.
async fn highest(
    setting: &Setting<'_>,
    verdict: &mut Verdict,
    (name, subject): (&str, &Subject),
    bidders: &[Running],
    in_flight: u32,
) -> Result<f64, BarError> {
    verdict.note(format!("{name}:"));
    let found = peak(setting, verdict, subject, bidders, in_flight).await?;
    let Some(peak) = found else { return Ok(0.0) };
    let connections = usize::try_from(in_flight).unwrap_or(usize::MAX);
    let crew = setting.crew(&subject.origin, &[connections]).await?;
    let mut kept = 0.0;
    for tenths in (3..=11).rev() {
        let rate = peak * f64::from(tenths) / 10.0;
        let schedule = Schedule::steady(rate, setting.seconds(8));
        let opened = open(&crew, subject.pid(), bidders, &[schedule]).await?;
        let bucket = opened.step(0);
        verdict.note(format!(
            "{name} at {rate:.0}/s: {} in time, {:.1} % sold, p99 {:.1} ms, load {:.0} % busy",
            percent(ratio(bucket.in_time, bucket.offered)),
            ratio(bucket.sold, bucket.offered) * 100.0,
            ratio(bucket.latency_us.value_at_quantile(0.99), 1_000),
            opened.busy * 100.0
        ));
        let sold = SOLD <= ratio(bucket.sold_in_time, bucket.offered);
        if bucket.in_time == bucket.offered && sold {
            opened.tell(verdict, &format!("{name} at its highest rate"));
            kept = rate;
            break;
        }
    }
    crew.dismiss().await;
    Ok(kept)
}

/// Hung and dripping bidders at a share of the peak of healthy ones.
pub(super) async fn hung(setting: &Setting<'_>, it: &Hung) -> Result<Verdict, BarError> {
    let mut verdict = setting.verdict();
    // Their clocks have not begun, so all bidders are healthy here.
    let found = Stage::at_peak(setting, &mut verdict, &[CONNECTIONS]).await?;
    let Some(stage) = found else { return Ok(verdict) };
    let peak = stage.peak;
    let schedule = Schedule::steady(peak * it.share, setting.seconds(it.seconds));
    let opened = stage.open(&[schedule]).await?;
    let bucket = opened.step(0);
    let late = bucket.past_grace;
    verdict.judge("answers after deadline + 10 ms", "0", late.to_string(), late == 0);
    let share = ratio(bucket.in_time, bucket.offered);
    let wanted = format!(">= {}", percent(it.by_deadline));
    verdict.judge("answered by the deadline", &wanted, percent(share), it.by_deadline <= share);
    verdict.judge(
        "requests without an answer",
        "0",
        bucket.failed().to_string(),
        bucket.failed() == 0,
    );
    verdict.note(format!(
        "{:.0}/s offered, {:.1} % sold, p50 {:.1}, p99 {:.1}, p99.9 {:.1}, max {:.1} ms",
        peak * it.share,
        ratio(bucket.sold, bucket.offered) * 100.0,
        ratio(bucket.latency_us.value_at_quantile(0.5), 1_000),
        ratio(bucket.latency_us.value_at_quantile(0.99), 1_000),
        ratio(bucket.latency_us.value_at_quantile(0.999), 1_000),
        ratio(bucket.latency_us.max(), 1_000)
    ));
    opened.tell(&mut verdict, "hung and dripping bidders");
    stage.end().await;
    Ok(verdict)
}

/// The share sold in time below which a rate is not kept.
const SOLD: f64 = 0.98;
