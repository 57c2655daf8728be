//! `breakwater audit prove`: a file that shows a party its part of one auction to be in the log.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use crate::audit::party::Party;
use crate::audit::prove::{self, Proved};
use crate::cli::audit::file::{self, Made};
use crate::cli::audit::{Folder, Named, journal, named};
use crate::cli::{Common, Format, NEGATIVE, OK};

/// Options of `audit prove`.
#[derive(Args, Debug)]
pub struct Options {
    /// The auction, by id, or `latest`
    #[arg(value_parser = named)]
    id: Named,
    /// Whom to show it: `bidder:<id>`, `publisher:<id>` or `auditor`
    #[arg(long = "for", value_name = "PARTY")]
    party: Party,
    /// Where to write the bundle; without it, or with `-`, to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    folder: Folder,
    /// How to answer about a bundle written to a file, or a refusal
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Writes a bundle; 0 when it was written, 3 when there is nothing to prove to this party, or yet.
///
/// # Errors
///
/// When the config, the journal or the log cannot be read, or the bundle not be written.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    let Some(data) = journal(common, &options.folder)? else { return Ok(NEGATIVE) };
    let id = match options.id {
        Named::Latest => None,
        Named::Id(id) => Some(id),
    };
    let proved = match prove::prove(&data, id, &options.party) {
        Ok(proved) => proved,
        Err(error) if error.is_verdict() => {
            refused(&format!("{:#}", anyhow::Error::from(error)), options)?;
            return Ok(NEGATIVE);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(file) = file::output(options.output.as_ref()) else {
        io::stdout().lock().write_all(proved.text.as_bytes())?;
        return Ok(OK);
    };
    let mut made = Made::begin(file)?;
    let all = made.write_all(proved.text.as_bytes());
    all.with_context(|| format!("write {}", file.display()))?;
    made.finish()?;
    written(&proved, options)?;
    Ok(OK)
}

/// Standard output is the bundle's when no file is named, so a refusal is said beside it.
fn refused(what: &str, options: &Options) -> io::Result<()> {
    let say = |out: &mut dyn Write| match options.format {
        Format::Text => writeln!(out, "{what}"),
        Format::Json => {
            writeln!(out, "{}", json!({ "verdict": "refused", "findings": [{ "what": what }] }))
        }
    };
    match file::output(options.output.as_ref()) {
        Some(_) => say(&mut io::stdout().lock()),
        None => say(&mut io::stderr().lock()),
    }
}

fn written(proved: &Proved, options: &Options) -> io::Result<()> {
    let checked = &proved.checked;
    let (id, party, bytes) = (checked.record.id, &options.party, proved.text.len());
    let (origin, index) = (&checked.checkpoint.origin, checked.index);
    let sections: Vec<&str> = checked.record.sections().iter().map(|it| &*it.name).collect();
    let mut stdout = io::stdout().lock();
    match options.format {
        Format::Text => writeln!(
            stdout,
            "{id}, record {index} of {origin}, proved to {party} in {bytes} bytes: {}; checked with \
             the folder's own key",
            sections.join(", ")
        ),
        Format::Json => {
            let document = json!({
                "verdict": "proved",
                "auction": id.to_string(),
                "for": party.to_string(),
                "origin": origin,
                "index": index,
                "bytes": bytes,
                "key": "folder",
                "sections": sections,
            });
            writeln!(stdout, "{document}")
        }
    }
}
