//! Why a bid lost that was free to win.

use crate::auction::candidate::Candidate;
use crate::auction::fill::{Item, Limits, Load, possible, share_imp};
use crate::model::reason::LossReason;

/// Returns why an item is not in the pod of `winners`: the first reason that is true, in the order
/// of `interface.md` §7. It holds for each of its bids.
///
/// `group_incomplete` is left to groups that could never be sold whole; one that could and was not
/// is told what really kept it out.
pub(super) fn reason(
    candidates: &[Candidate],
    item: &Item,
    winners: &[&Item],
    limits: &Limits,
) -> LossReason {
    if !possible(candidates, item, limits) {
        return LossReason::GroupIncomplete;
    }
    let pod = winners.iter().fold(Load::default(), |pod, winner| pod.plus(winner.load));
    if pod.places_clash(item.load)
        || winners.iter().any(|winner| share_imp(candidates, item, winner))
    {
        return LossReason::SlotTaken;
    }
    let mut sum = pod.plus(item.load);
    let too_many = limits.ads < sum.ads;
    sum.ads = 0;
    if too_many && sum.within(limits) { LossReason::PodFull } else { LossReason::Outbid }
}
