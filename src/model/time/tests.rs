use super::{Millis, Seconds};

#[test]
fn nominal_seconds_round_ntsc_lengths_up_and_short_ones_down() {
    let cases = [
        (0, 0),
        (15_000, 15),
        (14_985, 15),
        (29_970, 30),
        (29_500, 29),
        (59_940, 60),
        (59_993, 60),
        (60_000, 60),
        (119_880, 120),
        (179_820, 180),
        (900_000, 900),
        (5_000_000, 900),
    ];
    for (real, nominal) in cases {
        assert_eq!(Seconds::nominal(Millis(real)), Seconds(nominal), "{real} ms");
    }
}
