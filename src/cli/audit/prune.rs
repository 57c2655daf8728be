//! `breakwater audit prune`: deletes the auctions that are kept no longer.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use crate::cli::audit::action::{self, Books, Recorded};
use crate::cli::audit::{Folder, journal, moment};
use crate::cli::load::{self, Secrets};
use crate::cli::{Common, Format, NEGATIVE, OK, serve};
use crate::io::clock;
use crate::io::journal::Stream;
use crate::io::journal::prune::{self, Pruned};
use crate::model::time::UnixMillis;
use crate::wire::record::admin::Action;

/// Options of `audit prune`.
#[derive(Args, Debug)]
pub struct Options {
    /// Delete what is older: RFC 3339 or Unix milliseconds; without it, what `journal.retention`
    /// of the config no longer keeps
    #[arg(long, value_name = "TIME", value_parser = moment)]
    before: Option<UnixMillis>,
    #[command(flatten)]
    folder: Folder,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Deletes whole sealed segments of the auction stream, and records it; tiles and checkpoints stay.
///
/// # Errors
///
/// When the config cannot be read or says no retention, the exchange that has the journal open does
/// not record it, or the file system refuses.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    let Some(data) = journal(common, &options.folder)? else { return Ok(NEGATIVE) };
    let before = match options.before {
        Some(before) => before,
        None => {
            let Some(loaded) = load::config(common, Secrets::Skip)? else { return Ok(NEGATIVE) };
            let kept = loaded.settings.retention;
            let kept = kept.context("name a time with --before, or set journal.retention")?;
            UnixMillis(clock::now().0.saturating_sub(kept.0))
        }
    };
    let (pruned, recorded) = match prune(common, &data, before) {
        Ok(done) => done,
        Err(error) => return serve::damaged(error),
    };
    let Pruned { segments, records, bytes, first_kept } = pruned;
    let mut stdout = io::stdout().lock();
    match options.format {
        Format::Text => writeln!(
            stdout,
            "{segments} segments with {records} auction records deleted ({bytes} bytes); kept from \
             record {first_kept} on; {}",
            recorded.text()
        )?,
        Format::Json => {
            let document = json!({
                "segments": segments, "records": records, "bytes": bytes, "first_kept": first_kept,
                "record": recorded.index(),
            });
            writeln!(stdout, "{document}")?;
        }
    }
    Ok(OK)
}

/// Plans, records, has the record signed, and only then deletes, so that nothing is missing that no
/// signed record tells of.
fn prune(common: &Common, data: &Path, before: UnixMillis) -> anyhow::Result<(Pruned, Recorded)> {
    let books = action::books(common, data)?;
    let planned = prune::plan(data, Stream::Auction, before)?;
    let Pruned { segments, records, first_kept, .. } = planned;
    if segments == 0 {
        return Ok((planned, Recorded::Nothing));
    }
    let action = Action::Prune { before, segments, records, first_kept };
    let (recorded, _hold) = match books {
        Books::Own(own) => own.record(action).map(|(recorded, hold)| (recorded, Some(hold)))?,
        Books::Exchange(data) => {
            let recorded = action::recorded_first(&data, action)?;
            let index = recorded.index().context("what is recorded has an index")?;
            action::signed(&data, index)?;
            (recorded, None)
        }
    };
    prune::delete(data, Stream::Auction, &planned)?;
    Ok((planned, recorded))
}
