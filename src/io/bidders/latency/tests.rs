use std::time::Duration;

use tokio::time::advance;

use crate::io::bidders::latency::{BUCKETS, InBy, Latencies, bucket, upper};

#[test]
fn each_time_is_in_a_bucket_that_ends_within_a_thirtieth() {
    for us in (0..3_000).chain((0..23).map(|bit| 1 << bit)).chain([70_999, 8_388_607]) {
        let upper = upper(bucket(us));
        assert!(us <= upper && upper - us <= us / 31, "{us} in a bucket to {upper}");
    }
    assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    assert!((1..BUCKETS).all(|at| bucket(upper(at - 1) + 1) == at), "there is a gap");
}

#[tokio::test(start_paused = true)]
async fn value_counts_not_answers() {
    let latencies = Latencies::new();
    assert_eq!(latencies.in_by(), None);
    latencies.count(5_000, 0);
    assert_eq!(latencies.in_by(), None, "an answer worth nothing is nothing to wait for");
    // Many cheap ones at once, and what is worth most comes late.
    for _ in 0..900 {
        latencies.count(10_000, 1_000_000);
    }
    for _ in 0..50 {
        latencies.count(70_000, 18_000_000);
    }
    latencies.count(300_000, 100_000_000);
    let found = latencies.in_by().unwrap();
    let rough = [found.p50, found.p90, found.p99].map(|us| us / 1_000);
    assert_eq!(rough, [71, 71, 303]);

    advance(Duration::from_mins(90)).await;
    assert_eq!(latencies.in_by(), Some(found), "half an hour of it is left");
    latencies.count(20_000, 1_900_000_000);
    let InBy { p50, .. } = latencies.in_by().unwrap();
    assert_eq!(p50 / 1_000, 20);
    advance(Duration::from_hours(2)).await;
    assert_eq!(latencies.in_by(), None);
}
