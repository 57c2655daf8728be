//! Round trips of whole documents, over everything the types define.

use proptest::prelude::{any, prop_assert, prop_assert_eq};
use proptest::proptest;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseError;
use rtblint_core::{
    OpenRtbVersion, ValidationResult, validate_bid_request_for_version,
    validate_bid_response_for_version,
};
use serde_json::Value;

use crate::dsa::{DsaBid, DsaRequest};
use crate::non_bid::SeatNonBid;
use crate::object::draw::{Dice, Drawn};
use crate::request::BidRequest;
use crate::response::BidResponse;

/// Writes a value and reads it again, by each reader there is; yields the text.
///
/// A macro, because a function cannot name "this type, but borrowed from that text".
macro_rules! round_trip {
    ($type:ident, $value:expr) => {{
        let value: $type<'_> = $value;
        let text = serde_json::to_string(&value).unwrap();
        let from_str: $type<'_> = serde_json::from_str(&text).unwrap();
        prop_assert!(from_str == value, "from_str: {text}");
        let from_slice: $type<'_> = serde_json::from_slice(text.as_bytes()).unwrap();
        prop_assert!(from_slice == value, "from_slice: {text}");
        let mut bytes = text.clone().into_bytes();
        let by_simd: $type<'_> = simd_json::serde::from_slice(&mut bytes).unwrap();
        prop_assert!(by_simd == value, "simd-json: {text}");
        let again = serde_json::to_string(&from_str).unwrap();
        prop_assert_eq!(&again, &text);
        no_null_outside_ext(&serde_json::from_str(&text).unwrap())?;
        text
    }};
}

/// Checks that what simd-json reads, serde_json reads the same. The reverse does not hold:
/// simd-json refuses integers beyond 64 bits.
macro_rules! read_alike {
    ($type:ident, $text:expr) => {{
        let text: &str = $text;
        let by_serde = serde_json::from_str::<$type<'_>>(text).ok();
        let mut bytes = text.as_bytes().to_vec();
        let by_simd = simd_json::serde::from_slice::<$type<'_>>(&mut bytes).ok();
        prop_assert!(by_simd.is_none() || by_serde == by_simd, "{text}");
    }};
}

proptest! {
    #[test]
    fn requests_round_trip(seed in any::<u64>(), density in 0_u8..=100) {
        let text = round_trip!(BidRequest, BidRequest::draw(&mut Dice::new(seed, density)));
        no_wrong_shape(&validate_bid_request_for_version(OpenRtbVersion::V2_6_202606, &text))?;
    }

    #[test]
    fn responses_round_trip(seed in any::<u64>(), density in 0_u8..=100) {
        let text = round_trip!(BidResponse, BidResponse::draw(&mut Dice::new(seed, density)));
        no_wrong_shape(&validate_bid_response_for_version(OpenRtbVersion::V2_6_202606, &text))?;
    }

    #[test]
    fn extensions_round_trip(seed in any::<u64>(), density in 0_u8..=100) {
        let dice = &mut Dice::new(seed, density);
        round_trip!(DsaRequest, DsaRequest::draw(dice));
        round_trip!(DsaBid, DsaBid::draw(dice));
        round_trip!(SeatNonBid, SeatNonBid::draw(dice));
    }

    #[test]
    fn damaged_requests_are_read_alike_or_refused(
        seed in any::<u64>(),
        density in 0_u8..=60,
        place in any::<Index>(),
        damage in select(DAMAGES.to_vec()),
    ) {
        let drawn = BidRequest::draw(&mut Dice::new(seed, density));
        let text = damaged(serde_json::to_string(&drawn).unwrap(), place, damage);
        read_alike!(BidRequest, &text);
    }

    #[test]
    fn damaged_responses_are_read_alike_or_refused(
        seed in any::<u64>(),
        density in 0_u8..=60,
        place in any::<Index>(),
        damage in select(DAMAGES.to_vec()),
    ) {
        let drawn = BidResponse::draw(&mut Dice::new(seed, density));
        let text = damaged(serde_json::to_string(&drawn).unwrap(), place, damage);
        read_alike!(BidResponse, &text);
    }
}

/// What takes the place of one character.
const DAMAGES: [&str; 30] = [
    "-0",
    "-0.0",
    "0.0",
    "\\ud800",
    "1e400",
    "\\u0000",
    "",
    "\"",
    "0",
    "1",
    "-",
    "-1",
    ".5",
    "e3",
    "null",
    "true",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\\",
    "\\u00e9",
    "[]",
    "{}",
    "\u{1}",
    "é",
    "99999999999999999999",
    "\"id\":\"x\",",
];

fn damaged(mut text: String, place: Index, damage: &str) -> String {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let at = *place.get(&places);
    let end = at + text[at..].chars().next().unwrap().len_utf8();
    text.replace_range(at..end, damage);
    text
}

fn no_null_outside_ext(value: &Value) -> Result<(), TestCaseError> {
    match value {
        Value::Null => Err(TestCaseError::fail("null written")),
        Value::Array(items) => items.iter().try_for_each(no_null_outside_ext),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| *name != "ext")
            .try_for_each(|(_, value)| no_null_outside_ext(value)),
        _ => Ok(()),
    }
}

/// Drawn values mean nothing, but names and types must be those of the specification.
fn no_wrong_shape(found: &ValidationResult) -> Result<(), TestCaseError> {
    const SHAPE: [&str; 3] =
        ["openrtb.payload.invalid_json", "openrtb.type.mismatch", "openrtb.field.undefined"];
    let wrong = found.issues.iter().find(|issue| SHAPE.contains(&issue.id.as_str()));
    prop_assert!(wrong.is_none(), "{wrong:?}");
    Ok(())
}
