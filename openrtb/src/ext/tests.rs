//! Free values, and what moves out of them.

use crate::ext::{Ext, MAX_DEPTH, Value};
use crate::regs::Regs;
use crate::request::BidRequest;
use crate::response::{Bid, BidResponse};
use crate::user::User;

#[test]
fn members_keep_order_and_numbers() {
    let text =
        r#"{"z":18446744073709551615,"a":-9223372036854775808,"m":[0.1,1e-7,null,{"y":1,"b":2}]}"#;
    let ext: Ext<'_> = serde_json::from_str(text).unwrap();
    assert_eq!(ext.get("z"), Some(&Value::Integer(u64::MAX)));
    assert_eq!(ext.get("a"), Some(&Value::Negative(i64::MIN)));
    assert_eq!(serde_json::to_string(&ext).unwrap(), text);
}

#[test]
fn inserting_replaces_in_place() {
    let mut ext = Ext::new();
    assert_eq!(ext.insert("a", 1_u64), None);
    assert_eq!(ext.insert("b", -2_i64), None);
    assert_eq!(ext.insert("a", "x"), Some(Value::Integer(1)));
    assert_eq!(serde_json::to_string(&ext).unwrap(), r#"{"a":"x","b":-2}"#);
    assert_eq!(ext.remove("a"), Some(Value::from("x")));
    assert_eq!(ext.iter().count(), 1);
}

#[test]
fn nesting_is_limited_to_the_named_depth() {
    let nested = |depth: usize| format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert!(serde_json::from_str::<Ext<'_>>(&nested(MAX_DEPTH)).is_ok());
    assert!(serde_json::from_str::<Ext<'_>>(&nested(MAX_DEPTH + 1)).is_err());
}

#[test]
fn no_reader_overflows_on_hostile_nesting() {
    for open in [r#"{"x":"#, "["] {
        for member in ["ext", "unknown", "imp", "site"] {
            let text = format!(r#"{{"id":"r","{member}":{}"#, open.repeat(100_000));
            assert!(serde_json::from_str::<BidRequest<'_>>(&text).is_err());
            let close = if open == "[" { "]" } else { "}" };
            let whole = format!("{text}{}{}}}", "0", close.repeat(100_000));
            let mut bytes = whole.into_bytes();
            assert!(simd_json::serde::from_slice::<BidRequest<'_>>(&mut bytes).is_err());
        }
    }
}

#[test]
fn old_places_are_read_and_lifted() {
    let text = r#"{"id":"r","imp":[],
        "source":{"ext":{"schain":{"complete":0,"nodes":[{"asi":"a.example","sid":"1"}],"ver":"1.0"}}},
        "regs":{"ext":{"gdpr":1,"us_privacy":"1YNN","gpc":"1"}},
        "user":{"ext":{"consent":"CPx","eids":[{"source":"a.example","mm":"3"}],"own":1}}}"#;
    let mut request: BidRequest<'_> = serde_json::from_str(text).unwrap();
    let regs = request.regs.as_ref().unwrap();
    assert_eq!(regs.gdpr_applies(), Some(true));
    assert_eq!(regs.us_privacy_string(), Some("1YNN"));
    assert!(regs.global_privacy_control());
    let user = request.user.as_ref().unwrap();
    assert_eq!(user.consent_string(), Some("CPx"));
    assert_eq!(user.extended_ids().unwrap()[0].mm, Some(3));
    request.lift_ext();
    let expected = concat!(
        r#"{"id":"r","imp":[],"user":{"consent":"CPx","eids":[{"source":"a.example","mm":3}],"#,
        r#""ext":{"own":1}},"source":{"schain":{"complete":0,"nodes":[{"asi":"a.example","#,
        r#""sid":"1"}],"ver":"1.0"}},"regs":{"gdpr":1,"us_privacy":"1YNN","ext":{"gpc":"1"}}}"#,
    );
    assert_eq!(serde_json::to_string(&request).unwrap(), expected);
}

#[test]
fn the_place_of_2_6_comes_first() {
    let mut regs: Regs<'_> = serde_json::from_str(r#"{"gdpr":0,"ext":{"gdpr":1}}"#).unwrap();
    assert_eq!(regs.gdpr_applies(), Some(false));
    regs.lift_ext();
    assert_eq!(serde_json::to_string(&regs).unwrap(), r#"{"gdpr":0}"#);
}

#[test]
fn what_cannot_be_read_stays_in_the_old_place() {
    let text = r#"{"ext":{"eids":"none"}}"#;
    let mut user: User<'_> = serde_json::from_str(text).unwrap();
    assert_eq!(user.extended_ids(), None);
    user.lift_ext();
    assert_eq!(serde_json::to_string(&user).unwrap(), text);
}

#[test]
fn declarations_under_the_services_act_are_read() {
    let text = r#"{"id":"b","impid":"1","price":1.0,"ext":{"dsa":{"paid":"Acme","adrender":1}}}"#;
    let bid: Bid<'_> = serde_json::from_str(text).unwrap();
    let declared = bid.dsa().unwrap();
    assert_eq!((declared.paid.as_deref(), declared.adrender), (Some("Acme"), Some(true)));
    let regs: Regs<'_> = serde_json::from_str(r#"{"ext":{"dsa":{"dsarequired":2}}}"#).unwrap();
    assert_eq!(regs.dsa().unwrap().dsarequired, Some(2));
}

#[test]
fn numbers_that_json_lacks_are_not_written() {
    let bid = Bid { price: Some(f64::NAN), ..Bid::default() };
    assert!(serde_json::to_string(&bid).is_err());
    let mut ext = Ext::new();
    ext.insert("x", f64::INFINITY);
    assert!(serde_json::to_string(&ext).is_err());
}

#[test]
fn all_forms_of_no_bid_are_one() {
    for text in [
        "{}",
        r#"{"id":"x","seatbid":[]}"#,
        r#"{"id":"x","seatbid":[],"nbr":2}"#,
        r#"{"id":"x","nbr":2}"#,
        r#"{"id":"x","seatbid":null}"#,
        r#"{"id":"x","seatbid":[{"bid":[]}]}"#,
    ] {
        let response: BidResponse<'_> = serde_json::from_str(text).unwrap();
        assert!(response.is_no_bid(), "{text}");
        assert_eq!(response.currency(), "USD");
    }
}
