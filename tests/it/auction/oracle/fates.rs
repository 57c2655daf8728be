//! The one fate of each bid (`interface.md` section 7).

use breakwater::model::outcome::{Fate, Outcome};
use breakwater::model::plan::Shape;
use breakwater::model::reason::LossReason;

use super::Oracle;
use super::ads::{Ad, Ads};
use super::sets::{in_time, legal, placed};

/// Checks that each bid has its fate.
pub(super) fn check(oracle: &Oracle<'_>, outcome: &Outcome) -> Result<(), String> {
    for (reply, reasons) in oracle.ads.refused.iter().enumerate() {
        if outcome.fates[reply].len() != reasons.len() {
            return Err(format!("reply {reply} has too many fates, or too few"));
        }
        for (bid, refused) in reasons.iter().enumerate() {
            let at = oracle.ads.list.iter().position(|ad| (ad.at.reply, ad.at.bid) == (reply, bid));
            let expected = refused.or_else(|| lost(oracle, at.unwrap()));
            let found = match outcome.fates[reply][bid] {
                Fate::Lost(reason) => Some(reason),
                Fate::Won(win) => {
                    let named = outcome.wins[win].bid;
                    if (named.reply, named.bid) != (reply, bid) {
                        return Err(format!("bid {reply}.{bid} points to another's win"));
                    }
                    None
                }
            };
            if found != expected {
                return Err(format!("bid {reply}.{bid} should be {expected:?}, is {found:?}"));
            }
        }
    }
    Ok(())
}

/// Returns why an ad lost that was free to win, if it did.
fn lost(oracle: &Oracle<'_>, index: usize) -> Option<LossReason> {
    let (ads, best) = (&oracle.ads, oracle.best);
    if best & (1 << index) != 0 {
        return None;
    }
    let group = ads.group(index);
    let with = best | group;
    let beaten = |(member, ad): (usize, &Ad<'_>)| {
        let rivals = ads.members(ads.apart[member] & best);
        group & (1 << member) != 0 && rivals.iter().any(|rival| ad.counts <= rival.counts)
    };
    Some(if !legal(ads, group) {
        LossReason::GroupIncomplete
    } else if !placed(ads, with) {
        LossReason::SlotTaken
    } else if ads.list.iter().enumerate().any(beaten) {
        LossReason::Separation
    } else if displaced(oracle, index) {
        LossReason::DisplacedByDeal
    } else if in_time(ads, with) && !stretches_hold(ads, with) {
        LossReason::PodFull
    } else {
        LossReason::Outbid
    })
}

/// Says whether an ad would have won had all prices counted alike, whatever the tier.
fn displaced(oracle: &Oracle<'_>, index: usize) -> bool {
    oracle.sets.best_of_one_tier(&oracle.ads, &oracle.counts) & (1 << index) != 0
}

/// Says whether no stretch has more ads than it takes; who lost the one ad of a slot was outbid.
fn stretches_hold(ads: &Ads<'_>, set: u32) -> bool {
    let members = ads.members(set);
    let parts = ads.input.plan.parts.iter().enumerate();
    parts.filter(|(_, part)| part.shape == Shape::Stretch).all(|(index, part)| {
        members.iter().filter(|ad| ad.part == index).count() <= usize::from(part.max_ads)
    })
}
