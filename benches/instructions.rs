//! How many instructions a decision takes: the same number on a busy machine as on an idle one.
//!
//! Needs valgrind and `cargo install gungraun-runner` of the version in `Cargo.lock`.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]
#![expect(unused_qualifications, reason = "the macros of gungraun write them")]

#[path = "../tests/it/auction/build.rs"]
mod build;
#[path = "../tests/it/auction/pods.rs"]
mod pods;
#[path = "../tests/it/auction/rng.rs"]
mod rng;

use std::hint::black_box;

use breakwater::auction::decide::decide;
use breakwater::auction::minimums::minimums;
use breakwater::model::money::Cpm;
use breakwater::model::outcome::Outcome;
use breakwater::model::plan::AuctionInput;
use gungraun::{library_benchmark, library_benchmark_group, main};

use crate::pods::{BREAK, HOSTILE, MINUTE};
use crate::rng::Rng;

fn slot() -> AuctionInput {
    warm(pods::slot(&mut Rng::new(1)))
}

fn minute() -> AuctionInput {
    warm(pods::live(&mut Rng::new(1), MINUTE))
}

fn three_minutes() -> AuctionInput {
    warm(pods::live(&mut Rng::new(1), BREAK))
}

fn hostile(kind: usize) -> AuctionInput {
    warm(pods::hostile(&mut Rng::new(1), HOSTILE[kind]))
}

fn decided() -> (AuctionInput, Outcome) {
    let input = minute();
    let outcome = decide(&input);
    (input, outcome)
}

/// Decides once, so that tables are read.
fn warm(input: AuctionInput) -> AuctionInput {
    black_box(decide(&input));
    input
}

#[library_benchmark]
#[bench::slot_of_20_bids(slot())]
#[bench::minute_of_60_bids(minute())]
#[bench::three_minutes_of_300_bids(three_minutes())]
#[bench::hostile_packing(hostile(0))]
#[bench::hostile_odd_lengths(hostile(1))]
#[bench::hostile_pairs(hostile(2))]
#[bench::hostile_slots(hostile(3))]
fn decides(input: AuctionInput) -> (AuctionInput, Outcome) {
    let outcome = decide(black_box(&input));
    // The input goes back, so that its end is not counted.
    (input, outcome)
}

#[library_benchmark]
#[bench::minute_of_60_bids(decided())]
fn needs(decided: (AuctionInput, Outcome)) -> (AuctionInput, Outcome, Vec<Vec<Option<Cpm>>>) {
    let (input, outcome) = decided;
    let needed = minimums(black_box(&input), &outcome);
    (input, outcome, needed)
}

library_benchmark_group!(name = decisions, benchmarks = [decides, needs]);
main!(library_benchmark_groups = decisions);
