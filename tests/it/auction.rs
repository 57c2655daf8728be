//! The auction: text cases, a brute-force oracle over seeded auctions, and laws that hold for all.

mod build;
mod case;
mod house;
mod laws;
mod oracle;
mod plan_case;
mod pods;
pub(crate) mod rng;
mod select_case;
mod small;

use std::fs;
use std::path::{Path, PathBuf};

use breakwater::auction::decide::decide;
use breakwater::auction::minimums::minimums;
use breakwater::model::reason::{LossReason, UnfilledReason};

use rng::Rng;

#[test]
fn auctions_end_as_their_cases_say() {
    run_cases(CASES, case::run);
}

#[test]
fn every_reason_that_an_auction_gives_ends_some_case() {
    let cases: Vec<String> =
        files(CASES).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let ends = |line: &str| cases.iter().any(|case| case.contains(line));
    // No size is fixed for a video pod, so none is refused.
    for reason in LossReason::ALL.iter().filter(|reason| **reason != LossReason::Size) {
        let line = format!(" lost {} {}", reason.loss_code(), reason.name());
        assert!(ends(&line), "no case ends in{line}");
    }
    for reason in UNFILLED {
        let line = format!(" s {}", reason.name());
        assert!(ends(&line), "no case has seconds unfilled for {}", reason.name());
    }
}

#[test]
fn plans_are_what_their_cases_say() {
    run_cases("tests/data/plan", plan_case::run);
}

#[test]
fn those_are_asked_that_the_cases_say() {
    run_cases("tests/data/select", select_case::run);
}

#[test]
fn small_auctions_equal_the_oracle() {
    equal_the_oracle(0..10_000);
}

/// Half of the seeds, so that two cores share them.
#[test]
fn further_small_auctions_equal_the_oracle() {
    equal_the_oracle(10_000..20_000);
}

#[test]
fn many_small_auctions_equal_the_oracle() {
    if std::env::var("RUN_SLOW_TESTS").is_ok() {
        equal_the_oracle(20_000..400_000);
    }
}

fn equal_the_oracle(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let input = small::auction(&mut Rng::new(seed));
        let outcome = decide(&input);
        let needed = minimums(&input, &outcome);
        oracle::check_all(&input, &outcome, &needed)
            .unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
    }
}

/// Runs each case of a folder: what stands above the dashes gives what stands below them.
///
/// With `UPDATE_EXPECT=1` the lower part is written anew.
fn run_cases(folder: &str, run: fn(&str) -> String) {
    let files = files(folder);
    let faults: Vec<String> = files.iter().filter_map(|file| run_case(file, run)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no cases in {folder}");
    files
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

const CASES: &str = "tests/data/auction";

/// The reasons that an auction gives for seconds; the others are of requests that saw none.
const UNFILLED: [UnfilledReason; 7] = [
    UnfilledReason::NoBid,
    UnfilledReason::BelowFloor,
    UnfilledReason::Blocked,
    UnfilledReason::Timeout,
    UnfilledReason::Duration,
    UnfilledReason::Separation,
    UnfilledReason::NoBidders,
];
