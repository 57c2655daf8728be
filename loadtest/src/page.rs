//! A report as one page: verdicts, percentiles and charts, without a script or anything to load.

use std::fmt::Write;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::{
    bars::verdict::{Standing, Verdict},
    run::{
        Done,
        open::report::{BidderCalls, Line, OpenReport, Second},
        report::{Latencies, Report, ratio},
    },
};

/// Returns the page of a run.
#[must_use]
pub fn run(done: &Done) -> String {
    match done {
        Done::Closed(report) => closed(report),
        Done::Open(report) => open(report),
    }
}

/// Returns the page of measured bars.
#[must_use]
pub fn bars(verdicts: &[Verdict]) -> String {
    let body = html! {
        h1 { "Bars" }
        table {
            tr { th { "Bar" } th { "What" } th { "Wanted" } th { "Figure" } th { "Verdict" } }
            @for verdict in verdicts {
                @for it in &verdict.findings {
                    tr class=(class(it.standing)) {
                        td { a href={ "#" (verdict.name) } { (verdict.name) } }
                        td { (it.what) } td { (it.wanted) } td { (it.figure) } td { (it.standing) }
                    }
                }
            }
        }
        @for verdict in verdicts {
            h2 id=(verdict.name) { (verdict.name) ": " (verdict.standing) }
            p { (verdict.bar) }
            @if verdict.quick { p { "A quick run: the verdict is only indicative." } }
            ul { @for note in &verdict.notes { li { (note) } } }
            @for (what, seconds) in &verdict.series {
                h3 { (what) }
                (charts(seconds))
            }
        }
    };
    page("Bars", &body)
}

fn closed(report: &Report) -> String {
    let verdicts = &report.verdicts;
    let body = html! {
        h1 { (report.scenario) }
        p { "Closed loop, " (report.in_flight) " in flight, against " (report.target) "." }
        table {
            (row("answered", &format!("{} of {}", verdicts.answered, verdicts.sent)))
            (row("late", &format!("{} past {} ms", verdicts.late, verdicts.tmax_ms)))
            (row("failed", &verdicts.failed.to_string()))
            (row("with fill", &verdicts.with_fill.to_string()))
            (row("rate", &format!("{:.0} a second", report.rate)))
            (row("load", &format!("{:.0} % of one core", report.load_busy * 100.0)))
        }
        (latencies(&report.latency_ms))
        @if let Some(cost) = &report.process { pre { (cost) } }
    };
    page(&report.scenario, &body)
}

fn open(report: &OpenReport) -> String {
    let body = html! {
        h1 { (report.scenario) }
        p {
            "Open loop against " (report.target) "; latency counts from the scheduled instant."
        }
        @if !report.usable {
            p class="missed" { "This tool's own core was more than 95 % busy: no verdict." }
        }
        (lines("", &[&report.total], report.tmax_ms))
        @if !report.phases.is_empty() {
            (lines("Phase", &report.phases.iter().collect::<Vec<_>>(), report.tmax_ms))
        }
        @if !report.publishers.is_empty() {
            (lines("Publisher", &report.publishers.iter().collect::<Vec<_>>(), report.tmax_ms))
        }
        (latencies(&report.total.latency_ms))
        (charts(&report.seconds))
        @if !report.bidders.is_empty() { (bidders(&report.bidders)) }
        @if let Some(cost) = &report.process { pre { (cost) } }
        p { "Load: " (format!("{:.0}", report.load_busy * 100.0)) " % of one core." }
    };
    page(&report.scenario, &body)
}

fn lines(what: &str, lines: &[&Line], tmax_ms: u64) -> Markup {
    html! {
        table {
            tr {
                th { (what) } th { "offered" } th { "answered" } th { "sold" } th { "empty" }
                th { "within " (tmax_ms) " ms" } th { "errors" } th { "sold in time a second" }
                th { "p50 ms" } th { "p99 ms" } th { "max ms" } th { "empty p99 ms" }
            }
            @for line in lines {
                tr {
                    td { (line.name) } td { (line.offered) } td { (line.answered) }
                    td { (line.sold) } td { (line.empty) }
                    td { (format!("{:.3} %", line.in_time_share * 100.0)) }
                    td { (line.failed()) } td { (format!("{:.0}", line.goodput)) }
                    td { (ms(line.latency_ms.p50)) } td { (ms(line.latency_ms.p99)) }
                    td { (ms(line.latency_ms.max)) } td { (ms(line.empty_latency_ms.p99)) }
                }
            }
        }
    }
}

fn latencies(it: &Latencies) -> Markup {
    html! {
        table {
            tr { th { "p50 ms" } th { "p90" } th { "p99" } th { "p99.9" } th { "max" } }
            tr {
                td { (ms(it.p50)) } td { (ms(it.p90)) } td { (ms(it.p99)) } td { (ms(it.p999)) }
                td { (ms(it.max)) }
            }
        }
    }
}

/// The charts of a run, second by second.
fn charts(seconds: &[Second]) -> Markup {
    let of = |read: fn(&Second) -> f64| seconds.iter().map(read).collect::<Vec<_>>();
    let megabytes = |second: &Second| ratio(second.rss_bytes, 1_000_000);
    html! {
        (chart("requests a second", &[
            ("offered", "#888", of(|it| ratio(it.offered, 1))),
            ("sold", "#0a7", of(|it| ratio(it.sold, 1))),
            ("empty or shed", "#07c", of(|it| ratio(it.empty, 1))),
            ("late", "#d70", of(|it| ratio(it.late, 1))),
            ("failed", "#c22", of(|it| ratio(it.failed, 1))),
        ]))
        (chart("latency, ms", &[
            ("p50", "#0a7", of(|it| it.p50_ms)),
            ("p99", "#07c", of(|it| it.p99_ms)),
        ]))
        (chart("share of a core", &[
            ("process", "#07c", of(|it| it.process_busy)),
            ("load", "#888", of(|it| it.load_busy)),
        ]))
        (chart("resident memory, MB", &[("process", "#07c", of(megabytes))]))
        (chart("descriptors", &[("process", "#07c", of(|it| ratio(it.descriptors, 1)))]))
    }
}

fn bidders(bidders: &[BidderCalls]) -> Markup {
    let lines: Vec<_> = bidders
        .iter()
        .take(MOST_LINES)
        .zip(COLOURS.iter().cycle())
        .map(|(bidder, colour)| {
            let calls = bidder.per_second.iter().map(|&calls| ratio(calls, 1)).collect();
            (bidder.bidder.as_str(), *colour, calls)
        })
        .collect();
    chart("calls a second, by bidder", &lines)
}

/// One chart of lines over seconds.
fn chart(title: &str, lines: &[(&str, &str, Vec<f64>)]) -> Markup {
    let values = lines.iter().flat_map(|(_, _, values)| values.iter().copied());
    let most = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
    let count = lines.iter().map(|(_, _, values)| values.len()).max().unwrap_or(0);
    if count < 2 || most <= 0.0 {
        return html! {};
    }
    let across = WIDTH / ratio(u64::try_from(count - 1).unwrap_or(1), 1);
    html! {
        figure {
            figcaption {
                (title) ", at most " (format!("{most:.1}")) ", " (count) " s: "
                @for (name, colour, _) in lines {
                    span style={ "color:" (colour) } { "■ " (name) " " }
                }
            }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
                @for (_, colour, values) in lines {
                    polyline fill="none" stroke=(colour) stroke-width="1.5"
                        points=(points(values, across, most)) {}
                }
            }
        }
    }
}

fn points(values: &[f64], across: f64, most: f64) -> String {
    let mut text = String::new();
    let mut x = 0.0;
    for value in values {
        let value = if value.is_finite() { *value } else { 0.0 };
        let y = HEIGHT - (value / most).clamp(0.0, 1.0) * (HEIGHT - 2.0) - 1.0;
        // Writing to a string cannot fail.
        let _ = write!(text, "{x:.1},{y:.1} ");
        x += across;
    }
    text
}

fn row(name: &str, value: &str) -> Markup {
    html! { tr { th { (name) } td { (value) } } }
}

fn ms(value: f64) -> String {
    format!("{value:.2}")
}

fn class(standing: Standing) -> &'static str {
    match standing {
        Standing::Met => "met",
        Standing::Missed => "missed",
        Standing::Reported => "reported",
        Standing::Unreliable => "unreliable",
    }
}

fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "loadtest: " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 160.0;

/// The most bidders one chart shows.
const MOST_LINES: usize = 12;

const COLOURS: [&str; 6] = ["#0a7", "#07c", "#d70", "#c22", "#85b", "#888"];

const STYLE: &str = "body{font:14px/1.4 system-ui,sans-serif;margin:2em auto;max-width:70em;\
    padding:0 1em;color:#222;background:#fff}table{border-collapse:collapse;margin:1em 0}\
    th,td{border:1px solid #ccc;padding:.2em .6em;text-align:left}svg{width:100%;height:160px;\
    border:1px solid #ccc;background:#fafafa}figure{margin:1em 0}.met td:last-child{color:#080}\
    .missed,.missed td:last-child{color:#c00}.unreliable td:last-child{color:#a60}";

#[cfg(test)]
mod tests;
