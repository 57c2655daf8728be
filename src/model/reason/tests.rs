use std::collections::BTreeSet;

use super::{CallReason, LossReason, NoFillReason, UnfilledReason};

#[test]
fn names_are_unique_and_found_again() {
    for &reason in LossReason::ALL {
        assert_eq!(LossReason::from_name(reason.name()), Some(reason));
    }
    for &reason in CallReason::ALL {
        assert_eq!(CallReason::from_name(reason.name()), Some(reason));
    }
    let names: BTreeSet<_> = LossReason::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(names.len(), LossReason::ALL.len());
    assert_eq!(NoFillReason::from_name("shed"), Some(NoFillReason::Shed));
    assert_eq!(UnfilledReason::from_name("nothing"), None);
}

#[test]
fn codes_are_the_published_ones() {
    assert_eq!(LossReason::DurationNotAllowed.loss_code(), 501);
    assert_eq!(LossReason::BelowFloor.non_bid_code(), 301);
    assert_eq!(CallReason::Timeout.non_bid_code(), 101);
    assert_eq!(NoFillReason::NoBidders.nbr(), 503);
}

#[test]
fn each_reason_is_a_sentence_with_a_remedy() {
    for reason in LossReason::ALL {
        assert!(reason.sentence().ends_with('.'), "{}", reason.name());
        assert!(reason.remedy().ends_with('.'), "{}", reason.name());
    }
}
