//! Lengths as VAST writes them, and what only looks like one.

use crate::model::time::Millis;
use crate::wire::vast::clock::{is_offset, read, write};

#[test]
fn reads_and_writes_lengths() {
    let cases = [
        ("00:00:15", Some(15_000)),
        ("00:00:29.970", Some(29_970)),
        ("00:00:29.97", Some(29_970)),
        ("00:00:29.9709999", Some(29_970)),
        ("99:59:59.999", Some(359_999_999)),
        ("00:00:60", None),
        ("00:60:00", None),
        ("100:00:00", None),
        ("0:0:15", None),
        ("00:15", None),
        ("00:00:15:00", None),
        ("00:00:15.", None),
        ("00:00:15.x", None),
        ("00:00:15.1234567890", None),
        ("+0:00:15", None),
        ("-1:00:15", None),
        ("", None),
        ("é0:00:15", None),
    ];
    for (text, millis) in cases {
        assert_eq!(read(text), millis.map(Millis), "{text}");
    }
    for millis in [0, 15_000, 29_970, 3_600_001, 359_999_999] {
        assert_eq!(read(&write(Millis(millis))), Some(Millis(millis)));
    }
}

#[test]
fn knows_offsets() {
    for text in ["00:00:05", "00:00:05.500", "0%", "25%", "100%"] {
        assert!(is_offset(text), "{text}");
    }
    for text in ["5", "%", "101%", "-1%", "1.5%", "00:00:05.5", "0000%"] {
        assert!(!is_offset(text), "{text}");
    }
}
