use std::iter;

use super::Numbers;

#[test]
fn what_did_not_come_is_known_in_any_order() {
    let mut numbers = Numbers::default();
    for number in [3, 0, 1, 7, 6, 2, 10] {
        assert!(numbers.add(number), "{number}");
    }
    assert!(!numbers.add(1) && !numbers.add(7), "they came before");
    assert_eq!(numbers.first(), Some(3));
    assert_eq!(numbers.missing().collect::<Vec<_>>(), [4..6, 8..10]);
    assert!(numbers.add(5) && numbers.add(4));
    assert!(numbers.missing().eq(iter::once(8..10)));
    assert_eq!(numbers.runs.len(), 2, "runs that touch are one");
}

#[test]
fn the_first_numbers_may_be_missing_too() {
    let mut numbers = Numbers::default();
    assert_eq!(numbers.missing().count(), 0);
    assert!(numbers.add(u64::MAX - 1));
    assert!(numbers.missing().eq(iter::once(0..u64::MAX - 1)));
}
