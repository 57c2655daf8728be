//! Each character answers as it says.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Version, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use loadtest::{
    cast,
    character::{Character, NoBid, Share},
};
use tokio::net::TcpStream;

use crate::support::{Answer, ask, bid_request, connect, post, renamed, send, start};

#[tokio::test]
async fn the_same_request_gets_the_same_bids() {
    for character in [cast::fast(), cast::rich()] {
        let bid_rate = Share::ALWAYS;
        let character = Character { bid_rate, latency_multiplier: 0.0, ..character };
        let (one, other) = (start(character.clone()).await, start(character).await);
        let mut differing = 0;
        let mut last = String::new();
        for n in 0..20 {
            let request = renamed(&bid_request("dynamic"), &format!("r-{n}"));
            let of_one = without_port(&ask(&one, &request).await, &one.address().to_string());
            let again = without_port(&ask(&one, &request).await, &one.address().to_string());
            let of_other = without_port(&ask(&other, &request).await, &other.address().to_string());
            assert_eq!(of_one, again);
            assert_eq!(of_one, of_other, "two bidders with one seed");
            differing += u32::from(of_one != last);
            last = of_one;
        }
        assert_eq!(differing, 20, "other requests get other bids");
    }
}

fn without_port(answer: &Answer, address: &str) -> String {
    answer.text().replace(address, "bidder")
}

#[tokio::test]
async fn http2_is_spoken_beside_http1_where_it_is_asked_for() {
    let character = Character { http2: true, ..Character::named("both") };
    let bidder = start(character).await;
    assert!(bidder.speaks_http2());
    let request = bid_request("dynamic");
    let over_one = ask(&bidder, &request).await;
    let stream = TcpStream::connect(bidder.address()).await.unwrap();
    let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.unwrap();
    tokio::spawn(connection);
    let mut asked = post(&request);
    asked.headers_mut().remove("host");
    *asked.uri_mut() = bidder.endpoint().parse().unwrap();
    let response = sender.send_request(asked).await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(over_one.text().as_bytes(), &body[..]);
}

#[tokio::test]
async fn every_form_of_no_bid_is_sent() {
    let forms = [
        (NoBid::NoContent, 204, ""),
        (NoBid::EmptyBody, 200, ""),
        (NoBid::EmptyObject, 200, "{}"),
        (NoBid::EmptySeatbid, 200, r#"{"id":"brk-7f3a.1","seatbid":[]}"#),
        (NoBid::Reason, 200, r#"{"id":"brk-7f3a.1","nbr":2}"#),
    ];
    for (no_bid, status, body) in forms {
        let character = Character { no_bid, bid_rate: Share::NEVER, ..Character::named("silent") };
        let bidder = start(character).await;
        let answer = ask(&bidder, &bid_request("dynamic")).await;
        assert_eq!((answer.status, answer.text()), (status, body), "{no_bid:?}");
        assert_eq!(bidder.counts().no_bids, 1);
    }
}

#[tokio::test]
async fn requests_that_leave_nothing_to_bid_get_a_no_bid() {
    let bidder = start(Character::named("choosy")).await;
    let changes = [
        ("/cur", serde_json::json!(["EUR"])),
        ("/badv", serde_json::json!(["example"])),
        ("/imp/0/bidfloor", serde_json::json!(20.01)),
        ("/imp/0/bidfloor", serde_json::json!(1e300)),
        ("/imp/0/video/rqddurs", serde_json::json!([20])),
        ("/imp/0/video/poddur", serde_json::json!(14)),
        ("/imp/0/video/poddur", serde_json::json!(-1)),
        ("/imp/0/video/mimes", serde_json::json!(["application/dash+xml"])),
        ("/imp/0/video/protocols", serde_json::json!([2, 3, 14])),
    ];
    for (path, value) in changes {
        let mut request: serde_json::Value = serde_json::from_str(&bid_request("dynamic")).unwrap();
        *request.pointer_mut(path).unwrap() = value;
        assert_eq!(ask(&bidder, &request.to_string()).await.status, 204, "{path}: {request}");
    }
    assert_eq!(ask(&bidder, &bid_request("dynamic")).await.status, 200);
}

#[tokio::test]
async fn a_request_of_a_thousand_imps_gets_a_bounded_answer() {
    let bidder = start(Character { bids: 2, ..Character::named("bounded") }).await;
    let mut request: serde_json::Value = serde_json::from_str(&bid_request("dynamic")).unwrap();
    let imp = request["imp"][0].clone();
    request["imp"] = serde_json::Value::Array(vec![imp; 1_000]);
    assert_eq!(ask(&bidder, &request.to_string()).await.status, 200);
    assert_eq!(bidder.counts().bids, 128);
}

#[tokio::test]
async fn unreadable_requests_get_400() {
    let bidder = start(Character::named("strict")).await;
    for body in ["", "{", "[]", "null", r#"{"imp":[]}"#, "\u{0}"] {
        let answer = ask(&bidder, body).await;
        assert_eq!((answer.status, answer.text()), (400, ""), "body {body:?}");
    }
    assert_eq!(bidder.counts().unreadable, 6);
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let bidder = start(Character { gzip: true, ..Character::named("packer") }).await;
    let plain = ask(&bidder, &bid_request("dynamic")).await;
    assert!(!plain.headers.contains_key("content-encoding"));
    let mut request = post(&bid_request("dynamic"));
    request.headers_mut().insert("accept-encoding", "gzip".parse().unwrap());
    let packed = send(&mut connect(bidder.address()).await, request).await.unwrap();
    assert_eq!(packed.headers["content-encoding"], "gzip");
    let mut unpacked = String::new();
    GzDecoder::new(packed.body.as_ref()).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.text());
}

#[tokio::test]
async fn compressed_requests_are_read() {
    let bidder = start(Character::named("unpacker")).await;
    let mut packed = Vec::new();
    let body = bid_request("dynamic");
    let mut encoder = flate2::read::GzEncoder::new(body.as_bytes(), flate2::Compression::default());
    encoder.read_to_end(&mut packed).unwrap();
    let mut request = post("").map(|_| Full::from(packed));
    request.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    let answer = send(&mut connect(bidder.address()).await, request).await.unwrap();
    assert_eq!(answer.text(), ask(&bidder, &body).await.text());
}

#[tokio::test]
async fn requests_above_the_limit_get_429() {
    let bidder = start(Character { qps: Some(2), ..Character::named("limited") }).await;
    let mut connection = connect(bidder.address()).await;
    let mut statuses = Vec::new();
    // However slow the machine: a loop this tight soon has three requests in one second.
    while !statuses.contains(&429) && statuses.len() < 10_000 {
        let answer = send(&mut connection, post(&bid_request("dynamic"))).await.unwrap();
        statuses.push(answer.status);
    }
    assert_eq!(statuses.last(), Some(&429));
    assert_eq!(statuses[..2], [200, 200]);
    assert_eq!(bidder.counts().over_limit, 1);
    let closed = start(Character { qps: Some(0), ..Character::named("closed") }).await;
    assert_eq!(ask(&closed, &bid_request("dynamic")).await.status, 429);
}

#[tokio::test]
async fn notices_are_counted() {
    let bidder = start(Character::named("listener")).await;
    let mut connection = connect(bidder.address()).await;
    let paths = [
        ("GET", "/win?b=1&p=9.1", 204),
        ("POST", "/win?b=1&p=9.1", 204),
        ("GET", "/loss?b=2&r=102&m=", 204),
        ("GET", "/loss?b=2&r=$%7BAUCTION_LOSS%7D", 204),
        ("GET", "/bill?b=1&p=9.1", 204),
        ("DELETE", "/win?b=1", 404),
        ("GET", "/openrtb2", 404),
        ("GET", "/", 404),
    ];
    for (method, path, status) in paths {
        let request = Request::builder().method(method).uri(path).header("host", "bidder.example");
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let answer = send(&mut connection, request).await.unwrap();
        assert_eq!(answer.status, status, "{method} {path}");
    }
    let counts = bidder.stop().await;
    assert_eq!((counts.wins, counts.losses, counts.billings), (2, 2, 1));
    assert_eq!((counts.unexpanded, counts.connections, counts.requests), (1, 1, 0));
}

#[tokio::test]
async fn characters_out_of_their_bounds_do_not_start() {
    let name = Character::default;
    let wrong = [
        (Character::named("Upper"), "id"),
        (Character::named(""), "id"),
        (Character { domain: Some("no host".to_owned()), ..name() }, "domain"),
        (Character { durations: vec![], ..name() }, "durations"),
        (Character { durations: vec![0], ..name() }, "durations"),
        (Character { bids: 0, ..name() }, "bids"),
        (Character { creatives: 0, ..name() }, "creatives"),
        (Character { latency_multiplier: f64::NAN, ..name() }, "latency_multiplier"),
        (Character { advertisers: vec!["-".to_owned()], ..name() }, "advertisers"),
        (Character { seats: vec!["a seat".to_owned()], ..name() }, "seats"),
    ];
    for (character, key) in wrong {
        let error = loadtest::bidder::Bidder::start(character, 1).await.unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn a_character_is_read_from_toml() {
    let text = r#"
        id = "acme"
        latency = { kind = "lognormal", p50_ms = 40, p95_ms = 90 }
        faults = { rate = 0.5, kinds = ["hang", "http5xx"] }
        no_bid = "empty_seatbid"
        price = { min = "5", max = "18.40", curve = "high", by_length = true }
        qps = 200
        markup = "compact"
    "#;
    let character: Character = toml::from_str(text).unwrap();
    character.check().unwrap();
    assert_eq!((character.price.min.0, character.price.max.0), (500, 1_840));
    let refused = [
        "colour = \"red\"",
        "bid_rate = 1.5",
        "bid_rate = nan",
        "price = { min = \"1.234\" }",
        "price = { min = \"-1\" }",
        "price = { min = \"1e3\" }",
        "price = { min = \"\" }",
        "latency = { kind = \"fixed\" }",
        "latency = { kind = \"fixed\", ms = 1, p50_ms = 2 }",
        "faults = { rate = 0.1, kinds = [\"sulk\"] }",
    ];
    for text in refused {
        assert!(toml::from_str::<Character>(text).is_err(), "{text}");
    }
}
