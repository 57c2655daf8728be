//! Merkle trees as RFC 6962 section 2.1 builds them, and RFC 9162 section 2.1 checks them.
//!
//! Inner nodes are addressed as (level, index): the hash of the 2^level leaves from
//! index * 2^level on, all present. Whatever else a proof needs is made of such nodes.

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Where full nodes are read from.
pub trait Nodes {
    /// Why a node cannot be read.
    type Error;

    /// Returns the hash of the `2^level` leaves from `index * 2^level` on.
    ///
    /// # Errors
    ///
    /// When the store cannot say; it is only asked for nodes that are within the tree.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// The right edge of a growing tree: all that appending and the root need.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Frontier {
    size: u64,
    /// The roots of the full subtrees the size is made of, largest first.
    peaks: Vec<Hash>,
}

/// Returns the hash of an entry as a leaf.
#[must_use]
pub fn leaf(entry: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(entry).finalize().into()
}

/// Returns the hash of two neighbours.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Returns the root of the tree without entries.
#[must_use]
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// Returns the root of a few leaves, without a store.
#[must_use]
pub fn root_of(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.root()
}

impl Frontier {
    /// Takes the frontier of a tree whose nodes lie in a store.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub fn read<N: Nodes>(size: u64, nodes: &N) -> Result<Self, N::Error> {
        let peaks = peaks(0, size).map(|(level, index)| nodes.node(level, index));
        Ok(Self { size, peaks: peaks.collect::<Result<_, _>>()? })
    }

    /// Returns how many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing one of the size is a full subtree that this leaf completes.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak stands for each bit of the size");
            hash = node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Returns the root.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(self.peaks.iter().copied()).unwrap_or_else(empty)
    }
}

/// Returns the root of the first `size` leaves.
///
/// # Errors
///
/// When the store fails.
pub fn root<N: Nodes>(size: u64, nodes: &N) -> Result<Hash, N::Error> {
    Ok(range(0, size, nodes)?.unwrap_or_else(empty))
}

/// Returns the proof that leaf `index` is in the tree of `size`, leaf side first; none when it is
/// not.
///
/// # Errors
///
/// When the store fails.
pub fn inclusion<N: Nodes>(
    index: u64,
    size: u64,
    nodes: &N,
) -> Result<Option<Vec<Hash>>, N::Error> {
    if size <= index {
        return Ok(None);
    }
    let mut proof = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        let other = if index < middle { (middle, end) } else { (start, middle) };
        proof.extend(range(other.0, other.1, nodes)?);
        (start, end) = if index < middle { (start, middle) } else { (middle, end) };
    }
    proof.reverse();
    Ok(Some(proof))
}

/// Returns the proof that the tree of `old` leaves is the beginning of that of `new`; none when
/// `old` is more than `new`.
///
/// # Errors
///
/// When the store fails.
pub fn consistency<N: Nodes>(old: u64, new: u64, nodes: &N) -> Result<Option<Vec<Hash>>, N::Error> {
    if new < old {
        return Ok(None);
    }
    if old == 0 || old == new {
        return Ok(Some(Vec::new()));
    }
    let mut proof = Vec::new();
    let (mut start, mut end) = (0, new);
    while old != end {
        let middle = start + split(end - start);
        let other = if old <= middle { (middle, end) } else { (start, middle) };
        proof.extend(range(other.0, other.1, nodes)?);
        (start, end) = if old <= middle { (start, middle) } else { (middle, end) };
    }
    // The old tree itself is known to whoever asks; a part of it is not.
    if start != 0 {
        proof.extend(range(start, end, nodes)?);
    }
    proof.reverse();
    Ok(Some(proof))
}

/// Says whether a proof shows that `leaf` stands at `index` of the tree of `size` with this root.
#[must_use]
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, proof: &[Hash], root: &Hash) -> bool {
    if size <= index {
        return false;
    }
    let (mut place, mut last, mut hash) = (index, size - 1, *leaf);
    for other in proof {
        if last == 0 {
            return false;
        }
        if place % 2 == 1 || place == last {
            hash = node(other, &hash);
            while place % 2 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, other);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Says whether a proof shows that the tree of `old` leaves and its root is the beginning of that
/// of `new`.
///
/// From the empty tree only an empty proof and its own root are taken.
#[must_use]
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> bool {
    if new < old {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return proof.is_empty() && *old_root == empty();
    }
    let mut rest = proof.iter();
    let first = if old.is_power_of_two() { Some(old_root) } else { rest.next() };
    let Some(first) = first.filter(|_| !proof.is_empty()) else {
        return false;
    };
    let shift = (old - 1).trailing_ones();
    let (mut place, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut older, mut newer) = (*first, *first);
    for other in rest {
        if last == 0 {
            return false;
        }
        if place % 2 == 1 || place == last {
            older = node(other, &older);
            newer = node(other, &newer);
            while place % 2 == 0 && place != 0 {
                (place, last) = (place >> 1, last >> 1);
            }
        } else {
            newer = node(&newer, other);
        }
        (place, last) = (place >> 1, last >> 1);
    }
    last == 0 && older == *old_root && newer == *new_root
}

/// Returns the largest power of two below a number above 1.
fn split(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// Returns the root of the leaves from `start` to below `end`; none of no leaves.
///
/// `start` is a multiple of every power of two the range is cut at, as in all proofs.
fn range<N: Nodes>(start: u64, end: u64, nodes: &N) -> Result<Option<Hash>, N::Error> {
    let parts = peaks(start, end).map(|(level, index)| nodes.node(level, index));
    Ok(fold(parts.collect::<Result<Vec<_>, _>>()?.into_iter()))
}

/// Names the full subtrees that leaves from `start` to below `end` are made of, largest first.
fn peaks(start: u64, end: u64) -> impl Iterator<Item = (u8, u64)> {
    let count = end.saturating_sub(start);
    let mut next = start;
    (0..64_u8).rev().filter(move |level| count >> level & 1 == 1).map(move |level| {
        let index = next >> level;
        next += 1 << level;
        (level, index)
    })
}

/// Joins subtrees from the right: what is left over is promoted, never doubled.
fn fold(peaks: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    peaks.rev().reduce(|right, left| node(&left, &right))
}
