//! `breakwater audit`: the journal of a data folder, read without a server or beside one.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use crate::audit::replay::ReplayError;
use crate::cli::load::{self, Secrets};
use crate::cli::{Common, Format, NEGATIVE, USAGE};
use crate::model::ids::AuctionId;
use crate::model::time::UnixMillis;

mod action;
pub mod check;
pub mod erase;
pub mod explain;
pub mod export;
mod file;
pub mod gaps;
mod page;
pub mod prove;
pub mod prune;
pub mod replay;
pub mod verify;

/// Which data folder is meant.
#[derive(Args, Debug)]
struct Folder {
    /// The data folder; without it, that of the config, else ./data
    #[arg(long, env = "BREAKWATER_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// An auction as a person names it.
#[derive(Clone, Copy, Debug)]
enum Named {
    Latest,
    Id(AuctionId),
}

fn named(text: &str) -> Result<Named, String> {
    if text == "latest" {
        return Ok(Named::Latest);
    }
    AuctionId::parse(text).map(Named::Id).ok_or_else(|| "neither an auction id nor `latest`".into())
}

/// What is said of `latest` where there is none.
const NO_AUCTION: &str = "there is no auction in the journal";

/// Reads a moment on the command line.
fn moment(text: &str) -> Result<UnixMillis, String> {
    let named = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    let millis = text.parse().ok().or_else(|| u64::try_from(named?).ok());
    millis.map(UnixMillis).ok_or_else(|| {
        "neither RFC 3339, such as 2026-11-20T15:00:00Z, nor Unix milliseconds".to_owned()
    })
}

/// Returns the data folder to read; none when the config that should name it has problems, which
/// are told.
///
/// # Errors
///
/// When the config cannot be read, or the folder holds no journal.
fn journal(common: &Common, data: &Folder) -> anyhow::Result<Option<PathBuf>> {
    folder(common, data, &["journal"])
}

/// Returns the data folder to read, which must have one of these folders; none as `journal`.
///
/// # Errors
///
/// As `journal`.
fn folder(common: &Common, data: &Folder, any: &[&str]) -> anyhow::Result<Option<PathBuf>> {
    let data = match (&data.data, &common.config) {
        (Some(data), _) => data.clone(),
        (None, Some(_)) => match load::config(common, Secrets::Skip)? {
            Some(loaded) => loaded.settings.data,
            None => return Ok(None),
        },
        (None, None) => PathBuf::from("./data"),
    };
    for name in any {
        let path = data.join(name);
        match fs::metadata(&path) {
            Ok(there) if there.is_dir() => return Ok(Some(data)),
            // What may not be read is told of as such.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(error).with_context(|| format!("read {}", path.display()));
            }
            Ok(_) | Err(_) => {}
        }
    }
    anyhow::bail!("data folder {}: it holds no journal", data.display());
}

/// Says what is wrong with the command line, where its parser cannot.
fn misused(what: &str) -> io::Result<u8> {
    writeln!(io::stderr().lock(), "error: {what}")?;
    Ok(USAGE)
}

/// Says that there is no such auction.
fn missing(what: &str, format: Format) -> io::Result<u8> {
    let mut stdout = io::stdout().lock();
    match format {
        Format::Text => writeln!(stdout, "{what}")?,
        Format::Json => {
            let document = json!({ "verdict": "missing", "findings": [{ "what": what }] });
            writeln!(stdout, "{document}")?;
        }
    }
    Ok(NEGATIVE)
}

/// A record that is not as it was written is what an audit is there to find.
fn damaged(error: ReplayError, format: Format) -> io::Result<u8> {
    let what = format!("{:#}", anyhow::Error::from(error));
    let mut stdout = io::stdout().lock();
    match format {
        Format::Text => writeln!(stdout, "{what}")?,
        Format::Json => {
            writeln!(stdout, "{}", json!({ "verdict": "broken", "findings": [{ "what": what }] }))?;
        }
    }
    Ok(NEGATIVE)
}
