//! The binary: its exit codes, and data on stdout only.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use http_body_util::Full;
use hyper::Response;

use crate::support::target;

#[test]
fn help_opens_with_two_examples() {
    let output = loadtest(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("Examples:"));
    assert!(lines.by_ref().take(2).all(|line| line.starts_with("  loadtest ")), "{text}");
}

#[test]
fn wrong_usage_exits_2_and_says_why_on_stderr() {
    let closed = "[load]\nin_flight = 2\nrequests = 4\ntmax_ms = 250\n";
    let head = |url: &str| format!("name = \"x\"\n[target]\nurl = \"{url}\"\npath = \"/\"\n");
    let here = head("http://127.0.0.1:1");
    let cases = [
        (format!("{here}[load]\nrate = 100.0\nrequests = 4\ntmax_ms = 250\n"), "open loop"),
        (format!("{here}[load]\nrate = 1.0\nin_flight = 4\nseconds = 1\ntmax_ms = 2\n"), "set one"),
        (format!("{here}[load]\nrate = -1.0\nseconds = 4\ntmax_ms = 250\n"), "above 0"),
        (format!("{here}[load]\nrate = 1.0\nconnections = 0\nseconds = 4\ntmax_ms = 9\n"), "30000"),
        (
            format!(
                "{here}[load]\nseconds = 4\ntmax_ms = 9\n[[publisher]]\nname = \"a\"\nrate = 0.0\n"
            ),
            "above 0",
        ),
        (format!("{here}[load]\nrequests = 4\ntmax_ms = 250\n"), "in_flight"),
        (format!("{here}[load]\nin_flight = 1\ntmax_ms = 250\n"), "load.requests"),
        (format!("{here}{closed}hurry = true\n"), "hurry"),
        (format!("{}{closed}", head("http://192.0.2.1")), "--i-own-the-target"),
        (format!("{}{closed}", head("http://127.0.0.1.example")), "--i-own-the-target"),
        (format!("{}{closed}", head("http://127.0.0.1@192.0.2.1")), "user"),
        (format!("{}{closed}", head("https://127.0.0.1")), "http://"),
        (format!("{}{closed}", head("http://127.0.0.1/v1")), "target.path"),
        (format!("{here}{closed}[[bidder]]\ncast = \"ghost\"\n"), "ghost"),
        (format!("{here}{closed}[[bidder]]\ncount = 2\n"), "`cast` or `character`"),
        (format!("{here}{closed}[[bidder]]\ncast = \"fast\"\ncount = 9\nport = 65530\n"), "65535"),
        ("name = ".to_owned(), "line 1"),
    ];
    for (index, (text, said)) in cases.into_iter().enumerate() {
        let path = write(&format!("wrong-{index}.toml"), &text);
        let output = loadtest(&["run", path.to_str().unwrap()]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}\n{stderr}");
        assert!(stderr.contains(said), "{said:?} is not in {stderr:?}");
        assert!(output.stdout.is_empty());
    }
    assert_eq!(loadtest(&["run", "/nowhere.toml"]).status.code(), Some(2));
    assert_eq!(loadtest(&["fly"]).status.code(), Some(2));
    assert_eq!(loadtest(&["bidders", "/nowhere.toml"]).status.code(), Some(2));
}

#[test]
fn an_unreachable_target_exits_4() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let path = write("unreachable.toml", &scenario("http://127.0.0.1:1"));
    let output = loadtest(&["run", path.to_str().unwrap(), "--target", &url]);
    assert_eq!(output.status.code(), Some(4));
}

#[tokio::test]
async fn a_run_prints_its_report_and_exits_0() {
    let vast = "<VAST><Ad><InLine><Duration>00:00:30</Duration></InLine></Ad></VAST>";
    let address = target(move |_, _| std::future::ready(Response::new(Full::from(vast)))).await;
    let path = write("run.toml", &scenario(&format!("http://{address}")));
    let pid = std::process::id().to_string();
    let path = path.to_str().unwrap();
    let output = beside(&["run", path, "--pid", &pid, "--summary", "json"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["verdicts"]["answered"], 4);
    assert_eq!(report["verdicts"]["filled_seconds"], 120.0);
    assert!(report["process"]["rss_bytes"].as_u64().unwrap() > 0);
    assert!(output.stderr.is_empty());
    let output = beside(&["run", path]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("answered       4 of 4\n"), "{text}");
    assert_eq!(beside(&["run", path, "--pid", "0"]).await.status.code(), Some(2));
}

#[test]
fn bidders_print_their_addresses_and_end_on_sigterm() {
    let path = write("cast.toml", "[[bidder]]\ncast = \"fast\"\ncount = 2\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .args(["bidders", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in ["fast-1", "fast-2"] {
        let line = lines.next().unwrap().unwrap();
        let listening: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(listening["bidder"], id);
        let port = u16::try_from(listening["port"].as_u64().unwrap()).unwrap();
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    }
    let kill = Command::new("sh").args(["-c", &format!("kill {}", child.id())]).status().unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(lines.next().is_none());
}

fn loadtest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadtest")).args(arguments).output().unwrap()
}

/// Runs the binary while the test's own target serves.
async fn beside(arguments: &[&str]) -> Output {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let run = move || loadtest(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn scenario(url: &str) -> String {
    format!(
        "name = \"x\"\n[target]\nurl = \"{url}\"\npath = \"/\"\n\
         [load]\nin_flight = 2\nrequests = 4\ntmax_ms = 250\n"
    )
}

fn write(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn bars_are_listed_and_unknown_ones_refused() {
    let output = loadtest(&["bars", "--list"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        names,
        [
            "ratio-hyper",
            "ratio-epoll",
            "ratio-tls",
            "spread",
            "growth",
            "hung",
            "goodput",
            "pause",
            "herd",
            "noisy",
            "breaker",
            "soak"
        ]
    );
    let output = loadtest(&["bars", "--list", "--only", "herd"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
    let output = loadtest(&["bars", "--only", "hurd"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("there are ratio-hyper, "));
    let output = loadtest(&["bars", "--only", "herd", "--breakwater", "/nowhere"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_floor_without_addresses_is_wrong_usage() {
    assert_eq!(loadtest(&["floor", "--http", "hyper"]).status.code(), Some(2));
    let floor = ["floor", "--http", "hyper", "--bidder", "127.0.0.1:1", "--tls"];
    assert_eq!(loadtest(&floor).status.code(), Some(2));
    let path = write(
        "no-ports.toml",
        &format!("{}[[bidder]]\ncast = \"fast\"\n", scenario("http://127.0.0.1:1")),
    );
    let output = loadtest(&["floor", path.to_str().unwrap(), "--http", "epoll"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("has no port"));
    let path = write("nobody.toml", &scenario("http://127.0.0.1:1"));
    let output = loadtest(&["floor", path.to_str().unwrap(), "--http", "hyper"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("nobody is asked"));
}

#[test]
fn a_core_that_is_not_there_is_wrong_usage() {
    let output = loadtest(&["bars", "--list", "--core", "4000"]);
    assert_eq!((output.status.code(), &*output.stdout), (Some(2), &b""[..]));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--core 4000"));
}

#[test]
fn what_is_wrong_with_a_file_is_said_once() {
    let path = write("twice.toml", "surplus = 1\n");
    for command in ["run", "bidders"] {
        let output = loadtest(&[command, path.to_str().unwrap()]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr.matches("TOML parse error").count(), 1, "{stderr}");
    }
}
