//! What a record keeps, byte for byte, and that it can be decided again from.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use super::json::Json;
use super::lifecycle::LifecycleForm;
use super::ops::Ops;
use super::outcome::outcome_sections;
use super::read::{Record, RecordError, is_start, read};
use super::scan::Scan;
use super::{Kind, Lifecycle, StreamName, auction, config_snapshot, lifecycle};
use crate::model::bid::Creative;
use crate::model::ids::{AuctionId, BidderId};
use crate::model::plan::{AuctionInput, Pod};
use crate::model::standing::{BidderStanding, Brownout, Health, Quota, Standing};
use crate::wire::record::tests::fixed::fixed;
use crate::wire::record::tests::sample::{Sample, drawn, head};

pub(super) mod dice;
pub(super) mod fixed;
mod kinds;
pub(super) mod sample;
mod told;

/// Names a file that is written once and never edited: records of version 1 exist.
///
/// Compressed sections depend on the zstd of `Cargo.lock`. Should a newer one pack otherwise, the
/// file stays and must still be read as `auction.json` says.
macro_rules! golden {
    ($name:literal) => {
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/journal/v1/", $name)
    };
}

#[test]
fn the_golden_record_stays_as_it_is() {
    let draw = fixed().input.draw;
    let payload = fixed().payload();
    assert_eq!(hex_lines(&payload), include_str!(golden!("auction.hex")));
    assert_eq!(readable(&read(&payload).unwrap()), include_str!(golden!("auction.json")));
    let event = Lifecycle::LateSync { auction: draw.auction };
    let event = lifecycle(&head(), &draw, &event);
    assert_eq!(hex_lines(&event), include_str!(golden!("lifecycle.hex")));
    let (config, root) = config_snapshot(&head(), &draw, b"{\"bidders\":[]}");
    assert_eq!(hex_lines(&config), include_str!(golden!("config.hex")));
    assert_eq!(root, read(&config).unwrap().root);
}

#[test]
fn an_auction_read_back_is_the_auction_that_was() {
    for seed in 0..400 {
        let sample = drawn(seed);
        let record = read(&sample.payload()).unwrap();
        assert_eq!((record.kind, record.id), (Kind::Auction, sample.input.draw.auction));
        let input = record.auction_input().unwrap();
        assert_eq!(input, kept(&sample.input), "seed {seed}");
        let again = outcome_sections(&input, &sample.outcome);
        let again: Vec<_> = again.iter().map(|(name, json)| (&**name, &**json)).collect();
        assert_eq!(again, record.outcome_sections().collect::<Vec<_>>(), "seed {seed}");
        for win in &sample.outcome.wins {
            let markup = &sample.input.replies[win.bid.reply].bids[win.bid.bid].creative.markup;
            let section = record.section(&format!("markup:{}", win.sequence));
            assert_eq!(section, Some(markup.as_bytes()), "seed {seed}");
        }
    }
}

#[test]
fn what_was_read_is_written_the_same() {
    for seed in 0..400 {
        let mut sample = drawn(seed);
        let payload = sample.payload();
        let mut input = read(&payload).unwrap().auction_input().unwrap();
        let creatives = sample.input.replies.iter().flat_map(|reply| &reply.bids);
        let bids = input.replies.iter_mut().flat_map(|reply| &mut reply.bids);
        bids.zip(creatives).for_each(|(bid, was)| bid.creative = was.creative.clone());
        sample.input = input;
        assert_eq!(sample.payload(), payload, "seed {seed}");
    }
}

#[test]
fn another_outcome_gives_other_sections() {
    for seed in 0..200 {
        let sample = drawn(seed);
        let mut other = sample.outcome.clone();
        if let Some(win) = other.wins.last_mut() {
            win.pay = crate::model::money::Cpm::from_micros(win.pay.micros() ^ 1).unwrap();
        } else {
            other.seconds.sold.0 ^= 1;
        }
        assert_ne!(
            outcome_sections(&sample.input, &sample.outcome),
            outcome_sections(&sample.input, &other),
            "seed {seed}"
        );
    }
}

#[test]
fn every_section_is_canonical_json() {
    for seed in 0..200 {
        let record = read(&drawn(seed).payload()).unwrap();
        for section in record.sections() {
            if section.name.starts_with("markup:") {
                continue;
            }
            let json = record.section(&section.name).unwrap();
            let value: Value = serde_json::from_slice(json).unwrap();
            whole_numbers(&value);
            let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
            let name = &section.name;
            assert_eq!(
                String::from_utf8_lossy(json),
                String::from_utf8_lossy(&canonical),
                "{name}"
            );
        }
    }
}

#[test]
fn the_standing_is_told_where_it_left_somebody_out() {
    let told = |standing: Standing| {
        let payload = Sample { standing, ..fixed() }.payload();
        let record = read(&payload).unwrap();
        record.auction_input().unwrap();
        let mut ops: Value = serde_json::from_slice(record.section("ops").unwrap()).unwrap();
        let members = ops.as_object_mut().unwrap();
        members.retain(|name, _| {
            !["offers", "replies", "skipped", "stages", "unoffered"].contains(&&**name)
        });
        ops.to_string()
    };
    let bidder = |id: &str, value| {
        let standing = BidderStanding::free(BidderId::new(id));
        BidderStanding { value, ..standing }
    };
    let usual = Standing { bidders: vec![bidder("a", 7), bidder("b", 0)], ..Standing::default() };
    assert_eq!(told(usual.clone()), "{}", "what calls are worth changed nothing");
    let browned = Standing { brownout: Brownout::Best3, ..usual };
    assert_eq!(told(browned), r#"{"brownout":"best_3","values":[["a","7"]]}"#);
    let bidders = vec![
        BidderStanding { health: Health::Open, ..bidder("a", 7) },
        BidderStanding { health: Health::Throttled, ..bidder("b", 0) },
        BidderStanding { quota: Quota::Exhausted, explored: true, ..bidder("c", u64::MAX) },
    ];
    let expected = concat!(
        r#"{"exhausted":["c"],"explored":["c"],"open":["a"],"throttled":["b"],"#,
        r#""values":[["a","7"],["c","18446744073709551615"]]}"#
    );
    assert_eq!(told(Standing { bidders, ..Standing::default() }), expected);
}

/// The published texts of RFC 8785, given by the oracle of the other tests; of those that have strings
/// alone, each string by our writer too.
#[test]
fn canonical_texts_are_the_published_ones() {
    let vectors =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tlog/tests/data/vectors.json"));
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let cases = vectors["jcs"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let value: Value = serde_json::from_str(case["input_text"].as_str().unwrap()).unwrap();
        let published = case["canonical_text"].as_str().unwrap();
        assert_eq!(serde_json_canonicalizer::to_string(&value).unwrap(), published);
        let strings = value.as_array().into_iter().flatten().map(|it| it.as_str().unwrap());
        let strings: Vec<_> = strings.collect();
        if !strings.is_empty() {
            let mut written = Vec::new();
            Json::new(&mut written).list_alone(&strings, |json, text| json.text(text));
            assert_eq!(written, published.as_bytes());
        }
    }
}

#[test]
fn every_character_is_escaped_as_the_standard_says() {
    for code in (0..=0x10fff).chain(0x1_f600..0x1_f650) {
        let Some(character) = char::from_u32(code) else { continue };
        let text = character.to_string();
        let canonical = serde_json_canonicalizer::to_vec(&text).unwrap();
        let mut written = b"[".to_vec();
        Json::new(&mut written).text(&text);
        assert_eq!(written[1..], canonical, "U+{code:04X}");
        assert_eq!(super::text::canonical(&text), canonical, "U+{code:04X}");
        written.push(b']');
        written.splice(..1, *b"{\"t\":[");
        written.push(b'}');
        let read = Scan::section(&written, |scan| {
            scan.must(key!("t"), |scan| scan.list(Scan::text).map(|list| list[0].to_string()))
        });
        assert_eq!(read, Some(text), "U+{code:04X}");
    }
}

#[test]
fn a_head_tells_what_it_was_given() {
    let record = read(&fixed().payload()).unwrap();
    let facts = record.head().unwrap();
    assert_eq!((&*facts.node, facts.boot, facts.seq), ("n1", 3, 17));
    assert_eq!(facts.config, Some((2, [0xc0; 32])));
    assert_eq!((&*facts.build, facts.rules, facts.test), ("0.1.0+test", Some(1), false));
}

#[test]
fn the_life_of_a_node_survives() {
    let events = [
        Lifecycle::Start,
        Lifecycle::Stop { auction_end: 12 },
        Lifecycle::Gap { boot: 7, auction: vec![3, u64::MAX], money: vec![0] },
        Lifecycle::LateSync { auction: AuctionId::new([9; 16]) },
        Lifecycle::Cut { stream: StreamName::Money, index: 9, bytes: 20 },
        Lifecycle::Clock { lag_ms: 3_600_000 },
        Lifecycle::NewOrigin { auction: None, money: Some("x/n1/money\n1\nr\n\n— x y\n".into()) },
        Lifecycle::NewOrigin { auction: Some("a".into()), money: None },
        Lifecycle::KeyChange { stream: StreamName::Auction, old: "o+1".into(), new: "n".into() },
    ];
    let draw = fixed().input.draw;
    for event in events {
        let payload = lifecycle(&head(), &draw, &event);
        let record = read(&payload).unwrap();
        assert_eq!(record.kind, Kind::Lifecycle);
        let start = matches!(event, Lifecycle::Start | Lifecycle::NewOrigin { .. });
        assert_eq!(is_start(&payload), start);
        assert_eq!(record.lifecycle(), Ok(event));
        assert_eq!(record.config(), Err(RecordError::Missing("config".into())));
    }
    let (payload, root) = config_snapshot(&head(), &draw, b"{}");
    let record = read(&payload).unwrap();
    assert_eq!((record.kind, record.config(), record.root), (Kind::Config, Ok(&b"{}"[..]), root));
    assert!(record.auction_input().is_err() && record.lifecycle().is_err());
    assert!(!is_start(&payload));
}

/// A stop that does not say where the auction stream ended is none.
#[test]
fn a_stop_without_an_end_is_malformed() {
    let forms = [
        (r#"{"event":"stop","auction_end":"12"}"#, true),
        (r#"{"event":"stop"}"#, false),
        (r#"{"event":"stop","auction_end":12}"#, false),
        (r#"{"event":"stop","auction_end":"-1"}"#, false),
        (r#"{"event":"stop","auction_end":"12","more":"1"}"#, false),
    ];
    for (form, good) in forms {
        assert_eq!(serde_json::from_str::<LifecycleForm<'_>>(form).is_ok(), good, "{form}");
    }
}

#[test]
fn nothing_of_one_party_stands_in_the_section_of_another() {
    let record = read(&fixed().payload()).unwrap();
    for section in record.sections() {
        let json = String::from_utf8_lossy(record.section(&section.name).unwrap()).into_owned();
        let name = &*section.name;
        assert_eq!(json.contains("192.0.2.0"), name == "user", "{name}");
        let naming = ["ops", "outcome:seller", "markup:1"];
        assert_eq!(json.contains("acme"), naming.contains(&name), "{name}");
    }
}

#[test]
fn an_outcome_of_another_input_is_a_bug_not_a_record() {
    let (sample, other) = (fixed(), drawn(3));
    let ops = Ops { standing: &sample.standing, stages: &[] };
    let made = std::panic::catch_unwind(|| {
        auction(&head(), &sample.request, &other.input, &sample.outcome, &ops)
    });
    assert!(made.is_err());
}

/// Returns what a record keeps of an input: no creatives, no nonce key, media where they are read.
pub(super) fn kept(input: &AuctionInput) -> AuctionInput {
    let mut input = input.clone();
    input.draw.nonce_key = [0; 32];
    let reads = |pod: &Pod| pod.separation.media || pod.separation.creative;
    let media = input.plan.pods.iter().any(reads);
    for bid in input.replies.iter_mut().flat_map(|reply| &mut reply.bids) {
        bid.creative = Creative::default();
        if let Some(markup) = bid.markup.as_mut().filter(|_| !media) {
            Arc::make_mut(markup).media.clear();
        }
    }
    input
}

/// Checks the house limits: keys in ASCII, no fraction, nothing past 2^53 - 1.
fn whole_numbers(value: &Value) {
    match value {
        Value::Number(number) => {
            let number = number.as_i64().expect("a whole number");
            assert!(number.unsigned_abs() < 1 << 53);
        }
        Value::Array(items) => items.iter().for_each(whole_numbers),
        Value::Object(members) => {
            assert!(members.keys().all(|key| key.is_ascii()));
            members.values().for_each(whole_numbers);
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Returns a payload as hex, 32 bytes a line.
fn hex_lines(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

/// Returns the sections of a record as people read them.
fn readable(record: &Record) -> String {
    let mut members = serde_json::Map::new();
    for section in record.sections() {
        let bytes = record.section(&section.name).unwrap();
        let text = || Value::from(String::from_utf8_lossy(bytes).into_owned());
        let value = serde_json::from_slice(bytes).unwrap_or_else(|_| text());
        members.insert(section.name.to_string(), value);
    }
    let mut text = serde_json::to_string_pretty(&Value::from(members)).unwrap();
    text.push('\n');
    text
}
