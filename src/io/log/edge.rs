//! The right edge of a log: the tiles under way, which grow with each entry.

use tlog::tile::{self, Kind, Tile, Tiles, WIDTH};
use tlog::tree::{self, Frontier, Hash};

use crate::io::log::files::LogFiles;
use crate::io::log::{Entry, LogError};

/// What of a log is not in full tiles yet.
///
/// Level by level, hashes of the tile under way; the frontier of the same tree; and the entries of
/// the bundle under way, which may be unknown after a prune.
#[derive(Debug, Default)]
pub(super) struct Edge {
    frontier: Frontier,
    levels: Vec<Vec<Hash>>,
    entries: Vec<Entry>,
}

/// A tile or bundle and its bytes.
pub(super) type Made = (Tile, Vec<u8>);

impl Edge {
    /// Reads the edge of a log of `size` entries from its partial tiles, or the beginnings of full
    /// ones; none when one is missing or damaged, or they have not this root.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    pub(super) fn read(files: &LogFiles, size: u64, root: &Hash) -> Result<Option<Self>, LogError> {
        match Self::load(files, size) {
            Ok(edge) => Ok(edge.filter(|edge| edge.root() == *root)),
            Err(error) if is_damage(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn load(files: &LogFiles, size: u64) -> Result<Option<Self>, LogError> {
        let frontier = Frontier::read(size, &files.tree(size))?;
        let (mut levels, mut rest, mut level) = (Vec::new(), size, 0);
        while 0 < rest {
            let hashes = match width(rest) {
                0 => Vec::new(),
                width => files.hashes(level, rest / WIDTH, width)?,
            };
            levels.push(hashes);
            (rest, level) = (rest / WIDTH, level + 1);
        }
        let entries = match width(size) {
            0 => Some(Vec::new()),
            width => files.entry_bundle(size / WIDTH, width)?,
        };
        let Some(entries) = entries else { return Ok(None) };
        let leaves = levels.first().into_iter().flatten().copied();
        let fits = entries.iter().map(|entry| tree::leaf(entry)).eq(leaves);
        Ok(fits.then_some(Self { frontier, levels, entries }))
    }

    pub(super) fn size(&self) -> u64 {
        self.frontier.size()
    }

    pub(super) fn root(&self) -> Hash {
        self.frontier.root()
    }

    /// Appends an entry; tiles and bundles that it completes go to `made`.
    pub(super) fn push(&mut self, entry: &Entry, made: &mut Vec<Made>) {
        self.entries.push(*entry);
        if u64::try_from(self.entries.len()) == Ok(WIDTH) {
            let tile = Tile { kind: Kind::Entries, index: self.size() / WIDTH, width: 256 };
            made.push((tile, bundle(&self.entries)));
            self.entries.clear();
        }
        self.push_leaf(tree::leaf(entry), made);
    }

    /// Appends a leaf whose entry was pruned; tiles that it completes go to `made`.
    pub(super) fn push_leaf(&mut self, leaf: Hash, made: &mut Vec<Made>) {
        let mut index = self.size() / WIDTH;
        self.frontier.push(leaf);
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let hashes = &mut self.levels[level];
            hashes.push(hash);
            if u64::try_from(hashes.len()) != Ok(WIDTH) {
                return;
            }
            let depth = u8::try_from(level).expect("2^64 leaves have 8 levels");
            made.push((Tile { kind: Kind::Hashes(depth), index, width: 256 }, hashes.concat()));
            // Only full tiles feed the level above.
            hash = tree::root_of(hashes);
            hashes.clear();
            index /= WIDTH;
        }
    }

    /// Returns the partial tiles and bundle of this size that a log of `old` entries had not.
    pub(super) fn partial(&self, old: u64) -> Vec<Made> {
        let grown = tile::grown(old, self.size()).into_iter();
        let partial = grown.filter(|tile| u64::from(tile.width) != WIDTH);
        let made = partial.map(|tile| match tile.kind {
            Kind::Entries => (tile, bundle(&self.entries)),
            Kind::Hashes(level) => (tile, self.levels[usize::from(level)].concat()),
        });
        made.collect()
    }
}

/// Says whether a file of the log is missing or damaged, which the journal can make good.
pub(super) fn is_damage(error: &LogError) -> bool {
    match error {
        LogError::Malformed { .. } => true,
        LogError::Io { source, .. } => {
            matches!(source.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::InvalidData)
        }
        _ => false,
    }
}

/// Returns how many hashes the tile under way has when a level has so many.
pub(super) fn width(count: u64) -> u16 {
    u16::try_from(count % WIDTH).expect("a remainder of 256 fits")
}

fn bundle(entries: &[Entry]) -> Vec<u8> {
    let bundle = tile::bundle(entries.iter().map(Entry::as_slice));
    bundle.expect("an entry is shorter than 65,536 bytes")
}
