//! Decides recorded auctions again and compares, byte for byte.
//!
//! It calls the very functions that ran live and never the exchange: a record and this code are
//! all that anyone needs to check an auction.

use std::path::Path;

use thiserror::Error;

use crate::auction::{decide, insight};
use crate::io::journal::{JournalError, Stream, read};
use crate::model::ids::AuctionId;
use crate::wire::explain::{self, Explanation};
use crate::wire::record::Kind;
use crate::wire::record::outcome::differing;
use crate::wire::record::read::RecordError;
use crate::wire::record::read::view::{View, view};
use crate::wire::record::texts::Texts;

/// What a replay found.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Auctions decided again.
    pub auctions: u64,
    /// Those whose sections differ, in the order of the journal.
    pub differing: Vec<Difference>,
    /// Ids asked for that the journal does not hold.
    pub missing: Vec<AuctionId>,
}

/// An auction that comes out otherwise than its record says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// Which.
    pub auction: AuctionId,
    /// Its index in the auction stream.
    pub index: u64,
    /// Names of the sections that differ.
    pub sections: Vec<String>,
}

/// An auction, told, and what of its record comes out otherwise.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The tale, of the auction as decided again.
    pub told: Explanation,
    /// Its index in the auction stream.
    pub index: u64,
    /// Names of the sections that differ.
    pub differing: Vec<String>,
}

/// Which auctions to decide again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// All of them.
    All,
    /// The last one recorded.
    Latest,
    /// These.
    These(Vec<AuctionId>),
}

/// Why a replay cannot go on; the journal's fault, never a bidder's.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The stream cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record does not hold what it must.
    #[error("auction stream: the record at index {index} in {file} cannot be read")]
    Record {
        /// Its index.
        index: u64,
        /// The segment file.
        file: String,
        /// What is wrong with it.
        source: RecordError,
    },
}

impl ReplayError {
    /// Says whether the records are at fault, and not the disk or the moment.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            // What a newer release made is whole.
            Self::Record { source: RecordError::Rules(_), .. } => false,
            Self::Record { .. }
            | Self::Journal(JournalError::Damaged { .. } | JournalError::Foreign { .. }) => true,
            Self::Journal(JournalError::Io { .. } | JournalError::Locked { .. }) => false,
        }
    }
}

/// Decides the wanted auctions of a data folder again.
///
/// # Errors
///
/// When a part of the stream cannot be read.
pub fn replay(data: &Path, wanted: &Wanted) -> Result<Report, ReplayError> {
    let mut report = Report::default();
    let mut texts = Texts::default();
    let mut latest = None;
    let mut missing = match wanted {
        Wanted::These(ids) => ids.clone(),
        Wanted::All | Wanted::Latest => Vec::new(),
    };
    for frame in read::frames(data, Stream::Auction)? {
        let frame = frame?;
        let fault = |source| fault(&frame, source);
        let record = view(&frame.payload).map_err(fault)?;
        if record.kind != Kind::Auction {
            continue;
        }
        match wanted {
            Wanted::All => again(&mut report, frame.index, &record, &mut texts).map_err(fault)?,
            Wanted::Latest => latest = Some(frame),
            Wanted::These(_) => {
                let before = missing.len();
                missing.retain(|id| *id != record.id);
                if missing.len() < before {
                    again(&mut report, frame.index, &record, &mut texts).map_err(fault)?;
                }
            }
        }
    }
    if let Some(frame) = latest {
        let fault = |source| fault(&frame, source);
        let record = view(&frame.payload).map_err(fault)?;
        again(&mut report, frame.index, &record, &mut texts).map_err(fault)?;
    }
    report.missing = missing;
    Ok(report)
}

/// Decides one auction of a data folder again and explains it; none when the journal lacks it.
///
/// # Errors
///
/// As [`replay`].
pub fn explain(data: &Path, wanted: Option<AuctionId>) -> Result<Option<Explained>, ReplayError> {
    let mut found = None;
    for frame in read::frames(data, Stream::Auction)? {
        let frame = frame?;
        let record = view(&frame.payload).map_err(|source| fault(&frame, source))?;
        if record.kind == Kind::Auction && wanted.is_none_or(|id| id == record.id) {
            found = Some(frame);
            if wanted.is_some() {
                break;
            }
        }
    }
    let Some(frame) = found else { return Ok(None) };
    let told = view(&frame.payload).and_then(|record| told(frame.index, &record));
    told.map(Some).map_err(|source| fault(&frame, source))
}

/// Tells what a record says, decided again.
fn told(index: u64, record: &View<'_>) -> Result<Explained, RecordError> {
    let input = record.auction_input(&mut Texts::default())?;
    let outcome = decide::decide(&input);
    let insight = insight::insight(&input, &outcome);
    let told = explain::explain(&record.asked()?, &input, &outcome, &insight);
    Ok(Explained { told, index, differing: differing(record, &input, &outcome) })
}

/// Names the record that cannot be read.
fn fault(frame: &read::Frame, source: RecordError) -> ReplayError {
    ReplayError::Record { index: frame.index, file: frame.file.display().to_string(), source }
}

/// Decides one auction again and notes what differs.
fn again(
    report: &mut Report,
    index: u64,
    record: &View<'_>,
    texts: &mut Texts,
) -> Result<(), RecordError> {
    let input = record.auction_input(texts)?;
    let outcome = decide::decide(&input);
    let sections = differing(record, &input, &outcome);
    report.auctions += 1;
    if !sections.is_empty() {
        report.differing.push(Difference { auction: record.id, index, sections });
    }
    Ok(())
}
