//! What a node's records say of its own silence: starts without stops, numbers without records.

use std::path::Path;

use serde::Serialize;

use crate::audit::finding::{Finding, Findings, name};
use crate::audit::lives::{End, Lives};
use crate::audit::numbers::Numbers;
use crate::audit::verify::record::field;
use crate::audit::walk::{Step, Walk};
use crate::io::journal::{JournalError, Stream};
use crate::wire::record::{Lifecycle, read};

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
    lives.catch_up(data)?;
    report.origins =
        lives.origins().iter().filter_map(|(index, event)| told(*index, event)).collect();
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
        | Lifecycle::Stop
        | Lifecycle::Gap { .. }
        | Lifecycle::LateSync { .. }
        | Lifecycle::Cut { .. }
        | Lifecycle::Clock { .. } => None,
    }
}

/// The numbers of a start, and whether records before them were pruned.
type Seen = (u64, Numbers, bool);

/// Reads a stream and returns the numbers of each start.
fn numbers(
    data: &Path,
    stream: Stream,
    lives: &mut Lives,
    findings: &mut Findings,
) -> Result<Vec<Seen>, JournalError> {
    let mut seen: Vec<Seen> = Vec::new();
    let mut walk = Walk::from(data, stream, 0)?;
    while let Some(step) = walk.step()? {
        let frame = match step {
            Step::Record(frame) => frame,
            Step::Lost(lost) => {
                if stream == Stream::Money {
                    lives.lose(lost.index..lost.next.unwrap_or(u64::MAX));
                }
                findings.add(Finding {
                    file: name(data, &lost.file),
                    index: Some(lost.index),
                    field: "frame".to_owned(),
                    what: format!("damaged at offset {}", lost.offset),
                });
                continue;
            }
        };
        let read = read::read(&frame.payload).and_then(|record| {
            if stream == Stream::Money {
                lives.take(frame.index, &record)?;
            }
            record.head()
        });
        match read {
            Ok(head) => {
                if seen.last().is_none_or(|(boot, ..)| *boot != head.boot) {
                    let cut = seen.is_empty() && 0 < frame.index;
                    seen.push((head.boot, Numbers::default(), cut));
                }
                if let Some((_, numbers, _)) = seen.last_mut() {
                    numbers.add(head.seq);
                }
            }
            Err(error) => findings.add(Finding {
                file: name(data, &frame.file),
                index: Some(frame.index),
                field: field(&error).to_owned(),
                what: error.to_string(),
            }),
        }
    }
    Ok(seen)
}

/// Adds the runs of numbers that a start lacks.
fn missing(
    report: &mut Report,
    lives: &Lives,
    stream: Stream,
    (boot, numbers, cut): (u64, &Numbers, bool),
) {
    let life = lives.life(boot);
    // A start that runs, or ended without a stop, may lack what it was writing.
    let unfinished = life.is_some_and(|life| match life.end {
        Some(End::Gap(_)) => true,
        Some(End::Stop(_)) => false,
        None => lives.is_open(boot),
    });
    let pruned = if cut { numbers.first().unwrap_or(0) } else { 0 };
    for run in numbers.missing() {
        let told = life.is_some_and(|life| run.clone().all(|number| life.is_told(stream, number)));
        report.missing.push(Missing {
            stream: stream.name(),
            boot,
            from: run.start,
            to: run.end,
            explained: unfinished || run.end <= pruned || told,
        });
    }
}
