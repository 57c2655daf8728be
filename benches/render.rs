//! What an answer costs: facts of one document, a pod finished, and the pod as each kind of answer.
//!
//! Instructions are counted with `valgrind --tool=callgrind --toggle-collect='*sold::finish*'` and the
//! like, of a run with `--test`: each bench runs once.

#[path = "../tests/it/auction/build.rs"]
#[expect(clippy::unwrap_used, reason = "auctions by hand of the tests")]
mod build;
#[path = "record/sale.rs"]
#[expect(dead_code, reason = "the bench of records strips markup")]
mod drawn;
#[path = "../tests/it/auction/pods.rs"]
#[expect(dead_code, reason = "answers are measured on live breaks only")]
#[expect(clippy::unwrap_used, reason = "auctions by hand of the tests")]
mod pods;
#[path = "../tests/it/auction/rng.rs"]
#[expect(clippy::unwrap_used, reason = "auctions by hand of the tests")]
mod rng;
#[path = "../tests/it/sale.rs"]
#[expect(clippy::unwrap_used, reason = "the sale by hand of the tests")]
mod sale;

use std::hint::black_box;
use std::sync::Arc;

use breakwater::wire::openrtb_answer::{self, Asker};
use breakwater::wire::sold::{self, Finish};
use breakwater::wire::vast::read;
use breakwater::wire::{json, vast};
use criterion::{Criterion, criterion_group, criterion_main};

use crate::pods::Size;
use crate::sale::Sale;

/// A bid of each of ten bidders, as the sale path is measured.
const SOLD: Size = Size { seconds: 60, max_ads: 4, bidders: 10, bids: 1 };

fn render(criterion: &mut Criterion) {
    let document = MARKUP.split("\n---\n").next().unwrap_or_default();
    let bytes = document.len();
    criterion.bench_function(&format!("facts of {bytes} B"), |bench| {
        bench.iter(|| read::facts(black_box(document)));
    });
    let sale = Sale::of(&[document; 4]);
    criterion.bench_function("finish four ads", |bench| bench.iter(|| sale.finish()));
    let sold = sale.finish();
    criterion.bench_function("render four ads", |bench| {
        bench.iter(|| vast::document(black_box(&sold)));
    });
}

/// An auction as it is sold: small documents, names as long as real ones.
fn auction(criterion: &mut Criterion) {
    let (market, keyring) = (Sale::of(&[]).market, sale::keyring());
    let auction = drawn::Sale::drawn(5, SOLD);
    let now = auction.request.arrived_at;
    let terms = Finish { market: &market, keyring: &keyring, now };
    let finish =
        || sold::finish(black_box(&auction.request), &auction.input, &auction.outcome, &terms);
    let sold = finish();
    let mut group = criterion.benchmark_group(format!("an auction of {} ads", sold.ads.len()));
    group.bench_function("finish", |bench| bench.iter(finish));
    group.bench_function("record", |bench| bench.iter(|| auction.record()));
    let asker = Asker { id: Arc::from("a-request"), imps: vec![Arc::from("1")] };
    group.bench_function("answer OpenRTB", |bench| {
        bench.iter(|| openrtb_answer::answer(black_box(&sold), &asker));
    });
    group.bench_function("answer VAST", |bench| bench.iter(|| vast::document(black_box(&sold))));
    group.bench_function("answer JSON", |bench| {
        bench.iter(|| json::decision(black_box(&sold), true));
    });
    group.finish();
}

const MARKUP: &str = include_str!("../tests/data/wire/vast/write/everything.txt");

criterion_group!(benches, render, auction);
criterion_main!(benches);
