//! Bars and the children they start.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use loadtest::{bars, scenario::template::Template};

#[test]
fn every_bar_is_a_sound_scenario() {
    let bars = bars::all().unwrap();
    assert_eq!(bars.len(), 12);
    for bar in &bars {
        let members = loadtest::fleet::members(&bar.bidders).unwrap();
        assert!(members.iter().all(|(character, port)| character.canned && *port == 0));
        assert!(!bar.bar.is_empty() && 250 <= bar.tmax_ms, "{}", bar.name);
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/bars");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "toml")).count();
    assert_eq!(files, bars.len(), "a file that no command knows");
}

#[test]
fn what_bars_ask_is_a_bid_request() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/bars");
    let text = std::fs::read_to_string(format!("{folder}/request.json")).unwrap();
    let text = Template::from(text.replace("TMAX", "250")).fill(1, 2);
    let request: openrtb::request::BidRequest<'_> = serde_json::from_str(&text).unwrap();
    assert_eq!(request.id, "s-1-2");
}

#[test]
fn bars_that_ask_for_what_cannot_be_are_refused() {
    let bidder = "[[bidder]]\ncast = \"fast\"\n";
    let bar = |measure: &str| format!("bar = \"x\"\ntmax_ms = 250\n[measure]\n{measure}\n{bidder}");
    let cases = [
        (
            "kind = \"goodput\"\nfactors = [2.0]\nshares = []\nshed_p99_ms = 5.0\nsurge_s = 1\nconnections = 1",
            "as many",
        ),
        (
            "kind = \"breaker\"\nshare = 0.5\ndead = 1\nfailing = 2\nfrom_s = 1\nto_s = 2\nend_s = 3",
            "numbers of bidders",
        ),
        ("kind = \"herd\"\nrequests = 1\nconnections = 1\nrss_mb = 1.0\nhurry = true", "hurry"),
        ("kind = \"flight\"", "flight"),
    ];
    for (measure, said) in cases {
        let error = bars::scenario::Bar::parse("x", &bar(measure)).unwrap_err().to_string();
        assert!(error.contains(said), "{said:?} is not in {error:?}");
    }
}

#[test]
fn an_exchange_that_does_not_come_up_is_an_error_with_its_words() {
    let path = script("fails", "#!/bin/sh\necho no luck today >&2\nexit 1\n");
    let output = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .args(["bars", "--quick", "--only", "soak", "--breakwater", path.to_str().unwrap()])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the exchange did not come up: no luck today"), "{stderr}");
}

#[test]
fn a_signal_ends_the_children_too() {
    let told = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("child.pid");
    let _ = std::fs::remove_file(&told);
    let text =
        format!("#!/bin/sh\necho $$ > {0}.new\nmv {0}.new {0}\nexec sleep 600\n", told.display());
    let path = script("waits", &text);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bars");
    let mut child = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .args(["bars", "--quick", "--only", "soak", "--breakwater", path.to_str().unwrap()])
        .arg("--folder")
        .arg(&folder)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("measuring soak"), "{line}");
    let until = Instant::now() + Duration::from_secs(60);
    let pid = loop {
        if let Ok(pid) = std::fs::read_to_string(&told) {
            break pid.trim().to_owned();
        }
        assert!(Instant::now() < until, "the script never ran");
        std::thread::yield_now();
    };
    let kill = |pid: &str, signal: &str| {
        Command::new("kill").args([signal, pid]).stderr(Stdio::null()).status().unwrap().success()
    };
    assert!(kill(&child.id().to_string(), "-TERM"));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "a folder is left");
    // What was killed may take a moment to be gone.
    while kill(&pid, "-0") {
        assert!(Instant::now() < until, "process {pid} outlived the load tool");
        std::thread::yield_now();
    }
}

fn script(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}
