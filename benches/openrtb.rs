//! What it costs to read a request of 2 KB.

#![expect(clippy::unwrap_used, reason = "the sale by hand of the tests unwraps what cannot fail")]

use std::hint::black_box;

use breakwater::model::time::UnixMillis;
use breakwater::wire::break_request::{Caller, Credential, openrtb};
use criterion::{Criterion, criterion_group, criterion_main};

#[path = "../tests/it/sale.rs"]
#[expect(dead_code, reason = "the sale by hand of the tests; only its placement is used here")]
mod sale;

// The market of the tests.
#[path = "../tests/it/requests/market.rs"]
mod market;

const REQUEST: &[u8] = include_bytes!("../tests/data/wire/bench/request-2k.json");

fn decode(criterion: &mut Criterion) {
    let market = market::market();
    let caller = Caller {
        arrived_at: UnixMillis(1_763_668_504_000),
        peer: std::net::IpAddr::from([198, 51, 100, 7]),
        user_agent: None,
        gpc: false,
        playback_session: None,
        credential: Credential::None,
    };
    let read = || openrtb::openrtb(black_box(REQUEST), &caller, &market);
    read().expect("the request is a good one");
    criterion.bench_function("decode a 2 KB request", |bencher| bencher.iter(read));
}

criterion_group!(benches, decode);
criterion_main!(benches);
