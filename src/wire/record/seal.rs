//! From sections to the payload of a frame: salts, commitments, record root, entry.
//!
//! A section can be shown to one party, or erased, without touching what is proved of the others.

use std::borrow::Cow;
use std::ops::Range;

use crate::model::time::UnixMillis;
use crate::wire::record::json::Json;
use crate::wire::record::seal::short::{BLOCK, START, State};

mod short;

/// The 58 bytes that stand for a record in its stream's tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// What the record is about, by number.
    pub kind: u8,
    /// The record's UUID.
    pub id: [u8; 16],
    /// When it was made.
    pub at: UnixMillis,
    /// The root over the commitments to its sections.
    pub root: [u8; 32],
}

/// A section that is made elsewhere, before it is sealed.
pub(super) struct Part<'a> {
    /// Its name, at most 255 bytes.
    pub(super) name: Cow<'a, str>,
    /// Its JSON, or raw markup.
    pub(super) bytes: Cow<'a, [u8]>,
    /// A salt of its own, of `user` only, so that it can be erased; otherwise the record key gives one.
    pub(super) salt: Option<[u8; 16]>,
}

impl<'a> Part<'a> {
    /// Makes a section salted by the record key.
    pub(super) fn new(name: impl Into<Cow<'a, str>>, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { name: name.into(), bytes: bytes.into(), salt: None }
    }
}

impl Entry {
    /// Its length on disk and in the tree.
    pub const BYTES: usize = 58;

    /// Returns the 58 bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[0] = VERSION;
        bytes[1] = self.kind;
        bytes[2..18].copy_from_slice(&self.id);
        bytes[18..26].copy_from_slice(&self.at.0.to_be_bytes());
        bytes[26..].copy_from_slice(&self.root);
        bytes
    }

    /// Reads the entry of a payload, or `None` when it is short or of another version.
    #[must_use]
    pub fn read(payload: &[u8]) -> Option<Self> {
        let bytes = payload.first_chunk::<{ Self::BYTES }>()?;
        let (&[version, kind], rest) = bytes.split_first_chunk()?;
        let (&id, rest) = rest.split_first_chunk()?;
        let (&at, root) = rest.split_first_chunk()?;
        let root = *root.first_chunk()?;
        let at = UnixMillis(u64::from_be_bytes(at));
        (version == VERSION).then_some(Self { kind, id, at, root })
    }
}

/// Makes a payload section by section, in one buffer.
pub(super) struct Sealer {
    /// Room for the entry, the record key, room for the count, then the sections so far.
    payload: Vec<u8>,
    salts: Salts,
    /// The leaf hash of each section so far.
    leaves: Vec<[u8; 32]>,
    /// Where the name of the last section lies.
    last: Range<usize>,
    compressor: Option<Compressor>,
}

/// What a record key makes salts with, by HMAC (RFC 2104): its two pads are hashed once a record.
pub(super) struct Salts {
    inner: State,
    outer: State,
}

impl Salts {
    /// Prepares a record key.
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let pad = |filler: u8| {
            let mut block = [filler; BLOCK];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            short::after(&block)
        };
        Self { inner: pad(0x36), outer: pad(0x5c) }
    }

    /// Returns the salt of a section (decision 24).
    #[inline]
    pub(super) fn of(&self, name: &[u8]) -> [u8; 16] {
        let mut inner = self.inner;
        let rest = short::blocks(&mut inner, name);
        let inner = short::last(inner, rest, BLOCK + name.len());
        let tag = short::last(self.outer, &inner, BLOCK + inner.len());
        *tag.first_chunk().expect("16 is below 32")
    }
}

impl Sealer {
    /// Starts a payload of about `room` bytes.
    pub(super) fn new(key: &[u8; 32], room: usize) -> Self {
        let mut payload = Vec::with_capacity(room);
        payload.extend_from_slice(&[0; Entry::BYTES]);
        payload.extend_from_slice(key);
        payload.extend_from_slice(&[0; 2]);
        let last = payload.len()..payload.len();
        let leaves = Vec::with_capacity(64);
        Self { payload, salts: Salts::new(key), leaves, last, compressor: None }
    }

    /// Adds the section of a name, given in two halves.
    ///
    /// # Panics
    ///
    /// When the name is not above that of the section before, or longer than 255 bytes.
    pub(super) fn section(&mut self, name: (&str, &str), write: impl FnOnce(&mut Json<'_>)) {
        let name = self.name(name);
        let salt = self.salts.of(&self.payload[name]);
        self.payload.push(FORM_PLAIN);
        self.body(&salt, write);
    }

    /// Adds the section that can be erased, with a salt of its own.
    ///
    /// # Panics
    ///
    /// As `section`.
    pub(super) fn erasable(&mut self, salt: &[u8; 16], write: impl FnOnce(&mut Json<'_>)) {
        self.name((USER, ""));
        self.payload.push(FORM_PLAIN);
        self.payload.extend_from_slice(salt);
        self.body(salt, write);
    }

    /// Returns the payload and its record root.
    pub(super) fn finish(self, kind: u8, id: [u8; 16], at: UnixMillis) -> (Vec<u8>, [u8; 32]) {
        let mut payload = self.payload;
        let root = root(&self.leaves);
        payload[..Entry::BYTES].copy_from_slice(&Entry { kind, id, at, root }.bytes());
        let count = u16::try_from(self.leaves.len()).expect("a market has far fewer bidders");
        payload[Entry::BYTES + 32..][..2].copy_from_slice(&count.to_le_bytes());
        (payload, root)
    }

    /// Writes a name and says where it lies.
    fn name(&mut self, (start, rest): (&str, &str)) -> Range<usize> {
        let length =
            u8::try_from(start.len() + rest.len()).expect("config bounds the ids in names");
        self.payload.push(length);
        let from = self.payload.len();
        self.payload.extend_from_slice(start.as_bytes());
        self.payload.extend_from_slice(rest.as_bytes());
        let name = from..self.payload.len();
        let above = self.payload[self.last.clone()] < self.payload[name.clone()];
        assert!(above, "sections come by their names, each once");
        self.last = name.clone();
        name
    }

    /// Writes length and bytes, commits to them, and packs them where that pays.
    fn body(&mut self, salt: &[u8; 16], write: impl FnOnce(&mut Json<'_>)) {
        let form = self.last.end;
        self.payload.extend_from_slice(&[0; 4]);
        let from = self.payload.len();
        write(&mut Json::new(&mut self.payload));
        let (name, bytes) = (&self.payload[self.last.clone()], &self.payload[from..]);
        self.leaves.push(leaf(name, &commitment(name, salt, bytes)));
        if PACK_FROM <= bytes.len() {
            let compressor = self.compressor.get_or_insert_with(compress);
            let packed =
                compressor.compress(bytes).expect("the destination is as large as zstd asks");
            if packed.len() < bytes.len() {
                self.payload.truncate(from);
                self.payload.extend_from_slice(&packed);
                self.payload[form] = FORM_ZSTD;
            }
        }
        let length = u32::try_from(self.payload.len() - from).expect("a section is below 4 GiB");
        self.payload[from - 4..from].copy_from_slice(&length.to_le_bytes());
    }
}

/// Makes the payload of a frame and its record root.
///
/// # Panics
///
/// When two sections share a name, or a name is longer than 255 bytes.
pub(super) fn payload(
    kind: u8,
    id: [u8; 16],
    at: UnixMillis,
    key: &[u8; 32],
    mut parts: Vec<Part<'_>>,
) -> (Vec<u8>, [u8; 32]) {
    parts.sort_unstable_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let room: usize = parts.iter().map(|part| part.bytes.len() + 64).sum();
    let mut sealer = Sealer::new(key, room + 128);
    for part in &parts {
        match &part.salt {
            Some(salt) => sealer.erasable(salt, |json| json.raw(&part.bytes)),
            None => sealer.section((&part.name, ""), |json| json.raw(&part.bytes)),
        }
    }
    sealer.finish(kind, id, at)
}

/// Returns the commitment to a section.
pub(super) fn commitment(name: impl AsRef<[u8]>, salt: &[u8; 16], bytes: &[u8]) -> [u8; 32] {
    // Five blocks hold the longest name.
    let mut start = [0; 5 * BLOCK];
    let mut length = 0;
    for piece in [SECTION, name.as_ref(), b"\n", salt] {
        start[length..length + piece.len()].copy_from_slice(piece);
        length += piece.len();
    }
    // The block in which the bytes begin is filled with them.
    let room = length.next_multiple_of(BLOCK) - length;
    let (first, others) = bytes.split_at(room.min(bytes.len()));
    start[length..length + first.len()].copy_from_slice(first);
    let mut state = START;
    let mut rest = short::blocks(&mut state, &start[..length + first.len()]);
    if rest.is_empty() {
        rest = short::blocks(&mut state, others);
    }
    short::last(state, rest, length + bytes.len())
}

/// Returns the leaf hash of a section in the tree of its record.
pub(super) fn leaf(name: impl AsRef<[u8]>, commitment: &[u8; 32]) -> [u8; 32] {
    let name = name.as_ref();
    let mut leaf = [0; 1 + 255 + 1 + 32];
    let end = name.len() + 1;
    leaf[1..end].copy_from_slice(name);
    leaf[end + 1..end + 33].copy_from_slice(commitment);
    short::digest(&leaf[..end + 33])
}

/// Returns the Merkle tree hash of RFC 6962, section 2.1, over leaf hashes.
pub(super) fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => short::digest(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            let mut node = [0x01; 65];
            node[1..33].copy_from_slice(&root(left));
            node[33..].copy_from_slice(&root(right));
            short::digest(&node)
        }
    }
}

/// The zstd context, made once a record: a new one costs more than a small section.
type Compressor = zstd::bulk::Compressor<'static>;

/// Makes a context at level 1.
fn compress() -> Compressor {
    Compressor::new(1).expect("zstd has a level 1 and memory")
}

/// The version of entries.
pub(super) const VERSION: u8 = 1;
/// The section's bytes as they are.
pub(super) const FORM_PLAIN: u8 = 0;
/// The section's bytes as a zstd frame.
pub(super) const FORM_ZSTD: u8 = 1;
/// Only the commitment is left of the section.
pub(super) const FORM_ERASED: u8 = 2;
/// The section with a salt of its own.
pub(super) const USER: &str = "user";
/// What every commitment starts with.
const SECTION: &[u8] = b"breakwater/section/v1\n";
/// Shorter sections are not worth the time to compress: a sale waits for it, and sealed segments are
/// compressed as a whole, and better for what is not compressed yet.
const PACK_FROM: usize = 16 << 10;

#[cfg(test)]
mod tests;
