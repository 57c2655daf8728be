//! One `bid` line: `BIDDER ID CPM SECONDS [key=value]…`.
//!
//! A price or seconds of `-` are absent. Keys of the bid: `seat imp cur deal adomain crid mtype
//! protocol apis attr language bundle slot group size exp cat defect`; of its markup: `markup
//! duration version nonlinear insecure media needs uid file`. Without `adomain`, `crid` and `file`
//! each bidder has its own advertiser, and each bid its own creative and media file.

use std::sync::Arc;

use breakwater::model::bid::Bid;
use breakwater::model::ids::{CreativeId, DealId, ImpId, SeatId};
use breakwater::model::money::Currency;
use breakwater::model::reason::LossReason;

use super::super::super::build;
use super::words;

/// Reads a bid of the bidder that the line names.
pub(crate) fn read(line: &[&str]) -> Bid {
    let [bidder, id, price, seconds, fields @ ..] = line else {
        panic!("a bid has a bidder, an id, a price and seconds: {line:?}");
    };
    let length = if *seconds == "-" { "30" } else { seconds };
    let micros = if *price == "-" { 0 } else { words::cpm(price).micros() };
    let mut bid = build::bid(bidder, id, micros, length.parse().unwrap());
    if *price == "-" {
        bid.price = None;
    }
    if *seconds == "-" {
        bid.seconds = None;
    }
    for field in fields {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        set_field(&mut bid, key, value);
    }
    bid
}

fn set_field(bid: &mut Bid, key: &str, value: &str) {
    let list: Vec<&str> = value.split(',').filter(|word| !word.is_empty()).collect();
    match key {
        "seat" => bid.seat = Some(SeatId::new(value)),
        "imp" => bid.imp = ImpId::new(value),
        "cur" => bid.currency = Currency::new(value).unwrap(),
        "deal" => bid.deal = Some(DealId::new(value)),
        "adomain" => {
            bid.advertisers = list.iter().map(|domain| build::advertiser(domain)).collect();
        }
        "crid" => bid.creative_id = (!value.is_empty()).then(|| CreativeId::new(value)),
        "cat" => {
            bid.category_taxonomy = words::categories(&list)[0].taxonomy;
            let id = |word: &&str| word.split_once(':').unwrap().1.into();
            bid.categories = list.iter().map(id).collect();
        }
        "mtype" => bid.media_type = value.parse().ok(),
        "protocol" => bid.protocol = value.parse().ok(),
        "apis" => bid.apis = words::codes(&list),
        "attr" => bid.attributes = words::codes(&list),
        "language" => bid.language = Some(value.into()),
        "bundle" => bid.bundle = Some(value.into()),
        "slot" => bid.slot_in_pod = value.parse().unwrap(),
        "group" => bid.group = Some(value.parse().unwrap()),
        "size" => bid.size = Some((list[0].parse().unwrap(), list[1].parse().unwrap())),
        "exp" => bid.expires_s = value.parse().ok(),
        "defect" => bid.defect = LossReason::from_name(value),
        "markup" if value.is_empty() => bid.markup = None,
        _ => set_markup(bid, key, &list),
    }
}

fn set_markup(bid: &mut Bid, key: &str, list: &[&str]) {
    let markup = Arc::make_mut(bid.markup.as_mut().unwrap());
    match (key, list) {
        ("markup", [name]) => markup.defect = LossReason::from_name(name),
        ("duration", list) => markup.duration = list.first().map(|text| words::millis(text)),
        ("version", list) => {
            let version = list.first().and_then(|text| text.split_once('.'));
            markup.version =
                version.map(|(major, minor)| (major.parse().unwrap(), minor.parse().unwrap()));
        }
        ("nonlinear", []) => markup.linear = false,
        ("insecure", []) => markup.insecure = true,
        ("media", types) => markup.media_types = types.iter().map(|&mime| mime.into()).collect(),
        ("needs", apis) => markup.apis = words::codes(apis),
        ("uid", ids) => {
            let pair = |word: &&str| {
                let (registry, value) = word.split_once(':').unwrap();
                (registry.into(), value.into())
            };
            markup.universal_ids = ids.iter().map(pair).collect();
        }
        ("file", files) => markup.media = files.iter().map(|file| build::hash(file)).collect(),
        _ => panic!("no such field of a bid: {key}"),
    }
}
