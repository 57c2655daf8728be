//! `breakwater audit gaps`: starts without stops, numbers without records.

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use crate::audit::gaps::{self, Ended, Missing, Report, Start, Told};
use crate::cli::audit::{Folder, journal, verify};
use crate::cli::{Common, Format, NEGATIVE, OK};

/// Options of `audit gaps`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    folder: Folder,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Tells what is missing; 0 when all of it is explained, 3 when not.
///
/// # Errors
///
/// When the config cannot be read, or the file system refuses.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    let Some(data) = journal(common, &options.folder)? else { return Ok(NEGATIVE) };
    let report = gaps::gaps(&data)?;
    match options.format {
        Format::Text => text(&report)?,
        Format::Json => {
            let document = json!({
                "verdict": if report.explained() { "holds" } else { "broken" },
                "starts": report.starts,
                "missing": report.missing,
                "origins": report.origins,
                "findings": report.findings.listed(),
            });
            writeln!(io::stdout().lock(), "{document}")?;
        }
    }
    Ok(if report.explained() { OK } else { NEGATIVE })
}

fn text(report: &Report) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for finding in report.findings.listed() {
        writeln!(stdout, "{}", verify::line(finding))?;
    }
    for Told { index, event, what } in &report.origins {
        writeln!(stdout, "money record {index}: {event}: {what}")?;
    }
    for start in &report.starts {
        let Start { boot, .. } = start;
        match start.end {
            Ended::Stop => {}
            Ended::Gap => writeln!(stdout, "start {boot} ended without a stop; a gap tells so")?,
            Ended::Open => writeln!(stdout, "start {boot} has no stop: it runs, or was ended")?,
            Ended::Unknown => writeln!(stdout, "start {boot} has neither a stop nor a gap")?,
        }
    }
    for run in &report.missing {
        let Missing { stream, boot, from, to, explained } = run;
        let why = if *explained { "explained" } else { "not explained" };
        let last = to - 1;
        writeln!(stdout, "{stream} stream, start {boot}: no record {from} to {last}, {why}")?;
    }
    let starts = match report.starts.len() {
        1 => "1 start".to_owned(),
        many => format!("{many} starts"),
    };
    let open = report.missing.iter().filter(|run| !run.explained).count();
    match report.explained() {
        true => writeln!(stdout, "{starts}, nothing missing that is not explained"),
        false => writeln!(
            stdout,
            "{starts}, not explained: {open} runs of numbers, {} starts; faults: {}",
            report.starts.iter().filter(|start| start.end == Ended::Unknown).count(),
            report.findings.count()
        ),
    }
}
