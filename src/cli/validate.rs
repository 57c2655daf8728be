//! `breakwater validate`: a config, checked as `run` would.

use std::io::{self, Write};

use clap::Args;

use crate::cli::load::{self, Secrets};
use crate::cli::{Common, NEGATIVE, OK};
use crate::io::{clock, descriptors};

/// Options of `validate`.
#[derive(Args, Debug)]
pub struct Options {
    /// Leave out what only this machine can tell: whether secrets can be read, and its memory
    #[arg(long)]
    no_environment: bool,
}

/// Checks a config; 0 when `run` would take it, 3 when not.
///
/// # Errors
///
/// When the file cannot be read.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    // As `run` does: the config is held against them.
    descriptors::raise();
    let secrets = if options.no_environment { Secrets::Skip } else { Secrets::Read };
    let Some(loaded) = load::config(common, secrets)? else {
        return Ok(NEGATIVE);
    };
    let market = &loaded.market;
    for warning in load::warnings(market, clock::now()) {
        writeln!(io::stderr().lock(), "warning: {warning}")?;
    }
    writeln!(
        io::stdout().lock(),
        "ok: {} publishers, {} placements, {} bidders",
        market.publishers.len(),
        market.placements.len(),
        market.bidders.len()
    )?;
    Ok(OK)
}
