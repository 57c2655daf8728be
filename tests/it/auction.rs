//! The auction: text cases, and a brute-force oracle over a seeded generator of live pods.

mod build;
mod case;
mod oracle;
mod plan_case;
mod pods;

use std::fs;
use std::path::Path;

use breakwater::auction::decide::decide;
use breakwater::model::ids::{BidId, ImpId};
use breakwater::model::market::Lengths;
use breakwater::model::money::Cpm;
use breakwater::model::outcome::{Outcome, Search};
use breakwater::model::plan::AuctionInput;
use breakwater::model::time::{Millis, Seconds};

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
fn no_value_of_a_bid_breaks_a_decision() {
    for seed in 0..3_000 {
        let mut rng = Rng::new(seed);
        let mut input = pods::auction(&mut rng, &SMALL);
        spoil(&mut rng, &mut input);
        // The invariants are asserted inside.
        let outcome = decide(&input);
        assert_eq!(outcome.fates.len(), input.replies.len(), "seed {seed}");
    }
}

#[test]
fn deciding_twice_gives_one_outcome() {
    let input = pods::auction(&mut Rng::new(7), &LIVE);
    assert_eq!(decide(&input), decide(&input));
}

/// Puts one odd value into each bid and some into the terms.
fn spoil(rng: &mut Rng, input: &mut AuctionInput) {
    let pod = &mut input.plan.parts[0];
    match rng.index(6) {
        0 => pod.seconds = Seconds(u32::MAX),
        1 => pod.max_ads = u16::MAX,
        2 => pod.max_ads = 0,
        3 => pod.lengths = Lengths::Range { min: Seconds(0), max: Seconds(u32::MAX) },
        4 => pod.real = Millis(u64::MAX),
        _ => input.plan.terms.max_cpm = Cpm::from_micros(i64::MAX).unwrap(),
    }
    for bid in input.replies.iter_mut().flat_map(|reply| &mut reply.bids) {
        match rng.index(10) {
            0 => bid.seconds = None,
            1 => bid.seconds = Some(Seconds(0)),
            2 => bid.seconds = Some(Seconds(u32::MAX)),
            3 => bid.price = None,
            4 => bid.price.as_mut().unwrap().cpm = Cpm::from_micros(i64::MAX).unwrap(),
            5 => bid.imp = ImpId::new("é".repeat(70_000)),
            6 => bid.slot_in_pod = i32::MIN,
            7 => bid.markup = None,
            8 => bid.markup.as_mut().unwrap().duration = Some(Millis(u64::MAX)),
            _ => bid.id = BidId::new(""),
        }
    }
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
