use super::{AdBreak, LengthSource};
use crate::model::ids::BreakId;
use crate::model::time::{Millis, UnixMillis};

/// Now, in every case.
const ARRIVAL: u64 = 1_000_000_000;

fn expires_in(start: Option<u64>, length: u64, offset: u64) -> u64 {
    let ad_break = AdBreak {
        id: BreakId::new("b"),
        weak: false,
        stream: None,
        length: Millis(length),
        length_source: LengthSource::Request,
        offset: Millis(offset),
        start: start.map(UnixMillis),
        signal: None,
    };
    ad_break.expires(UnixMillis(ARRIVAL)).0 - ARRIVAL
}

#[test]
fn a_sale_expires_with_its_break() {
    assert_eq!(expires_in(None, 60_000, 0), 60_000);
    assert_eq!(expires_in(Some(ARRIVAL + 5_000), 60_000, 0), 65_000);
    assert_eq!(expires_in(Some(ARRIVAL - 5_000), 60_000, 5_000), 55_000);
}

#[test]
fn a_start_that_has_passed_leaves_time_for_what_is_left() {
    assert_eq!(expires_in(Some(1), 30_000, 0), 30_000);
    assert_eq!(expires_in(Some(ARRIVAL - 40_000), 30_000, 10_000), 20_000);
}

#[test]
fn a_start_in_the_far_future_does_not_keep_a_sale_for_ever() {
    let six_hours = 6 * 3_600_000;
    assert_eq!(expires_in(Some(u64::MAX), 60_000, 0), six_hours + 60_000);
}
