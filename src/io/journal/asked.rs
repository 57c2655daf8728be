//! What commands ask the running node to record, which alone may append: files in the journal's
//! folder, taken away once they are recorded.
//!
//! It carries bytes and never knows what they say. A file that is left when the node dies is found
//! by the next start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::io::journal::disk::{Disk, LocalDisk};
use crate::io::journal::space::{free_ballast, is_full};
use crate::io::journal::{FOLDER, JournalError, doing};

/// Something that was asked and may be recorded by now.
#[derive(Debug)]
pub struct Asked(PathBuf);

/// Something to be recorded.
#[derive(Debug)]
pub struct Request {
    path: PathBuf,
    /// What was asked.
    pub bytes: Vec<u8>,
}

/// Asks the node that runs in a data folder to record something, durably. On a full disk the ballast
/// is given up for it.
///
/// # Errors
///
/// When the file system refuses.
pub fn ask(data: &Path, bytes: &[u8]) -> Result<Asked, JournalError> {
    ask_on(&LocalDisk, data, bytes)
}

/// Asks on `disk`.
pub(super) fn ask_on(disk: &dyn Disk, data: &Path, bytes: &[u8]) -> Result<Asked, JournalError> {
    let folder = data.join(FOLDER).join(ASKED);
    disk.create_folder(&folder).map_err(doing("create", &folder))?;
    let top = data.join(FOLDER);
    disk.sync_folder(&top).map_err(doing("sync", &top))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let path = folder.join(format!("{now:020}-{}{SUFFIX}", std::process::id()));
    let fresh = path.with_extension(FRESH);
    match put(disk, &fresh, &path, bytes) {
        Ok(()) => {}
        Err(JournalError::Io { source, .. }) if is_full(&source) && free_ballast(disk, data)? => {
            put(disk, &fresh, &path, bytes)?;
        }
        // A node that starts takes away what a crash left, and takes this for such.
        Err(JournalError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            put(disk, &fresh, &path, bytes)?;
        }
        Err(error) => return Err(error),
    }
    disk.sync_folder(&folder).map_err(doing("sync", &folder))?;
    Ok(Asked(path))
}

/// Writes a file under one name and gives it another; nothing is left of it when that fails.
fn put(disk: &dyn Disk, fresh: &Path, path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let file = disk.create(fresh).map_err(doing("create", fresh))?;
    let written = file.write_at(0, bytes).map_err(doing("write", fresh));
    let synced = written.and_then(|()| file.sync().map_err(doing("sync", fresh)));
    let put = synced.and_then(|()| disk.rename(fresh, path).map_err(doing("rename", fresh)));
    if put.is_err() {
        // What went wrong is said; that this stays would be the lesser fault.
        let _ = disk.remove(fresh);
    }
    put
}

/// Removes what a command that was killed left half written.
pub(super) fn tidy(disk: &dyn Disk, data: &Path) -> Result<(), JournalError> {
    let folder = data.join(FOLDER).join(ASKED);
    for name in disk.list(&folder).map_err(doing("list", &folder))? {
        let path = folder.join(name);
        if path.extension().is_some_and(|it| it == FRESH) {
            match disk.remove(&path) {
                // It was put in its place at this moment.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed.map_err(doing("remove", &path))?,
            }
        }
    }
    Ok(())
}

/// Returns what waits to be recorded, the oldest first, at most 16.
///
/// # Errors
///
/// When the file system refuses.
pub fn waiting(data: &Path) -> Result<Vec<Request>, JournalError> {
    let folder = data.join(FOLDER).join(ASKED);
    let mut names = LocalDisk.list(&folder).map_err(doing("list", &folder))?;
    names.retain(|name| name.ends_with(SUFFIX));
    names.sort_unstable();
    let mut requests = Vec::new();
    for name in names.into_iter().take(AT_ONCE) {
        let path = folder.join(name);
        match LocalDisk.open_to_read(&path) {
            // It was withdrawn.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(doing("open", &path)(error)),
            Ok(file) => {
                // What is longer is none of ours, and does not parse when it is cut.
                let mut bytes = vec![0; LONGEST];
                let count = file.read_at(0, &mut bytes).map_err(doing("read", &path))?;
                bytes.truncate(count);
                requests.push(Request { path, bytes });
            }
        }
    }
    Ok(requests)
}

impl Request {
    /// Takes it away, once it is recorded or found to be nothing that can be.
    ///
    /// # Errors
    ///
    /// When the file system refuses: then it is recorded twice, which does no harm.
    pub fn done(self) -> Result<(), JournalError> {
        remove(&self.path).map(|_| ())
    }
}

impl Asked {
    /// Says whether the node has recorded it.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        matches!(fs::metadata(&self.0), Err(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Takes it back; `false` when it was recorded first.
    ///
    /// # Errors
    ///
    /// When the file system refuses.
    pub fn withdraw(&self) -> Result<bool, JournalError> {
        remove(&self.0)
    }
}

/// Removes a file; `false` when it is not there.
fn remove(path: &Path) -> Result<bool, JournalError> {
    match LocalDisk.remove(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(doing("remove", path)(error)),
    }
}

/// The folder within the journal's.
const ASKED: &str = "asked";
const SUFFIX: &str = ".json";
/// What is not written to its end.
const FRESH: &str = "new";
/// Requests that are looked at in one turn.
const AT_ONCE: usize = 16;
/// Bytes of a request that are read.
const LONGEST: usize = 4 << 10;
