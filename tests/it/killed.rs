//! `kill -9` in a loop under load: what was answered is in the journal once, every start goes on,
//! and in the end all of it verifies.
//!
//! `KILL_LOOPS` says how often (5; CI: 100, or as many as it is told), `KILL_SEED` repeats a run,
//! `KILL_DATA` names a folder to keep.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::auction::rng::Rng;
use crate::support::bidder::{Ad, Bidder};
use crate::support::crowd::{Answers, Crowd, FLUSH_WAIT, Recorded};
use crate::support::exchange::{config, count};
use crate::support::http;
use crate::support::process::{self, Process};

/// What one life of the exchange came to.
struct Life {
    answers: Answers,
    /// Answers that left before their flush, of those up to `counted`.
    late: usize,
    /// How many answers had come when the exchange was asked.
    counted: usize,
}

#[test]
#[expect(clippy::print_stdout, reason = "a seed repeats a run; what it came to is the result")]
fn what_was_answered_survives_a_kill_at_any_moment() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let loops = number("KILL_LOOPS").unwrap_or(5);
    let seed = number("KILL_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos())
    });
    println!("KILL_SEED={seed} KILL_LOOPS={loops}");
    let mut rng = Rng::new(seed);
    let folder = tempfile::tempdir().unwrap();
    let data = env::var("KILL_DATA").map_or_else(|_| folder.path().join("data"), PathBuf::from);
    let config = written(folder.path(), &data);
    let mut lives = Vec::new();
    for number in 0..loops {
        if rng.chance(25) {
            kill_while_it_starts(&config);
        }
        lives.push(live_and_die(&config, number, &mut rng));
    }
    let mut last = Process::start(&config, &["run"]);
    let crowd = Crowd::send(2, last.traffic, "last");
    crowd.until_sold(20);
    let answers = crowd.stop();
    assert_eq!(last.terminate(), Some(0), "{}", last.log());
    let recorded = Recorded::read(&data);
    recorded.assert_once();
    assert!(recorded.missing(&answers).is_empty(), "an orderly stop loses nothing");
    let lost: usize = lives.iter().map(|life| life.lost(&recorded)).sum();
    let sold: usize = lives.iter().map(|life| life.answers.sold.len()).sum();
    let late: usize = lives.iter().map(|life| life.late).sum();
    let all = recorded.auctions.len();
    println!("{loops} kills: {sold} answers with ads, {all} auctions recorded");
    println!(
        "{late} answers counted as late, {} told in records, {lost} lost",
        recorded.late.len()
    );
    println!("{}", verified(&data));
}

impl Life {
    /// Returns how many answers are not recorded; all of them must have left before their flush.
    fn lost(&self, recorded: &Recorded) -> usize {
        let missing = recorded.missing(&self.answers);
        for sold in &missing {
            assert!(FLUSH_WAIT <= sold.took, "answered, flushed and not recorded: {sold:?}");
        }
        // What the counter would have said in the end is at most this.
        let after = self.answers.sold.iter().skip(self.counted);
        let late = self.late + after.filter(|sold| FLUSH_WAIT <= sold.took).count();
        assert!(
            missing.len() <= late,
            "{} lost, of {late} that were late: {missing:?}",
            missing.len()
        );
        missing.len()
    }
}

/// Runs the exchange under load and kills it between two drawn answers.
fn live_and_die(config: &Path, number: u64, rng: &mut Rng) -> Life {
    let mut run = Process::start(config, &["run"]);
    let crowd = Crowd::send(6, run.traffic, &format!("life-{number}"));
    crowd.until_sold(rng.index(150));
    let counted = crowd.sold();
    let metrics = http::get(run.admin, "/metrics");
    let late = count(metrics.text(), "breakwater_late_sync_total", &[]);
    crowd.until_sold(counted + 1 + rng.index(30));
    run.kill();
    let answers = crowd.left();
    let late = (0_u16..).find(|known| late <= f64::from(*known)).map(usize::from).unwrap();
    assert!(!run.log().contains("panicked"), "{}", run.log());
    Life { answers, late, counted }
}

/// Kills the exchange when it says its first word, which is in the midst of its start.
fn kill_while_it_starts(config: &Path) {
    let mut command = process::command(config, &["run"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!said.contains("\"ERROR\""), "{said}");
}

/// Verifies a data folder to the last auction; returns the verdict.
pub(crate) fn verified(data: &Path) -> String {
    let mut command = Command::new(process::program());
    command.args(["audit", "verify", "--deep", "--data"]).arg(data);
    let output = command.env_remove("BREAKWATER_CONFIG").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Writes a config of small segments, so that kills meet their seams; returns its path.
pub(crate) fn written(folder: &Path, data: &Path) -> PathBuf {
    let acme = Bidder::forgetting("acme", vec![Ad::new("a1", "20", 30), Ad::new("a2", "9", 15)]);
    let zenith = Bidder::forgetting("zenith", vec![Ad::new("z1", "8", 30), Ad::new("z2", "4", 15)]);
    let path = folder.join("breakwater.toml");
    let text = config(data, &[&acme, &zenith]);
    let journal = "\n[journal]\nsegment = \"1MiB\"\ncheckpoint = \"100ms\"\n";
    fs::write(&path, text + journal).unwrap();
    path
}
