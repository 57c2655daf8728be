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

/// Asks the node that runs in a data folder to record something, durably.
///
/// # Errors
///
/// When the file system refuses.
pub fn ask(data: &Path, bytes: &[u8]) -> Result<Asked, JournalError> {
    let folder = data.join(FOLDER).join(ASKED);
    let disk = LocalDisk;
    disk.create_folder(&folder).map_err(doing("create", &folder))?;
    let top = data.join(FOLDER);
    disk.sync_folder(&top).map_err(doing("sync", &top))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let path = folder.join(format!("{now:020}-{}{SUFFIX}", std::process::id()));
    let fresh = path.with_extension("new");
    let file = disk.create(&fresh).map_err(doing("create", &fresh))?;
    file.write_at(0, bytes).map_err(doing("write", &fresh))?;
    file.sync().map_err(doing("sync", &fresh))?;
    disk.rename(&fresh, &path).map_err(doing("rename", &fresh))?;
    disk.sync_folder(&folder).map_err(doing("sync", &folder))?;
    Ok(Asked(path))
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
/// Requests that are looked at in one turn.
const AT_ONCE: usize = 16;
/// Bytes of a request that are read.
const LONGEST: usize = 4 << 10;
