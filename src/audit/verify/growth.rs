//! The tree grown again from the records, and compared with tiles, entry bundles and what is
//! signed. It holds one tile a level, however long the log is.

use std::cmp::Reverse;

use tlog::tile::{self, Kind, Tile, Tiles, WIDTH};
use tlog::tree::{self, Hash, leaf};

use crate::audit::finding::Findings;
use crate::audit::verify::log::{Log, Mark};
use crate::io::journal::JournalError;

/// A tree as far as it has grown.
pub(super) struct Growth<'a> {
    log: &'a Log<'a>,
    size: u64,
    /// The hashes of the tile at the right edge of each level, lowest first.
    edge: Vec<Vec<Hash>>,
    /// The entry bundle at the right edge.
    bundle: Vec<u8>,
    /// Whether the bundle lacks entries of records that could not be read.
    holes: bool,
    /// States that were signed, the smallest last.
    marks: Vec<Mark>,
    /// Up to here tiles must be there.
    signed: u64,
    /// Below here bundles may be pruned.
    kept_from: u64,
    /// Whether hashes were missing, so that nothing more can be said.
    lost: bool,
    /// Full bundles that are not there, and the index after each: a prune may have taken them
    /// meanwhile, before their records.
    gone: Vec<(Tile, u64)>,
    /// The tile of leaves looked up last, and the widths of the partial ones that are kept of it.
    widths: Option<(u64, Vec<u16>)>,
}

impl<'a> Growth<'a> {
    /// Begins with the empty tree.
    pub(super) fn new(log: &'a Log<'a>, marks: impl Iterator<Item = Mark>) -> Self {
        let mut marks: Vec<Mark> = marks.collect();
        marks.sort_by_key(|mark| Reverse(mark.size));
        let signed = marks.first().map_or(0, |mark| mark.size);
        let (edge, bundle) = (vec![Vec::new()], Vec::new());
        let (size, kept_from) = (0, 0);
        let (holes, lost, gone, widths) = (false, false, Vec::new(), None);
        Self { log, size, edge, bundle, holes, marks, signed, kept_from, lost, gone, widths }
    }

    /// Returns how many leaves there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Takes it that records below `index` were pruned.
    pub(super) fn kept_from(&mut self, index: u64) {
        self.kept_from = index;
    }

    /// Appends the entry of a record.
    pub(super) fn push(&mut self, entry: &[u8], found: &mut Findings) -> Result<(), JournalError> {
        let length = u16::try_from(entry.len()).expect("an entry has 58 bytes");
        self.bundle.extend_from_slice(&length.to_be_bytes());
        self.bundle.extend_from_slice(entry);
        self.append(leaf(entry), found)
    }

    /// Fills up to `size` with the hashes that the log has of records that cannot be read.
    pub(super) fn fill(&mut self, size: u64, found: &mut Findings) -> Result<(), JournalError> {
        while self.size < size && !self.lost {
            let (tile, from) = (self.size / WIDTH, self.size % WIDTH);
            let until = (size - tile * WIDTH).min(WIDTH);
            let hashes = self.stored(tile, until, found)?;
            let Some(hashes) = hashes else {
                self.lost = true;
                if self.size < self.signed {
                    let path = self.log.tile_path(full(Kind::Hashes(0), tile));
                    let what = "the hashes of records that cannot be read are not here: the root \
                                cannot be computed"
                        .to_owned();
                    found.add(self.log.finding(&path, Some(self.size), "tile", what));
                }
                break;
            };
            self.holes = true;
            let from = usize::try_from(from).expect("a place in a tile fits");
            let until = usize::try_from(until).expect("a place in a tile fits");
            for hash in &hashes[from..until] {
                self.append(*hash, found)?;
            }
        }
        self.size = self.size.max(size);
        Ok(())
    }

    /// Checks the tiles at the right edge, which stay partial.
    pub(super) fn end(&mut self, found: &mut Findings) -> Result<(), JournalError> {
        if self.lost {
            return Ok(());
        }
        // A log without records is signed too.
        while self.marks.last().is_some_and(|mark| mark.size == self.size) {
            self.mark(found)?;
        }
        for level in 0..self.edge.len() {
            if !self.edge[level].is_empty() {
                self.partial(level, found)?;
            }
        }
        Ok(())
    }

    fn append(&mut self, leaf: Hash, found: &mut Findings) -> Result<(), JournalError> {
        if self.lost {
            self.size += 1;
            return Ok(());
        }
        while self.marks.last().is_some_and(|mark| mark.size == 0) {
            self.mark(found)?;
        }
        self.size += 1;
        let (mut level, mut hash) = (0, leaf);
        loop {
            if self.edge.len() == level {
                self.edge.push(Vec::new());
            }
            self.edge[level].push(hash);
            if self.edge[level].len() < usize::from(FULL) {
                break;
            }
            self.partial(level, found)?;
            self.full(level, found)?;
            hash = tree::root_of(&self.edge[level]);
            self.edge[level].clear();
            if level == 0 {
                self.bundle.clear();
                self.holes = false;
            }
            level += 1;
        }
        while self.marks.last().is_some_and(|mark| mark.size == self.size) {
            self.mark(found)?;
        }
        Ok(())
    }

    /// Compares with a signed state, and looks for the partial tiles that it needs.
    fn mark(&mut self, found: &mut Findings) -> Result<(), JournalError> {
        let Some(mark) = self.marks.pop() else { return Ok(()) };
        let tiles = tile::Tree { tiles: &Edge(&self.edge), size: self.size };
        let root = match tree::root(self.size, &tiles) {
            Ok(root) => root,
            Err(never) => match never {},
        };
        if root != mark.root {
            let size = mark.size;
            let what = format!("it is not the root of the {size} records before it");
            found.add(self.log.finding(&mark.file, None, "root", what));
        }
        for level in 0..self.edge.len() {
            let Ok(width) = u16::try_from(self.edge[level].len()) else { continue };
            if width == 0 {
                continue;
            }
            let index = self.tile_index(level);
            self.needed(Kind::Hashes(number(level)), index, width, found)?;
            if level == 0 && self.kept_from <= index * WIDTH {
                self.needed(Kind::Entries, index, width, found)?;
            }
        }
        Ok(())
    }

    /// Says when neither a partial tile nor the full one it grew into is there.
    fn needed(
        &self,
        kind: Kind,
        index: u64,
        width: u16,
        found: &mut Findings,
    ) -> Result<(), JournalError> {
        let partial = Tile { kind, index, width };
        // The partial tile is deleted after the full one is there.
        for tile in [partial, partial.full()] {
            if self.log.tile(tile, found)?.is_some() {
                return Ok(());
            }
        }
        self.absent(partial, found);
        Ok(())
    }

    /// Compares the full tile that ends here.
    fn full(&mut self, level: usize, found: &mut Findings) -> Result<(), JournalError> {
        let index = self.tile_index(level);
        let tile = full(Kind::Hashes(number(level)), index);
        let ends = (index + 1) << (8 * (level + 1));
        match self.log.tile(tile, found)? {
            Some(bytes) => self.hashes(tile, &bytes, found),
            None if ends <= self.signed => self.absent(tile, found),
            None => {}
        }
        if level == 0 {
            let tile = full(Kind::Entries, index);
            match self.log.tile(tile, found)? {
                Some(bytes) => self.entries(tile, &bytes, found),
                None if ends <= self.signed && self.kept_from < ends => {
                    self.gone.push((tile, ends));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Compares the partial tiles that are kept of the tile at the edge.
    fn partial(&self, level: usize, found: &mut Findings) -> Result<(), JournalError> {
        let index = self.tile_index(level);
        let entries = (level == 0).then_some(Kind::Entries);
        for kind in [Kind::Hashes(number(level))].into_iter().chain(entries) {
            for width in self.log.partial(kind, index)? {
                let tile = Tile { kind, index, width };
                match (self.log.tile(tile, found)?, kind) {
                    (Some(bytes), Kind::Hashes(_)) => self.hashes(tile, &bytes, found),
                    (Some(bytes), Kind::Entries) => self.entries(tile, &bytes, found),
                    // The full tile came in between.
                    (None, Kind::Hashes(_) | Kind::Entries) => {}
                }
            }
        }
        Ok(())
    }

    /// Compares a tile of hashes as far as the tree has grown: a log at work may be ahead.
    fn hashes(&self, tile: Tile, bytes: &[u8], found: &mut Findings) {
        let Kind::Hashes(level) = tile.kind else { return };
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() != usize::from(tile.width) {
            let (is, wide) = (bytes.len(), 32 * u32::from(tile.width));
            self.fault(tile, self.first(tile), "length", found, format!("{is} bytes, not {wide}"));
            return;
        }
        let ours = &self.edge[usize::from(level)];
        let Some(place) = ours.iter().zip(hashes).position(|(ours, theirs)| ours != theirs) else {
            return;
        };
        let place = u64::try_from(place).expect("a place in a tile fits");
        let index = self.first(tile) + (place << (8 * u32::from(level)));
        let what = match level {
            0 => format!("hash {place} is not that of the record's entry"),
            _ => format!("hash {place} is not that of the tile below"),
        };
        self.fault(tile, index, "hash", found, what);
    }

    /// Compares an entry bundle as far as the tree has grown.
    fn entries(&self, tile: Tile, bytes: &[u8], found: &mut Findings) {
        let first = self.first(tile);
        if !self.holes {
            // All entries have one length: the first byte that differs tells which.
            let same = bytes.iter().zip(&self.bundle).take_while(|(theirs, ours)| theirs == ours);
            let same = same.count();
            let wide = usize::from(tile.width) * ENTRY;
            if bytes.len() == wide && same == wide.min(self.bundle.len()) {
                return;
            }
            let place = (same / ENTRY).min(usize::from(tile.width) - 1);
            let index = first + u64::try_from(place).expect("a place in a bundle fits");
            let what = format!("entry {place} is not that of the record");
            self.fault(tile, index, "entry", found, what);
            return;
        }
        let entries = tile::entries(bytes).filter(|it| it.len() == usize::from(tile.width));
        let Some(entries) = entries else {
            let what = format!("it does not hold {} entries", tile.width);
            self.fault(tile, first, "entry", found, what);
            return;
        };
        let differs = |(ours, entry): (&Hash, &&[u8])| leaf(entry) != *ours;
        if let Some(place) = self.edge[0].iter().zip(&entries).position(differs) {
            let index = first + u64::try_from(place).expect("a place in a bundle fits");
            let what = format!("entry {place} does not hash into its tile");
            self.fault(tile, index, "entry", found, what);
        }
    }

    /// Returns the hashes of leaves that the log has, at least `count` of a tile.
    fn stored(
        &mut self,
        index: u64,
        count: u64,
        found: &mut Findings,
    ) -> Result<Option<Vec<Hash>>, JournalError> {
        let kind = Kind::Hashes(0);
        let widths = match self.widths.take() {
            Some((known, widths)) if known == index => widths,
            Some(_) | None => {
                let mut widths = self.log.partial(kind, index)?;
                // The full one last: it is there before those go that it takes the place of.
                widths.push(FULL);
                widths
            }
        };
        let (_, widths) = self.widths.insert((index, widths));
        for &width in widths.iter().filter(|width| count <= u64::from(**width)) {
            let Some(bytes) = self.log.tile(Tile { kind, index, width }, found)? else { continue };
            let (hashes, rest) = bytes.as_chunks::<32>();
            if rest.is_empty() && hashes.len() == usize::from(width) {
                return Ok(Some(hashes.to_vec()));
            }
        }
        Ok(None)
    }

    /// Says whether entry bundles are missing that nobody had deleted when the stream was read.
    pub(super) fn lacks_bundles(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Tells which entry bundles are missing, of those that hold records kept from `first` on.
    pub(super) fn bundles(&mut self, first: u64, found: &mut Findings) {
        for (tile, ends) in std::mem::take(&mut self.gone) {
            if first < ends {
                self.absent(tile, found);
            }
        }
    }

    fn absent(&self, tile: Tile, found: &mut Findings) {
        // Of what is no file it was told.
        if self.log.is_odd(&self.log.tile_path(tile)) {
            return;
        }
        self.fault(tile, self.first(tile), "tile", found, "it is missing".to_owned());
    }

    fn fault(&self, tile: Tile, index: u64, field: &str, found: &mut Findings, what: String) {
        let path = self.log.tile_path(tile);
        found.add(self.log.finding(&path, Some(index), field, what));
    }

    /// Returns the first record below a tile.
    fn first(&self, tile: Tile) -> u64 {
        let level = match tile.kind {
            Kind::Hashes(level) => u32::from(level),
            Kind::Entries => 0,
        };
        tile.index << (8 * (level + 1))
    }

    /// Returns which tile of a level is at the edge.
    fn tile_index(&self, level: usize) -> u64 {
        // The last leaf is within it, whether it is full or not.
        (self.size - 1) >> (8 * (level + 1))
    }
}

/// The tiles at the right edge: all that a root is made of.
struct Edge<'a>(&'a [Vec<Hash>]);

impl Tiles for Edge<'_> {
    type Error = std::convert::Infallible;

    fn hashes(&self, level: u8, _index: u64, _width: u16) -> Result<Vec<Hash>, Self::Error> {
        Ok(self.0.get(usize::from(level)).cloned().unwrap_or_default())
    }
}

fn full(kind: Kind, index: u64) -> Tile {
    Tile { kind, index, width: FULL }
}

fn number(level: usize) -> u8 {
    u8::try_from(level).expect("2^64 leaves have 8 levels")
}

/// Hashes of a full tile.
const FULL: u16 = 256;
/// An entry in its bundle.
const ENTRY: usize = 2 + 58;
