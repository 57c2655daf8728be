use std::time::Duration;

use tokio::time::Instant;

use crate::io::bidders::backoff::Backoff;

#[test]
fn each_failure_puts_off_twice_as_long_up_to_the_most() {
    let mut backoff = Backoff::new(Duration::from_secs(15));
    let mut now = Instant::now();
    assert!(!backoff.has_failed());
    for length_ms in [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000] {
        backoff.fail(now, now);
        let until = backoff.until(now).expect("it has just failed");
        let length = until - now;
        let around =
            Duration::from_millis(length_ms * 4 / 5)..=Duration::from_millis(length_ms * 6 / 5);
        assert!(around.contains(&length), "{length:?}, not {length_ms} ms");
        now = until;
        assert_eq!(backoff.until(now), None, "the time has come");
    }
    backoff.succeed();
    assert!(!backoff.has_failed());
    backoff.fail(now, now);
    assert!(
        backoff.until(now).unwrap() - now <= Duration::from_millis(120),
        "from the start again"
    );
}

#[test]
fn what_fails_together_is_one_failure() {
    let mut backoff = Backoff::new(Duration::from_secs(15));
    let begun = Instant::now();
    let now = begun + Duration::from_millis(10);
    for _ in 0..64 {
        backoff.fail(begun, now);
    }
    assert!(backoff.until(now).unwrap() - now <= Duration::from_millis(120));
}

#[test]
fn it_counts_to_any_number() {
    let mut backoff = Backoff::new(Duration::from_secs(2));
    let now = Instant::now();
    for _ in 0..100 {
        backoff.fail(now, now);
    }
    assert!(backoff.until(now).unwrap() - now <= Duration::from_millis(2_400));
}
