//! What a request offers, several pods, deals, floors and blocks, is what bidders bid on.

use std::collections::{BTreeMap, BTreeSet};

use loadtest::{
    bidder::Running,
    cast,
    character::{Character, Markup, Share},
};
use serde_json::{Value, json};

use crate::support::{ask, bid_request, renamed, start};

/// A bidder with two seats, two advertisers of a kind, and money enough for every floor.
fn dealer() -> Character {
    Character {
        bids: 6,
        seats: vec!["dealer-1".to_owned(), "dealer-2".to_owned()],
        advertisers: ["one.brands.example", "two.brands.example", "bank.example"]
            .map(str::to_owned)
            .to_vec(),
        categories: ["1551", "1165", "1337"].map(str::to_owned).to_vec(),
        creatives: 6,
        ..Character::named("dealer")
    }
}

#[tokio::test]
async fn every_pod_and_deal_is_bid_on_by_its_terms() {
    let bidder = start(dealer()).await;
    let mut by_deal: BTreeMap<(String, Option<String>), u32> = BTreeMap::new();
    for n in 0..40 {
        let answer = answer(&bidder, &renamed(&bid_request("pods"), &format!("r-{n}"))).await;
        assert_eq!(answer["cur"], "EUR", "the first currency of the request");
        for (seat, bid) in bids(&answer) {
            let deal = bid["dealid"].as_str();
            let imp = bid["impid"].as_str().unwrap();
            *by_deal.entry((imp.to_owned(), deal.map(str::to_owned))).or_default() += 1;
            let (price, dur) = (bid["price"].as_f64().unwrap(), bid["dur"].as_i64().unwrap());
            let floor = match (imp, deal, dur) {
                ("1", Some("D-open"), _) => 13.0,
                // The second and third range overlap: the higher floor is the safe one.
                ("1", Some("D-imp") | None, 15) => 6.1,
                ("1", Some("D-imp") | None, 30) => 12.5,
                ("1", Some("D-fixed"), 15) => 17.5,
                ("1", Some("D-fixed"), 30) => 35.0,
                ("2", None, 15) => 6.0,
                ("3", Some("D-private"), 30) => 9.0,
                other => panic!("nobody offers {other:?}"),
            };
            assert!(floor <= price, "{imp} {deal:?} {dur} s: {price}");
            if deal == Some("D-fixed") {
                assert_eq!((price, seat.as_str()), (floor, "dealer-2"));
                assert!(bid["adomain"][0].as_str().unwrap().ends_with("brands.example"));
            }
            assert_ne!(bid["cat"], json!(["1337"]), "banks are blocked");
            assert_eq!(bid["cattax"], 8);
        }
    }
    let count = |imp: &str, deal: Option<&str>| {
        by_deal.get(&(imp.to_owned(), deal.map(str::to_owned))).copied().unwrap_or_default()
    };
    assert!(40 <= count("1", Some("D-fixed")), "a bid is owed each time: {by_deal:?}");
    for (imp, deal) in [("1", Some("D-open")), ("1", Some("D-imp")), ("1", None), ("2", None)] {
        assert!(20 < count(imp, deal), "{imp} {deal:?} of {by_deal:?}");
    }
    assert_eq!(count("3", Some("D-private")), 40, "one bid on a slot");
}

#[tokio::test]
async fn deals_are_used_as_often_as_the_character_says() {
    for (deals, least, most) in [(Share::NEVER, 0, 0), (Share::ALWAYS, 240, 240)] {
        let bidder = start(Character { deals, ..dealer() }).await;
        let mut request = request("pods");
        request["imp"] = json!([request["imp"][0]]);
        request["imp"][0]["pmp"]["deals"] = json!([{ "id": "D-imp" }]);
        let mut under = 0;
        for n in 0..40 {
            let answer = answer(&bidder, &renamed(&request.to_string(), &format!("r-{n}"))).await;
            under += bids(&answer).iter().filter(|(_, bid)| bid["dealid"] == "D-imp").count();
        }
        assert!((least..=most).contains(&under), "{under} of 240 bids");
    }
}

#[tokio::test]
async fn a_deal_above_its_means_leaves_it_bidding_openly() {
    let bidder = start(Character { deals: Share::ALWAYS, ..dealer() }).await;
    let mut request = request("pods");
    request["imp"] = json!([request["imp"][0]]);
    request["imp"][0]["pmp"]["deals"] =
        json!([{ "id": "D-dear", "bidfloor": 1e300, "bidfloorcur": "EUR" }]);
    let open = answer(&bidder, &request.to_string()).await;
    assert!(bids(&open).iter().all(|(_, bid)| bid.get("dealid").is_none()));
    assert_eq!(bids(&open).len(), 6);
    request["imp"][0]["pmp"]["private_auction"] = 1.into();
    assert_eq!(ask(&bidder, &request.to_string()).await.status, 204);
}

#[tokio::test]
async fn lists_of_categories_are_heeded_in_their_own_words() {
    let bidder = start(dealer()).await;
    let cases = [
        (json!({ "bcat": ["1551", "1337"], "cattax": 8 }), vec!["1165"]),
        (json!({ "acat": ["1337"], "cattax": 8 }), vec!["1337"]),
        (json!({ "acat": ["9999"], "cattax": 8 }), vec![]),
        (json!({ "bcat": ["1551"], "cattax": 7 }), vec!["1165", "1337", "1551"]),
        (json!({ "bcat": ["IAB2"] }), vec!["1165", "1337", "1551"]),
        (json!({ "acat": [], "cattax": 8 }), vec!["1165", "1337", "1551"]),
    ];
    for (lists, expected) in cases {
        let mut request = request("dynamic");
        for (name, value) in lists.as_object().unwrap() {
            request[name] = value.clone();
        }
        let sent = ask(&bidder, &request.to_string()).await;
        let answer = if sent.status == 204 { json!({}) } else { body(sent.text()) };
        let seen: BTreeSet<_> =
            bids(&answer).iter().map(|(_, bid)| bid["cat"][0].to_string()).collect();
        let seen: Vec<_> = seen.iter().map(|it| it.trim_matches('"')).collect();
        assert_eq!(seen, expected, "{lists}");
    }
}

#[tokio::test]
async fn creatives_differ_unless_they_are_repeated_on_purpose() {
    for markup in [Markup::Full, Markup::Compact] {
        // Far more bids than creatives.
        let many = Character { markup, bids: 20, creatives: 3, ..dealer() };
        for (repeats, distinct) in [(Share::NEVER, 20), (Share::ALWAYS, 2)] {
            let bidder = start(Character { repeats, ..many.clone() }).await;
            let answer = answer(&bidder, &bid_request("dynamic")).await;
            let all = bids(&answer);
            assert_eq!(all.len(), 20);
            let crids: BTreeSet<_> = all.iter().map(|(_, bid)| bid["crid"].as_str()).collect();
            let media: BTreeSet<_> = all.iter().map(|(_, bid)| media(bid)).collect();
            // One creative of each of its two lengths when it is repeated.
            assert_eq!((crids.len(), media.len()), (distinct, distinct), "{crids:?}");
        }
    }
}

#[test]
fn some_advertisers_buy_through_two_bidders_of_the_cast() {
    let all = cast::all();
    let of: Vec<BTreeSet<_>> =
        all.iter().map(|it| it.own_advertisers().into_iter().collect()).collect();
    let shared = |one: &BTreeSet<String>| of.iter().filter(|it| !it.is_disjoint(one)).count();
    assert!(of.iter().any(|one| 1 < shared(one)));
    assert!(all.iter().all(|it| it.categories.len() == it.own_advertisers().len()));
}

fn request(name: &str) -> Value {
    body(&bid_request(name))
}

fn body(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

async fn answer(bidder: &Running, request: &str) -> Value {
    let answer = ask(bidder, request).await;
    assert_eq!(answer.status, 200, "{request}");
    body(answer.text())
}

/// Returns the bids of an answer, each with its seat.
fn bids(answer: &Value) -> Vec<(String, Value)> {
    let seats = answer["seatbid"].as_array().into_iter().flatten();
    let bids = seats.flat_map(|seat| {
        let name = seat["seat"].as_str().unwrap().to_owned();
        seat["bid"].as_array().unwrap().iter().map(move |bid| (name.clone(), bid.clone()))
    });
    bids.collect()
}

/// Returns the address of the first media file of a bid.
fn media(bid: &Value) -> String {
    let markup = bid["adm"].as_str().unwrap();
    let (_, file) = markup.split_once("<MediaFile ").unwrap();
    let (_, address) = file.split_once("https://").unwrap();
    address.split_once("]]>").unwrap().0.to_owned()
}
