use std::ops::Range;

use super::Numbers;
use crate::model::time::UnixMillis;

#[test]
fn what_did_not_come_is_known_in_any_order() {
    let mut numbers = Numbers::default();
    for number in [3, 0, 1, 7, 6, 2, 10] {
        assert!(numbers.add(number, T), "{number}");
    }
    assert!(!numbers.add(1, T) && !numbers.add(7, T), "they came before");
    assert_eq!(numbers.first(), Some((3, T)));
    assert_eq!(missing(&numbers), [4..6, 8..10]);
    assert!(numbers.add(5, T) && numbers.add(4, T));
    assert_eq!(missing(&numbers), [Range { start: 8, end: 10 }]);
    assert_eq!(numbers.runs.len(), 2, "runs that touch are one");
}

#[test]
fn the_first_numbers_may_be_missing_too() {
    let mut numbers = Numbers::default();
    assert_eq!(numbers.missing().len(), 0);
    assert!(numbers.add(u64::MAX - 1, T));
    assert_eq!(missing(&numbers), [Range { start: 0, end: u64::MAX - 1 }]);
}

/// A crash loses what was being written, and that only.
#[test]
fn a_hole_that_records_go_past_for_long_is_no_crash_s() {
    let mut numbers = Numbers::default();
    for second in 0..200 {
        // 100 is given back and used late, 101 never; 198 is under way at the crash.
        if ![100, 101, 198].contains(&second) {
            numbers.add(second, UnixMillis(second * 1_000));
        }
    }
    numbers.add(100, UnixMillis(120_000));
    let holes = numbers.missing();
    let fits: Vec<_> = holes.iter().map(|it| (it.numbers.start, it.fits_crash())).collect();
    assert_eq!(fits, [(101, false), (198, true)]);
    // Of many that are given back at once, the lowest are used first, and no higher ones meanwhile.
    let mut numbers = Numbers::default();
    numbers.add(50, UnixMillis(0));
    for second in 0..40 {
        numbers.add(second, UnixMillis(second * 10_000));
    }
    let holes = numbers.missing();
    assert_eq!((holes.len(), holes[0].numbers.clone(), holes[0].fits_crash()), (1, 40..50, true));
}

/// Where a stream was cut, numbers near the cut stand on its other side.
#[test]
fn a_hole_far_behind_a_cut_is_not_the_cut_s() {
    let mut numbers = Numbers::default();
    for second in 500..900 {
        if ![500, 502, 700].contains(&second) {
            numbers.add(second, UnixMillis(second * 1_000));
        }
    }
    let first = numbers.first().unwrap();
    assert_eq!(first.0, 501);
    let holes = numbers.missing();
    let fits: Vec<_> = holes.iter().map(|it| (it.numbers.clone(), it.fits_cut(first))).collect();
    assert_eq!(fits, [(0..501, true), (502..503, true), (700..701, false)]);
}

fn missing(numbers: &Numbers) -> Vec<Range<u64>> {
    numbers.missing().into_iter().map(|hole| hole.numbers).collect()
}

const T: UnixMillis = UnixMillis(1_000);
