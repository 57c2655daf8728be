use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{AtEnd, in_force};
use crate::model::ad_break::{AdBreak, LengthSource};
use crate::model::ids::BreakId;
use crate::model::time::{Millis, UnixMillis};

#[test]
fn a_sale_is_in_force_until_its_break_is_over_or_its_beacons_expire() {
    let now = UnixMillis(1_000_000);
    for (start, until) in [
        (None, 1_060_000),
        (Some(940_000), 1_000_000),
        (Some(1_500_000), 1_560_000),
        (Some(u64::MAX), 1_000_000 + 3 * 3_600_000),
    ] {
        let ad_break = AdBreak {
            id: BreakId::new("b"),
            weak: false,
            stream: None,
            length: Millis(60_000),
            length_source: LengthSource::Request,
            offset: Millis(0),
            start: start.map(UnixMillis),
            signal: None,
        };
        assert_eq!(in_force(&ad_break, now), (now, UnixMillis(until)), "{start:?}");
    }
}

#[test]
fn what_must_happen_at_the_end_happens_unless_cancelled() {
    let calls = Cell::new(0);
    let count = || AtEnd::new(|| calls.set(calls.get() + 1));
    drop(count());
    assert_eq!(calls.get(), 1);
    count().cancel();
    assert_eq!(calls.get(), 1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = count();
        panic!("a fault of ours");
    }));
    assert!(panicked.is_err());
    assert_eq!(calls.get(), 2);
}
