//! The auction: text cases, and a brute-force oracle over a seeded generator of live pods.

mod build;
mod case;
mod oracle;
mod plan_case;
mod pods;

use std::fs;
use std::path::Path;

use breakwater::auction::decide::decide;
use breakwater::model::outcome::{Outcome, Search};
use breakwater::model::plan::AuctionInput;

use crate::auction::pods::{LIVE, Rng, Shape};

#[test]
fn auctions_end_as_their_cases_say() {
    run_cases("tests/data/auction", case::run);
}

#[test]
fn plans_are_what_their_cases_say() {
    run_cases("tests/data/plan", plan_case::run);
}

#[test]
fn small_pods_equal_the_oracle() {
    for seed in 0..30_000 {
        let input = pods::auction(&mut Rng::new(seed), &SMALL);
        let outcome = decide(&input);
        assert_eq!(outcome.search, Search::Exact, "seed {seed}");
        oracle::check(&input, &outcome).unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
    }
}

#[test]
fn live_pods_of_sixty_bids_are_searched_exactly() {
    for seed in 0..1_000 {
        let outcome = decide(&pods::auction(&mut Rng::new(seed), &LIVE));
        assert_eq!(outcome.search, Search::Exact, "seed {seed}");
    }
}

#[test]
fn the_order_of_bidders_and_bids_changes_only_indexes() {
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let input = pods::auction(&mut rng, if seed % 10 == 0 { &LIVE } else { &SMALL });
        let shuffled = shuffle(&mut rng, &input);
        assert_eq!(
            by_name(&input, &decide(&input)),
            by_name(&shuffled, &decide(&shuffled)),
            "seed {seed}"
        );
    }
}

#[test]
fn deciding_twice_gives_one_outcome() {
    let input = pods::auction(&mut Rng::new(7), &LIVE);
    assert_eq!(decide(&input), decide(&input));
}

/// Returns the same auction with bidders, replies and bids in another order.
fn shuffle(rng: &mut Rng, input: &AuctionInput) -> AuctionInput {
    let mut input = input.clone();
    mix(rng, &mut input.plan.offers);
    mix(rng, &mut input.replies);
    for reply in &mut input.replies {
        mix(rng, &mut reply.bids);
    }
    input
}

fn mix<T>(rng: &mut Rng, list: &mut [T]) {
    for end in (1..list.len()).rev() {
        list.swap(end, rng.index(end + 1));
    }
}

/// Returns an outcome with names for indexes, in an order that does not depend on them.
fn by_name(input: &AuctionInput, outcome: &Outcome) -> Vec<String> {
    let mut lines = case::fates(input, outcome);
    lines.sort();
    lines.extend(case::seconds(outcome));
    lines
}

/// Runs each case of a folder: what stands above the dashes gives what stands below them.
///
/// With `UPDATE_EXPECT=1` the lower part is written anew.
fn run_cases(folder: &str, run: fn(&str) -> String) {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no cases in {folder}");
    let faults: Vec<String> = files.iter().filter_map(|file| run_case(file, run)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn run_case(file: &Path, run: fn(&str) -> String) -> Option<String> {
    let text = fs::read_to_string(file).unwrap();
    let (given, expected) = text.split_once("---\n").unwrap_or((&text, ""));
    let found = run(given);
    if found == expected {
        return None;
    }
    if std::env::var("UPDATE_EXPECT").is_ok() {
        fs::write(file, format!("{given}---\n{found}")).unwrap();
        return None;
    }
    Some(format!("{}\nexpected:\n{expected}found:\n{found}", file.display()))
}

/// Few bids on short breaks, every rule often: for the oracle.
const SMALL: Shape =
    Shape { bidders: (1, 4), bids: (0, 3), seconds: &[10, 15, 30, 45, 47, 60], special: 30 };
