//! What must stay where it is: viewers' data with the publisher, a bidder's bids with that bidder.

use std::fs;

use serde_json::json;

use crate::requests::canary::request;
use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange;
use crate::support::http::{self, post};
use crate::support::process::Process;
use crate::support::until;

/// Addresses and marks of the viewer; `request` holds the same.
const SECRETS: [&str; 5] = ["canary", "203.0.113.9", "2001:db8:1:2345::9", "77.4", "77.1"];

#[test]
fn no_canary_sings_through_any_door() {
    let bidders = [
        Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]),
        Bidder::bidding("zenith", vec![Ad::new("z1", "9", 15).on("1")])
            .with("pods = \"structured\""),
    ];
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("breakwater.toml");
    let data = folder.path().join("data");
    fs::write(&config, exchange::config(&data, &[&bidders[0], &bidders[1]])).unwrap();
    let mut process = Process::start(&config, &["run", "-v", "-v"]);
    let traffic = process.traffic;
    let mut answers = String::new();
    let signals = [json!({"gdpr": 1}), json!({"gdpr": 0, "coppa": 1}), json!({"ext": {"gdpr": 1}})];
    for (number, regs) in signals.into_iter().enumerate() {
        let mut openrtb = request(regs.clone());
        openrtb["imp"][0]["tagid"] = "arena".into();
        openrtb["tmax"] = 2000.into();
        let native = json!({
            "placement": "arena", "session": format!("canary-session-{number}"),
            "device": openrtb["device"],
            "user": openrtb["user"], "regs": regs, "break": { "duration_ms": 60000 },
        });
        openrtb["ext"] = json!({"breakwater": {"explain": true}});
        for (door, body) in [("/openrtb2/auction", &openrtb), ("/v1/breaks", &native)] {
            let answer = post(traffic, door, &["x-forwarded-for: 203.0.113.9"], &body.to_string());
            assert!(answer.text().contains("a1.mp4"), "{door}: {answer:?}");
            answers.push_str(answer.text());
        }
        // A request that is refused, its canaries in it.
        let cut = openrtb.to_string();
        let refused = post(traffic, "/openrtb2/auction", &[], &cut[..cut.len() - 1]);
        assert_eq!(refused.status, 400);
        answers.push_str(&format!("{refused:?}"));
    }
    for signal in ["gdpr=1", "coppa=1", "lmt=1", "us_privacy=1YYN"] {
        let target = format!(
            "/v1/vast?placement=arena&session=canary-session&break=brk-{signal}&ip=203.0.113.9\
             &ifa=canary-ifa&ifa_type=canary-type&{signal}"
        );
        let answer = http::get(traffic, &target.replace("brk-gdpr=", "brk-"));
        assert!(answer.text().contains("a1.mp4"), "{answer:?}");
        answers.push_str(answer.text());
    }
    let metrics = http::get(process.admin, "/metrics").text().to_owned();
    assert_eq!(process.terminate(), Some(0));
    let log = process.log();
    let received = [bidders[0].all(), bidders[1].all()];
    assert!(bidders[0].requests().len() == 10, "every door asked: {}", received[0]);
    let places = [
        ("acme's requests", &received[0]),
        ("zenith's requests", &received[1]),
        ("answers", &answers),
        ("the log", &log),
        ("the metrics", &metrics),
    ];
    for (place, text) in places {
        for secret in SECRETS {
            let found = text.find(secret);
            let around = found.map(|at| &text[at.saturating_sub(60)..(at + 40).min(text.len())]);
            assert_eq!(around, None, "{secret} in {place}");
        }
    }
}

#[test]
fn a_bidder_learns_nothing_of_another() {
    // Prices with digits that nothing else has.
    let acme = Bidder::bidding("acme", vec![Ad::new("acmebid", "23.4567", 30)]);
    let zenith = Bidder::bidding("zenith", vec![Ad::new("zenithbid", "9.8761", 30)]);
    let exchange = exchange::Exchange::start(&[&acme, &zenith]);
    let query = "placement=arena&break=b&duration_ms=30000";
    let pod = exchange.tag(query).text().to_owned();
    until("both are told", || {
        (acme.notices().len() == 1 && zenith.notices().len() == 1).then_some(())
    });
    assert!(acme.notices()[0].starts_with("/win"), "{:?}", acme.notices());
    assert!(zenith.notices()[0].starts_with("/loss"), "{:?}", zenith.notices());
    assert!(zenith.notices()[0].ends_with("l=102"), "outbid: {:?}", zenith.notices());
    let secrets_of = |id: &str, price: &str| {
        let own = [id, price, &price.replace('.', "")].map(str::to_owned);
        [own.to_vec(), vec![format!("seat-{id}"), format!("{id}bid"), format!("{id}bid.mp4")]]
            .concat()
    };
    let absent = |place: &str, text: &str, secrets: &[String]| {
        for secret in secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in {place}: {text}");
        }
    };
    // What it would have taken to win is told, in that place only (decision 7).
    let told = |bidder: &Bidder, minimum: &str| {
        let told = format!("&m={minimum}&");
        assert!(bidder.notices()[0].contains(&told), "{:?}", bidder.notices());
        bidder.all().replacen(&told, "&m=&", 1)
    };
    let received = told(&zenith, "23.4567");
    absent("what zenith received", &received, &secrets_of("acme", "23.4567"));
    let received = told(&acme, "9.8761");
    absent("what acme received", &received, &secrets_of("zenith", "9.8761"));
    absent("the tag", &pod, &secrets_of("zenith", "9.8761"));
    assert!(pod.contains("acmebid.mp4"));

    let openrtb = json!({
        "id": "r", "tmax": 2000,
        "imp": [{"id": "1", "tagid": "arena", "video": {"mimes": ["video/mp4"], "poddur": 30}}],
    });
    let answer = post(exchange.traffic, "/openrtb2/auction", &[], &openrtb.to_string());
    absent("the OpenRTB answer", answer.text(), &secrets_of("zenith", "9.8761"));
    let mut keyed = openrtb;
    keyed["imp"][0]["tagid"] = "keyed".into();
    keyed["ext"] = json!({"breakwater": {"explain": true}});
    assert_eq!(post(exchange.traffic, "/openrtb2/auction", &[], &keyed.to_string()).status, 401);
}
