//! House ads as callers, players and auditors meet them: golden answers, and sales over sockets.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use breakwater::auction::house::alone;
use breakwater::audit::replay::{Wanted, explain, replay};
use breakwater::model::house::{HouseAd, HouseMedia};
use breakwater::model::insight::Insight;
use breakwater::model::market::Placement;
use breakwater::model::outcome::HousePlay;
use breakwater::model::reason::{NoFillReason, UnfilledReason};
use breakwater::model::time::{Millis, Seconds};
use breakwater::wire::explain::{self as telling, Asked, text};
use breakwater::wire::openrtb_answer::{self, Asker};
use breakwater::wire::sold::{Nothing, Sold};
use breakwater::wire::{json, vast};
use serde_json::{Value, json};

use crate::answers::MARKUP;
use crate::sale::{ARRIVAL, Sale};
use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange::{Exchange, PUBLIC_URL};
use crate::support::http::post;
use crate::vast::{in_schema_order, lines, lint, without_tokens};

#[test]
fn answers_show_house_ads_after_what_was_sold() {
    let sale = sale();
    let sold = sale.finish();
    let pod = vast::document(&sold);
    lint(&pod);
    in_schema_order(&pod);
    let read: vast4_rs::Vast<'_> = vast4_rs::from_str(&pod).unwrap();
    let places: Vec<_> = read.ads.iter().map(|ad| ad.sequence).collect();
    assert_eq!(places, [Some(1), Some(2), Some(3)]);
    expect("wire/house/pod.txt", &lines(&without_tokens(&pod)));
    let decision: Value = serde_json::from_str(&json::decision(&sold, true)).unwrap();
    let house = json!({ "ads": decision["ads"].as_array().unwrap()[1..],
        "seconds": decision["seconds"], "unfilled": decision["unfilled"] });
    expect("wire/house/decision.json", &(serde_json::to_string_pretty(&house).unwrap() + "\n"));
    // Nobody bid for them, so an OpenRTB caller gets none.
    let answer = openrtb_answer::answer(&sold, &Asker::of(&sale.request)).unwrap();
    assert!(!answer.contains("house") && !answer.contains("promo"), "{answer}");
}

#[test]
fn a_house_ad_is_told_with_the_reason_of_its_seconds() {
    let sale = sale();
    let asked = Asked::of(&sale.request);
    let told = telling::explain(&asked, &sale.input, &sale.outcome, &Insight::default());
    let page = text::text(&told);
    let from = page.find("\nPod 1").unwrap();
    expect("explain/house.txt", &page[from + 1..]);
    let json = serde_json::to_value(&told).unwrap();
    let house = json!({ "house": "promo-15", "sequence": 2, "start_ms": 15_000,
        "duration_ms": 15_000, "seconds": 15, "since": "below_floor",
        "why": "The best bid for them was below the floor." });
    assert_eq!(json["pods"][0]["house"][0], house);
}

#[test]
fn where_nothing_is_sold_house_ads_play_alone() {
    let mut sale = sale();
    let placement = Placement { house: house(), ..Placement::clone(&sale.request.placement) };
    sale.request.imps[0].placement = Arc::new(placement);
    let why = Nothing {
        request: NoFillReason::TooLate,
        seconds: UnfilledReason::TooLate,
        currency: sale.market.currency,
    };
    let alone = alone(&sale.request, why.seconds, usize::MAX).unwrap();
    let sold = Sold::nothing(&sale.request, ARRIVAL, why);
    let sold = sold.with_house(&sale.request, ARRIVAL, (&alone.plan, &alone.house));
    let names: Vec<&str> = sold.house.iter().map(|ad| &*ad.serving_id).collect();
    assert_eq!(names, ["brk-42-h1", "brk-42-h2"], "there is no auction to name them by");
    assert_eq!((sold.seconds.house, sold.seconds.unfilled), (Seconds(25), Seconds(35)));
    assert_eq!(sold.unfilled, [(Seconds(35), UnfilledReason::TooLate)]);
    assert_eq!(sold.no_fill, Some(NoFillReason::TooLate));
    lint(&vast::document(&sold));
}

/// What is shed is shed at once: a list without a common unit is not gone through for it.
#[test]
fn a_choice_that_takes_long_is_not_made_where_nothing_is_sold() {
    let mut sale = sale();
    let odd = |number: u32| HouseAd {
        id: format!("odd-{number}").into(),
        seconds: Seconds(11 + 2 * number),
        length: Millis(u64::from(11 + 2 * number) * 1_000),
        ..HouseAd::default()
    };
    for (list, plays) in [(house(), true), ((0..16).map(|it| Arc::new(odd(it))).collect(), false)] {
        let placement = Placement { house: list, ..Placement::clone(&sale.request.placement) };
        sale.request.imps[0].placement = Arc::new(placement);
        let most = 1_000;
        let played = alone(&sale.request, UnfilledReason::Shed, most).is_some();
        assert_eq!(played, plays);
    }
}

/// The publisher's own: no beacon of ours, no bidder told, the same in the record and its replay.
#[test]
fn an_exchange_plays_house_ads_in_what_it_does_not_sell() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30), Ad::new("a2", "4.99", 15)]);
    let exchange = Exchange::start_with(&[&acme], PLACEMENT);
    let answer = exchange.tag("placement=own&break=brk-1&session=s-1&duration_ms=60000");
    let text = answer.text();
    let read: vast4_rs::Vast<'_> = vast4_rs::from_str(text).unwrap();
    assert_eq!(read.ads.len(), 3, "{text}");
    let house = &text[text.match_indices("<Ad ").nth(1).unwrap().0..];
    assert!(!house.contains(PUBLIC_URL), "beacons of ours are for what is billed: {house}");
    assert!(house.contains("https://stats.own.example/p?c=[CACHEBUSTING]"), "{house}");
    for (state, seconds) in [("sold", 30.0), ("house", 25.0), ("unfilled", 5.0)] {
        let labels = ["placement=\"own\"", &format!("state=\"{state}\"")];
        exchange.until_count("breakwater_break_seconds_total", &labels, seconds);
    }

    let decision = ask(&exchange, json!({ "placement": "own", "break": { "duration_ms": 60000 } }));
    let count = json!({ "break": 60, "sold": 30, "house": 25, "unfilled": 5 });
    assert_eq!(decision["seconds"], count);
    assert_eq!(decision["unfilled"], json!([{ "seconds": 5, "reason": "below_floor" }]));
    let ads: Vec<_> = decision["ads"].as_array().unwrap().iter().collect();
    let told: Vec<_> =
        ads.iter().map(|ad| (&ad["house"], &ad["bidder"], &ad["start_ms"])).collect();
    let (yes, none) = (json!(true), Value::Null);
    assert_eq!(told[0], (&none, &json!("acme"), &json!(0)));
    assert_eq!(told[1], (&yes, &none, &json!(30_000)));
    assert_eq!(told[2], (&yes, &none, &json!(45_000)));

    let data = exchange.stop();
    let report = replay(data.path(), &Wanted::All).unwrap();
    assert_eq!((report.auctions, &report.differing[..]), (2, &[][..]));
    let told = explain(data.path(), None).unwrap().unwrap().told;
    let page = text::text(&told);
    assert!(page.contains("2. promo-15 at 0:30, 15 s, since below_floor:"), "{page}");
}

#[test]
fn house_ads_play_where_no_auction_is_held() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start_with(&[&acme], PLACEMENT);
    let late = json!({ "placement": "own", "deadline_ms": 40, "break": { "duration_ms": 30000 } });
    let decision = ask(&exchange, late);
    assert_eq!(decision["auction"], Value::Null, "{decision}");
    assert_eq!(decision["no_fill"], "too_late");
    let count = json!({ "break": 30, "sold": 0, "house": 25, "unfilled": 5 });
    assert_eq!(decision["seconds"], count);
    assert_eq!(decision["ads"][0]["creative"], "promo-15");

    // An OpenRTB caller is answered with bids, and its seconds are its own to fill.
    let request = json!({ "id": "r-1", "tmax": 2000, "imp": [{ "id": "1", "tagid": "own",
        "video": { "mimes": ["video/mp4"], "poddur": 15, "maxseq": 4, "rqddurs": [15] } }] });
    let answer = post(exchange.traffic, "/openrtb2/auction", &[], &request.to_string());
    assert_eq!(answer.status, 204, "{answer:?}");
}

/// A publisher with a placement that has house ads.
const PLACEMENT: &str = r#"
[[placement]]
id = "own"
publisher = "pub-open"
floor = { amount = "5.00", currency = "USD" }
max_ads = 4
tmax = "1500ms"
house = [
    { id = "promo-15", duration = 15, media = [{ url = "https://cdn.own.example/promo.mp4", type = "video/mp4" }], impression = ["https://stats.own.example/p?c=[CACHEBUSTING]"] },
    { id = "slate-10", duration = 10, media = [{ url = "http://127.0.0.1:9300/slate.mp4", type = "video/mp4" }] },
]
"#;

fn ask(exchange: &Exchange, body: Value) -> Value {
    let accept = "accept: application/vnd.breakwater+json";
    post(exchange.traffic, "/v1/breaks", &[accept], &body.to_string()).json()
}

/// One ad sold of a minute, and two house ads behind it.
fn sale() -> Sale {
    let mut sale = Sale::of(&[MARKUP]);
    sale.input.plan.parts[0].house = house();
    let play = |ad: usize, sequence, start| {
        let since = UnfilledReason::BelowFloor;
        HousePlay { part: 0, ad, sequence, start: Millis(start), since }
    };
    sale.outcome.house = vec![play(0, 2, 15_000), play(1, 3, 30_000)];
    sale.outcome.seconds.house = Seconds(25);
    sale.outcome.seconds.unfilled = Seconds(20);
    sale.outcome.unfilled[0].seconds = Seconds(20);
    sale
}

fn house() -> Vec<Arc<HouseAd>> {
    let file = |url: &str, mime: &str, size: Option<(u32, u32)>| HouseMedia {
        url: url.into(),
        mime: mime.into(),
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
        bitrate: size.map(|_| 6_000),
    };
    let promo = HouseAd {
        id: "promo-15".into(),
        seconds: Seconds(15),
        length: Millis(15_000),
        media: vec![
            file("https://cdn.arena.example/p.mp4?a=1&b=2", "video/mp4", Some((1920, 1080))),
            file("https://cdn.arena.example/p.m3u8", "application/x-mpegURL", None),
        ],
        click: Some("https://arena.example/tickets".into()),
        impressions: vec!["https://stats.arena.example/p?c=[CACHEBUSTING]".into()],
    };
    let slate = HouseAd {
        id: "slate-10".into(),
        seconds: Seconds(10),
        length: Millis(9_990),
        media: vec![file("https://cdn.arena.example/s.mp4", "video/mp4", None)],
        ..HouseAd::default()
    };
    vec![Arc::new(promo), Arc::new(slate)]
}

/// Compares with a file of `tests/data`; `UPDATE_EXPECT=1` rewrites it.
fn expect(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{name}: UPDATE_EXPECT=1 rewrites it; read the diff");
}
