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
}
