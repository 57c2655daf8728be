//! Makes the bundle that proves an auction to a party: its entry in the log, and its sections.

use std::collections::BTreeSet;
use std::path::Path;

use tlog::proof::Proof;
use tlog::tree;

use crate::audit::bundle::Bundle;
use crate::audit::check::{CheckError, Checked, check};
use crate::audit::find;
use crate::audit::finding::{is_damage, is_odd};
use crate::audit::party::{Party, Share};
use crate::io::journal::read::Frame;
use crate::io::journal::{JournalError, Stream};
use crate::io::log::LogError;
use crate::io::log::files::LogFiles;
use crate::model::ids::AuctionId;
use crate::wire::record::disclosed::disclose;
use crate::wire::record::read::{self, Record, RecordError};
use crate::wire::record::seal::Entry;

/// A bundle, and what a reader will find in it.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The file.
    pub text: String,
    /// The same, checked as its reader will.
    pub checked: Checked,
}

/// Why an auction cannot be proved to a party.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The journal does not hold it.
    #[error("{0} is not in the journal")]
    Missing(AuctionId),
    /// The journal holds none at all.
    #[error("there is no auction in the journal")]
    Empty,
    /// No checkpoint covers it yet.
    #[error(
        "{auction} is record {index} of the auction stream, and the last signed checkpoint covers \
         {covered}: ask again after the next one, which a running exchange signs within \
         `journal.checkpoint` (1 s)"
    )]
    NotSigned {
        /// Which auction.
        auction: AuctionId,
        /// Its index.
        index: u64,
        /// How many records are signed.
        covered: u64,
    },
    /// It is not the party's.
    #[error("{party} had no part in {auction}, so nothing of it is theirs to see")]
    NoPart {
        /// Who.
        party: Party,
        /// Which auction.
        auction: AuctionId,
    },
    /// The record cannot be read.
    #[error("auction stream: the record at index {index} in {file} cannot be read")]
    Record {
        /// Its index.
        index: u64,
        /// The segment file.
        file: String,
        /// What is wrong with it.
        source: RecordError,
    },
    /// What was made does not hold: journal and log do not agree.
    #[error(
        "record {index}: journal and log do not agree, so there is nothing to prove; run `audit verify`"
    )]
    Broken {
        /// Its index.
        index: u64,
        /// What a reader would find.
        source: CheckError,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
}

impl ProveError {
    /// Says whether the command ran and this is its answer, not a failure of the disk or the moment.
    #[must_use]
    pub fn is_verdict(&self) -> bool {
        match self {
            Self::Missing(_)
            | Self::Empty
            | Self::NotSigned { .. }
            | Self::NoPart { .. }
            | Self::Record { .. }
            | Self::Broken { .. } => true,
            Self::Journal(error) | Self::Log(LogError::Journal(error)) => is_damage(error),
            Self::Log(LogError::Io { path, source, .. }) => is_odd(path, source),
            Self::Log(_) => true,
        }
    }
}

/// Proves an auction of a data folder to a party; without an id, the last one that is signed.
///
/// # Errors
///
/// When there is nothing to prove to this party, or yet, or data cannot be read.
pub fn prove(data: &Path, id: Option<AuctionId>, party: &Party) -> Result<Proved, ProveError> {
    let frame = match id {
        Some(id) => find::find(data, id)?.ok_or(ProveError::Missing(id))?,
        None => match find::latest_signed(data)? {
            Some(frame) => frame,
            None => find::latest(data)?.ok_or(ProveError::Empty)?,
        },
    };
    let index = frame.index;
    let unread = |source| unread(&frame, source);
    let record = read::read(&frame.payload).map_err(unread)?;
    let names = share(party, &record).map_err(unread)?;
    let auction = record.id;
    let names = names.ok_or_else(|| ProveError::NoPart { party: party.clone(), auction })?;
    let files = LogFiles::open(data, Stream::Auction)?;
    let signed = files.checkpoint()?;
    let covered = signed.as_ref().map_or(0, |(_, checkpoint)| checkpoint.size);
    let (note, hashes) = match signed {
        Some((note, _)) => (note, tree::inclusion(index, covered, &files.tree(covered))?),
        None => (String::new(), None),
    };
    let hashes = hashes.ok_or(ProveError::NotSigned { auction, index, covered })?;
    let checkpoint = own_signature(&note, files.vkey().name());
    let entry = frame.payload.first_chunk::<{ Entry::BYTES }>();
    let bundle = Bundle {
        party: party.clone(),
        entry: *entry.expect("a record begins with its entry"),
        proof: Proof { extra: None, index, hashes, checkpoint }.text(),
        sections: disclose(&record, |name| names.contains(name)),
    };
    let text = bundle.text();
    // What is handed out is first read as its reader will.
    let checked = check(text.as_bytes(), files.vkey());
    let checked = checked.map_err(|source| ProveError::Broken { index, source })?;
    Ok(Proved { text, checked })
}

/// Returns the sections that a party is shown; none when it had no part.
fn share(party: &Party, record: &Record) -> Result<Option<BTreeSet<String>>, RecordError> {
    Ok(match party.share(record)? {
        Share::Sections(names) => Some(names),
        Share::None => None,
    })
}

/// Returns a checkpoint with the log's own signature only: a checker of bundles knows no other key.
fn own_signature(note: &str, name: &str) -> String {
    let Some((text, signatures)) = note.rsplit_once("\n\n") else { return note.to_owned() };
    let own = format!("\u{2014} {name} ");
    let own = signatures.lines().filter(|line| line.starts_with(&own));
    format!("{text}\n\n{}\n", own.collect::<Vec<_>>().join("\n"))
}

/// Names the record that cannot be read.
fn unread(frame: &Frame, source: RecordError) -> ProveError {
    let file = frame.file.display().to_string();
    ProveError::Record { index: frame.index, file, source }
}
