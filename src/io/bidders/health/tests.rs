use std::sync::Arc;
use std::time::Duration;

use tokio::time::advance;

use crate::io::bidders::breaker::Position;
use crate::io::bidders::health::{Ended, Health, Together};
use crate::model::standing;

#[tokio::test(start_paused = true)]
async fn a_dead_bidder_is_left_alone_and_comes_back() {
    let (together, all) = bidders(3);
    let dead = &all[0];
    for _ in 0..10 {
        assert_eq!(dead.standing(), standing::Health::Good);
        dead.admit().unwrap().end(Ended::Timeout);
    }
    assert_eq!(dead.standing(), standing::Health::Open);
    assert!(dead.admit().is_none());
    assert!(!together.is_frozen());
    advance(Duration::from_millis(1_200)).await;
    assert_eq!(dead.standing(), standing::Health::Good);
    let probe = dead.admit().unwrap();
    assert_eq!(dead.standing(), standing::Health::Open, "one probe at a time");
    assert!(dead.admit().is_none());
    drop(probe);
    for _ in 0..3 {
        assert_eq!(dead.standing(), standing::Health::Good, "a probe never made is given back");
        dead.admit().unwrap().end(Ended::Good);
    }
    assert_eq!(dead.report(), (0, Position::Closed));
}

/// Dead for a minute and healed: what is asked in each second, of what could be.
#[tokio::test(start_paused = true)]
#[expect(clippy::print_stdout, reason = "the curve is what the test is about")]
async fn a_bidder_that_dies_and_heals_is_followed_within_the_bars() {
    for rate in [100_u32, 1_000] {
        let (_, all) = bidders(3);
        let mut curve = Vec::new();
        for second in 0..110 {
            let mut asked = 0_u32;
            for _ in 0..rate {
                advance(Duration::from_secs(1) / rate).await;
                if all[0].standing() != standing::Health::Good {
                    continue;
                }
                let Some(attempt) = all[0].admit() else { continue };
                asked += 1;
                let dead = (5..65).contains(&second);
                attempt.end(if dead { Ended::Timeout } else { Ended::Good });
            }
            let percent = asked * 100 / rate;
            match second {
                0..5 => assert_eq!(percent, 100, "{second}"),
                8..65 => assert!(percent <= 5, "{second}: {percent} %"),
                95.. => assert!(90 <= percent, "{second}: {percent} %"),
                _ => {}
            }
            curve.push(percent);
        }
        println!("{rate} calls/s, asked in % of each second: {curve:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_from_before_the_opening_ends_without_a_word() {
    let (_, all) = bidders(3);
    let late: Vec<_> = (0..5).map(|_| all[0].admit().unwrap()).collect();
    for _ in 0..10 {
        all[0].admit().unwrap().end(Ended::Unreachable);
    }
    advance(Duration::from_millis(1_200)).await;
    for attempt in late {
        attempt.end(Ended::Good);
    }
    assert_eq!(all[0].report().1, Position::HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn a_bidder_that_answers_badly_is_throttled_not_cut_off() {
    let (_, all) = bidders(2);
    for call in 0..100 {
        let how = if call % 2 == 0 { Ended::Good } else { Ended::Fault };
        all[0].admit().unwrap().end(how);
    }
    assert_eq!(all[0].report(), (407_687, Position::Closed));
    let throttled =
        (0..10_000).filter(|_| all[0].standing() == standing::Health::Throttled).count();
    assert!((3_800..4_350).contains(&throttled), "{throttled} of 10,000, drawn at 0.408");
    for _ in 0..50 {
        all[0].spoil();
    }
    assert_eq!(all[0].report().0, 950_000);
}

#[tokio::test(start_paused = true)]
async fn when_most_breakers_are_open_none_is() {
    let (together, mut all) = bidders(4);
    for health in &all[..2] {
        fail(health);
    }
    assert!(!together.is_frozen(), "half is not more than half");
    assert!(all[0].admit().is_none());
    fail(&all[2]);
    assert!(together.is_frozen());
    assert_eq!(together.freezes(), 1);
    // Calls go through, and what fails changes nothing.
    for _ in 0..100 {
        all[0].admit().unwrap().end(Ended::Timeout);
    }
    assert_eq!(all[0].report().1, Position::Open);
    // Three good ones close it, and half is open again.
    for _ in 0..3 {
        all[0].admit().unwrap().end(Ended::Good);
    }
    assert_eq!(all[0].report().1, Position::Closed);
    assert!(!together.is_frozen());
    assert!(all[1].admit().is_none());
    // Only dials fail, of one that nobody calls.
    for _ in 0..100 {
        all[3].dialled(true);
        all[3].dialled(false);
    }
    assert_eq!(all[3].report().1, Position::Open);
    assert!(together.is_frozen());
    assert_eq!(together.freezes(), 2);
    // A bidder that leaves the market takes its breaker along.
    all.pop();
    together.set(3);
    all.remove(1);
    assert!(!together.is_frozen());
    drop(all);
    together.set(0);
    assert!(!together.is_frozen());
}

fn fail(health: &Health) {
    for _ in 0..10 {
        health.admit().unwrap().end(Ended::Unreachable);
    }
}

fn bidders(count: usize) -> (Arc<Together>, Vec<Health>) {
    let together = Arc::new(Together::default());
    together.set(count);
    let all = (0..count).map(|_| Health::new(Arc::clone(&together))).collect();
    (together, all)
}
