//! The public log of each stream: what the journal holds, as a tree that anyone can check.
//!
//! It follows the journal record by record and never knows what a record says beyond its entry, the
//! first 58 bytes. `writer` keeps one stream's log, `follower` is the thread that does it as the
//! journal grows, `files` reads a log, `published` hands it out over HTTP. What is signed once is
//! never taken back: a start that finds less than was signed refuses (decision 43).

use std::io;
use std::path::{Path, PathBuf};

use tlog::checkpoint::CheckpointError;

use crate::io::descriptors::is_out;
use crate::io::journal::space::is_full;
use crate::io::journal::{JournalError, Stream};
use crate::io::keys::KeyError;

mod edge;
pub mod files;
pub mod followed;
pub mod follower;
pub mod published;
mod rebuild;
mod store;
mod writer;

/// Why a log cannot be kept or read: the exchange's fault, exit code 3 except for `Io`.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file system refused.
    #[error("{doing} {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A checkpoint is not one of this log.
    #[error("checkpoint {}: {source}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// A tile or bundle does not hold what it must.
    #[error("log file {}: not what its name says", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The journal lost records that were signed.
    #[error(
        "{stream} log: {} signs {signed} records, and the journal holds {journal}; {WAY_FORWARD}",
        path.display()
    )]
    Behind {
        /// The stream.
        stream: &'static str,
        /// The checkpoint.
        path: PathBuf,
        /// How many records it signs.
        signed: u64,
        /// How many the journal holds.
        journal: u64,
    },
    /// Another checkpoint of the log is ahead of the one in the data folder.
    #[error(
        "{stream} log: the anchor {} signs {anchor} records, and this data folder only {signed}, so \
         it is an older copy; {WAY_FORWARD}",
        path.display()
    )]
    Restored {
        /// The stream.
        stream: &'static str,
        /// The anchor's checkpoint.
        path: PathBuf,
        /// How many records it signs.
        anchor: u64,
        /// How many are signed in the data folder.
        signed: u64,
    },
    /// What is there is not what was signed.
    #[error(
        "{stream} log: {} signs other records than the first {size} that are here; {WAY_FORWARD}",
        path.display()
    )]
    Differs {
        /// The stream.
        stream: &'static str,
        /// The checkpoint.
        path: PathBuf,
        /// How many records it signs.
        size: u64,
    },
    /// The anchor is another log's, and nobody said that this one follows it.
    #[error(
        "log {ours}: the anchor {} signs {size} records of {origin}; give this log an anchor of its \
         own, or, if it takes the place of that one, name the folder of its last checkpoint as \
         `journal.follows` (docs/operating.md, \"The log\")",
        path.display()
    )]
    Stranger {
        /// The anchor's checkpoint.
        path: PathBuf,
        /// The log it is of.
        origin: Box<str>,
        /// How many records it signs.
        size: u64,
        /// The log that was to be opened.
        ours: Box<str>,
    },
    /// What `journal.follows` names cannot be followed.
    #[error("journal.follows {}: {what}", path.display())]
    Follows {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A tile is gone, and so are the records it was made of.
    #[error(
        "{stream} log: {} is missing or damaged and its records were pruned; bring it back from a \
         copy",
        path.display()
    )]
    Lost {
        /// The stream.
        stream: &'static str,
        /// The tile.
        path: PathBuf,
    },
    /// The journal gives a record that no log takes.
    #[error("{stream} log: record {index} of the journal is missing or has no entry")]
    NoEntry {
        /// The stream.
        stream: &'static str,
        /// Its index.
        index: u64,
    },
}

impl LogError {
    /// Says whether room on the disk or a descriptor was wanting, which may be there again.
    fn is_want(&self) -> bool {
        let (Self::Io { source, .. } | Self::Journal(JournalError::Io { source, .. })) = self
        else {
            return false;
        };
        is_full(source) || is_out(source)
    }
}

/// The part of a record that is in the log: its first bytes.
pub type Entry = [u8; ENTRY];

/// Bytes of an entry.
pub const ENTRY: usize = 58;

/// Returns the folder of a stream's log, whose files anyone may read.
#[must_use]
pub fn folder(data: &Path, stream: Stream) -> PathBuf {
    data.join("log").join(stream.name())
}

/// Returns the private copy of the last signed checkpoint, beside the segments.
#[must_use]
pub fn private(data: &Path, stream: Stream) -> PathBuf {
    data.join("journal").join(stream.name()).join(CHECKPOINT)
}

/// Returns the copy of a stream's last checkpoint in the folder `journal.anchor`.
#[must_use]
pub fn anchored(anchor: &Path, stream: Stream) -> PathBuf {
    anchor.join(format!("{}.checkpoint", stream.name()))
}

/// Names what was being done when the file system refused.
fn doing(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LogError {
    move |source| LogError::Io { doing, path: path.to_owned(), source }
}

/// The published checkpoint in the folder of a log, and the private one beside the segments.
const CHECKPOINT: &str = "checkpoint";

/// What an operator can do when a log may not go on.
const WAY_FORWARD: &str = "bring back the newest data folder, or go on under a new `exchange.node` \
                           with an empty one, this one as `journal.follows` (docs/operating.md, \
                           \"The log\")";

#[cfg(test)]
mod tests;
