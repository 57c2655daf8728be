//! Why a bid lost that was free to win: the first reason that is true, in the order of
//! `interface.md` §7.
//!
//! - `group_incomplete`: its group could never be sold whole. One that could and was not is told
//!   what really kept it out, and so is each of its bids.
//! - `slot_taken`: the place it takes, or the structured imp it answers, went to a winner.
//! - `separation`: it conflicts with a winner of its pod whose price is as high or higher.
//! - `displaced_by_deal`: it would be in the best pods if all prices counted alike, whatever the
//!   tier: so policy and not price kept it out.
//! - `pod_full`: its seconds were free, the number of ads was not.
//! - `outbid`: all else.

use crate::auction::candidate::{Candidate, Tier};
use crate::auction::fill::problem::{Filled, Problem, ends_hold};
use crate::model::money::Cpm;
use crate::model::outcome::Search;
use crate::model::plan::{Place, Shape};
use crate::model::reason::LossReason;

/// Why candidates lost, and what it took to know.
#[derive(Debug)]
pub(super) struct Lost {
    /// For each candidate the reason, or `None` of the chosen.
    pub(super) reasons: Vec<Option<LossReason>>,
    /// Whether the search without tiers was exact.
    pub(super) search: Search,
    /// The steps it took.
    pub(super) steps: u32,
}

/// Returns why each candidate lost.
///
/// `steps` bound the search without tiers, which is made where tiers decided.
pub(super) fn reasons(problem: &Problem<'_>, filled: &Filled, steps: u32) -> Lost {
    let sold = Sold::of(problem, filled);
    let rivals = rivals(problem, filled);
    let displaced = displaced(problem, filled, steps);
    let reason = |index: usize| {
        if filled.chosen.binary_search(&index).is_ok() {
            return None;
        }
        let alone = [index];
        let members = if problem.single { &alone } else { problem.group(index) };
        let candidates = members.iter().map(|&member| &problem.candidates[member]);
        Some(if 1 < members.len() && !problem.possible(index) {
            LossReason::GroupIncomplete
        } else if sold.slot_taken(candidates) {
            LossReason::SlotTaken
        } else if members.iter().any(|&member| {
            let rival = rivals.get(member).copied().flatten();
            rival.is_some_and(|rival| problem.candidates[member].price <= rival)
        }) {
            LossReason::Separation
        } else if displaced.chosen.binary_search(&index).is_ok() {
            LossReason::DisplacedByDeal
        } else if sold.only_ads_lack(problem, members) {
            LossReason::PodFull
        } else {
            LossReason::Outbid
        })
    };
    let reasons = (0..problem.candidates.len()).map(reason).collect();
    Lost { reasons, search: displaced.search, steps: displaced.steps }
}

/// What the winners take.
#[derive(Debug)]
struct Sold {
    /// By part: nominal seconds, real milliseconds, ads.
    parts: Vec<(u64, u64, u64)>,
    /// By pod: bids for the first place, the last, either.
    ends: Vec<[u32; 3]>,
    /// Structured imps.
    imps: Vec<(usize, usize)>,
}

impl Sold {
    fn of(problem: &Problem<'_>, filled: &Filled) -> Self {
        let pods = problem.parts.iter().map(|part| usize::from(part.pod) + 1).max().unwrap_or(0);
        let mut sold = Self {
            parts: vec![(0, 0, 0); problem.parts.len()],
            ends: vec![[0; 3]; pods],
            imps: Vec::new(),
        };
        for &index in &filled.chosen {
            let ad = &problem.candidates[index];
            add(&mut sold.parts[usize::from(ad.part)], ad);
            add_end(&mut sold.ends[usize::from(ad.pod)], ad.slot);
            sold.imps.extend(ad.imp);
        }
        sold
    }

    /// Says whether the places or the imps that bids need went to winners.
    fn slot_taken<'a>(&self, bids: impl Iterator<Item = &'a Candidate> + Clone) -> bool {
        if bids.clone().any(|bid| bid.imp.is_some_and(|imp| self.imps.contains(&imp))) {
            return true;
        }
        let restricted = bids.filter(|bid| bid.slot != Place::Any);
        let pods = restricted.clone().map(|bid| bid.pod);
        pods.into_iter().any(|pod| {
            let mut ends = self.ends[usize::from(pod)];
            for bid in restricted.clone().filter(|bid| bid.pod == pod) {
                add_end(&mut ends, bid.slot);
            }
            !ends_hold(&ends)
        })
    }

    /// Says whether the seconds that bids need are free, and the ads are not.
    fn only_ads_lack(&self, problem: &Problem<'_>, members: &[usize]) -> bool {
        // The one ad of a slot was outbid there.
        let part = |member: usize| &problem.parts[usize::from(problem.candidates[member].part)];
        if members.iter().all(|&member| part(member).shape == Shape::Slot) {
            return false;
        }
        let mut ads_lack = false;
        for &member in members {
            let part = problem.candidates[member].part;
            let limit = &problem.parts[usize::from(part)];
            let mut sum = self.parts[usize::from(part)];
            for other in members.iter().map(|&other| &problem.candidates[other]) {
                if other.part == part {
                    add(&mut sum, other);
                }
            }
            if u64::from(limit.seconds) < sum.0 || limit.millis < sum.1 {
                return false;
            }
            ads_lack |= limit.shape == Shape::Stretch && u64::from(limit.ads) < sum.2;
        }
        ads_lack
    }
}

/// Returns for each candidate the highest price of a winner of its pod that it conflicts with;
/// nothing at all where nothing conflicts.
fn rivals(problem: &Problem<'_>, filled: &Filled) -> Vec<Option<Cpm>> {
    if problem.relation.is_empty() {
        return Vec::new();
    }
    let mut rivals: Vec<Option<Cpm>> = vec![None; problem.candidates.len()];
    let mut won = vec![false; problem.candidates.len()];
    for &index in &filled.chosen {
        won[index] = true;
    }
    let mut note = |winners: &[usize], others: &[usize]| {
        for &winner in winners.iter().filter(|&&winner| won[winner]) {
            let winner = &problem.candidates[winner];
            for &other in others {
                if problem.candidates[other].pod == winner.pod {
                    rivals[other] = rivals[other].max(Some(winner.price));
                }
            }
        }
    };
    problem.relation.for_each(|left, right| {
        note(left, right);
        if left != right {
            note(right, left);
        }
    });
    rivals
}

/// Returns, ascending, who would win if all prices counted alike; nobody where they do.
fn displaced(problem: &Problem<'_>, filled: &Filled, steps: u32) -> Filled {
    let all_open = problem.candidates.iter().all(|bid| bid.tier == Tier::Open);
    if all_open || filled.chosen.len() == problem.candidates.len() {
        return Filled { chosen: Vec::new(), search: Search::Exact, steps: 0 };
    }
    let open = |bid: &Candidate| Candidate { tier: Tier::Open, ..*bid };
    let candidates: Vec<Candidate> = problem.candidates.iter().map(open).collect();
    let mut open = Problem::new(&candidates, problem.parts, problem.relation, problem.keys);
    open.few &= problem.few;
    open.best(steps)
}

fn add(sum: &mut (u64, u64, u64), ad: &Candidate) {
    sum.0 = sum.0.saturating_add(u64::from(ad.seconds.0));
    sum.1 = sum.1.saturating_add(ad.length.0);
    sum.2 += 1;
}

fn add_end(ends: &mut [u32; 3], slot: Place) {
    match slot {
        Place::Any => {}
        Place::First => ends[0] += 1,
        Place::Last => ends[1] += 1,
        Place::Edge => ends[2] += 1,
    }
}
