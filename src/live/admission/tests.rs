//! The rules one by one; `surge` has a simulated worker.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Admission, Asks, Bounds, Spent, TARGET};
use crate::live::admission::shed::Shed;
use crate::model::ids::PublisherId;
use crate::model::time::UnixMillis;

mod surge;

const SMALL: Bounds = Bounds { least: 4, start: 20, most: 40 };
const CALM: Duration = Duration::ZERO;

#[test]
fn a_worker_takes_what_its_limit_allows() {
    let mut admission = Admission::new(SMALL);
    let one = PublisherId::new("one");
    let mut let_in = 0;
    let verdict = loop {
        match admission.begin(&asks(&one, 0), CALM, ms(0)) {
            Ok(()) => let_in += 1,
            Err(shed) => break shed,
        }
    };
    assert_eq!((let_in, verdict, admission.load()), (20, Shed::Full, (20, 20)));
    admission.end(&one);
    assert_eq!(admission.begin(&asks(&one, 0), CALM, ms(1)), Ok(()));
}

#[test]
fn a_sale_is_shed_when_work_waits_for_twice_the_target() {
    let mut admission = Admission::new(SMALL);
    let one = PublisherId::new("one");
    for _ in 0..4 {
        let long = Duration::from_secs(1);
        assert_eq!(admission.begin(&asks(&one, 0), long, ms(0)), Ok(()), "it is not our work");
    }
    assert_eq!(admission.begin(&asks(&one, 0), 2 * TARGET, ms(0)), Ok(()));
    let more = 2 * TARGET + Duration::from_micros(1);
    assert_eq!(admission.begin(&asks(&one, 0), more, ms(0)), Err(Shed::Delay));
}

#[test]
fn a_noisy_publisher_is_held_to_its_share_once_room_is_short() {
    let mut admission = Admission::new(SMALL);
    let (noisy, quiet) = (PublisherId::new("noisy"), PublisherId::new("quiet"));
    assert_eq!(admission.begin(&asks(&quiet, 0), CALM, ms(0)), Ok(()));
    let taken = (0..100).filter(|_| admission.begin(&asks(&noisy, 0), CALM, ms(1)).is_ok());
    assert_eq!(taken.count(), 17, "up to nine tenths, then no more than its half");
    assert_eq!(admission.begin(&asks(&noisy, 0), CALM, ms(1)), Err(Shed::Share));
    assert_eq!(admission.begin(&asks(&quiet, 0), CALM, ms(2)), Ok(()));
}

/// Weights of two publishers with 9 sales each, of 20 in all, and whether the first may begin a tenth.
const WEIGHTS: &[(u32, u32, Result<(), Shed>)] =
    &[(1, 1, Ok(())), (3, 1, Ok(())), (1, 3, Err(Shed::Share)), (30, 90, Err(Shed::Share))];

#[test]
fn a_publisher_has_the_share_of_its_weight() {
    for &(own, other, verdict) in WEIGHTS {
        let mut admission = Admission::new(SMALL);
        let (one, two) = (PublisherId::new("one"), PublisherId::new("two"));
        let weighing = |publisher, weight| Asks {
            weight: NonZeroU32::new(weight).unwrap(),
            ..asks(publisher, 0)
        };
        for _ in 0..9 {
            assert_eq!(admission.begin(&weighing(&one, 50), CALM, ms(0)), Ok(()));
            assert_eq!(admission.begin(&weighing(&two, other), CALM, ms(0)), Ok(()));
        }
        // A weight may change with a reload; the last one counts.
        let found = admission.begin(&weighing(&one, own), CALM, ms(1));
        assert_eq!(found, verdict, "{own} beside {other}");
    }
}

#[test]
fn a_publisher_that_asked_a_second_ago_has_no_share_any_more() {
    let mut admission = Admission::new(SMALL);
    let (noisy, gone) = (PublisherId::new("noisy"), PublisherId::new("gone"));
    assert_eq!(admission.begin(&asks(&gone, 0), CALM, ms(0)), Ok(()));
    admission.end(&gone);
    for _ in 0..18 {
        assert_eq!(admission.begin(&asks(&noisy, 0), CALM, ms(950)), Ok(()));
    }
    assert_eq!(admission.begin(&asks(&noisy, 0), CALM, ms(960)), Err(Shed::Share));
    assert_eq!(admission.begin(&asks(&noisy, 0), CALM, ms(1_050)), Ok(()));
}

#[test]
fn who_asks_for_little_is_not_shed_for_what_others_ask() {
    let mut admission = Admission::new(SMALL);
    let (noisy, quiet) = (PublisherId::new("noisy"), PublisherId::new("quiet"));
    for _ in 0..20 {
        assert_eq!(admission.begin(&asks(&noisy, 0), CALM, ms(0)), Ok(()));
    }
    assert_eq!(admission.begin(&asks(&noisy, 0), CALM, ms(1)), Err(Shed::Full));
    assert_eq!(admission.begin(&asks(&quiet, 127), ms(12), ms(1)), Ok(()), "neither full nor late");
    assert_eq!(admission.refusal(ms(12), ms(1)), None, "it may be the quiet one's");
    assert_eq!(admission.begin(&asks(&noisy, 0), ms(12), ms(1)), Err(Shed::Delay));
    assert_eq!(admission.begin(&asks(&quiet, 127), ms(12), ms(1)), Ok(()));
    assert_eq!(admission.begin(&asks(&quiet, 127), ms(12), ms(1)), Err(Shed::Full), "a tenth more");
    assert_eq!(admission.refusal(ms(65), ms(1)), Some(Shed::Delay));
}

#[test]
fn a_burst_is_let_in_as_far_as_it_can_be_served_soon() {
    let mut admission = Admission::new(Bounds::WORKER);
    let one = PublisherId::new("one");
    let let_in = (0..500).take_while(|_| admission.begin(&asks(&one, 0), CALM, ms(0)).is_ok());
    assert_eq!(let_in.count(), 32, "10 ms of work, but as many as may always run");
    assert_eq!(admission.refusal(CALM, ms(0)), Some(Shed::Surge), "nobody's request is read");
    assert_eq!(admission.refusal(CALM, ms(7)), None);
}

/// A publisher nobody has heard of is not refused unread for ever.
#[test]
fn one_request_in_32_is_read_whatever_was_begun() {
    let mut admission = Admission::new(SMALL);
    let one = PublisherId::new("one");
    while admission.begin(&asks(&one, 0), CALM, ms(0)).is_ok() {}
    let read = (0..320).filter(|_| admission.refusal(CALM, ms(0)).is_none());
    assert_eq!(read.count(), 10);
}

/// What is shed since too much was begun is room that fewer bidders make.
#[test]
fn brownout_rises_while_sales_are_shed_for_a_surge() {
    let mut admission = Admission::new(Bounds::WORKER);
    let one = PublisherId::new("one");
    let mut levels = Vec::new();
    for at in 0..32 {
        while admission.begin(&asks(&one, 0), CALM, ms(10 * at)).is_ok() {}
        admission.tick(felt(CALM), ms(10 * at));
        levels.push(admission.brownout());
    }
    assert_eq!(levels[..21], [0; 21], "a burst is over within 200 ms");
    assert_eq!(levels[21..], [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3]);
}

#[test]
fn a_limit_is_not_cut_for_the_work_of_refusals() {
    let one = PublisherId::new("one");
    let crowd = |admission: &mut Admission, delay, at| {
        admission.refused(ms(4));
        admission.tick(felt(delay), ms(at));
    };
    for (delay, limit) in [(10, 20), (15, 20), (40, 9)] {
        let mut admission = Admission::new(SMALL);
        (0..10).for_each(|_| admission.begin(&asks(&one, 0), CALM, ms(0)).unwrap());
        for at in 0..20 {
            crowd(&mut admission, CALM, 10 * at);
        }
        assert_eq!(admission.refusal(ms(16), ms(200)), None);
        crowd(&mut admission, ms(delay), 210);
        crowd(&mut admission, ms(delay), 220);
        assert_eq!(admission.load().0, limit, "{delay} ms");
    }
}

#[test]
fn breaks_further_off_and_high_cohorts_give_way_first() {
    let mut admission = Admission::new(SMALL);
    let one = PublisherId::new("one");
    for _ in 0..18 {
        assert_eq!(admission.begin(&asks(&one, 127), CALM, ms(0)), Ok(()));
    }
    let later = Asks { starts: Some(UnixMillis(12_001)), ..asks(&one, 0) };
    assert_eq!(admission.begin(&later, CALM, ms(0)), Err(Shed::Later));
    let soon = Asks { starts: Some(UnixMillis(12_000)), ..asks(&one, 0) };
    assert_eq!(admission.begin(&soon, CALM, ms(0)), Ok(()));
    assert_eq!(admission.begin(&asks(&one, 64), CALM, ms(0)), Err(Shed::Cohort));
    assert_eq!(admission.begin(&asks(&one, 63), CALM, ms(0)), Ok(()));
    // A tenth of a second after room was short, all are equal again.
    (0..10).for_each(|_| admission.end(&one));
    assert_eq!(admission.begin(&later, CALM, ms(101)), Ok(()));
}

/// Delay of the tick in microseconds, sales running, the limit after it.
const MOVES: &[(u64, u32, u32)] = &[
    (0, 10, 20),      // half used: it does not grow
    (3_999, 11, 21),  // more is used, nothing waits: one more
    (4_000, 20, 20),  // at the target: no cut yet
    (6_000, 20, 18),  // half a target over: a tenth
    (60_000, 20, 10), // never below half
    (60_000, 21, 20), // the last cut has not shown its effect
];

#[test]
fn the_limit_follows_the_delay() {
    let one = PublisherId::new("one");
    for &(delay, running, expected) in MOVES {
        let mut admission = Admission::new(Bounds { start: 40, ..SMALL });
        for _ in 0..running {
            admission.begin(&asks(&one, 0), CALM, ms(0)).unwrap();
        }
        admission.limit = 20;
        admission.tick(felt(Duration::from_micros(delay)), ms(10));
        assert_eq!(admission.load().0, expected, "{delay} us, {running} running");
    }
    let mut admission = Admission::new(SMALL);
    for _ in 0..SMALL.least {
        admission.begin(&asks(&one, 0), CALM, ms(0)).unwrap();
    }
    for at in 0..100 {
        admission.tick(felt(Duration::from_millis(100)), ms(10 * at));
    }
    assert_eq!(admission.load().0, SMALL.least, "sales go on at the least");
}

#[test]
fn brownout_rises_with_the_second_bad_tick_and_falls_by_the_second() {
    let mut admission = Admission::new(SMALL);
    let one = PublisherId::new("one");
    for at in 0..3 {
        admission.tick(felt(TARGET), ms(at));
        admission.begin(&asks(&one, 0), CALM, ms(at)).unwrap();
    }
    assert_eq!(admission.brownout(), 0, "hardly anything runs");
    admission.begin(&asks(&one, 0), CALM, ms(0)).unwrap();
    let mut levels = Vec::new();
    for (at, bad) in
        [(0, true), (10, true), (20, true), (60, true), (70, false), (1_050, false), (1_060, false)]
    {
        admission.tick(felt(if bad { TARGET } else { CALM }), ms(at));
        levels.push(admission.brownout());
    }
    assert_eq!(levels, [0, 1, 1, 2, 2, 2, 1]);
}

/// What was too much before a second without a question says nothing of the next one.
#[test]
fn limit_and_brownout_are_forgotten_after_a_quiet_second() {
    let one = PublisherId::new("one");
    for (quiet_ms, limit, brownout) in [(1_000, SMALL.least, 1), (1_001, SMALL.start, 0)] {
        let mut admission = Admission::new(SMALL);
        for _ in 0..SMALL.least {
            admission.begin(&asks(&one, 0), CALM, ms(0)).unwrap();
        }
        for at in [0, 10, 20, 30] {
            admission.tick(felt(Duration::from_secs(1)), ms(at));
        }
        (0..SMALL.least).for_each(|_| admission.end(&one));
        assert_eq!((admission.load(), admission.brownout()), ((SMALL.least, 0), 1));
        assert_eq!(admission.begin(&asks(&one, 0), CALM, ms(30 + quiet_ms)), Ok(()));
        let found = (admission.load(), admission.brownout());
        assert_eq!(found, ((limit, 1), brownout), "after {quiet_ms} ms");
    }
    // What the limit has grown to beyond its start is kept.
    let mut admission = Admission::new(SMALL);
    (0..20).for_each(|_| admission.begin(&asks(&one, 0), CALM, ms(0)).unwrap());
    (1..20).for_each(|at| admission.tick(felt(CALM), ms(at)));
    let grown = admission.load().0;
    assert!(SMALL.start < grown, "{grown}");
    (0..20).for_each(|_| admission.end(&one));
    admission.begin(&asks(&one, 0), CALM, ms(5_000)).unwrap();
    assert_eq!(admission.load().0, grown);
}

/// Two seconds after the last delay it is the limit that is small still: fewer bidders would not help.
#[test]
fn brownout_stays_while_sales_are_shed_soon_after_a_delay() {
    let mut admission = Admission::new(SMALL);
    let one = PublisherId::new("one");
    for _ in 0..SMALL.least {
        admission.begin(&asks(&one, 0), CALM, ms(0)).unwrap();
    }
    admission.tick(felt(TARGET), ms(0));
    admission.tick(felt(TARGET), ms(10));
    let mut fell_at = None;
    for at in (20..5_000).step_by(10) {
        if at % 100 == 0 {
            let long = Duration::from_secs(1);
            assert_eq!(admission.begin(&asks(&one, 0), long, ms(at)), Err(Shed::Delay));
        }
        admission.tick(felt(CALM), ms(at));
        if admission.brownout() == 0 {
            fell_at = fell_at.or(Some(at));
        }
    }
    assert_eq!(fell_at, Some(3_000), "a second after the last one that counts, at 2,000");
}

/// A worker that waited so long and used half its time.
fn felt(delay: Duration) -> Spent {
    Spent { delay, used: Duration::from_millis(5) }
}

fn asks(publisher: &PublisherId, cohort: u8) -> Asks<'_> {
    let weight = NonZeroU32::MIN;
    Asks { publisher, weight, cohort, starts: None, arrived_at: UnixMillis(10_000) }
}

fn ms(at: u64) -> Duration {
    Duration::from_millis(at)
}
