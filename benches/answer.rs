//! What one bidder's answer takes, and one winner's ad: to be counted by valgrind, not timed.
//!
//! `answer reply 1000` reads a compact answer of 1.2 KB a thousand times, `answer inline 1000`
//! writes the ad of one winner. Counts of two numbers of rounds differ by the rounds alone, so
//! `valgrind --tool=callgrind` and `--tool=dhat` give instructions and allocations of one round.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

#[path = "../tests/it/sale.rs"]
#[expect(dead_code, reason = "the sale by hand of the tests; only its input is used here")]
mod sale;

use std::hint::black_box;
use std::sync::Arc;

use breakwater::model::call::{Answer, AnswerOutcome, Call};
use breakwater::model::ids::BidderId;
use breakwater::model::market::Bidder;
use breakwater::model::plan::Plan;
use breakwater::model::time::Millis;
use breakwater::wire::bid_response;
use breakwater::wire::macros::Values;
use breakwater::wire::vast::write::{self, Ours, Written};
use breakwater::wire::vast::{read, tree};

use crate::sale::Sale;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let what = arguments.next().unwrap_or_else(|| "reply".to_owned());
    let rounds: usize = arguments.next().map_or(1, |rounds| rounds.parse().unwrap());
    match &*what {
        "reply" => replies(rounds),
        "inline" => inlines(rounds),
        other => panic!("{other}: reply or inline"),
    }
}

fn replies(rounds: usize) {
    let (plan, call) = (plan(), call());
    let body = response();
    for round in 0..rounds + 1 {
        let answer = Answer {
            outcome: AnswerOutcome::Body(body.clone()),
            status: Some(200),
            deadline_us: 200_000,
            elapsed_us: 12_000,
        };
        let reply = bid_response::reply(black_box(&plan), black_box(&call), answer);
        assert_eq!((reply.bids.len(), reply.bids[0].defect), (1, None), "{round}");
        black_box(reply);
    }
}

fn inlines(rounds: usize) {
    let mut sale = Sale::of(&[&vast()]);
    sale.input.replies[0].bids[0].markup = Some(Arc::new(read::facts(&vast())));
    let address = |kind: &str| format!("https://ads.arena.example/v1/b/{kind}{}", "x".repeat(170));
    let addresses = ["e", "i", "s", "q", "m", "t", "c", "k"].map(address);
    let ours = ours(&addresses);
    for _ in 0..rounds + 1 {
        black_box(inline(black_box(&sale), black_box(&ours)));
    }
}

/// Writes the ad of the winner, as `sold` does.
fn inline(sale: &Sale, ours: &Ours<'_>) -> Written {
    let reply = &sale.input.replies[0];
    let (bid, win) = (&reply.bids[0], &sale.outcome.wins[0]);
    let tree = tree::parse(&bid.creative.markup).unwrap();
    let parts = read::parts(&tree).unwrap();
    let values = Values::of(sale.input.draw.auction, reply, bid).won(bid, win);
    write::inline(parts, tree.root(), ours, &values)
}

fn ours([error, impression, events @ .., click]: &[String; 8]) -> Ours<'_> {
    Ours {
        serving_id: "auc_018f3c2e9a7b7c4d8e5f001122334455-1",
        creative_key: "b-1.example:b-1-c3-15s",
        length: Millis(15_000),
        expires_s: 30,
        error,
        impression,
        events: events.each_ref().map(String::as_str),
        click,
    }
}

fn call() -> Call {
    Call {
        bidder: BidderId::new("b-1"),
        offer: 0,
        request_id: REQUEST.into(),
        body: Arc::default(),
        gzip: false,
    }
}

fn plan() -> Plan {
    let mut plan = Sale::of(&[]).input.plan;
    plan.offers[0].bidder = Arc::new(Bidder {
        domains: vec!["b-1.example".into()],
        allow_loopback: true,
        ..sale::bidder("b-1")
    });
    plan
}

/// The answer of `loadtest`'s bidder with compact markup.
fn response() -> Vec<u8> {
    let vast = serde_json::to_string(&vast()).unwrap();
    let text = format!(
        r#"{{"id":"{REQUEST}","seatbid":[{{"bid":[{{"id":"{BID}","impid":"1","price":11.27,"nurl":"http://127.0.0.1:9201/win?b={BID}&p=${{AUCTION_PRICE}}","adm":{vast},"adomain":["b-1-advertiser-0.example"],"crid":"b-1-c3-15s","protocol":11,"dur":15,"mtype":2}}],"seat":"b-1-seat-0"}}],"bidid":"8f1e0c3b5a7d9264","cur":"USD"}}"#
    );
    assert!((1_200..=1_310).contains(&text.len()), "{}", text.len());
    text.into_bytes()
}

/// Its ad of 15 s.
fn vast() -> String {
    let events = [
        ("start", "s"),
        ("firstQuartile", "q"),
        ("midpoint", "m"),
        ("thirdQuartile", "t"),
        ("complete", "c"),
    ];
    let tracking: String = events
        .map(|(event, path)| {
            format!(r#"<Tracking event="{event}">https://b-1.example/{path}</Tracking>"#)
        })
        .concat();
    format!(
        r#"<VAST version="4.2" xmlns="http://www.iab.com/VAST"><Ad><InLine><AdSystem>b-1</AdSystem><Impression>https://b-1.example/i?{BID}</Impression><AdServingId>{BID}</AdServingId><AdTitle>Ad</AdTitle><Creatives><Creative id="b-1-c3-15s"><Linear><TrackingEvents>{tracking}</TrackingEvents><Duration>00:00:15</Duration><MediaFiles><MediaFile delivery="progressive" type="video/mp4" width="1920" height="1080" bitrate="6000"><![CDATA[https://b-1.example/b-1-c3-15s.mp4]]></MediaFile></MediaFiles></Linear><UniversalAdId idRegistry="b-1.example">b-1-c3-15s</UniversalAdId></Creative></Creatives></InLine></Ad></VAST>"#
    )
}

const REQUEST: &str = "018f3c2e9a7b7c4d8e5f001122334455-1";

const BID: &str = "8f1e0c3b5a7d9264-1";
