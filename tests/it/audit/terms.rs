//! Auctions that were held on other terms than the config and the rates they cite, or that
//! contradict themselves in what no decision reads.

use std::fs;
use std::path::Path;

use breakwater::audit::check::CheckError;
use breakwater::audit::party::Party;
use breakwater::audit::prove::{ProveError, prove};
use breakwater::io::journal::Stream;
use breakwater::model::time::{Millis, UnixMillis};
use tempfile::TempDir;

use crate::audit::figures::{euro, prepare};
use crate::audit::folder::{CONFIG, Node, flushed, verified};
use crate::audit::resealed::resealed;
use crate::sale::ARRIVAL;

#[test]
fn terms_that_are_not_those_in_force_are_found() {
    assert!(50 < found_as_told("terms", |_, _, _| {}));
}

#[test]
fn replies_that_cannot_be_are_found() {
    let cases = found_as_told("replies", |name, data, finds| {
        // An auditor who is shown the record alone finds the same.
        let refused = match prove(data, None, &Party::Auditor) {
            Ok(_) => None,
            Err(ProveError::Broken { source: CheckError::Figures(section, what), .. }) => {
                Some(format!("{section} | {what}"))
            }
            Err(other) => panic!("{name}: {other}"),
        };
        assert_eq!(refused.as_deref(), finds, "{name}");
    });
    assert!(25 < cases);
}

/// Sells as each case of a file says, and verifies; `further` is given what one finds, too. Returns
/// how many there are.
fn found_as_told(file: &str, further: impl Fn(&str, &Path, Option<&str>)) -> usize {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = fs::read_to_string(format!("{root}/tests/data/audit/{file}.txt")).unwrap();
    let cases: Vec<&str> = text.split("\n\n").filter(|case| !case.starts_with('#')).collect();
    for case in &cases {
        let lines: Vec<_> = case.trim_end().lines().collect();
        let [name, change, sections @ .., finds] = &lines[..] else {
            panic!("not a case: {case}");
        };
        let data = sold(name, change, sections);
        let report = verified(data.path());
        let found = report.findings.listed();
        let Some(finds) = finds.strip_prefix("finds ") else {
            assert_eq!((*finds, found), ("holds", &[][..]), "{name}");
            further(name, data.path(), None);
            continue;
        };
        let (field, what) = finds.split_once(" | ").unwrap();
        let [first] = found else { panic!("{name}: one thing is found: {found:?}") };
        assert_eq!((first.index, &*first.field), (Some(0), field), "{name}: {first:?}");
        assert!(first.file.ends_with(".seg"), "{name}: {first:?}");
        assert!(first.what.contains(what), "{name}: {first:?}");
        further(name, data.path(), Some(&format!("{field} | {}", first.what)));
    }
    cases.len()
}

/// Sells once as a case says.
fn sold(name: &str, change: &str, sections: &[&str]) -> TempDir {
    let mut config = CONFIG.to_owned();
    if let Some((from, to)) = change.split_once(" | ") {
        assert!(config.contains(from), "{name}: no {from}");
        config = config.replacen(from, to, 1);
    }
    let mut node = Node::start();
    node.configure_as(&config);
    let permit = node.permit(Stream::Auction);
    let mut payload = node.auction(permit.seq(), |_| {});
    for line in sections {
        let [section, from, to] = line.splitn(3, " |").collect::<Vec<_>>()[..] else {
            panic!("{name}: {line}");
        };
        payload = resealed(&payload, section, from.trim(), to.trim());
    }
    flushed(permit, payload);
    node.stop()
}

#[test]
fn a_config_that_is_none_is_found() {
    let mut node = Node::start();
    node.configure_as("{}");
    node.sell(1);
    let report = verified(node.stop().path());
    let found: Vec<_> = report.findings.listed().iter().map(|it| (it.index, &*it.field)).collect();
    assert_eq!(found, [(Some(2), "config")], "{report:?}");
}

#[test]
fn rates_are_held_against_the_snapshot_that_is_cited() {
    let quoted = |e12, age| {
        let mut node = Node::start();
        let mut rates = euro(e12);
        (rates.time, rates.max_age) = (UnixMillis(ARRIVAL.0 - 1_000_000), Millis(age));
        node.quote(&[rates]);
        let permit = node.permit(Stream::Auction);
        let payload = node.decided(permit.seq(), |sale| prepare(sale, "euro"));
        flushed(permit, payload);
        let report = verified(node.stop().path());
        let told = report.findings.listed().iter();
        told.map(|it| format!("{}: {}", it.field, it.what)).collect::<Vec<_>>()
    };
    assert_eq!(quoted(800_000_000_000, 3_600_000), Vec::<String>::new());
    let other = quoted(1_000_000_000_000, 3_600_000);
    assert_eq!(
        other,
        ["seller: its rates are [EUR 1250000000000], and by those it cites they are \
          [EUR 1000000000000]"]
    );
    // The snapshot grew too old while the request was under way, and long before it.
    assert_eq!(quoted(800_000_000_000, 1_000_000), Vec::<String>::new());
    let old = quoted(800_000_000_000, 900_000);
    assert_eq!(
        old,
        ["seller: its rates are [EUR 1250000000000], and by those it cites they are []"]
    );
}
