//! Cases: each of `tests/data/config/good/*.toml` loads, and the market it makes is the `.json`
//! beside it; each of `tests/data/config/refused/*.toml` fails with exactly the lines of the `.txt`
//! beside it: `line:column code message`. `UPDATE_EXPECT=1` rewrites what is beside. Each of
//! `tests/data/config/reload/*.toml` is read by an exchange that runs with `running.toml` there.
//!
//! A file that starts with `# no environment` is read without secrets, one that starts with `# memory
//! 512 MiB` or `# descriptors 64, workers 16` on such a machine.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use breakwater::config::budget::Machine;
use breakwater::config::fixed::Fixed;
use breakwater::config::problem::Problems;
use breakwater::config::{Environment, Loaded, read, read_again};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/config");

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Variables are set when their name says so; files hold a key when theirs does.
struct Fake {
    /// In MiB.
    memory: u64,
    descriptors: u64,
    workers: u32,
}

impl Fake {
    /// Makes one as the first line of a case says.
    fn of(text: &str) -> Self {
        let first = text.lines().next().unwrap_or_default();
        let memory = first.strip_prefix("# memory ").and_then(|rest| rest.strip_suffix(" MiB"));
        let memory = memory.map_or(8 << 10, |memory| memory.parse().unwrap());
        let few =
            first.strip_prefix("# descriptors ").and_then(|rest| rest.split_once(", workers "));
        let few = few.map(|(it, workers)| (it.parse().unwrap(), workers.parse().unwrap()));
        let (descriptors, workers) = few.unwrap_or((20_000, 2));
        Self { memory, descriptors, workers }
    }
}

impl Environment for Fake {
    fn variable(&self, name: &str) -> Result<String, String> {
        if name.starts_with("SET_") {
            Ok(SECRET.to_owned())
        } else {
            Err(format!("the environment variable {name} is not set"))
        }
    }

    fn file(&self, path: &Path) -> Result<String, String> {
        Err(format!("{} cannot be read", path.display()))
    }

    fn machine(&self) -> Machine {
        let Self { memory, descriptors, workers } = *self;
        Machine { memory: memory << 20, descriptors, workers }
    }
}

#[test]
fn good_files_load_as_the_market_beside_them() {
    for path in cases("good") {
        let loaded = load(&path).unwrap_or_else(|problems| {
            panic!("{}:\n{}", path.display(), listed(&problems));
        });
        let value: serde_json::Value = serde_json::from_slice(&loaded.market.snapshot).unwrap();
        let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
        let [found, canonical] =
            [&*loaded.market.snapshot, &canonical].map(String::from_utf8_lossy);
        assert_eq!(found, canonical, "{}: the snapshot is not canonical", path.display());
        assert!(!found.contains(SECRET), "{}: the snapshot tells a secret", path.display());
        let market = serde_json::to_string_pretty(&value).unwrap() + "\n";
        compare(&path.with_extension("json"), &market);
    }
}

#[test]
fn refused_files_say_everything_that_is_wrong() {
    for path in cases("refused") {
        let Err(problems) = load(&path) else { panic!("{} must be refused", path.display()) };
        compare(&path.with_extension("txt"), &listed(&problems));
    }
}

#[test]
fn what_only_a_restart_changes_is_refused_with_all_else_that_is_wrong() {
    let folder = Path::new(DATA).join("reload");
    let running = folder.join("running.toml");
    let fixed = Fixed::of(&load(&running).unwrap());
    for path in cases("reload") {
        let text = fs::read_to_string(&path).unwrap();
        let read = read_again("breakwater.toml", &text, Some(&Fake::of(&text)), &fixed);
        let told = read.map_or_else(|problems| listed(&problems), |_| "taken\n".to_owned());
        compare(&path.with_extension("txt"), &told);
    }
}

/// Whatever a slip of the hand leaves of a good file is read or refused; every third byte will do.
#[test]
fn no_missing_or_changed_byte_breaks_the_reader() {
    let text = fs::read_to_string(Path::new(DATA).join("good/everything.toml")).unwrap();
    assert!(text.is_ascii(), "each byte can be taken out alone");
    for at in (0..text.len()).step_by(3) {
        for instead in ["", "0"] {
            let changed = format!("{}{instead}{}", &text[..at], &text[at + 1..]);
            if let Err(problems) = read("changed.toml", &changed, Some(&Fake::of(&text))) {
                assert!(!problems.list.is_empty(), "byte {at}, now {instead:?}: refused, unsaid");
            }
        }
    }
}

/// Reads a case, with secrets unless it says otherwise.
fn load(path: &Path) -> Result<Loaded, Problems> {
    let text = fs::read_to_string(path).unwrap();
    let fake = Fake::of(&text);
    let environment: Option<&dyn Environment> =
        if text.starts_with("# no environment") { None } else { Some(&fake) };
    read("breakwater.toml", &text, environment)
}

fn compare(expected: &Path, found: &str) {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(expected, found).unwrap();
    }
    let text = fs::read_to_string(expected).unwrap_or_default();
    assert_eq!(found, text, "{}", expected.display());
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let mut cases: Vec<_> = fs::read_dir(Path::new(DATA).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "toml"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "{folder} holds no case");
    cases
}

fn listed(problems: &Problems) -> String {
    let mut text = String::new();
    for problem in &problems.list {
        let (line, column) = problems.place(problem);
        writeln!(text, "{line}:{column} {} {}", problem.code, problem.message).unwrap();
        writeln!(text, "    {} | {}", problem.label, problem.help).unwrap();
        if let Some((span, label)) = &problem.also {
            let (line, column) = problems.place_of(span);
            writeln!(text, "    {line}:{column} {label}").unwrap();
        }
    }
    text
}
