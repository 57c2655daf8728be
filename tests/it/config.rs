//! Cases: `tests/data/config/good/*.toml` load; each of `tests/data/config/refused/*.toml` fails
//! with exactly the lines of the `.txt` beside it: `line:column code message`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use breakwater::config::problem::Problems;
use breakwater::config::{Environment, read};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/config");

/// Variables are set when their name says so; files hold a key when theirs does.
struct Fake;

impl Environment for Fake {
    fn variable(&self, name: &str) -> Result<String, String> {
        if name.starts_with("SET_") {
            Ok("0123456789abcdef0123456789abcdef".to_owned())
        } else {
            Err(format!("the environment variable {name} is not set"))
        }
    }

    fn file(&self, path: &Path) -> Result<String, String> {
        Err(format!("{} cannot be read", path.display()))
    }
}

#[test]
fn good_files_load() {
    for path in cases("good") {
        let text = fs::read_to_string(&path).unwrap();
        let loaded = read(&path.display().to_string(), &text, Some(&Fake));
        let problems = loaded.err().map(|problems| listed(&problems));
        assert_eq!(problems, None, "{}", path.display());
    }
}

#[test]
fn refused_files_say_everything_that_is_wrong() {
    for path in cases("refused") {
        let text = fs::read_to_string(&path).unwrap();
        let environment: Option<&dyn Environment> =
            if text.starts_with("# no environment") { None } else { Some(&Fake) };
        let Err(problems) = read("breakwater.toml", &text, environment) else {
            panic!("{} must be refused", path.display())
        };
        let found = listed(&problems);
        let expected = path.with_extension("txt");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
}

#[test]
fn the_snapshot_is_canonical_and_holds_no_secret() {
    let text = fs::read_to_string(format!("{DATA}/good/everything.toml")).unwrap();
    let loaded = read("everything.toml", &text, Some(&Fake)).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&loaded.market.snapshot).unwrap();
    let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&loaded.market.snapshot),
        String::from_utf8_lossy(&canonical)
    );
    assert!(!String::from_utf8_lossy(&canonical).contains("0123456789abcdef"));
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
    }
    text
}
