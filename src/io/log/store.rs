//! Writing the files of a log so that a crash leaves each whole or absent.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog::tile::{Kind, Tile, WIDTH};

use crate::io::journal::disk::Disk;
use crate::io::log::edge::Made;
use crate::io::log::{LogError, doing};

/// Where tiles are written to.
pub(super) struct Store {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    /// Folders known to be there and durable.
    known: BTreeSet<PathBuf>,
    /// Folders whose names changed since they were synced.
    changed: BTreeSet<PathBuf>,
}

impl Store {
    /// Makes the folder of a log below `data`, durably.
    ///
    /// # Errors
    ///
    /// When the disk refuses.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        data: &Path,
        folder: PathBuf,
    ) -> Result<Self, LogError> {
        disk.create_folder(&folder).map_err(doing("create", &folder))?;
        let above = folder.ancestors().take_while(|folder| folder.starts_with(data));
        for folder in above {
            disk.sync_folder(folder).map_err(doing("sync", folder))?;
        }
        Ok(Self { disk, folder, known: BTreeSet::new(), changed: BTreeSet::new() })
    }

    /// Writes a tile; its name is durable after `sync`.
    ///
    /// # Errors
    ///
    /// When the disk refuses; so for all that follow.
    pub(super) fn write(&mut self, (tile, bytes): &Made) -> Result<(), LogError> {
        let path = self.folder.join(tile.to_string());
        let folder = path.parent().expect("a tile stands in a folder").to_owned();
        if !self.known.contains(&folder) {
            self.disk.create_folder(&folder).map_err(doing("create", &folder))?;
            let within = folder.ancestors().take_while(|above| above.starts_with(&self.folder));
            self.changed.extend(within.map(Path::to_owned));
            self.known.insert(folder.clone());
        }
        write(&*self.disk, &path, bytes)?;
        self.changed.insert(folder);
        Ok(())
    }

    /// Makes the names of what was written durable.
    pub(super) fn sync(&mut self) -> Result<(), LogError> {
        for folder in std::mem::take(&mut self.changed) {
            self.disk.sync_folder(&folder).map_err(doing("sync", &folder))?;
        }
        Ok(())
    }

    /// Removes what stands for a log of `size` entries no more: partial tiles whose full tile is
    /// there, as far as a step can have left them.
    pub(super) fn tidy(&mut self, size: u64) -> Result<(), LogError> {
        self.tidy_level(Kind::Entries, size)?;
        let (mut count, mut level) = (size, 0);
        while 0 < count {
            self.tidy_level(Kind::Hashes(level), count)?;
            (count, level) = (count / WIDTH, level + 1);
        }
        Ok(())
    }

    fn tidy_level(&mut self, kind: Kind, count: u64) -> Result<(), LogError> {
        let current = count / WIDTH;
        // A step is shorter than a group of a thousand tiles: what it left is in one of these.
        for index in [current.saturating_sub(GROUP), current] {
            let one = self.folder.join(Tile { kind, index, width: 256 }.to_string());
            let group = one.parent().expect("a tile stands in a folder");
            let names = self.disk.list(group).map_err(doing("list", group))?;
            for name in names {
                let number = name.strip_suffix(PARTIAL).and_then(|number| number.parse().ok());
                if number.is_some_and(|number: u64| index - index % GROUP + number < current) {
                    self.remove(&group.join(name))?;
                }
            }
        }
        Ok(())
    }

    /// Removes the partial tiles that the full ones among `made` have taken the place of.
    pub(super) fn outgrown(&mut self, made: &[Tile]) -> Result<(), LogError> {
        for tile in made {
            let mut path = self.folder.join(tile.to_string()).into_os_string();
            path.push(PARTIAL);
            let path = PathBuf::from(path);
            let names = self.disk.list(&path).map_err(doing("list", &path))?;
            if !names.is_empty() {
                self.remove(&path)?;
            }
        }
        Ok(())
    }

    /// Removes a folder of partial tiles.
    fn remove(&mut self, folder: &Path) -> Result<(), LogError> {
        for name in self.disk.list(folder).map_err(doing("list", folder))? {
            let path = folder.join(name);
            self.disk.remove(&path).map_err(doing("remove", &path))?;
        }
        self.known.remove(folder);
        self.disk.remove_folder(folder).map_err(doing("remove", folder))
    }
}

/// Replaces a file as a whole, durably.
pub(super) fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    write(disk, path, bytes)?;
    let folder = path.parent().expect("a file stands in a folder");
    disk.sync_folder(folder).map_err(doing("sync", folder))
}

/// Writes a file under another name, syncs it, and gives it its own.
fn write(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), LogError> {
    let mut fresh = path.to_owned().into_os_string();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let file = match disk.create(&fresh) {
        // A crash left it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            disk.remove(&fresh).map_err(doing("remove", &fresh))?;
            disk.create(&fresh)
        }
        file => file,
    };
    let file = file.map_err(doing("create", &fresh))?;
    file.write_at(0, bytes).map_err(doing("write", &fresh))?;
    file.sync().map_err(doing("sync", &fresh))?;
    disk.rename(&fresh, path).map_err(doing("rename", &fresh))
}

/// What follows the name of a full tile in that of the folder of its partial ones.
const PARTIAL: &str = ".p";

/// Tiles in a folder.
const GROUP: u64 = 1_000;
