//! Room on the disk: sales end before writes fail, and a ballast keeps room for the last words.
//!
//! Below two segments of free space no auction is recorded, so none is sold; the money stream goes
//! on. When a write finds the disk full all the same, the ballast is freed and the write is done
//! again. A start on a full disk frees it first, and so does a command that has something recorded
//! beside a node. Sales go on once there is room for both again; then the ballast is made anew.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::io::journal::disk::Disk;
use crate::io::journal::{FOLDER, JournalError, Limits, doing};

/// The disk's room, shared by writers, sales and the thread that watches it.
pub(super) struct Space {
    disk: Arc<dyn Disk>,
    /// The journal's folder.
    folder: PathBuf,
    ballast: Ballast,
    /// Bytes of a full segment.
    segment: u64,
    /// Whether sales are off.
    low: AtomicBool,
    /// Bytes written since the last look.
    written: AtomicU64,
    /// How often the ballast was freed.
    freed: AtomicU64,
    closing: Mutex<bool>,
    closed: Condvar,
}

struct Ballast {
    path: PathBuf,
    bytes: u64,
    /// Whether it is there whole.
    held: Mutex<bool>,
}

/// Says whether a start in a data folder has room, the ballast counted in.
///
/// # Errors
///
/// When it has not: says how many bytes are needed.
pub(super) fn suffices_to_start(
    disk: &dyn Disk,
    data: &Path,
    limits: &Limits,
) -> Result<(), JournalError> {
    let folder = data.join(FOLDER);
    // Where that cannot be asked, the first write tells.
    let Ok(free) = disk.free(&folder) else { return Ok(()) };
    let ballast = length(disk, &folder.join(BALLAST)).unwrap_or(0);
    let needs = to_start(limits);
    if needs <= free.saturating_add(ballast) {
        return Ok(());
    }
    let what = format!(
        "the disk is full: a start needs {needs} bytes, and the disk has {free}; make room, with \
         `breakwater audit prune` if there are old auctions"
    );
    Err(doing("start in", &folder)(io::Error::new(io::ErrorKind::StorageFull, what)))
}

/// Frees the ballast of a data folder, whoever has its journal open, for what must be written on a
/// full disk; `false` when there is none.
///
/// # Errors
///
/// When the file system refuses.
pub(super) fn free_ballast(disk: &dyn Disk, data: &Path) -> Result<bool, JournalError> {
    let path = data.join(FOLDER).join(BALLAST);
    match disk.remove(&path) {
        Ok(()) => {
            let path = path.display();
            tracing::warn!(%path, "the disk is full: the ballast is freed");
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(doing("remove", &path)(error)),
    }
}

impl Space {
    /// Looks at the disk; makes the ballast if there is room, and frees it where a start has none
    /// without.
    pub(super) fn new(disk: Arc<dyn Disk>, folder: &Path, limits: &Limits) -> Arc<Self> {
        let path = folder.join(BALLAST);
        // On a disk that is full already, one from an earlier start is all there is.
        let made = length(&*disk, &path);
        let held = made.as_ref().is_ok_and(|length| *length == limits.ballast);
        let space = Self {
            disk,
            folder: folder.to_owned(),
            ballast: Ballast { path, bytes: limits.ballast, held: Mutex::new(held) },
            segment: limits.segment,
            low: AtomicBool::new(false),
            written: AtomicU64::new(0),
            freed: AtomicU64::new(0),
            closing: Mutex::new(false),
            closed: Condvar::new(),
        };
        space.look();
        if space.disk.free(&space.folder).is_ok_and(|free| free < to_start(limits)) {
            // One that is not whole is room, too.
            *space.ballast.held.lock() = made.is_ok();
            space.free(0);
        }
        space.fill();
        Arc::new(space)
    }

    /// Says whether there is room for auctions.
    pub(super) fn suffices(&self) -> bool {
        !self.low.load(Ordering::Relaxed)
    }

    /// Counts bytes that a writer wrote; it looks at the disk when they are many.
    pub(super) fn wrote(&self, bytes: u64) {
        let written = self.written.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if self.segment / 8 <= written {
            self.look();
        }
    }

    /// Does `work`; when it finds the disk full, frees the ballast and does it once more.
    pub(super) fn spend<T>(&self, mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let freed = self.freed.load(Ordering::SeqCst);
        match work() {
            Err(error) if is_full(&error) && self.free(freed) => work(),
            done => done,
        }
    }

    /// Takes a stretch written ahead for what it is: records can do without where the disk has no
    /// room for it, and then nothing is sold.
    pub(super) fn spare(&self, ahead: io::Result<()>) -> io::Result<()> {
        match ahead {
            Err(error) if is_full(&error) => {
                if !self.low.swap(true, Ordering::Relaxed) {
                    let folder = self.folder.display();
                    tracing::error!(%folder, "the disk is full: nothing is sold until there is room");
                }
                Ok(())
            }
            done => done,
        }
    }

    /// Watches the disk until `close`.
    pub(super) fn watch(&self) {
        let mut closing = self.closing.lock();
        while !*closing {
            self.closed.wait_until(&mut closing, Instant::now() + WATCH);
            if !*closing {
                drop(closing);
                self.miss();
                self.look();
                self.fill();
                closing = self.closing.lock();
            }
        }
    }

    /// Ends the watch.
    pub(super) fn close(&self) {
        *self.closing.lock() = true;
        self.closed.notify_all();
    }

    /// Asks the disk and turns sales off or on.
    pub(super) fn look(&self) {
        self.written.store(0, Ordering::Relaxed);
        // What cannot be asked is not watched: then a write that fails is the first sign.
        let Ok(free) = self.disk.free(&self.folder) else { return };
        let least = self.segment * 2;
        let low = self.low.load(Ordering::Relaxed);
        let held = *self.ballast.held.lock();
        let ballast = if held { 0 } else { self.ballast.bytes };
        if !low && free < least {
            self.low.store(true, Ordering::Relaxed);
            tracing::error!(
                free,
                least,
                "the disk is nearly full: nothing is sold until there is room"
            );
        } else if low && least + self.segment / 4 + ballast <= free {
            self.low.store(false, Ordering::Relaxed);
            tracing::info!(free, "the disk has room again: sales go on");
        }
    }

    /// Frees the ballast; `false` when that has not made room since it was freed `before` times.
    fn free(&self, before: u64) -> bool {
        self.low.store(true, Ordering::Relaxed);
        let mut held = self.ballast.held.lock();
        if *held {
            let path = self.ballast.path.display();
            *held = false;
            match self.disk.remove(&self.ballast.path) {
                Ok(()) => {
                    self.freed.fetch_add(1, Ordering::SeqCst);
                    tracing::error!(%path, "the disk is full: the ballast is freed, nothing is sold");
                }
                // A command freed it first: the room is there all the same.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.freed.fetch_add(1, Ordering::SeqCst);
                }
                Err(error) => tracing::error!(%path, %error, "the ballast could not be freed"),
            }
        }
        before != self.freed.load(Ordering::SeqCst)
    }

    /// Notices that somebody else freed the ballast. Nothing is sold then, as if it had been freed
    /// here: the room is for what somebody must write.
    fn miss(&self) {
        let mut held = self.ballast.held.lock();
        let absent = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
        if *held && length(&*self.disk, &self.ballast.path).is_err_and(absent) {
            *held = false;
            self.freed.fetch_add(1, Ordering::SeqCst);
            self.low.store(true, Ordering::Relaxed);
            tracing::warn!(
                "the ballast is gone: nothing is sold until there is room to make it anew"
            );
        }
    }

    /// Makes the ballast, if it is not there and sales are on.
    pub(super) fn fill(&self) {
        if self.ballast.bytes == 0 || !self.suffices() || *self.ballast.held.lock() {
            return;
        }
        match self.write_ballast() {
            Ok(()) => *self.ballast.held.lock() = true,
            Err(error) => {
                let path = self.ballast.path.display();
                tracing::warn!(%path, %error, "the ballast could not be made");
                // A part of one takes room and keeps none.
                if let Err(error) = self.disk.remove(&self.ballast.path) {
                    tracing::warn!(%path, %error, "a part of the ballast stays");
                }
            }
        }
    }

    fn write_ballast(&self) -> io::Result<()> {
        let Ballast { path, bytes, .. } = &self.ballast;
        let file = match self.disk.create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.disk.open(path)?,
            made => made?,
        };
        let mut length = file.length()?;
        if length == *bytes {
            return Ok(());
        }
        // What an earlier start made with another size, or not to its end.
        length = length.min(*bytes);
        file.set_length(length)?;
        let zeroes = vec![0; ZEROES];
        while length < *bytes {
            let left = usize::try_from(*bytes - length).unwrap_or(usize::MAX).min(ZEROES);
            file.write_at(length, &zeroes[..left])?;
            length += u64::try_from(left).expect("a stretch of zeroes fits");
        }
        file.sync()
    }
}

/// Says whether a write failed for want of room.
pub(in crate::io) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn length(disk: &dyn Disk, path: &Path) -> io::Result<u64> {
    disk.open_to_read(path).and_then(|file| file.length())
}

/// Returns how many bytes a start needs: a stretch ahead of each stream, and its first records,
/// tiles and checkpoints.
fn to_start(limits: &Limits) -> u64 {
    2 * limits.ahead + FIRST_FILES
}

const BALLAST: &str = "ballast";
const FIRST_FILES: u64 = 64 << 10;
/// How often the disk is asked.
const WATCH: Duration = Duration::from_millis(250);
const ZEROES: usize = 256 << 10;
