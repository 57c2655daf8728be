//! A disk in memory that forgets what was not synced, fills up, fails and stalls on demand.
//!
//! Files are told from their names, as on a disk: a name that was made, changed or removed is
//! durable once its folder is synced, bytes once their file is. A power cut keeps any sectors of
//! what was written since, and the changes of names up to any point.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::io::journal::disk::{Disk, DiskFile, Lock};

/// The disk; clones share it.
#[derive(Clone, Default)]
pub(in crate::io) struct MemoryDisk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    moved: Condvar,
}

type Names = BTreeMap<PathBuf, usize>;

#[derive(Default)]
struct State {
    names: Names,
    /// Names that survive a power cut.
    durable: Names,
    /// Changes of names since, in order.
    changes: Vec<Change>,
    files: Vec<Content>,
    locks: BTreeSet<PathBuf>,
    faults: Faults,
    /// Syncs done so far.
    syncs: usize,
    /// Syncs that wait to be let through.
    stalled: usize,
    /// Changes of the disk so far.
    steps: usize,
    /// Whether segments may be sealed: their temporary files made.
    seals: bool,
}

/// One change of names.
#[derive(Clone)]
struct Change {
    path: PathBuf,
    /// The file the name stands for from now on.
    file: Option<usize>,
    /// The name that goes, in the same moment.
    from: Option<PathBuf>,
}

impl Change {
    fn apply(&self, names: &mut Names) {
        if let Some(from) = &self.from {
            names.remove(from);
        }
        match self.file {
            Some(file) => names.insert(self.path.clone(), file),
            None => names.remove(&self.path),
        };
    }
}

#[derive(Clone, Default)]
struct Content {
    written: Vec<u8>,
    synced: Vec<u8>,
    /// Stretches written since the last sync.
    unsynced: Vec<(usize, usize)>,
}

/// What the disk does wrong.
#[derive(Clone, Copy, Default)]
pub(in crate::io) struct Faults {
    /// Bytes by which files can still grow; then writes fail, half done.
    pub(in crate::io) space: Option<usize>,
    /// Bytes that it says are free.
    pub(in crate::io) free: Option<u64>,
    /// Syncs that still succeed.
    pub(in crate::io) syncs: Option<usize>,
    /// Whether syncs wait.
    pub(in crate::io) stall: bool,
    /// Whether syncs of files whose path holds this wait.
    pub(in crate::io) stall_in: Option<&'static str>,
    /// Changes until the power is off; then nothing changes any more.
    pub(in crate::io) power: Option<usize>,
}

/// Numbers from a seed: Knuth's MMIX constants; the high bits are the good ones.
pub(in crate::io) struct Chance(pub(in crate::io) u64);

impl Chance {
    pub(in crate::io) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

impl MemoryDisk {
    /// Returns a disk on which segments are sealed.
    pub(in crate::io) fn sealing() -> Self {
        let disk = Self::default();
        disk.0.state.lock().seals = true;
        disk
    }

    pub(in crate::io) fn set(&self, faults: Faults) {
        self.0.state.lock().faults = faults;
        self.0.moved.notify_all();
    }

    pub(in crate::io) fn syncs(&self) -> usize {
        self.0.state.lock().syncs
    }

    /// Returns how often the disk was changed.
    pub(in crate::io) fn steps(&self) -> usize {
        self.0.state.lock().steps
    }

    /// Waits until a sync is stalled.
    pub(in crate::io) fn until_stalled(&self) {
        let mut state = self.0.state.lock();
        while state.stalled == 0 {
            self.0.moved.wait(&mut state);
        }
    }

    /// Waits until the names of the files are as they should.
    pub(in crate::io) fn until(&self, done: impl Fn(&[PathBuf]) -> bool) {
        let mut state = self.0.state.lock();
        while !done(&state.names.keys().cloned().collect::<Vec<_>>()) {
            self.0.moved.wait(&mut state);
        }
    }

    pub(in crate::io) fn names(&self) -> Vec<PathBuf> {
        self.0.state.lock().names.keys().cloned().collect()
    }

    pub(in crate::io) fn bytes(&self, path: &Path) -> Vec<u8> {
        let state = self.0.state.lock();
        state.files[state.names[path]].written.clone()
    }

    pub(in crate::io) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.0.state.lock();
        let file = state.files.len();
        let (written, synced) = (bytes.to_vec(), bytes.to_vec());
        state.files.push(Content { written, synced, unsynced: Vec::new() });
        state.names.insert(path.to_owned(), file);
        state.durable.insert(path.to_owned(), file);
    }

    /// Returns another disk with the same files, all of them durable.
    pub(in crate::io) fn copy(&self) -> Self {
        let disk = Self::sealing();
        for name in self.names() {
            disk.put(&name, &self.bytes(&name));
        }
        disk
    }

    /// Returns the disk after a power cut. Nothing that was not synced is kept for seed 0, other
    /// seeds draw.
    pub(in crate::io) fn after_power_cut(&self, seed: u64) -> Self {
        let state = self.0.state.lock();
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut names = state.durable.clone();
        let kept = if seed == 0 { 0 } else { chance.below(state.changes.len() + 1) };
        state.changes[..kept].iter().for_each(|change| change.apply(&mut names));
        let disk = Self::default();
        disk.0.state.lock().seals = state.seals;
        for (name, file) in names {
            let content = &state.files[file];
            let bytes = match seed {
                0 => content.synced.clone(),
                _ => content.after_power_cut(&mut chance),
            };
            disk.put(&name, &bytes);
        }
        disk
    }

    /// Counts a change, unless the power is off.
    fn step(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.0.state.lock();
        if state.faults.power == Some(0) {
            return Err(io::Error::other("the power is off"));
        }
        state.faults.power = state.faults.power.map(|power| power - 1);
        state.steps += 1;
        self.0.moved.notify_all();
        Ok(state)
    }

    fn rename_or_remove(&self, path: &Path, change: Change) -> io::Result<()> {
        let file = *self.0.state.lock().names.get(path).ok_or(ErrorKind::NotFound)?;
        let mut state = self.step()?;
        if change.file.is_none() {
            let length = state.files[file].written.len();
            state.faults.space = state.faults.space.map(|space| space + length);
        }
        let change = Change { file: change.file.map(|_| file), ..change };
        change.apply(&mut state.names);
        state.changes.push(change);
        Ok(())
    }
}

impl Content {
    /// Draws which sectors of what was not synced are kept.
    fn after_power_cut(&self, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        let longer = self.synced.len() < self.written.len();
        if (longer || chance.below(2) == 0) && chance.below(4) != 0 {
            bytes.resize(self.written.len(), 0);
        }
        // Torn: all up to a point. Reordered: any. Else all.
        let way = chance.below(3);
        let first = self.unsynced.iter().map(|(start, _)| *start).min().unwrap_or(0);
        let cut = first + chance.below(self.written.len().saturating_sub(first) + 1);
        for &(start, end) in &self.unsynced {
            let mut from = start;
            while from < end {
                let to = end.min((from / SECTOR + 1) * SECTOR);
                let (kept, to_kept) = match way {
                    0 => (from < cut, to.min(cut)),
                    1 => (chance.below(2) == 0, to),
                    _ => (true, to),
                };
                let to_kept = to_kept.min(bytes.len()).min(self.written.len());
                if kept && from < to_kept {
                    bytes[from..to_kept].copy_from_slice(&self.written[from..to_kept]);
                }
                from = to;
            }
        }
        bytes
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    path: PathBuf,
    file: usize,
}

impl MemoryFile {
    fn with<T>(&self, read: impl FnOnce(&Content) -> T) -> T {
        read(&self.disk.0.state.lock().files[self.file])
    }
}

impl Disk for MemoryDisk {
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.0.state.lock();
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.step()?;
        if state.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        if !state.seals && path.extension().is_some_and(|it| it == "tmp") {
            return Err(ErrorKind::ReadOnlyFilesystem.into());
        }
        let file = state.files.len();
        state.files.push(Content::default());
        let change = Change { path: path.to_owned(), file: Some(file), from: None };
        change.apply(&mut state.names);
        state.changes.push(change);
        drop(state);
        self.open(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = *self.0.state.lock().names.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(Box::new(MemoryFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let change = Change { path: to.to_owned(), file: Some(0), from: Some(from.to_owned()) };
        self.rename_or_remove(from, change)
    }

    fn remove_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn keep_mode(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.rename_or_remove(path, Change { path: path.to_owned(), file: None, from: None })
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        let changes = std::mem::take(&mut state.changes);
        for change in changes {
            if change.path.parent() == Some(folder) {
                change.apply(&mut state.durable);
            } else {
                state.changes.push(change);
            }
        }
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let new = self.0.state.lock().locks.insert(path.to_owned());
        Ok(new.then(|| Box::new(Held(self.clone(), path.to_owned())) as Lock))
    }

    fn wait_lock(&self, path: &Path) -> io::Result<Lock> {
        let mut state = self.0.state.lock();
        while !state.locks.insert(path.to_owned()) {
            self.0.moved.wait(&mut state);
        }
        Ok(Box::new(Held(self.clone(), path.to_owned())))
    }

    fn free(&self, _: &Path) -> io::Result<u64> {
        Ok(self.0.state.lock().faults.free.unwrap_or(u64::MAX))
    }
}

struct Held(MemoryDisk, PathBuf);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.state.lock().locks.remove(&self.1);
        self.0.0.moved.notify_all();
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
        let mut state = self.disk.step()?;
        let offset = usize::try_from(offset).unwrap();
        let length = state.files[self.file].written.len();
        let grown = (offset + bytes.len()).saturating_sub(length);
        let room = state.faults.space.unwrap_or(usize::MAX);
        let fits = &bytes[..bytes.len() - grown.saturating_sub(room).min(bytes.len())];
        state.faults.space = state.faults.space.map(|space| space.saturating_sub(grown));
        let end = offset + fits.len();
        let content = &mut state.files[self.file];
        content.written.resize(length.max(end), 0);
        content.written[offset..end].copy_from_slice(fits);
        if offset < end {
            content.unsynced.push((offset, end));
        }
        if fits.len() == bytes.len() { Ok(()) } else { Err(ErrorKind::StorageFull.into()) }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.step()?;
        state.files[self.file].written.resize(usize::try_from(length).unwrap(), 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.0.state.lock();
        state.stalled += 1;
        self.disk.0.moved.notify_all();
        let path = self.path.to_string_lossy();
        while state.faults.stall || state.faults.stall_in.is_some_and(|it| path.contains(it)) {
            self.disk.0.moved.wait(&mut state);
        }
        state.stalled -= 1;
        drop(state);
        let mut state = self.disk.step()?;
        if state.faults.syncs == Some(0) {
            return Err(io::Error::other("input/output error"));
        }
        state.faults.syncs = state.faults.syncs.map(|syncs| syncs - 1);
        state.syncs += 1;
        let content = &mut state.files[self.file];
        content.synced = content.written.clone();
        content.unsynced.clear();
        Ok(())
    }
}

/// The least that a disk writes whole.
const SECTOR: usize = 512;
