//! Whatever comes in, nothing panics, and what is read keeps its promises.

use breakwater::auction::plan::plan;
use breakwater::model::break_request::BreakRequest;
use breakwater::model::time::{MAX_BREAK, Seconds};
use breakwater::wire::break_request::native::native;
use breakwater::wire::break_request::openrtb::openrtb;
use breakwater::wire::break_request::tag::tag;
use breakwater::wire::break_request::{Refusal, UNBUILT};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use proptest::sample::Index;
use serde_json::Value;

use crate::requests::outgoing::send;
use crate::requests::{caller, cases, data, market};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn tags_of_noise(noise in "\\PC{0,200}") {
        holds(tag(&format!("placement=arena-1-mid&{noise}"), &caller(), &market::market()));
        holds(tag(&noise, &caller(), &market::market()));
    }

    #[test]
    fn tags_of_known_keys(
        pairs in prop::collection::vec((any::<Index>(), any::<Index>()), 0..24),
        divider in prop::sample::select(vec!['&', ';']),
    ) {
        let pair = |(key, value): &(Index, Index)| {
            format!("{}={}", KEYS[key.index(KEYS.len())], VALUES[value.index(VALUES.len())])
        };
        let pairs: Vec<_> = pairs.iter().map(pair).collect();
        let query = format!("placement=arena-1-mid;{}", pairs.join(&divider.to_string()));
        holds(tag(&query, &caller(), &market::market()));
    }

    #[test]
    fn documents_with_a_byte_changed(case in any::<Index>(), at in any::<Index>(), byte: u8) {
        let (native_door, mut body) = document(case);
        let at = at.index(body.len());
        body[at] = byte;
        through(native_door, &body);
        through(native_door, &body[..at]);
    }

    #[test]
    fn documents_with_a_value_replaced(
        case in any::<Index>(),
        at in any::<Index>(),
        by in any::<Index>(),
    ) {
        let (native_door, body) = document(case);
        let Ok(mut tree) = serde_json::from_slice::<Value>(&body) else { return Ok(()) };
        let replacement = serde_json::from_str(JSON[by.index(JSON.len())]).unwrap();
        let count = nodes(&mut tree).len();
        *nodes(&mut tree).swap_remove(at.index(count)) = replacement;
        through(native_door, tree.to_string().as_bytes());
    }

    #[test]
    fn bodies_of_noise(body in prop::collection::vec(any::<u8>(), 0..300)) {
        through(true, &body);
        through(false, &body);
    }
}

/// Samples of IAB, with the placement put in: each is read, or refused by a path.
#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn samples_of_others() {
    let Some(folder) = std::env::var_os("BREAKWATER_REFERENCE") else {
        eprintln!("skipped: BREAKWATER_REFERENCE is not set");
        return;
    };
    let market = market::market();
    let folder = std::path::Path::new(&folder).join("openrtb-examples");
    let is_request = |path: &std::path::PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|it| it.starts_with("request-"))
    };
    for path in cases(&folder).into_iter().filter(is_request) {
        let mut sample: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        sample["id"] = "sample".into();
        for imp in sample.get_mut("imp").and_then(Value::as_array_mut).into_iter().flatten() {
            imp["tagid"] = "arena-1-mid".into();
        }
        let read = openrtb(sample.to_string().as_bytes(), &caller(), &market);
        if let Err(refusal) = &read {
            assert!(refusal.path.is_some(), "{}: {refusal}", path.display());
            eprintln!("{}: {refusal}", path.display());
        }
        holds(read);
    }
}

/// Puts a body through a door; a second reading must say the same.
fn through(native_door: bool, body: &[u8]) {
    let market = market::market();
    let read = || {
        if native_door {
            native(body, &caller(), &market)
        } else {
            openrtb(body, &caller(), &market)
        }
    };
    assert_eq!(read().err(), read().err());
    holds(read());
}

/// Checks what every request that was read promises, and sends it on.
fn holds(read: Result<BreakRequest, Refusal>) {
    let request = match read {
        Ok(request) => request,
        Err(refusal) => {
            assert!((400..404).contains(&refusal.status), "{refusal}");
            return;
        }
    };
    let ad_break = &request.ad_break;
    assert!(ad_break.length <= MAX_BREAK && ad_break.offset <= ad_break.length);
    assert!((1..=64).contains(&ad_break.id.as_str().len()));
    let longest = Seconds::nominal(MAX_BREAK);
    let lengths = request.imps.iter().filter_map(|imp| imp.seconds);
    assert!(lengths.into_iter().all(|it| Seconds(1) <= it && it <= longest));
    let plan = plan(&request, &market::market());
    assert_eq!(plan.seconds(), request.seconds_asked());
    assert!(plan.pods.iter().all(|pod| pod.seconds <= longest), "{:?}", plan.pods);
    assert!(request.unbuilt.iter().all(|path| UNBUILT.contains(path)), "{:?}", request.unbuilt);
    for call in send(&request, &market::market()).iter().filter(|call| !call.gzip) {
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        for imp in body["imp"].as_array().unwrap() {
            let podid = imp["video"]["podid"].as_str().unwrap();
            assert!(plan.pods.iter().any(|pod| &*pod.id == podid), "{podid}");
        }
        let reread: Result<::openrtb::request::BidRequest<'_>, _> =
            serde_json::from_slice(&call.body);
        assert!(reread.is_ok(), "{reread:?}");
    }
}

/// Returns the body of a case, and whether it is for the native door.
fn document(case: Index) -> (bool, Vec<u8>) {
    let paths: Vec<_> = [cases(&data("native")), cases(&data("openrtb"))].concat();
    let path = case.get(&paths);
    let text = std::fs::read_to_string(path).unwrap();
    let body = text.split_once("\n---\n").unwrap().0.split_once("\n\n").unwrap().1;
    (path.parent() == Some(&data("native")), body.as_bytes().to_vec())
}

/// Returns every value of a document but the containers on the way to it.
fn nodes(tree: &mut Value) -> Vec<&mut Value> {
    let leaf = tree.as_array().is_none_or(Vec::is_empty)
        && tree.as_object().is_none_or(serde_json::Map::is_empty);
    match tree {
        tree if leaf => vec![tree],
        Value::Array(items) => items.iter_mut().flat_map(nodes).collect(),
        Value::Object(members) => members.values_mut().flat_map(nodes).collect(),
        tree => vec![tree],
    }
}

const KEYS: [&str; 31] = [
    "blocked_cat",
    "break",
    "session",
    "stream",
    "break_index",
    "duration_ms",
    "duration",
    "offset_ms",
    "start",
    "scte35",
    "max_ads",
    "min_ad",
    "max_ad",
    "position",
    "ip",
    "ua",
    "lmt",
    "w",
    "h",
    "genre",
    "gdpr",
    "gpp_sid",
    "us_privacy",
    "mimes",
    "vast_versions",
    "stitching",
    "deadline_ms",
    "tpos",
    "maxd",
    "_HLS_start_offset",
    "resp",
];

const VALUES: [&str; 27] = [
    "IAB26,8:1002,:,1:",
    "",
    "-1",
    "0",
    "1",
    "15",
    "60000",
    "300000",
    "59.94",
    "18446744073709551616",
    "1e9",
    ".",
    "[X]",
    "${X}",
    "{{X}}",
    "%%X%%",
    "%",
    "%F0%9F",
    "a%00b",
    "2026-11-20T20:15:04Z",
    "-9999-01-01T00:00:00Z",
    "/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbowo=",
    "0xFC",
    "::1",
    "video/mp4,a",
    "4.2,3",
    "vast3",
];

const JSON: [&str; 16] = [
    "null",
    "true",
    "0",
    "-1",
    "1",
    "2147483648",
    "18446744073709551615",
    "1e308",
    "0.1",
    "\"\"",
    "\"x\"",
    "\"\\u0000\"",
    "[]",
    "[[]]",
    "{}",
    "{\"ext\":{\"a\":[1]}}",
];
