//! A load scenario as its file writes it, checked: whom to ask, what to ask, how often.
//!
//! `load.in_flight` makes a closed loop, `load.rate` an open one, which may have several publishers.

use std::{collections::BTreeMap, path::Path};

use hyper::http::uri::PathAndQuery;
use serde::Deserialize;
use thiserror::Error;

use crate::{
    fleet::{self, Entry, FleetError},
    run::schedule::{Schedule, Step},
    scenario::{open::Publisher, target::Origin, template::Template},
};

pub mod open;
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
    /// Publishers of an open loop, each with its own rate; none: one, as `target` and `load` say.
    #[serde(default, rename = "publisher")]
    pub publishers: Vec<Publisher>,
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Requests in flight at any moment, each on its own connection.
    pub in_flight: Option<u32>,
    /// Arrivals per second of an open loop, by a schedule that never waits for an answer.
    pub rate: Option<f64>,
    /// The open loop's connections, of each publisher.
    #[serde(default = "connections")]
    pub connections: usize,
    /// The open loop's steps; absent: one, `seconds` long.
    #[serde(default)]
    pub shape: Vec<Step>,
    /// How many requests of a publisher may wait for a connection; those past it are errors.
    #[serde(default = "backlog")]
    pub backlog: usize,
    /// Whether answers are looked over for ads and lengths instead of read, which is cheaper.
    #[serde(default)]
    pub glance: bool,
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
    /// When to ask.
    pub pace: Pace,
}

/// When to ask.
#[derive(Clone, Debug)]
pub enum Pace {
    /// As soon as an answer is there.
    Closed {
        /// Requests in flight.
        in_flight: u32,
        /// When the measurement ends.
        until: Until,
    },
    /// By a schedule.
    Open(Open),
}

/// A checked open loop.
#[derive(Clone, Debug)]
pub struct Open {
    /// One stream a publisher; not empty.
    pub(crate) streams: Vec<open::Stream>,
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
    /// The first value at fault; a target out of reach.
    pub fn check(self, reach: Reach) -> Result<Plan, ScenarioError> {
        let load = &self.load;
        if !(1..=MAX_TIMEOUT_MS).contains(&load.timeout_ms) || load.timeout_ms < load.tmax_ms {
            return Err(ScenarioError::Bounds(
                "load.timeout_ms must be 1 to 60000 and not below load.tmax_ms",
            ));
        }
        self.target.check()?;
        let pace = match (load.in_flight, load.rate) {
            (_, None) if self.publishers.is_empty() => self.closed()?,
            (None, _) => Pace::Open(self.open()?),
            (Some(_), _) => {
                return Err(ScenarioError::Bounds(
                    "load.in_flight makes a closed loop, load.rate and publishers an open loop: \
                     set one",
                ));
            }
        };
        fleet::members(&self.bidders)?;
        let origin = Origin::parse(&self.target.url, reach)?;
        Ok(Plan { origin, pace, scenario: self })
    }

    fn closed(&self) -> Result<Pace, ScenarioError> {
        let load = &self.load;
        let Some(in_flight) = load.in_flight.filter(|n| (1..=MAX_IN_FLIGHT).contains(n)) else {
            return Err(ScenarioError::Bounds("load.in_flight must be 1 to 10000"));
        };
        if !load.shape.is_empty() {
            return Err(ScenarioError::Bounds("load.shape belongs to an open loop: set load.rate"));
        }
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
        Ok(Pace::Closed { in_flight, until })
    }

    /// Returns the steps an open loop has where a publisher names none.
    fn steps(&self) -> Result<Vec<Step>, ScenarioError> {
        let load = &self.load;
        match (load.seconds, load.requests) {
            (Some(seconds), None)
                if load.shape.is_empty() && (1..=MAX_SECONDS).contains(&seconds) =>
            {
                let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
                Ok(Schedule::steady(1.0, f64::from(seconds)).steps)
            }
            (None, None) if !load.shape.is_empty() => Ok(load.shape.clone()),
            _ => Err(ScenarioError::Bounds(
                "an open loop is as long as load.seconds, 1 to 86400, or load.shape says: set one, \
                 and not load.requests",
            )),
        }
    }
}

impl Target {
    /// Checks what is asked, wherever it is sent.
    ///
    /// # Errors
    ///
    /// The first value at fault.
    pub(crate) fn check(&self) -> Result<(), ScenarioError> {
        if (self.method == Method::Post) != self.body.is_some() {
            return Err(ScenarioError::Bounds(
                "target.body belongs to method POST, and only to it",
            ));
        }
        target::check_headers(&self.headers)?;
        // Placeholders become letters, digits and dashes, so one filling stands for all.
        let path = self.path.fill(0, 0);
        if !path.starts_with('/') || PathAndQuery::try_from(path).is_err() {
            return Err(ScenarioError::Bounds(
                "target.path must begin with / and hold nothing a URL must escape",
            ));
        }
        Ok(())
    }
}

fn connections() -> usize {
    64
}

fn backlog() -> usize {
    100_000
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
