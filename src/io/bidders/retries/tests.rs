use super::{CALLS, FIRST, MOST, Retries};
use crate::io::bidders::tests::dice::Dice;

/// However failures come, of any stretch of calls one in twenty is made once more, beside what was saved.
#[test]
fn one_call_in_twenty_is_made_once_more() {
    for (seed, failing_ppm) in [(1, 1_000_000), (2, 500_000), (3, 60_000), (4, 40_000), (5, 0)] {
        let (mut dice, mut retries) = (Dice::new(seed), Retries::default());
        let (mut failed, mut again) = (0, 0);
        for calls in 1..=20_000 {
            if dice.millionth() < failing_ppm {
                failed += 1;
                again += u32::from(retries.take());
            }
            retries.count();
            assert!(again <= FIRST + calls / CALLS, "seed {seed}: {again} after {calls} calls");
        }
        let wanted = failed.min(FIRST + 20_000 / CALLS);
        assert!(wanted - again <= wanted / 20, "seed {seed}: {again} of {wanted}");
    }
}

#[test]
fn what_is_saved_up_is_bounded() {
    let mut retries = Retries::default();
    for _ in 0..1_000_000 {
        retries.count();
    }
    let taken = (0..1_000).filter(|_| retries.take()).count();
    assert_eq!(taken, usize::try_from(MOST).unwrap());
    for ended in 1..=CALLS {
        retries.count();
        assert_eq!(retries.take(), ended == CALLS, "after {ended} calls");
    }
}
