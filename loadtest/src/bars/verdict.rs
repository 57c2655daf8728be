//! What is said of a bar in the end.

use std::fmt::{Display, Formatter, Result};

use serde::Serialize;

use crate::{bars::estimate::Estimate, run::open::report::Second};

/// Whether a bar is met.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is.
    Met,
    /// It is not.
    Missed,
    /// The figure stands for itself; the bar only asks for it.
    Reported,
    /// The run does not allow a verdict: measure again.
    Unreliable,
}

/// One thing a bar asks for, and what was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What is measured.
    pub what: String,
    /// What the bar asks for.
    pub wanted: String,
    /// What was measured.
    pub figure: String,
    /// Whether that is enough.
    pub standing: Standing,
}

/// What was measured for one bar.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The bar's name.
    pub name: String,
    /// What it asks for, in words.
    pub bar: String,
    /// The worst of its findings.
    pub standing: Standing,
    /// Whether the run was a short one, its verdict only indicative.
    pub quick: bool,
    /// What it asks for, one by one.
    pub findings: Vec<Finding>,
    /// How it was measured: rates, shares, sizes.
    pub notes: Vec<String>,
    /// The estimates of interleaved rounds.
    pub estimates: Vec<Estimate>,
    /// Open loops, second by second, each with what it is.
    pub series: Vec<(String, Vec<Second>)>,
    /// How long it took, in seconds.
    pub took_s: f64,
}

impl Verdict {
    /// Begins the verdict of a bar.
    pub(crate) fn new(name: &str, bar: &str) -> Self {
        Self {
            name: name.to_owned(),
            bar: bar.to_owned(),
            standing: Standing::Reported,
            quick: false,
            findings: Vec::new(),
            notes: Vec::new(),
            estimates: Vec::new(),
            series: Vec::new(),
            took_s: 0.0,
        }
    }

    /// Adds what was measured for one thing; the worst finding is the verdict.
    pub(crate) fn find(&mut self, what: &str, wanted: &str, figure: String, standing: Standing) {
        let worse = |standing| match standing {
            Standing::Reported => 0,
            Standing::Met => 1,
            Standing::Missed => 2,
            Standing::Unreliable => 3,
        };
        if worse(self.standing) < worse(standing) {
            self.standing = standing;
        }
        let (what, wanted) = (what.to_owned(), wanted.to_owned());
        self.findings.push(Finding { what, wanted, figure, standing });
    }

    /// Adds a finding that is met or missed.
    pub(crate) fn judge(&mut self, what: &str, wanted: &str, figure: String, met: bool) {
        self.find(what, wanted, figure, if met { Standing::Met } else { Standing::Missed });
    }

    /// Says that this process measured itself, where it did: no verdict holds then.
    pub(crate) fn doubt(&mut self, busy: f64, during: &str) {
        if crate::run::report::BUSY < busy {
            let figure = format!("{:.0} % busy", busy * 100.0);
            let what = format!("load's own core, {during}");
            self.find(&what, "<= 95 % busy", figure, Standing::Unreliable);
        }
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }
}

/// Returns the verdicts as a table of bar, figure and verdict, one line a finding.
#[must_use]
pub fn table(verdicts: &[Verdict]) -> String {
    let mut text =
        format!("{:<12} {:<44} {:<22} {:<34} verdict\n", "bar", "what", "wanted", "figure");
    for verdict in verdicts {
        for it in &verdict.findings {
            let line = format!(
                "{:<12} {:<44} {:<22} {:<34} {}\n",
                verdict.name, it.what, it.wanted, it.figure, it.standing
            );
            text.push_str(&line);
        }
    }
    if verdicts.iter().any(|verdict| verdict.quick) {
        text.push_str("quick runs: the verdicts are only indicative\n");
    }
    text
}

impl Display for Standing {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.pad(match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::Reported => "reported",
            Self::Unreliable => "unreliable: measure again",
        })
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let quick = if self.quick { ", quick: only indicative" } else { "" };
        writeln!(f, "{}: {}{quick} ({:.0} s)", self.name, self.standing, self.took_s)?;
        writeln!(f, "  {}", self.bar)?;
        for it in &self.findings {
            writeln!(f, "  {:<44} {:<22} {:<30} {}", it.what, it.wanted, it.figure, it.standing)?;
        }
        for note in &self.notes {
            writeln!(f, "  - {note}")?;
        }
        Ok(())
    }
}
