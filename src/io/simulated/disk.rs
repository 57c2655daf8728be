//! What the journal and the log ask of a disk, done in memory.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::io::journal::disk::{Disk, DiskFile, Lock};
use crate::io::simulated::{Change, Content, MemoryDisk, Node};

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
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.powered()?;
        if path.ancestors().any(|above| matches!(state.names.get(above), Some(Node::File(_)))) {
            return Err(ErrorKind::NotADirectory.into());
        }
        state.make_folder(path);
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut state = self.0.state.lock();
        state.descriptor()?;
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.step()?;
        state.descriptor()?;
        if state.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        if !state.is_folder(path.parent().unwrap()) {
            return Err(ErrorKind::NotFound.into());
        }
        if !state.seals && path.extension().is_some_and(|it| it == "tmp") {
            return Err(ErrorKind::ReadOnlyFilesystem.into());
        }
        let file = state.files.len();
        state.files.push(Content::default());
        state.change(Change { path: path.to_owned(), node: Some(Node::File(file)), from: None });
        Ok(Box::new(MemoryFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.0.state.lock();
        state.descriptor()?;
        let file = state.file(path)?;
        drop(state);
        Ok(Box::new(MemoryFile { disk: self.clone(), path: path.to_owned(), file }))
    }

    fn open_to_read(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        if !state.is_folder(to.parent().unwrap()) {
            return Err(ErrorKind::NotFound.into());
        }
        let node = Some(Node::File(state.file(from)?));
        state.change(Change { path: to.to_owned(), node, from: Some(from.to_owned()) });
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        if state.names.keys().any(|inside| inside.parent() == Some(path)) {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        if state.names.get(path) != Some(&Node::Folder) {
            return Err(ErrorKind::NotFound.into());
        }
        state.change(Change { path: path.to_owned(), node: None, from: None });
        Ok(())
    }

    fn keep_mode(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        // A name that is not there is no change.
        self.0.state.lock().file(path)?;
        let mut state = self.step()?;
        let length = state.file(path).map(|file| state.files[file].written.len())?;
        state.faults.space = state.faults.space.map(|space| space + length);
        state.change(Change { path: path.to_owned(), node: None, from: None });
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.step()?;
        state.descriptor()?;
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

    fn free(&self, folder: &Path) -> io::Result<u64> {
        let state = self.0.state.lock();
        if !state.is_folder(folder) {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(state.faults.free.unwrap_or(u64::MAX))
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
        Ok(self.with(|content| {
            let offset = usize::try_from(offset).unwrap().min(content.written.len());
            let rest = &content.written[offset..];
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            count
        }))
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
