//! One TOML file becomes `Settings` (restart to change) and a `Market` (what is sold, to whom).
//!
//! Three stages after the syntax: shape and meaning, then the environment (secrets, memory). Every problem
//! of the file is reported at once, with its place and what to do. What this build cannot do is
//! refused by name, never accepted and ignored. Pure: the file's text and a way to look up secrets
//! come as arguments; reading them is `cli`'s.

#![deny(clippy::disallowed_methods, clippy::wildcard_enum_match_arm)]

use std::path::Path;

use toml::de::DeTable;

use crate::config::budget::Machine;
use crate::config::fixed::Fixed;
use crate::config::problem::{Problem, Problems};
use crate::config::section::{Reporter, Section};
use crate::config::settings::Settings;
use crate::model::market::Market;

mod bidder;
mod block;
pub mod budget;
mod deal;
pub mod fixed;
mod floor;
mod house;
mod market;
mod placement;
pub mod problem;
mod publisher;
mod rate;
mod section;
mod separation;
pub mod settings;
mod snapshot;
mod value;

/// A config that was checked whole.
#[derive(Debug)]
pub struct Loaded {
    /// Listeners, paths and times of the process.
    pub settings: Settings,
    /// Everything that is sold.
    pub market: Market,
}

/// Where secrets come from, and what the machine has.
pub trait Environment {
    /// Returns an environment variable.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says why there is none.
    fn variable(&self, name: &str) -> Result<String, String>;

    /// Returns the content of a file.
    ///
    /// # Errors
    ///
    /// Returns a sentence that says why it cannot be read.
    fn file(&self, path: &Path) -> Result<String, String>;

    /// Returns what the machine has, which the market is held against.
    fn machine(&self) -> Machine;
}

/// Reads and checks a config.
///
/// `name` is the file's name in messages. Without an `environment` secrets and memory are not
/// looked at, and what is returned is fit for checking only.
///
/// # Errors
///
/// Returns every problem of the file.
pub fn read(
    name: &str,
    text: &str,
    environment: Option<&dyn Environment>,
) -> Result<Loaded, Problems> {
    checked((name, text), environment, |_, _| {})
}

/// Reads and checks the next config of a running exchange.
///
/// # Errors
///
/// Returns every problem of the file; a key that only a restart changes is one.
pub fn read_again(
    name: &str,
    text: &str,
    environment: Option<&dyn Environment>,
    fixed: &Fixed,
) -> Result<Loaded, Problems> {
    checked((name, text), environment, |loaded, root| fixed.judge(loaded, root))
}

fn checked(
    (name, text): (&str, &str),
    environment: Option<&dyn Environment>,
    judge: impl FnOnce(&Loaded, &Section<'_>),
) -> Result<Loaded, Problems> {
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problems = errors.iter().map(Problem::syntax).collect();
        return Err(Problems::new(name, text, problems));
    }
    let reporter = Reporter::default();
    let loaded = market::read(Section::root(root.get_ref(), &reporter), environment);
    if let Some(loaded) = &loaded {
        let root = Section::root(root.get_ref(), &reporter);
        judge(loaded, &root);
        if let Some(environment) = environment {
            budget::judge(&loaded.market, environment.machine(), &root);
        }
    }
    let problems = reporter.into_problems();
    match loaded {
        Some(loaded) if problems.is_empty() => Ok(loaded),
        _ => Err(Problems::new(name, text, problems)),
    }
}
