//! Rows of auctions and bids: everything once, and to each party its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use breakwater::audit::find::latest;
use serde_json::Value;

use crate::prove::Sold;
use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange::Exchange;

#[test]
fn auctions_are_rows() {
    let sold = Sold::new();
    let rows = json(&sold, &[]);
    assert_eq!(rows.len(), 3);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!((&row["index"], &row["placement"]), (&index.into(), &"arena".into()));
        assert_eq!(row["break"], format!("brk-seller{index}"));
        assert_eq!((&row["publisher"], &row["currency"]), (&"pub-open".into(), &"USD".into()));
        assert_eq!((&row["sold"], &row["unfilled"]), (&60.into(), &0.into()));
        assert!(row["time"].as_str().unwrap().ends_with('Z'), "{row}");
        let [first, second] = row["winners"].as_array().unwrap().as_slice() else {
            panic!("{row}")
        };
        assert_eq!((&first["bidder"], &first["sequence"]), (&"acme".into(), &1.into()));
        assert_eq!(
            (&first["clearing"], &first["net"]),
            (&"23.456700000".into(), &"19.938195000".into())
        );
        assert_eq!(second["min_to_win"], "7.123700000");
    }
    let ids: BTreeSet<&str> = rows.iter().map(|row| row["auction"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn bids_are_rows_of_their_bidder() {
    let sold = Sold::new();
    let (code, out, err) =
        export(&sold, &["--rows", "bids", "--format", "csv", "--for", "bidder:acme"]);
    assert_eq!((code, &*err), (Some(0), "6 rows of 3 auctions written\n"));
    let mut lines = out.lines();
    assert_eq!(
        lines.next(),
        Some(
            "auction_id,bidder,bid_id,imp_id,price_cpm,currency,price_norm,status,reason_code,\
             min_to_win,arrival_us,deadline_us"
        )
    );
    let cells: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(cells.len(), 6, "{out}");
    assert_eq!(cells[0][1..3], ["acme", "acmebid"]);
    assert_eq!(cells[0][4..10], ["23.456700000", "USD", "23.456700000", "won", "0", "7.123700000"]);
    assert_eq!(cells[1][4..10], ["1.234500000", "USD", "1.234500000", "below_floor", "100", ""]);
    let all = json(&sold, &["--rows", "bids"]);
    assert_eq!(all.len(), 12);
    let umbra = json(&sold, &["--rows", "bids", "--for", "bidder:umbra"]);
    assert_eq!(umbra.len(), 3);
    // What a loser needed is worked out again.
    assert_eq!(
        (&umbra[0]["status"], &umbra[0]["min_to_win"]),
        (&"outbid".into(), &"19.876100000".into())
    );
}

#[test]
fn a_party_gets_its_own_rows() {
    let sold = Sold::new();
    let (_, acme, _) = export(&sold, &["--for", "bidder:acme"]);
    for secret in ["zenith", "umbra", "brk-seller", "arena", "pub-open", "19.8761", "net", "fees"] {
        assert!(!acme.contains(secret), "{secret}: {acme}");
    }
    assert_eq!(acme.lines().count(), 3);
    let (_, publisher, _) = export(&sold, &["--for", "publisher:pub-open"]);
    for secret in ["umbra", "seat-", "min_to_win", "crid-", "\"pay\""] {
        assert!(!publisher.contains(secret), "{secret}: {publisher}");
    }
    assert_eq!(publisher.lines().count(), 3);
    for party in ["publisher:pub-keyed", "bidder:nobody"] {
        let (code, out, err) = export(&sold, &["--for", party]);
        assert_eq!((code, &*out), (Some(0), ""));
        let why =
            format!("no rows written: {party} had no part in any of 3 auctions: is that its id?\n");
        assert_eq!(err, why);
    }
    let (code, out, err) = export(&sold, &["--rows", "bids", "--for", "publisher:pub-open"]);
    assert_eq!((code, &*out), (Some(3), ""));
    assert!(err.contains("their bidder's to see"), "{err}");
}

#[test]
fn a_time_is_cut_out() {
    let sold = Sold::new();
    let rows = json(&sold, &[]);
    let second = rows[1]["time"].as_str().unwrap();
    let from = json(&sold, &["--from", second]);
    let to = json(&sold, &["--to", second]);
    assert_eq!(from.len() + to.len(), 3);
    assert!(from.iter().all(|row| second <= row["time"].as_str().unwrap()));
    let month = &second[..7];
    assert_eq!(json(&sold, &["--from", month, "--to", month]).len(), 3);
    let (code, out, err) = export(&sold, &["--to", "2020-01"]);
    assert_eq!((code, &*out), (Some(0), ""));
    assert_eq!(err, "no rows written: none of the 3 auctions in the journal is of that time\n");
    let (code, out, err) = export(&sold, &["--from", "2026-12", "--to", "2026-11"]);
    assert_eq!((code, &*out), (Some(2), ""));
    assert!(err.contains("--from is not before --to"), "{err}");
    let widths: Vec<usize> = rows.iter().map(|row| row["time"].as_str().unwrap().len()).collect();
    assert_eq!(widths, [24; 3], "with milliseconds, all of them, so that texts sort as times do");
}

#[test]
fn a_csv_file_is_whole_and_quoted() {
    let sold = Sold::new();
    let file = sold.data.path().join("rows.csv");
    fs::write(&file, "what was there before").unwrap();
    let (code, out, err) = export(&sold, &["--format", "csv", "-o", file.to_str().unwrap()]);
    let said = format!("3 rows of 3 auctions written to {}\n", file.display());
    assert_eq!((code, &*out, &*err), (Some(0), "", &*said));
    assert!(!sold.data.path().join("rows.csv.part").exists());
    let (code, out, err) = export(&sold, &["--format", "csv", "-o", "-"]);
    assert_eq!((code, &*err), (Some(0), "3 rows of 3 auctions written\n"));
    assert_eq!(out, fs::read_to_string(&file).unwrap(), "`-` is standard output");
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains('\r') && text.ends_with('\n'));
    assert!(text.starts_with("auction,time,index,test,publisher,request_id,break,placement,"));
    let winners = text.lines().nth(1).unwrap().split_once(",\"[").unwrap().1;
    let winners = format!("[{}", winners.strip_suffix('"').unwrap().replace("\"\"", "\""));
    let winners: Value = serde_json::from_str(&winners).unwrap();
    assert_eq!(winners[1]["bid"], "zenithbid");
}

#[test]
fn an_export_that_fails_leaves_what_was_there() {
    let sold = Sold::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.jsonl");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    fs::write(&file, "before\n").unwrap();
    let last = latest(sold.data.path()).unwrap().unwrap();
    let good = fs::read(&last.file).unwrap();
    let mut bytes = good.clone();
    bytes[usize::try_from(last.offset).unwrap() + 100] ^= 1;
    fs::write(&last.file, bytes).unwrap();
    let to_link = ["-o", link.to_str().unwrap()];
    let (code, _, err) = export(&sold, &to_link);
    assert!(code == Some(3) && !err.contains("written"), "{err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "before\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half-written stays");
    fs::write(&last.file, good).unwrap();
    // What another command is writing is left to it; what one that was killed left is not.
    let part = folder.path().join("rows.jsonl.part");
    fs::write(&part, "x".repeat(100_000)).unwrap();
    let held = fs::File::open(&part).unwrap();
    held.lock().unwrap();
    let (code, _, err) = export(&sold, &to_link);
    assert!(code == Some(1) && err.contains("another command is writing it"), "{err}");
    drop(held);
    assert_eq!(export(&sold, &to_link).0, Some(0));
    assert!(link.is_symlink() && !part.exists());
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 3);
    assert_eq!(export(&sold, &["-o", folder.path().to_str().unwrap()]).0, Some(1), "a folder");
    assert_eq!(export(&sold, &["-o", "/dev/null"]).0, Some(0));
    assert!(!Path::new("/dev/null").is_file());
}

/// A spreadsheet runs what begins as a formula does.
#[test]
fn no_cell_is_a_formula() {
    let bids = ["=1+1", "+1", "-1", "@a", "'q", "plain", "a=b"];
    let ads = bids.iter().map(|id| Ad::new(id, "9.00", 15));
    let bidder = Bidder::bidding("acme", ads.collect());
    let exchange = Exchange::start(&[&bidder]);
    exchange.tag("placement=arena&break=%3Dcmd%7C&duration_ms=60000");
    let data = exchange.stop();
    let rows = |kind| {
        let arguments = ["audit", "export", "--rows", kind, "--format", "csv", "--data"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_breakwater"));
        let output = command.args(arguments).arg(data.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = rows("bids");
    let cells: Vec<Vec<&str>> = text.lines().skip(1).map(|row| row.split(',').collect()).collect();
    let ids: Vec<&str> = cells.iter().map(|row| row[2]).collect();
    assert_eq!(ids, ["'=1+1", "'+1", "'-1", "'@a", "''q", "plain", "a=b"]);
    assert_eq!(cells[0][4], "9.000000000", "a number stays one");
    assert!(rows("auctions").contains(",'=cmd|,"), "{}", rows("auctions"));
}

#[test]
fn what_cannot_be_exported_yet_says_when() {
    let sold = Sold::new();
    for (arguments, part) in [
        (["--rows", "impressions"], "money work"),
        (["--format", "parquet"], "the archive"),
        (["--from", "soon"], "not a time"),
        (["--for", "anyone"], "publisher:<id>"),
    ] {
        let (code, out, err) = export(&sold, &arguments);
        assert_eq!((code, &*out), (Some(2), ""));
        assert!(err.contains(part), "{err}");
    }
}

fn json(sold: &Sold, arguments: &[&str]) -> Vec<Value> {
    let (code, out, err) = export(sold, arguments);
    let rows = format!("{} rows of ", out.lines().count());
    assert!(code == Some(0) && err.starts_with(&rows), "{arguments:?}: {err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn export(sold: &Sold, arguments: &[&str]) -> (Option<i32>, String, String) {
    let data = sold.data.path().to_str().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_breakwater"));
    let output =
        command.args(["audit", "export", "--data", data]).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}
