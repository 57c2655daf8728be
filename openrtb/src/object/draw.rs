//! Draws any object there is, from a seed and a density that shrinks.

use std::borrow::Cow;

use crate::ext::{Ext, Value};

/// A source of draws, the same for the same seed.
pub(crate) struct Dice {
    state: u64,
    density: u8,
    depth: u8,
}

/// What can be drawn.
pub(crate) trait Drawn {
    /// Draws one.
    fn draw(dice: &mut Dice) -> Self;
}

impl Dice {
    /// Returns a source in which `density` of a hundred optional members are there.
    pub(crate) fn new(seed: u64, density: u8) -> Self {
        Self { state: seed, density, depth: 0 }
    }

    /// Returns the next 64 bits (SplitMix64).
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound
    }

    fn is_there(&mut self) -> bool {
        self.below(100) < u64::from(self.density)
    }
}

impl Drawn for bool {
    fn draw(dice: &mut Dice) -> Self {
        dice.below(2) == 1
    }
}

impl Drawn for i32 {
    fn draw(dice: &mut Dice) -> Self {
        let low = Self::try_from(dice.below(20)).unwrap() - 2;
        match dice.below(8) {
            0 => Self::MIN + low.abs(),
            1 => Self::MAX - low.abs(),
            _ => low,
        }
    }
}

impl Drawn for i64 {
    fn draw(dice: &mut Dice) -> Self {
        let bits = dice.bits();
        Self::from_ne_bytes(bits.to_ne_bytes()) >> dice.below(64)
    }
}

impl Drawn for f64 {
    fn draw(dice: &mut Dice) -> Self {
        let cents = Self::from(i32::draw(dice));
        let any = Self::from_bits(dice.bits());
        match dice.below(4) {
            0 => cents,
            1 if any.is_finite() => any,
            _ => cents / 100.0,
        }
    }
}

impl Drawn for Cow<'_, str> {
    fn draw(dice: &mut Dice) -> Self {
        let length = dice.below(6);
        let pick = |dice: &mut Dice| LETTERS[usize::try_from(dice.below(16)).unwrap()];
        Cow::Owned((0..length).map(|_| pick(dice)).collect())
    }
}

impl<T: Drawn> Drawn for Box<T> {
    fn draw(dice: &mut Dice) -> Self {
        Self::new(T::draw(dice))
    }
}

impl<T: Drawn> Drawn for Option<T> {
    fn draw(dice: &mut Dice) -> Self {
        dice.is_there().then(|| T::draw(dice))
    }
}

impl<T: Drawn> Drawn for Vec<T> {
    fn draw(dice: &mut Dice) -> Self {
        (0..dice.below(3)).map(|_| T::draw(dice)).collect()
    }
}

impl Drawn for Ext<'_> {
    fn draw(dice: &mut Dice) -> Self {
        let mut ext = Ext::new();
        dice.depth += 1;
        for _ in 0..dice.below(3) {
            ext.insert(Cow::draw(dice), Value::draw(dice));
        }
        dice.depth -= 1;
        ext
    }
}

impl Drawn for Value<'_> {
    fn draw(dice: &mut Dice) -> Self {
        let kinds = if dice.depth < 4 { 8 } else { 6 };
        match dice.below(kinds) {
            0 => Self::Null,
            1 => Self::Bool(bool::draw(dice)),
            2 => Self::from(i64::draw(dice)),
            3 => Self::Integer(dice.bits()),
            4 => Self::Decimal(f64::draw(dice)),
            5 => Self::Text(Cow::draw(dice)),
            6 => {
                dice.depth += 1;
                let items = Vec::draw(dice);
                dice.depth -= 1;
                Self::Array(items)
            }
            _ => Self::Object(Ext::draw(dice)),
        }
    }
}

const LETTERS: [char; 16] =
    ['a', 'Z', '0', '9', '-', '.', '/', ' ', '"', '\\', '\n', '\u{0}', 'é', '漢', '😀', '\u{7f}'];
