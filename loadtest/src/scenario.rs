//! A load scenario as its file writes it, checked: whom to ask, what to ask, how often.
//!
//! Only the closed loop is here. A key of the open loop is read so that it can be refused by name.

use std::{collections::BTreeMap, path::Path};

use hyper::http::uri::PathAndQuery;
use serde::Deserialize;
use thiserror::Error;

use crate::{
    fleet::{self, Entry, FleetError},
    scenario::{target::Origin, template::Template},
};

pub mod target;
pub mod template;

/// A scenario, as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What the report calls it.
    pub name: String,
    /// The seed of the simulated bidders.
    #[serde(default)]
    pub seed: u64,
    /// Whom to ask, and what.
    pub target: Target,
    /// How often.
    pub load: Load,
    /// Simulated bidders in the same process.
    #[serde(default, rename = "bidder")]
    pub bidders: Vec<Entry>,
}

/// Whom to ask, and what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Scheme, host and port: `http://127.0.0.1:8080`.
    pub url: String,
    /// Path and query; placeholders are filled in.
    pub path: Template,
    /// `GET` or `POST`.
    #[serde(default)]
    pub method: Method,
    /// Headers sent with every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body of a `POST`; placeholders are filled in.
    pub body: Option<Template>,
}

/// A request method.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// A tag.
    #[default]
    Get,
    /// A bid request or a break request.
    Post,
}

/// How often to ask.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Requests in flight at any moment, each on its own connection.
    pub in_flight: Option<u32>,
    /// Arrivals per second of an open loop: refused.
    pub rate: Option<f64>,
    /// Requests to measure; excludes `seconds`.
    pub requests: Option<u64>,
    /// How long to measure, in seconds; excludes `requests`.
    pub seconds: Option<u64>,
    /// Requests sent before the measurement.
    #[serde(default)]
    pub warm_up: u64,
    /// After how many milliseconds an answer is late.
    pub tmax_ms: u64,
    /// After how many milliseconds an answer is given up.
    #[serde(default = "five_seconds")]
    pub timeout_ms: u64,
    /// The seconds one request asks to fill; lets the report state a fill rate.
    pub break_seconds: Option<u64>,
}

/// A scenario whose every bound has been checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario.
    pub scenario: Scenario,
    /// Where to connect.
    pub origin: Origin,
    /// Requests in flight.
    pub in_flight: u32,
    /// When the measurement ends.
    pub until: Until,
}

/// When a measurement ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Until {
    /// After so many requests.
    Requests(u64),
    /// After so many seconds.
    Seconds(u64),
}

/// Whose machine the target may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reach {
    /// Only this one.
    Loopback,
    /// Any: the caller says that the target is theirs.
    Anywhere,
}

/// Says what is wrong with a scenario; always the fault of whoever wrote it.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// The file could not be read.
    #[error("reading {path}")]
    Read {
        /// The path as given.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The text is not TOML, or not of this shape.
    #[error("{0}")]
    Shape(#[source] Box<toml::de::Error>),
    /// The scenario asks for an open loop.
    #[error(
        "load.rate asks for an open loop, which this version does not have: an arrival schedule \
         comes with the fan-out work; set load.in_flight for a closed loop"
    )]
    OpenLoop,
    /// A value out of its bounds.
    #[error("{0}")]
    Bounds(&'static str),
    /// The target is not an address this tool calls.
    #[error("target {url:?}: {what}")]
    Target {
        /// The URL as given.
        url: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The list of bidders is at fault.
    #[error(transparent)]
    Fleet(#[from] FleetError),
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or is not of the right shape.
    pub fn read(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScenarioError::Read { path: path.display().to_string(), source })?;
        Self::parse(&text)
    }

    /// Reads a scenario from its text.
    ///
    /// # Errors
    ///
    /// A text that is not of the right shape.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        toml::from_str(text).map_err(|error| ScenarioError::Shape(Box::new(error)))
    }

    /// Checks every bound and returns what can be run.
    ///
    /// # Errors
    ///
    /// The first value at fault; an open loop; a target out of reach.
    pub fn check(self, reach: Reach) -> Result<Plan, ScenarioError> {
        let load = &self.load;
        if load.rate.is_some() {
            return Err(ScenarioError::OpenLoop);
        }
        let Some(in_flight) = load.in_flight.filter(|n| (1..=MAX_IN_FLIGHT).contains(n)) else {
            return Err(ScenarioError::Bounds("load.in_flight must be 1 to 10000"));
        };
        let until = match (load.requests, load.seconds) {
            (Some(requests), None) if 0 < requests => Until::Requests(requests),
            (None, Some(seconds)) if (1..=MAX_SECONDS).contains(&seconds) => {
                Until::Seconds(seconds)
            }
            _ => {
                return Err(ScenarioError::Bounds(
                    "set either load.requests, above 0, or load.seconds, 1 to 86400",
                ));
            }
        };
        if !(1..=MAX_TIMEOUT_MS).contains(&load.timeout_ms) || load.timeout_ms < load.tmax_ms {
            return Err(ScenarioError::Bounds(
                "load.timeout_ms must be 1 to 60000 and not below load.tmax_ms",
            ));
        }
        if (self.target.method == Method::Post) != self.target.body.is_some() {
            return Err(ScenarioError::Bounds(
                "target.body belongs to method POST, and only to it",
            ));
        }
        target::check_headers(&self.target.headers)?;
        // Placeholders become letters, digits and dashes, so one filling stands for all.
        let path = self.target.path.fill(0, 0);
        if !path.starts_with('/') || PathAndQuery::try_from(path).is_err() {
            return Err(ScenarioError::Bounds(
                "target.path must begin with / and hold nothing a URL must escape",
            ));
        }
        fleet::members(&self.bidders)?;
        let origin = Origin::parse(&self.target.url, reach)?;
        Ok(Plan { origin, in_flight, until, scenario: self })
    }
}

fn five_seconds() -> u64 {
    5_000
}

/// The most requests in flight.
const MAX_IN_FLIGHT: u32 = 10_000;

/// The longest measurement, in seconds.
const MAX_SECONDS: u64 = 86_400;

/// The longest wait for one answer, in milliseconds.
const MAX_TIMEOUT_MS: u64 = 60_000;

#[cfg(test)]
mod tests;
