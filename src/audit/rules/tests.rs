//! Rules of every version that was released, and of none other.

use std::cell::Cell;

use crate::auction::decide::{decide, decide_at_length};
use crate::audit::rules::{NewerRules, decide_again};
use crate::model::ids::AuctionId;
use crate::model::outcome::Outcome;
use crate::model::plan::{AuctionInput, Chosen, Draw, Plan, Terms};
use crate::wire::record::RULES;

#[test]
fn released_rules_decide_and_others_are_named() {
    let input = input();
    let same = |_: &Outcome| Vec::<()>::new();
    for version in 1..=RULES {
        let (outcome, _) = decide_again(Some(version), &input, same).unwrap();
        assert_eq!(outcome.wins, [], "nobody bid");
    }
    assert_eq!(decide_again(Some(RULES), &input, same), Ok((decide(&input), Vec::new())));
    for version in [None, Some(0), Some(RULES + 1), Some(u32::MAX)] {
        let refused = decide_again(version, &input, same);
        assert_eq!(refused, Err(NewerRules(version.unwrap_or(0))));
    }
    let told = NewerRules(RULES + 1).to_string();
    assert!(
        told.contains(&format!("rules {}; this build knows 1 to {RULES}", RULES + 1)),
        "{told}"
    );
}

#[test]
fn the_longer_search_has_its_turn_where_the_first_differs() {
    let input = input();
    for (same_as, tries, differing) in [(1, 1, vec![]), (2, 2, vec![]), (3, 2, vec![1])] {
        let tried = Cell::new(0);
        let differ = |_: &Outcome| {
            tried.set(tried.get() + 1);
            Vec::from_iter((tried.get() != same_as).then_some(tried.get()))
        };
        let (outcome, told) = decide_again(Some(1), &input, differ).unwrap();
        assert_eq!((tried.get(), told), (tries, differing));
        assert_eq!(outcome, decide_at_length(&input), "nobody bid");
    }
}

/// An auction that nobody was asked for.
fn input() -> AuctionInput {
    let draw = Draw {
        auction: AuctionId::new([1; 16]),
        seed: [2; 16],
        record_key: [3; 32],
        user_salt: [4; 16],
        nonce_key: [5; 32],
    };
    let plan = Plan {
        terms: Terms::default(),
        pods: Vec::new(),
        parts: Vec::new(),
        offers: Vec::new(),
        skipped: Vec::new(),
    };
    AuctionInput { draw, plan, chosen: Chosen { asked: vec![], skipped: vec![] }, replies: vec![] }
}
