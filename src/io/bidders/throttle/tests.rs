use std::fmt::Write;
use std::time::Duration;

use crate::io::bidders::tests::dice::Dice;
use crate::io::bidders::throttle::{Throttle, skip_ppm};

#[test]
fn the_share_is_that_of_the_formula() {
    let table = [
        (0, 0, 0),
        (19, 0, 0),
        (20, 0, 950_000),
        (20, 17, 0),
        (20, 16, 56_022),
        (100, 100, 0),
        (100, 85, 0),
        (100, 84, 11_648),
        (100, 50, 407_687),
        (100, 0, 950_000),
        (1_000, 500, 411_353),
        (1_000, 0, 950_000),
        (u32::MAX, 0, 950_000),
        (u32::MAX, u32::MAX, 0),
    ];
    for (calls, good, share) in table {
        assert_eq!(skip_ppm(calls, good), share, "n = {calls}, s = {good}");
    }
}

#[test]
fn only_the_last_ten_seconds_count() {
    let mut throttle = Throttle::default();
    for _ in 0..100 {
        throttle.count(false, at(5_000));
    }
    assert_eq!(throttle.skip_ppm(at(5_000)), 950_000);
    for _ in 0..100 {
        throttle.count(true, at(9_000));
    }
    assert_eq!(throttle.skip_ppm(at(14_999)), skip_ppm(200, 100));
    assert_eq!(throttle.skip_ppm(at(15_000)), 0);
    assert_eq!(throttle.sum.calls, 100);
    assert_eq!(throttle.skip_ppm(at(1_000_000_000)), 0);
    assert_eq!(throttle.sum.calls, 0);
}

#[test]
fn an_answer_that_could_not_be_read_was_not_good() {
    let mut throttle = Throttle::default();
    throttle.spoil(at(0));
    for _ in 0..40 {
        throttle.count(true, at(900));
    }
    for _ in 0..20 {
        throttle.spoil(at(1_100));
    }
    assert_eq!(throttle.skip_ppm(at(1_100)), skip_ppm(40, 20));
    for _ in 0..100 {
        throttle.spoil(at(1_100));
    }
    assert_eq!(throttle.skip_ppm(at(1_100)), skip_ppm(40, 0));
    throttle.count(true, at(20_000));
    assert_eq!((throttle.sum.calls, throttle.sum.good), (1, 1));
}

/// A bidder that fails half the time, is dead, is healed: each phase of 40 s.
#[test]
#[expect(clippy::print_stdout, reason = "the curve is what the test is about")]
fn the_share_follows_the_bidder() {
    for rate in [100, 1_000] {
        let mut curve = String::new();
        let seed = 0x5eed + rate;
        let mut dice = Dice::new(seed);
        let mut throttle = Throttle::default();
        for second in 0..120 {
            let good_ppm = match second {
                0..40 => 500_000,
                40..80 => 0,
                _ => 1_000_000,
            };
            let (mut asked, mut expected) = (0, 0);
            for call in 0..rate {
                let now = at(second * 1_000 + call * 1_000 / rate);
                let skip = throttle.skip_ppm(now);
                expected += u64::from(skip);
                if skip <= dice.millionth() {
                    asked += 1;
                    throttle.count(dice.millionth() < good_ppm, now);
                }
            }
            let skipped_ppm = (rate - asked) * 1_000_000 / rate;
            let expected_ppm = expected / rate;
            write!(curve, " {}", skipped_ppm / 10_000).unwrap();
            // Four standard deviations of a share of `rate` draws.
            let chance = 4 * 500_000 / rate.isqrt();
            assert!(
                skipped_ppm.abs_diff(expected_ppm) <= chance.max(10_000),
                "seed {seed}, second {second}: {skipped_ppm}, not {expected_ppm}"
            );
            match second {
                8..40 => assert!(300_000 <= expected_ppm, "seed {seed}: {second} {expected_ppm}"),
                43..50 => assert!(500_000 <= expected_ppm, "seed {seed}: {second} {expected_ppm}"),
                50..80 => assert_eq!(expected_ppm, 950_000, "seed {seed}: {second}"),
                95.. => assert_eq!(expected_ppm, 0, "seed {seed}: {second}"),
                _ => {}
            }
        }
        println!("{rate} calls/s, left out in % of each second, seed {seed}:{curve}");
    }
}

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
