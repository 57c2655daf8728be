//! What a node knows of each bidder, shared by its workers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::io::bidders::Endpoint;
use crate::io::bidders::breaker::Position;
use crate::io::bidders::health::{Health, Together};
use crate::io::bidders::latency::{InBy, Latencies};
use crate::io::bidders::quotas::{Limit, Pressure};
use crate::io::bidders::value::Values;
use crate::model::ids::BidderId;
use crate::model::standing::{BidderStanding, Experience};

/// The state of all bidders of a market.
pub struct States {
    /// In the order of the endpoints.
    order: Vec<BidderId>,
    states: BTreeMap<BidderId, Arc<State>>,
    together: Arc<Together>,
    values: Arc<Values>,
}

/// The state of one bidder.
pub(super) struct State {
    /// Where it is called.
    url: Arc<str>,
    /// Its calls per second.
    pub(super) limit: Limit,
    /// Its calls under way.
    pub(super) in_flight: InFlight,
    /// Its throttle and breaker.
    pub(super) health: Health,
    /// How soon its value is in.
    pub(super) latency: Arc<Latencies>,
}

/// Calls under way to one bidder, from all workers.
pub(super) struct InFlight {
    most: u32,
    calls: Arc<AtomicU32>,
}

/// A place among the calls under way, given back when dropped.
pub(super) struct Place(Arc<AtomicU32>);

/// What an operator is told of a bidder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Who.
    pub bidder: BidderId,
    /// Where its breaker stands.
    pub breaker: Position,
    /// The share of calls its throttle leaves out, in millionths.
    pub skip_ppm: u32,
    /// What its limit of calls a second is up against.
    pub pressure: Pressure,
    /// Its calls under way.
    pub in_flight: u32,
    /// The most of them.
    pub most_in_flight: u32,
    /// What a call to it is expected to bring over all placements, in billionths of the currency;
    /// none where too little is known.
    pub value: Option<u64>,
    /// By when its value is in; none until some was seen.
    pub in_by: Option<InBy>,
}

impl States {
    /// Makes the states of a node: limits full, nothing known yet.
    #[must_use]
    pub fn new(endpoints: &[Endpoint]) -> Self {
        let together = Arc::new(Together::default());
        Self::with(endpoints, &BTreeMap::new(), together, Values::new(order(endpoints)))
    }

    /// Makes the states of the next market.
    ///
    /// A bidder that did not change keeps its own; one with other limits begins with these full, and
    /// keeps its health; one that is elsewhere begins anew. What its calls are worth is kept of every
    /// bidder that stays.
    #[must_use]
    pub fn reload(&self, endpoints: &[Endpoint]) -> Self {
        let values = self.values.reload(order(endpoints));
        Self::with(endpoints, &self.states, Arc::clone(&self.together), values)
    }

    fn with(
        endpoints: &[Endpoint],
        known: &BTreeMap<BidderId, Arc<State>>,
        together: Arc<Together>,
        values: Values,
    ) -> Self {
        together.set(endpoints.len());
        let states = endpoints.iter().map(|endpoint| {
            let known = known.get(&endpoint.id).filter(|state| state.url == endpoint.url);
            let state = match known {
                Some(state) if state.fits(endpoint) => Arc::clone(state),
                Some(state) => Arc::new(state.limited(endpoint)),
                None => {
                    let limits = (endpoint.qps, endpoint.in_flight);
                    Arc::new(State::new(&endpoint.url, limits, &together))
                }
            };
            (endpoint.id.clone(), state)
        });
        let states = states.collect();
        Self { order: order(endpoints), states, together, values: Arc::new(values) }
    }

    /// Returns the state of a bidder; one not known here has no limit.
    pub(super) fn of(&self, bidder: &BidderId) -> Arc<State> {
        let unknown = || Arc::new(State::new(&Arc::from(""), (None, u32::MAX), &self.together));
        self.states.get(bidder).map_or_else(unknown, Arc::clone)
    }

    /// Returns what is known of the worth of calls.
    pub(super) fn values(&self) -> Arc<Values> {
        Arc::clone(&self.values)
    }

    /// Learns from the calls of one auction what only decoding and deciding could tell.
    pub fn learn(&self, experiences: &[Experience]) {
        self.values.learn(experiences);
        for experience in experiences {
            if let Some(state) = self.states.get(&experience.bidder) {
                state.learn(experience);
            }
        }
    }

    /// Returns what an operator is told, a bidder each, in the order of the endpoints.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        let values = self.values.over_all();
        let report = |(bidder, value)| self.states[bidder].report(bidder, value);
        self.order.iter().zip(values).map(report).collect()
    }

    /// Returns whether all breakers are held closed, and how often they were.
    #[must_use]
    pub fn freezes(&self) -> (bool, u64) {
        (self.together.is_frozen(), self.together.freezes())
    }
}

impl State {
    fn new(url: &Arc<str>, (qps, in_flight): (Option<u32>, u32), together: &Arc<Together>) -> Self {
        Self {
            url: Arc::clone(url),
            limit: Limit::new(qps),
            in_flight: InFlight { most: in_flight, calls: Arc::default() },
            health: Health::new(Arc::clone(together)),
            latency: Arc::new(Latencies::new()),
        }
    }

    /// Returns the same bidder's state with the limits of an endpoint.
    fn limited(&self, endpoint: &Endpoint) -> Self {
        Self {
            url: Arc::clone(&self.url),
            limit: Limit::new(endpoint.qps),
            in_flight: InFlight {
                most: endpoint.in_flight,
                calls: Arc::clone(&self.in_flight.calls),
            },
            health: self.health.clone(),
            latency: Arc::clone(&self.latency),
        }
    }

    /// Says whether it holds to the limits of an endpoint.
    fn fits(&self, endpoint: &Endpoint) -> bool {
        self.limit.qps == endpoint.qps && self.in_flight.most == endpoint.in_flight
    }

    /// Returns the standing of its bidder, of which a call is expected to bring `value`, if that is
    /// known.
    pub(super) fn standing(&self, bidder: &BidderId, value: Option<u64>) -> BidderStanding {
        let (quota, health) = (self.limit.standing(value), self.health.standing());
        let value = value.unwrap_or(0);
        BidderStanding { quota, health, value, ..BidderStanding::free(bidder.clone()) }
    }

    fn learn(&self, experience: &Experience) {
        if experience.invalid && !experience.late {
            self.health.spoil();
        }
        let worth = u64::try_from(experience.best.micros()).unwrap_or(0);
        if let (Some(took_us), 1..) = (experience.took_us, experience.bids) {
            self.latency.count(took_us, worth);
        }
    }

    fn report(&self, bidder: &BidderId, value: Option<u64>) -> Report {
        let (skip_ppm, breaker) = self.health.report();
        Report {
            bidder: bidder.clone(),
            breaker,
            skip_ppm,
            pressure: self.limit.pressure(),
            in_flight: self.in_flight.calls.load(Ordering::Relaxed),
            most_in_flight: self.in_flight.most,
            value,
            in_by: self.latency.in_by(),
        }
    }
}

impl InFlight {
    /// Takes a place for a call; none when too many are under way.
    pub(super) fn enter(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.calls));
        // The place is given back by the drop when there was no room.
        (self.calls.fetch_add(1, Ordering::Relaxed) < self.most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Report {
    /// Returns one sentence about how soon the bidder's value is in.
    #[must_use]
    pub fn sentence(&self) -> String {
        let bidder = &self.bidder;
        match self.in_by {
            Some(InBy { p90, .. }) => {
                let millis = p90.div_ceil(1_000);
                format!("{bidder} answers 90 % of its value within {millis} ms")
            }
            None => format!("{bidder} has not bid within the last hour"),
        }
    }
}

fn order(endpoints: &[Endpoint]) -> Vec<BidderId> {
    endpoints.iter().map(|endpoint| endpoint.id.clone()).collect()
}

#[cfg(test)]
mod tests;
