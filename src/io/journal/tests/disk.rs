//! A disk in memory that forgets what was not synced, fills up, fails and stalls on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::io::journal::disk::{Disk, DiskFile, Lock};

/// The disk; clones share it.
#[derive(Clone, Default)]
pub(super) struct MemoryDisk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, Content>,
    locks: BTreeSet<PathBuf>,
    faults: Faults,
    /// Syncs done so far.
    syncs: usize,
    /// Syncs that wait to be let through.
    stalled: usize,
}

#[derive(Clone, Default)]
struct Content {
    written: Vec<u8>,
    synced: Vec<u8>,
}

/// What the disk does wrong.
#[derive(Clone, Copy, Default)]
pub(super) struct Faults {
    /// Bytes that can still be written; then writes fail, half done.
    pub(super) space: Option<usize>,
    /// Syncs that still succeed.
    pub(super) syncs: Option<usize>,
    /// Whether syncs wait.
    pub(super) stall: bool,
}

impl MemoryDisk {
    pub(super) fn set(&self, faults: Faults) {
        self.0.state.lock().faults = faults;
        self.0.moved.notify_all();
    }

    pub(super) fn syncs(&self) -> usize {
        self.0.state.lock().syncs
    }

    /// Waits until a sync is stalled.
    pub(super) fn until_stalled(&self) {
        let mut state = self.0.state.lock();
        while state.stalled == 0 {
            self.0.moved.wait(&mut state);
        }
    }

    pub(super) fn names(&self) -> Vec<PathBuf> {
        self.0.state.lock().files.keys().cloned().collect()
    }

    pub(super) fn bytes(&self, path: &Path) -> Vec<u8> {
        self.0.state.lock().files[path].written.clone()
    }

    pub(super) fn put(&self, path: &Path, bytes: &[u8]) {
        let content = Content { written: bytes.to_vec(), synced: bytes.to_vec() };
        self.0.state.lock().files.insert(path.to_owned(), content);
    }

    /// Returns the disk after a power cut that kept `kept` bytes of what was not synced.
    pub(super) fn after_power_cut(&self, kept: usize) -> Self {
        let disk = Self::default();
        for (path, content) in &self.0.state.lock().files {
            let mut bytes = content.synced.clone();
            bytes.resize(content.written.len(), 0);
            let differ = |index: &usize| bytes[*index] != content.written[*index];
            let first = (0..bytes.len()).find(differ).unwrap_or(bytes.len());
            let end = bytes.len().min(first + kept);
            bytes[first..end].copy_from_slice(&content.written[first..end]);
            disk.put(path, &bytes);
        }
        disk
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    path: PathBuf,
}

impl MemoryFile {
    fn with<T>(&self, change: impl FnOnce(&mut Content) -> T) -> T {
        let mut state = self.disk.0.state.lock();
        change(state.files.get_mut(&self.path).expect("an open file is there"))
    }
}

impl Disk for MemoryDisk {
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.0.state.lock();
        let inside = state.files.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        if self.0.state.lock().files.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.put(path, &[]);
        self.open(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        if !self.0.state.lock().files.contains_key(path) {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(Box::new(MemoryFile { disk: self.clone(), path: path.to_owned() }))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.state.lock().files.remove(path).map(|_| ()).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn remove_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let files = &mut self.0.state.lock().files;
        let content = files.remove(from).ok_or(ErrorKind::NotFound)?;
        files.insert(to.to_owned(), content);
        Ok(())
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        struct Held(MemoryDisk, PathBuf);
        impl Drop for Held {
            fn drop(&mut self) {
                self.0.0.state.lock().locks.remove(&self.1);
            }
        }
        let new = self.0.state.lock().locks.insert(path.to_owned());
        Ok(new.then(|| Box::new(Held(self.clone(), path.to_owned())) as Lock))
    }
}

impl DiskFile for MemoryFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.with(|content| u64::try_from(content.written.len()).unwrap()))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|content| {
            let offset = usize::try_from(offset).unwrap().min(content.written.len());
            let rest = &content.written[offset..];
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            Ok(count)
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let room = {
            let mut state = self.disk.0.state.lock();
            let room = state.faults.space.unwrap_or(usize::MAX);
            state.faults.space = state.faults.space.map(|space| space.saturating_sub(bytes.len()));
            room
        };
        let fits = &bytes[..bytes.len().min(room)];
        self.with(|content| {
            let offset = usize::try_from(offset).unwrap();
            let end = offset + fits.len();
            content.written.resize(content.written.len().max(end), 0);
            content.written[offset..end].copy_from_slice(fits);
        });
        if fits.len() == bytes.len() { Ok(()) } else { Err(ErrorKind::StorageFull.into()) }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.with(|content| content.written.resize(usize::try_from(length).unwrap(), 0));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.0.state.lock();
        state.stalled += 1;
        self.disk.0.moved.notify_all();
        while state.faults.stall {
            self.disk.0.moved.wait(&mut state);
        }
        state.stalled -= 1;
        if state.faults.syncs == Some(0) {
            return Err(io::Error::other("input/output error"));
        }
        state.faults.syncs = state.faults.syncs.map(|syncs| syncs - 1);
        state.syncs += 1;
        let content = state.files.get_mut(&self.path).expect("an open file is there");
        content.synced = content.written.clone();
        Ok(())
    }
}
