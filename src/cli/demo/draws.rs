//! Choices from a seed: SplitMix64, so that a demo can be run again as it was.

/// A row of choices that the seed settles.
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Draws {
    /// Starts a row; `row` tells rows of one seed apart.
    #[must_use]
    pub fn new(seed: u64, row: u64) -> Self {
        let mut first = Self(seed);
        Self(first.number() ^ row.wrapping_mul(STEP))
    }

    /// Returns any number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    /// Returns true `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Returns one of `choices`, which are not empty.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let count = u64::try_from(choices.len()).expect("a list fits");
        let index = usize::try_from(self.below(count)).expect("an index fits");
        &choices[index]
    }
}

/// The golden ratio in 64 bits, as SplitMix64 steps.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
