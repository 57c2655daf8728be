//! Dice: numbers drawn from a seed, and what is made of them.

use std::sync::Arc;

use crate::model::money::{Cpm, Currency};

/// Draws numbers and what is made of them.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(super) fn small(&mut self, bound: usize) -> u32 {
        u32::try_from(self.below(bound)).unwrap()
    }

    pub(super) fn code(&mut self) -> i32 {
        i32::try_from(self.below(40)).unwrap() - 8
    }

    pub(super) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(super) fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.coin() { Some(draw(self)) } else { None }
    }

    pub(super) fn some<T>(&mut self, draw: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| draw(self)).collect()
    }

    pub(super) fn text(&mut self) -> &'static str {
        TEXTS[self.below(TEXTS.len())]
    }

    pub(super) fn shared(&mut self) -> Arc<str> {
        Arc::from(self.text())
    }

    pub(super) fn boxed(&mut self) -> Box<str> {
        Box::from(self.text())
    }

    pub(super) fn cpm(&mut self) -> Cpm {
        Cpm::from_micros(i64::try_from(self.number() >> self.below(60).max(1)).unwrap()).unwrap()
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.number().to_le_bytes()[0])
    }

    pub(super) fn currency(&mut self) -> Currency {
        Currency::new(["USD", "EUR", "GBP"][self.below(3)]).unwrap()
    }

    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Texts that JSON writers disagree on, among plain ones.
const TEXTS: &[&str] = &[
    "",
    "1",
    "a1",
    "brand.example",
    "Zürich",
    "😀\u{fb33}€",
    "\u{0}\u{8}\u{b}\u{c}\u{1f}\u{7f}\u{80}\u{2028}",
    "\"\\/\n\r\t",
    "line\nfeed",
    "</script>&amp;",
];
