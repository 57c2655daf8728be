//! One pass, escaped for its place, within its budget.

use crate::model::money::Cpm;
use crate::wire::macros::{
    Budget, Excess, MAX_GROWTH, MAX_MACROS, Place, Values, asks_min_to_win, count, percent, share,
    substitute,
};

/// Text → in a URL → in other text.
const CASES: &[(&str, &str, &str)] = &[
    ("", "", ""),
    ("no macro $ { } ${", "no macro $ { } ${", "no macro $ { } ${"),
    ("p=${AUCTION_PRICE}", "p=18.4", "p=18.4"),
    ("${AUCTION_PRICE}${AUCTION_PRICE}", "18.418.4", "18.418.4"),
    ("${AUCTION_SEAT_ID}", "a%20%26%3C%22%C3%A9%2F", "a &<\"é/"),
    // A value that looks like a macro is not read again.
    ("${AUCTION_AD_ID}", "%24%7BAUCTION_PRICE%7D", "${AUCTION_PRICE}"),
    ("${AUCTION_LOSS}", "0", "0"),
    // Known without a value, and every suffix.
    ("[${AUCTION_MIN_TO_WIN}]", "[]", "[]"),
    ("[${AUCTION_MULTIPLIER}${AUCTION_IMP_TS}${AUCTION_MBR}]", "[]", "[]"),
    ("${AUCTION_DISCOUNT_PCT} ${AUCTION_DISCOUNT_CPM}", "12.5 2.3", "12.5 2.3"),
    ("[${AUCTION_DISCOUNT_PCT:B64}]", "[]", "[]"),
    ("[${AUCTION_PRICE:B64}]", "[]", "[]"),
    ("[${AUCTION_PRICE:}]", "[]", "[]"),
    // Unknown names, other spellings and other layers stay.
    ("${AUCTION_NOTHING}", "${AUCTION_NOTHING}", "${AUCTION_NOTHING}"),
    ("${auction_price}", "${auction_price}", "${auction_price}"),
    ("${AUCTION_PRICE ", "${AUCTION_PRICE ", "${AUCTION_PRICE "),
    (
        "$AUCTION_PRICE [TIMESTAMP] {AUCTION_PRICE}",
        "$AUCTION_PRICE [TIMESTAMP] {AUCTION_PRICE}",
        "$AUCTION_PRICE [TIMESTAMP] {AUCTION_PRICE}",
    ),
    ("${${AUCTION_PRICE}}", "${18.4}", "${18.4}"),
    ("${AUCTION_${AUCTION_LOSS}}", "${AUCTION_0}", "${AUCTION_0}"),
    ("é${AUCTION_LOSS}é", "é0é", "é0é"),
];

#[test]
fn substitutes_once_and_escapes() {
    for (text, url, other) in CASES {
        let fill = |place| substitute(text, &values(), place, &mut Budget::full()).unwrap();
        assert_eq!(fill(Place::Url), *url, "{text}");
        assert_eq!(fill(Place::Text), *other, "{text}");
    }
}

#[test]
fn budgets_end() {
    let most = "${AUCTION_LOSS}".repeat(MAX_MACROS);
    let mut budget = Budget::full();
    assert!(substitute(&most, &values(), Place::Url, &mut budget).is_ok());
    assert_eq!(substitute("${AUCTION_LOSS}", &values(), Place::Url, &mut budget), Err(Excess));
    assert_eq!(substitute("no macro", &values(), Place::Url, &mut budget).unwrap(), "no macro");

    let name = "${AUCTION_AD_ID}";
    let exact =
        Values { ad: Some("x".repeat(MAX_GROWTH + name.len()).into()), ..Values::default() };
    assert!(substitute(name, &exact, Place::Url, &mut Budget::full()).is_ok());
    let above =
        Values { ad: Some("x".repeat(MAX_GROWTH + name.len() + 1).into()), ..Values::default() };
    assert_eq!(substitute(name, &above, Place::Url, &mut Budget::full()), Err(Excess));
}

#[test]
fn counts_known_macros_only() {
    assert_eq!(count("${AUCTION_ID}${AUCTION_PRICE:X}${OTHER}${AUCTION_LOSS"), 2);
}

#[test]
fn the_paid_share_is_rounded_down() {
    let cpm = |micros| Cpm::from_micros(micros).unwrap();
    assert_eq!(share(cpm(2), cpm(3)), Some(cpm(666_666)));
    assert_eq!(share(cpm(18_400_000), cpm(18_400_000)), Some(cpm(1_000_000)));
    assert_eq!(share(cpm(1), Cpm::ZERO), None);
}

fn values() -> Values<'static> {
    Values {
        seat: Some("a &<\"é/".into()),
        ad: Some("${AUCTION_PRICE}".into()),
        price: Cpm::from_micros(18_400_000),
        loss: Some(0),
        discount_ppm: Some(125_000),
        discount: Cpm::from_micros(2_300_000),
        ..Values::default()
    }
}

#[test]
fn a_share_is_told_in_percent() {
    for (ppm, text) in [(0, "0"), (200_000, "20"), (125_000, "12.5"), (1, "0.0001")] {
        assert_eq!(percent(ppm), text);
    }
    assert_eq!(percent(u32::MAX), "429496.7295");
}

#[test]
fn only_the_bare_macro_asks_what_would_have_won() {
    assert!(asks_min_to_win("https://a.example/?m=${AUCTION_MIN_TO_WIN}"));
    for text in ["", "${AUCTION_MIN_TO_WIN:B64}", "AUCTION_MIN_TO_WIN", "${AUCTION_LOSS}"] {
        assert!(!asks_min_to_win(text), "{text}");
    }
}
