//! What holds, and what is found in a folder whose bytes are sound but do not tell the truth.

use breakwater::audit::finding::Finding;
use breakwater::audit::gaps::gaps;
use breakwater::audit::prove::prove;
use breakwater::io::journal::{Limits, Stream};
use breakwater::model::money::Cpm;
use breakwater::wire::record::Lifecycle;

use crate::audit::folder::{Node, flushed, verified};
use crate::sale::Sale;

#[test]
fn what_a_node_leaves_holds() {
    let mut node = Node::start();
    node.sell(3);
    node.publish();
    node.sell(300);
    node.publish();
    let data = node.stop();
    let mut node = Node::start_in(data, Limits { segment: 20 << 10, ..Limits::default() });
    // Beside a node at work, too.
    node.sell(260);
    let beside = verified(node.data.path());
    assert_eq!(beside.findings.listed(), []);
    assert_eq!(beside.auction.unsigned(), 260);
    node.life(&Lifecycle::LateSync { auction: breakwater::io::entropy::draw().auction });
    let data = node.stop();
    let report = verified(data.path());
    assert_eq!(report.findings.listed(), []);
    assert_eq!((report.auctions, report.replayed, report.starts), (563, 563, 2));
    let (auction, money) = (report.auction, report.money);
    assert_eq!((auction.records, auction.signed, auction.published), (563, Some(563), Some(563)));
    assert_eq!((money.records, money.signed, money.unsigned()), (7, Some(7), 0));
}

/// What a release recorded, every later build decides again to the same bytes.
#[test]
fn the_journal_of_version_1_holds() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/journal/v1/demo");
    let report = verified(data.as_ref());
    assert_eq!(report.findings.listed(), []);
    assert_eq!((report.auctions, report.replayed, report.starts), (10, 10, 1));
    assert_eq!((report.auction.signed, report.money.signed), (Some(12), Some(4)));
}

#[test]
fn a_crash_is_no_fault_before_or_after_the_next_start() {
    let mut node = Node::start();
    node.sell(5);
    node.publish();
    // A number that is drawn and never used, and one that comes late.
    let lost = node.permit(Stream::Auction);
    node.sell(2);
    let data = node.crash();
    drop(lost);
    let report = verified(data.path());
    assert_eq!((report.findings.listed(), report.auction.unsigned()), (&[][..], 2));
    let mut node = Node::start_gap(data, 1);
    node.sell(1);
    let report = verified(node.stop().path());
    assert_eq!(report.findings.listed(), []);
}

/// A crash between a start and the gap that it would have told leaves two starts open.
#[test]
fn a_start_that_crashed_before_it_told_of_the_last_is_told_of_by_the_next() {
    let mut node = Node::start();
    node.sell(1);
    node.publish();
    let data = Node::start_bare(node.crash()).crash();
    let report = verified(data.path());
    assert_eq!((report.findings.listed(), report.starts), (&[][..], 2));
    let gaps = gaps(data.path()).unwrap();
    assert!(gaps.explained(), "{gaps:?}");
    let mut node = Node::start_bare(data);
    for boot in [1, 2] {
        node.life(&Lifecycle::Gap { boot, auction: Vec::new(), money: Vec::new() });
    }
    node.configure();
    node.sell(1);
    let data = node.stop();
    assert_eq!(verified(data.path()).findings.listed(), []);
}

#[test]
fn a_start_without_an_end_and_numbers_without_a_gap_are_found() {
    let node = Node::start();
    let data = node.crash();
    let mut node = Node::start_in(data, Limits::default());
    let (lost, told) = (node.permit(Stream::Auction), node.permit(Stream::Auction));
    node.sell(1);
    let auction = vec![told.seq()];
    node.life(&Lifecycle::Gap { boot: 2, auction, money: Vec::new() });
    let data = node.stop();
    drop((lost, told));
    let report = verified(data.path());
    let found: Vec<_> = report.findings.listed().iter().map(short).collect();
    assert_eq!(
        found,
        [
            (Some(0), "start", "start 1 has neither a stop nor a gap"),
            (None, "seq", "start 2 lacks number 0 (2 in all), and no gap tells of it"),
        ]
    );
}

#[test]
fn money_that_does_not_add_up_is_found() {
    let more: &dyn Fn(&mut Sale) = &|sale| {
        let split = &mut sale.outcome.wins[0].split;
        split.net = Cpm::from_micros(split.net.micros() + 1).unwrap();
    };
    let dear: &dyn Fn(&mut Sale) = &|sale| {
        let pay = &mut sale.outcome.wins[0].pay;
        *pay = Cpm::from_micros(pay.micros() + 1).unwrap();
    };
    let cheap: &dyn Fn(&mut Sale) = &|sale| {
        let low = Cpm::from_micros(4_999_999).unwrap();
        let win = &mut sale.outcome.wins[0];
        (win.clearing, win.split) = (low, sale.input.plan.terms.fees.split(low));
    };
    for (section, what, change) in [
        ("outcome:seller", "net and fees", more),
        ("outcome:acme", "more than it bid", dear),
        ("outcome:acme", "below its floor", cheap),
    ] {
        let mut node = Node::start();
        let permit = node.permit(Stream::Auction);
        let payload = node.auction(permit.seq(), change);
        flushed(permit, payload);
        let data = node.stop();
        let report = verified(data.path());
        let first = &report.findings.listed()[0];
        assert_eq!((first.index, &*first.field), (Some(0), section), "{first:?}");
        assert!(first.what.contains(what), "{first:?}");
        let again = report.findings.listed().iter().any(|it| it.what.contains("comes out"));
        assert!(again, "a replay finds it too: {report:?}");
        // Whom a bundle shows the two numbers is not handed them. A floor is not a bidder's to see.
        let party = if section == "outcome:seller" { "publisher:pub-1" } else { "bidder:acme" };
        let proved = prove(data.path(), None, &party.parse().unwrap());
        if what != "below its floor" {
            let error = format!("{:?}", proved.unwrap_err());
            assert!(error.contains(what), "{error}");
        }
    }
}

#[test]
fn a_config_that_is_not_there_is_found() {
    let mut node = Node::start();
    let cited = node.config;
    for config in [(0, cited.1), (cited.0, [7; 32]), (99, cited.1)] {
        node.config = config;
        node.sell(1);
    }
    node.config = cited;
    let report = verified(node.stop().path());
    let found: Vec<_> = report.findings.listed().iter().map(short).collect();
    assert_eq!(
        found,
        [
            (Some(0), "cfg", "money record 0 is no config, or is not there"),
            (Some(1), "cfg", "the config at money record 1 has another root"),
            (Some(2), "cfg", "money record 99 is no config, or is not there"),
        ]
    );
}

fn short(finding: &Finding) -> (Option<u64>, &str, &str) {
    (finding.index, &finding.field, &finding.what)
}
