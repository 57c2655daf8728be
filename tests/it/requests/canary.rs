//! A canary in every personal field: under each signal none may sing in what bidders are sent.

use std::collections::BTreeSet;

use breakwater::model::passthrough::PrivacyClass;
use breakwater::wire::break_request::openrtb::openrtb;
use breakwater::wire::break_request::tag::tag;
use serde_json::{Value, json};

use crate::requests::caller;
use crate::requests::market::market;
use crate::requests::outgoing::send;

#[test]
fn open_requests_carry_every_canary() {
    let (class, sung) = sing(&request(json!({"gdpr": 0})));
    assert_eq!(class, PrivacyClass::Open);
    assert_eq!(sung, canaries(&request(json!({}))), "all that was sent is passed on");
}

#[test]
fn no_canary_sings_under_any_signal() {
    let restricted = [
        json!({"gdpr": 1}),
        json!({"gdpr": 0, "coppa": 1}),
        json!({"gdpr": 0, "us_privacy": "1NYN"}),
        json!({"gdpr": 0, "gpp": "DBABTA~1NYN", "gpp_sid": [6]}),
        json!({"gdpr": 0, "ext": {"gpc": "1"}}),
        json!({"ext": {"gdpr": 1}}),
        json!({"gpp": "DBABMA~x", "gpp_sid": [2]}),
    ];
    for regs in restricted {
        let (class, sung) = sing(&request(regs.clone()));
        assert_eq!((class, sung), (PrivacyClass::Restricted, BTreeSet::new()), "{regs}");
    }
    for flag in ["lmt", "dnt"] {
        let mut request = request(json!({"gdpr": 0}));
        request["device"][flag] = 1.into();
        assert_eq!(sing(&request), (PrivacyClass::Restricted, BTreeSet::new()), "{flag}");
    }
}

#[test]
fn an_absent_flag_means_what_the_publisher_says() {
    let mut request = request(json!({}));
    assert_eq!(sing(&request).0, PrivacyClass::Open);
    request["imp"][0]["tagid"] = "locked".into();
    assert_eq!(sing(&request), (PrivacyClass::Restricted, BTreeSet::new()));
}

#[test]
fn consent_and_signals_are_passed_on_as_they_came() {
    let market = market();
    let mut request = request(json!({"gdpr": 1, "gpp": "DBABMA~x", "gpp_sid": [2]}));
    request["user"]["consent"] = "CPconsent".into();
    let read = openrtb(request.to_string().as_bytes(), &caller(), &market).unwrap();
    let sent: Value = serde_json::from_slice(&send(&read, &market)[0].body).unwrap();
    assert_eq!(sent["user"], json!({"consent": "CPconsent"}));
    assert_eq!(sent["regs"], request["regs"]);
    assert_eq!(sent["device"]["ip"], "203.0.113.0");
    assert_eq!(sent["device"]["ipv6"], "2001:db8:1:2300::");
    assert_eq!(sent["device"]["geo"], json!({"country": "USA", "region": "CA", "type": 2}));
}

#[test]
fn no_canary_of_a_tag_sings() {
    let market = market();
    let query = "placement=arena-1-mid&break=b&ip=203.0.113.9&ifa=canary-ifa&ifa_type=canary-type";
    for signal in ["gdpr=1", "coppa=1", "lmt=1", "us_privacy=1YYN", "gpp=DBAA&gpp_sid=2"] {
        let read = tag(&format!("{query}&{signal}"), &caller(), &market).unwrap();
        for call in send(&read, &market).iter().filter(|call| !call.gzip) {
            let text = std::str::from_utf8(&call.body).unwrap();
            assert!(!text.contains("canary") && !text.contains("203.0.113.9"), "{signal} {text}");
        }
    }
}

/// Sends a request on, and returns its class and the canaries in what any bidder got.
fn sing(request: &Value) -> (PrivacyClass, BTreeSet<String>) {
    let market = market();
    let mut caller = caller();
    if request["imp"][0]["tagid"] == "locked" {
        let owner = breakwater::model::ids::PublisherId::new("pub-2");
        caller.credential = breakwater::wire::break_request::Credential::Publisher(owner);
    }
    let read = openrtb(request.to_string().as_bytes(), &caller, &market).unwrap();
    let calls = send(&read, &market);
    let plain = calls.iter().filter(|call| !call.gzip);
    let sung = plain.flat_map(|call| canaries(&serde_json::from_slice(&call.body).unwrap()));
    (read.passthrough.class, sung.collect())
}

/// Returns the canaries in a document: marked texts, and the numbers set aside for them.
fn canaries(document: &Value) -> BTreeSet<String> {
    match document {
        Value::String(text) if text.contains("canary") => BTreeSet::from([text.clone()]),
        Value::Number(number) if number.to_string().starts_with("77") => {
            BTreeSet::from([number.to_string()])
        }
        Value::Array(items) => items.iter().flat_map(canaries).collect(),
        Value::Object(members) => members.values().flat_map(canaries).collect(),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => BTreeSet::new(),
    }
}

/// Returns a request with a canary of its own in every personal field.
pub(crate) fn request(regs: Value) -> Value {
    let ext = |name: &str| json!({ "unknown": format!("canary-ext-{name}") });
    let geo = |name: &str, numbers: [Value; 4]| {
        let [lat, lon, accuracy, lastfix] = numbers;
        let mark = |field: &str| format!("canary-{name}-{field}");
        json!({
            "lat": lat, "lon": lon, "accuracy": accuracy, "lastfix": lastfix, "type": 2,
            "country": "USA", "region": "CA", "metro": mark("metro"), "city": mark("city"),
            "zip": mark("zip"), "regionfips104": mark("fips"), "ext": ext(name),
        })
    };
    let home = [json!(77.4), json!(77.5), json!(7703), json!(7704)];
    let here = [json!(77.1), json!(77.2), json!(7701), json!(7702)];
    json!({
        "id": "r", "tmax": 200, "regs": regs,
        "imp": [{"id": "1", "tagid": "arena-1-mid", "video": {"mimes": ["video/mp4"], "poddur": 60}}],
        "app": {"bundle": "com.example"},
        "device": {
            "ip": "203.0.113.9", "ipv6": "2001:db8:1:2345::9", "ua": "UA", "devicetype": 3,
            "ifa": "canary-ifa", "didsha1": "canary-didsha1", "didmd5": "canary-didmd5",
            "dpidsha1": "canary-dpidsha1", "dpidmd5": "canary-dpidmd5",
            "macsha1": "canary-macsha1", "macmd5": "canary-macmd5",
            "carrier": "canary-carrier", "mccmnc": "canary-mccmnc", "flashver": "canary-flash",
            "geo": geo("here", here), "ext": ext("device"),
            "sua": {
                "browsers": [{"brand": "b", "ext": ext("brand")}],
                "platform": {"brand": "p", "ext": ext("platform")}, "ext": ext("sua"),
            },
        },
        "user": {
            "id": "canary-id", "buyeruid": "canary-buyeruid", "yob": 7705, "gender": "canary-g",
            "keywords": "canary-keywords", "customdata": "canary-customdata",
            "geo": geo("home", home), "ext": ext("user"),
            "data": [{"id": "canary-data", "segment": [{"id": "canary-segment"}]}],
            "eids": [{"source": "canary-source", "uids": [{"id": "canary-uid"}]}],
        },
    })
}
