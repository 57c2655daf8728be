//! The cases: what a peer says, and what is made of it wherever it is split.
//!
//! `tests/data/http1/*.txt`: why (`# …`), the bytes as `spell` reads them, lines put together without
//! their ends, `<<end>>` alone where the peer closes; `---`; then what this client makes of it and
//! what hyper does, `same` or stricter for a reason that `differences.txt` lists.
//! `UPDATE_EXPECT=1` rewrites what is below the dashes, reasons left as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::io::http1::tests::script::Script;
use crate::io::http1::tests::sides::{Made, hypers, ours, run};
use crate::io::http1::tests::spell;

/// A peer's words.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) ends: bool,
    told: String,
    expected: String,
}

#[test]
fn every_case_is_what_it_says_at_every_split() {
    let cases = all();
    assert!(80 < cases.len());
    let faults: Vec<String> = run(async {
        let mut faults = Vec::new();
        for case in &cases {
            faults.extend(splits(case).await);
        }
        faults
    });
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_case_is_as_in_hyper_or_stricter_for_a_listed_reason() {
    let reasons = reasons();
    let mut used = BTreeSet::new();
    let mut faults = Vec::new();
    for case in all() {
        let (ours, hyper) = run(async {
            let script = || Script::of(&case.bytes, case.ends);
            (ours(script()).await.0, hypers(script()).await)
        });
        let reason = case.expected.lines().find_map(|line| line.strip_prefix("because: "));
        let mut expected = format!("ours: {ours}\nhyper: ");
        if ours == hyper {
            expected += "same\n";
        } else {
            expected += &format!("{hyper}\nbecause: {}\n", reason.unwrap_or("?"));
            if !is_stricter(&ours, &hyper) {
                faults.push(format!("{}: {ours} is not stricter than {hyper}", case.name));
            }
            match reason.filter(|reason| reasons.contains_key(*reason)) {
                Some(reason) => _ = used.insert(reason.to_owned()),
                None => faults.push(format!("{}: differs for no listed reason", case.name)),
            }
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(path(&case.name), format!("{}---\n{expected}", case.told)).unwrap();
        } else if expected != case.expected {
            faults.push(format!("{}: expected\n{}found\n{expected}", case.name, case.expected));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let listed: BTreeSet<String> = reasons.into_keys().collect();
    assert_eq!(listed, used, "each listed reason has a case");
}

/// Reads all cases, by name.
pub(super) fn all() -> Vec<Case> {
    let entries = fs::read_dir(DATA).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.file_name().unwrap() != DIFFERENCES);
    paths.iter().map(|path| read(path)).collect()
}

/// Reads the reasons for which this client may be stricter.
pub(super) fn reasons() -> BTreeMap<String, String> {
    let text = fs::read_to_string(Path::new(DATA).join(DIFFERENCES)).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let pair = |line: &str| {
        let (name, why) = line.split_once(": ").unwrap();
        (name.to_owned(), why.to_owned())
    };
    lines.map(pair).collect()
}

/// Says whether all that `ours` takes, `theirs` takes too and as the same.
///
/// Only the connection of an error may outlive theirs: `connection` does not read its body.
pub(super) fn is_stricter(ours: &Made, theirs: &Made) -> bool {
    let same_answer = ours.end == theirs.end;
    (same_answer || ours.answer().is_none()) && (!ours.kept || theirs.kept || ours.is_error())
}

/// Plays a case split at each byte, byte by byte and, when it is long, at some hundred bytes.
async fn splits(case: &Case) -> Vec<String> {
    let Case { name, bytes, ends, .. } = case;
    let (whole, _) = ours(Script::of(bytes, *ends)).await;
    let length = bytes.len();
    let mut splits: Vec<Vec<usize>> = if length <= SHORT {
        (1..length).map(|at| vec![at]).collect()
    } else {
        let near = |at: usize| at.saturating_sub(20)..(at + 20).min(length);
        let body = memchr::memmem::find(bytes, b"\r\n\r\n").unwrap_or(0);
        let places = [0, body, 64 * 1024, 128 * 1024, length].into_iter().flat_map(near);
        let spread = (0..length).step_by(length / 40);
        places.chain(spread).filter(|at| 0 < *at && *at < length).map(|at| vec![at]).collect()
    };
    splits.push((1..length).step_by(1 + length / SHORT).collect());
    let mut faults = Vec::new();
    for split in splits {
        let (made, _) = ours(Script::split(bytes, split.iter().copied(), *ends)).await;
        if made != whole {
            let at = &split[..split.len().min(3)];
            faults.push(format!("{name} split at {at:?}: {made}, whole: {whole}"));
        }
    }
    faults
}

fn read(path: &Path) -> Case {
    let text = fs::read_to_string(path).unwrap();
    let (told, expected) = text.split_once("---\n").unwrap_or((&text, ""));
    assert!(told.starts_with("# "), "{}: says no why", path.display());
    let lines = || told.lines().filter(|line| !line.starts_with('#'));
    Case {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        bytes: lines().filter(|line| *line != "<<end>>").flat_map(spell::bytes).collect(),
        ends: lines().any(|line| line == "<<end>>"),
        told: told.to_owned(),
        expected: expected.to_owned(),
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(DATA).join(format!("{name}.txt"))
}

/// Of a stream no longer, every split is tried.
const SHORT: usize = 2_000;
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/http1");
const DIFFERENCES: &str = "differences.txt";
