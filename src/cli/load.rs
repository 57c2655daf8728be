//! Reads a config from disk, with the secrets it names.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme};

use crate::auction::category;
use crate::cli::serve::capacity;
use crate::cli::{Color, Common};
use crate::config::budget::Machine;
use crate::config::fixed::Fixed;
use crate::config::problem::Problems;
use crate::config::{self, Environment, Loaded};
use crate::model::category::Category;
use crate::model::market::Market;
use crate::model::rates::RateSnapshot;
use crate::model::time::UnixMillis;

/// The config of `run` without a file: one publisher, the demo's bidders on loopback.
pub const QUICKSTART: &str = include_str!("../../examples/quickstart/breakwater.toml");

/// The process's own environment and files.
struct Own;

impl Environment for Own {
    fn variable(&self, name: &str) -> Result<String, String> {
        std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))
    }

    fn file(&self, path: &Path) -> Result<String, String> {
        read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    }

    fn machine(&self) -> Machine {
        capacity::machine()
    }
}

/// Whether to look up the secrets a config names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Secrets {
    /// Look them up.
    Read,
    /// Leave them: the result is fit for checking only.
    Skip,
}

/// Loads the config of the command line; prints every problem to stderr and returns none when there are any.
///
/// # Errors
///
/// When the file cannot be read or stderr not written.
pub fn config(common: &Common, secrets: Secrets) -> anyhow::Result<Option<Loaded>> {
    let (name, text) = match &common.config {
        Some(path) => {
            let text = read(path)
                .map_err(|error| anyhow::anyhow!("config {}: {error}", path.display()))?;
            (path.display().to_string(), text)
        }
        None => ("embedded quickstart".to_owned(), QUICKSTART.to_owned()),
    };
    let environment: Option<&dyn Environment> = match secrets {
        Secrets::Read => Some(&Own),
        Secrets::Skip => None,
    };
    match config::read(&name, &text, environment) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(problems) => {
            print(&problems, common.color)?;
            Ok(None)
        }
    }
}

/// Why a config could not be loaded again.
#[derive(Debug)]
pub enum Refused {
    /// It has problems.
    Problems(Problems),
    /// It cannot be read; says why.
    Unreadable(String),
}

/// Loads the next config of a running exchange, with its secrets.
///
/// # Errors
///
/// Every problem of the file, or why it cannot be read.
pub fn again(path: &Path, fixed: &Fixed) -> Result<Loaded, Refused> {
    let name = path.display().to_string();
    let text =
        read(path).map_err(|error| Refused::Unreadable(format!("config {name}: {error}")))?;
    config::read_again(&name, &text, Some(&Own), fixed).map_err(Refused::Problems)
}

/// Returns where the admin listener of a config is, as far as the file tells: whoever asks may be
/// about to hear what is wrong with it.
///
/// # Errors
///
/// When the file cannot be read.
pub fn admin(path: &Path) -> anyhow::Result<Option<String>> {
    let text = read(path).map_err(|error| anyhow::anyhow!("config {}: {error}", path.display()))?;
    let table = text.parse::<toml::Table>().ok();
    let told = table.as_ref().and_then(|table| table.get("listen")?.get("admin")?.as_str());
    Ok(told.map(str::to_owned))
}

/// Returns what of a market can be used and is worth a look.
#[must_use]
pub fn warnings(market: &Market, now: UnixMillis) -> Vec<String> {
    let stale = market.rates.iter().filter(|rates| !rates.is_fresh(now));
    let warning = |rates: &RateSnapshot| {
        let source = &rates.source;
        format!(
            "the rates of {source:?} are older than their max_age: no bid is converted at them, \
             floors keep what they were converted to"
        )
    };
    stale.map(warning).chain(unknown_categories(market)).collect()
}

/// Names the categories of blocks and exclusive lists that no published taxonomy has.
fn unknown_categories(market: &Market) -> Vec<String> {
    let publishers = market.publishers.values().flat_map(|it| &it.blocked_categories);
    let blocks = market.placements.values().flat_map(|it| &it.blocked_categories);
    let exclusive = market.placements.values().flat_map(|it| &it.separation.exclusive);
    let all: BTreeSet<&Category> = publishers.chain(blocks).chain(exclusive).collect();
    let unknown = all.into_iter().filter(|it| it.taxonomy < VENDOR && category::name(it).is_none());
    let warning = |it: &Category| {
        let (id, taxonomy) = (&it.id, it.taxonomy);
        format!("category {id:?} is not in taxonomy {taxonomy}: only bids that name it are hit")
    };
    unknown.map(warning).collect()
}

/// Prints each problem with its place in the file.
fn print(problems: &Problems, color: Color) -> anyhow::Result<()> {
    let mut stderr = io::stderr().lock();
    let theme = if color.on_stderr() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme);
    for report in problems.reports() {
        let mut text = String::new();
        handler.render_report(&mut text, &report)?;
        writeln!(stderr, "{text}")?;
    }
    writeln!(stderr, "{problems}")?;
    Ok(())
}

/// Reads a text file of a sane size.
fn read(path: &Path) -> io::Result<String> {
    if LARGEST < fs::metadata(path)?.len() {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 4 MiB"));
    }
    fs::read_to_string(path)
}

/// Configs and secrets are written by people.
const LARGEST: u64 = 4 * 1024 * 1024;

#[cfg(test)]
mod tests;

/// The first taxonomy that is a vendor's own: nobody published its ids.
const VENDOR: i32 = 500;
