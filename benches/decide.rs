//! How long a decision takes.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

#[path = "../tests/it/auction/build.rs"]
mod build;
#[path = "../tests/it/auction/pods.rs"]
mod pods;

use std::hint::black_box;

use breakwater::auction::decide::decide;
use breakwater::model::plan::AuctionInput;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

use crate::pods::{LIVE, Rng, Shape};

/// Ten bidders with three bids each on a minute.
const TEN: Shape = Shape { bidders: (10, 10), ..LIVE };

fn decisions(criterion: &mut Criterion) {
    for (name, shape) in [("10 bidders x 3 bids", TEN), ("20 bidders x 3 bids", LIVE)] {
        // A hundred auctions in turn, so that no single one sets the figure.
        let inputs: Vec<AuctionInput> =
            (0..100).map(|seed| pods::auction(&mut Rng::new(seed), &shape)).collect();
        let mut turn = inputs.iter().cycle();
        criterion.bench_function(&format!("decide/{name}"), |bencher| {
            bencher.iter_batched(
                || turn.next().unwrap(),
                |input| decide(black_box(input)),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
