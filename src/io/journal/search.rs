//! Looking for good frames in bytes where none begins: are they a torn tail, or damage?
//!
//! Any place may be one, with any length and any of many indexes, and the bytes may be made to cost
//! a start as much as they can. So each byte is hashed once, not once a place: a checksum is linear,
//! and running it backwards over a payload of any length takes a few multiplications. What it was
//! before the payload then tells the only index that the frame can have.

use crate::io::journal::segment::{FRAME_HEAD, Found, payload_length, read_frame};

/// What a search came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Search {
    /// Whether a good frame stands in the bytes.
    pub(super) found: bool,
    /// Bytes that were hashed.
    pub(super) hashed: usize,
}

/// Looks for a good frame anywhere in bytes that begin where frame `index` is not.
pub(super) fn frame(bytes: &[u8], index: u64) -> Search {
    let mut hashed = bytes.len();
    let registers = registers(bytes);
    let inverses = inverses();
    for place in 0..bytes.len().saturating_sub(FRAME_HEAD) {
        let (head, payload) = (&bytes[place..], place + FRAME_HEAD);
        let (length, crc) = (word(head), word(&head[4..]));
        let Some(count) = payload_length(length.to_le_bytes()) else { continue };
        let Some(end) = registers.get(payload + count) else { continue };
        let before = back(!crc ^ end, count, &inverses) ^ registers[payload];
        // Each frame lost before this one took at least a head and a byte.
        let lost = u64::try_from(place / (FRAME_HEAD + 1)).expect("a place fits");
        let Some(found) = index_before(before, length, &inverses, index + 1..=index + 1 + lost)
        else {
            continue;
        };
        // Seldom, and never in vain: what the algebra says is read as any frame is.
        hashed += count;
        if matches!(read_frame(head, found), Found::Frame(_)) {
            return Search { found: true, hashed };
        }
    }
    Search { found: false, hashed }
}

/// Returns the checksum's register after each number of bytes, from a register of 0.
fn registers(bytes: &[u8]) -> Vec<u32> {
    let mut registers = Vec::with_capacity(bytes.len() + 1);
    let mut register = 0;
    registers.push(register);
    for byte in bytes {
        register = !crc32c::crc32c_append(!register, std::slice::from_ref(byte));
        registers.push(register);
    }
    registers
}

/// Finds the index within a range that a frame of a length must have, if its register before the
/// payload was `before`.
fn index_before(
    before: u32,
    length: u32,
    inverses: &Inverses,
    range: std::ops::RangeInclusive<u64>,
) -> Option<u64> {
    let length = !crc32c::crc32c(&length.to_le_bytes());
    let half = back(before, 4, inverses);
    // A range may cross from one upper half to the next.
    let upper = [range.start() >> 32, range.end() >> 32];
    let mut indexes = upper.iter().filter_map(|upper| {
        let high = u32::try_from(*upper).ok()?;
        let low = back(half ^ high, 4, inverses) ^ length;
        Some((upper << 32) | u64::from(low))
    });
    indexes.find(|index| range.contains(index))
}

/// For each k, what a register is multiplied by to take back 2^k bytes of zeroes.
type Inverses = [u32; 32];

fn inverses() -> Inverses {
    let mut byte = ONE;
    for _ in 0..8 {
        // One bit back: the highest is set only where the polynomial was added.
        let added = byte >> 31 == 1;
        byte = if added { ((byte ^ POLYNOMIAL) << 1) | 1 } else { byte << 1 };
    }
    let mut inverses = [byte; 32];
    for power in 1..inverses.len() {
        inverses[power] = multiply(inverses[power - 1], inverses[power - 1]);
    }
    inverses
}

/// Takes back `count` bytes of zeroes.
fn back(register: u32, count: usize, inverses: &Inverses) -> u32 {
    let powers = inverses.iter().enumerate().filter(|(power, _)| count >> power & 1 == 1);
    powers.fold(register, |register, (_, inverse)| multiply(*inverse, register))
}

/// Multiplies two polynomials over GF(2) modulo that of CRC-32C, bits reflected: the highest is x^0.
fn multiply(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    for bit in (0..32).rev() {
        if a >> bit & 1 == 1 {
            product ^= b;
        }
        b = if b & 1 == 1 { (b >> 1) ^ POLYNOMIAL } else { b >> 1 };
    }
    product
}

fn word(bytes: &[u8]) -> u32 {
    let word = bytes.first_chunk().expect("the caller looked at the length");
    u32::from_le_bytes(*word)
}

/// x^0, reflected.
const ONE: u32 = 1 << 31;
/// Castagnoli's polynomial, reflected.
const POLYNOMIAL: u32 = 0x82f6_3b78;

#[cfg(test)]
mod tests;
