//! Records whose bytes are sound and whose figures cannot be: each is found without deciding again.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use breakwater::audit::check::CheckError;
use breakwater::audit::finding::Finding;
use breakwater::audit::prove::{ProveError, prove};
use breakwater::audit::verify::{Options, verify};
use breakwater::io::journal::Stream;
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::floor::Floor;
use breakwater::model::ids::DealId;
use breakwater::model::money::Currency;
use breakwater::model::rates::{Rate, RateSnapshot};
use breakwater::model::time::Millis;

use crate::audit::folder::{Node, flushed};
use crate::audit::resealed::resealed;
use crate::sale::{ARRIVAL, Sale, cpm};

/// One case of the file.
struct Case {
    name: String,
    sale: String,
    changes: Vec<[String; 3]>,
    finds: (String, String),
    refused: Vec<String>,
}

#[test]
fn figures_that_cannot_be_are_found() {
    let cases = cases();
    assert!(25 < cases.len());
    for case in &cases {
        let mut node = Node::start();
        sell(&mut node, case);
        let data = node.stop();
        let found = found(data.path());
        let first = found.first().unwrap_or_else(|| panic!("{}: nothing is found", case.name));
        let (section, what) = &case.finds;
        assert_eq!((first.index, &first.field), (Some(0), section), "{}: {first:?}", case.name);
        assert!(first.what.contains(what), "{}: {first:?}", case.name);
        for party in ["bidder:acme", "publisher:pub-1", "auditor"] {
            let refused = match prove(data.path(), None, &party.parse().unwrap()) {
                Ok(_) => None,
                Err(ProveError::Broken { source, .. }) => Some(source),
                Err(other) => panic!("{}: {party}: {other}", case.name),
            };
            let wanted = case.refused.iter().any(|it| it == party);
            let figures = matches!(refused, Some(CheckError::Figures(..)));
            let why = format!("{}: {party}: {refused:?}", case.name);
            assert!(figures || (!wanted && (refused.is_none() || party == "auditor")), "{why}");
        }
    }
}

#[test]
fn the_sales_that_are_changed_hold() {
    for sale in ["plain", "deal", "euro", "second"] {
        let case = Case {
            name: sale.to_owned(),
            sale: sale.to_owned(),
            changes: Vec::new(),
            finds: (String::new(), String::new()),
            refused: Vec::new(),
        };
        let mut node = Node::start();
        sell(&mut node, &case);
        let data = node.stop();
        assert_eq!(found(data.path()), [], "{sale}");
        for party in ["bidder:acme", "publisher:pub-1", "auditor"] {
            prove(data.path(), None, &party.parse().unwrap()).unwrap();
        }
    }
}

#[test]
fn rates_that_no_snapshot_has_are_found() {
    let mut node = Node::start();
    let permit = node.permit(Stream::Auction);
    let payload = node.decided(permit.seq(), |sale| prepare(sale, "euro"));
    flushed(permit, payload);
    let found = found(node.stop().path());
    let told: Vec<_> = found.iter().map(|it| (it.index, &*it.field, &*it.what)).collect();
    assert_eq!(told, [(Some(0), "fx", "it has rates of exchange, and cites none")]);
}

/// Sells as a case says.
fn sell(node: &mut Node, case: &Case) {
    if case.sale == "euro" {
        node.quote(&[euro(800_000_000_000)]);
    }
    let permit = node.permit(Stream::Auction);
    let mut payload = node.decided(permit.seq(), |sale| prepare(sale, &case.sale));
    for [section, from, to] in &case.changes {
        payload = resealed(&payload, section, from, to);
    }
    flushed(permit, payload);
}

/// Makes a sale that of its name.
pub(crate) fn prepare(sale: &mut Sale, name: &str) {
    let bid = &mut sale.input.replies[0].bids[0];
    let plan = &mut sale.input.plan;
    match name {
        "plain" => {}
        "deal" => {
            bid.deal = Some(DealId::new("d1"));
            plan.parts[0].deals.push(Arc::new(deal()));
        }
        "euro" => {
            let from = Currency::new("EUR").unwrap();
            bid.currency = from;
            plan.terms.currencies.push(from);
            plan.terms.rates.push(Rate { from, e12: 1_250_000_000_000 });
        }
        "second" => plan.terms.pricing = Pricing::Second,
        other => panic!("no sale is called {other:?}"),
    }
}

/// A deal with a floor of 6 that takes 10 % off.
fn deal() -> Deal {
    Deal {
        id: DealId::new("d1"),
        bidders: Vec::new(),
        seats: Vec::new(),
        advertisers: Vec::new(),
        pricing: Pricing::First,
        floor: Some(Floor::Fixed(cpm(6_000_000))),
        guaranteed: false,
        discount_ppm: 100_000,
    }
}

/// Rates of an hour by which a dollar is so many euros, times 10^12.
pub(crate) fn euro(e12: i64) -> RateSnapshot {
    RateSnapshot {
        source: "ecb".into(),
        time: ARRIVAL,
        max_age: Millis(3_600_000),
        base: Currency::USD,
        quotes: vec![(Currency::new("EUR").unwrap(), e12)],
    }
}

/// Verifies without deciding again.
fn found(data: &Path) -> Vec<Finding> {
    let report = verify(data, &Options::default(), &mut |_| {}).unwrap();
    report.findings.listed().to_vec()
}

fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/audit/figures.txt");
    let text = fs::read_to_string(path).unwrap();
    let blocks = text.split("\n\n").filter(|block| !block.starts_with('#'));
    blocks.map(|block| case(block.trim_end())).collect()
}

fn case(block: &str) -> Case {
    let mut lines = block.lines();
    let name = lines.next().unwrap().to_owned();
    let mut case = Case {
        name,
        sale: String::new(),
        changes: Vec::new(),
        finds: (String::new(), String::new()),
        refused: Vec::new(),
    };
    for line in lines {
        if let Some(sale) = line.strip_prefix("sale ") {
            case.sale = sale.to_owned();
        } else if let Some(finds) = line.strip_prefix("finds ") {
            let (section, what) = finds.split_once(" | ").unwrap();
            case.finds = (section.to_owned(), what.to_owned());
        } else if let Some(parties) = line.strip_prefix("check ") {
            case.refused = parties.split(' ').map(str::to_owned).collect();
        } else {
            let parts: Vec<&str> = line.splitn(3, " |").collect();
            let [section, from, to] = parts[..] else { panic!("{}: {line}", case.name) };
            case.changes.push([section, from, to].map(|part| part.trim().to_owned()));
        }
    }
    case
}
