//! The commands as processes: what they print and how they exit.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;

use assert_cmd::Command;
use breakwater::io::journal::Stream;
use breakwater::io::journal::read::frames;
use breakwater::wire::record::Lifecycle;
use breakwater::wire::record::read::read;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange;
use crate::support::http;
use crate::support::process::{Process, command};
use crate::support::until;

#[test]
fn help_begins_with_two_examples() {
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    let examples: Vec<_> = out.lines().take(3).collect();
    assert_eq!(examples[0], "Examples:");
    assert!(examples[1..].iter().all(|line| line.starts_with("  breakwater ")), "{examples:?}");
    let (code, out, _) = run(&["version"]);
    assert_eq!((code, out.starts_with("breakwater 0.")), (Some(0), true), "{out}");
}

#[test]
fn no_other_exchange_is_asked_than_the_one_that_is_meant() {
    for admin in ["https://127.0.0.1:9090", "http://127.0.0.1:9090/x", "nowhere", ":9090", "a:b"] {
        for name in ["reload", "drain"] {
            let (code, out, err) = run(&[name, "--admin", admin]);
            assert_eq!((code, &*out), (Some(2), ""), "{admin}: {err}");
            assert!(err.contains("it must be as http://127.0.0.1:9090"), "{err}");
            // A name that was mistyped must not lead to whoever listens at the default address.
            let (code, out, err) = run(&["-c", "no-such-file.toml", name]);
            assert_eq!((code, &*out), (Some(1), ""), "{err}");
            assert!(err.contains("config no-such-file.toml: "), "{err}");
        }
    }
}

#[test]
fn an_unknown_command_is_usage_and_gets_a_suggestion() {
    let (code, out, err) = run(&["validat"]);
    assert_eq!((code, &*out), (Some(2), ""));
    assert!(err.contains("'validate'"), "{err}");
    assert_eq!(run(&[]).0, Some(2));
    assert_eq!(run(&["audit", "replay", "auc_xyz"]).0, Some(2));
}

#[test]
fn an_auction_is_explained_from_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "9.10", 15), Ad::new("a2", "4.99", 15)]);
    let exchange = exchange::Exchange::start_in(folder, &[&acme]);
    let asked = exchange.tag("placement=arena&break=brk-7&session=s&duration_ms=30000");
    assert!(asked.text().contains("<MediaFile"), "{}", asked.text());
    let explain =
        |id: &str, format| run(&["audit", "explain", id, "--data", &data, "--format", format]);
    // Beside a running exchange, too.
    let (code, out, err) = explain("latest", "text");
    assert_eq!(code, Some(0), "{out}{err}");
    for part in
        ["break brk-7", "acme  2 bids", "9.10 USD", "below_floor (100)", "equal to its record"]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
    let (_, json, _) = explain("latest", "json");
    let told: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&told["verdict"], &told["break"]), (&"holds".into(), &"brk-7".into()));
    assert_eq!(told["pods"][0]["ads"][0]["bid"], "a1");
    let id = told["auction"].as_str().unwrap();
    assert_eq!(explain(id, "text").1, out);

    let nobody = "auc_00000000000000000000000000000001";
    let (code, out, _) = explain(nobody, "text");
    assert_eq!((code, out), (Some(3), format!("{nobody} is not in the journal\n")));
    let (code, json, _) = explain(nobody, "json");
    let told: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &told["verdict"]), (Some(3), &"missing".into()));
    assert_eq!(run(&["audit", "explain"]).0, Some(2), "an id is needed");
    let empty = tempfile::tempdir().unwrap();
    let (code, ..) = run(&["audit", "explain", "latest", "--data", empty.path().to_str().unwrap()]);
    assert_eq!(code, Some(1), "that is no data folder");
}

#[test]
fn validate_says_all_that_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let good = config(&folder, &[]);
    let (code, out, _) = run(&["validate", "--no-environment", "-c", good.to_str().unwrap()]);
    assert_eq!((code, &*out), (Some(0), "ok: 2 publishers, 4 placements, 0 bidders\n"));
    let (code, _, err) = run(&["validate", "-c", good.to_str().unwrap()]);
    assert_eq!(code, Some(3), "its secret is not there");
    assert!(err.contains("BREAKWATER_TEST_KEY"), "{err}");
    assert_eq!(run(&["validate"]).0, Some(0), "the embedded config is good");

    let bad = folder.path().join("bad.toml");
    let text = "[exchange]\ncolour = 1\n[[placement]]\nid = \"a\"\npublisher = \"nobody\"\n";
    fs::write(&bad, text).unwrap();
    let (code, out, err) = run(&["validate", "-c", bad.to_str().unwrap()]);
    assert_eq!((code, &*out), (Some(3), ""));
    for part in
        ["bad.toml:2:1", "BW0102", "exchange.colour", "bad.toml:5:13", "BW0106", "\"nobody\""]
    {
        assert!(err.contains(part), "{part}: {err}");
    }
    let (code, _, err) = run(&["validate", "-c", "/nowhere/x.toml"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("/nowhere/x.toml"), "{err}");
}

#[test]
fn cue_decode_says_what_a_message_says() {
    let message = "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==";
    let (code, out, _) = run(&["cue", "decode", message]);
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &said["command"], &said["duration_s"]),
        (Some(0), &"time_signal".into(), &307.0.into())
    );
    let (code, out, _) = run(&["cue", "decode", "/DA0"]);
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &said["valid"], &said["error"]),
        (Some(3), &false.into(), &"truncated".into())
    );
    let mut piped = program();
    let piped = piped.args(["cue", "decode", "-"]).write_stdin(message).output().unwrap();
    assert_eq!(piped.status.code(), Some(0));
}

#[test]
fn a_run_sells_until_told_and_its_record_holds() {
    let folder = tempfile::tempdir().unwrap();
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let config = config(&folder, &[&acme]);
    let data = folder.path().join("data");
    let mut first = Process::start(&config, &["run"]);
    for number in 0..3 {
        let target = format!("/v1/vast?placement=arena&break=brk-{number}");
        assert!(http::get(first.traffic, &target).text().contains("a1.mp4"));
    }
    let second = command(&config, &["run"]).output().unwrap();
    assert_eq!(second.status.code(), Some(3), "{second:?}");
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process has it open"));
    replays(&data, 3);
    assert_eq!(first.terminate(), Some(0), "{}", first.log());
    replays(&data, 3);
    let last = frames(&data, Stream::Money).unwrap().last().unwrap().unwrap();
    let auctions = frames(&data, Stream::Auction).unwrap().count();
    let stop = Lifecycle::Stop { auction_end: u64::try_from(auctions).unwrap() };
    assert_eq!(read(&last.payload).unwrap().lifecycle(), Ok(stop));

    let torn = frames(&data, Stream::Auction).unwrap().last().unwrap().unwrap().file;
    OpenOptions::new().append(true).open(torn).unwrap().write_all(b"half a record").unwrap();
    replays(&data, 3);
    let mut again = Process::start(&config, &["run"]);
    assert!(again.log().contains("a torn record was cut"), "{}", again.log());
    assert!(http::get(again.traffic, "/v1/vast?placement=arena").text().contains("a1.mp4"));
    assert_eq!(again.terminate(), Some(0));
    replays(&data, 4);

    let (code, out, _) = replay(&data, &["latest"]);
    assert_eq!((code, out.starts_with("1 auction")), (Some(0), true), "{out}");
    let unknown = "auc_018f3c2e9a7b7c4d8e5f001122334455";
    let (code, out, _) = replay(&data, &[unknown]);
    assert_eq!((code, out.contains(unknown)), (Some(3), true), "{out}");
}

#[test]
fn a_second_start_at_the_same_addresses_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let config = config(&folder, &[&acme]);
    let mut run = Process::start(&config, &["run"]);
    let text = fs::read_to_string(&config).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    let data = folder.path().join("data").display().to_string();
    let text = text.replace(&data, &elsewhere.display().to_string());
    let again = |admin: &str| {
        let file = folder.path().join("again.toml");
        let listen = text
            .replace("traffic = \"127.0.0.1:0\"", &format!("traffic = \"{}\"", run.traffic))
            .replace("admin = \"127.0.0.1:0\"", &format!("admin = \"{admin}\""));
        fs::write(&file, listen).unwrap();
        file
    };
    // With everything but the data the same it ends before it has taken a caller or recorded anything.
    let second = command(&again(&run.admin.to_string()), &["run"]).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("admin listener") && !said.contains("listens here too"), "{said}");
    assert!(!elsewhere.join("keys").exists(), "nothing was begun");
    // With a listener of its own for operators it gets some of the callers, and says so.
    let mut third = Process::start(&again("127.0.0.1:0"), &["run"]);
    assert!(third.log().contains("another process listens here too"), "{}", third.log());
    assert_eq!(third.terminate(), Some(0), "{}", third.log());
    assert!(!run.log().contains("listens here too"), "{}", run.log());
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
}

#[test]
fn the_log_says_once_why_a_bidder_cannot_be_reached() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let gone = Bidder::at("gone", nobody.local_addr().unwrap());
    drop(nobody);
    let config = config(&folder, &[&gone]);
    let mut run = Process::start(&config, &["run"]);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    until("it is dialled again and again", || {
        let metrics = http::get(run.admin, "/metrics");
        let failed = exchange::count(metrics.text(), "breakwater_bidder_dials_total", &["failed"]);
        (f64::from(u32::try_from(workers * 6).unwrap()) <= failed).then_some(())
    });
    assert_eq!(run.terminate(), Some(0), "{}", run.log());
    let log = run.log();
    let told = log.lines().filter(|line| line.contains("no connection to the bidder"));
    let told: Vec<_> = told.collect();
    assert!((1..=workers).contains(&told.len()), "each worker says it once: {told:?}");
    for line in told {
        assert!(line.contains("\"gone\"") && line.contains("refused"), "{line}");
    }
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let config = config(&folder, &[&acme]);
    let data = folder.path().join("data");
    for killed in 1..=2 {
        let mut run = Process::start(&config, &["run"]);
        for _ in 0..3 {
            let pod = http::get(run.traffic, "/v1/vast?placement=arena");
            assert!(pod.text().contains("a1.mp4"));
        }
        run.kill();
        replays(&data, killed * 3);
    }
}

#[test]
fn a_replay_of_nothing_is_no_success() {
    let (code, out, err) = replay(&PathBuf::from("/nowhere"), &[]);
    assert_eq!((code, &*out), (Some(1), ""), "{err}");
    assert!(err.contains("/nowhere"), "{err}");
}

#[test]
fn a_damaged_journal_is_a_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let acme = Bidder::bidding("acme", vec![Ad::new("a1", "20", 30)]);
    let config = config(&folder, &[&acme]);
    let data = folder.path().join("data");
    let mut run = Process::start(&config, &["run"]);
    for _ in 0..3 {
        assert_eq!(http::get(run.traffic, "/v1/vast?placement=arena").status, 200);
    }
    assert_eq!(run.terminate(), Some(0));
    let mut stream = frames(&data, Stream::Auction).unwrap();
    let (first, second) = (stream.next().unwrap().unwrap(), stream.next().unwrap().unwrap());
    let mut bytes = fs::read(&first.file).unwrap();
    let middle = usize::try_from((first.offset + second.offset) / 2).unwrap();
    bytes[middle] ^= 1;
    fs::write(&first.file, bytes).unwrap();
    let (code, out, err) = replay(&data, &[]);
    assert_eq!(code, Some(3), "{out}{err}");
    assert!(out.contains("damaged"), "{out}{err}");
    let (code, out, _) = replay(&data, &["--format", "json"]);
    let said: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &said["verdict"]), (Some(3), &"broken".into()), "{said}");
    let refused = command(&config, &["run"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(3), "it does not sell on a damaged journal");
}

/// Replays a data folder; all of its auctions must be equal.
fn replays(data: &std::path::Path, auctions: u64) {
    let (code, out, err) = replay(data, &["--format", "json"]);
    let said: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    assert_eq!((code, &said["auctions"]), (Some(0), &auctions.into()), "{said}");
    assert_eq!(said["verdict"], "holds");
}

fn replay(data: &std::path::Path, more: &[&str]) -> (Option<i32>, String, String) {
    let data = data.to_str().unwrap();
    run(&[&["audit", "replay", "--data", data], more].concat())
}

/// Writes a config; its data folder is `data` beside it.
fn config(folder: &TempDir, bidders: &[&Bidder]) -> PathBuf {
    let path = folder.path().join("breakwater.toml");
    fs::write(&path, exchange::config(&folder.path().join("data"), bidders)).unwrap();
    path
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_breakwater"));
    command.env_remove("BREAKWATER_CONFIG").env_remove("BREAKWATER_DATA");
    command
}

/// Runs a command; returns its exit code, its data and its talk.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = program().args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}
