//! Holds the documents to the code: reasons, metrics, config keys, problem codes, the quickstart.
//!
//! Tables of reasons stand in `docs/integrating.md` between markers; `UPDATE_EXPECT=1` rewrites
//! them from the code.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use breakwater::config;
use breakwater::config::settings::{ADMIN, TRAFFIC};
use breakwater::io::metrics::names::{self, Kind};
use breakwater::model::ids::BidderId;
use breakwater::model::reason::{CallReason, LossReason, NoFillReason, UnfilledReason};
use breakwater::model::time::Seconds;
use breakwater::server::refusal;
use breakwater::wire::break_request;
use loadtest::cast;
use loadtest::fleet::{self, Fleet};

#[test]
fn integrating_lists_every_reason_with_its_codes() {
    let path = root("docs/integrating.md");
    let mut text = fs::read_to_string(&path).unwrap();
    let tables = [
        ("calls", calls()),
        ("losses", losses()),
        ("no-fill", no_fill()),
        ("unfilled", unfilled()),
    ];
    for (name, table) in tables {
        let (open, close) = (format!("<!-- reasons: {name} -->\n"), "<!-- end -->\n");
        let start = text.find(&open).unwrap_or_else(|| panic!("no marker {open:?}")) + open.len();
        let end = start + text[start..].find(close).unwrap();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            text.replace_range(start..end, &table);
            fs::write(&path, &text).unwrap();
        } else {
            assert_eq!(text[start..end], table, "{name}: UPDATE_EXPECT=1 rewrites the table");
        }
    }
}

#[test]
fn integrating_lists_every_error_code_and_unbuilt_field() {
    let text = fs::read_to_string(root("docs/integrating.md")).unwrap();
    for code in refusal::CODES {
        assert!(text.contains(&format!("| `{code}` | ")), "no row of the error code {code}");
    }
    // Members are named there without their place.
    for field in break_request::UNBUILT.iter().filter(|field| !field.contains('[')) {
        assert!(text.contains(&format!("`{field}`")), "{field} is not said to be unbuilt");
    }
}

#[test]
fn every_decision_cited_has_a_page() {
    let pages: BTreeSet<String> = fs::read_dir(root("docs/decisions"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| Some(name.split_once('-')?.0.to_owned()))
        .collect();
    let index = fs::read_to_string(root("docs/decisions/README.md")).unwrap();
    let mut cited = 0;
    for folder in ["src", "openrtb/src", "loadtest/src"] {
        for file in sources(&root(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            for rest in text.split("(decision ").skip(1) {
                let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
                assert!(pages.contains(&format!("{number:0>4}")), "{}: {number}", file.display());
                cited += 1;
            }
        }
    }
    assert!(10 < cited, "decisions are no longer cited as `(decision 21)`");
    for page in pages {
        assert!(index.contains(&format!("]({page}-")), "the index lacks {page}");
    }
}

#[test]
fn operating_lists_every_metric() {
    let text = fs::read_to_string(root("docs/operating.md")).unwrap();
    for (name, kind, help) in names::ALL {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let start = format!("| `{name}` | {kind} | ");
        let row = text.lines().find(|line| line.starts_with(&start));
        let row = row.unwrap_or_else(|| panic!("docs/operating.md has no row {start:?}"));
        assert!(row.ends_with(&format!(" | {help} |")), "{name}: not {help:?}");
    }
    let known: BTreeSet<&str> = names::ALL.iter().map(|(name, _, _)| *name).collect();
    for row in text.lines().filter_map(|line| line.strip_prefix("| `breakwater_")) {
        let name = format!("breakwater_{}", row.split('`').next().unwrap());
        assert!(known.contains(name.as_str()), "docs/operating.md invents {name}");
    }
}

#[test]
fn operating_lists_every_config_key() {
    let text = fs::read_to_string(root("docs/operating.md")).unwrap();
    let everything = fs::read_to_string(root("tests/data/config/good/everything.toml")).unwrap();
    let table: toml::Table = everything.parse().unwrap();
    for (section, value) in &table {
        let tables: Vec<&toml::Table> = match value {
            toml::Value::Table(table) => vec![table],
            toml::Value::Array(tables) => tables.iter().filter_map(toml::Value::as_table).collect(),
            other => panic!("{section} = {other}"),
        };
        for key in tables.iter().flat_map(|table| table.keys()) {
            let row = format!("| `{section}.{key}` | ");
            assert!(text.contains(&row), "docs/operating.md has no row {row:?}");
        }
    }
}

/// Examples may leave out the publisher, placement and bidder of the quickstart.
#[test]
fn the_config_examples_of_operating_load() {
    let text = fs::read_to_string(root("docs/operating.md")).unwrap();
    let examples = text.split("```toml\n").skip(1);
    let examples: Vec<&str> = examples.map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(4 <= examples.len(), "the examples are no longer found");
    let quickstart = fs::read_to_string(root("examples/quickstart/breakwater.toml")).unwrap();
    let from = quickstart.find("[[publisher]]").unwrap();
    for example in examples {
        let whole = format!("{example}\n{}", &quickstart[from..]);
        if let Err(problems) = config::read("operating.md", &whole, None) {
            panic!("{example}{:#?}", problems.list);
        }
    }
}

#[test]
fn operating_lists_every_problem_code() {
    let text = fs::read_to_string(root("docs/operating.md")).unwrap();
    let source = fs::read_to_string(root("src/config/problem.rs")).unwrap();
    let codes: BTreeSet<&str> = source.split('"').filter(|part| part.starts_with("BW")).collect();
    assert!(codes.contains("BW0101"), "the codes are no longer found: {codes:?}");
    for code in codes {
        assert!(text.contains(&format!("| `{code}` | ")), "docs/operating.md has no row of {code}");
    }
}

#[test]
fn the_quickstart_loads_and_knows_the_demos_bidders() {
    let path = root("examples/quickstart/breakwater.toml");
    let text = fs::read_to_string(&path).unwrap();
    let loaded = config::read("breakwater.toml", &text, None).unwrap();
    let (settings, market) = (loaded.settings, loaded.market);
    assert_eq!((settings.traffic, settings.admin), (TRAFFIC, ADMIN));
    let (placement, publisher) = market.placement("arena-1-mid").unwrap();
    assert_eq!(placement.floor.at(Seconds(15)).to_string(), "5");
    assert!(publisher.key_hashes.is_empty(), "the tag and the doors are open on loopback");
    assert_eq!(publisher.fees.fees()[0].ppm, 150_000);
    let ids: Vec<&str> = market.bidders.iter().map(|bidder| bidder.id.as_str()).collect();
    assert_eq!(ids, cast::NAMES);
    for ((bidder, character), port) in market.bidders.iter().zip(cast::all()).zip(9101..) {
        assert_eq!(bidder.id, BidderId::new(character.id.clone()));
        assert_eq!(&*bidder.endpoint, format!("http://127.0.0.1:{port}/openrtb2"));
        assert_eq!(*bidder.domains, [character.own_domain().into()]);
        assert!(bidder.allow_loopback, "{}", bidder.id);
        assert!(character.qps < bidder.qps, "{}: being over its limit is its character", bidder.id);
    }
}

#[test]
fn the_quickstarts_bidders_listen_where_it_asks() {
    let fleet = Fleet::read(&root("examples/quickstart/bidders.toml")).unwrap();
    let members = fleet::members(&fleet.entries).unwrap();
    let found: Vec<_> = members.iter().map(|(bidder, port)| (&*bidder.id, *port)).collect();
    let expected: Vec<_> = cast::NAMES.into_iter().zip(9101..).collect();
    assert_eq!(found, expected);
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let target = document.parent().unwrap().join(file);
            assert!(target.exists(), "{}: {link} leads nowhere", document.display());
        }
    }
}

fn calls() -> String {
    let mut table = "| name | non-bid | loss of its bids | what happened | what to do |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for reason in CallReason::ALL {
        let (name, non_bid) = (reason.name(), reason.non_bid_code());
        let loss = match reason.loss_code() {
            0 => "–".to_owned(),
            code => code.to_string(),
        };
        let (sentence, remedy) = (reason.sentence(), reason.remedy());
        writeln!(table, "| `{name}` | {non_bid} | {loss} | {sentence} | {remedy} |").unwrap();
    }
    table
}

fn losses() -> String {
    let mut table = "| name | loss | non-bid | what happened | what to do |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for reason in LossReason::ALL {
        let (name, loss, non_bid) = (reason.name(), reason.loss_code(), reason.non_bid_code());
        let (sentence, remedy) = (reason.sentence(), reason.remedy());
        writeln!(table, "| `{name}` | {loss} | {non_bid} | {sentence} | {remedy} |").unwrap();
    }
    table
}

fn no_fill() -> String {
    let mut table = "| name | nbr | what happened | what to do |\n|---|---|---|---|\n".to_owned();
    for reason in NoFillReason::ALL {
        let (name, code) = (reason.name(), reason.nbr());
        let (sentence, remedy) = (reason.sentence(), reason.remedy());
        writeln!(table, "| `{name}` | {code} | {sentence} | {remedy} |").unwrap();
    }
    table
}

fn unfilled() -> String {
    let mut table = "| name | what happened | what to do |\n|---|---|---|\n".to_owned();
    for reason in UnfilledReason::ALL {
        let (name, sentence, remedy) = (reason.name(), reason.sentence(), reason.remedy());
        writeln!(table, "| `{name}` | {sentence} | {remedy} |").unwrap();
    }
    table
}

/// Returns every Markdown file of the project.
fn documents() -> Vec<PathBuf> {
    let mut all = Vec::new();
    for folder in ["", "docs", "docs/decisions"] {
        let entries = fs::read_dir(root(folder)).unwrap().map(|entry| entry.unwrap().path());
        all.extend(entries.filter(|path| path.extension().is_some_and(|kind| kind == "md")));
    }
    all.sort();
    assert!(3 < all.len(), "{all:?}");
    all
}

/// Returns every Rust file below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
    files
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
