//! What memory and descriptors hold, a line a machine of `tests/data/budget/cases.txt`: MiB of memory, descriptors,
//! workers and bidders, then connections of callers, connections to bidders, sales a worker and MiB that
//! each worker touches at the start, or what is wrong. `UPDATE_EXPECT=1` rewrites what is right of the arrows.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use breakwater::cli::serve::capacity;
use breakwater::config::budget::{Budget, LEAST_SALES, Machine, REQUEST};
use breakwater::live::admission::{Admission, Bounds};
use breakwater::server::body::BODY_BYTES;

use crate::support::{exchange, process};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/budget/cases.txt");

#[test]
fn memory_is_divided_as_the_table_says() {
    let text = fs::read_to_string(CASES).unwrap();
    let mut found = String::new();
    for line in text.lines() {
        match line.split_once(" ->") {
            Some((given, _)) => writeln!(found, "{given} -> {}", divided(given)).unwrap(),
            None => writeln!(found, "{line}").unwrap(),
        }
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(CASES, &found).unwrap();
    } else {
        assert_eq!(found, text);
    }
}

#[test]
fn its_figures_are_those_of_what_holds_to_them() {
    assert_eq!(LEAST_SALES, Bounds::WORKER.least);
    assert_eq!(REQUEST, u64::try_from(BODY_BYTES).unwrap());
}

/// However odd the machine, nothing overflows, and what is promised fits.
#[test]
fn what_is_promised_fits() {
    let odd = [0, 1, 63, 4_096, 1 << 20, 1 << 32, 1 << 45, u64::MAX];
    for (memory, descriptors) in odd.iter().flat_map(|it| odd.map(|other| (*it, other))) {
        for workers in [0, 1, 2, 96, u32::MAX] {
            let budget = Budget::of(Machine { memory, descriptors, workers });
            assert!(budget.touched() <= memory / 64);
            for bidders in [0, 1, 10, 1_000, usize::MAX] {
                match budget.sales(bidders) {
                    Ok(sales) => {
                        assert!(LEAST_SALES <= sales);
                        let workers = usize::try_from(workers.max(1)).unwrap();
                        let connections = u64::try_from(bidders * workers).unwrap();
                        assert!(connections <= budget.to_bidders());
                    }
                    Err(short) => assert!(short.to_string().contains(" are there: 75 % of ")),
                }
            }
        }
    }
}

#[test]
fn the_limit_of_sales_follows_what_memory_holds() {
    let mut admission = Admission::new(Bounds::WORKER);
    admission.hold_to(Bounds { start: 100, most: 100, ..Bounds::WORKER });
    assert_eq!(admission.load(), (100, 0));
    admission.hold_to(Bounds::WORKER);
    assert_eq!(admission.load(), (100, 0), "it grows as ever");
    assert_eq!(admission.refusal(Duration::ZERO, Duration::from_secs(10)), None);
    assert_eq!(admission.load(), (Bounds::WORKER.start, 0), "nobody asked for a while");
}

#[test]
fn bidders_that_memory_does_not_hold_are_refused_before_anything_starts() {
    let budget = Budget::of(capacity::machine());
    let too_many = (1..80).map(|it| it * 256).find(|bidders| budget.sales(*bidders).is_err());
    let Some(bidders) = too_many else { return skipped() };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut text = exchange::config(&data, &[]);
    for number in 0..bidders {
        let endpoint = format!("https://bid{number}.example/openrtb2");
        writeln!(text, "[[bidder]]\nid = \"b{number}\"\nendpoint = \"{endpoint}\"").unwrap();
    }
    let config = folder.path().join("breakwater.toml");
    fs::write(&config, text).unwrap();
    for command in ["validate", "run"] {
        let ended = process::command(&config, &[command]).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(3), "{command}: {said}");
        assert!(said.contains("BW0111") && said.contains(" are there: 75 % of "), "{said}");
    }
    assert!(!data.exists(), "nothing was begun");
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skipped() {
    eprintln!("skipped: this machine holds sales with more bidders than a config has");
}

/// Returns what is right of an arrow.
fn divided(given: &str) -> String {
    let figures: Vec<u64> =
        given.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
    let [memory, descriptors, workers, bidders] = figures[..] else { panic!("{given}") };
    let machine =
        Machine { memory: memory << 20, descriptors, workers: u32::try_from(workers).unwrap() };
    let budget = Budget::of(machine);
    match budget.sales(usize::try_from(bidders).unwrap()) {
        Ok(sales) => {
            let touched = budget.touched() >> 20;
            format!("{} {} {sales} {touched}", budget.callers(), budget.to_bidders())
        }
        Err(short) => short.to_string(),
    }
}
