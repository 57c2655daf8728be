//! The right to append to a journal: the lock that a running node holds.

use std::path::Path;
use std::sync::Arc;

use crate::io::journal::disk::{Disk, LocalDisk, Lock};
use crate::io::journal::{FOLDER, JournalError, LOCK, STREAMS, doing, folder};

/// The lock of a journal; as long as it is held nobody else appends.
///
/// Whoever does several things to a journal that is not open holds it throughout, and lends it to
/// each (`Journal::open_held`, `rewrite`).
pub struct Hold {
    _lock: Lock,
}

impl Hold {
    /// Takes the lock of the journal in a data folder, whose folders it makes at first.
    ///
    /// # Errors
    ///
    /// `Locked` while another holds it; else when the file system refuses.
    pub fn take(data: &Path) -> Result<Self, JournalError> {
        Self::take_on(&(Arc::new(LocalDisk) as Arc<dyn Disk>), data)
    }

    /// Takes the lock of a journal on `disk`.
    ///
    /// # Errors
    ///
    /// As `take`.
    pub fn take_on(disk: &Arc<dyn Disk>, data: &Path) -> Result<Self, JournalError> {
        let top = data.join(FOLDER);
        for stream in STREAMS {
            let folder = folder(data, stream);
            disk.create_folder(&folder).map_err(doing("create", &folder))?;
        }
        for folder in [&*top, data] {
            disk.sync_folder(folder).map_err(doing("sync", folder))?;
        }
        let lock = disk.lock(&top.join(LOCK)).map_err(doing("lock", &top))?;
        lock.map(|lock| Self { _lock: lock }).ok_or(JournalError::Locked { folder: top })
    }
}
