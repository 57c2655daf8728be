//! `breakwater audit`: the journal of a data folder, read without a server or beside one.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::load::{self, Secrets};
use crate::cli::{Common, Format, NEGATIVE, OK};
use crate::model::ids::AuctionId;
use crate::replay::{self, ReplayError, Report, Wanted};

/// Options of `audit replay`.
#[derive(Args, Debug)]
pub struct Options {
    /// Auctions by id, or `latest`; all without any
    #[arg(value_parser = one)]
    ids: Vec<Named>,
    /// The data folder; without it, that of the config, else ./data
    #[arg(long, env = "BREAKWATER_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

/// An auction as a person names it.
#[derive(Clone, Copy, Debug)]
enum Named {
    Latest,
    Id(AuctionId),
}

fn one(text: &str) -> Result<Named, String> {
    if text == "latest" {
        return Ok(Named::Latest);
    }
    AuctionId::parse(text).map(Named::Id).ok_or_else(|| "neither an auction id nor `latest`".into())
}

/// Decides recorded auctions again; 0 when all come out as recorded, 3 when not.
///
/// # Errors
///
/// When the config or the journal cannot be read.
pub fn replay(common: &Common, options: &Options) -> anyhow::Result<u8> {
    let data = match (&options.data, &common.config) {
        (Some(data), _) => data.clone(),
        (None, Some(_)) => match load::config(common, Secrets::Skip)? {
            Some(loaded) => loaded.settings.data,
            None => return Ok(NEGATIVE),
        },
        (None, None) => PathBuf::from("./data"),
    };
    let latest = options.ids.iter().any(|named| matches!(named, Named::Latest));
    let ids: Vec<AuctionId> = options
        .ids
        .iter()
        .filter_map(|named| match named {
            Named::Id(id) => Some(*id),
            Named::Latest => None,
        })
        .collect();
    let wanted = match (latest, ids.is_empty()) {
        (true, true) => Wanted::Latest,
        (true, false) => anyhow::bail!("name auctions by id or say `latest`, not both"),
        (false, true) => Wanted::All,
        (false, false) => Wanted::These(ids),
    };
    if !data.join("journal").is_dir() {
        anyhow::bail!("data folder {}: it holds no journal", data.display());
    }
    let report = match replay::replay(&data, &wanted) {
        Ok(report) => report,
        Err(error) if error.is_damage() => return Ok(damaged(error, options.format)?),
        Err(error) => return Err(error.into()),
    };
    print(&report, options.format)?;
    let holds = report.differing.is_empty() && report.missing.is_empty();
    Ok(if holds { OK } else { NEGATIVE })
}

/// Returns what a replay found, in a sentence.
#[must_use]
pub fn verdict(report: &Report) -> String {
    let (all, bad) = (report.auctions, report.differing.len());
    if bad == 0 {
        format!("{all} auctions decided again, all equal to their records")
    } else {
        format!("{all} auctions decided again, {bad} differ from their records")
    }
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

fn print(report: &Report, format: Format) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match format {
        Format::Text => {
            for difference in &report.differing {
                let (auction, index) = (difference.auction, difference.index);
                let sections = difference.sections.join(", ");
                writeln!(stdout, "{auction} (index {index}) differs in: {sections}")?;
            }
            for id in &report.missing {
                writeln!(stdout, "{id} is not in the journal")?;
            }
            writeln!(stdout, "{}", verdict(report))
        }
        Format::Json => {
            let differing: Vec<_> = report
                .differing
                .iter()
                .map(|it| {
                    json!({
                        "auction": it.auction.to_string(),
                        "index": it.index,
                        "sections": it.sections,
                    })
                })
                .collect();
            let missing: Vec<_> = report.missing.iter().map(ToString::to_string).collect();
            let holds = differing.is_empty() && missing.is_empty();
            let verdict = if holds { "holds" } else { "broken" };
            let document = json!({
                "verdict": verdict,
                "auctions": report.auctions,
                "differing": differing,
                "missing": missing,
            });
            writeln!(stdout, "{document}")
        }
    }
}
