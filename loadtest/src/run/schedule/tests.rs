//! Arrivals are where the steps put them.

use std::time::Duration;

use super::{Schedule, Step};

fn step(seconds: f64, factor: f64) -> Step {
    Step { name: None, seconds, factor }
}

#[test]
fn arrivals_are_even_within_a_step_and_never_wait() {
    let schedule =
        Schedule { rate: 10.0, steps: vec![step(1.0, 1.0), step(0.5, 4.0), step(1.0, 0.0)] };
    let arrivals: Vec<_> = schedule.arrivals().collect();
    assert_eq!(arrivals.len(), 30);
    assert_eq!(arrivals.iter().filter(|arrival| arrival.step == 1).count(), 20);
    assert_eq!(arrivals[0].at, Duration::ZERO);
    assert_eq!(arrivals[9].at, Duration::from_millis(900));
    assert_eq!(arrivals[10].at, Duration::from_secs(1));
    assert_eq!(arrivals[11].at, Duration::from_millis(1_025));
    assert!(arrivals.is_sorted_by_key(|arrival| arrival.at));
    assert_eq!(schedule.length(), Duration::from_millis(2_500));
}

#[test]
fn numbers_out_of_bounds_are_refused() {
    assert!(Schedule::steady(1.0, 1.0).is_sound());
    for (rate, seconds, factor) in [
        (0.0, 1.0, 1.0),
        (-1.0, 1.0, 1.0),
        (f64::NAN, 1.0, 1.0),
        (1.0, 0.0, 1.0),
        (1.0, f64::INFINITY, 1.0),
        (1.0, 1.0, -1.0),
        (1e6, 1.0, 2.0),
    ] {
        let schedule = Schedule { rate, steps: vec![step(seconds, factor)] };
        assert!(!schedule.is_sound(), "{schedule:?}");
    }
    assert!(!Schedule { rate: 1.0, steps: Vec::new() }.is_sound());
}

#[test]
fn steps_without_a_name_have_their_number() {
    let mut schedule = Schedule { rate: 1.0, steps: vec![step(1.0, 1.0), step(1.0, 1.0)] };
    schedule.steps[1].name = Some("surge".to_owned());
    assert_eq!((schedule.name(0), schedule.name(1)), ("1".to_owned(), "surge".to_owned()));
}
