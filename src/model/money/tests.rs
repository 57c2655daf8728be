use super::{Amount, Cpm, Fee, FeeSchedule};

fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros).unwrap()
}

fn schedule(ppm: &[u32]) -> FeeSchedule {
    let fees = ppm.iter().map(|&ppm| Fee { name: "fee".into(), ppm }).collect();
    FeeSchedule::new(fees).unwrap()
}

#[test]
fn prices_print_without_trailing_zeroes() {
    let cases = [(0, "0"), (5_000_000, "5"), (18_400_000, "18.4"), (1, "0.000001")];
    for (micros, text) in cases {
        assert_eq!(cpm(micros).to_string(), text);
    }
}

#[test]
fn prices_for_people_keep_two_places() {
    let cases = [(0, "0.00"), (18_400_000, "18.40"), (1_234_567, "1.234567")];
    for (micros, text) in cases {
        assert_eq!(cpm(micros).price_text(), text);
    }
}

#[test]
fn amounts_print_nine_digits() {
    assert_eq!(Amount::from_nanos(-1).to_string(), "-0.000000001");
    assert_eq!(cpm(1_234_000).per_impression().to_string(), "0.001234000");
    assert_eq!(Amount::from_nanos(i64::MIN).to_string(), "-9223372036.854775808");
}

#[test]
fn gross_is_net_and_fees_to_the_micro() {
    let fees = schedule(&[150_000, 33_333, 1]);
    for micros in [0, 1, 7, 999_999, 18_400_001, 1_000_000_000_000_000] {
        let split = fees.split(cpm(micros));
        let taken: i64 = split.fees.iter().map(|fee| fee.micros()).sum();
        assert_eq!(split.net.micros() + taken, micros);
    }
}

#[test]
fn a_floor_grossed_up_leaves_the_floor_and_a_micro_less_does_not() {
    for ppm in [&[150_000][..], &[100_000, 50_000], &[999_999], &[]] {
        let fees = schedule(ppm);
        for floor in [1, 3, 999_999, 5_000_000, 7_777_777] {
            let gross = fees.gross_up(cpm(floor));
            assert!(cpm(floor) <= fees.split(gross).net, "{ppm:?} {floor}");
        }
    }
    assert_eq!(schedule(&[150_000]).gross_up(cpm(8_500_000)), cpm(10_000_000));
}

#[test]
fn a_schedule_of_a_hundred_percent_is_refused() {
    let whole = vec![Fee { name: "all".into(), ppm: 1_000_000 }];
    assert!(FeeSchedule::new(whole).is_none());
}
