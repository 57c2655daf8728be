//! How long a decision takes, and what the losers would have needed.
//!
//! `live/three minutes` is not sampled by criterion: a bar on the slowest of a hundred needs one run
//! of each of 1,000 different breaks, so the bench prints its percentiles itself.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]
#![expect(clippy::print_stdout, reason = "percentiles are what it is run for")]

#[path = "../tests/it/auction/build.rs"]
mod build;
#[path = "../tests/it/auction/pods.rs"]
mod pods;
#[path = "../tests/it/auction/rng.rs"]
mod rng;

use std::hint::black_box;
use std::time::{Duration, Instant};

use breakwater::auction::decide::decide;
use breakwater::auction::minimums::minimums;
use breakwater::model::deal::Pricing;
use breakwater::model::outcome::{Outcome, Search};
use breakwater::model::plan::AuctionInput;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

use crate::pods::{BREAK, HOSTILE, MINUTE};
use crate::rng::Rng;

fn decisions(criterion: &mut Criterion) {
    for pricing in [Pricing::First, Pricing::Second] {
        let slots = inputs(100, pricing, pods::slot);
        let name = format!("{pricing:?}");
        one_by_one(criterion, &format!("decide/one slot, 20 bids/{name}"), &slots, decide);
        let minutes = inputs(100, pricing, |rng| pods::live(rng, MINUTE));
        one_by_one(criterion, &format!("decide/a minute, 60 bids/{name}"), &minutes, decide);
        let decided: Vec<(AuctionInput, Outcome)> = minutes
            .into_iter()
            .map(|input| {
                let outcome = decide(&input);
                (input, outcome)
            })
            .collect();
        let name = format!("minimums/a minute, 60 bids/{name}");
        one_by_one(criterion, &name, &decided, |(input, outcome)| minimums(input, outcome));
    }
}

/// Prints what single runs of many different breaks take.
fn percentiles(_: &mut Criterion) {
    for pricing in [Pricing::First, Pricing::Second] {
        let breaks = inputs(1_000, pricing, |rng| pods::live(rng, BREAK));
        print(&format!("three minutes, 300 bids/{pricing:?}"), &breaks);
        for kind in HOSTILE {
            let hostile = inputs(20, pricing, |rng| pods::hostile(rng, kind));
            print(&format!("hostile {kind:?}, 300 bids/{pricing:?}"), &hostile);
        }
    }
}

/// Measures a function on many values in turn, so that no single one sets the figure.
fn one_by_one<I, O>(criterion: &mut Criterion, name: &str, inputs: &[I], run: impl Fn(&I) -> O) {
    let mut turn = inputs.iter().cycle();
    criterion.bench_function(name, |bencher| {
        bencher.iter_batched(
            || turn.next().unwrap(),
            |input| run(black_box(input)),
            BatchSize::SmallInput,
        );
    });
}

fn inputs(
    count: u64,
    pricing: Pricing,
    draw: impl Fn(&mut Rng) -> AuctionInput,
) -> Vec<AuctionInput> {
    let draw_one = |seed| {
        let mut input = draw(&mut Rng::new(seed));
        input.plan.terms.pricing = pricing;
        input
    };
    (0..count).map(draw_one).collect()
}

fn print(name: &str, inputs: &[AuctionInput]) {
    // Once unmeasured, so that code and tables are warm.
    black_box(decide(&inputs[0]));
    let mut bounded = 0;
    let mut times: Vec<Duration> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let start = Instant::now();
        let outcome = black_box(decide(black_box(input)));
        times.push(start.elapsed());
        bounded += u32::from(outcome.search == Search::Bounded);
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    println!(
        "decide/{name}: {} breaks, p50 {:?}, p99 {:?}, max {:?}, {bounded} bounded",
        times.len(),
        at(50),
        at(99),
        times[times.len() - 1],
    );
}

criterion_group!(benches, decisions, percentiles);
criterion_main!(benches);
