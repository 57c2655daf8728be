//! What a burst of sales comes to.

use std::time::Duration;

use super::Backlog;

#[test]
fn a_burst_of_sales_is_as_long_as_they_cost_and_passes_with_time() {
    let mut backlog = Backlog::default();
    let begun = (0..1_000).take_while(|_| {
        backlog.begin();
        !backlog.is_long(Duration::ZERO, Duration::ZERO)
    });
    assert_eq!(begun.count(), 30, "15 ms of sales taken to cost 0.5 ms each");
    assert!(!backlog.is_long(Duration::ZERO, Duration::from_millis(3)));
    (0..6).for_each(|_| backlog.begin());
    assert!(backlog.is_long(Duration::ZERO, Duration::from_millis(3)));
    assert!(!backlog.is_long(Duration::ZERO, Duration::from_secs(1)));
}

#[test]
fn what_a_sale_costs_is_learnt_within_bounds() {
    for (each_us, learnt) in [(400, 400), (1, 100), (1_000_000, 5_000)] {
        let mut backlog = Backlog::default();
        for _ in 0..2_000 {
            (0..10).for_each(|_| backlog.begin());
            (0..10).for_each(|_| backlog.end());
            backlog.learn(Duration::from_micros(10 * each_us));
        }
        let cost = backlog.cost;
        assert!(cost.abs_diff(learnt) <= learnt / 50 + 1, "{cost} beside {learnt}");
    }
}

#[test]
fn a_thread_that_shares_its_processor_gets_less_done() {
    let mut backlog = Backlog::default();
    for _ in 0..20 {
        backlog.learn_pace(Duration::from_millis(5), Duration::from_millis(10));
    }
    (0..40).for_each(|_| backlog.begin());
    assert!(backlog.is_long(Duration::ZERO, Duration::from_millis(10)), "half of 10 ms is not 6");
    assert!(!backlog.is_long(Duration::ZERO, Duration::from_millis(25)));
}

#[test]
fn refusals_take_time_from_sales_but_not_most_of_it() {
    for (refused_ms, done_ms) in [(0, 6), (2, 8), (1_000, 10)] {
        let mut backlog = Backlog::default();
        (0..40).for_each(|_| backlog.begin());
        let long = |backlog: &mut Backlog, at| {
            // Refusals go on for as long.
            (0..refused_ms.min(10)).for_each(|_| backlog.refused(Duration::from_millis(1)));
            backlog.is_long(Duration::ZERO, Duration::from_millis(at))
        };
        assert!(long(&mut backlog, done_ms - 1), "{refused_ms} ms of refusals");
        assert!(
            !backlog.is_long(Duration::ZERO, Duration::from_millis(done_ms)),
            "{refused_ms} ms of refusals"
        );
    }
}

#[test]
fn refusals_that_wait_leave_sales_what_is_left() {
    let behind = Duration::from_millis(8);
    for (delay, is_long) in [(Duration::ZERO, false), (behind, true)] {
        let mut backlog = Backlog::default();
        (0..40).for_each(|_| backlog.begin());
        backlog.refused(Duration::from_millis(9));
        assert_eq!(backlog.is_long(delay, Duration::from_millis(10)), is_long, "{delay:?}");
    }
}

#[test]
fn ticks_without_sales_or_work_are_no_fault() {
    let mut backlog = Backlog::default();
    for at in 0..100_000 {
        backlog.learn(Duration::from_micros(at % 3));
        assert!(!backlog.is_long(Duration::ZERO, Duration::from_millis(at)));
    }
    backlog.learn(Duration::MAX);
    backlog.begin();
    assert!(!backlog.is_long(Duration::ZERO, Duration::from_secs(1_000)));
}
