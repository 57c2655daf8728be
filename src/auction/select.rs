//! Who of the offered bidders is asked.

use crate::model::plan::{Chosen, Plan};
use crate::model::reason::CallReason;
use crate::model::standing::{Quota, Standing};

/// Returns who is asked: every offered bidder whose quota has room.
///
/// A bidder of unknown standing is asked: its quota is taken again when the call is made, so the
/// worst that can follow is a `skipped_qps` reply.
#[must_use]
pub fn select(plan: &Plan, standing: &Standing) -> Chosen {
    let mut chosen = Chosen::default();
    for (index, offer) in plan.offers.iter().enumerate() {
        match standing.of(&offer.bidder.id).map(|standing| standing.quota) {
            Some(Quota::Exhausted) => chosen.skipped.push((index, CallReason::SkippedQps)),
            Some(Quota::Free) | None => chosen.asked.push(index),
        }
    }
    chosen
}
