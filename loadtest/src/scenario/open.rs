//! The publishers of an open loop, each with its own rate, request and connections, so that a noisy
//! one and a quiet one can be told apart.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use crate::{
    run::{
        crew::{Lane, Manner},
        schedule::{Schedule, Step},
    },
    scenario::{Load, Open, Scenario, ScenarioError, Target, template::Template},
};

/// One publisher, as written; what it leaves out is as `target` and `load` say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// What the report calls it.
    pub name: String,
    /// Its arrivals per second.
    pub rate: f64,
    /// Its steps.
    pub shape: Option<Vec<Step>>,
    /// Its connections.
    pub connections: Option<usize>,
    /// Path and query.
    pub path: Option<Template>,
    /// Headers; they are sent in place of the target's of the same name.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body of a `POST`.
    pub body: Option<Template>,
}

/// A checked publisher.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    /// What it asks, over how many connections.
    pub(crate) lane: Lane,
    /// When.
    pub(crate) schedule: Schedule,
}

impl Scenario {
    /// Checks the open loop and returns its publishers.
    pub(super) fn open(&self) -> Result<Open, ScenarioError> {
        let load = &self.load;
        let mut streams = Vec::new();
        if self.publishers.is_empty() {
            let lane = self.lane(&self.name, self.target.clone(), load.connections);
            let rate = load.rate.unwrap_or_default();
            streams.push(Stream { lane, schedule: Schedule { rate, steps: self.steps()? } });
        } else if load.rate.is_some() {
            return Err(ScenarioError::Bounds(
                "an open loop has load.rate or publishers with a rate each, not both",
            ));
        }
        for publisher in &self.publishers {
            let target = publisher.target(&self.target);
            target.check()?;
            let connections = publisher.connections.unwrap_or(load.connections);
            let lane = self.lane(&publisher.name, target, connections);
            let steps = publisher.shape.clone().map_or_else(|| self.steps(), Ok)?;
            streams.push(Stream { lane, schedule: Schedule { rate: publisher.rate, steps } });
        }
        let connections: usize = streams.iter().map(|stream| stream.lane.connections).sum();
        let checks = [
            (
                streams.iter().all(|stream| stream.schedule.is_sound()),
                "an open loop has a rate above 0 to 1000000 a second, and steps above 0 s",
            ),
            (
                streams.iter().all(|stream| 0 < stream.lane.connections)
                    && connections <= MAX_CONNECTIONS,
                "an open loop has connections, at most 30000 in all",
            ),
            (streams.len() <= MAX_PUBLISHERS, "an open loop has at most 64 publishers"),
            (load.backlog <= MAX_BACKLOG, "load.backlog must be at most 10000000"),
        ];
        match checks.iter().find(|(holds, _)| !holds) {
            None => Ok(Open { streams }),
            Some((_, what)) => Err(ScenarioError::Bounds(what)),
        }
    }

    fn lane(&self, name: &str, target: Target, connections: usize) -> Lane {
        Lane { name: name.to_owned(), target, connections, backlog: self.load.backlog }
    }
}

impl Publisher {
    fn target(&self, common: &Target) -> Target {
        let mut target = common.clone();
        if let Some(path) = &self.path {
            target.path = path.clone();
        }
        if let Some(body) = &self.body {
            target.body = Some(body.clone());
        }
        target.headers.extend(self.headers.clone());
        target
    }
}

impl Manner {
    /// Reads how callers behave.
    pub(crate) fn of(load: &Load) -> Self {
        Self {
            tmax: Duration::from_millis(load.tmax_ms),
            patience: Duration::from_millis(load.timeout_ms),
            glance: load.glance,
        }
    }
}

/// The most connections of all publishers.
const MAX_CONNECTIONS: usize = 30_000;

/// The most publishers.
const MAX_PUBLISHERS: usize = 64;

/// The most requests that may wait.
const MAX_BACKLOG: usize = 10_000_000;
