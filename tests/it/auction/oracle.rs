//! The rules of the auction said once more, slowly: every set of bids is tried.
//!
//! It shares no code with `auction`, and asks of `decide` everything that can be asked.

use std::cmp::Reverse;

use breakwater::model::bid::Bid;
use breakwater::model::market::{Dialect, Fit};
use breakwater::model::outcome::{BidRef, Fate, Outcome};
use breakwater::model::plan::AuctionInput;
use breakwater::model::reason::LossReason;
use breakwater::model::time::Seconds;
use sha2::{Digest, Sha256};

/// Says what is wrong with an outcome, if anything.
pub(crate) fn check(input: &AuctionInput, outcome: &Outcome) -> Result<(), String> {
    let all = all(input);
    let legal: Vec<BidRef> = all.iter().copied().filter(|&at| eligible(input, at)).collect();
    let best = best(input, &legal);
    let mut won: Vec<BidRef> = outcome.wins.iter().map(|win| win.bid).collect();
    check_order(input, &won)?;
    check_times(input, outcome)?;
    won.sort_by_key(|at| (at.reply, at.bid));
    if won != best {
        return Err(format!("won {won:?}, the best pod is {best:?}"));
    }
    for &at in &all {
        let fate = outcome.fates[at.reply][at.bid];
        let expected = fate_of(input, &legal, &won, at);
        let found = match fate {
            Fate::Won(win) if outcome.wins[win].bid == at => None,
            Fate::Won(_) => return Err(format!("{at:?} points to another's win")),
            Fate::Lost(reason) => Some(reason),
        };
        if found != expected {
            return Err(format!("{at:?} should be {expected:?}, is {found:?}"));
        }
    }
    Ok(())
}

fn all(input: &AuctionInput) -> Vec<BidRef> {
    let replies = input.replies.iter().enumerate();
    replies
        .flat_map(|(reply, of)| (0..of.bids.len()).map(move |bid| BidRef { reply, bid }))
        .collect()
}

fn bid(input: &AuctionInput, at: BidRef) -> &Bid {
    &input.replies[at.reply].bids[at.bid]
}

fn seconds(input: &AuctionInput, at: BidRef) -> u32 {
    bid(input, at).seconds.unwrap().0
}

fn millis(input: &AuctionInput, at: BidRef) -> u64 {
    let stated = bid(input, at).markup.as_ref().unwrap().duration;
    stated.map_or_else(|| u64::from(seconds(input, at)) * 1000, |length| length.0)
}

fn micros(input: &AuctionInput, at: BidRef) -> i64 {
    bid(input, at).price.as_ref().unwrap().cpm.micros()
}

/// The only faults that the generator makes.
fn refusal(input: &AuctionInput, at: BidRef) -> Option<LossReason> {
    let pod = &input.plan.parts[0];
    let too_long = pod.seconds.0 < seconds(input, at)
        || (pod.fit == Fit::Real && pod.real.0 < millis(input, at));
    if &*bid(input, at).advertisers[0].domain == "shop.blocked.example" {
        Some(LossReason::AdvertiserBlocked)
    } else if too_long {
        Some(LossReason::DurationNotAllowed)
    } else if micros(input, at) < input.plan.parts[0].floor.at(Seconds(1)).micros() {
        Some(LossReason::BelowFloor)
    } else {
        None
    }
}

/// All bids of its group, itself included.
fn group(input: &AuctionInput, at: BidRef) -> Vec<BidRef> {
    let Some(group) = bid(input, at).group else {
        return vec![at];
    };
    let bids = input.replies[at.reply].bids.iter().enumerate();
    bids.filter(|(_, bid)| bid.group == Some(group))
        .map(|(bid, _)| BidRef { reply: at.reply, bid })
        .collect()
}

fn eligible(input: &AuctionInput, at: BidRef) -> bool {
    group(input, at).into_iter().all(|member| refusal(input, member).is_none())
}

fn best(input: &AuctionInput, legal: &[BidRef]) -> Vec<BidRef> {
    let sets = (0_u32..1 << legal.len()).map(|mask| {
        let chosen = legal.iter().enumerate().filter(|(index, _)| mask & (1 << index) != 0);
        chosen.map(|(_, &at)| at).collect::<Vec<_>>()
    });
    let pods = sets.filter(|set| fits(input, set) && whole_groups(input, set));
    pods.max_by_key(|set| worth(input, set)).unwrap()
}

type Worth = (i64, u32, Reverse<usize>, Reverse<Vec<[u8; 32]>>);

fn worth(input: &AuctionInput, set: &[BidRef]) -> Worth {
    let mut keys: Vec<_> = set.iter().map(|&at| key(input, at)).collect();
    keys.sort_unstable();
    let price = set.iter().map(|&at| micros(input, at)).sum();
    let length = set.iter().map(|&at| seconds(input, at)).sum();
    (price, length, Reverse(set.len()), Reverse(keys))
}

fn key(input: &AuctionInput, at: BidRef) -> [u8; 32] {
    let (reply, bid) = (&input.replies[at.reply], bid(input, at));
    let seat = bid.seat.as_ref().map_or("", |seat| seat.as_str());
    let mut bytes = vec![0, 16];
    bytes.extend(input.draw.seed);
    for text in [reply.bidder.as_str(), seat, bid.imp.as_str(), bid.id.as_str()] {
        bytes.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    Sha256::digest(bytes).into()
}

fn fits(input: &AuctionInput, set: &[BidRef]) -> bool {
    let pod = &input.plan.parts[0];
    set.len() <= usize::from(pod.max_ads)
        && in_time(input, set)
        && places(input, set)
        && one_an_imp(input, set)
}

fn in_time(input: &AuctionInput, set: &[BidRef]) -> bool {
    let pod = &input.plan.parts[0];
    let nominal: u32 = set.iter().map(|&at| seconds(input, at)).sum();
    let real: u64 = set.iter().map(|&at| millis(input, at)).sum();
    nominal <= pod.seconds.0 && (pod.fit == Fit::Nominal || real <= pod.real.0)
}

/// Says whether the ads can be put in some order that suits them all.
fn places(input: &AuctionInput, set: &[BidRef]) -> bool {
    if set.len() < 2 {
        return true;
    }
    let suits = |first: usize, last: usize| {
        set.iter().enumerate().all(|(index, &at)| match bid(input, at).slot_in_pod {
            1 => index == first,
            -1 => index == last,
            2 => index == first || index == last,
            _ => true,
        })
    };
    let ends = (0..set.len()).flat_map(|first| (0..set.len()).map(move |last| (first, last)));
    ends.into_iter().any(|(first, last)| first != last && suits(first, last))
}

fn one_an_imp(input: &AuctionInput, set: &[BidRef]) -> bool {
    let structured =
        |at: &BidRef| input.offer(&input.replies[at.reply]).unwrap().dialect == Dialect::Structured;
    set.iter().filter(|at| structured(at)).all(|at| {
        let same = |other: &&BidRef| {
            other.reply == at.reply && bid(input, **other).imp == bid(input, *at).imp
        };
        set.iter().filter(same).count() == 1
    })
}

fn whole_groups(input: &AuctionInput, set: &[BidRef]) -> bool {
    set.iter().all(|&at| group(input, at).iter().all(|member| set.contains(member)))
}

fn fate_of(
    input: &AuctionInput,
    legal: &[BidRef],
    won: &[BidRef],
    at: BidRef,
) -> Option<LossReason> {
    if won.contains(&at) {
        return None;
    }
    if let Some(reason) = refusal(input, at) {
        return Some(reason);
    }
    let group = group(input, at);
    if !legal.contains(&at) || !fits(input, &group) {
        return Some(LossReason::GroupIncomplete);
    }
    let with: Vec<_> = won.iter().chain(&group).copied().collect();
    // One ad holds both ends and suits itself; two must agree.
    if !one_an_imp(input, &with) || !places(input, &with) {
        return Some(LossReason::SlotTaken);
    }
    let full = usize::from(input.plan.parts[0].max_ads) < with.len();
    Some(if full && in_time(input, &with) { LossReason::PodFull } else { LossReason::Outbid })
}

/// Checks that places are kept and the rest plays dearest second first.
fn check_order(input: &AuctionInput, won: &[BidRef]) -> Result<(), String> {
    let end = won.len().saturating_sub(1);
    for (index, &at) in won.iter().enumerate() {
        let kept = match bid(input, at).slot_in_pod {
            1 => index == 0,
            -1 => index == end,
            2 => index == 0 || index == end,
            _ => true,
        };
        if !kept {
            return Err(format!("{at:?} plays at {index} of {}", won.len()));
        }
    }
    let free = won.iter().filter(|&&at| ![1, -1, 2].contains(&bid(input, at).slot_in_pod));
    let free: Vec<_> = free.collect();
    for pair in free.windows(2) {
        let (one, two) = (*pair[0], *pair[1]);
        let left = i128::from(micros(input, one)) * i128::from(seconds(input, two));
        let right = i128::from(micros(input, two)) * i128::from(seconds(input, one));
        if left < right || (left == right && key(input, two) < key(input, one)) {
            return Err(format!("{two:?} should play before {one:?}"));
        }
    }
    Ok(())
}

/// Checks that times and seconds add up.
fn check_times(input: &AuctionInput, outcome: &Outcome) -> Result<(), String> {
    let mut start = 0;
    for (index, win) in outcome.wins.iter().enumerate() {
        if win.start.0 != start || usize::from(win.sequence) != index + 1 {
            return Err(format!("win {index} starts at {}, not {start}", win.start));
        }
        start += win.length.0;
    }
    let sold: u32 = outcome.wins.iter().map(|win| win.seconds.0).sum();
    let unfilled: u32 = outcome.unfilled.iter().map(|unfilled| unfilled.seconds.0).sum();
    if outcome.unfilled.iter().any(|unfilled| unfilled.seconds.0 == 0) {
        return Err("no seconds need no reason".into());
    }
    if sold + unfilled != input.plan.parts[0].seconds.0 || sold != outcome.seconds.sold.0 {
        return Err(format!("{sold} s sold and {unfilled} s unfilled do not add up"));
    }
    if outcome.wins.is_empty() != outcome.no_fill.is_some() {
        return Err("no fill needs a reason, and only no fill".into());
    }
    Ok(())
}
