//! Sales over real sockets, through every door.

use serde_json::{Value, json};

use crate::support::bidder::{Ad, Bidder, Say};
use crate::support::exchange::{Exchange, KEY, PUBLIC_URL};
use crate::support::http::post;
use crate::support::until;

mod deadline;
mod hostile;
mod http2;
mod once;

#[test]
fn a_tag_becomes_a_pod_that_strangers_read() {
    let (acme, zenith) = (
        Bidder::bidding("acme", vec![Ad::new("a1", "20", 30), Ad::new("a2", "12.5", 15)]),
        Bidder::bidding("zenith", vec![Ad::new("z1", "9", 15), Ad::new("z2", "4.99", 15)]),
    );
    let exchange = Exchange::start(&[&acme, &zenith]);
    let answer = exchange.tag("placement=arena&break=brk-1&session=s-1&duration_ms=60000");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/xml; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let read: vast4_rs::Vast<'_> = vast4_rs::from_str(answer.text()).unwrap();
    let mut seconds = Vec::new();
    for (place, ad) in (1..).zip(&read.ads) {
        assert_eq!(ad.sequence, Some(place), "document order is play order");
        let inline = ad.in_line.as_ref().unwrap();
        assert!(inline.impressions[0].uri.starts_with(PUBLIC_URL), "ours is first");
        assert!(inline.errors[0].starts_with(PUBLIC_URL));
        let linear = inline.creatives.creatives[0].linear.as_ref().unwrap();
        seconds.push(linear.duration.as_ref().unwrap().to_string());
    }
    seconds.sort();
    assert_eq!(seconds, ["00:00:15", "00:00:15", "00:00:30"], "60 s and no more");
    assert!(!answer.text().contains("z2.mp4"), "a bid below the floor is not sold");

    let won = until("two wins and one loss", || {
        let (mine, theirs) = (acme.notices(), zenith.notices());
        (mine.len() == 2 && theirs.len() == 2).then_some([mine, theirs].concat())
    });
    assert!(
        won.iter().any(|it| it.starts_with("/win?mine=a1&") && it.contains("p=20&")),
        "{won:?}"
    );
    assert!(won.iter().any(|it| it.starts_with("/win?mine=z1&") && it.contains("p=9&")), "{won:?}");
    let lost = won.iter().find(|it| it.starts_with("/loss?mine=z2&")).expect("z2 lost");
    assert!(lost.ends_with("l=100"), "below the floor: {lost}");
}

/// First price over one spot: each side is told the other's bid, and what is blocked nothing.
#[test]
fn both_sides_are_told_what_would_have_tied() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "9", 30), Ad::new("a2", "4.99", 30)]);
    let zenith = Bidder::bidding("zenith", vec![Ad::new("z1", "7.25", 30)]);
    let exchange = Exchange::start(&[&acme, &zenith]);
    let answer = exchange.tag("placement=arena&break=brk-1&duration_ms=30000");
    assert!(answer.text().contains("a1.mp4"), "{}", answer.text());
    let mut told = until("one win and two losses", || {
        let told = [acme.notices(), zenith.notices()].concat();
        (told.len() == 3).then_some(told)
    });
    told.sort_unstable();
    let told: Vec<&str> = told.iter().map(|it| it.split_once("&p=").unwrap().1).collect();
    assert_eq!(told, ["&m=&l=100", "&m=9&l=102", "9&m=7.25&l=0"]);
}

#[test]
fn a_structured_bidder_sells_slots() {
    let ads = vec![
        Ad::new("b1", "10", 15).on("1"),
        Ad::new("b2", "11", 15).on("2"),
        Ad::new("b3", "12", 30).on("4"),
    ];
    let acme = Bidder::bidding("acme", ads).with("pods = \"structured\"");
    let exchange = Exchange::start(&[&acme]);
    let answer = exchange.tag("placement=arena&break=brk-1&duration_ms=60000");
    let read: vast4_rs::Vast<'_> = vast4_rs::from_str(answer.text()).unwrap();
    assert_eq!(read.ads.len(), 3);
    let request = &acme.requests()[0];
    let imps = request["imp"].as_array().unwrap();
    let ids: Vec<_> = imps.iter().map(|imp| imp["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["1", "2", "3", "4"], "min(max_ads, 60 / 15)");
    for imp in imps {
        let video = &imp["video"];
        assert_eq!(video["podid"], imps[0]["video"]["podid"]);
        assert_eq!((&video["poddur"], &video["maxseq"]), (&Value::Null, &Value::Null));
        assert_eq!(video["rqddurs"], json!([15, 30]));
    }
}

#[test]
fn a_decision_shows_prices_to_its_publisher_only() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    let ask = |placement: &str, key: Option<&str>| {
        let body = json!({ "placement": placement, "break": { "id": "b", "duration_ms": 30000 } });
        let key = key.map(|key| format!("authorization: Bearer {key}"));
        let mut headers = vec!["accept: application/vnd.breakwater+json"];
        headers.extend(key.as_deref());
        post(exchange.traffic, "/v1/breaks", &headers, &body.to_string())
    };
    let keyed = ask("keyed", Some(KEY));
    assert_eq!(keyed.header("content-type"), Some("application/vnd.breakwater+json"));
    let keyed = keyed.json();
    assert_eq!(keyed["seconds"], json!({"break": 30, "sold": 30, "house": 0, "unfilled": 0}));
    let ad = &keyed["ads"][0];
    assert_eq!(
        (&ad["bidder"], &ad["bid"], &ad["cpm"]),
        (&json!("acme"), &json!("a1"), &json!("17.50"))
    );
    assert_eq!(ad["media"][0]["url"], "https://a1.example/a1.mp4");
    let impression =
        ad["trackers"].as_array().unwrap().iter().find(|it| it["event"] == "impression");
    assert!(impression.unwrap()["url"].as_str().unwrap().starts_with(PUBLIC_URL));

    let open = ask("arena", None).json();
    assert_eq!(open["ads"][0]["cpm"], Value::Null, "no key, no price: {open}");
    let foreign = ask("arena", Some(KEY)).json();
    assert_eq!(foreign["ads"][0]["cpm"], Value::Null, "another's key, no price: {foreign}");

    for (key, status, code) in [(None, 401, "unauthorized"), (Some("no-key"), 401, "unauthorized")]
    {
        let refused = ask("keyed", key);
        assert_eq!(refused.status, status, "{refused:?}");
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        let problem = refused.json();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)));
        assert!(problem["type"].is_string() && problem["request_id"].is_string(), "{problem}");
    }
}

#[test]
fn openrtb_gets_the_winners_net_of_fees() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30), Ad::new("a2", "6", 30)]);
    let zenith = Bidder::bidding("zenith", vec![Ad::new("z1", "4.99", 15)]);
    let idle = Bidder::start("idle", |_| Say::Nothing);
    let exchange = Exchange::start(&[&acme, &zenith, &idle]);
    let answer = openrtb(&exchange, 30, &json!({}));
    assert_eq!(answer.header("x-openrtb-version"), Some("2.6"));
    let answer = answer.json();
    assert_eq!(answer["id"], "r-30");
    assert_eq!(answer["cur"], "USD");
    assert!(answer["bidid"].as_str().unwrap().starts_with("auc_"));
    let [seat] = answer["seatbid"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!(seat["seat"], "seat-acme");
    let [bid] = seat["bid"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&bid["id"], &bid["impid"]), (&json!("a1"), &json!("imp-1")));
    assert_eq!(bid["price"].as_f64(), Some(17.0), "20 less 15 %");
    assert_eq!(bid["ext"]["breakwater"], json!({"bidder": "acme", "sequence": 1}));
    assert!(bid["burl"].as_str().unwrap().starts_with(PUBLIC_URL));
    assert!(bid["adm"].as_str().unwrap().contains(PUBLIC_URL));
    assert!(bid["adm"].as_str().unwrap().contains("/i?p=20]]"), "macros are filled: {bid}");
    assert_eq!(answer["ext"], Value::Null, "nothing is explained unasked");

    // 10 s fit no ad: nobody can be paid, and nothing is an error.
    let none = openrtb(&exchange, 10, &json!({}));
    assert_eq!((none.status, none.body.len()), (204, 0), "{none:?}");
}

#[test]
fn an_explanation_names_every_bidder_and_bid() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30), Ad::new("a2", "6", 30)]);
    let zenith = Bidder::bidding("zenith", vec![Ad::new("z1", "4.99", 15)]);
    let idle = Bidder::start("idle", |_| Say::Nothing);
    let exchange = Exchange::start(&[&acme, &zenith, &idle]);
    let told = explained(&exchange, "arena", 30);
    assert_eq!(fates(&told, "acme"), ["a1 won", "a2 outbid"]);
    assert_eq!(fates(&told, "zenith"), ["z1 below_floor"]);
    assert_eq!(fates(&told, "idle"), ["no_bid"]);
    let non_bids = told["ext"]["seatnonbid"].as_array().unwrap();
    let idle = non_bids.iter().find(|seat| seat["seat"] == "idle").expect("every bidder");
    assert_eq!(idle["nonbid"][0]["statuscode"], 0, "{idle}");
    let none = openrtb(&exchange, 10, &json!({"explain": true}));
    assert_eq!(none.status, 200);
    assert!(none.json()["nbr"].is_i64(), "{}", none.text());
}

/// Asks the OpenRTB door for a break at `arena`; `ours` is `ext.breakwater`.
fn openrtb(exchange: &Exchange, seconds: u32, ours: &Value) -> crate::support::http::Answer {
    let request = request("arena", seconds, ours);
    post(exchange.traffic, "/openrtb2/auction", &[], &request.to_string())
}

fn request(placement: &str, seconds: u32, ours: &Value) -> Value {
    json!({
        "id": format!("r-{seconds}"), "tmax": 2000, "ext": {"breakwater": ours},
        "imp": [{"id": "imp-1", "tagid": placement, "video": {
            "mimes": ["video/mp4"], "poddur": seconds, "maxseq": 4, "rqddurs": [15, 30],
        }}],
    })
}

/// Asks for a break with its explanation.
pub(crate) fn explained(exchange: &Exchange, placement: &str, seconds: u32) -> Value {
    let request = request(placement, seconds, &json!({"explain": true}));
    post(exchange.traffic, "/openrtb2/auction", &[], &request.to_string()).json()
}

/// Returns the fates of a bidder's bids, or what its silence is called.
pub(crate) fn fates(told: &Value, bidder: &str) -> Vec<String> {
    let bidders = told["ext"]["breakwater"]["trace"]["bidders"].as_array();
    let bidders = bidders.unwrap_or_else(|| panic!("no trace: {told}"));
    let entry = bidders.iter().find(|entry| entry["bidder"] == bidder).expect("every bidder");
    let bids = entry["bids"].as_array().unwrap();
    if bids.is_empty() {
        return vec![entry["outcome"].as_str().unwrap().to_owned()];
    }
    let fate = |bid: &Value| {
        let fate = if bid["fate"] == "won" { &bid["fate"] } else { &bid["reason"] };
        format!("{} {}", bid["bid"].as_str().unwrap(), fate.as_str().unwrap())
    };
    bids.iter().map(fate).collect()
}
