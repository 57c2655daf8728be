use crate::model::cue::segment::{Rank, Role, role};
use crate::model::cue::{CLOCK_PERIOD, Ticks, upid};
use crate::model::time::Millis;

#[test]
fn ticks_become_the_nearest_millisecond() {
    assert_eq!(Ticks(5_426_421).millis(), Millis(60_294));
    assert_eq!(Ticks(2_697_300).millis(), Millis(29_970));
    assert_eq!(Ticks(44).millis(), Millis(0));
    assert_eq!(Ticks(45).millis(), Millis(1));
    assert_eq!(Ticks(u64::MAX).millis(), Millis(u64::MAX / 90), "saturates");
}

#[test]
fn the_clock_wraps_at_33_bits() {
    assert_eq!(Ticks(CLOCK_PERIOD - 1).adjusted(Ticks(2)), Ticks(1));
    assert_eq!(Ticks(5).adjusted(Ticks(0)), Ticks(5));
}

#[test]
fn every_start_of_a_break_has_its_end_next_to_it() {
    for type_id in 0..=u8::MAX {
        match role(type_id) {
            Role::Opens(_) => assert_eq!(role(type_id + 1), Role::Closes, "type {type_id:#x}"),
            Role::OpensOverlay => {
                assert_eq!(role(type_id + 1), Role::ClosesOverlay, "type {type_id:#x}");
            }
            Role::Closes | Role::ClosesOverlay | Role::Silent => {}
        }
    }
    assert!(Rank::Placement < Rank::Break && Rank::AdBlock < Rank::Advertisement);
}

#[test]
fn upids_print_by_their_type() {
    let cases: [(u8, &[u8], &str); 12] = [
        (3, b"ABCD0123456H", "ABCD0123456H"),
        (3, b"ABC\n", "0x4142430a"),
        (8, &[0, 0, 0, 0, 0x2c, 0xa0, 0xa1, 0x8a], "748724618"),
        (8, &[1, 2], "0x0102"),
        (9, b"SIGNAL:x==", "SIGNAL:x=="),
        (
            0x0A,
            &[0x14, 0x78, 0x77, 0x91, 0x85, 0x34, 0x2C, 0x23, 0x90, 0x30, 0x86, 0x10],
            "10.5240/7791-8534-2C23-9030-8610-5",
        ),
        (
            0x0A,
            &[0x14, 0x78, 0xF8, 0x5A, 0xE1, 0x00, 0xB0, 0x68, 0x5B, 0x8F, 0xB1, 0xC8],
            "10.5240/F85A-E100-B068-5B8F-B1C8-T",
        ),
        (0x0C, b"ADFR\x01\x02", "ADFR:0x0102"),
        (0x0C, b"X", "0x58"),
        (0x0D, b"\x09\x03A:b\x08\x08\0\0\0\0\0\0\0\x07", "A:b;7"),
        (0x0F, b"urn:x", "urn:x"),
        (0x04, &[0xAB], "0xab"),
    ];
    for (upid_type, bytes, expected) in cases {
        assert_eq!(upid::text(upid_type, bytes).as_deref(), Some(expected), "type {upid_type}");
    }
    assert_eq!(upid::text(3, b""), None);
    let uuid: Vec<u8> = (0..16).collect();
    assert_eq!(upid::text(0x10, &uuid).as_deref(), Some("00010203-0405-0607-0809-0a0b0c0d0e0f"));
}

#[test]
fn a_broken_list_of_upids_stops_where_it_breaks() {
    let parts: Vec<_> = upid::parts(b"\x03\x02AB\x09\xFFx").collect();
    assert_eq!(parts, [(3, b"AB".as_slice())]);
}
