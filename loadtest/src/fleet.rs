//! A list of bidders as a file writes it, and the bidders started from it.

use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    bidder::{Bidder, Running, StartError},
    cast,
    character::Character,
};

/// A file of `loadtest bidders`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fleet {
    /// The seed of all draws.
    #[serde(default)]
    pub seed: u64,
    /// The bidders, in order.
    #[serde(rename = "bidder")]
    pub entries: Vec<Entry>,
}

/// One character, once or several times.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A name of the cast; excludes `character`.
    pub cast: Option<String>,
    /// A character written out; excludes `cast`.
    pub character: Option<Character>,
    /// How many of it: with several, `-1`, `-2` … is put after the id.
    #[serde(default = "one")]
    pub count: u16,
    /// The port of the first, the others following it; 0 takes free ones.
    #[serde(default)]
    pub port: u16,
}

/// Where one bidder listens: what `loadtest bidders` prints.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Listening {
    /// The bidder's id.
    pub bidder: String,
    /// The URL to post bid requests to.
    pub endpoint: String,
    /// The port, for configurations that want it alone.
    pub port: u16,
}

/// Says what is wrong with a list of bidders.
#[derive(Debug, Error)]
pub enum FleetError {
    /// The file could not be read.
    #[error("reading {path}")]
    Read {
        /// The path as given.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML, or not of this shape.
    #[error("{path}: {source}")]
    Shape {
        /// The path as given.
        path: String,
        /// Line, column and what is wrong there.
        source: Box<toml::de::Error>,
    },
    /// An entry names both a cast and a character, or neither.
    #[error("bidder entry {0}: name either `cast` or `character`")]
    Ambiguous(usize),
    /// An entry names a character the cast does not have.
    #[error("bidder entry {entry}: {name:?} is not one of {}", cast::NAMES.join(", "))]
    Unknown {
        /// The entry, counted from 1.
        entry: usize,
        /// The name as written.
        name: String,
    },
    /// Too many bidders, or ports past 65535.
    #[error("bidder entry {entry}: {what}")]
    Bounds {
        /// The entry, counted from 1.
        entry: usize,
        /// The key and its bounds.
        what: &'static str,
    },
    /// A bidder could not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl Fleet {
    /// Reads a fleet file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or is not of the right shape.
    pub fn read(path: &Path) -> Result<Self, FleetError> {
        let shown = || path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| FleetError::Read { path: shown(), source })?;
        toml::from_str(&text)
            .map_err(|source| FleetError::Shape { path: shown(), source: Box::new(source) })
    }
}

/// Returns the characters of a list, each with its port.
///
/// # Errors
///
/// The first entry at fault.
pub fn members(entries: &[Entry]) -> Result<Vec<(Character, u16)>, FleetError> {
    let mut members = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let number = index + 1;
        let bounds = |what| FleetError::Bounds { entry: number, what };
        let character = match (&entry.cast, &entry.character) {
            (Some(name), None) => cast::named(name)
                .ok_or_else(|| FleetError::Unknown { entry: number, name: name.clone() })?,
            (None, Some(character)) => character.clone(),
            _ => return Err(FleetError::Ambiguous(number)),
        };
        if !(1..=MAX_BIDDERS).contains(&entry.count) {
            return Err(bounds("count must be 1 to 1000"));
        }
        for copy in 0..entry.count {
            let mut member = character.clone();
            if entry.count != 1 {
                member.id = format!("{}-{}", character.id, copy + 1);
            }
            let port = match entry.port {
                0 => 0,
                first => first.checked_add(copy).ok_or_else(|| bounds("port passes 65535"))?,
            };
            member.check().map_err(StartError::from)?;
            members.push((member, port));
        }
    }
    Ok(members)
}

/// Starts every bidder of a list on the current tokio runtime.
///
/// # Errors
///
/// An entry at fault, or a port that is taken; bidders already started end then.
pub async fn start(entries: &[Entry], seed: u64) -> Result<Vec<Running>, FleetError> {
    let mut running = Vec::new();
    for (character, port) in members(entries)? {
        running.push(Bidder::start_on(character, seed, port).await?);
    }
    Ok(running)
}

/// Returns where a bidder listens.
#[must_use]
pub fn listening(bidder: &Running) -> Listening {
    Listening {
        bidder: bidder.id().to_owned(),
        endpoint: bidder.endpoint(),
        port: bidder.address().port(),
    }
}

fn one() -> u16 {
    1
}

/// The most bidders of one entry.
const MAX_BIDDERS: u16 = 1_000;
