//! What an answer costs: facts of one document, a four-ad pod finished, and the pod as VAST.

#[path = "../tests/it/sale.rs"]
#[expect(clippy::unwrap_used, reason = "the sale by hand of the tests")]
mod sale;

use std::hint::black_box;

use breakwater::wire::vast;
use breakwater::wire::vast::read;
use criterion::{Criterion, criterion_group, criterion_main};

use crate::sale::Sale;

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

const MARKUP: &str = include_str!("../tests/data/wire/vast/write/everything.txt");

criterion_group!(benches, render);
criterion_main!(benches);
