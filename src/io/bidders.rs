//! Asks bidders: many calls out, one absolute end, bytes back.
//!
//! It keeps connections warm, takes the quotas and holds to the limits. A bidder that hangs, dies
//! or lies costs only itself. It never knows what a bid is: the caller decodes.

pub mod state;

mod pool;
mod quotas;

use std::collections::BTreeMap;
use std::future::Ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};

use crate::io::bidders::pool::Pool;
use crate::io::bidders::state::{State, States};
use crate::io::connect::Connect;
use crate::io::http1::Fetched;
use crate::model::call::{Answer, AnswerOutcome, Call};
use crate::model::ids::BidderId;
use crate::model::standing::{BidderStanding, Standing};

/// A bidder as the network sees it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Who.
    pub id: BidderId,
    /// Where bid requests are posted to. One that is no URL makes the bidder unreachable.
    pub url: Arc<str>,
    /// The most calls a second of the whole node.
    pub qps: Option<u32>,
    /// Lifts the rules about addresses (decision 35).
    pub allow_loopback: bool,
}

/// All bidders of a market, as one worker calls them.
pub struct Bidders {
    /// In the order of the endpoints given.
    bidders: Vec<Bidder>,
    by_id: BTreeMap<BidderId, usize>,
}

/// One bidder: what all workers know of it, and this worker's connections.
struct Bidder {
    id: BidderId,
    state: Arc<State>,
    /// Missing when the endpoint is no URL.
    pool: Option<Arc<Pool>>,
}

impl Bidders {
    /// Makes the bidders of one worker; no connection is made until the first call.
    #[must_use]
    pub fn new(endpoints: Vec<Endpoint>, states: &States, connector: Arc<dyn Connect>) -> Self {
        let bidders: Vec<Bidder> = endpoints
            .into_iter()
            .map(|endpoint| Bidder {
                state: states.of(&endpoint.id),
                pool: Pool::new(&endpoint, Arc::clone(&connector)).map(Arc::new),
                id: endpoint.id,
            })
            .collect();
        let by_id =
            bidders.iter().enumerate().map(|(at, bidder)| (bidder.id.clone(), at)).collect();
        Self { bidders, by_id }
    }

    /// Returns the standing of every bidder, in the order of the endpoints; no quota is taken.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let standing = |bidder: &Bidder| BidderStanding {
            bidder: bidder.id.clone(),
            quota: bidder.state.limit.standing(),
        };
        Standing { bidders: self.bidders.iter().map(standing).collect() }
    }

    /// Makes all calls at once and returns what `decode` makes of each answer, in their order.
    ///
    /// Answers are decoded as they arrive. It ends when all have, or at `cutoff`: what is open then
    /// is dropped, its connection closed. Dropping the future drops all calls.
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
        let begun = Instant::now();
        let deadline_us = micros(cutoff.saturating_duration_since(begun));
        let answer = |fetched: Fetched| Answer {
            outcome: fetched.outcome,
            status: fetched.status,
            deadline_us,
            elapsed_us: micros(begun.elapsed()),
        };
        let mut replies: Vec<Option<(R, Vec<F::Output>)>> = calls.iter().map(|_| None).collect();
        let sent: Vec<AtomicBool> = calls.iter().map(|_| AtomicBool::new(false)).collect();
        let mut open: FuturesUnordered<_> = calls
            .iter()
            .zip(&sent)
            .enumerate()
            .map(|(at, (call, sent))| async move { (at, self.call(call, sent).await) })
            .collect();
        let mut followed = FuturesUnordered::new();
        let cut = sleep_until(cutoff);
        tokio::pin!(cut);
        while !open.is_empty() || !followed.is_empty() {
            tokio::select! {
                // The cutoff first: a flood of answers cannot hold it up.
                biased;
                () = &mut cut => break,
                Some((at, fetched)) = open.next() => {
                    // The timer fires only between polls; on a busy worker many answers, each
                    // decoded at once, can lie between two of them.
                    if cutoff <= Instant::now() {
                        break;
                    }
                    let reply = decode(&calls[at], answer(fetched));
                    for further in follow(&calls[at], &reply) {
                        followed.push(async move { (at, further.await) });
                    }
                    replies[at] = Some((reply, Vec::new()));
                }
                Some((at, found)) = followed.next() => {
                    if cutoff <= Instant::now() {
                        break;
                    }
                    if let Some((_, all)) = &mut replies[at] {
                        all.push(found);
                    }
                }
            }
        }
        drop((open, followed));
        let late = |sent: AtomicBool| {
            let sent = sent.load(Ordering::Relaxed);
            answer(Fetched { outcome: AnswerOutcome::Timeout { sent }, status: None })
        };
        let replies = calls.iter().zip(replies).zip(sent);
        replies
            .map(|((call, reply), sent)| {
                reply.unwrap_or_else(|| (decode(call, late(sent)), Vec::new()))
            })
            .collect()
    }

    async fn call(&self, call: &Call, sent: &AtomicBool) -> Fetched {
        let bidder = self.by_id.get(&call.bidder).map(|at| &self.bidders[*at]);
        let Some((state, pool)) =
            bidder.and_then(|bidder| Some((&bidder.state, bidder.pool.as_ref()?)))
        else {
            return Fetched { outcome: AnswerOutcome::Unreachable, status: None };
        };
        // Room first: a call that is not made must not use up the quota.
        let Some(_place) = pool.enter() else {
            return Fetched { outcome: AnswerOutcome::SkippedInFlight, status: None };
        };
        if !state.limit.take() {
            return Fetched { outcome: AnswerOutcome::SkippedQps, status: None };
        }
        pool.fetch(call, sent).await
    }
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
