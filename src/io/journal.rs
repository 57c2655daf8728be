//! The journal: two append-only streams in segment files, each flushed before it is believed.
//!
//! It carries payloads and never knows what they say beyond the time in their entry. A sale takes a
//! permit, numbers its record by it, appends, and waits for the flush; `queue` has the way in,
//! `writer` the thread, `open` and `recover` the start, `close` the end, `read` the way out. `keeper` seals and
//! prunes what is full, `space` ends sales before the disk is. What was decided about numbers: one that its permit
//! did not use goes to the next permit; what is left over when the node stops is for a record of
//! kind 11.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use crate::io::journal::alarm::Alarm;
use crate::io::journal::disk::LocalDisk;
use crate::io::journal::hold::Hold;
use crate::io::journal::keeper::Keeper;
use crate::io::journal::prune::Pruned;
use crate::io::journal::queue::{Permit, Queue};
use crate::io::journal::recover::Cut;
use crate::io::journal::space::Space;
use crate::model::time::{Millis, UnixMillis};

mod alarm;
pub mod asked;
mod close;
pub mod disk;
mod files;
pub mod hold;
mod keeper;
mod open;
pub mod prune;
pub mod queue;
pub mod read;
pub mod recover;
pub mod rewrite;
pub mod salvage;
mod seal;
mod sealed;
mod search;
mod segment;
pub(in crate::io) mod space;
mod start;
mod writer;

/// One of the two streams of a node, each its own tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stream {
    /// Auctions; may be pruned.
    Auction,
    /// Everything else; kept for the legal term.
    Money,
}

/// Whose journal it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// `exchange.domain`.
    pub domain: Arc<str>,
    /// `exchange.node`.
    pub node: Arc<str>,
}

/// When a record counts as made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// When it is on disk.
    Flushed,
    /// When it is in the writer's queue: a crash may lose it.
    Queued,
}

/// What came of waiting for a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flush {
    /// It is as durable as the journal's `Durability` asks.
    Flushed {
        /// Its index in the stream.
        index: u64,
    },
    /// The deadline came first; it may still be written.
    Late,
    /// The journal failed or is closed: the record is not known to be on disk.
    Refused,
}

/// Sizes of a journal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Bytes after which a segment is full.
    pub segment: u64,
    /// Bytes of records that may wait in the queue of a stream.
    pub queue: usize,
    /// Bytes of zeroes written ahead of the records at a time, at least 1.
    pub ahead: u64,
    /// Bytes of the ballast that is freed when the disk is full; 0: there is none.
    pub ballast: u64,
    /// The least time between two flushes of a stream (decision 21).
    pub spacing: Duration,
}

/// How a journal is run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// When a record counts as made.
    pub durability: Durability,
    /// Its sizes.
    pub limits: Limits,
    /// How long auctions are kept; none: for good.
    pub retention: Option<Millis>,
    /// The folder of a third copy of each checkpoint, on another disk (decision 43).
    pub anchor: Option<Arc<Path>>,
}

/// A file of a stream, in the form that counts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SegmentFile {
    /// The file.
    pub path: PathBuf,
    /// The index of its first record.
    pub first: u64,
    /// Whether it is sealed.
    pub sealed: bool,
    /// When its segment was begun.
    pub created: UnixMillis,
    /// Its length on disk.
    pub bytes: u64,
}

/// Why a journal cannot be opened or read: the exchange's fault, exit code 3 except for `Io`.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has it open.
    #[error("journal {}: another process has it open", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// A record is broken that was on disk before.
    #[error("journal file {}: record {index} at offset {offset} is damaged", file.display())]
    Damaged {
        /// The segment file.
        file: PathBuf,
        /// The index of the first record that is not as it was written.
        index: u64,
        /// Where its frame should begin.
        offset: u64,
    },
    /// Records are gone that were signed: it is an older copy, or a segment was taken away.
    #[error(
        "journal {}: {} signs {signed} records, and the journal holds {holds}, so it is an older \
         copy, or records were lost; bring back the newest data folder, or go on under a new \
         `exchange.node` with an empty one, this one as `journal.follows` (docs/operating.md, \
         \"The log\")",
        folder.display(),
        checkpoint.display()
    )]
    Behind {
        /// The folder of the stream.
        folder: PathBuf,
        /// The checkpoint: private, published, or the anchor's.
        checkpoint: PathBuf,
        /// How many records are signed.
        signed: u64,
        /// How many there are.
        holds: u64,
    },
    /// A segment belongs to another domain or node.
    #[error("journal file {}: written by another domain or node", file.display())]
    Foreign {
        /// The segment file.
        file: PathBuf,
    },
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
}

/// The journal of a node, open for appending.
///
/// At most one exists for a data folder. Dropping it closes it.
pub struct Journal {
    auction: Arc<Queue>,
    money: Arc<Queue>,
    boot: u64,
    cuts: Vec<Cut>,
    newest: Option<UnixMillis>,
    alarm: Alarm,
    space: Arc<Space>,
    keeper: Arc<Keeper>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held until the threads are done.
    lock: Mutex<Option<Hold>>,
}

/// Lists the segment files of a stream, the oldest first; one that is being made is left out.
///
/// # Errors
///
/// When a file has no header or index, or the file system refuses.
pub fn files(data: &Path, stream: Stream) -> Result<Vec<SegmentFile>, JournalError> {
    files::list(&LocalDisk, &folder(data, stream), stream)
}

/// Returns the index with which the oldest segment of a stream begins, by its name; none without one.
///
/// # Errors
///
/// When the file system refuses.
pub fn oldest(data: &Path, stream: Stream) -> Result<Option<u64>, JournalError> {
    Ok(files::firsts(&LocalDisk, &folder(data, stream), stream)?.first().copied())
}

/// Returns the name of a stream to the world, as in its checkpoints.
#[must_use]
pub fn origin(identity: &Identity, stream: Stream) -> String {
    format!("{}/{}/{}", identity.domain, identity.node, stream.name())
}

impl Stream {
    /// Returns its name in folders, files and origins.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auction => "auction",
            Self::Money => "money",
        }
    }
}

impl Journal {
    /// Returns how often the node has started, this time included.
    #[must_use]
    pub fn boot(&self) -> u64 {
        self.boot
    }

    /// Returns what was cut off the streams at start.
    #[must_use]
    pub fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// Returns the latest time of a record that was found at start in the last segment of either
    /// stream: a clock that says less has gone back.
    #[must_use]
    pub fn newest(&self) -> Option<UnixMillis> {
        self.newest
    }

    /// Takes room for one record and draws its number; `None` when the queue is full, the journal
    /// has failed or is closed, or, for an auction, the disk is nearly full.
    ///
    /// Take it before encoding and use it soon: an unused number leaves a hole until it is used.
    #[must_use]
    pub fn permit(&self, stream: Stream) -> Option<Permit> {
        self.may_take(stream).then(|| self.queue(stream).permit()).flatten()
    }

    /// Says whether a permit would be given: without one, an auction need not be begun.
    #[must_use]
    pub fn takes(&self, stream: Stream) -> bool {
        self.may_take(stream) && self.queue(stream).takes()
    }

    fn may_take(&self, stream: Stream) -> bool {
        // What one stream cannot keep, the other must not go on without.
        !self.alarm.is_raised() && (stream == Stream::Money || self.space.suffices())
    }

    /// Returns the bytes of records appended to a stream and not yet flushed.
    #[must_use]
    pub fn backlog(&self, stream: Stream) -> usize {
        self.queue(stream).backlog()
    }

    /// Returns how many records of a stream are appended and not yet on disk.
    #[must_use]
    pub fn unflushed(&self, stream: Stream) -> usize {
        self.queue(stream).unflushed()
    }

    /// Returns how many records of a stream are on disk: the index after the last of them.
    ///
    /// What is read beyond it may be lost in a crash, so nothing may be said of it.
    #[must_use]
    pub fn on_disk(&self, stream: Stream) -> u64 {
        self.queue(stream).on_disk()
    }

    /// Returns the numbers below the highest used that no record has: gaps, if the node stops now.
    #[must_use]
    pub fn unused(&self, stream: Stream) -> Vec<u64> {
        self.queue(stream).unused()
    }

    /// Returns what retention is about to delete: auctions before when, and what. It waits until
    /// `prune` says that a record tells so.
    #[must_use]
    pub fn to_prune(&self) -> Option<(UnixMillis, Pruned)> {
        self.keeper.planned()
    }

    /// Lets retention delete what `to_prune` returned and the money record `index` tells of, beside
    /// everything else and once a checkpoint signs that record.
    pub fn prune(&self, told: Pruned, index: u64) {
        self.keeper.approve(told, index);
    }

    /// Returns what the file system said when a write or sync failed; final.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<str>> {
        self.alarm.raised()
    }

    /// Waits until a write or sync fails and returns what the file system said.
    pub async fn failed(&self) -> Arc<str> {
        self.alarm.heard().await
    }

    /// Returns why auctions cannot be recorded: a failure, or a disk without room.
    #[must_use]
    pub fn trouble(&self) -> Option<Arc<str>> {
        let full = || Arc::from("the disk is nearly full: no auction is recorded");
        self.failure().or_else(|| (!self.space.suffices()).then(full))
    }

    fn queue(&self, stream: Stream) -> &Arc<Queue> {
        match stream {
            Stream::Auction => &self.auction,
            Stream::Money => &self.money,
        }
    }
}

/// Returns the folder of a stream's segments.
fn folder(data: &Path, stream: Stream) -> PathBuf {
    data.join(FOLDER).join(stream.name())
}

/// Names what was being done when the file system refused.
fn doing(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io { doing, path: path.to_owned(), source }
}

const STREAMS: [Stream; 2] = [Stream::Auction, Stream::Money];
/// The journal within the data folder.
const FOLDER: &str = "journal";
const LOCK: &str = "lock";
/// The thread that writes auctions.
const AUCTION_THREAD: &str = "journal-auction";

#[cfg(test)]
mod tests;
