//! What a node's records say of its own silence: starts without stops, numbers without records.

use std::path::Path;

use serde::Serialize;

use crate::audit::finding::{Finding, Findings, name};
use crate::audit::lives::{End, Lives};
use crate::audit::numbers::Numbers;
use crate::audit::verify::record::field;
use crate::audit::verify::{ending, files};
use crate::audit::walk::{self, Step, Trailing, Walk};
use crate::io::journal::read::{self, FrameRef};
use crate::io::journal::{self, JournalError, Stream};
use crate::wire::record::{self, Lifecycle};

/// What is missing of the life of a node.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Every start, in order.
    pub starts: Vec<Start>,
    /// Numbers that no record has, by stream and start.
    pub missing: Vec<Missing>,
    /// Where the logs come from, if they follow others or changed their keys.
    pub origins: Vec<Told>,
    /// What cannot be read.
    pub findings: Findings,
}

/// What a record tells of where a log comes from.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Told {
    /// Its index in the money stream.
    pub index: u64,
    /// `new_origin` or `key_change`.
    pub event: &'static str,
    /// What it says.
    pub what: String,
}

/// A start of the node.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Start {
    /// Its counter.
    pub boot: u64,
    /// Index of its record in the money stream.
    pub start: Option<u64>,
    /// When, in Unix milliseconds.
    pub at: Option<u64>,
    /// How it ended.
    pub end: Ended,
    /// Index of the record that tells it.
    pub end_index: Option<u64>,
}

/// How a start ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// In order.
    Stop,
    /// Without a stop; the next start tells so.
    Gap,
    /// Not yet, or without a stop and no start since.
    Open,
    /// No record tells.
    Unknown,
}

/// A run of numbers that no record has.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Missing {
    /// The stream.
    pub stream: &'static str,
    /// The start.
    pub boot: u64,
    /// The first number.
    pub from: u64,
    /// The number after the last.
    pub to: u64,
    /// Whether a record of kind 11 explains it, or the stream was pruned there.
    pub explained: bool,
}

impl Report {
    /// Says whether everything missing is explained.
    #[must_use]
    pub fn explained(&self) -> bool {
        let known = self.starts.iter().all(|start| start.end != Ended::Unknown);
        known && self.missing.iter().all(|run| run.explained) && self.findings.is_empty()
    }
}

/// Finds the gaps of a data folder.
///
/// # Errors
///
/// When the file system refuses; damage is a finding.
pub fn gaps(data: &Path) -> Result<Report, JournalError> {
    let mut report = Report::default();
    let mut lives = Lives::default();
    let money = numbers(data, Stream::Money, &mut lives, &mut report.findings)?;
    let auction = numbers(data, Stream::Auction, &mut lives, &mut report.findings)?;
    // In this order: what is gone at the front was told and signed before it went.
    let oldest = journal::oldest(data, Stream::Auction)?.unwrap_or(0);
    lives.catch_up(data)?;
    front(&mut report, &mut lives, data, oldest);
    report.origins =
        lives.origins().iter().filter_map(|(index, event)| told(*index, event)).collect();
    let told = lives.tells_of_auctions().filter(|_| auction.is_empty());
    let told = match walk::segments(data, Stream::Auction)?.is_empty() {
        true => told,
        false => None,
    };
    if let Some(index) = told {
        let what = format!("there are no auction records, and money record {index} tells of some");
        let (file, field) = ("journal/auction".to_owned(), "stream".to_owned());
        report.findings.add(Finding { file, index: Some(0), field, what });
    }
    for (boot, life) in lives.all() {
        let end = match life.end {
            Some(End::Stop(_)) => Ended::Stop,
            Some(End::Gap(_)) => Ended::Gap,
            None if lives.is_open(boot) => Ended::Open,
            None => Ended::Unknown,
        };
        report.starts.push(Start {
            boot,
            start: life.start.map(|(index, _)| index),
            at: life.start.map(|(_, at)| at.0),
            end,
            end_index: life.end.map(|(End::Stop(index) | End::Gap(index))| index),
        });
    }
    for (stream, seen) in [(Stream::Money, money), (Stream::Auction, auction)] {
        for (boot, numbers, cut) in seen {
            missing(&mut report, &lives, stream, (boot, &numbers, cut));
        }
    }
    Ok(report)
}

/// Tells of auctions that are missing at the front, and were not pruned as a signed record tells.
fn front(report: &mut Report, lives: &mut Lives, data: &Path, oldest: u64) {
    // A checkpoint that says nothing was told of when its stream was read.
    lives.sign(read::signed(data, Stream::Money).unwrap_or(0));
    let kept = lives.first_kept();
    if kept < oldest && lives.is_whole() {
        let what = format!(
            "records {kept} to {} are missing, and no signed record tells that they were pruned",
            oldest - 1
        );
        let (file, field) = ("journal/auction".to_owned(), "index".to_owned());
        report.findings.add(Finding { file, index: Some(kept), field, what });
    }
}

/// Says in words where a log comes from.
fn told(index: u64, event: &Lifecycle) -> Option<Told> {
    match event {
        Lifecycle::NewOrigin { auction, money } => {
            let ends = [auction, money].into_iter().flatten().map(|note| {
                let mut lines = note.lines();
                let (origin, size) = (lines.next().unwrap_or(""), lines.next().unwrap_or(""));
                format!("{origin} at {size} records")
            });
            let ends = ends.collect::<Vec<_>>().join(" and ");
            Some(Told { index, event: "new_origin", what: format!("it follows {ends}") })
        }
        Lifecycle::KeyChange { old, new, .. } => {
            Some(Told { index, event: "key_change", what: format!("from {old} to {new}") })
        }
        Lifecycle::Start
        | Lifecycle::Stop { .. }
        | Lifecycle::Gap { .. }
        | Lifecycle::LateSync { .. }
        | Lifecycle::Cut { .. }
        | Lifecycle::Clock { .. } => None,
    }
}

/// The numbers of a start, and whether records before them were pruned.
type Seen = (u64, Numbers, bool);

/// A stream being read.
struct Reading<'a> {
    data: &'a Path,
    stream: Stream,
    seen: Vec<Seen>,
    /// The index after the last record.
    end: u64,
    damaged: bool,
}

/// Reads a stream and returns the numbers of each start.
fn numbers(
    data: &Path,
    stream: Stream,
    lives: &mut Lives,
    findings: &mut Findings,
) -> Result<Vec<Seen>, JournalError> {
    // Before the records: a node at work signs more meanwhile.
    let signed = signed(data, stream, findings)?;
    let mut reading = Reading { data, stream, seen: Vec::new(), end: 0, damaged: false };
    let mut walk = Walk::from(data, stream, 0)?;
    reading.go(&mut walk, lives, findings)?;
    let mut left = ending::ATTEMPTS;
    while let Some(Trailing { file, offset }) = ending::after(&walk, data, stream)? {
        // Somebody may be writing.
        if 0 < left && signed <= reading.end && lives.is_last_open() {
            left -= 1;
            ending::pause();
            reading.go(&mut walk, lives, findings)?;
            continue;
        }
        let what = format!("from offset {offset} on it holds bytes of no record");
        reading.add(&file, reading.end, "frame", what, findings);
        break;
    }
    if reading.end < signed && !reading.damaged {
        let folder = data.join("journal").join(stream.name());
        let what = format!("the records end here, and the signed checkpoint counts {signed}");
        reading.add(&folder, reading.end, "index", what, findings);
    }
    Ok(reading.seen)
}

/// Returns how many records are signed; what does not say is a finding.
fn signed(data: &Path, stream: Stream, findings: &mut Findings) -> Result<u64, JournalError> {
    let (file, what) = match read::signed(data, stream) {
        Ok(signed) => return Ok(signed),
        Err(JournalError::Damaged { file, .. }) => {
            (file, "it does not say how many records are signed")
        }
        // The published copy is looked at too.
        Err(JournalError::Io { path, .. }) if files::odd(&path).is_some() => {
            (path, "it is not a file")
        }
        Err(error) => return Err(error),
    };
    let (file, field) = (name(data, &file), "checkpoint".to_owned());
    findings.add(Finding { file, index: None, field, what: what.to_owned() });
    Ok(0)
}

impl<'a> Reading<'a> {
    /// Reads on to the end, as far as it is written.
    fn go(
        &mut self,
        walk: &mut Walk<'a>,
        lives: &mut Lives,
        findings: &mut Findings,
    ) -> Result<(), JournalError> {
        while let Some(step) = files::step(walk, self.stream)? {
            match step {
                Step::Record(frame) => self.record(&frame, lives, findings),
                Step::Lost(lost) => {
                    self.damaged = true;
                    if self.stream == Stream::Money {
                        lives.lose(lost.index..lost.next.unwrap_or(u64::MAX));
                    }
                    let rest = match lost.next {
                        Some(next) => format!("up to record {next} no number is known"),
                        None => "what follows is not known".to_owned(),
                    };
                    let what = format!("damaged at offset {}: {rest}", lost.offset);
                    self.add(&lost.file, lost.index, "frame", what, findings);
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, frame: &FrameRef<'_>, lives: &mut Lives, findings: &mut Findings) {
        let fresh = self.seen.is_empty();
        self.end = frame.index + 1;
        let read = record::read::read(frame.payload).and_then(|record| {
            if self.stream == Stream::Money {
                lives.take(frame.index, &record)?;
            }
            Ok((record.at, record.head()?))
        });
        match read {
            Ok((at, head)) => {
                if self.seen.last().is_none_or(|(boot, ..)| *boot != head.boot) {
                    let cut = fresh && 0 < frame.index;
                    self.seen.push((head.boot, Numbers::default(), cut));
                }
                if let Some((_, numbers, _)) = self.seen.last_mut() {
                    numbers.add(head.seq, at);
                }
            }
            Err(error) => {
                let (field, what) = (field(&error), error.to_string());
                self.add(frame.file, frame.index, field, what, findings);
            }
        }
    }

    fn add(&self, file: &Path, index: u64, field: &str, what: String, findings: &mut Findings) {
        let (file, index) = (name(self.data, file), Some(index));
        findings.add(Finding { file, index, field: field.to_owned(), what });
    }
}

/// Adds the runs of numbers that a start lacks.
fn missing(
    report: &mut Report,
    lives: &Lives,
    stream: Stream,
    (boot, numbers, cut): (u64, &Numbers, bool),
) {
    let life = lives.life(boot);
    if life.is_none() && lives.is_whole() {
        let file = format!("journal/{}", stream.name());
        let what = format!("start {boot} has records and no record of its start");
        report.findings.add(Finding { file, index: None, field: "boot".to_owned(), what });
    }
    // A start that runs, or ended without a stop, may lack what it was writing.
    let unfinished = life.is_some_and(|life| match life.end {
        Some(End::Gap(_)) => true,
        Some(End::Stop(_)) => false,
        None => lives.is_open(boot),
    });
    let first = numbers.first().filter(|_| cut);
    for hole in numbers.missing() {
        let run = hole.numbers.clone();
        let told = life.is_some_and(|life| run.clone().all(|number| life.is_told(stream, number)));
        let cut = first.is_some_and(|first| hole.fits_cut(first));
        report.missing.push(Missing {
            stream: stream.name(),
            boot,
            from: run.start,
            to: run.end,
            explained: (unfinished && hole.fits_crash()) || cut || told,
        });
    }
}
