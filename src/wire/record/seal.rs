//! From sections to the payload of a frame: salts, commitments, record root, entry.
//!
//! A section can be shown to one party, or erased, without touching what is proved of the others.

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::model::time::UnixMillis;
use crate::wire::record::MARKUP;

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

/// A section before it is sealed.
pub(super) struct Part<'a> {
    /// Its name, at most 255 bytes.
    pub(super) name: Cow<'a, str>,
    /// Its JSON, or raw markup.
    pub(super) bytes: Cow<'a, [u8]>,
    /// A salt of its own, so that it can be erased; otherwise the record key gives one.
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
    let distinct = parts.windows(2).all(|pair| pair[0].name != pair[1].name);
    assert!(distinct, "two sections of one record share a name");
    let mut leaves = Vec::with_capacity(parts.len());
    let mut body = Vec::with_capacity(parts.iter().map(|part| part.bytes.len() + 64).sum());
    let mut compressor = None;
    for part in &parts {
        let salt = part.salt.unwrap_or_else(|| salt(key, &part.name));
        leaves.push(leaf(&part.name, &commitment(&part.name, &salt, &part.bytes)));
        let length = u8::try_from(part.name.len()).expect("config bounds the ids in names");
        body.push(length);
        body.extend_from_slice(part.name.as_bytes());
        store(part, &mut compressor, &mut body);
    }
    let root = root(&leaves);
    let count = u16::try_from(parts.len()).expect("a market has far fewer bidders");
    let mut payload = Vec::with_capacity(body.len() + Entry::BYTES + 34);
    payload.extend_from_slice(&Entry { kind, id, at, root }.bytes());
    payload.extend_from_slice(key);
    payload.extend_from_slice(&count.to_le_bytes());
    payload.extend_from_slice(&body);
    (payload, root)
}

/// Writes form, own salt, length and bytes of a section.
fn store(part: &Part<'_>, compressor: &mut Option<Compressor>, body: &mut Vec<u8>) {
    let from = if part.name.starts_with(MARKUP) { PACK_MARKUP_FROM } else { PACK_FROM };
    let packed = (from <= part.bytes.len()).then(|| {
        let compressor = compressor.get_or_insert_with(compress);
        compressor.compress(&part.bytes).expect("the destination is as large as zstd asks")
    });
    let packed = packed.filter(|packed| packed.len() < part.bytes.len());
    let (form, bytes) = match &packed {
        Some(packed) => (FORM_ZSTD, packed.as_slice()),
        None => (FORM_PLAIN, &*part.bytes),
    };
    body.push(form);
    if let Some(salt) = part.salt {
        body.extend_from_slice(&salt);
    }
    let length = u32::try_from(bytes.len()).expect("a section is far below 4 GiB");
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(bytes);
}

/// Returns the salt of a section (decision 24).
pub(super) fn salt(key: &[u8; 32], name: &str) -> [u8; 16] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(name.as_bytes());
    let tag: [u8; 32] = mac.finalize().into_bytes().into();
    *tag.first_chunk().expect("16 is below 32")
}

/// Returns the commitment to a section.
pub(super) fn commitment(name: &str, salt: &[u8; 16], bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"breakwater/section/v1\n");
    hash.update(name.as_bytes());
    hash.update(b"\n");
    hash.update(salt);
    hash.update(bytes);
    hash.finalize().into()
}

/// Returns the leaf hash of a section in the tree of its record.
pub(super) fn leaf(name: &str, commitment: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([0x00]);
    hash.update(name.as_bytes());
    hash.update([0x00]);
    hash.update(commitment);
    hash.finalize().into()
}

/// Returns the Merkle tree hash of RFC 6962, section 2.1, over leaf hashes.
pub(super) fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    match leaves {
        [] => Sha256::digest(b"").into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            let mut hash = Sha256::new();
            hash.update([0x01]);
            hash.update(root(left));
            hash.update(root(right));
            hash.finalize().into()
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
/// Shorter markup is not worth the time to compress.
const PACK_MARKUP_FROM: usize = 1 << 10;
/// Shorter JSON is not either: a sale waits for it, and sealed segments are compressed as a whole.
const PACK_FROM: usize = 8 << 10;

#[cfg(test)]
mod tests;
