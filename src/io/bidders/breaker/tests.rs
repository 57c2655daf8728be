use std::time::Duration;

use crate::io::bidders::breaker::{Breaker, Change, Leave, Position};
use crate::io::bidders::health::Ended;

/// Steps: `-` an unreachable call, `t` one timed out, `+` a good one, `f` a fault, `d` a failed dial,
/// `.` a second goes by, `m` a minute, each call with the leave it is given. Expected: the leave of
/// the next call, and where the breaker stands.
#[test]
fn sequences() {
    let table = [
        ("", Leave::Free, Position::Closed),
        ("---------", Leave::Free, Position::Closed),
        ("-t-t-t-t-t", Leave::Refused, Position::Open),
        ("---------+-", Leave::Free, Position::Closed),
        // An error is no failure to get through, and no good answer either.
        ("---------f", Leave::Free, Position::Closed),
        ("---------f-", Leave::Refused, Position::Open),
        ("ffffffffffff", Leave::Free, Position::Closed),
        ("dddddddddd", Leave::Refused, Position::Open),
        ("dddddddddd.", Leave::Probe, Position::HalfOpen),
        ("dddddddddd.dddddddddddddddd", Leave::Probe, Position::HalfOpen),
        ("----------.", Leave::Probe, Position::HalfOpen),
        ("----------.++", Leave::Probe, Position::HalfOpen),
        ("----------.+++", Leave::Free, Position::Closed),
        ("----------.-", Leave::Refused, Position::Open),
        ("----------.-.", Leave::Refused, Position::Open),
        ("----------.-..", Leave::Probe, Position::HalfOpen),
        ("----------.++-..", Leave::Probe, Position::HalfOpen),
        // A fault says that somebody is there: the good probes before it count on, after a second.
        ("----------.++f", Leave::Refused, Position::Open),
        ("----------.++f.+", Leave::Free, Position::Closed),
        // The third opening lasts 4 s.
        ("----------.-..t...", Leave::Refused, Position::Open),
        ("----------.-..t....", Leave::Probe, Position::HalfOpen),
        // Closed and open again at once: the second opening lasts 2 s, after a minute 1 s.
        ("----------.+++----------.", Leave::Refused, Position::Open),
        ("----------.+++m----------.", Leave::Probe, Position::HalfOpen),
    ];
    for (steps, leave, position) in table {
        let (breaker, now) = run(steps);
        assert_eq!((breaker.leave(now), breaker.position(now)), (leave, position), "{steps}");
    }
}

#[test]
fn openings_double_up_to_fifteen_seconds() {
    let mut breaker = Breaker::new(Duration::ZERO);
    let mut now = Duration::ZERO;
    for _ in 0..10 {
        breaker.end(Leave::Free, Ended::Timeout, now, plain);
    }
    for seconds in [1, 2, 4, 8, 15, 15, 15] {
        let almost = now + Duration::from_secs(seconds) - Duration::from_millis(1);
        assert_eq!(breaker.admit(almost), Leave::Refused, "{seconds} s");
        now += Duration::from_secs(seconds);
        assert_eq!(breaker.admit(now), Leave::Probe, "{seconds} s");
        assert_eq!(breaker.end(Leave::Probe, Ended::Unreachable, now, plain), Change::Same);
    }
}

#[test]
fn one_probe_at_a_time() {
    let (mut breaker, now) = run("----------.");
    assert_eq!(breaker.admit(now), Leave::Probe);
    assert_eq!(breaker.admit(now), Leave::Refused);
    breaker.give_back();
    assert_eq!(breaker.admit(now), Leave::Probe);
    // A call from before the opening changes nothing.
    assert_eq!(breaker.end(Leave::Free, Ended::Timeout, now, plain), Change::Same);
    assert_eq!(breaker.admit(now), Leave::Refused);
    for last in [Change::Same, Change::Same, Change::Closed] {
        assert_eq!(breaker.end(Leave::Probe, Ended::Good, now, plain), last);
        breaker.admit(now);
    }
    assert_eq!(breaker.admit(now), Leave::Free);
    assert_eq!(breaker.admit(now), Leave::Free);
}

fn run(steps: &str) -> (Breaker, Duration) {
    let mut now = Duration::ZERO;
    let mut breaker = Breaker::new(now);
    for step in steps.chars() {
        let how = match step {
            '-' => Ended::Unreachable,
            't' => Ended::Timeout,
            '+' => Ended::Good,
            'f' => Ended::Fault,
            'd' => {
                breaker.not_dialled(now, plain);
                continue;
            }
            '.' => {
                now += Duration::from_secs(1);
                continue;
            }
            'm' => {
                now += Duration::from_mins(1);
                continue;
            }
            other => panic!("no such step: {other}"),
        };
        let leave = breaker.admit(now);
        assert!(leave.is_given(), "{steps}: a call at {now:?}");
        breaker.end(leave, how, now, plain);
    }
    (breaker, now)
}

fn plain(length: Duration) -> Duration {
    length
}
