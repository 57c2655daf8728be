//! Shared memory for texts that come again and again.

use std::sync::Arc;

use crate::model::bid::MarkupFacts;

/// Texts that many bids share, and what markup says of itself, kept so that each is made once.
///
/// A replay keeps them over auctions: seats, advertisers and creatives come again and again.
#[derive(Debug)]
pub struct Texts {
    slots: Vec<Option<Arc<str>>>,
    /// Facts of markup by the text they were read from; without slots until there are some.
    facts: Vec<Option<(Box<str>, Arc<MarkupFacts>)>>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| None).collect(), facts: Vec::new() }
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

    /// Returns what was read lately from a text.
    pub(super) fn facts(&self, text: &str) -> Option<Arc<MarkupFacts>> {
        let (known, facts) = self.facts.get(slot(text))?.as_ref()?;
        (**known == *text).then(|| Arc::clone(facts))
    }

    /// Keeps what was read from a text.
    pub(super) fn keep(&mut self, text: &str, facts: &Arc<MarkupFacts>) {
        if text.len() <= LONGEST_FACTS {
            if self.facts.is_empty() {
                self.facts.extend((0..SLOTS).map(|_| None));
            }
            self.facts[slot(text)] = Some((Box::from(text), Arc::clone(facts)));
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

/// How many texts are kept, and how many facts.
const SLOTS: u64 = 1024;
/// Longer texts seldom repeat.
const LONGEST_SHARED: usize = 64;
/// Nor do longer facts, which name many files.
const LONGEST_FACTS: usize = 512;
/// Odd, with its bits mixed: the golden ratio of 2^64.
const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
