//! Strings are borrowed wherever they stand in the input as they are.

use std::borrow::Cow;

use openrtb::ext::Value;
use openrtb::response::BidResponse;

const TEXT: &str = r#"{"id":"r1","seatbid":[{"seat":"acme","bid":[{"id":"b","impid":"1",
    "price":9.5,"adm":"plain","crid":"a\"b","adomain":["acme.example"],"ext":{"k":"v"}}]}]}"#;

#[test]
fn serde_json_borrows_what_has_no_escapes() {
    let response: BidResponse<'_> = serde_json::from_str(TEXT).unwrap();
    let borrowed = borrowed(&response);
    assert_eq!(borrowed, [("adm", true), ("crid", false), ("adomain", true), ("ext", true)]);
}

#[test]
fn simd_json_borrows_everything() {
    let mut bytes = TEXT.as_bytes().to_vec();
    let response: BidResponse<'_> = simd_json::serde::from_slice(&mut bytes).unwrap();
    let borrowed = borrowed(&response);
    assert_eq!(borrowed, [("adm", true), ("crid", true), ("adomain", true), ("ext", true)]);
}

fn borrowed(response: &BidResponse<'_>) -> [(&'static str, bool); 4] {
    let (seat, bid) = response.bids().next().unwrap();
    assert!(matches!(response.id, Some(Cow::Borrowed("r1"))));
    assert!(matches!(seat.seat, Some(Cow::Borrowed("acme"))));
    let ext = bid.ext.as_ref().unwrap().get("k").unwrap();
    [
        ("adm", matches!(bid.adm, Some(Cow::Borrowed(_)))),
        ("crid", matches!(bid.crid, Some(Cow::Borrowed(_)))),
        ("adomain", matches!(bid.adomain.as_ref().unwrap()[0], Cow::Borrowed(_))),
        ("ext", matches!(ext, Value::Text(Cow::Borrowed(_)))),
    ]
}
