use hyper::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, ORIGIN};

use super::{Kind, document, dress, plain};

fn headers(name: hyper::header::HeaderName, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
}

#[test]
fn accept_chooses_the_best_kind_we_make() {
    let decision = "application/vnd.breakwater+json";
    let cases = [
        ("*/*", Some(Kind::Vast)),
        ("text/xml", Some(Kind::Vast)),
        ("text/html, application/xml;q=0.9, */*;q=0.8", Some(Kind::Vast)),
        ("application/json", None),
        ("application/dash+xml", None),
        (decision, Some(Kind::Decision)),
        ("application/vnd.breakwater+json;q=0.2, application/xml", Some(Kind::Vast)),
        ("application/vnd.breakwater+json, application/xml;q=0.2", Some(Kind::Decision)),
        ("application/xml;q=0", None),
        ("application/xml;q=banana", None),
        ("", None),
    ];
    for (accept, kind) in cases {
        assert_eq!(Kind::accepted(&headers(ACCEPT, accept)), kind, "{accept}");
    }
    assert_eq!(Kind::accepted(&HeaderMap::new()), Some(Kind::Vast));
}

#[test]
fn origins_are_echoed_and_absent_ones_get_a_star() {
    for (request, allowed, credentials) in [
        (headers(ORIGIN, "https://player.example"), "https://player.example", true),
        (headers(ORIGIN, "null"), "*", false),
        (HeaderMap::new(), "*", false),
    ] {
        let mut reply = plain(hyper::StatusCode::OK);
        dress(&mut reply, &request);
        assert_eq!(reply.headers()["access-control-allow-origin"], allowed);
        let told = reply.headers().contains_key("access-control-allow-credentials");
        assert_eq!(told, credentials);
        assert_eq!(reply.headers()["cache-control"], "no-store");
    }
}

#[test]
fn large_documents_are_compressed_for_those_who_ask() {
    let text = "<VAST/>".repeat(1_000);
    for (accept, coded) in [("gzip", true), ("br, gzip;q=0.5", true), ("gzip;q=0", false)] {
        let reply = document("application/xml", text.clone(), &headers(ACCEPT_ENCODING, accept));
        assert_eq!(reply.headers().contains_key("content-encoding"), coded, "{accept}");
    }
}
