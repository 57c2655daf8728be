//! `breakwater audit erase`: deletes what old auctions tell of viewers.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::audit::erase::{self, Report};
use crate::cli::audit::action::{self, Recorded};
use crate::cli::audit::{journal, moment, verify};
use crate::cli::{Common, Format, NEGATIVE, OK};
use crate::io::journal::JournalError;
use crate::model::time::UnixMillis;
use crate::wire::record::admin::Action;

/// Options of `audit erase`.
#[derive(Args, Debug)]
pub struct Options {
    /// Erase the sections `user`: the only ones that may be
    #[arg(long, required = true)]
    user_sections: bool,
    /// Of auctions recorded before: RFC 3339 or Unix milliseconds
    #[arg(long, value_name = "TIME", value_parser = moment)]
    before: UnixMillis,
    /// The data folder; without it, that of the config, else ./data
    #[arg(long, env = "BREAKWATER_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Erases, and records it; commitments stay, so that everything still verifies. 3 when a record does not verify.
///
/// # Errors
///
/// When the config cannot be read, or the file system refuses.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    let Some(data) = journal(common, options.data.as_deref())? else { return Ok(NEGATIVE) };
    let report = match erase::user_sections(&data, options.before) {
        Err(error @ (JournalError::Damaged { .. } | JournalError::Behind { .. })) => {
            writeln!(io::stderr().lock(), "{error}")?;
            return Ok(NEGATIVE);
        }
        report => report?,
    };
    let recorded = match report.erased {
        0 => Recorded::Nothing,
        sections => action::record(&data, Action::Erase { before: options.before, sections }),
    };
    print(&report, &recorded, options.format)?;
    Ok(if report.findings.is_empty() { OK } else { NEGATIVE })
}

fn print(report: &Report, recorded: &Recorded, format: Format) -> io::Result<()> {
    let Report { erased, bare, open, younger, findings } = report;
    let mut stdout = io::stdout().lock();
    match format {
        Format::Text => {
            for finding in findings.listed() {
                writeln!(stdout, "{}", verify::line(finding))?;
            }
            writeln!(
                stdout,
                "{erased} sections erased, {bare} were before; kept: {younger} of younger auctions, \
                 {open} in the segment that a running exchange writes; {}",
                recorded.text()
            )
        }
        Format::Json => {
            let document = json!({
                "erased": erased, "before": bare, "younger": younger, "open": open,
                "findings": findings.listed(), "record": recorded.index(),
            });
            writeln!(stdout, "{document}")
        }
    }
}
