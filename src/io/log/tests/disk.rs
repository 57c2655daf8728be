//! A disk in memory that loses power: what was not synced may be there afterwards or not, content
//! and names alike.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::Chance;
use crate::io::journal::disk::{Disk, DiskFile, Lock};

/// The disk; clones share it.
#[derive(Clone, Default)]
pub(super) struct SimulatedDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Names as a running program sees them, and as they survive.
    names: BTreeMap<PathBuf, Node>,
    durable: BTreeMap<PathBuf, Node>,
    contents: Vec<Content>,
    /// Changes until the power is lost; none: never.
    fuse: Option<usize>,
    changes: usize,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Clone, Default)]
struct Content {
    written: Vec<u8>,
    synced: Vec<u8>,
}

impl State {
    /// Uses up a change, or fails since the power is gone.
    fn change(&mut self) -> io::Result<()> {
        self.powered()?;
        self.changes += 1;
        self.fuse = self.fuse.map(|fuse| fuse - 1);
        Ok(())
    }

    fn powered(&self) -> io::Result<()> {
        if self.fuse == Some(0) { Err(io::Error::other("no power")) } else { Ok(()) }
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            Some(Node::Folder) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn parent(&self, path: &Path) -> io::Result<()> {
        let parent = path.parent().unwrap();
        let there = parent.as_os_str().is_empty() || self.names.get(parent) == Some(&Node::Folder);
        if there { Ok(()) } else { Err(ErrorKind::NotFound.into()) }
    }
}

impl SimulatedDisk {
    /// Loses power after so many changes.
    pub(super) fn fuse(&self, changes: Option<usize>) {
        self.0.lock().fuse = changes;
    }

    pub(super) fn changes(&self) -> usize {
        self.0.lock().changes
    }

    /// Reads a file, whether there is power or not.
    pub(super) fn peek(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.0.lock();
        state.file(path).ok().map(|file| state.contents[file].written.clone())
    }

    /// Returns all files below a folder.
    pub(super) fn files(&self, below: &Path) -> BTreeSet<PathBuf> {
        let state = self.0.lock();
        let files = state.names.iter().filter(|(_, node)| matches!(node, Node::File(_)));
        files.map(|(path, _)| path.clone()).filter(|path| path.starts_with(below)).collect()
    }

    /// Writes a file durably.
    pub(super) fn put(&self, path: &Path, bytes: &[u8]) {
        self.create_folder(path.parent().unwrap()).unwrap();
        let mut state = self.0.lock();
        let content = Content { written: bytes.to_vec(), synced: bytes.to_vec() };
        state.contents.push(content);
        let node = Node::File(state.contents.len() - 1);
        state.names.insert(path.to_owned(), node);
        state.durable = state.names.clone();
    }

    /// Copies all as it is, durably.
    pub(super) fn backup(&self) -> Self {
        let copy = Self::default();
        for path in self.files(Path::new("")) {
            copy.put(&path, &self.peek(&path).unwrap());
        }
        copy
    }

    /// Returns the disk as power comes back: of each change not synced, chance decides.
    pub(super) fn after_crash(&self, chance: &mut Chance) -> Self {
        let state = self.0.lock();
        let mut names = state.durable.clone();
        let paths: BTreeSet<_> = state.names.keys().chain(state.durable.keys()).collect();
        for path in paths {
            let (now, then) = (state.names.get(path), state.durable.get(path));
            if now != then && chance.below(2) == 0 {
                match now {
                    Some(node) => names.insert(path.clone(), *node),
                    None => names.remove(path),
                };
            }
        }
        let folders = names.clone();
        names.retain(|path, _| {
            let mut above = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
            above.all(|above| folders.get(above) == Some(&Node::Folder))
        });
        let contents = state.contents.iter().map(|content| {
            let mut bytes = content.synced.clone();
            bytes.resize(content.written.len(), 0);
            let differs = |at: &usize| bytes[*at] != content.written[*at];
            if let Some(first) = (0..bytes.len()).find(differs) {
                let kept = chance.below(bytes.len() - first + 1);
                bytes[first..first + kept].copy_from_slice(&content.written[first..first + kept]);
            }
            Content { written: bytes.clone(), synced: bytes }
        });
        let contents = contents.collect();
        let (durable, fuse, changes) = (names.clone(), None, 0);
        Self(Arc::new(Mutex::new(State { names, durable, contents, fuse, changes })))
    }
}

struct SimulatedFile {
    disk: SimulatedDisk,
    file: usize,
}

impl Disk for SimulatedDisk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.powered()?;
        for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
            match state.names.get(folder) {
                Some(Node::File(_)) => return Err(ErrorKind::NotADirectory.into()),
                Some(Node::Folder) => break,
                None => state.names.insert(folder.to_owned(), Node::Folder),
            };
        }
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.0.lock();
        state.powered()?;
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.0.lock();
        state.change()?;
        state.parent(path)?;
        if state.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        state.contents.push(Content::default());
        let file = state.contents.len() - 1;
        state.names.insert(path.to_owned(), Node::File(file));
        Ok(Box::new(SimulatedFile { disk: self.clone(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let state = self.0.lock();
        state.powered()?;
        let file = state.file(path)?;
        Ok(Box::new(SimulatedFile { disk: self.clone(), file }))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn keep_mode(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.change()?;
        state.file(path)?;
        state.names.remove(path);
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.change()?;
        if state.names.keys().any(|inside| inside.parent() == Some(path)) {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        state.names.remove(path).map(|_| ()).ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.change()?;
        state.parent(to)?;
        let file = state.file(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), Node::File(file));
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.change()?;
        let inside = |path: &PathBuf| path.parent() == Some(folder);
        let State { names, durable, .. } = &mut *state;
        durable.retain(|path, _| !inside(path));
        durable.extend(names.iter().filter(|(path, _)| inside(path)).map(|(a, b)| (a.clone(), *b)));
        // The topmost folder is there before anything runs.
        let top = folder.components().next().map(|top| PathBuf::from(top.as_os_str()));
        durable.extend(top.map(|top| (top, Node::Folder)));
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Lock>> {
        Ok(Some(Box::new(())))
    }

    fn wait_lock(&self, _: &Path) -> io::Result<Lock> {
        Ok(Box::new(()))
    }

    fn free(&self, _: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        let state = self.disk.0.lock();
        state.powered()?;
        Ok(u64::try_from(state.contents[self.file].written.len()).unwrap())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.0.lock();
        state.powered()?;
        let bytes = &state.contents[self.file].written;
        let rest = &bytes[usize::try_from(offset).unwrap().min(bytes.len())..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        state.change()?;
        let written = &mut state.contents[self.file].written;
        let offset = usize::try_from(offset).unwrap();
        written.resize(written.len().max(offset + bytes.len()), 0);
        written[offset..offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        state.change()?;
        state.contents[self.file].written.resize(usize::try_from(length).unwrap(), 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.0.lock();
        state.change()?;
        let content = &mut state.contents[self.file];
        content.synced = content.written.clone();
        Ok(())
    }
}
