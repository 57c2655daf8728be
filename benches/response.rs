//! How long it takes to read a bidder's answer: three bids, and the same with one wrong bid.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

#[path = "../tests/it/sale.rs"]
#[expect(dead_code, reason = "the sale by hand of the tests; only its plan is used here")]
mod sale;

use std::hint::black_box;
use std::sync::Arc;

use breakwater::model::call::{Answer, AnswerOutcome, Call};
use breakwater::model::reason::LossReason;
use breakwater::wire::bid_response;
use breakwater::wire::vast::read;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sha2::{Digest, Sha256};

use crate::sale::Sale;

fn responses(criterion: &mut Criterion) {
    let plan = Sale::of(&[]).input.plan;
    let call = Call {
        bidder: plan.offers[0].bidder.id.clone(),
        offer: 0,
        request_id: "r1".into(),
        body: Arc::default(),
        gzip: false,
    };
    let answer = |body: Vec<u8>| Answer {
        outcome: AnswerOutcome::Body(body),
        status: Some(200),
        deadline_us: 200_000,
        elapsed_us: 12_000,
    };
    let good = response("9.5");
    let mut group = criterion.benchmark_group(format!("response of {} B", good.len()));
    group.throughput(Throughput::Bytes(good.len().try_into().unwrap()));
    for (name, body, defect) in [
        ("three bids", good.clone(), None),
        ("one price is a text", response("\"9.5\""), Some(LossReason::PriceMissing)),
    ] {
        let reply = bid_response::reply(&plan, &call, answer(body.clone()));
        assert_eq!(
            reply.bids.iter().map(|bid| bid.defect).collect::<Vec<_>>(),
            [defect, None, None]
        );
        group.bench_function(name, |bench| {
            bench.iter_batched(
                || answer(body.clone()),
                |answer| bid_response::reply(black_box(&plan), black_box(&call), answer),
                BatchSize::SmallInput,
            );
        });
    }
    // What of it is not this module's own work.
    let vast = vast(1);
    group.bench_function("facts of the three ads alone", |bench| {
        bench.iter(|| [(); 3].map(|()| read::facts(black_box(&vast))));
    });
    group.bench_function("hash of the body alone", |bench| {
        bench.iter(|| Sha256::digest(black_box(&good)));
    });
    group.finish();
}

/// A response of three bids, the first at `price` as it stands in JSON.
fn response(price: &str) -> Vec<u8> {
    let bid = |at: u32| {
        let price = if at == 1 { price } else { "11.25" };
        let vast = serde_json::to_string(&vast(at)).unwrap();
        format!(
            r#"{{"id":"b{at}","impid":"1","price":{price},"dur":15,"mtype":2,"protocol":7,"adomain":["acme.example"],"cat":["IAB1-5"],"crid":"c{at}","cid":"camp-1","w":1920,"h":1080,"nurl":"https://acme.example/win?p=${{AUCTION_PRICE}}","lurl":"https://acme.example/loss?r=${{AUCTION_LOSS}}","adm":{vast}}}"#
        )
    };
    let bids: Vec<String> = (1..=3).map(bid).collect();
    let bids = bids.join(",");
    let text = format!(
        r#"{{"id":"r1","bidid":"a1","cur":"USD","seatbid":[{{"seat":"a1","bid":[{bids}]}}]}}"#
    );
    text.into_bytes()
}

/// An ad of 15 s as bidders send it.
fn vast(at: u32) -> String {
    let tracking: String = ["start", "firstQuartile", "midpoint", "thirdQuartile", "complete"]
        .map(|event| format!(r#"<Tracking event="{event}"><![CDATA[https://t.acme.example/e?b={at}&e={event}]]></Tracking>"#))
        .concat();
    format!(
        r#"<VAST version="4.2"><Ad id="{at}"><InLine><AdSystem>Acme</AdSystem><Impression><![CDATA[https://t.acme.example/i?b={at}]]></Impression><AdTitle>Spring</AdTitle><Creatives><Creative id="c{at}"><UniversalAdId idRegistry="ad-id.org">ACME000{at}H</UniversalAdId><Linear><Duration>00:00:15</Duration><TrackingEvents>{tracking}</TrackingEvents><VideoClicks><ClickThrough><![CDATA[https://acme.example/]]></ClickThrough></VideoClicks><MediaFiles><MediaFile delivery="progressive" type="video/mp4" width="1920" height="1080" bitrate="6000"><![CDATA[https://cdn.acme.example/{at}.mp4]]></MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>"#
    )
}

criterion_group!(benches, responses);
criterion_main!(benches);
