//! Holds the layer table of `ARCHITECTURE.md` and the habits that compiler and clippy do not know.
//!
//! A rule is a function from one file to its findings, so that the self-test below can hand each
//! rule a text that breaks it: a rule without such a text fails. Imports are found in the source
//! text with comments and strings blanked. A `¦` in a text here is taken out before use; it keeps
//! this file from finding itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::tidy::samples::{BROKEN, LEGAL};
use crate::tidy::scan::{code, paths};

mod samples;
mod scan;

/// The layers, top first. Imports point down only; modules of one row never import one another.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["server", "admin"],
    &["exchange", "audit"],
    &["io", "wire", "live", "auction", "ledger", "config"],
    &["model"],
];

/// Modules that may use few crates besides std, and those.
const FEW_CRATES: &[(&str, &[&str])] =
    &[("model", &[]), ("live", &[]), ("ledger", &[]), ("auction", &["sha2"])];

/// Crates that few modules may use, those, and why.
const FEW_USERS: &[(&str, &[&str], &str)] = &[
    ("openrtb", &["wire"], "the rest meets offers and bids, never a dialect"),
    ("hyper", NETWORK, "bytes move at the edges"),
    ("hyper_util", NETWORK, "bytes move at the edges"),
    ("http_body_util", NETWORK, "bytes move at the edges"),
    ("tokio", NETWORK, "`exchange` only awaits; the rest does not even do that"),
    ("tokio_rustls", &["io"], "only the way to bidders is encrypted"),
    ("axum", &["admin"], "the traffic listener is bare hyper (decision 51)"),
    (
        "uuid",
        &["io", "cli"],
        "ids are made in `io::entropy`; the demo's viewers have theirs from a seed",
    ),
    ("getrandom", &["io"], "`io::entropy` is the only source of randomness"),
    ("loadtest", &["cli"], "the exchange meets its bidders as strangers"),
    ("tlog", &["io", "audit", "wire"], "logs are kept, checked, and records rooted, nowhere else"),
    ("anyhow", &["cli", "main"], "boxed errors end where a person reads them"),
];

const NETWORK: &[&str] = &["io", "server", "admin", "cli"];

/// What `io` may know of `model`: it carries bytes and never learns what a bid is.
const MODEL_OF_IO: &[&str] = &["ids", "time", "call", "standing"];

/// Exceptions to `MODEL_OF_IO`: the file and the module of `model`.
const MODEL_OF_IO_TOO: &[(&str, &str)] = &[("src/io/entropy.rs", "plan")];

/// Heads of the pure modules: the lints each denies for itself and all below.
const PURE: &[(&str, &[&str])] = &[
    ("src/model.rs", NO_FLOATS),
    ("src/auction.rs", NO_FLOATS),
    ("src/live.rs", NO_FLOATS),
    ("src/ledger.rs", NO_FLOATS),
    ("src/wire.rs", FLOATS),
    ("src/config.rs", FLOATS),
];

const FLOATS: &[&str] = &["clippy::disallowed_methods", "clippy::wildcard_enum_match_arm"];

const NO_FLOATS: &[&str] =
    &["clippy::disallowed_methods", "clippy::float_arithmetic", "clippy::wildcard_enum_match_arm"];

/// Words that are not merged, and why.
const WORDS: &[(&str, &str)] = &[
    ("TO¦DO", "open an issue, or write the limit down as a fact"),
    ("FIX¦ME", "open an issue, or write the limit down as a fact"),
    ("XX¦X", "open an issue, or write the limit down as a fact"),
    ("to¦do!", "a step is real or it is not there"),
    ("unimpl¦emented!", "a step is real or it is not there"),
    ("db¦g!", "left over from looking for something"),
    ("#[ig¦nore", "a slow test looks at RUN_SLOW_TESTS and returns"),
    ("#[should¦_panic", "no input may panic; test the refusal"),
    ("thread::sl¦eep", "wait for what happens, not for a time"),
];

/// A file longer than this has two subjects.
const LINES: usize = 600;

/// One file of the tree.
struct File {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

/// One breach of one rule.
struct Finding {
    line: usize,
    why: String,
}

/// A rule: its name and its check.
type Rule = (&'static str, fn(&File) -> Vec<Finding>);

const RULES: &[Rule] = &[
    ("layers", layers),
    ("io-knows-no-bids", io_knows_no_bids),
    ("few-crates", few_crates),
    ("few-users", few_users),
    ("no-serialization-in-model", no_serialization_in_model),
    ("no-reexports", no_reexports),
    ("no-globs", no_globs),
    ("no-mod-rs", no_mod_rs),
    ("file-length", file_length),
    ("words", words),
    ("module-doc", module_doc),
    ("not-empty", not_empty),
    ("pure-head", pure_head),
    ("crates-apart", crates_apart),
    ("own-tree", own_tree),
];

#[test]
fn the_tree_is_tidy() {
    let mut files = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files);
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "the walk missed the sources");
    let findings: Vec<String> = files.iter().flat_map(findings).collect();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn each_rule_reports_what_breaks_it() {
    let mut proved = BTreeSet::new();
    for (rule, path, text) in BROKEN {
        let file = File { path: (*path).to_owned(), text: plain(text) };
        let found = findings(&file);
        let expected = format!("[{rule}]");
        assert!(
            found.iter().any(|finding| finding.contains(&expected)),
            "{path} with {text:?} must be reported by {rule}, found: {found:?}"
        );
        proved.insert(*rule);
    }
    for (rule, _) in RULES {
        assert!(proved.contains(rule), "no text proves that the rule {rule} can fail");
    }
}

#[test]
fn nothing_legal_is_reported() {
    for (path, text) in LEGAL {
        let found = findings(&File { path: (*path).to_owned(), text: plain(text) });
        assert!(found.is_empty(), "{path} with {text:?}: {found:?}");
    }
}

#[test]
fn a_finding_names_file_line_rule_and_reason() {
    let text = "//! Doc.\n\nuse crate::exchange::Exchange;\n".to_owned();
    let found = findings(&File { path: "src/wire/json.rs".to_owned(), text });
    let expected = "src/wire/json.rs:3: [layers] `wire` imports `exchange`, which is not below it: \
                    move what both need into `model`, or turn the call around";
    assert_eq!(found, [expected]);
}

#[test]
fn every_source_stands_in_the_table() {
    let known: BTreeSet<&str> = LAYERS.iter().flat_map(|row| row.iter().copied()).collect();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(sources).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "lib" || known.contains(module), "src/{name} stands in no layer");
    }
}

fn findings(file: &File) -> Vec<String> {
    let mut lines = Vec::new();
    for (rule, check) in RULES {
        for finding in check(file) {
            lines.push(format!("{}:{}: [{rule}] {}", file.path, finding.line, finding.why));
        }
    }
    lines
}

fn layers(file: &File) -> Vec<Finding> {
    let Some(from) = product_module(file) else { return Vec::new() };
    if from == "lib" {
        return Vec::new();
    }
    let Some(depth) = row(from) else {
        return vec![Finding { line: 1, why: format!("`{from}` stands in no layer") }];
    };
    let upward = |to: &str| to != from && row(to).is_some_and(|other| other <= depth);
    let why = |to: &str| {
        format!(
            "`{from}` imports `{to}`, which is not below it: \
             move what both need into `model`, or turn the call around"
        )
    };
    imports(file)
        .into_iter()
        .filter(|(_, path)| upward(&path[0]))
        .map(|(line, path)| Finding { line, why: why(&path[0]) })
        .collect()
}

fn io_knows_no_bids(file: &File) -> Vec<Finding> {
    if product_module(file) != Some("io") {
        return Vec::new();
    }
    let allowed = |module: &str| {
        let listed = MODEL_OF_IO_TOO.contains(&(file.path.as_str(), module));
        MODEL_OF_IO.contains(&module) || listed
    };
    imports(file)
        .into_iter()
        .filter(|(_, path)| path[0] == "model" && path.get(1).is_none_or(|part| !allowed(part)))
        .map(|(line, path)| {
            let why = format!("`io` carries bytes: of `model` it may use {MODEL_OF_IO:?} only");
            Finding { line, why: format!("{why}, not `{}`", path[1..].join("::")) }
        })
        .collect()
}

fn few_crates(file: &File) -> Vec<Finding> {
    let module = product_module(file);
    let Some((module, allowed)) = FEW_CRATES.iter().find(|(name, _)| Some(*name) == module) else {
        return Vec::new();
    };
    used_crates(
        file,
        |name| !allowed.contains(&name),
        |name| format!("`{module}` is pure and uses std and {allowed:?} only, not `{name}`"),
    )
}

fn few_users(file: &File) -> Vec<Finding> {
    let Some(module) = product_module(file) else { return Vec::new() };
    let rule = |name: &str| FEW_USERS.iter().find(|(restricted, _, _)| *restricted == name);
    let forbidden = |name: &str| rule(name).is_some_and(|(_, users, _)| !users.contains(&module));
    used_crates(file, forbidden, |name| {
        let (_, users, reason) = rule(name).expect("only names with a rule are forbidden");
        format!("`{name}` is for {users:?}, not `{module}`: {reason}")
    })
}

fn no_serialization_in_model(file: &File) -> Vec<Finding> {
    if product_module(file) != Some("model") {
        return Vec::new();
    }
    let why = "what crosses a border has its own form in `wire` or `config`";
    lines_with(
        &code(&file.text),
        |line| line.contains("Serialize") || line.contains("Deserialize"),
        why,
    )
}

fn no_reexports(file: &File) -> Vec<Finding> {
    if !is_rust(file) {
        return Vec::new();
    }
    let reexport = |line: &str| {
        let line = line.trim_start();
        line.starts_with("pub use ") || (line.starts_with("pub(") && line.contains(") use "))
    };
    lines_with(&code(&file.text), reexport, "one thing, one path: no re-exports")
}

fn no_globs(file: &File) -> Vec<Finding> {
    if !is_rust(file) {
        return Vec::new();
    }
    lines_with(&code(&file.text), |line| line.contains("::*"), "name what you import: no globs")
}

fn no_mod_rs(file: &File) -> Vec<Finding> {
    if Path::new(&file.path).file_name().is_some_and(|name| name == "mod.rs") {
        let why = "a module `foo` is `foo.rs` with `foo/` beside it".to_owned();
        return vec![Finding { line: 1, why }];
    }
    Vec::new()
}

fn file_length(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().count();
    if is_rust(file) && LINES < lines {
        let why = format!("{lines} lines are more than {LINES}: split where the interface is thin");
        return vec![Finding { line: lines, why }];
    }
    Vec::new()
}

fn words(file: &File) -> Vec<Finding> {
    if !is_rust(file) {
        return Vec::new();
    }
    WORDS
        .iter()
        .flat_map(|(word, reason)| {
            let word = plain(word);
            let why = format!("`{word}`: {reason}");
            lines_with(&file.text, |line| line.contains(&word), &why)
        })
        .collect()
}

fn module_doc(file: &File) -> Vec<Finding> {
    let source = file.path.starts_with("src/") || file.path.contains("/src/");
    // Unit tests are told about by the module they test.
    let source = source && !file.path.ends_with("/tests.rs");
    if is_rust(file) && source && !file.text.starts_with("//! ") {
        let why = "each module opens with `//!`: what it is for, what it never does".to_owned();
        return vec![Finding { line: 1, why }];
    }
    Vec::new()
}

fn not_empty(file: &File) -> Vec<Finding> {
    if is_rust(file) && file.text.trim().is_empty() {
        let why = "there is nothing in it: write it, or take it out".to_owned();
        return vec![Finding { line: 1, why }];
    }
    Vec::new()
}

fn pure_head(file: &File) -> Vec<Finding> {
    let Some((_, lints)) = PURE.iter().find(|(path, _)| *path == file.path) else {
        return Vec::new();
    };
    let code = code(&file.text);
    let denied = code.split_once("#![deny(").and_then(|(_, rest)| rest.split_once(")]"));
    let denied = denied.map_or("", |(denied, _)| denied);
    lints
        .iter()
        .filter(|lint| !denied.contains(**lint))
        .map(|lint| Finding { line: 1, why: format!("a pure module denies `{lint}` at its head") })
        .collect()
}

fn crates_apart(file: &File) -> Vec<Finding> {
    let (strangers, why): (&[&str], _) = match file.path.split('/').next() {
        Some("loadtest") => (&["breakwater"], "loadtest meets the exchange as strangers do"),
        Some("openrtb") => (&["breakwater", "loadtest"], "openrtb knows nothing of us"),
        _ => return Vec::new(),
    };
    if file.path.ends_with("Cargo.toml") {
        let depends = |line: &str| {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            strangers.contains(&name.trim_matches('"'))
        };
        return lines_with(&file.text, depends, why);
    }
    if !is_rust(file) {
        return Vec::new();
    }
    let code = code(&file.text);
    let used = strangers.iter().flat_map(|name| paths(&code, name));
    used.map(|(line, _)| Finding { line, why: why.to_owned() }).collect()
}

fn own_tree(file: &File) -> Vec<Finding> {
    if file.path == ".ci/run" {
        return Vec::new();
    }
    let outside = plain("../sha¦red");
    let why = "the tree stands on its own: only .ci/run looks beside it";
    lines_with(&file.text, |line| line.contains(&outside), why)
}

/// Returns the top-level module of a source of the product, `None` for tests and other crates.
fn product_module(file: &File) -> Option<&str> {
    let inside = file.path.strip_prefix("src/").filter(|_| is_rust(file))?;
    if inside.ends_with("tests.rs") || inside.contains("/tests/") {
        return None;
    }
    Some(inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs"))
}

fn is_rust(file: &File) -> bool {
    Path::new(&file.path).extension().is_some_and(|extension| extension == "rs")
}

/// Returns how far down a module stands; the top is 0.
fn row(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Returns all paths into the own crate: the line and the parts behind `crate`.
fn imports(file: &File) -> Vec<(usize, Vec<String>)> {
    let code = code(&file.text);
    let mut found = paths(&code, "crate");
    // A chain of `super` as long as the module is deep ends at the crate's root.
    let inside = file.path.trim_start_matches("src/").trim_end_matches(".rs");
    let chain = vec!["super"; inside.split('/').count()].join("::");
    found.extend(paths(&code, &chain));
    found.extend(paths(&code, "breakwater"));
    found
}

/// Returns crates of the manifest that the file uses and `forbidden` names, each with its reason.
fn used_crates(
    file: &File,
    forbidden: impl Fn(&str) -> bool,
    why: impl Fn(&str) -> String,
) -> Vec<Finding> {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let code = code(&file.text);
    let mut findings = Vec::new();
    for name in manifest["dependencies"].as_table().unwrap().keys() {
        let name = name.replace('-', "_");
        if forbidden(&name) {
            let uses = paths(&code, &name).into_iter();
            findings.extend(uses.map(|(line, _)| Finding { line, why: why(&name) }));
        }
    }
    findings
}

fn lines_with(text: &str, wrong: impl Fn(&str) -> bool, why: &str) -> Vec<Finding> {
    let numbered = text.lines().zip(1..).filter(|(line, _)| wrong(line));
    numbered.map(|(_, line)| Finding { line, why: why.to_owned() }).collect()
}

/// Returns the text without the marks that keep this file from finding itself; a `¶` is 600 lines.
fn plain(text: &str) -> String {
    text.replace('¦', "").replace('¶', &"\n".repeat(LINES))
}

/// Reads every text file below `folder`, leaving out what is built, fetched or sold.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        let left_out = ["target", ".git", "data"].contains(&path.as_str());
        if left_out {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if let Ok(text) = fs::read_to_string(entry.path()) {
            files.push(File { path, text });
        }
    }
}
