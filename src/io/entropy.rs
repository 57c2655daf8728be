//! The only source of randomness.
//!
//! All that is random about an auction is drawn at once and kept in its record, so that a replay
//! draws nothing.

use std::cell::Cell;

use uuid::Builder;

use crate::io::clock;
use crate::model::ids::AuctionId;
use crate::model::plan::Draw;

/// Draws the random part of one auction.
///
/// # Panics
///
/// When the kernel gives no random bytes, which it always does once it has started.
#[must_use]
pub fn draw() -> Draw {
    let mut drawn = Source::new();
    let id = Builder::from_unix_timestamp_millis(clock::now().0, &drawn.take()).into_uuid();
    Draw {
        auction: AuctionId::new(id.into_bytes()),
        seed: drawn.take(),
        record_key: drawn.take(),
        user_salt: drawn.take(),
        nonce_key: drawn.take(),
    }
}

/// Draws a name that nothing else has: 32 hex digits, later ones greater.
///
/// # Panics
///
/// As `draw`.
#[must_use]
pub fn name() -> String {
    let mut random = [0; 10];
    fill(&mut random);
    Builder::from_unix_timestamp_millis(clock::now().0, &random).into_uuid().simple().to_string()
}

/// Draws a key of 32 bytes.
///
/// # Panics
///
/// As `draw`.
#[must_use]
pub fn key() -> [u8; 32] {
    let mut key = [0; 32];
    fill(&mut key);
    key
}

/// Draws a number below `bound`, for jitter; 0 when `bound` is 0.
///
/// # Panics
///
/// As `draw`.
#[must_use]
pub fn below(bound: u64) -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    let wide = u128::from(u64::from_le_bytes(bytes)) * u128::from(bound);
    u64::try_from(wide >> 64).expect("the upper half of a product of two u64 fits one")
}

/// Draws a number below a million without asking the kernel, for what is drawn at every call.
///
/// Each thread has a generator of its own, seeded by the kernel. Nothing secret comes of it.
///
/// # Panics
///
/// As `draw`, the first time on a thread.
#[must_use]
pub fn millionth() -> u32 {
    GENERATOR.with(|state| {
        // SplitMix64.
        let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        let mixed = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let wide = u128::from(mixed ^ (mixed >> 31)) * 1_000_000;
        u32::try_from(wide >> 64).expect("the upper half of a product with a million is below it")
    })
}

thread_local! {
    static GENERATOR: Cell<u64> = {
        let mut seed = [0; 8];
        fill(&mut seed);
        Cell::new(u64::from_le_bytes(seed))
    };
}

/// The bytes of one auction, asked of the kernel in one call.
struct Source {
    bytes: [u8; DRAWN],
    used: usize,
}

impl Source {
    fn new() -> Self {
        let mut bytes = [0; DRAWN];
        fill(&mut bytes);
        Self { bytes, used: 0 }
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let piece = self.bytes[self.used..self.used + N].try_into().expect("the slice is N long");
        self.used += N;
        piece
    }
}

fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the kernel gives random bytes once it has started");
}

/// UUID 10, seed 16, record key 32, user salt 16, nonce key 32.
const DRAWN: usize = 10 + 16 + 32 + 16 + 32;

#[cfg(test)]
mod tests;
