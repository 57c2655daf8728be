//! Which bids may never be in one pod together, by the rules of the pod (`Separation`).
//!
//! Bids that share something of which a pod takes one are told as a clique, in which one wins at
//! most. Categories also lie above one another, which is no such sharing (a car maker and a tyre
//! maker are apart from "automotive", not from each other): those are told as pairs. Keys are
//! sorted and grouped, so that the work grows with the bids and not with their pairs.

mod category;

use crate::auction::separation::category::Categories;
use crate::auction::text::Text;
use crate::model::bid::{Bid, MarkupFacts};
use crate::model::category::Separation;
use crate::model::ids::{BidderId, CreativeId};
use crate::model::plan::Pod;

/// A bid that may compete for a place in a pod.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contender<'a> {
    /// Its pod, an index of `Plan::pods`.
    pub(super) pod: usize,
    /// Who sent it.
    pub(super) bidder: &'a BidderId,
    /// The bid.
    pub(super) bid: &'a Bid,
}

/// What keeps contenders apart, as indexes of the contenders given.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Apart {
    /// Sets of which one may win at most; each ascending, of two or more.
    pub(super) cliques: Vec<Vec<u32>>,
    /// Twos of which one may win at most; a two may repeat, or stand in a clique too.
    pub(super) pairs: Vec<(u32, u32)>,
}

/// Returns what the rules of each pod keep apart.
pub(super) fn apart(pods: &[Pod], contenders: &[Contender<'_>]) -> Apart {
    let mut apart = Apart::default();
    for (index, pod) in pods.iter().enumerate().filter(|(_, pod)| separates(&pod.separation)) {
        let of_pod = contenders.iter().enumerate().filter(|(_, it)| it.pod == index);
        let members: Vec<Member<'_>> = of_pod
            .map(|(index, it)| Member {
                index: u32::try_from(index).expect("an auction holds fewer bids than 2^32"),
                bidder: it.bidder,
                bid: it.bid,
            })
            .collect();
        apart.add(&pod.separation, &members);
    }
    apart
}

/// A contender of the pod at hand.
#[derive(Clone, Copy, Debug)]
struct Member<'a> {
    index: u32,
    bidder: &'a BidderId,
    bid: &'a Bid,
}

impl Apart {
    fn add(&mut self, rules: &Separation, members: &[Member<'_>]) {
        if members.len() < 2 {
            return;
        }
        if rules.advertiser {
            self.group(each(members, |bid| {
                bid.advertisers.iter().map(|advertiser| Text::new(&advertiser.registrable))
            }));
        }
        if rules.creative {
            self.creative(members);
        }
        if rules.media {
            self.group(each(members, |bid| media(bid).iter()));
        }
        if rules.category || !rules.exclusive.is_empty() {
            let categories = Categories::of(members);
            if rules.category {
                categories.related(self);
            }
            for category in &rules.exclusive {
                self.clique(categories.within(category));
            }
        }
    }

    /// Two bids show one creative when any name for it is the same: a `UniversalAdId`, the
    /// bidder's own id, or all of its media files.
    fn creative<'a>(&mut self, members: &[Member<'a>]) {
        self.group(each(members, |bid| {
            let ids = bid.markup.iter().flat_map(|markup| &markup.universal_ids);
            let known = ids.filter(|(_, value)| !value.trim().eq_ignore_ascii_case("unknown"));
            known.map(|(registry, value)| (Text::new(value), Text::new(registry)))
        }));
        let own = |member: &Member<'a>| {
            let id = member.bid.creative_id.as_ref().map(CreativeId::as_str);
            let id = id.filter(|id| !id.is_empty())?;
            Some(((Text::new(id), member.bidder), member.index))
        };
        self.group(members.iter().filter_map(own).collect());
        // Equal sets have equal least elements, so that few sets need be sorted to compare them.
        let mut least: Vec<(&[u8; 32], u32, &[[u8; 32]])> = Vec::new();
        for member in members {
            let media = media(member.bid);
            least.extend(media.iter().min().map(|least| (least, member.index, media)));
        }
        least.sort_unstable();
        for alike in least.chunk_by(|left, right| left.0 == right.0).filter(|it| 1 < it.len()) {
            let set = |media: &[[u8; 32]]| {
                let mut set = media.to_vec();
                set.sort_unstable();
                set.dedup();
                set
            };
            self.group(alike.iter().map(|&(_, index, media)| (set(media), index)).collect());
        }
    }

    /// Adds a clique for each key that several have.
    fn group<K: Ord>(&mut self, mut keyed: Vec<(K, u32)>) {
        keyed.sort_unstable();
        for alike in keyed.chunk_by(|left, right| left.0 == right.0) {
            if 1 < alike.len() {
                self.clique(alike.iter().map(|(_, index)| *index).collect());
            }
        }
    }

    /// Adds a clique of ascending indexes, unless it is of one.
    fn clique(&mut self, mut members: Vec<u32>) {
        members.dedup();
        if 1 < members.len() {
            self.cliques.push(members);
        }
    }
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
) -> Vec<(K, u32)> {
    let of = |member: &Member<'a>| {
        let index = member.index;
        keys(member.bid).map(move |key| (key, index))
    };
    members.iter().flat_map(of).collect()
}

/// Returns the hashes of a bid's media files.
fn media(bid: &Bid) -> &[[u8; 32]] {
    bid.markup.as_ref().map_or(&[], |markup: &MarkupFacts| &markup.media)
}

#[cfg(test)]
mod tests;
