//! What a burst of sales comes to.

use std::time::Duration;

use super::Backlog;

impl Backlog {
    /// Lets time pass while nothing waits, and says whether one horizon is full.
    fn is_long_at(&mut self, ms: u64) -> bool {
        self.pass(Duration::ZERO, Duration::from_millis(ms));
        self.is_long(1)
    }
}

#[test]
fn a_burst_of_sales_is_as_long_as_they_cost_and_passes_with_time() {
    let mut backlog = Backlog::default();
    let begun = (0..1_000).take_while(|_| {
        backlog.begin();
        !backlog.is_long_at(0)
    });
    assert_eq!(begun.count(), 20, "10 ms of sales taken to cost 0.5 ms each");
    assert!(!backlog.is_long(2), "nor two horizons");
    assert!(!backlog.is_long_at(3));
    (0..6).for_each(|_| backlog.begin());
    assert!(backlog.is_long_at(3));
    assert!(!backlog.is_long_at(1_000));
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
    (0..30).for_each(|_| backlog.begin());
    assert!(backlog.is_long_at(10), "half of 10 ms is not 6");
    assert!(!backlog.is_long_at(25));
}

#[test]
fn refusals_take_time_from_sales_but_not_most_of_it() {
    for (refused_ms, done_ms) in [(0, 6), (2, 8), (1_000, 10)] {
        let mut backlog = Backlog::default();
        (0..30).for_each(|_| backlog.begin());
        // Refusals go on for as long.
        (0..refused_ms.min(10)).for_each(|_| backlog.refused(Duration::from_millis(1)));
        assert!(backlog.is_long_at(done_ms - 1), "{refused_ms} ms of refusals");
        assert!(!backlog.is_long_at(done_ms), "{refused_ms} ms of refusals");
    }
}

#[test]
fn the_longer_work_waits_the_less_is_taken_to_be_done() {
    for (delay_ms, done_ms) in [(0, 6), (4, 6), (8, 11), (40, 55)] {
        let mut backlog = Backlog::default();
        (0..30).for_each(|_| backlog.begin());
        let mut is_long = |at| {
            backlog.pass(Duration::from_millis(delay_ms), Duration::from_millis(at));
            backlog.is_long(1)
        };
        assert!(is_long(done_ms - 1), "{delay_ms} ms");
        assert!(!is_long(done_ms), "{delay_ms} ms");
    }
}

#[test]
fn ticks_without_sales_or_work_are_no_fault() {
    let mut backlog = Backlog::default();
    for at in 0..100_000 {
        backlog.learn(Duration::from_micros(at % 3));
        assert!(!backlog.is_long_at(at));
    }
    backlog.learn(Duration::MAX);
    backlog.begin();
    assert!(!backlog.is_long_at(1_000_000));
}
