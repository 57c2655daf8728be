//! Rules of every version that was released, and of none other.

use crate::auction::decide::decide;
use crate::audit::rules::{self, NewerRules};
use crate::model::ids::AuctionId;
use crate::model::plan::{AuctionInput, Chosen, Draw, Plan, Terms};
use crate::wire::record::RULES;

#[test]
fn released_rules_decide_and_others_are_named() {
    let input = input();
    for version in 1..=RULES {
        let outcome = rules::decide(Some(version), &input).unwrap();
        assert_eq!(outcome.wins, [], "nobody bid");
    }
    assert_eq!(rules::decide(Some(RULES), &input), Ok(decide(&input)));
    for version in [None, Some(0), Some(RULES + 1), Some(u32::MAX)] {
        assert_eq!(rules::decide(version, &input), Err(NewerRules(version.unwrap_or(0))));
    }
    let told = NewerRules(RULES + 1).to_string();
    assert!(
        told.contains(&format!("rules {}; this build knows 1 to {RULES}", RULES + 1)),
        "{told}"
    );
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
