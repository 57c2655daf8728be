//! The journal: two append-only streams in segment files, each flushed before it is believed.
//!
//! It carries payloads and never knows what they say. A sale takes a permit, numbers its record
//! by it, appends, and waits for the flush; `queue` has the way in, `writer` the thread, `recover`
//! the start, `read` the way out. What was decided about numbers: one that its permit did not use
//! goes to the next permit; what is left over when the node stops is for a record of kind 11.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use crate::io::journal::disk::{Disk, LocalDisk, Lock};
use crate::io::journal::queue::{Permit, Queue};
use crate::io::journal::recover::Cut;
use crate::io::journal::writer::Writer;

pub mod disk;
pub mod queue;
pub mod read;
pub mod recover;
mod segment;
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
}

/// How a journal is run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// When a record counts as made.
    pub durability: Durability,
    /// Its sizes.
    pub limits: Limits,
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
    writers: Mutex<Vec<JoinHandle<()>>>,
    /// Held until the writers are done.
    lock: Mutex<Option<Lock>>,
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

impl Default for Limits {
    fn default() -> Self {
        Self { segment: 64 << 20, queue: 64 << 20, ahead: 1 << 20 }
    }
}

impl Journal {
    /// Opens the journal in a data folder: locks it, cuts what a crash tore, starts its writers.
    ///
    /// `is_start` says whether a payload of the money stream is the record of a start.
    ///
    /// # Errors
    ///
    /// When another process has it open, it is damaged or foreign, or the file system refuses.
    pub fn open(
        data: &Path,
        identity: &Identity,
        durability: Durability,
        is_start: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, JournalError> {
        let settings = Settings { durability, limits: Limits::default() };
        Self::open_on(Arc::new(LocalDisk), data, identity, settings, is_start)
    }

    /// Opens the journal in a data folder on `disk`.
    ///
    /// # Errors
    ///
    /// As `open`.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        data: &Path,
        identity: &Identity,
        settings: Settings,
        is_start: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, JournalError> {
        let top = data.join(FOLDER);
        for stream in STREAMS {
            let folder = folder(data, stream);
            disk.create_folder(&folder).map_err(doing("create", &folder))?;
        }
        for folder in [&*top, data] {
            disk.sync_folder(folder).map_err(doing("sync", folder))?;
        }
        let lock = disk.lock(&top.join(LOCK)).map_err(doing("lock", &top))?;
        let lock = lock.ok_or(JournalError::Locked { folder: top })?;
        let auction = recovered(&disk, data, identity, settings, Stream::Auction)?;
        let money = recovered(&disk, data, identity, settings, Stream::Money)?;
        let boot = 1 + starts(&disk, data, is_start)?;
        let mut journal = Self {
            auction: Arc::clone(&auction.queue),
            money: Arc::clone(&money.queue),
            boot,
            cuts: auction.cut.into_iter().chain(money.cut).collect(),
            writers: Mutex::new(Vec::new()),
            lock: Mutex::new(Some(lock)),
        };
        for (queue, writer) in [(money.queue, money.writer), (auction.queue, auction.writer)] {
            journal.start(queue, writer).map_err(doing("start the writer of", data))?;
        }
        Ok(journal)
    }

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

    /// Takes room for one record and draws its number; `None` when the queue is full or the
    /// journal has failed or is closed.
    ///
    /// Take it before encoding and use it soon: an unused number leaves a hole until it is used.
    #[must_use]
    pub fn permit(&self, stream: Stream) -> Option<Permit> {
        // What one stream cannot keep, the other must not go on without.
        self.failure().is_none().then(|| self.queue(stream).permit()).flatten()
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

    /// Returns what the file system said when a write or sync failed; final.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<str>> {
        self.auction.failure().or_else(|| self.money.failure())
    }

    /// Writes and syncs what is queued, ends the writers and gives the lock back; blocks on disk.
    ///
    /// Permits are refused from the first moment on.
    pub fn close(&self) {
        self.finish();
        self.lock.lock().take();
    }

    /// Writes and syncs what is queued and ends the writers, but keeps the lock: what is on disk
    /// changes no more. Blocks on disk.
    pub fn finish(&self) {
        self.auction.close();
        self.money.close();
        for writer in self.writers.lock().drain(..) {
            // A writer that panicked has ended its queue.
            let _ = writer.join();
        }
    }

    fn queue(&self, stream: Stream) -> &Arc<Queue> {
        match stream {
            Stream::Auction => &self.auction,
            Stream::Money => &self.money,
        }
    }

    fn start(&mut self, queue: Arc<Queue>, writer: Writer) -> io::Result<()> {
        let name = format!("journal-{}", writer.stream.name());
        let thread = std::thread::Builder::new().name(name);
        self.writers.lock().push(thread.spawn(move || writer::run(&queue, writer))?);
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

/// A stream that was recovered and is ready to go on.
struct Line {
    queue: Arc<Queue>,
    writer: Writer,
    cut: Option<Cut>,
}

/// Finds the end of a stream and makes queue and writer that go on from there.
fn recovered(
    disk: &Arc<dyn Disk>,
    data: &Path,
    identity: &Identity,
    settings: Settings,
    stream: Stream,
) -> Result<Line, JournalError> {
    let folder = folder(data, stream);
    let hash: [u8; 32] = Sha256::digest(origin(identity, stream)).into();
    let origin = *hash.first_chunk().expect("16 is below 32");
    let found = recover::recover(&**disk, &folder, stream, origin)?;
    if let Some(cut) = &found.cut {
        let file = cut.file.display();
        tracing::warn!(%file, cut.index, cut.offset, cut.bytes, "cut a torn record");
    }
    let limits = settings.limits;
    let queue = Queue::new(found.next, limits.queue, settings.durability);
    let disk = Arc::clone(disk);
    let writer = Writer { disk, folder, stream, origin, limits, segment: found.last };
    Ok(Line { queue, writer, cut: found.cut })
}

/// Counts the starts in the money stream.
fn starts(
    disk: &Arc<dyn Disk>,
    data: &Path,
    is_start: impl Fn(&[u8]) -> bool,
) -> Result<u64, JournalError> {
    let mut count = 0;
    for frame in read::frames_on(Arc::clone(disk), data, Stream::Money)? {
        let frame = frame?;
        count += u64::from(is_start(&frame.payload));
    }
    Ok(count)
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

#[cfg(test)]
mod tests;
