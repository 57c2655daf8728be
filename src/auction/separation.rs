//! Which bids may never be in one pod together, by the rules of the pod (`Separation`).
//!
//! Bids that share something of which a pod takes one are a clique. Categories also lie above one
//! another, which is no such sharing (automotive is apart from cars and from tyres, they not from
//! each other): those are told side against side. Keys are sorted and grouped, so that the work
//! grows with the bids and not with their pairs.

mod category;

use crate::auction::candidate::Candidate;
use crate::auction::fill::conflicts::Conflicts;
use crate::auction::separation::category::Categories;
use crate::auction::text::{Text, mark};
use crate::model::bid::{Bid, MediaHash};
use crate::model::category::Separation;
use crate::model::ids::{BidderId, CreativeId};
use crate::model::plan::AuctionInput;

/// Returns what the rules of each pod keep apart, as indexes of the candidates.
pub(super) fn conflicts(input: &AuctionInput, candidates: &[Candidate]) -> Conflicts {
    let mut conflicts = Conflicts::default();
    let pods = input.plan.pods.iter().enumerate();
    for (pod, rules) in pods.map(|(index, pod)| (index, &pod.separation)) {
        if !separates(rules) {
            continue;
        }
        let of_pod = candidates.iter().enumerate().filter(|(_, it)| usize::from(it.pod) == pod);
        let members: Vec<Member<'_>> = of_pod
            .map(|(index, candidate)| {
                let reply = &input.replies[candidate.bid.reply];
                Member { index, bidder: &reply.bidder, bid: &reply.bids[candidate.bid.bid] }
            })
            .collect();
        if 1 < members.len() {
            separate(rules, &members, &mut conflicts);
        }
    }
    conflicts
}

/// A candidate of the pod at hand.
#[derive(Clone, Copy, Debug)]
struct Member<'a> {
    /// Its index of the candidates.
    index: usize,
    bidder: &'a BidderId,
    bid: &'a Bid,
}

fn separate(rules: &Separation, members: &[Member<'_>], conflicts: &mut Conflicts) {
    if rules.advertiser {
        let domains = each(members, |bid| {
            bid.advertisers.iter().map(|advertiser| Text::new(&advertiser.registrable))
        });
        group(&domains, conflicts);
    }
    if rules.creative {
        same_creative(members, conflicts);
    }
    if rules.media {
        group(&each(members, |bid| media(bid).iter()), conflicts);
    }
    if rules.category || !rules.exclusive.is_empty() {
        let categories = Categories::of(members);
        if rules.category {
            categories.relate(conflicts);
        }
        for category in &rules.exclusive {
            clique(categories.within(category), conflicts);
        }
    }
}

/// Two bids show one creative when any name for it is the same: a `UniversalAdId`, their bidder's
/// own id, or all of its media files.
fn same_creative<'a>(members: &[Member<'a>], conflicts: &mut Conflicts) {
    let universal = each(members, |bid| {
        let ids = bid.markup.iter().flat_map(|markup| &markup.universal_ids);
        let known = ids.filter(|(_, value)| !value.trim().eq_ignore_ascii_case("unknown"));
        known.map(|(registry, value)| (Text::new(value), Text::new(registry)))
    });
    group(&universal, conflicts);
    let own = |member: &Member<'a>| {
        let id = member.bid.creative_id.as_ref().map(CreativeId::as_str);
        let id = id.filter(|id| !id.is_empty())?;
        Some(((Text::new(id), member.bidder), member.index))
    };
    group(&members.iter().filter_map(own).collect::<Vec<_>>(), conflicts);
    // Equal sets have equal least elements, so that few sets need be made to compare them.
    let least = |member: &Member<'a>| {
        let least = media(member.bid).iter().min()?;
        Some((mark(least, 0), *member))
    };
    let mut least: Vec<(u64, Member<'_>)> = members.iter().filter_map(least).collect();
    least.sort_unstable_by_key(|&(least, member)| (least, member.index));
    for alike in least.chunk_by(|left, right| left.0 == right.0).filter(|it| 1 < it.len()) {
        let set = |bid| {
            let mut set = media(bid).to_vec();
            set.sort_unstable();
            set.dedup();
            set
        };
        let sets: Vec<_> = alike.iter().map(|(_, it)| (set(it.bid), it.index)).collect();
        group(&sets, conflicts);
    }
}

/// A key of a bid: two bids share it or not.
trait Key: Ord {
    /// Returns a number that equal keys share and others hardly ever do.
    fn mark(&self) -> u64;
}

impl Key for Text<'_> {
    fn mark(&self) -> u64 {
        self.mark(0)
    }
}

impl Key for (Text<'_>, Text<'_>) {
    fn mark(&self) -> u64 {
        self.1.mark(self.0.mark(0))
    }
}

impl Key for (Text<'_>, &BidderId) {
    fn mark(&self) -> u64 {
        mark(self.1.as_str().as_bytes(), self.0.mark(0))
    }
}

impl Key for &MediaHash {
    fn mark(&self) -> u64 {
        mark(&self[..], 0)
    }
}

impl Key for Vec<MediaHash> {
    fn mark(&self) -> u64 {
        self.iter().fold(0, |seed, file| mark(file, seed))
    }
}

/// Adds a clique for each key that several have.
///
/// Sorted are marks, and keys only where marks are equal: most keys are never compared.
fn group<K: Key>(keyed: &[(K, usize)], conflicts: &mut Conflicts) {
    let mut marks: Vec<(u64, usize)> =
        keyed.iter().enumerate().map(|(at, (key, _))| (key.mark(), at)).collect();
    marks.sort_unstable();
    for alike in marks.chunk_by(|left, right| left.0 == right.0).filter(|it| 1 < it.len()) {
        let mut alike: Vec<&(K, usize)> = alike.iter().map(|&(_, at)| &keyed[at]).collect();
        alike.sort_unstable();
        for same in alike.chunk_by(|left, right| left.0 == right.0) {
            clique(same.iter().map(|(_, index)| *index).collect(), conflicts);
        }
    }
}

/// Adds a clique of ascending indexes; one that names a key twice stands in it once.
fn clique(mut members: Vec<usize>, conflicts: &mut Conflicts) {
    members.dedup();
    conflicts.clique(&members);
}

/// Says whether any rule is on.
fn separates(rules: &Separation) -> bool {
    let Separation { advertiser, category, creative, media, exclusive } = rules;
    *advertiser || *category || *creative || *media || !exclusive.is_empty()
}

/// Returns all keys of all members, each with its member.
fn each<'a, K, I: Iterator<Item = K>>(
    members: &[Member<'a>],
    keys: impl Fn(&'a Bid) -> I,
) -> Vec<(K, usize)> {
    let mut all = Vec::with_capacity(members.len());
    for member in members {
        all.extend(keys(member.bid).map(|key| (key, member.index)));
    }
    all
}

/// Returns the hashes of a bid's media files.
fn media(bid: &Bid) -> &[MediaHash] {
    bid.markup.as_ref().map_or(&[], |markup| &markup.media[..])
}

#[cfg(test)]
mod tests;
