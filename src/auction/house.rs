//! The publisher's own ads, in the seconds that nobody bought (decision 59).
//!
//! Part by part: of the house ads that fit what is left of it, those that cover the most seconds,
//! then the fewest, then the earliest of the list. They play after the ads that were sold, before
//! one that was sold the last place, and change no winner and no price.

use crate::auction::eligibility::place;
use crate::auction::plan;
use crate::model::break_request::BreakRequest;
use crate::model::house::{HouseAd, MOST_HOUSE};
use crate::model::market::Fit;
use crate::model::outcome::{HousePlay, Unfilled, Win};
use crate::model::plan::{AuctionInput, Part, Place, Plan, Terms};
use crate::model::reason::UnfilledReason;
use crate::model::time::{Millis, Seconds};

/// A break in which nothing is sold and house ads play.
#[derive(Clone, Debug)]
pub struct Alone {
    /// Pods and parts of the request; no terms, nobody is asked.
    pub plan: Plan,
    /// What plays, pod by pod in play order.
    pub house: Vec<HousePlay>,
}

/// Returns the most steps that the choice of house ads for these parts takes, each some nanoseconds.
///
/// A few hundred for the usual lengths; lengths without a common unit take many.
#[must_use]
pub fn steps(parts: &[Part]) -> usize {
    let whole = |ad: &HouseAd| usize::try_from(ad.seconds.0).expect("seconds of a break fit");
    let of_part = |part: &Part| {
        let ads = part.house.len().min(MOST_HOUSE);
        let unit = part.house.iter().map(|ad| whole(ad)).fold(0, common).max(1);
        let all: usize = part.house.iter().map(|ad| whole(ad)).sum();
        let seconds = usize::try_from(part.seconds.0).expect("seconds of a break fit").min(all);
        ads * ads.min(usize::from(part.max_ads)) * (seconds / unit + 1)
    };
    parts.iter().map(of_part).sum()
}

/// Returns what plays where no auction is held, for `why`; none where no house ad can, or where the
/// choice would take more than `most` steps: what is refused is refused at once.
#[must_use]
pub fn alone(request: &BreakRequest, why: UnfilledReason, most: usize) -> Option<Alone> {
    if request.imps.iter().all(|imp| imp.placement.house.is_empty()) {
        return None;
    }
    let (pods, parts, _) = plan::pods(request);
    if most < steps(&parts) {
        return None;
    }
    let (offers, skipped) = (Vec::new(), Vec::new());
    let plan = Plan { terms: Terms::default(), pods, parts, offers, skipped };
    let chosen = choose(&plan.parts, &[]);
    if chosen.is_empty() {
        return None;
    }
    let house = lay_out(&plan, &chosen, &mut [], |_| false, why);
    Some(Alone { plan, house })
}

/// Fills unsold seconds with house ads; returns these and the seconds that stay unfilled.
///
/// The reasons of a pod stand in their order: what stays unfilled keeps the first of them.
pub(super) fn fill(
    input: &AuctionInput,
    wins: &mut [Win],
    unsold: Vec<Unfilled>,
) -> (Vec<HousePlay>, Vec<Unfilled>) {
    let plan = &input.plan;
    let chosen = choose(&plan.parts, wins);
    if chosen.is_empty() {
        return (Vec::new(), unsold);
    }
    let bound = |win: &Win| holds_the_end(input, win);
    let mut house = lay_out(plan, &chosen, wins, bound, UnfilledReason::NoBid);
    let unfilled = account(plan, &mut house, unsold);
    (house, unfilled)
}

/// Returns the nominal seconds of house ads.
#[must_use]
pub(super) fn seconds(parts: &[Part], house: &[HousePlay]) -> Seconds {
    Seconds(house.iter().map(|play| ad(parts, play).seconds.0).sum())
}

fn ad<'a>(parts: &'a [Part], play: &HousePlay) -> &'a HouseAd {
    &parts[play.part].house[play.ad]
}

/// Returns part and index of each house ad that plays, part by part in the order of their lists.
///
/// Parts come in their order: an ad that an earlier part of a pod takes is gone for the later.
fn choose(parts: &[Part], wins: &[Win]) -> Vec<(usize, usize)> {
    let mut chosen: Vec<(usize, usize)> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let taken = |ad: &HouseAd| {
            let mut others = chosen.iter().map(|&(other, ad)| (&parts[other], ad));
            others.any(|(other, taken)| other.pod == part.pod && other.house[taken].id == ad.id)
        };
        let listed = part.house.iter().enumerate().take(MOST_HOUSE);
        let free: Vec<(usize, &HouseAd)> =
            listed.map(|(at, ad)| (at, &**ad)).filter(|(_, ad)| !taken(ad)).collect();
        if !free.is_empty() {
            let best = best(&free, &Room::of(part, index, wins));
            chosen.extend(best.into_iter().map(|ad| (index, ad)));
        }
    }
    chosen
}

/// What is left of a part once its sold ads are in.
struct Room {
    ads: usize,
    seconds: usize,
    /// In milliseconds; none where only nominal seconds count.
    real: Option<u64>,
}

impl Room {
    fn of(part: &Part, index: usize, wins: &[Win]) -> Self {
        let own = || wins.iter().filter(|win| win.part == index);
        let seconds = part.seconds.0.saturating_sub(own().map(|win| win.seconds.0).sum());
        let real = || part.real.0.saturating_sub(own().map(|win| win.length.0).sum());
        Self {
            ads: usize::from(part.max_ads).saturating_sub(own().count()),
            seconds: usize::try_from(seconds).expect("seconds of a break fit"),
            real: match part.fit {
                Fit::Nominal => None,
                Fit::Real => Some(real()),
            },
        }
    }
}

/// Returns the best of the free house ads for a room: most seconds, then fewest, then earliest.
///
/// Exact. Ads times places times seconds, these in the largest unit that measures all ads: some
/// hundred steps for the usual lengths in a break of minutes, at most 250,000.
fn best(free: &[(usize, &HouseAd)], room: &Room) -> Vec<usize> {
    let whole = |ad: &HouseAd| usize::try_from(ad.seconds.0).expect("seconds of a break fit");
    let unit = free.iter().map(|(_, ad)| whole(ad)).fold(0, common).max(1);
    let takes = |ad: &HouseAd| whole(ad) / unit;
    let all = free.iter().map(|(_, ad)| takes(ad)).sum::<usize>();
    let (most_ads, most_seconds) = (room.ads.min(free.len()), (room.seconds / unit).min(all));
    // Where only nominal seconds count, no ad takes real time.
    let real = |ad: &HouseAd| if room.real.is_some() { ad.length.0 } else { 0 };
    let limit = room.real.unwrap_or(0);
    let width = most_seconds + 1;
    // By first ad, ads and seconds, the least real time in which these can be had; `NONE`: never.
    let mut ways = vec![vec![NONE; (most_ads + 1) * width]];
    ways[0][0] = 0;
    for (_, ad) in free.iter().rev() {
        let before = ways.last().expect("there is the way without any ad");
        let mut with = before.clone();
        for ads in 1..=most_ads {
            for seconds in takes(ad)..=most_seconds {
                let rest = before[(ads - 1) * width + seconds - takes(ad)];
                let sum = rest.saturating_add(real(ad));
                let known = &mut with[ads * width + seconds];
                if sum <= limit {
                    *known = sum.min(*known);
                }
            }
        }
        ways.push(with);
    }
    ways.reverse();
    let can = |(ads, seconds): &(usize, usize)| ways[0][ads * width + seconds] != NONE;
    let sums = (0..=most_seconds).rev();
    let mut sums = sums.flat_map(|seconds| (0..=most_ads).map(move |ads| (ads, seconds)));
    let (mut ads, mut seconds) = sums.find(can).expect("no ad fits everywhere");
    let (mut left, mut chosen) = (limit, Vec::with_capacity(ads));
    for (place, (index, ad)) in free.iter().enumerate() {
        if ads == 0 || seconds < takes(ad) || left < real(ad) {
            continue;
        }
        let rest = ways[place + 1][(ads - 1) * width + seconds - takes(ad)];
        if rest <= left - real(ad) {
            (ads, seconds, left) = (ads - 1, seconds - takes(ad), left - real(ad));
            chosen.push(*index);
        }
    }
    chosen
}

/// Returns the greatest common divisor.
fn common(left: usize, right: usize) -> usize {
    if right == 0 { left } else { common(right, left % right) }
}

/// Says whether an ad that plays last was sold the end of its pod.
fn holds_the_end(input: &AuctionInput, win: &Win) -> bool {
    let bid = &input.replies[win.bid.reply].bids[win.bid.bid];
    match place(&input.plan.parts, win.part, bid) {
        Some(Place::Last) => true,
        // It has the first place or the last, and another has the first.
        Some(Place::Edge) => win.sequence != 1,
        Some(Place::Any | Place::First) | None => false,
    }
}

/// Puts the chosen ads behind the sold ones of their pods, or before one that is bound to the end.
fn lay_out(
    plan: &Plan,
    chosen: &[(usize, usize)],
    wins: &mut [Win],
    bound: impl Fn(&Win) -> bool,
    since: UnfilledReason,
) -> Vec<HousePlay> {
    let pod_of = |part: usize| plan.parts[part].pod;
    let mut house = Vec::with_capacity(chosen.len());
    for pod in 0..plan.pods.len() {
        let own: Vec<_> = chosen.iter().filter(|(part, _)| pod_of(*part) == pod).collect();
        if own.is_empty() {
            continue;
        }
        let sold = wins.iter_mut().filter(|win| pod_of(win.part) == pod);
        let mut sold: Vec<&mut Win> = sold.collect();
        let last = sold.pop_if(|win| bound(win));
        let before = sold.last().map(|win| (win.sequence, Millis(win.start.0 + win.length.0)));
        let (mut sequence, mut start) = before.unwrap_or_default();
        for &&(part, ad) in &own {
            sequence += 1;
            house.push(HousePlay { part, ad, sequence, start, since });
            start.0 += plan.parts[part].house[ad].length.0;
        }
        if let Some(last) = last {
            (last.sequence, last.start) = (sequence + 1, start);
        }
    }
    house
}

/// Takes the seconds of house ads from the last reasons of their pods, and tells the ads why.
fn account(plan: &Plan, house: &mut [HousePlay], unsold: Vec<Unfilled>) -> Vec<Unfilled> {
    let mut left: Vec<u32> = vec![0; plan.pods.len()];
    for row in &unsold {
        left[row.pod] += row.seconds.0;
    }
    for play in &*house {
        let left = &mut left[plan.parts[play.part].pod];
        let rest = left.checked_sub(ad(&plan.parts, play).seconds.0);
        *left = rest.expect("house ads fit into what was not sold");
    }
    let mut unfilled = Vec::with_capacity(unsold.len());
    let mut covered: Vec<(usize, u32, UnfilledReason)> = Vec::new();
    for row in unsold {
        let stays = row.seconds.0.min(left[row.pod]);
        left[row.pod] -= stays;
        if stays != 0 {
            unfilled.push(Unfilled { seconds: Seconds(stays), ..row });
        }
        if stays != row.seconds.0 {
            covered.push((row.pod, row.seconds.0 - stays, row.reason));
        }
    }
    for play in house {
        let mut seconds = ad(&plan.parts, play).seconds.0;
        let pod = plan.parts[play.part].pod;
        let mut rows = covered.iter_mut().filter(|row| row.0 == pod && row.1 != 0).peekable();
        play.since = rows.peek().expect("what was not sold has a reason").2;
        for (_, of_row, _) in rows {
            let taken = seconds.min(*of_row);
            *of_row -= taken;
            seconds -= taken;
        }
    }
    unfilled
}

/// No set of ads makes these seconds.
const NONE: u64 = u64::MAX;
