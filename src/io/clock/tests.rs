use std::time::Duration;

use tokio::time::{Instant, advance};

use crate::io::clock::{Backsteps, Stopwatch, Tally, Times, lag, now, reach, times, wall};
use crate::model::time::{Millis, UnixMillis};

/// patience (`-`: none), tmax, network reserve, own reserve → cutoff, deadline, ms past arrival.
const CASES: &str = "
# The caller's patience is the tighter end.
500    900  20 10   470  480
# The placement's tmax is.
500    200  20 10   200  480
# Nothing asked: tmax and both reserves.
-      300  20 10   300  310
-      300   0  0   300  300
# More than 2 s is not believed.
60000 5000  20 10  1970 1980
# Exactly the reserves, and less.
30     300  20 10     0   10
5      300  20 10     0    0
0      300  20 10     0    0
25     300  20 10     0    5
# Huge settings do not overflow.
-  18446744073709551615 20 10 86400000 86400000
";

#[tokio::test(start_paused = true)]
async fn a_sale_ends_where_decision_20_says() {
    for line in CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut columns = line.split_whitespace();
        let patience = columns.next().unwrap().parse().ok().map(Millis);
        let rest: Vec<u64> = columns.map(|column| column.parse().unwrap()).collect();
        let arrival = Instant::now();
        let times = times(arrival, patience, Millis(rest[0]), Millis(rest[1]), Millis(rest[2]));
        assert_eq!(after(&times, times.cutoff), rest[3], "cutoff of {line}");
        assert_eq!(after(&times, times.deadline), rest[4], "deadline of {line}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_counts_from_the_first_byte() {
    let arrival = Instant::now();
    advance(Duration::from_millis(40)).await;
    let before = now();
    let times = times(arrival, None, Millis(100), Millis(20), Millis(10));
    assert_eq!(times.left(), Millis(60));
    assert!(times.arrived_at.0 <= now().0 - 40, "the wall is taken back to the arrival");
    assert!(before.0 - 40 <= times.arrived_at.0);
    advance(Duration::from_millis(61)).await;
    assert_eq!(times.left(), Millis(0));
}

#[tokio::test(start_paused = true)]
async fn the_stages_of_a_sale_add_up_to_all_of_it() {
    let arrival = Instant::now();
    advance(Duration::from_micros(300)).await;
    let read = Instant::now();
    let times = times(arrival, None, Millis(100), Millis(20), Millis(10)).read_at(read);
    advance(Duration::from_micros(20)).await;
    let mut watch = Stopwatch::of(&times);
    watch.lap("decode");
    advance(Duration::from_millis(50)).await;
    watch.lap("wait");
    watch.split("answers", Duration::from_millis(2));
    let laps = [("read", 300), ("decode", 20), ("wait", 48_000), ("answers", 2_000)];
    assert_eq!(watch.laps(), laps);
    let tally = Tally::default();
    assert_eq!((tally.time(|| 7), tally.sum()), (7, Duration::ZERO));
}

#[test]
fn the_wall_never_runs_backwards() {
    let mut last = now();
    assert!(last.0 > 1_700_000_000_000, "the wall clock of this machine is set");
    for _ in 0..10_000 {
        let next = now();
        assert!(last <= next);
        last = next;
    }
}

fn after(times: &Times, instant: Instant) -> u64 {
    u64::try_from(instant.duration_since(times.arrival).as_millis()).unwrap()
}

#[test]
fn each_step_back_is_told_once() {
    let mut steps = Backsteps::since(Millis(500));
    // It catches up, is set back again while it does, then arrives.
    let lags = [400, 300, 900, 899, 0, 0, 20, 0];
    let told: Vec<_> = lags.into_iter().filter_map(|lag| steps.look(Millis(lag))).collect();
    assert_eq!(told, [Millis(900), Millis(20)]);
}

#[test]
fn a_time_that_was_reached_is_not_gone_behind() {
    let ahead = UnixMillis(wall().0 + 300);
    reach(ahead);
    assert!(ahead <= now());
    assert!(lag() <= Millis(300));
}
