//! `breakwater audit verify|gaps|prune|erase` as processes.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use breakwater::audit::erase::user_sections;
use breakwater::io::journal::Stream;
use breakwater::io::journal::read::frames;
use breakwater::model::time::UnixMillis;
use breakwater::wire::record::admin::Action;
use serde_json::{Value, json};

use crate::audit::folder::Node;

#[test]
fn verify_says_in_a_sentence_and_in_json_what_holds() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    let (code, out, err) = audit(data.path(), &["verify", "--deep"]);
    let holds = "holds: 5 records, 2 auctions (2 decided again, all equal); money stream: first 3 \
                 records signed with the folder's own key; auction stream: first 2 records signed \
                 with the folder's own key\n";
    assert_eq!((code, &*out, &*err), (Some(0), holds, ""));
    let (code, out, _) = audit(data.path(), &["verify", "--format", "json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    let stream = |count| {
        json!({
            "records": count, "first": 0, "end": count, "signed": count, "published": count,
            "unsigned": 0, "erased": 0, "key": "folder",
        })
    };
    let all = json!({
        "verdict": "holds", "streams": { "auction": stream(2), "money": stream(3) },
        "records": 5, "auctions": 2, "replayed": 0, "starts": 1, "findings": [], "more": 0,
    });
    assert_eq!((code, told), (Some(0), all));

    let key = fs::read_to_string(data.path().join("keys/auction.vkey")).unwrap();
    let key = key.trim_end();
    let (code, out, _) = audit(data.path(), &["verify", "--key", key]);
    assert!(
        code == Some(0) && out.contains("first 2 records signed with the key given\n"),
        "{out}"
    );
    assert!(out.contains("first 3 records signed with the folder's own key;"), "{out}");
    let (code, out, err) = audit(data.path(), &["verify", "--key", key, "--key", key]);
    assert_eq!((code, &*out), (Some(2), ""), "which of them would count?");
    assert!(err.contains("give one key a stream"), "{err}");
    assert_eq!(audit(data.path(), &["verify", "--key", "no+key"]).0, Some(2));
    let tile = data.path().join("log/auction/tile/0/000.p/2");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[40] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let (code, out, _) = audit(data.path(), &["verify", "--format", "json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    let finding = json!({
        "file": "log/auction/tile/0/000.p/2", "index": 1, "field": "hash",
        "what": "hash 1 is not that of the record's entry",
    });
    assert_eq!(
        (code, &told["verdict"], &told["findings"]),
        (Some(3), &"broken".into(), &json!([finding]))
    );
    let (code, out, _) = audit(data.path(), &["verify"]);
    assert!(out.starts_with("log/auction/tile/0/000.p/2: record 1: hash: "), "{out}");
    assert!(code == Some(3) && out.contains("\nbroken: 1 fault in 5 records"), "{out}");
}

/// A key alone proves nothing: who took the checkpoints away took the proof.
#[test]
fn a_folder_without_a_checkpoint_does_not_hold_and_names_no_key() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    for file in ["journal/auction", "journal/money", "log/auction", "log/money"] {
        fs::remove_file(data.path().join(file).join("checkpoint")).unwrap();
    }
    let key = fs::read_to_string(data.path().join("keys/money.vkey")).unwrap();
    for given in [&[][..], &["--key", key.trim_end()]] {
        let arguments = [&["verify", "--format", "json"], given].concat();
        let (code, out, _) = audit(data.path(), &arguments);
        let told: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, &told["verdict"]), (Some(3), &"broken".into()), "{told}");
        let findings = told["findings"].as_array().unwrap().iter();
        let found: Vec<_> = findings.map(|it| (&it["file"], &it["field"])).collect();
        let (money, auction) = ("log/money/checkpoint".into(), "log/auction/checkpoint".into());
        let field = "checkpoint".into();
        assert_eq!(found, [(&money, &field), (&auction, &field)], "{told}");
        for stream in ["money", "auction"] {
            let stream = &told["streams"][stream];
            let signed = (&stream["key"], &stream["signed"], &stream["published"]);
            assert_eq!(signed, (&Value::Null, &Value::Null, &Value::Null), "{told}");
        }
    }
    let (code, out, _) = audit(data.path(), &["verify"]);
    assert!(code == Some(3) && out.contains("nothing of this stream is signed"), "{out}");
}

/// What the log signs is missed where the whole journal was taken away; a folder of neither is none.
#[test]
fn a_log_without_its_journal_does_not_hold() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    fs::remove_dir_all(data.path().join("journal")).unwrap();
    let (code, out, _) = audit(data.path(), &["verify"]);
    assert!(code == Some(3) && out.contains("the signed checkpoint counts 2"), "{out}");
    fs::remove_dir_all(data.path().join("log")).unwrap();
    let (code, _, err) = audit(data.path(), &["verify"]);
    assert!(code == Some(1) && err.contains("it holds no journal"), "{err}");
}

#[test]
fn another_key_does_not_verify() {
    let (data, other) = (Node::start().stop(), Node::start().stop());
    let key = fs::read_to_string(other.path().join("keys/money.vkey")).unwrap();
    let arguments = ["verify", "--key", key.trim_end(), "--format", "json"];
    let (code, out, _) = audit(data.path(), &arguments);
    let told: Value = serde_json::from_str(&out).unwrap();
    let findings = told["findings"].as_array().unwrap().iter();
    let fields: Vec<_> = findings.map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!((code, fields), (Some(3), vec!["key", "signature", "signature"]));
    // Its text or the file that holds it, as `check` takes it.
    let file = data.path().join("keys/money.vkey");
    let (code, out, _) = audit(data.path(), &["verify", "--key", file.to_str().unwrap()]);
    assert!(code == Some(0) && out.contains("first 3 records signed with the key given"), "{out}");
    assert_eq!(audit(data.path(), &["verify", "--key", "nowhere"]).0, Some(2));
}

#[test]
fn the_others_say_what_they_did() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    let (code, out, _) = audit(data.path(), &["gaps"]);
    assert_eq!((code, &*out), (Some(0), "1 start, nothing missing that is not explained\n"));
    let erase = ["erase", "--user-sections", "--before", "2100-01-01T00:00:00Z"];
    let (code, out, _) = audit(data.path(), &erase);
    assert!(code == Some(0) && out.starts_with("2 sections erased, 0 were before"), "{out}");
    let (code, out, _) = audit(data.path(), &erase);
    let again = "0 sections erased, 2 were before";
    assert!(
        code == Some(0) && out.starts_with(again) && out.contains("nothing to record"),
        "{out}"
    );
    assert_eq!(audit(data.path(), &["erase", "--before", "1"]).0, Some(2), "of what?");
    assert_eq!(audit(data.path(), &["erase", "--user-sections", "--before", "x"]).0, Some(2));
    let (code, out, _) = audit(data.path(), &["prune", "--before", "1", "--format", "json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    let none = json!({ "segments": 0, "records": 0, "bytes": 0, "first_kept": 0, "record": null });
    assert_eq!((code, told), (Some(0), none));
    let (code, _, err) = audit(data.path(), &["prune"]);
    assert!(code == Some(1) && err.contains("journal.retention"), "{err}");
    let (_, out, _) = audit(data.path(), &["verify", "--deep"]);
    assert!(out.starts_with("holds: "), "{out}");
    assert!(
        out.contains(
            "auction stream: first 2 records signed with the folder's own key, 2 sections erased\n"
        ),
        "{out}"
    );
}

/// What a command that was killed erased, or somebody by hand, is told until it is recorded.
#[test]
fn an_erasure_that_no_record_tells_of_is_told() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    let erased = user_sections(data.path(), UnixMillis(u64::MAX)).unwrap().erased;
    assert_eq!(erased, 2);
    let (code, out, _) = audit(data.path(), &["verify"]);
    let told = "journal/auction: user: 2 sections are erased, and no money record (kind 10) tells \
                of an erasure\nbroken: 1 fault";
    assert!(code == Some(3) && out.starts_with(told), "{out}");
    assert!(out.ends_with("own key, 2 sections erased\n"), "{out}");
    let erase = ["erase", "--user-sections", "--before", "2100-01-01T00:00:00Z"];
    let (code, out, _) = audit(data.path(), &erase);
    assert!(code == Some(0) && out.contains("recorded as money record"), "{out}");
    let (code, out, _) = audit(data.path(), &["verify"]);
    assert!(code == Some(0) && out.starts_with("holds: "), "{out}");
}

#[test]
fn a_record_tells_of_so_many_erasures_and_no_later_ones() {
    for (before, sections, what) in [
        (
            u64::MAX,
            1,
            "journal/auction: user: 2 sections are erased, and money records (kind 10) tell of 1\n",
        ),
        (
            1,
            2,
            "journal/auction: record 1: user: 2 sections are erased, and no money record (kind 10) tells of one so recent\n",
        ),
        (u64::MAX, 3, "holds: "),
    ] {
        let mut node = Node::start();
        node.sell(2);
        node.told(Action::Erase { before: UnixMillis(before), sections });
        let data = node.stop();
        user_sections(data.path(), UnixMillis(u64::MAX)).unwrap();
        let (_, out, _) = audit(data.path(), &["verify"]);
        assert!(out.starts_with(what), "{out}");
    }
    // One that nobody signed anyone may have added.
    let mut node = Node::start();
    node.sell(2);
    node.publish();
    node.told(Action::Erase { before: UnixMillis(u64::MAX), sections: 2 });
    let data = node.crash();
    user_sections(data.path(), UnixMillis(u64::MAX)).unwrap();
    let (code, out, _) = audit(data.path(), &["verify"]);
    let what = "journal/auction: user: 2 sections are erased, and no checkpoint signs the money \
                record (kind 10) that says so\n";
    assert!(code == Some(3) && out.starts_with(what), "{out}");
}

/// A pipe or a folder in the place of a file is no fault of the disk.
#[test]
fn a_segment_that_is_no_file_is_a_verdict() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    let segment = data.path().join("journal/auction/auction-00000000000000000000.seg");
    fs::remove_file(&segment).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&segment).status().unwrap();
    assert!(made.success());
    each_says_so(data.path());
    fs::remove_file(&segment).unwrap();
    fs::create_dir(&segment).unwrap();
    each_says_so(data.path());
}

fn each_says_so(data: &Path) {
    for command in [
        &["replay", "latest"][..],
        &["replay"],
        &["explain", "latest"],
        &["prove", "latest", "--for", "auditor"],
        &["export"],
        &["verify"],
        &["gaps"],
        &["erase", "--user-sections", "--before", "2100-01-01T00:00:00Z"],
        &["prune", "--before", "2100-01-01T00:00:00Z"],
    ] {
        let (code, out, err) = audit(data, command);
        let said = out + &err;
        assert!(code == Some(3) && said.contains("auction-0000"), "{command:?}: {code:?} {said}");
    }
}

/// What stands in a torn tail is no record, whatever its number.
#[test]
fn a_damaged_tail_does_not_count_as_newer_records() {
    let mut node = Node::start();
    node.sell(2);
    node.publish();
    node.sell(1);
    let data = node.crash();
    let segment = data.path().join("journal/auction/auction-00000000000000000000.seg");
    let last = frames(data.path(), Stream::Auction).unwrap().last().unwrap().unwrap();
    let place = usize::try_from(last.offset).unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    let frame = |index: u64, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        let sum = crc32c::crc32c(&[&length[..], &index.to_le_bytes(), payload].concat());
        [&length[..], &sum.to_le_bytes(), payload].concat()
    };
    bytes.truncate(place);
    bytes.extend([7; 40]);
    bytes.extend(frame(1_000_000, &last.payload));
    fs::write(&segment, bytes).unwrap();
    let (code, out, _) = audit(data.path(), &["verify"]);
    assert_eq!(code, Some(3), "{out}");
    assert!(!out.contains("99"), "{out}");
}

#[test]
fn a_journal_without_auctions_says_so() {
    let data = Node::start().stop();
    for command in [&["replay", "latest"][..], &["explain", "latest"]] {
        let (code, out, err) = audit(data.path(), command);
        let none = (Some(3), "there is no auction in the journal\n", "");
        assert_eq!((code, &*out, &*err), none, "{command:?}");
        let (code, out, _) = audit(data.path(), &[command, &["--format", "json"]].concat());
        let told: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((code, &told["verdict"]), (Some(3), &"missing".into()), "{command:?}");
    }
    let (code, out, _) = audit(data.path(), &["replay"]);
    assert_eq!((code, &*out), (Some(0), "no auction was decided again\n"));
    let both = ["replay", "latest", &format!("auc_{:032x}", 7)];
    assert_eq!(audit(data.path(), &both).0, Some(2), "one or the other");
    let (code, out, err) = audit(data.path(), &["export"]);
    assert_eq!((code, &*out), (Some(0), ""));
    assert_eq!(err, "no rows written: there is no auction in the journal\n");
}

/// A journal that lost records it has signed is not one that never had any.
#[test]
fn a_journal_that_was_emptied_says_what_it_lacks() {
    let mut node = Node::start();
    node.sell(2);
    let data = node.stop();
    for file in fs::read_dir(data.path().join("journal/auction")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|it| it == "seg") {
            fs::remove_file(path).unwrap();
        }
    }
    let id = format!("auc_{:032x}", 7);
    for command in [
        &["replay", "latest"][..],
        &["replay", &id],
        &["replay"],
        &["explain", "latest"],
        &["prove", "latest", "--for", "auditor"],
        &["export"],
    ] {
        let (code, out, err) = audit(data.path(), command);
        let said = out + &err;
        assert!(code == Some(3) && said.contains("signs 2 records"), "{command:?}: {said}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut node = Node::start();
    node.sell(1);
    let data = node.stop();
    let text = audit(data.path(), &["prove", "latest", "--for", "auditor"]).1;
    let bundle = data.path().join("bundle");
    fs::write(&bundle, text).unwrap();
    let key = data.path().join("keys/auction.vkey");
    let check = ["check", bundle.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let erase = ["erase", "--user-sections", "--before", "2100-01-01T00:00:00Z"];
    for arguments in [
        &["verify"][..],
        &["gaps"],
        &["explain", "latest"],
        &["replay"],
        &["export"],
        &["export", "--rows", "bids", "--format", "csv"],
        &["prove", "latest", "--for", "auditor"],
        &check,
        &erase,
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_breakwater"));
        command.arg("audit").args(arguments).stdout(writer);
        if arguments[0] != "check" {
            command.arg("--data").arg(data.path());
        }
        let output = command.stderr(std::process::Stdio::piped()).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), &*err), (Some(141), ""), "{arguments:?}");
    }
}

/// Runs an audit command on a data folder; returns exit code, stdout and stderr.
fn audit(data: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("breakwater").unwrap();
    let output = command.arg("audit").args(arguments).arg("--data").arg(data).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}
