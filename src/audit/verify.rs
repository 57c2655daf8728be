//! Verifies a data folder: records, trees, tiles, checkpoints and what they say of one another.
//!
//! It reads both streams once, record by record, in memory that does not grow with them. What is
//! signed is read first and is the bound: records after it are checked too and counted apart, so
//! that an exchange may be at work meanwhile. Damage is told, and the next segment read.

use std::path::{Path, PathBuf};

use tlog::note::VerifierKey;

use crate::audit::finding::Findings;
use crate::audit::lives::Lives;
use crate::audit::verify::stream::Job;
use crate::io::journal::{JournalError, Stream};

mod auction;
mod cited;
pub(super) mod ending;
mod erased;
pub(super) mod files;
mod growth;
mod ids;
mod junk;
mod log;
pub(super) mod record;
pub(super) mod snapshot;
mod stream;
mod terms;

/// How to verify.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether every auction is decided again.
    pub deep: bool,
    /// Keys that check the checkpoints of their streams, instead of those in the folder; one a
    /// stream.
    pub keys: Vec<VerifierKey>,
    /// The folder `journal.anchor`, whose checkpoints are held against the streams too.
    pub anchor: Option<PathBuf>,
}

/// What was verified, and what is wrong.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// The money stream.
    pub money: StreamReport,
    /// The auction stream.
    pub auction: StreamReport,
    /// Auctions among the records.
    pub auctions: u64,
    /// Auctions decided again.
    pub replayed: u64,
    /// Starts of the node.
    pub starts: u64,
    /// What is wrong.
    pub findings: Findings,
}

/// What was verified of one stream.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StreamReport {
    /// Records read.
    pub records: u64,
    /// The index of the first record that is kept.
    pub first: u64,
    /// The index after the last record.
    pub end: u64,
    /// How many records the last signed checkpoint counts; none without one.
    pub signed: Option<u64>,
    /// How many the published checkpoint counts; none without one.
    pub published: Option<u64>,
    /// Records that were read and no signed checkpoint counts.
    pub newer: u64,
    /// Records whose section `user` is erased.
    pub erased: u64,
    /// Whose key the checkpoints were checked with; none where there was none.
    pub key: Option<KeyOf>,
}

/// Where the key of a stream came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyOf {
    /// Whoever verifies gave it.
    Given,
    /// It lay in the folder that it is to prove: who made the folder made it, too.
    Folder,
}

/// How far a verification is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    /// Records read.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Report {
    /// Returns how many records were read.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.money.records + self.auction.records
    }

    /// Says whether nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }
}

impl StreamReport {
    /// Returns how many records are newer than the last signed checkpoint. What cannot be read is
    /// none of them.
    #[must_use]
    pub fn unsigned(&self) -> u64 {
        self.newer
    }
}

/// Returns the stream that a key signs for, by the end of its name.
#[must_use]
pub fn stream_of(key: &VerifierKey) -> Option<Stream> {
    let name = key.name().rsplit_once('/').map(|(_, name)| name);
    [Stream::Auction, Stream::Money].into_iter().find(|stream| name == Some(stream.name()))
}

/// Verifies a data folder; `progress` is told every few hundred records.
///
/// # Errors
///
/// When the file system refuses; damage is a finding.
pub fn verify(
    data: &Path,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, JournalError> {
    let (mut report, mut lives) = (Report::default(), Lives::default());
    let (known, told) = (&mut lives, &mut report);
    let mut job = Job { data, options, lives: known, report: told, progress, node: None };
    // The auctions cite configs, starts and gaps of the money stream.
    job.verify(Stream::Money)?;
    job.verify(Stream::Auction)?;
    report.starts = u64::try_from(lives.all().count()).unwrap_or(u64::MAX);
    Ok(report)
}
