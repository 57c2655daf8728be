use std::time::Duration;

use crate::io::bidders::demand::{BUCKETS, Demand, bucket, upper_us};

/// Has so many calls a second, each holding its connection so long, for so many ticks.
fn run(demand: &mut Demand, rate: u32, held_ms: u64, ticks: usize) {
    for _ in 0..ticks {
        for _ in 0..rate / 5 {
            demand.ask();
            demand.hold(Duration::from_millis(held_ms));
        }
        demand.fold();
    }
}

#[test]
fn what_is_wanted_is_the_rate_times_the_latency_and_four_of_its_roots() {
    // (calls a second, milliseconds each) -> connections; buckets round up by half at most.
    for (rate, held_ms, least, most) in
        [(0, 50, 0, 0), (10, 50, 5, 9), (100, 60, 14, 21), (1_000, 60, 88, 130), (5, 1_000, 13, 19)]
    {
        let mut demand = Demand::default();
        run(&mut demand, rate, held_ms, 20);
        let wanted = demand.wanted(0);
        assert!((least..=most).contains(&wanted), "{rate}/s of {held_ms} ms: {wanted}");
    }
}

#[test]
fn a_rare_slow_call_does_not_count() {
    let mut demand = Demand::default();
    for _ in 0..97 {
        demand.hold(Duration::from_millis(10));
    }
    for _ in 0..3 {
        demand.hold(Duration::from_secs(1));
    }
    assert!(demand.p95_us() < 20_000, "{}", demand.p95_us());
    demand.hold(Duration::from_secs(1));
    demand.hold(Duration::from_secs(1));
    demand.hold(Duration::from_secs(1));
    assert!(1_000_000 < demand.p95_us(), "{}", demand.p95_us());
}

#[test]
fn it_grows_at_once_and_shrinks_slowly() {
    let mut demand = Demand::default();
    assert_eq!(demand.wanted(9), 9 + 12, "those in use");
    for _ in 0..16 {
        demand.miss();
    }
    assert_eq!(demand.wanted(0), 16 + 16, "those that were missing");
    demand.fold();
    assert_eq!(demand.wanted(0), 8 + 4 * 2, "half of them, a tick later");
    (0..4).for_each(|_| demand.fold());
    assert_eq!(demand.wanted(0), 0);
    run(&mut demand, 1_000, 60, 10);
    let busy = demand.wanted(0);
    run(&mut demand, 0, 60, 5);
    assert!(busy * 3 / 4 < demand.wanted(0), "a second's silence");
    run(&mut demand, 0, 60, 150);
    assert!(busy * 3 / 4 < demand.wanted(0), "half a minute's: the next break begins at once");
    run(&mut demand, 0, 60, 9_000);
    assert!(demand.wanted(0) <= busy / 2, "half an hour's");
    run(&mut demand, 0, 60, 80_000);
    assert_eq!(demand.wanted(0), 0, "a night's");
}

#[test]
fn a_bidder_may_become_faster() {
    let mut demand = Demand::default();
    run(&mut demand, 1_000, 200, 50);
    assert!(200_000 < demand.p95_us());
    run(&mut demand, 1_000, 5, 250);
    assert!(demand.p95_us() < 10_000, "{}", demand.p95_us());
}

#[test]
fn every_length_has_its_bucket() {
    for us in [0, 1, 255, 256, 383, 384, 511, 512, 60_000, 1_000_000, u64::MAX] {
        let at = bucket(Duration::from_micros(us));
        assert!(us < upper_us(at) || at == BUCKETS - 1, "{us}");
        assert!(at == 0 || upper_us(at - 1) <= us, "{us}");
    }
}
