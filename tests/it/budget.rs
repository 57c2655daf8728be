//! What memory holds, a line a machine of `tests/data/budget/cases.txt`: MiB of memory, descriptors,
//! workers and bidders, then connections of callers, connections to bidders and sales a worker, or what
//! is wrong. `UPDATE_EXPECT=1` rewrites what is right of the arrows.

use std::fmt::Write;
use std::fs;

use breakwater::config::budget::{Budget, LEAST_SALES, Machine, REQUEST};
use breakwater::live::admission::Bounds;
use breakwater::server::body::BODY_BYTES;

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
            for bidders in [0, 1, 10, 1_000, usize::MAX] {
                match budget.sales(bidders) {
                    Ok(sales) => assert!(LEAST_SALES <= sales),
                    Err(short) => assert!(short.to_string().contains("MiB are there")),
                }
            }
        }
    }
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
        Ok(sales) => format!("{} {} {sales}", budget.callers(), budget.to_bidders()),
        Err(short) => short.to_string(),
    }
}
