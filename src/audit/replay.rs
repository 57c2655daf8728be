//! Decides recorded auctions again and compares, byte for byte.
//!
//! It calls the very functions that ran live and never the exchange: a record and this code are
//! all that anyone needs to check an auction.

use std::path::Path;

use thiserror::Error;

use crate::auction::insight;
use crate::audit::find;
use crate::audit::finding::is_damage;
use crate::audit::rules::{self, NewerRules};
use crate::io::journal::{JournalError, Stream, read};
use crate::model::ids::AuctionId;
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;
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
    /// A record was decided by rules that this build does not have.
    #[error("auction stream: the record at index {index}")]
    Rules {
        /// Its index.
        index: u64,
        /// Which rules.
        source: NewerRules,
    },
}

/// Why one record cannot be decided again.
#[derive(Debug, Error)]
pub enum Fault {
    /// It does not hold what it must.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Rules that this build does not have decided it.
    #[error(transparent)]
    Rules(#[from] NewerRules),
}

impl ReplayError {
    /// Says whether the records are at fault, and not the disk or the moment.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Record { .. } => true,
            Self::Journal(error) => is_damage(error),
            Self::Rules { .. } => false,
        }
    }
}

/// Decides the wanted auctions of a data folder again.
///
/// # Errors
///
/// When a part of the stream cannot be read, or newer rules decided.
pub fn replay(data: &Path, wanted: &Wanted) -> Result<Report, ReplayError> {
    let mut report = Report::default();
    let mut texts = Texts::default();
    match wanted {
        Wanted::All => {
            let (signed, mut end) = (read::signed(data, Stream::Auction)?, 0);
            for frame in read::frames(data, Stream::Auction)? {
                let frame = frame?;
                one(&mut report, &frame, &mut texts)?;
                end = frame.index + 1;
            }
            read::whole(data, Stream::Auction, signed, end)?;
        }
        Wanted::Latest => {
            if let Some(frame) = find::latest(data)? {
                one(&mut report, &frame, &mut texts)?;
            }
        }
        Wanted::These(ids) => {
            for id in ids {
                match find::find(data, *id)? {
                    Some(frame) => one(&mut report, &frame, &mut texts)?,
                    None => report.missing.push(*id),
                }
            }
        }
    }
    Ok(report)
}

/// Decides one auction of a data folder again and explains it; none when the journal lacks it.
///
/// # Errors
///
/// As [`replay`].
pub fn explain(data: &Path, wanted: Option<AuctionId>) -> Result<Option<Explained>, ReplayError> {
    let found = match wanted {
        Some(id) => find::find(data, id)?,
        None => find::latest(data)?,
    };
    let Some(frame) = found else { return Ok(None) };
    let told = view(&frame.payload).map_err(Fault::from);
    let told = told.and_then(|record| told_of(frame.index, &record));
    told.map(Some).map_err(|source| fault(&frame, source))
}

/// Decides the auction of a frame again, if it holds one.
fn one(report: &mut Report, frame: &read::Frame, texts: &mut Texts) -> Result<(), ReplayError> {
    let record = view(&frame.payload).map_err(|source| fault(frame, source.into()))?;
    if record.kind != Kind::Auction {
        return Ok(());
    }
    again(report, frame.index, &record, texts).map_err(|source| fault(frame, source))
}

/// Tells what a record says, decided again.
fn told_of(index: u64, record: &View<'_>) -> Result<Explained, Fault> {
    let input = record.auction_input(&mut Texts::default())?;
    let (outcome, differing) = decided(record, &input)?;
    let insight = insight::insight(&input, &outcome);
    let told = explain::explain(&record.asked()?, &input, &outcome, &insight);
    Ok(Explained { told, index, differing })
}

/// Names the record that cannot be read.
fn fault(frame: &read::Frame, fault: Fault) -> ReplayError {
    let index = frame.index;
    match fault {
        Fault::Record(source) => {
            ReplayError::Record { index, file: frame.file.display().to_string(), source }
        }
        Fault::Rules(source) => ReplayError::Rules { index, source },
    }
}

/// Decides the auction of a record again, by the rules it names, and names the sections that come out
/// otherwise; `input` is its own.
fn decided(record: &View<'_>, input: &AuctionInput) -> Result<(Outcome, Vec<String>), NewerRules> {
    let differ = |outcome: &Outcome| differing(record, input, outcome);
    rules::decide_again(record.head().rules, input, differ)
}

/// Decides one auction again and notes what differs.
fn again(
    report: &mut Report,
    index: u64,
    record: &View<'_>,
    texts: &mut Texts,
) -> Result<(), Fault> {
    let (_, sections) = decided(record, &record.auction_input(texts)?)?;
    report.auctions += 1;
    if !sections.is_empty() {
        report.differing.push(Difference { auction: record.id, index, sections });
    }
    Ok(())
}
