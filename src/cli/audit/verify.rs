//! `breakwater audit verify`: is everything in a data folder as it was recorded and signed?

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};
use tlog::note::VerifierKey;

use crate::audit::finding::Finding;
use crate::audit::verify::{self, KeyOf, Progress, Report, StreamReport};
use crate::cli::audit::{Folder, check, folder, misused};
use crate::cli::load::{self, Secrets};
use crate::cli::{Common, Format, NEGATIVE, OK};

/// Options of `audit verify`.
#[derive(Args, Debug)]
pub struct Options {
    /// Decide every auction again, too
    #[arg(long)]
    deep: bool,
    /// The key to check a stream's checkpoints with, instead of that in the folder: the text
    /// `name+id+key`, or a file that holds it; once a stream
    #[arg(long, value_name = "VKEY", value_parser = key)]
    key: Vec<VerifierKey>,
    /// The folder of `journal.anchor`, to hold its checkpoints against the streams; without it, that
    /// of the config, if one is given
    #[arg(long, value_name = "DIR")]
    anchor: Option<PathBuf>,
    #[command(flatten)]
    folder: Folder,
    /// How to answer
    #[arg(long, default_value = "text")]
    format: Format,
}

fn key(text: &str) -> Result<VerifierKey, String> {
    let key = check::key(text)?;
    match verify::stream_of(&key) {
        Some(_) => Ok(key),
        None => Err("not the key of a stream: its name ends in neither /auction nor /money".into()),
    }
}

/// Verifies a data folder; 0 when all holds, 3 when not.
///
/// # Errors
///
/// When the config cannot be read, or the file system refuses.
pub fn run(common: &Common, options: &Options) -> anyhow::Result<u8> {
    let streams: Vec<_> = options.key.iter().map(verify::stream_of).collect();
    if (1..streams.len()).any(|at| streams[..at].contains(&streams[at])) {
        return Ok(misused("--key names one stream twice: give one key a stream")?);
    }
    // A journal that was taken away from its log is a finding.
    let any = ["journal", "log"];
    let Some(data) = folder(common, &options.folder, &any)? else { return Ok(NEGATIVE) };
    let anchor = match (&options.anchor, &common.config) {
        (Some(anchor), _) => Some(anchor.clone()),
        (None, Some(_)) if options.folder.data.is_none() => {
            let Some(loaded) = load::config(common, Secrets::Skip)? else { return Ok(NEGATIVE) };
            loaded.settings.anchor
        }
        (None, _) => None,
    };
    let verified = verify::Options { deep: options.deep, keys: options.key.clone(), anchor };
    let mut meter = Meter::start();
    let report = verify::verify(&data, &verified, &mut |progress| meter.tell(progress))?;
    meter.clear();
    print(&report, options)?;
    Ok(if report.holds() { OK } else { NEGATIVE })
}

/// Returns what was found, in a sentence.
#[must_use]
pub fn verdict(report: &Report) -> String {
    let (records, auctions) = (report.records(), report.auctions);
    let mut text = match report.findings.count() {
        0 => format!("holds: {records} records, {auctions} auctions"),
        1 => format!("broken: 1 fault in {records} records, {auctions} auctions"),
        count => format!("broken: {count} faults in {records} records, {auctions} auctions"),
    };
    if 0 < report.replayed {
        let same = if report.holds() { ", all equal" } else { "" };
        text += &format!(" ({} decided again{same})", report.replayed);
    }
    for (name, stream) in [("money", &report.money), ("auction", &report.auction)] {
        text += &match stream.signed {
            Some(size) => {
                let key = match stream.key {
                    Some(KeyOf::Given) => "the key given",
                    Some(KeyOf::Folder) | None => "the folder's own key",
                };
                format!("; {name} stream: first {size} records signed with {key}")
            }
            None => format!("; {name} stream: not signed"),
        };
        if 0 < stream.first {
            text += &format!(", kept from record {} on", stream.first);
        }
        if 0 < stream.unsigned() && stream.signed.is_some() {
            text += &format!(", {} newer", stream.unsigned());
        }
        text += &match stream.erased {
            0 => String::new(),
            1 => ", 1 section erased".to_owned(),
            count => format!(", {count} sections erased"),
        };
    }
    text
}

fn print(report: &Report, options: &Options) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match options.format {
        Format::Text => {
            let listed = report.findings.listed();
            for finding in listed.iter().take(PRINTED) {
                writeln!(stdout, "{}", line(finding))?;
            }
            let printed = u64::try_from(listed.len().min(PRINTED)).unwrap_or(u64::MAX);
            let rest = report.findings.count().saturating_sub(printed);
            if 0 < rest {
                writeln!(stdout, "and {rest} more")?;
            }
            writeln!(stdout, "{}", verdict(report))
        }
        Format::Json => writeln!(stdout, "{}", document(report)),
    }
}

/// Returns what was found, for programs.
#[must_use]
pub fn document(report: &Report) -> Value {
    let findings = report.findings.listed();
    let listed = u64::try_from(findings.len()).unwrap_or(u64::MAX);
    json!({
        "verdict": if report.holds() { "holds" } else { "broken" },
        "streams": { "auction": stream(&report.auction), "money": stream(&report.money) },
        "records": report.records(),
        "auctions": report.auctions,
        "replayed": report.replayed,
        "starts": report.starts,
        "findings": findings,
        "more": report.findings.count() - listed,
    })
}

/// Tells a finding in a line.
#[must_use]
pub fn line(finding: &Finding) -> String {
    let Finding { file, index, field, what } = finding;
    match index {
        Some(index) => format!("{file}: record {index}: {field}: {what}"),
        None => format!("{file}: {field}: {what}"),
    }
}

fn stream(stream: &StreamReport) -> Value {
    json!({
        "records": stream.records,
        "first": stream.first,
        "end": stream.end,
        "signed": stream.signed,
        "published": stream.published,
        "unsigned": stream.unsigned(),
        "erased": stream.erased,
        "key": stream.key.map(|key| match key {
            KeyOf::Given => "given",
            KeyOf::Folder => "folder",
        }),
    })
}

/// Says on a terminal how far it is.
struct Meter {
    shown: bool,
    begun: Instant,
    last: Instant,
}

impl Meter {
    fn start() -> Self {
        let now = Instant::now();
        Self { shown: io::stderr().is_terminal(), begun: now, last: now }
    }

    fn tell(&mut self, progress: Progress) {
        if !self.shown || self.last.elapsed().as_millis() < EVERY_MS {
            return;
        }
        self.last = Instant::now();
        let took = self.begun.elapsed().as_millis().max(1);
        let Progress { records, bytes } = progress;
        let rate = u128::from(records) * 1_000 / took;
        let megabytes = u128::from(bytes) / 1_000 / took;
        // Who closed stderr does not want to know.
        let _: io::Result<()> = write!(
            io::stderr().lock(),
            "\r{records} records, {rate} records/s, {megabytes} MB/s   "
        );
    }

    fn clear(&self) {
        if self.shown {
            let _: io::Result<()> = write!(io::stderr().lock(), "\r{:60}\r", "");
        }
    }
}

/// How often a person is told.
const EVERY_MS: u128 = 250;
/// How many findings a person is told.
const PRINTED: usize = 20;
