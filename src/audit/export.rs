//! Rows of auctions and bids, one record after the other, as far as a party may see them.
//!
//! Each auction is decided again: that gives what losers would have needed, and a record that comes
//! out otherwise is not exported but named.

use std::path::Path;

use crate::auction::minimums::minimums;
use crate::audit::finding::is_damage;
use crate::audit::party::Party;
use crate::audit::rules::{self, NewerRules};
use crate::io::journal::read::{frames, signed, whole};
use crate::io::journal::{JournalError, Stream};
use crate::model::ids::BidderId;
use crate::model::money::Cpm;
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;
use crate::model::time::UnixMillis;
use crate::wire::record::Kind;
use crate::wire::record::outcome::outcome_sections;
use crate::wire::record::read::{self, Record, RecordError};
use crate::wire::record::seal::Entry;

pub mod auctions;
pub mod bids;

/// What is exported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Query {
    /// For whom.
    pub party: Party,
    /// Records made from here on.
    pub from: Option<UnixMillis>,
    /// Records made before.
    pub to: Option<UnixMillis>,
}

/// An auction to be laid out in rows.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Its index in the auction stream.
    pub index: u64,
    /// Its record.
    pub record: &'a Record,
    /// What was decided from.
    pub input: &'a AuctionInput,
    /// What was decided.
    pub outcome: &'a Outcome,
    /// Whose rows are wanted.
    pub party: &'a Party,
}

/// What an export came across.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Seen {
    /// Auctions in the journal.
    pub recorded: u64,
    /// Of these, of the time asked for.
    pub in_time: u64,
    /// Of these, auctions that the party had a part in.
    pub theirs: u64,
    /// The index of the first record that is kept; what was before it is pruned.
    pub first: u64,
}

/// Why an export cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ExportError<E: std::error::Error + 'static> {
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
    /// An auction comes out otherwise than its record says.
    #[error(
        "auction stream: the auction at index {index} in {file} comes out otherwise when decided \
         again; `audit replay` says where"
    )]
    Differs {
        /// Its index.
        index: u64,
        /// The segment file.
        file: String,
    },
    /// An auction was decided by rules that this build does not have.
    #[error("auction stream: the record at index {index}")]
    Rules {
        /// Its index.
        index: u64,
        /// Which rules.
        source: NewerRules,
    },
    /// A row cannot be written.
    #[error("write a row")]
    Write(#[source] E),
}

impl<E: std::error::Error + 'static> ExportError<E> {
    /// Says whether the records are at fault, and not the disk or the moment.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Record { .. } | Self::Differs { .. } => true,
            Self::Journal(error) => is_damage(error),
            Self::Rules { .. } | Self::Write(_) => false,
        }
    }
}

/// Hands every auction of a data folder that the query is about to `each`, in the journal's order,
/// and returns how many it came across.
///
/// # Errors
///
/// When a record cannot be read or comes out otherwise, or `each` fails.
pub fn export<E: std::error::Error>(
    data: &Path,
    query: &Query,
    mut each: impl FnMut(&Case<'_>) -> Result<(), E>,
) -> Result<Seen, ExportError<E>> {
    let mut seen = Seen::default();
    let (signed, mut end) = (signed(data, Stream::Auction)?, 0);
    for frame in frames(data, Stream::Auction)? {
        let frame = frame?;
        if end == 0 {
            seen.first = frame.index;
        }
        end = frame.index + 1;
        // What is no entry is looked at, and found to be damaged.
        let entry = Entry::read(&frame.payload);
        if entry.as_ref().is_some_and(|entry| entry.kind != Kind::Auction.number()) {
            continue;
        }
        seen.recorded += 1;
        if entry.is_some_and(|entry| !query.is_about(entry.at)) {
            continue;
        }
        seen.in_time += 1;
        let file = || frame.file.display().to_string();
        let index = frame.index;
        let fault = |source| ExportError::Record { index, file: file(), source };
        let record = read::read(&frame.payload).map_err(fault)?;
        if !is_theirs(&query.party, &record).map_err(fault)? {
            continue;
        }
        seen.theirs += 1;
        let input = record.auction_input().map_err(fault)?;
        let rules = record.head().map_err(fault)?.rules;
        let differ = |outcome: &Outcome| -> Vec<()> {
            let decided = outcome_sections(&input, outcome);
            let decided = decided.iter().map(|(name, bytes)| (&**name, &**bytes));
            Vec::from_iter((!record.outcome_sections().eq(decided)).then_some(()))
        };
        let outcome = rules::decide_again(rules, &input, differ);
        let (outcome, differing) =
            outcome.map_err(|source| ExportError::Rules { index, source })?;
        if !differing.is_empty() {
            return Err(ExportError::Differs { index, file: file() });
        }
        let (record, input, outcome) = (&record, &input, &outcome);
        let case = Case { index, record, input, outcome, party: &query.party };
        each(&case).map_err(ExportError::Write)?;
    }
    // A month that is cut short must not pass for a quiet one.
    whole(data, Stream::Auction, signed, end)?;
    Ok(seen)
}

impl Query {
    /// Says whether a record made at a moment is one of the time asked for.
    fn is_about(&self, at: UnixMillis) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

impl Case<'_> {
    /// Says whether a bidder's own facts are the party's to see.
    fn shows(&self, bidder: &BidderId) -> bool {
        match self.party {
            Party::Bidder(own) => own == bidder,
            Party::Publisher(_) => false,
            Party::Auditor => true,
        }
    }

    /// Returns what each bid would have needed, `[reply][bid]`.
    fn minimums(&self) -> Vec<Vec<Option<Cpm>>> {
        minimums(self.input, self.outcome)
    }
}

/// Returns a text from outside as a cell that no spreadsheet takes for a formula.
///
/// One that begins as formulas do has a quote in front, and so has one that begins with a quote:
/// who takes one leading quote off has the text.
fn cell(text: &str) -> String {
    let quote = if text.starts_with(FORMULA) { "'" } else { "" };
    [quote, text].concat()
}

/// Says whether a party had a part in an auction.
fn is_theirs(party: &Party, record: &Record) -> Result<bool, RecordError> {
    Ok(match party {
        Party::Bidder(id) => record.bidders().any(|bidder| bidder == id.as_str()),
        Party::Publisher(id) => *record.asked()?.publisher == *id.as_str(),
        Party::Auditor => true,
    })
}

/// What a cell begins with that spreadsheets may take for more than text, and the quote.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '\n', '\''];

#[cfg(test)]
mod tests;
