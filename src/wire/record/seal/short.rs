//! SHA-256 of short messages, block by block: a section has five, and most are a block or two.
//!
//! A general hasher keeps what is left of a block, and its count, for whatever comes next. Here a
//! message lies whole before its hash begins, so that little is done between two blocks: then a
//! processor works at the blocks of two messages at once.

use sha2::compress256;
use sha2::digest::generic_array::GenericArray;

/// What a hash has come to after some blocks.
pub(super) type State = [u32; 8];

/// Hashes the whole blocks of some bytes, and returns the rest, which is shorter than a block.
#[inline]
pub(super) fn blocks<'a>(state: &mut State, bytes: &'a [u8]) -> &'a [u8] {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    for block in blocks {
        add(state, block);
    }
    rest
}

/// Returns the hash of a message of `length` bytes, of which only `rest`, shorter than a block, is
/// not in the state.
#[inline]
pub(super) fn last(mut state: State, rest: &[u8], length: usize) -> [u8; 32] {
    let mut block = [0; BLOCK];
    block[..rest.len()].copy_from_slice(rest);
    block[rest.len()] = 0x80;
    if LENGTH < rest.len() + 1 {
        add(&mut state, &block);
        block = [0; BLOCK];
    }
    let bits = u64::try_from(length).expect("a message fits into memory") * 8;
    block[LENGTH..].copy_from_slice(&bits.to_be_bytes());
    add(&mut state, &block);
    let mut hash = [0; 32];
    for (bytes, word) in hash.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    hash
}

/// Returns the hash of a message.
#[inline]
pub(super) fn digest(message: &[u8]) -> [u8; 32] {
    let mut state = START;
    let rest = blocks(&mut state, message);
    last(state, rest, message.len())
}

/// Returns the state after one block.
#[inline]
pub(super) fn after(block: &[u8; BLOCK]) -> State {
    let mut state = START;
    add(&mut state, block);
    state
}

#[inline]
fn add(state: &mut State, block: &[u8; BLOCK]) {
    compress256(state, std::slice::from_ref(GenericArray::from_slice(block)));
}

/// The bytes of a block.
pub(super) const BLOCK: usize = 64;
/// Where the length of the message stands in its last block.
const LENGTH: usize = BLOCK - 8;
/// The state before the first block (FIPS 180-4, section 5.3.3).
pub(super) const START: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];
