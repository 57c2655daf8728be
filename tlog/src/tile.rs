//! Tiles and entry bundles as C2SP `tlog-tiles` lays them out: what exists, and what it is called.

use std::fmt;

use crate::tree::{Hash, Nodes, node};

/// Hashes of a full tile, and entries of a full bundle.
pub const WIDTH: u64 = 256;

/// What a path names.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Hashes of a level, 0 to 63.
    Hashes(u8),
    /// Entries.
    Entries,
}

/// A tile, full or partial.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Tile {
    /// What it holds.
    pub kind: Kind,
    /// Which of its kind.
    pub index: u64,
    /// How many hashes or entries, 1 to 256.
    pub width: u16,
}

/// Prints the path below the prefix of the log.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Hashes(level) => write!(f, "tile/{level}/")?,
            Kind::Entries => f.write_str("tile/entries/")?,
        }
        let digits = format!("{:03}", self.index);
        // Groups of three from the right; all but the last begin with an x.
        let lead = (3 - digits.len() % 3) % 3;
        let digits = format!("{}{digits}", &"00"[..lead]);
        let groups: Vec<&str> =
            (0..digits.len()).step_by(3).map(|at| &digits[at..at + 3]).collect();
        let (last, above) = groups.split_last().expect("a number has digits");
        above.iter().try_for_each(|group| write!(f, "x{group}/"))?;
        f.write_str(last)?;
        if u64::from(self.width) == WIDTH { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl Tile {
    /// Reads a path; none when it is not exactly what `Display` writes.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let kind = match kind {
            "entries" => Kind::Entries,
            level => Kind::Hashes(level.parse().ok().filter(|level| *level < 64)?),
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok()?),
            None => (rest, 256),
        };
        let digits: String = number.split('/').map(|group| group.trim_start_matches('x')).collect();
        let tile = Self { kind, index: digits.parse().ok()?, width };
        // Whatever else could be read as the same tile is another text.
        let sound = (1..=256).contains(&width) && tile.to_string() == path;
        sound.then_some(tile)
    }

    /// Returns the full tile that this one is or grows into.
    #[must_use]
    pub fn full(self) -> Self {
        Self { width: 256, ..self }
    }
}

/// Returns the tiles of a tree that one of `old` leaves had not, entry bundles included: what is to
/// be written when it has grown. Full ones of the old tree are left out.
#[must_use]
pub fn grown(old: u64, new: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    level(&mut tiles, Kind::Entries, old, new);
    let (mut old, mut new, mut depth) = (old, new, 0);
    while 0 < new {
        level(&mut tiles, Kind::Hashes(depth), old, new);
        (old, new, depth) = (old / WIDTH, new / WIDTH, depth + 1);
    }
    tiles
}

fn level(tiles: &mut Vec<Tile>, kind: Kind, old: u64, new: u64) {
    if old == new {
        return;
    }
    for index in old / WIDTH..new / WIDTH {
        tiles.push(Tile { kind, index, width: 256 });
    }
    let rest = u16::try_from(new % WIDTH).expect("a remainder of 256 fits");
    if rest != 0 {
        tiles.push(Tile { kind, index: new / WIDTH, width: rest });
    }
}

/// Returns an entry bundle: each entry after its length.
///
/// None when an entry is longer than 65,535 bytes.
#[must_use]
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut bundle = Vec::new();
    for entry in entries {
        bundle.extend_from_slice(&u16::try_from(entry.len()).ok()?.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Some(bundle)
}

/// Reads an entry bundle; none when it is cut short or holds more than a bundle may.
#[must_use]
pub fn entries(bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk()?;
        let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        entries.push(entry);
        rest = after;
    }
    (entries.len() <= 256).then_some(entries)
}

/// Where tiles are read from.
pub trait Tiles {
    /// Why a tile cannot be read.
    type Error;

    /// Returns the hashes of a tile of hashes: at least the first `width` of it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or holds fewer.
    fn hashes(&self, level: u8, index: u64, width: u16) -> Result<Vec<Hash>, Self::Error>;
}

/// The nodes of a tree of `size` leaves that lies in tiles.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a, T> {
    /// The tiles.
    pub tiles: &'a T,
    /// How many leaves it has.
    pub size: u64,
}

impl<T: Tiles> Nodes for Tree<'_, T> {
    type Error = T::Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        // A node is one hash of a tile, or the root of a full run within one.
        let (tile_level, within) = (level / 8, level % 8);
        let first = index << within;
        let (tile, offset) = (first / WIDTH, first % WIDTH);
        let whole = self.size.checked_shr(8 * u32::from(tile_level)).unwrap_or(0);
        let width = (whole - (tile * WIDTH).min(whole)).min(WIDTH);
        let width = u16::try_from(width).expect("a tile has at most 256 hashes");
        let hashes = self.tiles.hashes(tile_level, tile, width)?;
        let offset = usize::try_from(offset).expect("an offset within a tile fits");
        Ok(root(&hashes[offset..offset + (1 << within)]))
    }
}

/// Returns the root of a number of hashes that is a power of two.
fn root(hashes: &[Hash]) -> Hash {
    if let [one] = hashes {
        return *one;
    }
    let (left, right) = hashes.split_at(hashes.len() / 2);
    node(&root(left), &root(right))
}
