//! Checks that a case of `tests/data/auction` cannot reach: several parts, categories, marks.

use std::sync::Arc;

use super::{place, refusals};
use crate::auction::sample::{ask, auction, bid, deal, slot, stretch, under};
use crate::model::bid::{Advertiser, Bid};
use crate::model::category::Category;
use crate::model::deal::{Deal, Pricing};
use crate::model::ids::{BidId, SeatId};
use crate::model::outcome::BidRef;
use crate::model::plan::{AuctionInput, Part, Place};
use crate::model::reason::LossReason;

#[test]
fn each_part_has_blocks_of_its_own() {
    let mut input = auction(vec![stretch(0, 60), stretch(0, 60)]);
    input.plan.parts[1].blocked_categories = vec![category(1, "IAB7")];
    let bids = [1, 2].map(|imp| about(1, &["IAB7-3"], bid(&imp.to_string(), imp, 9, 30)));
    ask(&mut input, "acme", bids.to_vec());
    assert_eq!(judged(&input), [None, Some(LossReason::CategoryBlocked)]);
}

#[test]
fn what_no_block_can_be_told_for_passes_and_is_named_or_is_refused() {
    let mut input = auction(vec![stretch(0, 60)]);
    input.plan.parts[0].blocked_categories = vec![category(1, "IAB26"), category(8, "1002")];
    let cheap = Bid { seconds: None, ..about(500, &["x"], bid("d", 1, 9, 30)) };
    let bids = vec![
        about(1, &["IAB1"], bid("a", 1, 9, 30)),
        about(2, &["1"], bid("b", 1, 9, 30)),
        about(500, &["x"], bid("c", 1, 9, 30)),
        cheap,
        about(8, &["1003"], bid("e", 1, 9, 30)),
        bid("f", 1, 9, 30),
    ];
    ask(&mut input, "quiet", vec![bid("a", 1, 9, 30)]);
    ask(&mut input, "acme", bids);
    let refused = refusals(&input);
    let (late, hit) = (LossReason::DurationNotAllowed, LossReason::CategoryBlocked);
    assert_eq!(refused.of(0), [None]);
    assert_eq!(refused.of(1), [None, None, None, Some(late), Some(hit), None]);
    assert_eq!(refused.unmapped, [BidRef { reply: 1, bid: 1 }, BidRef { reply: 1, bid: 2 }]);

    input.plan.parts[0].unmapped_refused = true;
    let refused = refusals(&input);
    assert_eq!(refused.of(1), [None, Some(hit), Some(hit), Some(hit), Some(hit), None]);
    assert_eq!(refused.unmapped, []);
}

#[test]
fn a_bid_out_with_its_group_is_not_named_as_unmapped() {
    let mut input = auction(vec![stretch(0, 60)]);
    input.plan.parts[0].blocked_categories = vec![category(1, "IAB26")];
    let grouped = |bid: Bid| Bid { group: Some(0), ..bid };
    let bids = vec![
        grouped(about(500, &["x"], bid("a", 1, 9, 30))),
        grouped(Bid { seconds: None, ..bid("b", 1, 9, 30) }),
    ];
    ask(&mut input, "acme", bids);
    let refused = refusals(&input);
    let expected = [LossReason::GroupIncomplete, LossReason::DurationNotAllowed];
    assert_eq!(refused.of(0), expected.map(Some));
    assert_eq!(refused.unmapped, []);
}

#[test]
fn where_categories_are_allowed_each_must_be_and_none_is_not() {
    let mut input = auction(vec![stretch(0, 60)]);
    input.plan.terms.allowed_categories = vec![category(1, "IAB2"), category(8, "1002")];
    let bids = vec![
        about(1, &["IAB2-21"], bid("a", 1, 9, 30)),
        about(6, &["3"], bid("b", 1, 9, 30)),
        about(1, &["IAB2-21", "IAB1"], bid("c", 1, 9, 30)),
        about(500, &["x"], bid("d", 1, 9, 30)),
        bid("e", 1, 9, 30),
    ];
    ask(&mut input, "acme", bids);
    let out = Some(LossReason::CategoryBlocked);
    assert_eq!(judged(&input), [None, None, out, out, out]);
    // A list of blocks beside it takes more away.
    input.plan.parts[0].blocked_categories = vec![category(2, "3")];
    assert_eq!(judged(&input), [out, out, out, out, out]);
}

#[test]
fn the_first_of_a_name_stands_whatever_their_number() {
    for count in [2, 3, 64] {
        let mut input = auction(vec![stretch(0, 60)]);
        let named = |index: usize| {
            let id = if index.is_multiple_of(2) { "twin" } else { "a longer name" };
            Bid { id: BidId::new(id), ..bid("x", 1, 9, 30) }
        };
        let mut bids: Vec<Bid> = (0..count).map(named).collect();
        bids.push(Bid { seat: Some(SeatId::new("other")), ..named(0) });
        bids.push(Bid { seat: Some(SeatId::new("")), ..named(0) });
        bids.insert(0, Bid { defect: Some(LossReason::InvalidBid), ..named(0) });
        ask(&mut input, "acme", bids);
        let mut expected = vec![Some(LossReason::InvalidBid), None, None];
        expected.resize(count + 1, Some(LossReason::Duplicate));
        expected.extend([None, Some(LossReason::Duplicate)]);
        assert_eq!(judged(&input), expected, "{count}");
    }
}

#[test]
fn a_deal_holds_seats_and_advertisers_each_with_its_reason() {
    let seats = vec![Arc::from("a1")];
    let advertisers = vec![Arc::from("brand.example")];
    let deal = Deal { seats, advertisers, ..deal("d", Pricing::First, 1) };
    let mut input = auction(vec![stretch(0, 60)]);
    input.plan.parts[0].deals = vec![Arc::new(deal.clone())];
    let sent = |id: &str, seat: Option<&str>, domains: &[&str]| {
        let domain =
            |domain: &&str| Advertiser { domain: (*domain).into(), registrable: "x".into() };
        let advertisers = domains.iter().map(domain).collect();
        let seat = seat.map(SeatId::new);
        Bid { seat, advertisers, ..under(&deal, bid(id, 1, 9, 30)) }
    };
    let bids = vec![
        sent("a", Some("a1"), &["brand.example", "shop.brand.example"]),
        sent("b", Some("a2"), &["brand.example"]),
        sent("c", None, &["brand.example"]),
        sent("d", Some("a1"), &["brand.example", "other.example"]),
        sent("e", Some("a2"), &["other.example"]),
    ];
    ask(&mut input, "acme", bids);
    let (seat, advertiser) = (Some(LossReason::SeatNotAllowed), Some(LossReason::DealAdvertiser));
    assert_eq!(judged(&input), [None, seat, seat, advertiser, seat]);
}

#[test]
fn offers_are_found_in_whatever_order_replies_come() {
    let mut input = auction(vec![stretch(0, 60)]);
    for name in ["a", "b", "c", "d"] {
        ask(&mut input, name, vec![bid(name, 1, 9, 30)]);
    }
    input.replies.swap(0, 3);
    input.replies.swap(1, 3);
    input.chosen.asked.remove(1);
    let unasked = input.replies.iter().position(|reply| reply.bidder.as_str() == "b").unwrap();
    let mut expected = vec![None; 4];
    expected[unasked] = Some(LossReason::UnknownImp);
    assert_eq!(judged(&input), expected);
}

#[test]
fn a_place_is_the_slots_or_what_slots_leave() {
    use Place::{Any, Edge, First, Last};
    let stretched = |held: &[Place]| {
        let slots = held.iter().map(|&place| slot(0, 30, place));
        std::iter::once(stretch(0, 60)).chain(slots).chain([slot(1, 30, First)]).collect()
    };
    let cases: &[(Vec<Part>, [Option<Place>; 4])] = &[
        // Bids for any place, the first, the last, either.
        (stretched(&[]), [Some(Any), Some(First), Some(Last), Some(Edge)]),
        (stretched(&[Any, Edge]), [Some(Any), Some(First), Some(Last), Some(Edge)]),
        (stretched(&[First]), [Some(Any), None, Some(Last), Some(Last)]),
        (stretched(&[Last]), [Some(Any), Some(First), None, Some(First)]),
        (stretched(&[Last, First]), [Some(Any), None, None, None]),
        (vec![slot(0, 30, Any)], [Some(Any); 4]),
        (vec![slot(0, 30, Edge)], [Some(Edge); 4]),
        (vec![slot(0, 30, First)], [Some(First), Some(First), None, Some(First)]),
        (vec![slot(0, 30, Last)], [Some(Last), None, Some(Last), Some(Last)]),
    ];
    for (parts, expected) in cases {
        for (asked, expected) in [Any, First, Last, Edge].into_iter().zip(expected) {
            let bid = Bid { slot_in_pod: asked.code(), ..bid("b", 1, 9, 30) };
            assert_eq!(place(parts, 0, &bid), *expected, "{asked:?} of {parts:?}");
            let mut input = auction(parts.clone());
            ask(&mut input, "acme", vec![bid]);
            let reason = expected.is_none().then_some(LossReason::SlotTaken);
            assert_eq!(judged(&input), [reason], "{asked:?} of {parts:?}");
        }
    }
}

fn judged(input: &AuctionInput) -> Vec<Option<LossReason>> {
    let refused = refusals(input);
    (0..input.replies.len()).flat_map(|reply| refused.of(reply).to_vec()).collect()
}

fn category(taxonomy: i32, id: &str) -> Category {
    Category { taxonomy, id: id.into() }
}

fn about(taxonomy: i32, ids: &[&str], bid: Bid) -> Bid {
    let categories = ids.iter().map(|&id| id.into()).collect();
    Bid { category_taxonomy: taxonomy, categories, ..bid }
}
