//! A bar as its file writes it: what is asked for, with which bidders, how it is measured.

use std::io;

use serde::Deserialize;
use thiserror::Error;

use crate::{
    fleet::{self, Entry, FleetError},
    run::RunError,
};

/// One bar.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// Its name: that of its file.
    #[serde(skip)]
    pub name: String,
    /// What it asks for, in words.
    pub bar: String,
    /// The auction's time, in milliseconds.
    pub tmax_ms: u64,
    /// The seed of the bidders.
    #[serde(default)]
    pub seed: u64,
    /// What is put at the end of the exchange's config: tables of its own.
    #[serde(default)]
    pub config: String,
    /// How it is measured.
    pub measure: Measure,
    /// The bidders.
    #[serde(rename = "bidder")]
    pub bidders: Vec<Entry>,
}

/// How a bar is measured, and its limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Measure {
    /// CPU per auction beside a floor.
    Ratio(Ratio),
    /// The highest rate without a late answer, beside a floor's.
    Spread(Spread),
    /// CPU as bidders and auctions in flight grow.
    Growth(Growth),
    /// Hung and dripping bidders at a share of the peak.
    Hung(Hung),
    /// Surges past the peak.
    Goodput(Goodput),
    /// The process is stopped for a moment.
    Pause(Pause),
    /// Many requests on many connections within a second.
    Herd(Herd),
    /// One publisher far past its share, beside a quiet one.
    Noisy(Noisy),
    /// A bidder that dies, one that fails half the time, and both healed.
    Breaker(Breaker),
    /// A long run.
    Soak(Soak),
}

/// CPU per auction beside a floor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// `hyper` or `epoll`.
    pub floor: FloorWay,
    /// Whether bidders speak TLS to both.
    #[serde(default)]
    pub tls: bool,
    /// The loads it is measured at.
    pub regimes: Vec<Regime>,
    /// Rounds of each.
    #[serde(default = "nine")]
    pub rounds: usize,
    /// How long a round is, in seconds.
    #[serde(default = "three")]
    pub round_s: u64,
}

/// The way of a floor.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum FloorWay {
    /// Through hyper.
    Hyper,
    /// Through plain epoll.
    Epoll,
}

impl FloorWay {
    /// Returns the name as the command takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Epoll => "epoll",
        }
    }
}

/// A closed loop and its limit.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regime {
    /// Auctions in flight.
    pub in_flight: u32,
    /// The highest ratio that meets the bar.
    pub limit: f64,
    /// The ratio aimed at, where it is lower.
    pub aim: Option<f64>,
    /// How long bidders take at least and at most, in milliseconds; absent: as the file says.
    pub latency_ms: Option<[u32; 2]>,
}

/// The highest rate without a late answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// The floor it is set beside.
    pub floor: FloorWay,
    /// The share of the floor's rate aimed at.
    pub aim: f64,
    /// Auctions in flight when the peak is looked for.
    pub in_flight: u32,
}

/// CPU as bidders and auctions in flight grow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Few bidders and many: CPU per call.
    pub bidders: [Size; 2],
    /// By how much CPU per call may grow from few bidders to many.
    pub call_limit: f64,
    /// Few auctions in flight and many: CPU per auction.
    pub in_flight: [Size; 2],
    /// By how much CPU per auction may grow from few in flight to many.
    pub flight_limit: f64,
}

/// A size at which CPU is measured.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Bidders.
    pub bidders: u16,
    /// Auctions in flight.
    pub in_flight: u32,
    /// How long bidders take at least and at most, in milliseconds; absent: as the file says.
    pub latency_ms: Option<[u32; 2]>,
}

/// Hung and dripping bidders.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hung {
    /// The share of the peak that is offered.
    pub share: f64,
    /// How long, in seconds.
    pub seconds: u32,
    /// The least share answered by the deadline.
    pub by_deadline: f64,
}

/// Surges past the peak.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goodput {
    /// Times the peak.
    pub factors: Vec<f64>,
    /// The least goodput of each, as a share of the peak.
    pub shares: Vec<f64>,
    /// The longest p99 of answers shed, in milliseconds.
    pub shed_p99_ms: f64,
    /// How long a surge lasts, in seconds.
    pub surge_s: u32,
    /// Connections that callers keep.
    pub connections: usize,
}

/// The process is stopped for a moment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// The share of the peak that is offered.
    pub share: f64,
    /// How long it is stopped, in milliseconds.
    pub stop_ms: u64,
    /// The least share answered in time from a second after.
    pub in_time: f64,
    /// The most dials per auction from then on.
    pub dials: f64,
}

/// Many requests within a second.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Herd {
    /// Requests.
    pub requests: u32,
    /// Connections.
    pub connections: usize,
    /// By how much resident memory may grow, in megabytes.
    pub rss_mb: f64,
}

/// A noisy publisher beside a quiet one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Noisy {
    /// Times its share of the peak that the noisy one asks.
    pub factor: f64,
    /// The share of the peak that the quiet one asks.
    pub quiet: f64,
    /// The least share of the quiet one's requests that are sold.
    pub admitted: f64,
    /// By how much the quiet one's p99 may exceed its p99 alone.
    pub p99_limit: f64,
    /// How long, in seconds.
    pub seconds: u32,
}

/// A bidder that dies, one that fails half the time, and both healed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    /// The share of the peak that is offered.
    pub share: f64,
    /// The number of the bidder that dies, from 1.
    pub dead: usize,
    /// The number of the bidder that fails half the time, from 1.
    pub failing: usize,
    /// When both begin, in seconds.
    pub from_s: u32,
    /// When both are healed, in seconds.
    pub to_s: u32,
    /// When the run ends, in seconds.
    pub end_s: u32,
}

/// A long run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Soak {
    /// The share of the peak that is offered.
    pub share: f64,
    /// How long, in seconds.
    pub seconds: u32,
    /// By how much resident memory may grow after warm-up, in megabytes in ten minutes.
    pub mb_per_ten_minutes: f64,
}

/// Says why a bar could not be measured.
#[derive(Debug, Error)]
pub enum BarError {
    /// The file is not TOML, or not of this shape.
    #[error("bar {name}: {source}")]
    Shape {
        /// The bar.
        name: String,
        /// Line, column and what is wrong there.
        source: Box<toml::de::Error>,
    },
    /// The file asks for what cannot be.
    #[error("bar {name}: {what}")]
    Bounds {
        /// The bar.
        name: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The bidders are at fault, or did not start.
    #[error(transparent)]
    Fleet(#[from] FleetError),
    /// The run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The system refused something.
    #[error("{what}")]
    System {
        /// What was being done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A child did not come up.
    #[error("{what} did not come up: {said}")]
    Child {
        /// Which.
        what: String,
        /// The end of what it wrote.
        said: String,
    },
}

impl Bar {
    /// Reads a bar from the text of its file.
    ///
    /// # Errors
    ///
    /// A text that is not of the right shape, or asks for what cannot be.
    pub fn parse(name: &str, text: &str) -> Result<Self, BarError> {
        let mut bar: Self = toml::from_str(text).map_err(|source| BarError::Shape {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        bar.name = name.to_owned();
        let members = fleet::members(&bar.bidders)?.len();
        let bounds = |what| BarError::Bounds { name: name.to_owned(), what };
        match &bar.measure {
            Measure::Goodput(it) if it.factors.len() != it.shares.len() => {
                Err(bounds("factors and shares must be as many"))
            }
            Measure::Breaker(it)
                if !(1..=members).contains(&it.dead) || !(1..=members).contains(&it.failing) =>
            {
                Err(bounds("dead and failing must be numbers of bidders"))
            }
            Measure::Growth(_) if members != 1 => {
                Err(bounds("growth counts one bidder entry itself"))
            }
            _ if members == 0 => Err(bounds("there must be bidders")),
            _ => Ok(bar),
        }
    }
}

fn nine() -> usize {
    9
}

fn three() -> u64 {
    3
}
