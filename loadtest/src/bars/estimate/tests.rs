//! Disturbed rounds are dropped, and the second smallest of the rest counts.

use super::estimate;

#[test]
fn the_second_smallest_of_undisturbed_rounds_counts() {
    let rounds = [
        (50.0, 100.0),
        (51.0, 90.0),
        (80.0, 60.0), // Its floor was disturbed, so its cheap subject is luck.
        (52.0, 110.0),
        (55.9, 95.0),
        (56.1, 40.0), // Just past 12 %.
        (53.0, 120.0),
    ];
    let estimate = estimate(&rounds).unwrap();
    assert_eq!((estimate.kept, estimate.rounds), (5, 7));
    assert!((estimate.floor - 51.0).abs() < 1e-9 && (estimate.subject - 95.0).abs() < 1e-9);
    assert!((estimate.ratio - 95.0 / 51.0).abs() < 1e-9);
}

#[test]
fn too_few_rounds_say_nothing() {
    assert_eq!(estimate(&[]), None);
    assert_eq!(estimate(&[(50.0, 100.0); 4]), None);
    assert!(estimate(&[(50.0, 100.0); 5]).is_some());
    let mut rounds = vec![(50.0, 100.0); 4];
    rounds.extend([(60.0, 100.0); 5]);
    assert_eq!(estimate(&rounds), None, "five were disturbed");
    assert_eq!(estimate(&[(0.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)]), None);
}
