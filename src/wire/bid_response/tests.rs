//! The three readings of a response against each other.

use std::fmt::Write;
use std::sync::Arc;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof,
};
use proptest::proptest;
use proptest::sample::{Index, select};

use super::document::{self, Document, MAX_DEPTH, Scratch};
use super::{fill, plain, salvage};
use crate::model::bid::{Reply, ReplyOutcome};
use crate::model::call::Call;
use crate::model::ids::{BidderId, ImpId};
use crate::model::market::{Bidder, Dialect};
use crate::model::plan::{Offer, OfferedImp};
use crate::model::reason::CallReason;

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// What the fast reader takes, the second reads too, and as the same.
    #[test]
    fn both_readings_mean_the_same(response in response()) {
        agree(response.as_bytes());
    }

    #[test]
    fn both_readings_mean_the_same_of_spoilt_bytes(
        response in response(),
        spoils in vec((any::<Index>(), 0..3_u8, spoilt_byte()), 1..4),
    ) {
        let mut body = response.into_bytes();
        for (at, way, byte) in spoils {
            let at = at.index(body.len());
            match way {
                0 => body[at] = byte,
                1 => body.insert(at, byte),
                _ => body.truncate(at + 1),
            }
        }
        agree(&body);
    }

    #[test]
    fn both_readings_find_the_same_double(price in decimal()) {
        let body = response_of(&GOOD.replace("9.5", &price));
        agree(body.as_bytes());
        let nearest: f64 = price.parse().unwrap();
        // A negative zero is a zero, as `openrtb` reads it.
        let expected = crate::wire::price::bid(if nearest == 0.0 { 0.0 } else { nearest });
        prop_assert_eq!(read(body.as_bytes()).bids[0].price.clone(), expected);
    }

    #[test]
    fn a_good_bid_survives_its_neighbours(before in vec(element(), 0..4), after in vec(element(), 0..4)) {
        let alone = read(response_of(GOOD).as_bytes()).bids.swap_remove(0);
        prop_assert_eq!(alone.defect, None);
        let bids: Vec<&str> =
            before.iter().map(|it| &**it).chain([GOOD]).chain(after.iter().map(|it| &**it)).collect();
        let reply = read(response_of(&bids.join(",")).as_bytes());
        prop_assert_eq!(reply.outcome, ReplyOutcome::Bids);
        prop_assert!(reply.bids.contains(&alone), "{:?}", reply);
    }

    #[test]
    fn no_bytes_break_it(body in vec(any::<u8>(), 0..300)) {
        agree(&body);
    }
}

#[test]
fn both_readers_have_the_same_limit_of_nesting() {
    for (deep, fits) in [(MAX_DEPTH - 1, true), (MAX_DEPTH, false)] {
        let nested = format!("{}{}", "[".repeat(deep), "]".repeat(deep));
        let body = format!(r#"{{"id":"r1","x":{nested},"seatbid":[{{"bid":[{GOOD}]}}]}}"#);
        assert_eq!(fast(&mut body.clone().into_bytes()).is_some(), fits, "{deep} fast");
        assert_eq!(salvage::read(body.as_bytes()).is_some(), fits, "{deep} again");
    }
}

#[test]
fn good_documents_are_read_fast() {
    for body in ["{}", r#"{"id":"r1","nbr":2}"#, &response_of(GOOD), &response_of(ODD)] {
        assert!(fast(&mut body.to_owned().into_bytes()).is_some(), "{body}");
        agree(body.as_bytes());
    }
}

#[test]
fn usual_documents_are_read_at_once() {
    let with = |member: &str| response_of(&GOOD.replacen('{', &format!("{{{member},"), 1));
    for body in [
        "{}",
        r#" {"id":"r1" , "nbr":2 } "#,
        &response_of(GOOD),
        &response_of(&[GOOD; 20].join(",\n")),
        &with(r#""ext":{"a":[1,-2,3.5,{},[],true,null,"\u00e9\n"]}"#),
        &with(r#""adid":"\u00e9\"\\\/\b\f\n\r\t\u0000é","w":-1,"h":0,"apis":[7,2]"#),
    ] {
        assert!(plain::read(body.as_bytes(), &mut String::new()).is_some(), "{body}");
        agree(body.as_bytes());
    }
    // What another reader must judge.
    for body in [
        "",
        "{}{}",
        r#"{"id":"r1","id":"r1"}"#,
        &with(r#""w":01"#),
        &with(r#""w":1.0"#),
        &with(r#""w":-0"#),
        &with(r#""w":1234567890"#),
        &with(r#""adid":null"#),
        &with(r#""adid":"\ud83d\ude00""#),
        &with(r#""\u0069d":"x""#),
        &with(r#""x":1e400"#),
        &with("\"w\n\":1"),
        &with("\"adid\":\"\u{1}\""),
        &with("\"adid\":\"\\n\u{1}\""),
    ] {
        assert!(plain::read(body.as_bytes(), &mut String::new()).is_none(), "{body}");
        agree(body.as_bytes());
    }
}

/// Nothing of one response is seen in the next.
#[test]
fn buffers_keep_nothing() {
    let first = read(response_of(GOOD).as_bytes());
    let long = response_of(&vec![GOOD; 200].join(","));
    assert_eq!(read(long.as_bytes()).bids.len(), 200);
    assert_eq!(read(b"{\"id\":").outcome, ReplyOutcome::Nothing(CallReason::InvalidResponse));
    assert_eq!(read(response_of(GOOD).as_bytes()), first);
}

/// Reads a body both ways; panics when they differ.
fn agree(body: &[u8]) {
    let again = reply_to(salvage::read(body));
    if let Some(found) = plain::read(body, &mut String::new()) {
        assert_eq!(reply_to(Some(found)), again, "{}", String::from_utf8_lossy(body));
    }
    let mut copy = body.to_owned();
    let Some(found) = fast(&mut copy) else { return assert_eq!(read(body), again) };
    let first = reply_to(Some(found));
    assert_eq!(first, again, "{}", String::from_utf8_lossy(body));
    assert_eq!(read(body), first);
}

/// Reads a body as a call's answer is read.
fn read(body: &[u8]) -> Reply {
    document::read(&mut body.to_owned(), reply_to)
}

fn fast(body: &mut [u8]) -> Option<Document<'_>> {
    document::fast(body, &mut Scratch::default())
}

fn reply_to(found: Option<Document<'_>>) -> Reply {
    let bidder = Arc::new(Bidder {
        domains: vec!["acme.example".into()],
        ..Bidder::bare(BidderId::new("acme"), "https://bid.acme.example/".into(), Dialect::Dynamic)
    });
    let call = Call {
        bidder: bidder.id.clone(),
        offer: 0,
        request_id: "r1".into(),
        body: Arc::default(),
        gzip: false,
    };
    let mut reply = Reply::not_asked(bidder.id.clone(), CallReason::InvalidResponse);
    if let Some(found) = found {
        let imps = [OfferedImp { id: ImpId::new("1"), part: 0 }];
        let offer = Offer { bidder, dialect: Dialect::Dynamic, imps: imps.into() };
        fill(&mut reply, found, &call, &offer);
    }
    reply
}

fn response_of(bids: &str) -> String {
    format!(r#"{{"id":"r1","seatbid":[{{"seat":"a1","bid":[{bids}]}}]}}"#)
}

/// A response, most of it sound.
fn response() -> impl Strategy<Value = String> {
    let seat = (members(SEAT), vec(element(), 0..3)).prop_map(|(members, bids)| {
        let mut members = members;
        members.push(("bid".to_owned(), format!("[{}]", bids.join(","))));
        object(members)
    });
    let seats = vec(prop_oneof![19 => seat, 1 => value()], 1..3);
    (members(HEAD), seats, any::<bool>()).prop_map(|(mut members, seats, first)| {
        let seats = ("seatbid".to_owned(), format!("[{}]", seats.join(" ,\n")));
        members.insert(if first { 0 } else { members.len() }, seats);
        object(members)
    })
}

/// What may stand in `bid`: bids with odd members, and what is no bid.
fn element() -> impl Strategy<Value = String> {
    let names: Vec<&str> =
        BID.iter().map(|(name, _)| *name).filter(|it| !it.ends_with("id")).collect();
    let lacking = vec(select(names), 0..9);
    let mutated = (members(BID), lacking, weighted(0.9)).prop_map(|(odd, lacking, replace)| {
        let sound = BID.iter().filter_map(|(name, value)| {
            let replaced = replace && odd.iter().any(|(other, _)| other == name);
            (!replaced && !lacking.contains(name))
                .then(|| ((*name).to_owned(), (*value).to_owned()))
        });
        let mut members: Vec<(String, String)> = sound.collect();
        members.extend(odd);
        object(members)
    });
    prop_oneof![3 => Just(ODD.to_owned()), 20 => mutated, 1 => value()]
}

/// Some of these members, now with their value and now with another.
fn members(
    known: &'static [(&'static str, &'static str)],
) -> impl Strategy<Value = Vec<(String, String)>> {
    let member = (select(known), value(), weighted(0.9)).prop_map(|((name, usual), odd, sound)| {
        (name.to_owned(), if sound { usual.to_owned() } else { odd })
    });
    let unknown = (select(vec!["x", "ext", "", "bïd", "id\\u0000", "\\u0069d"]), value())
        .prop_map(|(name, value)| (name.to_owned(), value));
    let members = vec(prop_oneof![9 => member, 1 => unknown], 0..4);
    (members, weighted(0.1)).prop_map(|(mut members, repeats)| {
        let mut seen = Vec::new();
        members.retain(|(name, _)| {
            let repeat = seen.contains(name);
            seen.push(name.clone());
            repeats || !repeat
        });
        members
    })
}

/// Any JSON value of a pool of odd ones.
fn value() -> impl Strategy<Value = String> {
    let deep = prop_oneof![1..80_usize, 57..65_usize]
        .prop_map(|deep| format!("{}{}", "[".repeat(deep), "]".repeat(deep)));
    prop_oneof![12 => select(VALUES).prop_map(str::to_owned), 3 => decimal(), 1 => deep]
}

/// A decimal of up to 25 digits, with or without an exponent.
fn decimal() -> impl Strategy<Value = String> {
    let whole = prop_oneof![Just("0".to_owned()), "[1-9][0-9]{0,9}"];
    (any::<bool>(), whole, "(\\.[0-9]{1,17})?", "([eE][+-]?[0-9]{1,3})?").prop_map(
        |(minus, whole, places, exponent)| {
            let sign = if minus && whole.len() == 1 { "-" } else { "" };
            format!("{sign}{whole}{places}{exponent}")
        },
    )
}

fn spoilt_byte() -> impl Strategy<Value = u8> {
    prop_oneof![4 => select(b"\"\\{}[],:0189.eE+-ntfu/ \t\n\x00\x1f\x7f\xef\xbb\xbf\xff".to_vec()), 1 => any::<u8>()]
}

fn object(members: Vec<(String, String)>) -> String {
    let mut text = String::new();
    for (name, value) in members {
        let comma = if text.is_empty() { '{' } else { ',' };
        write!(text, "{comma}\"{name}\": {value}").unwrap();
    }
    if text.is_empty() { "{}".to_owned() } else { text + " }" }
}

/// More cases when slow tests are asked for.
fn cases() -> u32 {
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    if slow { 200_000 } else { 1000 }
}

const HEAD: &[(&str, &str)] = &[
    ("id", r#""r1""#),
    ("id", r#""r1""#),
    ("bidid", r#""x""#),
    ("cur", r#""USD""#),
    ("nbr", "2"),
    ("customdata", r#""y""#),
];

const SEAT: &[(&str, &str)] = &[("seat", r#""a1""#), ("group", "1")];

const BID: &[(&str, &str)] = &[
    ("id", r#""b1""#),
    ("impid", r#""1""#),
    ("price", "9.5"),
    ("nurl", r#""https://acme.example/w""#),
    ("burl", r#""https://acme.example/b""#),
    ("lurl", r#""https:\/\/acme.example\/l""#),
    ("adm", r#""<VAST version=\"4.2\"/>""#),
    ("adid", r#""7""#),
    ("adomain", r#"["acme.example"]"#),
    ("bundle", r#""com.acme""#),
    ("iurl", r#""https://acme.example/i""#),
    ("cid", r#""c""#),
    ("crid", r#""c1""#),
    ("tactic", r#""t""#),
    ("cattax", "7"),
    ("cat", r#"["1",2]"#),
    ("attr", "[1]"),
    ("apis", "[7]"),
    ("api", "2"),
    ("protocol", "3"),
    ("qagmediarating", "1"),
    ("language", r#""en""#),
    ("langb", r#""en-GB""#),
    ("dealid", r#""d""#),
    ("w", "1920"),
    ("h", "1080"),
    ("wratio", "16"),
    ("hratio", "9"),
    ("exp", "30"),
    ("dur", "15"),
    ("mtype", "2"),
    ("slotinpod", "-1"),
];

const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "-0",
    "-0.0",
    "15.0",
    "1.5",
    "1e400",
    "-1e400",
    "1e-400",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    r#""""#,
    r#""1""#,
    r#""x""#,
    r#""r1""#,
    r#""9.5""#,
    r#""1e5""#,
    r#""\u0000""#,
    r#""\u00e9 \n""#,
    r#""\ud800""#,
    r#""\ud83d\ude00""#,
    r#""é\u202e""#,
    r#""https://evil.example/""#,
    "[]",
    "{}",
    "[1]",
    "[null]",
    r#"["a","a"]"#,
    "[[]]",
    r#"{"a":1}"#,
    r#"{"a":1,"a":2}"#,
    r#"{"a":[1.5,{"b":null}]}"#,
    r#"["b1","1",9.5]"#,
];

/// A sound bid of names that no other has.
const GOOD: &str = r#"{"id":"good","impid":"1","price":9.5,"dur":15,"adomain":["good.example"],"crid":"good","adm":"<VAST version=\"4.2\"/>","lurl":"https://acme.example/l"}"#;

/// A sound bid written as loosely as is read.
const ODD: &str = r#"{"id":7,"impid":1,"price":9,"dur":"15","adomain":"good.example","crid":7,"adm":{"a":1.5},"w":"640","h":480.0,"apis":["7"],"api":2,"dealid":null,"ext":{"x":[1,2,{}]},"y":1.25}"#;
