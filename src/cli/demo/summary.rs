//! What a demo came to, in numbers, and for people and programs to read.

use std::fmt::Write;
use std::time::Duration;

use loadtest::bidder::counters::Counts;
use serde_json::{Value, json};

use crate::audit::verify::Report;
use crate::cli::audit::verify;
use crate::cli::demo::assertion::{Assertion, Name};
use crate::cli::demo::audience::{Answer, PATIENCE};
use crate::cli::demo::books::Tally;
use crate::model::money::Amount;

/// What the audience saw.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seen {
    /// Breaks that were asked for.
    pub breaks: u64,
    /// First requests: one per viewer and break.
    pub viewers: u64,
    /// Nominal seconds they asked to fill.
    pub asked: u64,
    /// Nominal seconds of the ads they received.
    pub received: u64,
    /// Requests for a break that was asked for before.
    pub retries: u64,
    /// Of these, answered with the same ads.
    pub same: u64,
    /// Requests that got no VAST.
    pub failed: u64,
    /// Answers that took longer than the player waits.
    pub late: u64,
    /// The slowest answer.
    pub slowest: Duration,
    /// Impression beacons the exchange took.
    pub beacons: u64,
}

/// Everything that is said at the end.
#[derive(Debug)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// What the audience saw.
    pub seen: Seen,
    /// What the journal says.
    pub tally: Tally,
    /// What bidders received besides requests.
    pub notices: Counts,
    /// What the audit of the data folder found, every auction decided again.
    pub audit: Report,
}

impl Seen {
    /// Counts any answer's time.
    pub fn timed(&mut self, answer: &Answer) {
        self.late += u64::from(Duration::from_millis(PATIENCE.0) < answer.took);
        self.slowest = self.slowest.max(answer.took);
    }
}

impl Summary {
    /// Returns seconds sold by nominal seconds asked for; 0 when nothing was asked.
    #[must_use]
    pub fn fill(&self) -> f64 {
        if self.seen.asked == 0 { 0.0 } else { number(self.tally.sold) / number(self.seen.asked) }
    }

    /// Returns what an assertion looks at.
    #[must_use]
    pub fn value(&self, name: Name) -> f64 {
        match name {
            Name::Fill => self.fill(),
            Name::Sold => number(self.tally.sold),
            Name::Breaks => number(self.seen.breaks),
            Name::Late => number(self.seen.late),
        }
    }

    /// Returns seconds not sold by reason; `unrecorded` are those no auction was held for.
    #[must_use]
    pub fn unfilled(&self) -> Vec<(&'static str, u64)> {
        let mut unfilled: Vec<_> =
            self.tally.unfilled.iter().map(|(reason, seconds)| (*reason, *seconds)).collect();
        let unrecorded = self.seen.asked.saturating_sub(self.tally.seconds);
        unfilled.extend((unrecorded != 0).then_some(("unrecorded", unrecorded)));
        unfilled
    }

    /// Says whether the demo was as asserted, and everything in the data folder holds.
    #[must_use]
    pub fn holds(&self, assertions: &[Assertion]) -> bool {
        self.audit.holds()
            && assertions.iter().all(|assertion| assertion.holds(self.value(assertion.name)))
    }

    /// Returns the summary for people.
    #[must_use]
    pub fn text(&self, assertions: &[Assertion]) -> String {
        let (seen, tally) = (&self.seen, &self.tally);
        let mut lines = vec![
            ("breaks", format!("{} of the match of seed {}", seen.breaks, self.seed)),
            ("requests", self.requests()),
            ("seconds", self.seconds()),
            ("fill", format!("{:.3} of the seconds asked for", self.fill())),
            ("revenue", revenue(tally)),
            ("answers", self.answers()),
            ("beacons", format!("{} impressions counted", seen.beacons)),
            ("notices", self.notices()),
        ];
        let findings = self.audit.findings.listed().iter().take(FINDINGS);
        lines.extend(findings.map(|finding| ("fault", verify::line(finding))));
        lines.push(("verify", verify::verdict(&self.audit)));
        for assertion in assertions {
            let found = self.value(assertion.name);
            let holds = if assertion.holds(found) { "holds" } else { "FAILS" };
            lines.push(("assert", format!("{assertion} {holds}: it is {}", shown(found))));
        }
        let mut text = String::from("Summary\n");
        for (name, line) in lines {
            writeln!(text, "  {name:<10}{line}").expect("writing to memory cannot fail");
        }
        text.push('\n');
        text.push_str(&bidders(tally));
        text
    }

    fn requests(&self) -> String {
        let Seen { viewers, retries, same, .. } = self.seen;
        let all = viewers + retries;
        format!("{all}: {viewers} viewers, {retries} retries of which {same} got the same ads")
    }

    fn seconds(&self) -> String {
        let unfilled = self.unfilled();
        let total: u64 = unfilled.iter().map(|(_, seconds)| seconds).sum();
        let (asked, sold) = (self.seen.asked, self.tally.sold);
        let mut text = format!("{asked} asked for, {sold} sold, {total} unfilled");
        let reasons: Vec<_> =
            unfilled.iter().map(|(reason, seconds)| format!("{reason} {seconds}")).collect();
        if !reasons.is_empty() {
            write!(text, " ({})", reasons.join(", ")).expect("writing to memory cannot fail");
        }
        text
    }

    fn answers(&self) -> String {
        let Seen { late, failed, slowest, .. } = self.seen;
        let (slowest, patience) = (slowest.as_millis(), PATIENCE.0);
        format!(
            "slowest {slowest} ms; {late} later than the player's {patience} ms, {failed} failed"
        )
    }

    fn notices(&self) -> String {
        let Counts { wins, losses, .. } = self.notices;
        format!("bidders were told of {wins} wins and {losses} losses")
    }

    /// Returns the summary for programs.
    #[must_use]
    pub fn json(&self, assertions: &[Assertion]) -> Value {
        let (seen, tally) = (&self.seen, &self.tally);
        let unfilled: serde_json::Map<_, _> = self
            .unfilled()
            .into_iter()
            .map(|(reason, seconds)| (reason.to_owned(), seconds.into()))
            .collect();
        let assertions: Vec<_> = assertions
            .iter()
            .map(|it| {
                let found = self.value(it.name);
                json!({"assertion": it.to_string(), "found": found, "holds": it.holds(found)})
            })
            .collect();
        let bidders: serde_json::Map<_, _> = tally
            .bidders
            .iter()
            .map(|(id, it)| {
                let bidder = json!({
                    "asked": it.asked, "with_bids": it.with_bids, "won": it.won, "lost": it.lost,
                    "no_bids": it.no_bids, "timeouts": it.timeouts, "faults": it.faults,
                    "slowest_us": it.slowest_us,
                });
                (id.clone(), bidder)
            })
            .collect();
        json!({
            "seed": self.seed,
            "breaks": seen.breaks,
            "viewers": seen.viewers,
            "retries": seen.retries,
            "retries_same_ads": seen.same,
            "auctions": tally.auctions,
            "seconds": {
                "asked": seen.asked, "sold": tally.sold, "received": seen.received,
                "unfilled": unfilled,
            },
            "fill": self.fill(),
            "revenue": {
                "currency": "USD",
                "gross": tally.gross.to_string(), "net": tally.net.to_string(),
            },
            "late": seen.late,
            "failed": seen.failed,
            "slowest_ms": millis(seen.slowest),
            "beacons": seen.beacons,
            "notices": {"wins": self.notices.wins, "losses": self.notices.losses},
            "bidders": bidders,
            "verify": verify::document(&self.audit),
            "assertions": assertions,
        })
    }
}

fn revenue(tally: &Tally) -> String {
    let (gross, net) = (dollars(tally.gross), dollars(tally.net));
    format!("USD {gross} for the ads sold, of which USD {net} for the publisher")
}

/// The bidders side by side.
fn bidders(tally: &Tally) -> String {
    let mut text = format!(
        "  {:<16}{:>7}{:>11}{:>9}{:>11}{:>9}{:>10}{:>11}{:>10}\n",
        "bidder",
        "asked",
        "with bids",
        "no bid",
        "timed out",
        "faulty",
        "bids won",
        "bids lost",
        "slowest"
    );
    for (id, it) in &tally.bidders {
        let slowest =
            it.slowest_us.map_or_else(|| "-".to_owned(), |us| format!("{} ms", us / 1000));
        writeln!(
            text,
            "  {id:<16}{:>7}{:>11}{:>9}{:>11}{:>9}{:>10}{:>11}{slowest:>10}",
            it.asked, it.with_bids, it.no_bids, it.timeouts, it.faults, it.won, it.lost
        )
        .expect("writing to memory cannot fail");
    }
    text
}

/// Returns an amount with four places, rounded down: impressions cost tenths of a cent.
#[must_use]
pub fn dollars(amount: Amount) -> String {
    let nanos = amount.nanos();
    format!("{}.{:04}", nanos / 1_000_000_000, nanos % 1_000_000_000 / 100_000)
}

fn shown(found: f64) -> String {
    let text = format!("{found:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// Counts of a demo are far below 2^53, where floats stop counting.
fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

/// How many faults a person is shown; `audit verify` tells all.
const FINDINGS: usize = 5;
