//! What is read as a time, and what is not.

use crate::audit::times::{begin, end, timestamp};
use crate::model::time::UnixMillis;

#[test]
fn instants_days_and_months_are_read() {
    let november = (1_793_491_200_000, 1_796_083_200_000);
    for (text, from, to) in [
        ("2026-11", november.0, november.1),
        ("2026-12", november.1, november.1 + 31 * DAY),
        ("2026-11-30", november.1 - DAY, november.1),
        ("2026-11-01T00:00:00Z", november.0, november.0),
        ("2026-11-01T01:00:00.5+01:00", november.0 + 500, november.0 + 500),
        ("1793491200000", november.0, november.0),
    ] {
        assert_eq!(begin(text), Some(UnixMillis(from)), "{text}");
        assert_eq!(end(text), Some(UnixMillis(to)), "{text}");
    }
    assert_eq!(timestamp(UnixMillis(november.0)), "2026-11-01T00:00:00.000Z");
}

#[test]
fn what_is_no_time_is_refused() {
    for text in ["", "2026", "november", "2026-13", "2026-02-30", "-5", "1969-12", "9999-12", "x"] {
        let ending = end(text).filter(|_| begin(text).is_some());
        assert!(ending.is_none_or(|_| text == "9999-12"), "{text}: {ending:?}");
    }
}

const DAY: u64 = 86_400_000;
