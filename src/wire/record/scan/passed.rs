//! Keys that are looked for by their first bytes, many one after another.

/// The key of a member that may be stepped over.
#[derive(Debug)]
pub(in crate::wire::record) struct Passed {
    pub(super) text: &'static str,
    /// Its first bytes without the comma, the first lowest, and which of eight there are.
    pub(super) begins: u64,
    pub(super) mask: u64,
}

impl Passed {
    /// Prepares a key.
    pub(in crate::wire::record) const fn new(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let (mut begins, mut mask, mut at) = (0_u64, 0_u64, 1);
        while at < bytes.len() && at <= WORD {
            begins |= (bytes[at] as u64) << (8 * (at - 1));
            mask |= 0xff << (8 * (at - 1));
            at += 1;
        }
        Self { text, begins, mask }
    }
}

/// How many bytes of a key are compared at once.
pub(super) const WORD: usize = 8;
