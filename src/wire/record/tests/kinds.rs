//! The records around auctions, as they stand in the journal.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::ids::{AuctionId, BidId, BidderId};
use crate::model::money::Currency;
use crate::model::rates::RateSnapshot;
use crate::model::time::{Millis, UnixMillis};
use crate::wire::record::admin::{Action, Admin, admin};
use crate::wire::record::notices::{NoticeResult, notices};
use crate::wire::record::rates::rates;
use crate::wire::record::read::{Record, RecordError, read};
use crate::wire::record::tests::fixed::fixed;
use crate::wire::record::tests::sample::head;
use crate::wire::record::{Head, Kind, Lifecycle, StreamName, lifecycle};

#[test]
fn a_head_cites_the_rates_beside_the_config() {
    let head = Head { rates: Some((1, [0xf0; 32])), ..head() };
    let event = Lifecycle::Start;
    let record = read(&lifecycle(&head, &fixed().input.draw, &event)).unwrap();
    assert_eq!(record.head().unwrap().rates, Some((1, [0xf0; 32])));
    let (config, rates) = ("c0".repeat(32), "f0".repeat(32));
    let id = format!("{:032x}", u128::from_be_bytes(record.id.bytes()));
    holds(
        &record,
        "head",
        &format!(
            r#"{{"boot":"3","build":"0.1.0+test","cfg":{{"hash":"{config}","index":"2"}},"fx":{{"hash":"{rates}","index":"1"}},"id":"{id}","kind":11,"node":"n1","seq":"17","ts":"1793000000123","v":1}}"#
        ),
    );
}

#[test]
fn the_life_of_a_node_is_told_by_stream() {
    let event = Lifecycle::Gap { boot: 7, auction: vec![3], money: vec![4, 9] };
    for (event, json) in [
        (event, r#"{"event":"gap","of_boot":"7","unused_auction":["3"],"unused_money":["4","9"]}"#),
        (
            Lifecycle::Cut { stream: StreamName::Auction, index: 12, bytes: 20 },
            r#"{"event":"cut","index":"12","length":"20","stream":"auction"}"#,
        ),
        (Lifecycle::Clock { lag_ms: 3_600_000 }, r#"{"event":"clock","lag_ms":"3600000"}"#),
        (
            Lifecycle::NewOrigin { auction: Some("a\n".into()), money: Some("m".into()) },
            r#"{"event":"new_origin","follows":{"auction":"a\n","money":"m"}}"#,
        ),
        (
            Lifecycle::NewOrigin { auction: None, money: Some("m".into()) },
            r#"{"event":"new_origin","follows":{"money":"m"}}"#,
        ),
        (
            Lifecycle::KeyChange { stream: StreamName::Money, old: "o".into(), new: "n".into() },
            r#"{"event":"key_change","new":"n","old":"o","stream":"money"}"#,
        ),
    ] {
        let record = read(&lifecycle(&head(), &fixed().input.draw, &event)).unwrap();
        holds(&record, "lifecycle", json);
        assert_eq!(record.lifecycle(), Ok(event));
    }
}

#[test]
fn rates_survive() {
    let eur = Currency::new("EUR").unwrap();
    let snapshot = RateSnapshot {
        source: "bank \"é\"".into(),
        time: UnixMillis(1_793_000_000_000),
        max_age: Millis(86_400_000),
        base: eur,
        quotes: vec![(Currency::USD, 1_082_500_000_000), (Currency::new("JPY").unwrap(), i64::MAX)],
    };
    let all = vec![snapshot.clone(), RateSnapshot { quotes: Vec::new(), ..snapshot }];
    let (payload, root) = rates(&head(), &fixed().input.draw, &all);
    let record = read(&payload).unwrap();
    assert_eq!((record.kind, record.root), (Kind::Rates, root));
    assert_eq!(record.rates(), Ok(all));
    holds(
        &record,
        "rates",
        r#"{"snapshots":[{"base":"EUR","max_age_ms":"86400000","quotes":[["USD","1082500000000"],["JPY","9223372036854775807"]],"source":"bank \"é\"","time":"1793000000000"},{"base":"EUR","max_age_ms":"86400000","quotes":[],"source":"bank \"é\"","time":"1793000000000"}]}"#,
    );
    assert_eq!(record.notices(), Err(RecordError::Missing("notices".into())));
}

#[test]
fn actions_survive() {
    let before = UnixMillis(1_793_000_000_000);
    for (action, json) in [
        (
            Action::Erase { before, sections: 7 },
            r#"{"action":"erase","before":"1793000000000","by":"cli","sections":"7"}"#,
        ),
        (
            Action::Prune { before, segments: 2, records: 512, first_kept: 1024 },
            r#"{"action":"prune","before":"1793000000000","by":"cli","first_kept":"1024","records":"512","segments":"2"}"#,
        ),
    ] {
        let told = Admin { by: "cli".into(), action };
        let record = read(&admin(&head(), &fixed().input.draw, &told)).unwrap();
        assert_eq!(record.kind, Kind::Admin);
        holds(&record, "admin", json);
        assert_eq!(record.admin(), Ok(told));
    }
}

#[test]
fn each_bidder_has_its_own_section_of_notices() {
    let win = NoticeResult {
        bidder: BidderId::new("zeta"),
        auction: AuctionId::new([9; 16]),
        bid: BidId::new("b\"1"),
        kind: Cow::Borrowed("win"),
        outcome: Cow::Borrowed("delivered"),
        status: Some(204),
        attempts: 1,
        at: UnixMillis(1_793_000_000_500),
    };
    let loss = NoticeResult {
        bidder: BidderId::new("acme"),
        kind: Cow::Borrowed("loss"),
        outcome: Cow::Borrowed("dropped"),
        status: None,
        attempts: 0,
        ..win.clone()
    };
    let results = [win.clone(), loss, NoticeResult { bid: BidId::new("b2"), ..win }];
    let record = read(&notices(&head(), &fixed().input.draw, &results)).unwrap();
    assert_eq!(record.kind, Kind::Notices);
    let auction = AuctionId::new([9; 16]);
    holds(
        &record,
        "bidder:acme",
        &format!(
            r#"{{"notices":[{{"at":"1793000000500","attempts":0,"auction":"{auction}","bid":"b\"1","kind":"loss","outcome":"dropped"}}]}}"#
        ),
    );
    let row = |bid: &str| {
        format!(
            r#"{{"at":"1793000000500","attempts":1,"auction":"{auction}","bid":"{bid}","kind":"win","outcome":"delivered","status":204}}"#
        )
    };
    holds(&record, "bidder:zeta", &format!(r#"{{"notices":[{},{}]}}"#, row("b\\\"1"), row("b2")));
    let [first, second, third] = results;
    assert_eq!(record.notices(), Ok(vec![second, first, third]));
}

#[test]
fn a_kind_that_is_not_built_is_named() {
    let mut payload = lifecycle(&head(), &fixed().input.draw, &Lifecycle::Start);
    for kind in [0, 2, 3, 5, 6, 7, 12, 13, 255] {
        payload[1] = kind;
        assert_eq!(read(&payload).unwrap_err(), RecordError::Kind(kind));
        assert_eq!(Kind::of(kind), None);
    }
    for kind in [1, 4, 8, 9, 10, 11] {
        assert_eq!(Kind::of(kind).map(Kind::number), Some(kind));
    }
}

/// Checks that a section is this text, and that the text is canonical JSON.
fn holds(record: &Record, name: &str, json: &str) {
    let text = String::from_utf8_lossy(record.section(name).unwrap());
    assert_eq!(text, json);
    let value: Value = serde_json::from_str(&text).unwrap();
    let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
    assert_eq!(text, String::from_utf8_lossy(&canonical));
}
