use std::time::Duration;

use governor::clock::FakeRelativeClock;
use governor::{Quota as Rate, RateLimiter};

use crate::io::bidders::quotas::{Share, WHOLE};
use crate::io::bidders::tests::dice::Dice;

/// A quota of 100, ten times that wanted: whether a viewer comes early or late in a second, its
/// chance is the same, and nothing of the quota is lost.
#[test]
#[expect(clippy::print_stdout, reason = "a failing seed is read beside the spread")]
fn each_tenth_of_a_second_gets_its_share() {
    for (demand, offered_ppm, seed) in [(1_000, WHOLE, 1), (1_000, 500_000, 2), (300, WHOLE, 3)] {
        let (mut dice, mut share) = (Dice::new(seed), Share::default());
        let clock = FakeRelativeClock::default();
        let rate = Rate::per_second(100.try_into().unwrap());
        let limiter = RateLimiter::direct_with_clock(rate, clock.clone());
        let mut refused_until = Duration::ZERO;
        let step = Duration::from_secs(1) / demand;
        let (mut tenths, mut wanted) = ([0_u32; 10], 0);
        for auction in 0..demand * 13 {
            let now = step * auction;
            let watched = Duration::from_secs(3) <= now;
            let free = refused_until <= now && may(&mut share, &mut dice, None, now);
            share.read(free, None, now);
            let offered = dice.millionth() < offered_ppm;
            wanted += u32::from(watched && offered);
            if free && offered {
                share.want(now);
                match limiter.check() {
                    Ok(()) if watched => {
                        tenths[usize::try_from(now.subsec_millis() / 100).unwrap()] += 1;
                    }
                    Ok(()) => {}
                    Err(_) => refused_until = now + Duration::from_millis(10),
                }
            }
            clock.advance(step);
        }
        let taken: u32 = tenths.iter().sum();
        println!("seed {seed}: {taken} of 1,000 taken, {wanted} wanted, by tenths {tenths:?}");
        assert!((900..=1_101).contains(&taken), "seed {seed}: {taken} of 1,000 in 10 s");
        for of in tenths {
            assert!((taken / 20..=taken * 3 / 20).contains(&of), "seed {seed}: {tenths:?}");
        }
    }
}

/// Half of the auctions are worth three times the others: they ask three times as often, and what
/// is asked together stays the quota.
#[test]
fn where_a_call_brings_more_the_chance_is_greater() {
    let (mut dice, mut share) = (Dice::new(11), Share::default());
    let mut asked = [0_u32; 2];
    for auction in 0..20_000_u32 {
        let now = Duration::from_millis(auction.into());
        let dear = auction % 2;
        let value = 1_000 + 2_000 * u64::from(dear);
        let free = may(&mut share, &mut dice, Some(value), now);
        share.read(free, Some(value), now);
        if free {
            share.want(now);
            asked[usize::try_from(dear).unwrap()] += u32::from(3_000 <= auction);
        }
    }
    let [cheap, dear] = asked;
    assert!((1_500..1_900).contains(&(cheap + dear)), "{asked:?}: 17 s of 100");
    assert!((2.4..3.7).contains(&(f64::from(dear) / f64::from(cheap))), "{asked:?}");
}

#[test]
fn a_chance_has_bounds() {
    let mut share = Share::default();
    let now = Duration::from_secs(1);
    for value in [0, 0, 0, 4_000_000] {
        share.read(true, Some(value), now);
        (0..25).for_each(|_| share.want(now));
    }
    let mut chance = |value| share.chance_ppm(10, Some(value), now);
    assert_eq!(chance(1_000_000), Some(100_000));
    assert_eq!(chance(0), Some(25_000));
    assert_eq!(chance(2_000_000), Some(200_000));
    assert_eq!(chance(u64::MAX), Some(400_000));
    assert_eq!(share.chance_ppm(50, Some(u64::MAX), now), Some(WHOLE));
    assert_eq!(share.chance_ppm(100, None, now), None);
}

/// A second's auctions did not look what a call brings, since the quota was enough: those that find
/// it contended are held against one another, not against them.
#[test]
fn who_did_not_look_says_nothing_of_the_average() {
    let mut share = Share::default();
    let now = Duration::from_secs(1);
    for value in [None, None, None, Some(3_000_000), Some(1_000_000)] {
        share.read(true, value, now);
        (0..20).for_each(|_| share.want(now));
    }
    let mut chance = |value| share.chance_ppm(10, value, now);
    assert_eq!(chance(Some(2_000_000)), Some(100_000));
    assert_eq!(chance(Some(1_000_000)), Some(50_000));
    assert_eq!(chance(None), Some(100_000), "what is not known is neither dear nor cheap");
    assert_eq!(chance(Some(0)), Some(25_000), "what is known to bring nothing is cheap");
    let later = now + Duration::from_secs(1);
    share.read(true, None, later);
    (0..20).for_each(|_| share.want(later));
    assert_eq!(share.chance_ppm(10, Some(9), later), Some(WHOLE / 2), "a second later all is gone");
}

#[test]
fn nothing_is_drawn_while_the_quota_is_enough() {
    let mut share = Share::default();
    for auction in 0..1_000 {
        let now = Duration::from_millis(auction * 10);
        assert_eq!(share.chance_ppm(100, None, now), None);
        share.read(true, None, now);
        share.want(now);
    }
    let now = Duration::from_millis(9_990);
    assert_eq!((share.demand(now), share.ppm(100, now)), (100, WHOLE));
    assert_eq!(share.ppm(50, now), WHOLE / 2);
    assert_eq!(
        share.ppm(50, now + Duration::from_secs(1)),
        WHOLE,
        "a second later nothing is wanted"
    );
}

#[test]
fn what_some_want_stands_for_all_who_read() {
    let mut share = Share::default();
    let now = Duration::from_secs(7);
    assert_eq!(share.demand(now), 0);
    for auction in 0..100 {
        share.read(auction % 4 == 0, None, now);
    }
    assert_eq!(share.demand(now), 0);
    (0..20).for_each(|_| share.want(now));
    assert_eq!(share.demand(now), 80, "20 of 25 who could wanted it, and so 80 of all 100");
    let mut unread = Share::default();
    (0..20).for_each(|_| unread.want(now));
    assert_eq!(unread.demand(now), 20);
    let mut blocked = Share::default();
    (0..20).for_each(|_| blocked.read(false, None, now));
    assert_eq!(blocked.ppm(1, now), WHOLE);
}

fn may(share: &mut Share, dice: &mut Dice, value: Option<u64>, now: Duration) -> bool {
    share.chance_ppm(100, value, now).is_none_or(|chance| dice.millionth() < chance)
}
