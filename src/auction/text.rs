//! Texts that are sorted to find equals.

/// A text that is mostly told from others by one comparison of numbers; sorts as its bytes do.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Text<'a> {
    /// Its first eight bytes.
    head: u64,
    whole: &'a str,
}

impl<'a> Text<'a> {
    /// Wraps a text.
    pub(super) fn new(whole: &'a str) -> Self {
        let mut head = [0; 8];
        let length = whole.len().min(head.len());
        head[..length].copy_from_slice(&whole.as_bytes()[..length]);
        Self { head: u64::from_be_bytes(head), whole }
    }

    /// Returns a number that equal texts share and others hardly ever do, seeded by `seed`.
    pub(super) fn mark(&self, seed: u64) -> u64 {
        mark(self.whole.as_bytes(), seed)
    }
}

/// Returns a number that equal bytes share and others hardly ever do.
///
/// Whoever makes others share it only makes sorting slower.
pub(super) fn mark(bytes: &[u8], seed: u64) -> u64 {
    let mut mark = seed ^ u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mark = (mark ^ u64::from_le_bytes(word)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mark ^= mark >> 32;
    }
    mark
}
