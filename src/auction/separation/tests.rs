//! Each rule on its own, and that rules hold within a pod only.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::conflicts;
use crate::auction::candidate::candidates;
use crate::auction::eligibility::refusals;
use crate::auction::sample::{ask, auction, bid, stretch};
use crate::model::bid::{Advertiser, Bid, MarkupFacts};
use crate::model::category::{Category, Separation};
use crate::model::ids::CreativeId;
use crate::model::plan::AuctionInput;

#[test]
fn nothing_is_apart_without_a_rule() {
    let bids = [about(1, "IAB2"), about(1, "IAB2")].map(|bid| media(&[1], by("x.example", bid)));
    assert!(apart(&Separation::default(), &bids).is_empty());
}

#[test]
fn advertisers_are_apart_by_registrable_domain() {
    let bids = [
        by("shop.brand.example", any()),
        by("other.example", any()),
        by("brand.example", any()),
        by("other.example", by("www.brand.example", any())),
    ];
    let rules = Separation { advertiser: true, ..Separation::default() };
    assert_eq!(apart(&rules, &bids), pairs(&[(0, 2), (0, 3), (1, 3), (2, 3)]));
}

#[test]
fn categories_are_apart_from_what_lies_above_and_below_only() {
    let bids = [about(1, "IAB2"), about(1, "IAB2-4"), about(1, "IAB2-7"), about(1, "IAB3"), any()];
    assert_eq!(apart(&by_category(), &bids), pairs(&[(0, 1), (0, 2)]));
}

#[test]
fn categories_of_different_taxonomies_are_apart_by_their_mappings() {
    // Automotive in 8, 1, and 6, where a step from 8 to 6 would be two; vendors' own; Horse Racing.
    let bids = [
        about(8, "1551"),
        about(1, "IAB2-4"),
        about(1, "IAB2"),
        about(6, "1"),
        about(2, "3"),
        about(500, "cars"),
        about(500, "cars"),
        about(501, "cars"),
        about(9, "497"),
        about(7, "496"),
    ];
    let automotive = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)];
    let expected = [&automotive[..], &[(5, 6), (8, 9)]].concat();
    assert_eq!(apart(&by_category(), &bids), pairs(&expected));
}

#[test]
fn a_bid_of_two_related_categories_is_not_apart_from_itself() {
    let both = Bid { categories: ["IAB2".into(), "IAB2-4".into(), "IAB2".into()].into(), ..any() };
    assert_eq!(apart(&by_category(), &[both.clone(), any()]), pairs(&[]));
    assert_eq!(apart(&by_category(), &[both.clone(), both]), pairs(&[(0, 1)]));
}

#[test]
fn one_creative_is_told_by_any_of_its_names() {
    let universal = |registry: &str, value: &str, bid| {
        markup(|facts| facts.universal_ids.push((registry.into(), value.into())), bid)
    };
    let rules = Separation { creative: true, ..Separation::default() };
    // Bids of one universal id, though of two bidders with ids of their own.
    let same = [universal("ad-id.org", "A1", any()), universal("ad-id.org", "A1", any())];
    assert_eq!(apart(&rules, &same), pairs(&[(0, 1)]));
    let registries = [universal("ad-id.org", "A1", any()), universal("clearcast", "A1", any())];
    assert_eq!(apart(&rules, &registries), pairs(&[]));
    let unknown = ["unknown", "unknown", " Unknown"].map(|id| universal("unknown", id, any()));
    assert_eq!(apart(&rules, &unknown), pairs(&[]));
    // The same media files in whatever order; not some of them.
    let files = [media(&[1, 2, 2], any()), media(&[2, 1], any()), media(&[1], any())];
    assert_eq!(apart(&rules, &files), pairs(&[(0, 1)]));
    assert_eq!(apart(&rules, &[any(), any()]), pairs(&[]));
}

#[test]
fn a_bidders_own_creative_id_says_nothing_of_anothers() {
    let named = |crid: &str, id: &str| {
        let creative_id = Some(CreativeId::new(crid));
        Bid { creative_id, ..bid(id, 1, 9, 1) }
    };
    let mut input = auction(vec![stretch(0, 60)]);
    input.plan.pods[0].separation.creative = true;
    ask(&mut input, "acme", vec![named("c1", "a"), named("c2", "b"), named("c1", "c")]);
    ask(&mut input, "zenith", vec![named("c1", "d")]);
    assert_eq!(found(&input), pairs(&[(0, 2)]));
}

#[test]
fn media_are_apart_by_each_file() {
    let bids = [media(&[1, 2], any()), media(&[2, 3], any()), media(&[3, 4], any()), any()];
    let rules = Separation { media: true, ..Separation::default() };
    assert_eq!(apart(&rules, &bids), pairs(&[(0, 1), (1, 2)]));
}

#[test]
fn an_exclusive_category_takes_one_ad_of_all_below() {
    let exclusive = vec![category(1, "IAB2"), category(500, "own")];
    let rules = Separation { exclusive, ..Separation::default() };
    let bids = [
        about(1, "IAB2-4"),
        about(1, "IAB2-7"),
        about(8, "1551"),
        about(1, "IAB3"),
        about(500, "own"),
        about(500, "own"),
        about(500, "other"),
    ];
    assert_eq!(apart(&rules, &bids), pairs(&[(0, 1), (0, 2), (1, 2), (4, 5)]));
}

#[test]
fn pods_have_rules_of_their_own() {
    let mut input = auction(vec![stretch(0, 60), stretch(1, 60), stretch(2, 60)]);
    input.plan.pods[0].separation.advertiser = true;
    input.plan.pods[2].separation.advertiser = true;
    let bids = [(1, "a"), (2, "b"), (3, "c"), (1, "d"), (2, "e"), (3, "f"), (1, "g")];
    let bids = bids
        .map(|(imp, id)| by("brand.example", Bid { advertisers: vec![], ..bid(id, imp, 9, 1) }));
    ask(&mut input, "acme", bids.to_vec());
    assert_eq!(found(&input), pairs(&[(0, 3), (0, 6), (2, 5), (3, 6)]));
}

/// Returns the bids that a pod with these rules keeps apart, each sent by a bidder of its own.
fn apart(rules: &Separation, bids: &[Bid]) -> BTreeSet<(usize, usize)> {
    let mut input = auction(vec![stretch(0, 60)]);
    input.plan.pods[0].separation = rules.clone();
    for (index, bid) in bids.iter().enumerate() {
        let mut bid = bid.clone();
        if bid.advertisers.is_empty() {
            bid = by(&format!("{index}.example"), bid);
        }
        ask(&mut input, &index.to_string(), vec![bid]);
    }
    found(&input)
}

fn found(input: &AuctionInput) -> BTreeSet<(usize, usize)> {
    let candidates = candidates(input, &refusals(input));
    let bids: usize = input.replies.iter().map(|reply| reply.bids.len()).sum();
    assert_eq!(candidates.len(), bids, "each bid of these tests may compete");
    let mut found = BTreeSet::new();
    conflicts(input, &candidates).for_each(|left, right| {
        for &one in left {
            let others = right.iter().filter(|&&other| other != one);
            found.extend(others.map(|&other| (one.min(other), one.max(other))));
        }
    });
    found
}

fn pairs(pairs: &[(usize, usize)]) -> BTreeSet<(usize, usize)> {
    pairs.iter().copied().collect()
}

/// A bid of one second without an advertiser.
fn any() -> Bid {
    Bid { advertisers: Vec::new(), ..bid("b", 1, 9, 1) }
}

fn by(domain: &str, mut bid: Bid) -> Bid {
    let labels: Vec<&str> = domain.rsplit('.').take(2).collect();
    let registrable = format!("{}.{}", labels[1], labels[0]).into();
    bid.advertisers.push(Advertiser { domain: domain.into(), registrable });
    bid
}

fn about(taxonomy: i32, id: &str) -> Bid {
    Bid { category_taxonomy: taxonomy, categories: vec![id.into()], ..any() }
}

fn media(files: &[u8], bid: Bid) -> Bid {
    markup(|facts| facts.media = files.iter().map(|&file| [file; 8]).collect(), bid)
}

fn markup(change: impl Fn(&mut MarkupFacts), mut bid: Bid) -> Bid {
    change(Arc::make_mut(bid.markup.as_mut().unwrap()));
    bid
}

fn category(taxonomy: i32, id: &str) -> Category {
    Category { taxonomy, id: id.into() }
}

fn by_category() -> Separation {
    Separation { category: true, ..Separation::default() }
}
