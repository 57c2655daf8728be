//! `breakwater audit erase`: deletes what old auctions tell of viewers.

use std::io::{self, Write};
use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::audit::erase::{self, Report};
use crate::cli::audit::action::{self, Books, Recorded};
use crate::cli::audit::{Folder, journal, moment, verify};
use crate::cli::{Common, Format, NEGATIVE, OK, serve};
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
    #[command(flatten)]
    folder: Folder,
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
    let Some(data) = journal(common, &options.folder)? else { return Ok(NEGATIVE) };
    let (report, recorded) = match erase(common, &data, options.before) {
        Ok(done) => done,
        Err(error) => return serve::damaged(error),
    };
    print(&report, &recorded, options.format)?;
    Ok(if report.findings.is_empty() { OK } else { NEGATIVE })
}

/// Erases, then records how much: what a person may ask for must not wait for an exchange that is
/// busy.
fn erase(common: &Common, data: &Path, before: UnixMillis) -> anyhow::Result<(Report, Recorded)> {
    let books = action::books(common, data)?;
    let report = match &books {
        Books::Own(own) => erase::user_sections_held(own.hold(), data, before)?,
        Books::Exchange(_) => erase::user_sections(data, before)?,
    };
    // A command that was killed may have erased more than any record tells.
    let untold = (report.erased + report.bare).saturating_sub(erase::told(data)?);
    let sections = report.erased.max(untold);
    if sections == 0 {
        return Ok((report, Recorded::Nothing));
    }
    let action = Action::Erase { before, sections };
    let recorded = match books {
        Books::Own(own) => own.record(action)?.0,
        Books::Exchange(data) => action::recorded_after(&data, action)?,
    };
    Ok((report, recorded))
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
