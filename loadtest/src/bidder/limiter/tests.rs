//! The limit holds in every window of a second.

use std::time::Duration;

use super::Limiter;

#[test]
fn admits_so_many_in_any_second() {
    let mut limiter = Limiter::new(2);
    let arrivals = [(1_000, true), (1_400, true), (1_900, false), (2_000, true), (2_399, false)];
    for (ms, admitted) in arrivals.into_iter().chain([(2_400, true), (9_000, true)]) {
        assert_eq!(limiter.admit(Duration::from_millis(ms)), admitted, "arrival at {ms} ms");
    }
}

#[test]
fn a_limit_of_zero_admits_nothing() {
    let mut limiter = Limiter::new(0);
    assert!(!limiter.admit(Duration::ZERO));
    assert!(!limiter.admit(Duration::from_secs(60)));
}
