//! `audit prove` and `audit check` as processes.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use crate::prove::Sold;

#[test]
fn a_bundle_is_written_checked_and_told() {
    let sold = Sold::new();
    let data = sold.data.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("acme.bundle");
    let file = file.to_str().unwrap();
    let prove = ["audit", "prove", "latest", "--for", "bidder:acme", "--data", data];
    let (code, bundle, err) = run(&prove);
    assert_eq!((code, &*err), (Some(0), ""));
    let (code, out, _) = run(&[&prove[..], &["-o", file]].concat());
    assert_eq!(code, Some(0));
    assert!(out.contains("proved to bidder:acme"), "{out}");
    assert_eq!(fs::read_to_string(file).unwrap(), bundle);
    let log = sold.tale(&bundle).log;
    let place = format!("record {} of {}", log.index, log.size);
    let key = sold.key.to_string();
    let key_file = sold.data.path().join("keys/auction.vkey");
    for key in [&*key, key_file.to_str().unwrap()] {
        let (code, out, err) = run(&["audit", "check", file, "--key", key]);
        assert_eq!(code, Some(0), "{out}{err}");
        for part in
            ["The bundle holds.", "breakwater.example/", &place, "acmebid on imp", "23.4567"]
        {
            assert!(out.contains(part), "{part}: {out}");
        }
    }
    let (code, out, _) = run(&["audit", "check", file, "--key", &key, "--format", "json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["verdict"]), (Some(0), &"holds".into()));
    assert_eq!(told["bidders"][0]["bids"][1]["fate"], "below_floor");

    fs::write(file, bundle.replacen("23.4567", "23.4568", 1)).unwrap();
    let (code, out, _) = run(&["audit", "check", file, "--key", &key]);
    assert_eq!(code, Some(3));
    assert!(out.contains("\"bidder:acme\" is not one of the record, or was changed"), "{out}");
    let (code, out, _) = run(&["audit", "check", file, "--key", &key, "--format", "json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &told["verdict"]), (Some(3), &"broken".into()));
    assert_eq!(told["findings"][0]["file"], file);
}

#[test]
fn refusals_are_clear() {
    let sold = Sold::new();
    let data = sold.data.path().to_str().unwrap();
    let (code, out, err) =
        run(&["audit", "prove", "latest", "--for", "publisher:pub-2", "--data", data]);
    assert_eq!((code, &*out), (Some(3), ""));
    assert!(err.starts_with("publisher:pub-2 had no part in auc_"), "{err}");
    let unknown = format!("auc_{:032x}", 7);
    let (code, _, err) = run(&["audit", "prove", &unknown, "--for", "auditor", "--data", data]);
    assert_eq!((code, err), (Some(3), format!("{unknown} is not in the journal\n")));
    for usage in [
        &["audit", "prove", "latest", "--data", data][..],
        &["audit", "prove", "latest", "--for", "anyone", "--data", data],
        &["audit", "check", "x", "--key", "nowhere"],
        &["audit", "check", "x"],
    ] {
        assert_eq!(run(usage).0, Some(2), "{usage:?}");
    }
    let missing = Path::new(data).join("no-bundle");
    let key = sold.key.to_string();
    assert_eq!(run(&["audit", "check", missing.to_str().unwrap(), "--key", &key]).0, Some(1));
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_breakwater")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}
