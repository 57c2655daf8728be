//! Asks bidders: many calls out, one absolute end, bytes back.
//!
//! It keeps connections warm, takes the quotas and holds to the limits. A bidder that hangs, dies
//! or lies costs only itself. No auction dials or waits for a connection: `pool` lends them, the
//! `dialler` makes them. It never knows what a bid is: the caller decodes.

pub mod breaker;
pub mod late;
pub mod latency;
pub mod quotas;
pub mod state;

mod backoff;
mod call;
mod demand;
mod dialler;
mod health;
mod link;
mod pool;
mod retries;
mod sessions;
mod stock;
mod swap;
mod throttle;
mod value;

use std::collections::BTreeMap;
use std::future::Ready;
use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::io::bidders::call::{Ended, Leave, Lent, OpenCall};
use crate::io::bidders::late::{Late, Open, Times};
use crate::io::bidders::pool::Pool;
use crate::io::bidders::state::{State, States};
use crate::io::bidders::swap::{Held, Keeper};
use crate::io::bidders::value::Values;
use crate::io::connect::Connect;
use crate::io::http1::Fetched;
use crate::io::metrics::Metrics;
use crate::model::call::{Answer, AnswerOutcome, Call};
use crate::model::ids::{BidderId, PlacementId};
use crate::model::standing::{Brownout, Standing};

/// A bidder as the network sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// Who.
    pub id: BidderId,
    /// Where bid requests are posted to. One that is no URL makes the bidder unreachable.
    pub url: Arc<str>,
    /// The most calls a second of the whole node.
    pub qps: Option<u32>,
    /// The most calls under way at once, of the whole node.
    pub in_flight: u32,
    /// Whether it is asked over HTTP/2.
    pub http2: bool,
    /// Lifts the rules about addresses (decision 35).
    pub allow_loopback: bool,
}

/// What a worker provides for its bidders.
#[derive(Clone)]
pub struct Upkeep {
    /// The most connections to all bidders together; each has the same share of them.
    pub connections: usize,
    /// The connections to each bidder that are kept even when nobody calls.
    pub least: usize,
    /// Told of answers that nobody waits for any more.
    pub late: Late,
    /// Told of dials and of the state of the pools.
    pub metrics: Arc<Metrics>,
}

/// How many connections of one worker to one bidder are in which state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PoolState {
    /// Who.
    pub bidder: BidderId,
    /// Those that wait for a call.
    pub idle: usize,
    /// Those with a call on them, the late ones included.
    pub busy: usize,
    /// Those being made.
    pub dialling: usize,
}

/// All bidders of a market, as one worker calls them.
pub struct Bidders {
    /// In the order of the endpoints given.
    bidders: Vec<Bidder>,
    by_id: BTreeMap<BidderId, usize>,
    values: Arc<Values>,
    late: Late,
    runtime: Handle,
    keeper: Keeper,
}

/// One bidder: what all workers know of it, and this worker's connections.
struct Bidder {
    endpoint: Endpoint,
    state: Arc<State>,
    /// Missing when the endpoint is no URL.
    pool: Option<Held>,
}

impl Bidders {
    /// Makes the bidders of one worker and begins to connect to them.
    ///
    /// # Panics
    ///
    /// Outside the runtime of the worker.
    #[must_use]
    pub fn new(
        endpoints: Vec<Endpoint>,
        states: &States,
        connector: Arc<dyn Connect>,
        upkeep: Upkeep,
    ) -> Self {
        let (runtime, late) = (Handle::current(), Arc::clone(&upkeep.late));
        let keeper = Keeper::start(&runtime, connector, &upkeep);
        Self::with(endpoints, states, &[], (keeper, late, runtime))
    }

    /// Waits until every bidder has its least connections or cannot be reached, or until `until`.
    pub async fn warm(&self, until: Instant) {
        let pools = self.bidders.iter().filter_map(Bidder::pool);
        let all = join_all(pools.map(|pool| pool.settle()));
        // A bidder that hesitates is skipped until it is there.
        let _: Result<Vec<()>, _> = timeout_at(until, all).await;
    }

    /// Returns the state of every pool, in the order of the endpoints.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolState> {
        let state = |bidder: &Bidder| {
            let counts = bidder.pool().map(|pool| pool.counts()).unwrap_or_default();
            let (bidder, dialling) = (bidder.endpoint.id.clone(), counts.dialling);
            PoolState { bidder, idle: counts.idle, busy: counts.busy, dialling }
        };
        self.bidders.iter().map(state).collect()
    }

    /// Returns the standing of every bidder, in the order of the endpoints, and draws what is to
    /// be drawn for one auction; no quota is taken.
    #[must_use]
    pub fn standing(&self, placement: &PlacementId, brownout: Brownout) -> Standing {
        let contended = self.bidders.iter().any(|bidder| bidder.state.limit.is_contended());
        // What calls are worth decides nothing while everybody can be asked.
        let worth = match brownout == Brownout::All && !contended {
            true => Vec::new(),
            false => self.values.at(placement),
        };
        let standing = |(at, bidder): (usize, &Bidder)| {
            bidder.state.standing(&bidder.endpoint.id, worth.get(at).copied())
        };
        let mut bidders: Vec<_> = self.bidders.iter().enumerate().map(standing).collect();
        value::explore(brownout, &mut bidders);
        Standing { bidders, brownout }
    }

    /// Makes all calls at once and returns what `decode` makes of each answer, in their order.
    ///
    /// Answers are decoded as they arrive. It ends when all have, or at `cutoff`: what is open then
    /// is late. Dropping the future makes all open calls late.
    pub async fn ask<R>(
        &self,
        calls: Vec<Call>,
        decode: impl Fn(&Call, Answer) -> R,
        cutoff: Instant,
    ) -> Vec<R> {
        let nothing = |_: &Call, _: &R| Vec::<Ready<()>>::new();
        let answered = self.ask_and_follow(calls, decode, nothing, cutoff).await;
        answered.into_iter().map(|(reply, _)| reply).collect()
    }

    /// Makes all calls at once and does what `follow` finds to do about each answer, as it comes.
    ///
    /// Returns what `decode` makes of each answer, in the order of the calls, with what came of its
    /// following up in time. It ends when all is done, or at `cutoff`, as `ask` does.
    pub async fn ask_and_follow<R, F: Future>(
        &self,
        calls: Vec<Call>,
        decode: impl Fn(&Call, Answer) -> R,
        follow: impl Fn(&Call, &R) -> Vec<F>,
        cutoff: Instant,
    ) -> Vec<(R, Vec<F::Output>)> {
        let times = Times::new(Instant::now(), cutoff);
        let mut replies: Vec<Option<(R, Vec<F::Output>)>> = calls.iter().map(|_| None).collect();
        let mut reply = |at: usize, answer: Answer| {
            let reply = decode(&calls[at], answer);
            let further = follow(&calls[at], &reply);
            replies[at] = Some((reply, Vec::with_capacity(further.len())));
            further
        };
        let mut open = self.begin(&calls, times, |at, answer| drop(reply(at, answer)));
        let mut followed = FuturesUnordered::new();
        let mut found = Vec::new();
        let cut = sleep_until(times.cut);
        tokio::pin!(cut);
        while !open.calls.is_empty() || !followed.is_empty() {
            tokio::select! {
                // The cutoff first: a flood of answers cannot hold it up.
                biased;
                () = &mut cut => break,
                Some(ended) = open.calls.next() => {
                    // The timer fires only between polls; on a busy worker many answers, each
                    // decoded at once, can lie between two of them.
                    let Ended { at, pool, fetched, leave } = ended;
                    let answer = match times.in_time(fetched) {
                        Ok(answer) => answer,
                        Err(fetched) => {
                            reply(at, times.late(true));
                            open.tell(Ended { at, pool, fetched, leave });
                            break;
                        }
                    };
                    leave.end(&answer.outcome);
                    for further in reply(at, answer) {
                        followed.push(async move { (at, further.await) });
                    }
                }
                Some(further) = followed.next() => {
                    if times.are_over() {
                        break;
                    }
                    found.push(further);
                }
            }
        }
        for call in &open.calls {
            reply(call.at, times.late(call.sent()));
        }
        drop((open, followed));
        for (at, found) in found {
            if let Some((_, all)) = &mut replies[at] {
                all.push(found);
            }
        }
        let whole = |reply: Option<_>| reply.expect("each call was skipped, has ended or is open");
        replies.into_iter().map(whole).collect()
    }

    /// Begins the calls that can be made; the others have their answer at once.
    fn begin(&self, calls: &[Call], times: Times, mut reply: impl FnMut(usize, Answer)) -> Open {
        let open = Open::new(times, &self.late, &self.runtime);
        for (at, call) in calls.iter().enumerate() {
            let lent = match times.are_over() {
                true => Err(AnswerOutcome::Timeout { sent: false }),
                false => self.lend(call),
            };
            match lent {
                Ok((pool, lent, leave)) => {
                    open.calls.push(OpenCall::new(at, call, pool, lent, (leave, times)));
                }
                Err(outcome) => reply(at, times.answer(Fetched { outcome, status: None })),
            }
        }
        open
    }

    /// Takes leave of a bidder's health, a connection and a place in its quota for a call.
    fn lend(&self, call: &Call) -> Result<(&Arc<Pool>, Lent, Leave), AnswerOutcome> {
        let bidder = self.by_id.get(&call.bidder).map(|at| &self.bidders[*at]);
        let known = bidder.and_then(|bidder| Some((&bidder.state, bidder.pool()?)));
        let (state, pool) = known.ok_or(AnswerOutcome::Unreachable)?;
        let attempt = state.health.admit().ok_or(AnswerOutcome::SkippedHealth)?;
        let place = state.in_flight.enter().ok_or(AnswerOutcome::SkippedInFlight)?;
        // The connection first: a call that is not made must not use up the quota.
        let (lease, link) = pool.take()?;
        if !state.limit.take() {
            lease.give_up(link);
            return Err(AnswerOutcome::SkippedQps);
        }
        Ok((pool, (lease, link), Leave::new(attempt, place)))
    }
}

impl Bidder {
    fn pool(&self) -> Option<&Arc<Pool>> {
        self.pool.as_ref().map(Held::pool)
    }
}

/// The connections of a worker to a bidder that are kept even when nobody calls, unless told
/// otherwise: enough for the first viewers of a break.
pub const LEAST: usize = 4;

#[cfg(test)]
mod tests;
