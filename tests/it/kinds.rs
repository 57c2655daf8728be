//! The records around auctions: what becomes of notices, rates, actions and the clock.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;
use breakwater::audit::gaps::gaps;
use breakwater::cli::life;
use breakwater::io::journal::prune::is_signed;
use breakwater::io::journal::read::frames;
use breakwater::io::journal::{Durability, Identity, Journal, Limits, Stream, asked, files};
use breakwater::io::{clock, entropy};
use breakwater::model::money::Currency;
use breakwater::model::time::UnixMillis;
use breakwater::wire::record::admin::{Action, Admin};
use breakwater::wire::record::read::{Record, is_start, read};
use breakwater::wire::record::{Kind, Lifecycle, StreamName, lifecycle};

use crate::audit::folder::{Node, flushed, verified};
use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange::{self, Exchange};
use crate::support::http;
use crate::support::process::Process;
use crate::support::until;

#[test]
fn every_notice_that_a_bidder_got_is_recorded() {
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30), Ad::new("a2", "1", 30)]);
    let rival = Bidder::bidding("rival", vec![Ad::new("r1", "18", 30)]);
    let exchange = Exchange::start(&[&acme, &rival]);
    for number in 0..20 {
        let answer = exchange.tag(&format!("placement=arena&break=brk-{number}"));
        assert!(answer.text().contains("a1.mp4"));
    }
    let data = exchange.stop();
    assert_eq!(verified(data.path()).findings.listed(), []);

    let records = kept(data.path(), Stream::Auction);
    let results: Vec<_> = records
        .iter()
        .filter(|record| record.kind == Kind::Notices)
        .flat_map(|record| record.notices().unwrap())
        .collect();
    assert_eq!(results.len(), 60);
    let batches = records.iter().filter(|record| record.kind == Kind::Notices).count();
    assert!(batches < 20, "a notice costs no record of its own: {batches}");
    for bidder in [&acme, &rival] {
        let own = results.iter().filter(|result| result.bidder.as_str() == bidder.id);
        let told: BTreeSet<String> = own
            .map(|it| {
                assert_eq!((&*it.outcome, it.status, it.attempts), ("delivered", Some(204), 1));
                format!("/{}?mine={}&a={}", it.kind, it.bid, it.auction)
            })
            .collect();
        let got: BTreeSet<String> = bidder
            .notices()
            .iter()
            .map(|target| target.split("&b=").next().unwrap().to_owned())
            .collect();
        assert_eq!(told, got, "{}", bidder.id);
    }
    let (code, out) = audit(data.path(), &["replay"]);
    assert_eq!(code, Some(0), "{out}");
    let (code, out) = audit(data.path(), &["explain", "latest"]);
    assert_eq!(code, Some(0), "{out}");
    let (code, out) = audit(data.path(), &["gaps"]);
    assert_eq!(code, Some(0), "{out}");
}

#[test]
fn the_rates_are_recorded_and_cited() {
    let rate = "\n[[rate]]\nsource = \"ECB\"\ntime = \"2026-11-20T15:00:00Z\"\nmax_age = \"8760h\"\n\
                base = \"EUR\"\nquotes = { USD = \"1.0842\" }\n";
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start_with(&[&acme], rate);
    assert!(exchange.tag("placement=arena").text().contains("a1.mp4"));
    let data = exchange.stop();
    let money = kept(data.path(), Stream::Money);
    let (index, rates) =
        (0..).zip(&money).find(|(_, record)| record.kind == Kind::Rates).expect("a record");
    let snapshots = rates.rates().unwrap();
    assert_eq!((&*snapshots[0].source, snapshots[0].base), ("ECB", Currency::new("EUR").unwrap()));
    assert_eq!(snapshots[0].quotes, [(Currency::USD, 1_084_200_000_000)]);
    let config = money.iter().position(|record| record.kind == Kind::Config).unwrap();
    assert!(index < u64::try_from(config).unwrap(), "in force before the config is");
    let auctions = kept(data.path(), Stream::Auction);
    assert_eq!(auctions[0].head().unwrap().rates, Some((index, rates.root)));
    let report = verified(data.path());
    assert_eq!((report.findings.listed(), report.replayed), (&[][..], 1));
}

#[test]
fn without_rates_nothing_is_cited_and_a_wrong_citation_is_found() {
    let mut node = Node::start();
    node.sell(1);
    node.rates = Some(node.config);
    node.sell(1);
    let data = node.stop();
    assert_eq!(kept(data.path(), Stream::Auction)[0].head().unwrap().rates, None);
    let report = verified(data.path());
    let [finding] = report.findings.listed() else { panic!("{report:?}") };
    assert_eq!((finding.index, &*finding.field), (Some(1), "fx"));
    assert!(finding.what.contains("is no snapshot of rates"), "{finding:?}");
}

#[test]
fn what_a_command_deletes_is_recorded_where_nobody_holds_the_journal() {
    let mut node = Node::start();
    node.sell(3);
    node.publish();
    let before = UnixMillis(node.at.0 + 1);
    let moment = before.0.to_string();
    let erase = ["erase", "--user-sections", "--before", &*moment];
    // The one segment is the node's: nothing is erased, and nothing is to be told.
    let (code, out) = audit(node.data.path(), &erase);
    assert!(code == Some(0) && out.ends_with("; nothing to record\n"), "{out}");
    let data = node.stop();
    let file = files(data.path(), Stream::Auction).unwrap().remove(0).path;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, out) = audit(data.path(), &erase);
    assert!(code == Some(0) && out.ends_with("; recorded as money record 4\n"), "{out}");
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o644, "a file that is replaced keeps its mode");
    let money = kept(data.path(), Stream::Money);
    let action = Action::Erase { before, sections: 3 };
    assert_eq!(money[4].admin(), Ok(Admin { by: "cli".into(), action }));
    assert_eq!(money[5].lifecycle(), Ok(Lifecycle::Stop { auction_end: 3 }));
    assert_eq!(verified(data.path()).findings.listed(), []);
    assert_eq!(audit(data.path(), &["gaps"]).0, Some(0));
    // A node goes on after it, and signs it.
    let data = Node::start_in(data, Limits::default()).stop();
    let report = verified(data.path());
    assert_eq!((report.findings.listed(), report.starts), (&[][..], 3));
}

#[test]
fn what_a_command_prunes_is_recorded_first_or_stays() {
    let (node, middle) = sealed(UnixMillis(1_600_000_000_000));
    let moment = middle.0.to_string();
    // This one holds the journal and never looks at what it is asked.
    let before = kept(node.data.path(), Stream::Auction).len();
    let (code, out) = audit(node.data.path(), &["prune", "--before", &*moment]);
    assert!(code == Some(1) && out.contains("so nothing was done"), "{out}");
    assert_eq!(kept(node.data.path(), Stream::Auction).len(), before);
    let end = node.at.0.to_string();
    let data = node.stop();
    let (code, out) = audit(data.path(), &["prune", "--before", &*end]);
    assert!(code == Some(0) && out.contains("recorded as money record"), "{out}");
    assert_eq!(pruned(data.path()), [("cli".into(), first(data.path()))]);
    // Rows that are gone must not pass for a quiet month.
    let (code, out) = audit(data.path(), &["export", "--rows", "bids"]);
    let kept =
        format!("; kept from record {} on: what was before is not among them", first(data.path()));
    assert!(code == Some(0) && out.trim_end().ends_with(&kept), "{out}");
    let report = verified(data.path());
    assert_eq!((report.findings.listed(), report.money.unsigned()), (&[][..], 0));
}

#[test]
fn what_a_command_does_beside_an_exchange_the_exchange_records() {
    let (node, middle) = sealed(UnixMillis(1_600_000_000_000));
    let (end, data) = (node.at.0.to_string(), node.stop());
    let exchange = Exchange::start_on(data, "");
    let path = exchange.data.path();
    let (code, out) = audit(path, &["prune", "--before", &*middle.0.to_string()]);
    assert!(code == Some(0) && out.contains("; recorded as money record"), "{out}");
    assert_eq!(pruned(path), [("cli".into(), first(path))]);
    // What it tells is signed already.
    assert_eq!(verified(path).findings.listed(), []);
    let (code, out) = audit(path, &["erase", "--user-sections", "--before", &*end]);
    assert!(code == Some(0) && out.contains("; recorded as money record"), "{out}");
    // Whoever copies the folder from now on has the checkpoint that signs it.
    let (_, index) = out.trim_end().rsplit_once(' ').unwrap();
    assert!(is_signed(path, index.parse().unwrap()).unwrap(), "{out}");
    // What is no action is told in the log and taken away.
    fs::write(path.join("journal/asked/0-1.json"), "{}").unwrap();
    let asked = || fs::read_dir(path.join("journal/asked")).unwrap().count();
    until("all that was asked is done", || (asked() == 0).then_some(()));
    let data = exchange.stop();
    let actions = kept(data.path(), Stream::Money);
    assert_eq!(actions.iter().filter(|record| record.kind == Kind::Admin).count(), 2);
    assert_eq!(verified(data.path()).findings.listed(), []);
    assert_eq!(audit(data.path(), &["gaps"]).0, Some(0));
}

/// What was asked of an exchange that died is recorded by its next start.
#[test]
fn what_was_asked_outlives_the_exchange() {
    let data = Node::start().stop();
    let action = Action::Erase { before: UnixMillis(5), sections: 3 };
    let admin = Admin { by: "cli".into(), action };
    asked::ask(data.path(), &admin.text()).unwrap();
    let data = Exchange::start_on(data, "").stop();
    let records = kept(data.path(), Stream::Money);
    let told = records.iter().find(|record| record.kind == Kind::Admin).unwrap();
    assert_eq!(told.admin(), Ok(admin));
}

#[test]
fn a_folder_that_may_not_go_on_is_not_changed_by_a_command() {
    let (node, middle) = sealed(UnixMillis(1_600_000_000_000));
    let data = node.stop();
    let (anchor, moment) = (tempfile::tempdir().unwrap(), middle.0.to_string());
    let config = anchor.path().join("breakwater.toml");
    let text = exchange::config(data.path(), &[]);
    fs::write(&config, format!("{text}\n[journal]\nanchor = {:?}\n", anchor.path())).unwrap();
    let checkpoint = fs::read_to_string(data.path().join("log/auction/checkpoint")).unwrap();
    let (prune, erase) = (&["prune"][..], &["erase", "--user-sections"][..]);
    let refused = |what: &str| {
        let before = (first(data.path()), files(data.path(), Stream::Auction).unwrap());
        for command in [prune, erase] {
            let rest = ["--before", &*moment, "-c", config.to_str().unwrap()];
            let (code, out) = audit(data.path(), &[command, &rest].concat());
            assert!(code == Some(3) && out.contains(what), "{out}");
        }
        let after = (first(data.path()), files(data.path(), Stream::Auction).unwrap());
        assert_eq!(after, before);
    };
    // The anchor knows of more; then the log is of another history.
    let ahead = checkpoint.replace("\n200\n", "\n201\n");
    assert_ne!(ahead, checkpoint);
    fs::write(anchor.path().join("auction.checkpoint"), ahead).unwrap();
    refused("signs 201 records");
    fs::remove_file(anchor.path().join("auction.checkpoint")).unwrap();
    let private = data.path().join("journal/auction/checkpoint");
    fs::write(private, checkpoint.replace("\n200\n", "\n199\n")).unwrap();
    refused("journal/auction/checkpoint");
}

#[test]
fn what_retention_deletes_the_node_records() {
    let (node, _) = sealed(UnixMillis(1_600_000_000_000));
    let data = node.stop();
    let exchange = Exchange::start_on(data, "\n[journal]\nretention = \"1d\"\n");
    let path = exchange.data.path().to_owned();
    let admin = until("the node records what it is to prune", || {
        kept(&path, Stream::Money).into_iter().find(|record| record.kind == Kind::Admin)
    });
    let admin = admin.admin().unwrap();
    assert_eq!(&*admin.by, "node");
    let Action::Prune { segments, records, first_kept, .. } = admin.action else {
        panic!("{admin:?}")
    };
    assert!(0 < segments && records == first_kept, "{admin:?}");
    until("it is gone", || (first(&path) == first_kept).then_some(()));
    let data = exchange.stop();
    assert_eq!(verified(data.path()).findings.listed(), []);
}

#[test]
fn a_clock_that_went_back_is_told_and_time_goes_on() {
    let mut node = Node::start();
    node.at = UnixMillis(clock::wall().0 + 3_600_000);
    let reached = node.at;
    node.sell(1);
    let data = node.stop();
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("breakwater.toml");
    fs::write(&config, exchange::config(data.path(), &[&acme])).unwrap();
    let mut run = Process::start(&config, &["run"]);
    for _ in 0..2 {
        let answer = http::get(run.traffic, "/v1/vast?placement=arena");
        assert!(answer.text().contains("a1.mp4"));
    }
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    let steps: Vec<_> = events(data.path())
        .into_iter()
        .filter_map(|event| match event {
            Lifecycle::Clock { lag_ms } => Some(lag_ms),
            _ => None,
        })
        .collect();
    let [lag] = steps[..] else { panic!("one a step: {steps:?}") };
    assert!((3_000_000..=3_600_001).contains(&lag), "{lag}");
    // A record has the time of its request's first byte, which came before the clock was read.
    let times: Vec<_> = kept(data.path(), Stream::Auction).iter().map(|it| it.at.0).collect();
    assert!(times.iter().all(|at| reached.0 <= at + 5_000), "{times:?}");
    assert_eq!(verified(data.path()).findings.listed(), []);
}

#[test]
fn a_torn_record_is_told_by_stream() {
    // Long ago: a start here must not move the clock of the tests beside it.
    let mut node = Node::start_at(UnixMillis(1_600_000_000_000), Limits::default());
    node.sell(2);
    let data = node.crash();
    let last = frames(data.path(), Stream::Auction).unwrap().last().unwrap().unwrap();
    let file = fs::OpenOptions::new().write(true).open(&last.file).unwrap();
    file.set_len(last.offset + 20).unwrap();
    let exchange = Exchange::start_on(data, "");
    let data = exchange.stop();
    let events = events(data.path());
    let [
        Lifecycle::Start,
        Lifecycle::Start,
        Lifecycle::Gap { boot: 1, .. },
        cut,
        Lifecycle::Stop { auction_end: 1 },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(cut, &Lifecycle::Cut { stream: StreamName::Auction, index: 1, bytes: 20 });
    assert_eq!(verified(data.path()).findings.listed(), []);
}

#[test]
fn numbers_that_nobody_used_are_told_by_stream() {
    let data = tempfile::tempdir().unwrap();
    let identity = Identity { domain: "breakwater.example".into(), node: "n1".into() };
    let journal = Journal::open(data.path(), &identity, Durability::Flushed, is_start).unwrap();
    life::begin(&journal, "n1", data.path()).unwrap();
    let head = |seq| life::head(&journal, "n1", seq, clock::now());
    for stream in [Stream::Auction, Stream::Money] {
        let lost = journal.permit(stream).unwrap();
        let used = journal.permit(stream).unwrap();
        let draw = entropy::draw();
        let event = Lifecycle::LateSync { auction: draw.auction };
        let payload = lifecycle(&head(used.seq()), &draw, &event);
        flushed(used, payload);
        drop(lost);
    }
    life::end(&journal, head);
    journal.close();
    let events = events(data.path());
    let [Lifecycle::Start, Lifecycle::LateSync { .. }, gap, Lifecycle::Stop { auction_end: 1 }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(gap, &Lifecycle::Gap { boot: 1, auction: vec![0], money: vec![1] });
    assert!(gaps(data.path()).unwrap().explained());
}

/// Returns who pruned, and the first record that was to be kept.
fn pruned(data: &Path) -> Vec<(Box<str>, u64)> {
    let records = kept(data, Stream::Money).into_iter();
    let actions = records.filter(|record| record.kind == Kind::Admin).map(|it| it.admin().unwrap());
    let prunes = actions.filter_map(|admin| match admin.action {
        Action::Prune { first_kept, .. } => Some((admin.by, first_kept)),
        Action::Erase { .. } => None,
    });
    prunes.collect()
}

/// Returns the index of the first auction that is kept.
fn first(data: &Path) -> u64 {
    frames(data, Stream::Auction).unwrap().next().unwrap().unwrap().index
}

/// Returns what happened to a node.
fn events(data: &Path) -> Vec<Lifecycle> {
    let records = kept(data, Stream::Money).into_iter();
    let life = records.filter(|record| record.kind == Kind::Lifecycle);
    life.map(|record| record.lifecycle().unwrap()).collect()
}

/// Returns all records of a stream.
fn kept(data: &Path, stream: Stream) -> Vec<Record> {
    let frames = frames(data, stream).unwrap();
    frames.map(|frame| read(&frame.unwrap().payload).unwrap()).collect()
}

/// Returns a node that sold from a moment on, with sealed segments, and a time in their middle.
fn sealed(from: UnixMillis) -> (Node, UnixMillis) {
    let limits = Limits { segment: 64 << 10, ahead: 64, ..Limits::default() };
    let mut node = Node::start_at(from, limits);
    node.sell(200);
    node.publish();
    let path = node.data.path();
    until("the full segments are sealed", || {
        let files = files(path, Stream::Auction).unwrap();
        let (last, full) = files.split_last().unwrap();
        (1 < full.len() && !last.sealed && full.iter().all(|file| file.sealed)).then_some(())
    });
    (node, UnixMillis(from.0 + 120))
}

/// Runs `breakwater audit` on a data folder; returns its code and what it said.
fn audit(data: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("breakwater").unwrap();
    let output = command.arg("audit").args(arguments).arg("--data").arg(data).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}
