//! Sealing one segment: packed beside it, checked against it, then put in its place.
//!
//! At every moment one whole form is there under its name. The seal lock is held while files of
//! segments are replaced or deleted, so that a prune or an erasure of another process waits.

use std::io;
use std::path::{Path, PathBuf};

use crate::io::journal::disk::{Disk, DiskFile, Lock};
use crate::io::journal::recover::FIRST_FRAME;
use crate::io::journal::sealed::{Packer, Sealed, after};
use crate::io::journal::segment::{Form, Found, Header, Tail, Window, file_name};
use crate::io::journal::{FOLDER, JournalError, Stream, doing};

/// A segment that is full: where it is and which records it holds.
pub(super) struct Full<'a> {
    pub(super) folder: &'a Path,
    pub(super) stream: Stream,
    pub(super) first: u64,
    /// The index after its last record.
    pub(super) end: u64,
}

impl Full<'_> {
    pub(super) fn path(&self, form: Form) -> PathBuf {
        self.folder.join(file_name(self.stream, self.first, form))
    }
}

/// What sealing came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sealing {
    /// The sealed form is there, and the plain one is not.
    Done {
        /// Bytes of the plain form.
        plain: u64,
        /// Bytes of the sealed form.
        sealed: u64,
    },
    /// It was told to stop.
    Stopped,
}

/// Waits for the lock that whoever replaces or deletes segments holds.
pub(super) fn lock(disk: &dyn Disk, data: &Path) -> Result<Lock, JournalError> {
    let path = data.join(FOLDER).join(LOCK);
    disk.wait_lock(&path).map_err(doing("lock", &path))
}

/// Returns the name under which a file is made before it takes its place.
pub(super) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TEMPORARY);
    PathBuf::from(name)
}

/// Removes what a crash left half made.
pub(super) fn tidy(disk: &dyn Disk, folder: &Path) -> Result<(), JournalError> {
    for name in disk.list(folder).map_err(doing("list", folder))? {
        let segment = name.strip_suffix(TEMPORARY).is_some_and(|name| name.contains(".seg"));
        if segment {
            let path = folder.join(name);
            disk.remove(&path).map_err(doing("remove", &path))?;
        }
    }
    Ok(())
}

/// Makes a file that a crash may have left.
pub(super) fn create(disk: &dyn Disk, path: &Path) -> Result<Box<dyn DiskFile>, JournalError> {
    match disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(doing("remove", path)(error));
        }
        Ok(()) | Err(_) => {}
    }
    disk.create(path).map_err(doing("create", path))
}

/// Puts a synced file in the place of another, or where none is, and makes that durable.
pub(super) fn replace(
    disk: &dyn Disk,
    folder: &Path,
    from: &Path,
    to: &Path,
) -> Result<(), JournalError> {
    disk.rename(from, to).map_err(doing("rename", from))?;
    disk.sync_folder(folder).map_err(doing("sync", folder))
}

/// Seals a full segment whose plain form is there. The caller holds the lock.
///
/// # Errors
///
/// When the plain form is damaged, or the file system refuses; the plain form stays.
pub(super) fn seal(
    disk: &dyn Disk,
    full: &Full<'_>,
    stop: &dyn Fn() -> bool,
) -> Result<Sealing, JournalError> {
    let (plain, sealed) = (full.path(Form::Plain), full.path(Form::Sealed));
    let bytes = length(disk, &plain)?;
    if !is_sealed(disk, full)? {
        let made = temporary(&sealed);
        let packed = match pack(disk, full, &made, stop) {
            Ok(true) => check(disk, full, &made),
            Ok(false) => return remove(disk, &made).map(|()| Sealing::Stopped),
            Err(error) => Err(error),
        };
        if let Err(error) = packed {
            // Room is scarce when this fails, and the next try makes it anew.
            let _ = disk.remove(&made);
            return Err(error);
        }
        disk.keep_mode(&plain, &made).map_err(doing("set the mode of", &made))?;
        replace(disk, full.folder, &made, &sealed)?;
    }
    remove(disk, &plain)?;
    disk.sync_folder(full.folder).map_err(doing("sync", full.folder))?;
    Ok(Sealing::Done { plain: bytes, sealed: length(disk, &sealed)? })
}

/// Says whether the sealed form is there and as good as the plain one.
fn is_sealed(disk: &dyn Disk, full: &Full<'_>) -> Result<bool, JournalError> {
    let sealed = full.path(Form::Sealed);
    match disk.open_to_read(&sealed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(doing("open", &sealed)(error)),
        Ok(_) => match check(disk, full, &sealed) {
            Ok(()) => Ok(true),
            // It is made anew from the plain form, which is read record by record then.
            Err(JournalError::Damaged { .. }) => Ok(false),
            Err(error) => Err(error),
        },
    }
}

/// Packs the plain form into a file; `false` when told to stop.
fn pack(
    disk: &dyn Disk,
    full: &Full<'_>,
    to: &Path,
    stop: &dyn Fn() -> bool,
) -> Result<bool, JournalError> {
    let path = full.path(Form::Plain);
    let file = disk.open_to_read(&path).map_err(doing("open", &path))?;
    let damaged = |index, offset| JournalError::Damaged { file: path.clone(), index, offset };
    let mut window = Window::new(file);
    let bytes = window.bytes(0, Header::BYTES).map_err(doing("read", &path))?;
    let header = Header::read(bytes).filter(|header| header.first == full.first);
    let header = header.ok_or_else(|| damaged(full.first, 0))?;
    let made = create(disk, to)?;
    let mut packer = Packer::new(made, &header).map_err(doing("write", to))?;
    let (mut index, mut offset) = (full.first, FIRST_FRAME);
    loop {
        let found = window.frame(offset, index).map_err(doing("read", &path))?;
        let Found::Frame(count) = found else { break };
        packer.add(window.payload(offset, count)).map_err(doing("write", to))?;
        offset = after(offset, count);
        index += 1;
        if stop() {
            return Ok(false);
        }
    }
    let tail = window.tail(offset, index).map_err(doing("read", &path))?;
    if tail != Tail::Clean || index != full.end {
        return Err(damaged(index, offset));
    }
    packer.finish().map_err(doing("write", to))?;
    Ok(true)
}

/// Checks a sealed file against the plain form, byte for byte.
fn check(disk: &dyn Disk, full: &Full<'_>, sealed: &Path) -> Result<(), JournalError> {
    let path = full.path(Form::Plain);
    let file = disk.open_to_read(&path).map_err(doing("open", &path))?;
    let mut plain = Window::new(file);
    let file = disk.open_to_read(sealed).map_err(doing("open", sealed))?;
    let mut packed = Sealed::open(file, sealed, full.first)?;
    let damaged = |offset| {
        let file = sealed.to_owned();
        JournalError::Damaged { file, index: full.first, offset }
    };
    let mut end = 0;
    for number in 0..packed.blocks() {
        let (start, bytes) = packed.block(number)?;
        let original = plain.bytes(start, bytes.len()).map_err(doing("read", &path))?;
        if original != bytes {
            return Err(damaged(start));
        }
        end = start + u64::try_from(bytes.len()).expect("a block fits into memory");
    }
    let rest = plain.tail(end, full.end).map_err(doing("read", &path))?;
    if rest == Tail::Clean && packed.end() == full.end { Ok(()) } else { Err(damaged(end)) }
}

fn remove(disk: &dyn Disk, path: &Path) -> Result<(), JournalError> {
    disk.remove(path).map_err(doing("remove", path))
}

fn length(disk: &dyn Disk, path: &Path) -> Result<u64, JournalError> {
    let file = disk.open_to_read(path).map_err(doing("open", path))?;
    file.length().map_err(doing("measure", path))
}

/// Held by whoever replaces or deletes segments, within the journal's folder.
const LOCK: &str = "seal.lock";
const TEMPORARY: &str = ".tmp";
