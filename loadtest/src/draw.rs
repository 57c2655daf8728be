//! Randomness that is a function of a seed and a text, so that the same request always meets the
//! same bidder.

use rand::{Rng, SeedableRng, rngs::StdRng};

/// A stream of draws.
pub(crate) struct Draw(StdRng);

impl Draw {
    /// Starts the stream that belongs to this seed and text.
    pub(crate) fn new(seed: u64, text: &str) -> Self {
        Self(StdRng::seed_from_u64(fingerprint(seed, text)))
    }

    /// Returns a number from 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// Returns an index below `count`, which is above zero.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0.random_range(0..count)
    }

    /// Returns a number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u32, most: u32) -> u32 {
        self.0.random_range(least..=most)
    }

    /// Returns a standard normal number, by Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Returns a number that depends on every bit of the seed and every byte of the text.
///
/// FNV-1a over both, then the finaliser of SplitMix64: fixed for ever, unlike the hash of std.
pub(crate) fn fingerprint(seed: u64, text: &str) -> u64 {
    let bytes = seed.to_be_bytes().into_iter().chain(text.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
