//! The public log of a running exchange: over real sockets, from its files, over its starts.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use breakwater::audit::gaps::gaps;
use breakwater::io::journal::Stream;
use breakwater::io::journal::read::frames;
use breakwater::io::log::files::LogFiles;
use breakwater::wire::record::read::read;
use breakwater::wire::record::{Lifecycle, StreamName};
use tlog::checkpoint::Checkpoint;
use tlog::note::VerifierKey;
use tlog::tile::{self, Kind};
use tlog::tree::{self, leaf, root_of};

use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange::{Exchange, config};
use crate::support::http::{self, Answer};
use crate::support::process::{Process, command};
use crate::support::until;

#[test]
fn the_log_is_served_on_the_admin_listener_and_covers_all_at_the_end() {
    let acme = Bidder::quiet("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    exchange.tag("placement=arena&session=1");
    exchange.tag("placement=arena&session=2");
    let vkey = fs::read_to_string(exchange.data.path().join("keys/auction.vkey")).unwrap();
    let vkey = VerifierKey::parse(vkey.trim_end()).unwrap();
    assert_eq!(vkey.name(), "breakwater.example/n1/auction");
    let (answer, checkpoint) = until("a checkpoint of two auctions", || {
        let answer = http::get(exchange.admin, "/log/auction/checkpoint");
        let found = (answer.status == 200)
            .then(|| Checkpoint::open(answer.text(), &vkey).unwrap())
            .filter(|checkpoint| checkpoint.size == 2)?;
        Some((answer, found))
    });
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=1"));
    check(exchange.admin, &checkpoint);
    let traffic = http::get(exchange.traffic, "/log/auction/checkpoint");
    assert_eq!(traffic.status, 404, "not public unless the config says so");
    exchange.until_count("breakwater_log_entries", &["auction"], 2.0);
    until("a published log of money", || {
        let at = exchange.count("breakwater_log_checkpoint_timestamp_seconds", &["money"]);
        (0.0 < at).then_some(())
    });
    assert_eq!(exchange.count("breakwater_log_failures_total", &[]), 0.0);
    exchange.tag("placement=arena&session=3");
    let data = exchange.stop();
    for stream in [Stream::Auction, Stream::Money] {
        let files = LogFiles::open(data.path(), stream).unwrap();
        let (note, checkpoint) = files.checkpoint().unwrap().unwrap();
        assert_eq!(files.signed().unwrap().unwrap().0, note);
        let entries: Vec<[u8; 58]> = frames(data.path(), stream)
            .unwrap()
            .map(|frame| *frame.unwrap().payload.first_chunk().unwrap())
            .collect();
        let leaves: Vec<_> = entries.iter().map(|entry| leaf(entry)).collect();
        assert_eq!(checkpoint.size, u64::try_from(entries.len()).unwrap(), "all is covered");
        assert_eq!(checkpoint.root, root_of(&leaves));
        let width = u16::try_from(entries.len()).unwrap();
        assert_eq!(files.entry_bundle(0, width).unwrap().unwrap(), entries);
    }
}

#[test]
fn a_public_log_is_served_to_anyone_and_nothing_else_is() {
    let data = tempfile::tempdir().unwrap();
    let text =
        config(data.path(), &[]) + "\n[log]\npublic = true\n[journal]\ncheckpoint = \"100ms\"\n";
    let file = data.path().join("breakwater.toml");
    fs::write(&file, text).unwrap();
    let mut process = Process::start(&file, &["run"]);
    let traffic = process.traffic;
    let checkpoint = until("a checkpoint", || {
        let answer = http::get(traffic, "/log/money/checkpoint");
        // The first is of no record.
        let some = answer.status == 200 && answer.text().lines().nth(1) != Some("0");
        some.then_some(answer)
    });
    assert_eq!(checkpoint.header("access-control-allow-origin"), Some("*"));
    let checkpoint = tlog::note::open(checkpoint.text(), &[vkey(data.path(), "money")]).unwrap();
    let checkpoint = Checkpoint::parse(checkpoint.text).unwrap();
    check(traffic, &checkpoint);
    fs::write(data.path().join("log/secret"), "x").unwrap();
    for path in [
        "/log/",
        "/log",
        "/log/money",
        "/log/money/",
        "/log/money/tile",
        "/log/money/tile/0/000",
        "/log/money/tile/0/000.p/256",
        "/log/money/tile/0/0",
        "/log/money/tile/00/000",
        "/log/money/tile/64/000",
        "/log/money/tile/8/0/000",
        "/log/money/tile/0/x000/000",
        "/log/money/../secret",
        "/log/secret",
        "/log/money/%2e%2e/secret",
        "/log/../keys/money.key",
        "/log/money/tile/0/000.p/../../../../../keys/money.key",
        "/log/money/checkpoint/",
        "/log/money/checkpoint.new",
        "/log/other/checkpoint",
        "/log//checkpoint",
        "/log/money/Checkpoint",
        "/log/money/tile/entries/-01",
        "/log/money/tile/entries/x001",
    ] {
        for address in [traffic, process.admin] {
            assert_eq!(http::get(address, path).status, 404, "{path}");
        }
    }
    let asked = |method: &str| {
        let head = format!(
            "{method} /log/money/checkpoint HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        );
        let mut stream = http::connect(traffic);
        std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        answer
    };
    let head = asked("HEAD");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(head.contains("content-length: "), "{head}");
    let post = asked("POST");
    assert!(post.starts_with("HTTP/1.1 405 ") && post.contains("allow: GET, HEAD"), "{post}");
    assert_eq!(process.terminate(), Some(0));
}

#[test]
fn a_folder_behind_what_was_signed_is_refused_with_3() {
    let data = tempfile::tempdir().unwrap();
    let anchor = tempfile::tempdir().unwrap();
    let more = format!("\n[journal]\nanchor = \"{}\"\n", anchor.path().display());
    let folder = data.path().join("data");
    let file = data.path().join("breakwater.toml");
    fs::write(&file, config(&folder, &[]) + &more).unwrap();
    let run = || assert_eq!(Process::start(&file, &["run"]).terminate(), Some(0));
    run();
    let copy = data.path().join("copy");
    copy_folder(&folder, &copy);
    run();
    let newest = data.path().join("newest");
    fs::rename(&folder, &newest).unwrap();
    copy_folder(&copy, &folder);
    let before = tree_of(&folder);
    let refused = command(&file, &["run"]).output().unwrap();
    let log = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{log}");
    assert!(log.contains("is an older copy") && log.contains("money.checkpoint"), "{log}");
    let after = tree_of(&folder);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(after == before, "a refused start changes nothing");
    // The newest folder goes on, and so does a new name in an empty one.
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(&newest, &folder).unwrap();
    run();
    let renamed =
        config(&data.path().join("next"), &[]).replace("[exchange]", "[exchange]\nnode = \"n2\"");
    fs::write(&file, renamed).unwrap();
    run();
    // An anchor that is not there, as when its disk is not mounted, is no anchor without a copy.
    fs::write(&file, config(&folder, &[]) + "\n[journal]\nanchor = \"/nowhere/anchor\"\n").unwrap();
    let failed = command(&file, &["run"]).output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8(failed.stderr).unwrap().contains("/nowhere/anchor"));
}

/// Restored, or its key lost: the way forward is another name, whose first record says which it
/// follows. The exchange does not guess: somebody may want the old one forgotten.
#[test]
fn a_new_origin_says_what_it_follows_and_only_when_told_to() {
    let top = tempfile::tempdir().unwrap();
    let (old, new, anchor) =
        (top.path().join("old"), top.path().join("new"), top.path().join("an"));
    fs::create_dir(&anchor).unwrap();
    let file = top.path().join("breakwater.toml");
    let write = |data: &Path, node: &str, more: &str| {
        let text =
            config(data, &[]).replace("[exchange]", &format!("[exchange]\nnode = \"{node}\""));
        fs::write(&file, format!("{text}\n[journal]\nanchor = {anchor:?}\n{more}")).unwrap();
    };
    let run = || assert_eq!(Process::start(&file, &["run"]).terminate(), Some(0));
    let refused = |what: &str| {
        let refused = command(&file, &["run"]).output().unwrap();
        let log = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(3), "{log}");
        assert!(log.contains(what), "{what}: {log}");
        assert!(!new.join("keys/money.key").exists(), "nothing is begun");
    };
    write(&old, "n1", "");
    run();
    let last = fs::read_to_string(old.join("log/money/checkpoint")).unwrap();
    let unsold = fs::read_to_string(old.join("log/auction/checkpoint")).unwrap();
    fs::remove_file(old.join("keys/money.key")).unwrap();
    // The anchor is another's.
    write(&new, "n2", "");
    refused("of breakwater.example/n1/auction; give this log an anchor of its own");
    // What is named must be there, signed by its key, and another's.
    let follows = |from: &Path| format!("follows = {from:?}\n");
    write(&new, "n2", &follows(&top.path().join("nowhere")));
    refused("no checkpoint is there");
    let same = config(&new, &[]) + "\n[journal]\n" + &follows(&old);
    fs::write(&file, same).unwrap();
    refused("give `exchange.node` another name");
    let older = top.path().join("older");
    copy_folder(&old, &older);
    let size = |note: &str| note.lines().nth(1).unwrap().parse::<u64>().unwrap();
    let forged = last.replace(&format!("\n{}\n", size(&last)), "\n9999\n");
    fs::write(older.join("log/money/checkpoint"), forged).unwrap();
    write(&new, "n2", &follows(&older));
    refused("its key has not signed it");
    // One that had signed less than the anchor has seen.
    let less = Checkpoint { origin: "breakwater.example/n1/money".into(), size: 1, root: [3; 32] };
    let stranger = tlog::note::SignerKey::new(&less.origin, &[8; 32]).unwrap();
    let little = top.path().join("little");
    fs::create_dir(&little).unwrap();
    fs::write(little.join("money.checkpoint"), less.sign(&stranger).unwrap()).unwrap();
    write(&new, "n2", &follows(&little));
    refused("give this log an anchor of its own");

    write(&new, "n2", &follows(&old));
    run();
    run();
    assert_follows((&new, &old), (&unsold, &last), &anchor);
    // Who has begun without a word cannot follow later.
    let begun = top.path().join("begun");
    let alone = config(&begun, &[]).replace("[exchange]", "[exchange]\nnode = \"n3\"");
    fs::write(&file, &alone).unwrap();
    run();
    fs::write(&file, format!("{alone}\n[journal]\nfollows = {old:?}\n")).unwrap();
    refused_again(&file);
}

/// The node in `new` follows the one in `old`, whose last checkpoints were `unsold` and `last`, and says so once.
fn assert_follows((new, old): (&Path, &Path), (unsold, last): (&str, &str), anchor: &Path) {
    let records: Vec<_> = frames(new, Stream::Money).unwrap().map(|frame| frame.unwrap()).collect();
    let told = |index: usize| read(&records[index].payload).unwrap().lifecycle().unwrap();
    let event = Lifecycle::NewOrigin { auction: Some(unsold.into()), money: Some(last.into()) };
    assert_eq!(told(0), event);
    let key = |data: &Path, stream: &str| {
        let text = fs::read_to_string(data.join(format!("keys/{stream}.vkey"))).unwrap();
        text.trim_end().into()
    };
    let change =
        |stream, name| Lifecycle::KeyChange { stream, old: key(old, name), new: key(new, name) };
    assert_eq!(told(1), change(StreamName::Auction, "auction"));
    assert_eq!(told(2), change(StreamName::Money, "money"));
    let lives = (3..records.len()).filter(|index| {
        let record = read(&records[*index].payload).unwrap();
        matches!(record.lifecycle(), Ok(Lifecycle::NewOrigin { .. } | Lifecycle::KeyChange { .. }))
    });
    assert_eq!(lives.count(), 0, "once");
    // The anchor keeps the last word of the old one beside that of the new one.
    let kept = fs::read_to_string(anchor.join("breakwater.example_n1_money.checkpoint")).unwrap();
    assert_eq!(kept, last);
    let now = fs::read_to_string(anchor.join("money.checkpoint")).unwrap();
    assert!(now.starts_with("breakwater.example/n2/money\n"), "{now}");
    let gaps = gaps(new).unwrap();
    assert!(gaps.explained() && gaps.origins.len() == 3 && gaps.starts.len() == 2, "{gaps:?}");
    let what = &gaps.origins[0].what;
    assert!(what.starts_with("it follows breakwater.example/n1/auction at "), "{what}");
    assert!(what.contains("breakwater.example/n1/money at "), "{what}");
    assert_eq!(crate::audit::folder::verified(new).findings.listed(), []);
}

fn refused_again(file: &Path) {
    let refused = command(file, &["run"]).output().unwrap();
    let log = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{log}");
    assert!(log.contains("only an empty data folder can"), "{log}");
}

#[test]
fn a_key_is_made_once_and_refused_when_it_is_not_as_it_was() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("data");
    let file = data.path().join("breakwater.toml");
    fs::write(&file, config(&folder, &[])).unwrap();
    assert_eq!(Process::start(&file, &["run"]).terminate(), Some(0));
    let key = folder.join("keys/auction.key");
    let text = fs::read_to_string(&key).unwrap();
    assert!(text.len() == 65 && text.trim_end().bytes().all(|it| it.is_ascii_hexdigit()));
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let refused = |why: &str| {
        let refused = command(&file, &["run"]).output().unwrap();
        let log = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(3), "{log}");
        assert!(log.contains("keys/auction") && log.contains(why), "{why}: {log}");
    };
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    refused("mode 640");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    for damaged in ["", "00\n", &text.replace(|it: char| it.is_ascii_hexdigit(), "0")] {
        fs::write(&key, damaged).unwrap();
        refused("does not hold the key of breakwater.example/n1/auction");
    }
    fs::remove_file(&key).unwrap();
    refused("it is gone, and checkpoints were signed with it");
    fs::write(&key, &text).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::remove_file(folder.join("keys/auction.vkey")).unwrap();
    assert_eq!(
        Process::start(&file, &["run"]).terminate(),
        Some(0),
        "what is derived is made again"
    );
}

#[test]
fn a_log_that_cannot_be_written_says_so_and_sales_go_on() {
    let acme = Bidder::quiet("acme", vec![Ad::new("a1", "20", 30)]);
    let exchange = Exchange::start(&[&acme]);
    fs::write(exchange.data.path().join("log/auction/tile"), "in the way").unwrap();
    exchange.tag("placement=arena&session=1");
    exchange.until_count("breakwater_log_failures_total", &["auction"], 1.0);
    let ready = http::get(exchange.admin, "/readyz?verbose");
    assert_eq!(ready.status, 200, "the journal is the record");
    assert!(ready.text().contains("not signed any more: the log of auction"), "{}", ready.text());
    assert!(exchange.tag("placement=arena&session=2").text().contains("a1.mp4"));
    exchange.until_at_least("breakwater_log_entries", &["money"], 2.0);
    let data = exchange.stop();
    fs::remove_file(data.path().join("log/auction/tile")).unwrap();
    let exchange = Exchange::start_in(data, &[&acme]);
    exchange.until_at_least("breakwater_log_entries", &["auction"], 2.0);
    exchange.stop();
}

/// Reads the tiles and the bundle of a small log, and checks them against its checkpoint.
fn check(address: SocketAddr, checkpoint: &Checkpoint) {
    let stream = checkpoint.origin.rsplit('/').next().unwrap();
    let tiles = tile::grown(0, checkpoint.size);
    assert_eq!(tiles.len(), 2, "a small log");
    for tile in tiles {
        let answer: Answer = http::get(address, &format!("/log/{stream}/{tile}"));
        assert_eq!(answer.status, 200, "{tile}");
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=3600, immutable"));
        let leaves: Vec<tree::Hash> = match tile.kind {
            Kind::Hashes(_) => answer.body.as_chunks().0.to_vec(),
            Kind::Entries => {
                let entries = tile::entries(&answer.body).unwrap();
                assert!(entries.iter().all(|entry| entry.len() == 58 && entry[0] == 1));
                entries.into_iter().map(leaf).collect()
            }
        };
        assert_eq!(root_of(&leaves), checkpoint.root, "{tile}");
    }
}

fn vkey(data: &Path, stream: &str) -> VerifierKey {
    let text = fs::read_to_string(data.join(format!("keys/{stream}.vkey"))).unwrap();
    VerifierKey::parse(text.trim_end()).unwrap()
}

fn copy_folder(from: &Path, to: &Path) {
    for (path, bytes) in tree_of(from) {
        let target = to.join(&path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(&target, bytes).unwrap();
        let mode = fs::metadata(from.join(&path)).unwrap().permissions();
        fs::set_permissions(&target, mode).unwrap();
    }
}

/// Returns all files below a folder and their bytes.
fn tree_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}
