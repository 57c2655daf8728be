use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use serde_json::Value;

use super::{bid, floor, number, parse_down, parse_up};
use crate::model::money::Cpm;

const VECTORS: &str = include_str!("../../../tests/data/wire/price/vectors.json");

#[test]
fn texts_of_the_vectors_are_read_to_the_micro() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    for list in ["parse_bid", "parse_floor"] {
        for case in vectors[list].as_array().unwrap() {
            let token = case["token"].as_str().unwrap();
            let read = if list == "parse_bid" { parse_down(token) } else { parse_up(token) };
            let micros = read.map(|cpm| cpm.micros().to_string());
            assert_eq!(micros.as_deref(), case["micros"].as_str(), "{list} {token}");
        }
    }
    for token in vectors["parse_reject"].as_array().unwrap() {
        let token = token.as_str().unwrap();
        assert_eq!((parse_down(token), parse_up(token)), (None, None), "{token}");
    }
}

#[test]
fn numbers_of_the_vectors_mean_what_their_texts_mean() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    for case in vectors["parse_bid"].as_array().unwrap() {
        let token = case["token"].as_str().unwrap();
        let price = bid(token.parse().unwrap()).unwrap();
        assert_eq!(Some(price.cpm), parse_down(token), "{token}");
    }
    for case in vectors["parse_floor"].as_array().unwrap() {
        let token = case["token"].as_str().unwrap();
        assert_eq!(floor(token.parse().unwrap()), parse_up(token), "{token}");
    }
}

#[test]
fn numbers_without_a_price_have_none() {
    for wrong in [-1.0, -0.0, f64::NAN, f64::INFINITY, f64::MAX, 1e16, 1_000_000_000.000_001] {
        assert_eq!((bid(wrong), floor(wrong)), (None, None), "{wrong}");
    }
    assert_eq!(bid(1e9).unwrap().cpm.micros(), 1_000_000_000_000_000);
    assert_eq!(floor(5e-324).unwrap().micros(), 1);
}

#[test]
fn the_text_of_a_price_is_the_shortest() {
    let cases = [(18.40, "18.4"), (5.0, "5"), (1e-7, "1e-7"), (0.000_001, "0.000001")];
    for (price, text) in cases {
        assert_eq!(&*bid(price).unwrap().text, text);
    }
}

#[test]
fn texts_at_the_limits_of_the_grammar() {
    let zeroes = "0".repeat(62);
    assert_eq!(parse_down(&format!("0.{zeroes}")), Some(Cpm::ZERO));
    assert_eq!(parse_down(&format!("0.{zeroes}0")), None);
    assert_eq!(parse_up("1e-999"), Cpm::from_micros(1));
    assert_eq!(parse_down("1e-1000"), None);
    assert_eq!(parse_down("1000000000"), Cpm::from_micros(1_000_000_000_000_000));
    assert_eq!(parse_down("1000000000.0000001"), None);
    assert_eq!(parse_up("999999999.9999999"), Cpm::from_micros(1_000_000_000_000_000));
}

proptest! {
    /// Every price of up to six places survives the way out and back in.
    #[test]
    fn prices_survive_a_round_trip(micros in 0_i64..=999_999_999_999_999) {
        let cpm = Cpm::from_micros(micros).unwrap();
        let text = number(cpm);
        prop_assert_eq!(parse_down(text.get()), Some(cpm));
        prop_assert_eq!(bid(text.get().parse().unwrap()).unwrap().cpm, cpm);
        prop_assert_eq!(floor(text.get().parse().unwrap()), Some(cpm));
    }

    /// A second reading of the text, in whole numbers of 10^-12, agrees.
    #[test]
    fn an_oracle_of_integers_agrees(whole in 0_u64..1_000_000_000, places in "[0-9]{1,12}") {
        let text = format!("{whole}.{places}");
        let fine: u128 = format!("{places:0<12}").parse().unwrap();
        let fine = u128::from(whole) * 1_000_000_000_000 + fine;
        let (down, up) = (fine / 1_000_000, fine.div_ceil(1_000_000));
        let read = |cpm: Option<Cpm>| u128::try_from(cpm.unwrap().micros()).unwrap();
        prop_assert_eq!(read(parse_down(&text)), down);
        prop_assert_eq!(read(parse_up(&text)), up);
    }

    #[test]
    fn no_text_and_no_number_panics(text in "[-+0-9.eE]{0,70}", wild in any::<f64>()) {
        if let (Some(down), Some(up)) = (parse_down(&text), parse_up(&text)) {
            prop_assert!(down <= up && up.micros() - down.micros() <= 1);
        }
        let _ = (bid(wild), floor(wild));
    }
}
