//! Another config under load, a refused one, and the drain: the program as a process.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;
use std::thread;

use breakwater::io::journal::Stream;
use breakwater::io::journal::read::frames;
use breakwater::wire::record::Kind;
use breakwater::wire::record::read::read;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::killed::verified;
use crate::support::bidder::{Ad, Bidder, Gate};
use crate::support::crowd::{Crowd, Recorded};
use crate::support::exchange::{config, count};
use crate::support::process::{Process, command};
use crate::support::{http, until};

const RELOADS: &str = "breakwater_config_reloads_total";

const RATES: &str = r#"
[[rate]]
source = "ECB"
time = "2026-11-20T15:00:00Z"
max_age = "8760h"
base = "EUR"
quotes = { USD = "1.0842" }
"#;

/// A config file that changes, and the folder of what runs with it.
struct Site {
    _folder: TempDir,
    file: PathBuf,
    data: PathBuf,
}

#[test]
fn bidders_come_and_go_and_floors_change_and_no_caller_notices() {
    let [acme, zenith] = ["acme", "zenith"].map(bidding);
    let site = Site::new(&[&acme]);
    let mut run = Process::start(&site.file, &["run"]);
    let crowd = Crowd::send(4, run.traffic, "reload");
    crowd.until_sold(20);

    site.write(&[&acme, &zenith], |text| text);
    let added = reload(run.admin);
    assert_eq!((added.0, added.1["result"].as_str()), (200, Some("applied")), "{added:?}");
    assert_eq!(
        (&added.1["generation"], &added.1["bidders"]["added"][0]),
        (&2.into(), &"zenith".into())
    );
    assert_eq!(
        added.1["bidders"]["unconnected"],
        Value::Array(vec![]),
        "connected before the swap"
    );
    until_counted(run.admin, "breakwater_bids_total", &["zenith", "won"]);

    site.write(&[&acme, &zenith], |text| {
        text.replace("amount = \"5.00\"", "amount = \"19.00\"") + RATES
    });
    assert_eq!(reload(run.admin).1["generation"], 3);
    until_counted(run.admin, "breakwater_bids_total", &["acme", "below_floor"]);

    site.write(&[&zenith], |text| text);
    let removed = reload(run.admin).1;
    assert_eq!(
        (&removed["generation"], &removed["bidders"]["removed"][0]),
        (&4.into(), &"acme".into())
    );
    crowd.until_sold(crowd.sold() + 40);
    until("its connections are closed", || {
        let text = http::get(run.admin, "/metrics");
        let open = count(text.text(), "breakwater_bidder_connections", &["acme"]);
        (open == 0.0).then_some(())
    });
    let same = reload(run.admin).1;
    assert_eq!((same["result"].as_str(), &same["generation"]), (Some("unchanged"), &4.into()));
    assert_eq!(http::get(run.admin, "/version").json()["config"]["hash"], same["hash"]);
    let metrics = http::get(run.admin, "/metrics");
    assert_eq!(count(metrics.text(), "breakwater_config_generation", &[]), 4.0);
    assert_eq!(count(metrics.text(), RELOADS, &["applied"]), 3.0);

    let answers = crowd.stop();
    assert_eq!(answers.broken, 0, "no connection was dropped");
    for reason in ["technical", "cannot_record", "no_bidders"] {
        assert_eq!(answers.empty.get(reason), None, "{:?}", answers.empty);
    }
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    let recorded = Recorded::read(&site.data);
    recorded.assert_once();
    assert!(recorded.missing(&answers).is_empty(), "every answer is recorded");
    assert_eq!(site.configs_that_served_whole_breaks(), 4);
    verified(&site.data);
}

#[test]
fn a_winner_that_left_the_config_during_its_auction_is_told() {
    let gate = Arc::<Gate>::default();
    let acme = Bidder::bidding_behind(&gate, "acme", vec![Ad::new("a1", "20", 30)]);
    let zenith = Bidder::forgetting("zenith", vec![Ad::new("z1", "6", 30)]);
    let site = Site::new(&[&acme, &zenith]);
    let mut run = Process::start(&site.file, &["run"]);
    let (traffic, admin) = (run.traffic, run.admin);
    let pod = thread::scope(|scope| {
        let target = "/v1/vast?placement=arena&deadline_ms=2000";
        let asked = scope.spawn(move || http::get(traffic, target));
        until("the bidder is asked", || (acme.requests().len() == 1).then_some(()));
        for most in ["3", "2"] {
            site.write(&[&zenith], |text| {
                text.replace("max_ads = 4", &format!("max_ads = {most}"))
            });
            assert_eq!(reload(admin).1["result"], "applied");
        }
        gate.open();
        asked.join().unwrap()
    });
    assert!(pod.text().contains("a1.mp4"), "it has sold under the first config: {pod:?}");
    until("it is told that it won", || (acme.notices().len() == 1).then_some(()));
    assert!(acme.notices()[0].starts_with("/win?mine=a1"), "{:?}", acme.notices());
    until_counted(admin, "breakwater_notices_total", &["acme", "win", "delivered"]);
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    verified(&site.data);
}

#[test]
fn a_key_of_a_publisher_is_changed_by_a_reload() {
    let site = Site::new(&[&bidding("acme")]);
    let key = site.file.with_file_name("key");
    let text = fs::read_to_string(&site.file).unwrap();
    let named = format!("file = \"{}\"", key.display());
    fs::write(&site.file, text.replace("env = \"BREAKWATER_TEST_KEY\"", &named)).unwrap();
    let (old, new) = ("the first key there ever was", "another key, as long as it must be");
    fs::write(&key, old).unwrap();
    let mut run = Process::start(&site.file, &["run"]);
    let traffic = run.traffic;
    let status = |key: &str| {
        let header = format!("authorization: Bearer {key}");
        http::post(traffic, "/v1/breaks", &[&header], r#"{"placement":"keyed"}"#).status
    };
    assert_eq!((status(old), status(new)), (200, 401));
    fs::write(&key, new).unwrap();
    let (_, told) = reload(run.admin);
    assert_eq!((told["result"].as_str(), &told["generation"]), (Some("applied"), &2.into()));
    assert_eq!((status(old), status(new)), (401, 200));
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    verified(&site.data);
}

#[test]
fn a_file_that_cannot_be_changes_nothing_and_all_of_it_is_told() {
    let acme = bidding("acme");
    let site = Site::new(&[&acme]);
    let mut run = Process::start(&site.file, &["run"]);
    let traffic = run.traffic;
    let sells = || http::get(traffic, "/v1/vast?placement=arena").text().contains("a1.mp4");
    let hash = http::get(run.admin, "/version").json()["config"]["hash"].clone();
    site.write(&[&acme], |text| {
        let text = text.replace("delay = \"0ms\"", "delay = \"1ms\"");
        text.replace("publisher = \"pub-open\"", "publisher = \"pub-shut\"") + "\n[surprise]\n"
    });
    let (status, told) = reload(run.admin);
    assert_eq!((status, told["code"].as_str()), (422, Some("config_refused")));
    let codes: BTreeSet<&str> = told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, BTreeSet::from(["BW0102", "BW0106", "BW0110"]), "{told:#}");
    let said = site.command(&run, "reload");
    let stderr = String::from_utf8_lossy(&said.stderr).into_owned();
    assert_eq!(said.status.code(), Some(3), "{stderr}");
    assert!(stderr.contains("BW0110 `shutdown.delay` cannot change while"), "{stderr}");
    assert!(stderr.contains("it takes a restart"), "{stderr}");
    assert!(stderr.contains("the config in force stays"), "{stderr}");
    let config = http::get(run.admin, "/version").json()["config"].clone();
    assert_eq!((&config["generation"], &config["hash"]), (&1.into(), &hash));
    assert!(sells());
    fs::remove_file(&site.file).unwrap();
    assert_eq!(reload(run.admin).1["code"], "config_unreadable");
    let metrics = http::get(run.admin, "/metrics");
    assert_eq!(count(metrics.text(), RELOADS, &["refused"]), 3.0);
    assert_eq!(count(metrics.text(), "breakwater_config_last_reload_success", &[]), 0.0);
    let own = format!("http://{}", run.admin);
    for (host, origin, code) in [
        (None, "https://evil.example", Some("foreign_origin")),
        // Its owner has its name lead to this machine.
        (Some("evil.example:9090"), "http://evil.example:9090", Some("foreign_origin")),
        (None, "null", Some("foreign_origin")),
        (Some("localhost:9090"), "http://localhost:9090", Some("config_unreadable")),
        (Some("[::1]:9090"), "http://[::1]:9090", Some("config_unreadable")),
        (None, &*own, Some("config_unreadable")),
    ] {
        let host = host.map_or_else(|| run.admin.to_string(), str::to_owned);
        let text = format!(
            "POST /v1/reload HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nconnection: close\r\n\
             content-length: 0\r\n\r\n"
        );
        let told = http::send(run.admin, text.as_bytes()).json();
        assert_eq!(told["code"].as_str(), code, "{origin}");
    }

    site.write(&[&acme], |text| text.replace("max_ads = 4", "max_ads = 3"));
    run.signal(Signal::HUP);
    until("the signal is heard", || {
        let config = http::get(run.admin, "/version").json()["config"].clone();
        (config["generation"] == 2).then_some(())
    });
    assert!(sells());
    site.write(&[&acme], |text| text.replace("max_ads = 4", "max_ads = 2"));
    let said = site.command(&run, "reload");
    let stdout = String::from_utf8_lossy(&said.stdout).into_owned();
    assert_eq!(said.status.code(), Some(0), "{stdout}");
    assert!(stdout.starts_with("ok: generation 3 is in force, money record "), "{stdout}");
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    assert_eq!(site.command(&run, "reload").status.code(), Some(4), "nobody is there");
    assert_eq!(site.command(&run, "drain").status.code(), Some(4), "nobody is there");
    verified(&site.data);
}

#[test]
fn reloads_at_the_same_time_come_one_after_the_other() {
    let [acme, zenith] = ["acme", "zenith"].map(bidding);
    let site = Site::new(&[&acme]);
    let mut run = Process::start(&site.file, &["run"]);
    site.write(&[&acme, &zenith], |text| text);
    let admin = run.admin;
    let all: Vec<(u16, Value)> = thread::scope(|scope| {
        #[expect(clippy::needless_collect, reason = "all are asked before one is awaited")]
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| reload(admin))).collect();
        all.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let results = all.iter().map(|(_, told)| told["result"].as_str().unwrap());
    assert_eq!(results.filter(|result| *result == "applied").count(), 1, "{all:?}");
    assert!(all.iter().all(|(_, told)| told["generation"] == 2), "{all:?}");
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    verified(&site.data);
}

#[test]
fn a_drain_under_load_answers_what_came_and_ends_in_order() {
    let site = Site::new(&[&bidding("acme")]);
    let text = fs::read_to_string(&site.file).unwrap();
    fs::write(&site.file, text.replace("delay = \"0ms\"", "delay = \"1s\"")).unwrap();
    let mut run = Process::start(&site.file, &["run"]);
    let crowd = Crowd::send(4, run.traffic, "drain");
    crowd.until_sold(20);
    let said = site.command(&run, "drain");
    assert_eq!((said.status.code(), &*said.stdout), (Some(0), &b"ok: draining\n"[..]));
    let ready = http::get(run.admin, "/readyz?verbose");
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("[-] not draining"), "{}", ready.text());
    let (status, told) = reload(run.admin);
    assert_eq!((status, told["code"].as_str()), (409, Some("draining")));
    assert_eq!(
        http::post(run.admin, "/v1/drain", &[], "").status,
        202,
        "told again it is the same"
    );
    // Whoever started it stops it now: that is no second hurry.
    run.signal(Signal::TERM);
    let sold = crowd.sold();
    crowd.until_sold(sold + 5);
    assert_eq!(run.ended(), Some(0), "{}", run.log());
    assert!(!run.log().contains("told twice"), "{}", run.log());
    let answers = crowd.left();
    let recorded = Recorded::read(&site.data);
    recorded.assert_once();
    assert!(recorded.missing(&answers).is_empty(), "an orderly stop loses nothing");
    verified(&site.data);
}

impl Site {
    /// Writes a config with these bidders.
    fn new(bidders: &[&Bidder]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, data) = (folder.path().join("breakwater.toml"), folder.path().join("data"));
        let site = Self { _folder: folder, file, data };
        site.write(bidders, |text| text);
        site
    }

    fn write(&self, bidders: &[&Bidder], change: impl FnOnce(String) -> String) {
        fs::write(&self.file, change(config(&self.data, bidders))).unwrap();
    }

    /// Runs a command against a running exchange.
    fn command(&self, run: &Process, name: &str) -> Output {
        let admin = format!("http://{}/", run.admin);
        command(&self.file, &[name, "--admin", &admin]).output().unwrap()
    }

    /// Returns how many configs auctions cite. Of each auction every bidder of its config has an
    /// answer, and nobody else.
    fn configs_that_served_whole_breaks(&self) -> usize {
        let configs = configs(&self.data);
        let mut cited = BTreeSet::new();
        for frame in frames(&self.data, Stream::Auction).unwrap() {
            let record = read(&frame.unwrap().payload).unwrap();
            if record.kind != Kind::Auction {
                continue;
            }
            let head = record.head().unwrap();
            let (index, root) = head.config.unwrap();
            let (at, bidders, rated) = &configs[&index];
            assert_eq!(root, *at, "the config at {index}");
            assert_eq!(head.rates.is_some(), *rated, "the rates of the config at {index}");
            assert_eq!(record.bidders().map(str::to_owned).collect::<BTreeSet<_>>(), *bidders);
            cited.insert(index);
        }
        cited.len()
    }
}

/// A config in the journal: its root, its bidders, and whether it has rates.
type Recording = ([u8; 32], BTreeSet<String>, bool);

/// Returns the configs in a journal, by their index.
fn configs(data: &Path) -> BTreeMap<u64, Recording> {
    let mut configs = BTreeMap::new();
    for frame in frames(data, Stream::Money).unwrap() {
        let frame = frame.unwrap();
        let record = read(&frame.payload).unwrap();
        if record.kind == Kind::Config {
            let config: Value = serde_json::from_slice(record.config().unwrap()).unwrap();
            let bidders = config["bidders"].as_array().unwrap().iter();
            let bidders = bidders.map(|it| it["id"].as_str().unwrap().to_owned()).collect();
            let rated = !config["rates"].as_array().unwrap().is_empty();
            configs.insert(frame.index, (record.root, bidders, rated));
        }
    }
    configs
}

fn bidding(id: &'static str) -> Bidder {
    // The dearer of the two wins the seconds that both want.
    let price = if id == "acme" { "20" } else { "21" };
    Bidder::forgetting(id, vec![Ad::new("a1", price, 30), Ad::new("a2", "9", 15)])
}

fn reload(admin: SocketAddr) -> (u16, Value) {
    let answer = http::post(admin, "/v1/reload", &[], "");
    (answer.status, answer.json())
}

fn until_counted(admin: SocketAddr, name: &str, labels: &[&str]) {
    until(&format!("{name} {labels:?}"), || {
        let metrics = http::get(admin, "/metrics");
        (0.0 < count(metrics.text(), name, labels)).then_some(())
    });
}
