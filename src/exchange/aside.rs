//! What of a sale may take long, done off its worker's thread: no poll of a worker lasts over 100 µs.

use std::sync::Arc;

use crate::auction::{decide, house, insight, minimums};
use crate::exchange::shared::Shared;
use crate::io::clock::Times;
use crate::io::offload::{Full, Pending};
use crate::io::once::Missing;
use crate::io::under_way::Begun;
use crate::model::break_request::BreakRequest;
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;
use crate::model::reason::NoFillReason;
use crate::wire::explain::{self, Asked, Explanation};
use crate::wire::notice;

/// An auction that was decided.
pub type Auction = (AuctionInput, Outcome);

/// Decides: on the worker when few steps will do, else aside, and never past the deadline.
///
/// # Errors
///
/// Why nothing is sold: too much is being decided already, or the time is up.
pub async fn decide(
    shared: &Shared,
    input: AuctionInput,
    times: &Times,
) -> Result<Auction, NoFillReason> {
    let bids: usize = input.replies.iter().map(|reply| reply.bids.len()).sum();
    if bids <= BIDS_ON_WORKER
        && house::steps(&input.plan.parts) <= HOUSE_ON_WORKER
        && let Some(outcome) = decide::decide_within(&input, STEPS_ON_WORKER)
    {
        return Ok((input, outcome));
    }
    shared.metrics.decision_aside();
    let work = move || {
        let outcome = decide::decide(&input);
        (input, outcome)
    };
    let pending = shared.offload.soon(work).map_err(|Full| NoFillReason::Shed)?;
    pending.by(times.deadline).await.map_err(|missing| match missing {
        Missing::Late => NoFillReason::TooLate,
        Missing::Dead => NoFillReason::Technical,
    })
}

/// Begins to tell an auction to a caller who asked for it; none when too much waits already.
pub fn tell(
    shared: &Shared,
    request: &BreakRequest,
    auction: &Arc<Auction>,
) -> Option<Pending<Explanation>> {
    let (asked, auction) = (Asked::of(request), Arc::clone(auction));
    let work = move || {
        let (input, outcome) = &*auction;
        explain::explain(&asked, input, outcome, &insight::insight(input, outcome))
    };
    shared.offload.soon(work).ok()
}

/// Returns an auction as it is told; without what losers would have needed, when that is not found
/// in time.
pub async fn told(
    request: &BreakRequest,
    auction: &Auction,
    telling: Option<Pending<Explanation>>,
    times: &Times,
) -> Explanation {
    let told = match telling {
        Some(pending) => pending.by(times.flush_by()).await.ok(),
        None => None,
    };
    told.unwrap_or_else(|| {
        let (input, outcome) = auction;
        explain::explain(&Asked::of(request), input, outcome, &insight::reckoned(input))
    })
}

/// Queues the loss notices of an auction.
///
/// What losers would have needed is searched for aside, where one of them asks. When too much is
/// waiting there, they are told the rest at once.
pub fn tell_losers(shared: &Arc<Shared>, auction: &Arc<Auction>, begun: Begun) {
    let (input, outcome) = &**auction;
    if !notice::asks_minimums(input, outcome) {
        shared.notify_losers(input, outcome, &[]);
        return;
    }
    let (own, decided) = (Arc::clone(shared), Arc::clone(auction));
    let work = move || {
        let (input, outcome) = &*decided;
        let minimums = minimums::minimums(input, outcome);
        own.notify_losers(input, outcome, &minimums);
        drop(begun);
    };
    if let Err(_undone) = shared.offload.later(work) {
        shared.metrics.minimums_skipped();
        shared.notify_losers(input, outcome, &[]);
    }
}

/// The most bids that a worker judges itself: each takes some 2 µs before the search begins.
const BIDS_ON_WORKER: usize = 32;

/// The most steps of the choice of house ads that a worker takes itself: about 20 µs of them.
pub const HOUSE_ON_WORKER: usize = 10_000;

/// The most steps of the search that a worker takes itself: about 50 µs of them.
const STEPS_ON_WORKER: u32 = 500;
