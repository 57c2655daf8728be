//! Random numbers of a seed, for tests of what is drawn.

/// A generator; the same seed gives the same numbers.
pub(in crate::io::bidders) struct Dice(u64);

impl Dice {
    pub(in crate::io::bidders) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a number below a million.
    pub(in crate::io::bidders) fn millionth(&mut self) -> u32 {
        // xorshift64.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 16) % 1_000_000).unwrap()
    }
}
