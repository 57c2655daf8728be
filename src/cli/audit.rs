//! `breakwater audit`: the journal of a data folder, read without a server or beside one.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::audit::replay::ReplayError;
use crate::cli::load::{self, Secrets};
use crate::cli::{Common, Format, NEGATIVE};
use crate::model::ids::AuctionId;

pub mod check;
pub mod explain;
pub mod export;
mod page;
pub mod prove;
pub mod replay;

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

/// Returns the data folder to read; none when the config that should name it has problems, which
/// are told.
///
/// # Errors
///
/// When the config cannot be read, or the folder holds no journal.
fn journal(common: &Common, data: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    let data = match (data, &common.config) {
        (Some(data), _) => data.to_owned(),
        (None, Some(_)) => match load::config(common, Secrets::Skip)? {
            Some(loaded) => loaded.settings.data,
            None => return Ok(None),
        },
        (None, None) => PathBuf::from("./data"),
    };
    if !data.join("journal").is_dir() {
        anyhow::bail!("data folder {}: it holds no journal", data.display());
    }
    Ok(Some(data))
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
