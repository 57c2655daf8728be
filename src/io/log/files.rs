//! Reading a log from its files, beside a running exchange or without one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tlog::checkpoint::Checkpoint;
use tlog::note::VerifierKey;
use tlog::tile::{self, Kind, Tile, Tiles, Tree};
use tlog::tree::Hash;

use crate::io::journal::Stream;
use crate::io::journal::disk::{Disk, LocalDisk};
use crate::io::keys;
use crate::io::log::{CHECKPOINT, Entry, LogError, anchored, doing, folder, private};

/// The files of one stream's log.
///
/// Tiles and bundles may be pruned or replaced while they are read; what is read is never half
/// written.
pub struct LogFiles {
    disk: Arc<dyn Disk>,
    data: PathBuf,
    folder: PathBuf,
    stream: Stream,
    vkey: VerifierKey,
}

impl LogFiles {
    /// Opens the log of a stream in a data folder.
    ///
    /// # Errors
    ///
    /// When its verifier key, `keys/<stream>.vkey`, cannot be read.
    pub fn open(data: &Path, stream: Stream) -> Result<Self, LogError> {
        let vkey = keys::verifier(data, stream.name())?;
        Ok(Self::on(Arc::new(LocalDisk), data, stream, vkey))
    }

    /// Opens a log on `disk` whose key is known.
    #[must_use]
    pub fn on(disk: Arc<dyn Disk>, data: &Path, stream: Stream, vkey: VerifierKey) -> Self {
        Self { disk, data: data.to_owned(), folder: folder(data, stream), stream, vkey }
    }

    /// Returns the key that checks its checkpoints; its name is the origin.
    #[must_use]
    pub fn vkey(&self) -> &VerifierKey {
        &self.vkey
    }

    /// Returns the folder that holds the checkpoint and `tile/`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the published checkpoint, the note first; none before the first.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or the log's key has not signed it.
    pub fn checkpoint(&self) -> Result<Option<(String, Checkpoint)>, LogError> {
        self.note(&self.folder.join(CHECKPOINT))
    }

    /// Returns the private copy of the last checkpoint signed, which is never behind the published.
    ///
    /// # Errors
    ///
    /// As `checkpoint`.
    pub fn signed(&self) -> Result<Option<(String, Checkpoint)>, LogError> {
        self.note(&private(&self.data, self.stream))
    }

    /// Returns the copy in the folder `journal.anchor`.
    ///
    /// # Errors
    ///
    /// As `checkpoint`.
    pub fn anchor(&self, anchor: &Path) -> Result<Option<(String, Checkpoint)>, LogError> {
        self.note(&anchored(anchor, self.stream))
    }

    /// Returns the bytes of a tile or bundle; those of a partial one from the full one, when that
    /// has taken its place. None when there is neither.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or is longer than any of ours.
    pub fn tile(&self, tile: Tile) -> Result<Option<Vec<u8>>, LogError> {
        if let Some(bytes) = self.file(&self.path(tile))? {
            return Ok(Some(bytes));
        }
        let full = tile.full();
        if full == tile {
            return Ok(None);
        }
        let path = self.path(full);
        let Some(mut bytes) = self.file(&path)? else { return Ok(None) };
        let each = match tile.kind {
            Kind::Hashes(_) => size_of::<Hash>(),
            Kind::Entries => LENGTH + size_of::<Entry>(),
        };
        bytes.truncate(usize::from(tile.width) * each);
        Ok(Some(bytes))
    }

    /// Returns the first `width` entries of a bundle; none when there is no such bundle, as after a
    /// prune.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or does not hold so many entries of 58 bytes.
    pub fn entry_bundle(&self, index: u64, width: u16) -> Result<Option<Vec<Entry>>, LogError> {
        let tile = Tile { kind: Kind::Entries, index, width };
        let Some(bytes) = self.tile(tile)? else { return Ok(None) };
        let entries = tile::entries(&bytes).and_then(|entries| {
            let entries = entries.into_iter().map(|entry| Entry::try_from(entry).ok());
            entries.collect::<Option<Vec<_>>>()
        });
        match entries {
            Some(entries) if entries.len() == usize::from(width) => Ok(Some(entries)),
            _ => Err(LogError::Malformed { path: self.path(tile) }),
        }
    }

    /// Returns the nodes of the tree of `size` leaves, for proofs; the log must have that many.
    #[must_use]
    pub fn tree(&self, size: u64) -> Tree<'_, Self> {
        Tree { tiles: self, size }
    }

    /// Returns the path of a tile.
    pub(super) fn path(&self, tile: Tile) -> PathBuf {
        self.folder.join(tile.to_string())
    }

    fn note(&self, path: &Path) -> Result<Option<(String, Checkpoint)>, LogError> {
        let Some(bytes) = self.file(path)? else { return Ok(None) };
        let malformed = |_| LogError::Malformed { path: path.to_owned() };
        let note = String::from_utf8(bytes).map_err(malformed)?;
        let wrong = |source| LogError::Checkpoint { path: path.to_owned(), source };
        let checkpoint = Checkpoint::open(&note, &self.vkey).map_err(wrong)?;
        Ok(Some((note, checkpoint)))
    }

    /// Reads a whole file; none when there is none.
    fn file(&self, path: &Path) -> Result<Option<Vec<u8>>, LogError> {
        read(&*self.disk, path).map_err(doing("read", path))
    }
}

impl Tiles for LogFiles {
    type Error = LogError;

    fn hashes(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, LogError> {
        let tile = Tile { kind: Kind::Hashes(level), index, width };
        let path = || self.path(tile);
        let missing = || {
            let source = io::ErrorKind::NotFound.into();
            LogError::Io { doing: "read", path: path(), source }
        };
        let bytes = self.tile(tile)?.ok_or_else(missing)?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() != usize::from(width) {
            return Err(LogError::Malformed { path: path() });
        }
        Ok(hashes.to_vec())
    }
}

/// Reads a whole file of a log; none when there is none.
pub(super) fn read(disk: &dyn Disk, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open_to_read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let length = usize::try_from(file.length()?).unwrap_or(usize::MAX);
    if MOST < length {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "longer than any file of a log"));
    }
    let mut bytes = vec![0; length];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(Some(bytes))
}

/// Bytes of the length before each entry of a bundle.
const LENGTH: usize = 2;

/// A full bundle has 15,360 bytes, a full tile 8,192, a checkpoint a few hundred and its cosignatures.
const MOST: usize = 64 << 10;
