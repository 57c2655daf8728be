//! `breakwater audit replay`: recorded auctions decided again and compared.

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use crate::audit::replay::{self, Report, Wanted};
use crate::cli::audit::{Folder, NO_AUCTION, Named, damaged, journal, missing, misused, named};
use crate::cli::{Common, Format, NEGATIVE, OK};
use crate::model::ids::AuctionId;

/// Options of `audit replay`.
#[derive(Args, Debug)]
pub struct Options {
    /// Auctions by id, or `latest`; all without any
    #[arg(value_parser = named)]
    ids: Vec<Named>,
    #[command(flatten)]
    folder: Folder,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

/// Decides recorded auctions again; 0 when all come out as recorded, 3 when not.
///
/// # Errors
///
/// When the config or the journal cannot be read.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
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
        (true, false) => return Ok(misused("name auctions by id or say `latest`, not both")?),
        (false, true) => Wanted::All,
        (false, false) => Wanted::These(ids),
    };
    let Some(data) = journal(common, &options.folder)? else { return Ok(NEGATIVE) };
    let report = match replay::replay(&data, &wanted) {
        Ok(report) => report,
        Err(error) if error.is_damage() => return Ok(damaged(error, options.format)?),
        Err(error) => return Err(error.into()),
    };
    if wanted == Wanted::Latest && report.auctions == 0 {
        return Ok(missing(NO_AUCTION, options.format)?);
    }
    print(&report, options.format)?;
    let holds = report.differing.is_empty() && report.missing.is_empty();
    Ok(if holds { OK } else { NEGATIVE })
}

/// Returns what a replay found, in a sentence.
#[must_use]
pub fn verdict(report: &Report) -> String {
    let (all, bad) = (report.auctions, report.differing.len());
    match (all, bad) {
        (0, _) => "no auction was decided again".to_owned(),
        (1, 0) => "1 auction decided again, equal to its record".to_owned(),
        (1, _) => "1 auction decided again, it differs from its record".to_owned(),
        (_, 0) => format!("{all} auctions decided again, all equal to their records"),
        (_, _) => format!("{all} auctions decided again, {bad} differ from their records"),
    }
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
