//! Shared memory for texts that come again and again.

use std::sync::Arc;

/// Texts that many bids share, kept so that each is made once.
///
/// A replay keeps them over auctions: seats, advertisers and creatives come again and again.
#[derive(Debug)]
pub struct Texts {
    slots: Vec<Option<Arc<str>>>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| None).collect() }
    }
}

impl Texts {
    /// Returns a text in shared memory, the same memory again when it was seen lately.
    pub(super) fn shared(&mut self, text: &str) -> Arc<str> {
        if LONGEST_SHARED < text.len() {
            return Arc::from(text);
        }
        let slot = &mut self.slots[slot(text)];
        match slot {
            Some(known) if **known == *text => Arc::clone(known),
            _ => {
                let made: Arc<str> = Arc::from(text);
                *slot = Some(Arc::clone(&made));
                made
            }
        }
    }
}

/// Returns where a text is kept: any number will do, one that differs as texts differ does best.
fn slot(text: &str) -> usize {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mix = |hash: u64, word: u64| (hash ^ word).wrapping_mul(PRIME).rotate_left(29);
    let hash = words.iter().fold(0, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let last = rest.iter().fold(1, |word: u64, byte| word << 8 | u64::from(*byte));
    usize::try_from(mix(hash, last) % SLOTS).expect("it is below the number of slots")
}

/// How many texts are kept.
const SLOTS: u64 = 1024;
/// Longer texts seldom repeat.
const LONGEST_SHARED: usize = 64;
/// Odd, with its bits mixed: the golden ratio of 2^64.
const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
