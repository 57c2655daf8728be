//! The objective as one number that adds up, in the narrowest type that holds it.

use crate::auction::candidate::{Candidate, Tier};
use crate::auction::fill::table::greatest_common_divisor;

/// Sums of prices, in micros: of guaranteed deals, with the deals that go first, of all.
pub(super) type Levels = [i128; 3];

/// A value of the objective: adding two is choosing both, comparing them is comparing pods.
pub(super) trait Score: Copy + Ord + std::fmt::Debug {
    /// The value of an empty pod.
    const ZERO: Self;

    /// Returns the value of prices, seconds and ads.
    fn of(packing: &Packing, levels: &Levels, seconds: u32, ads: u32) -> Self;

    /// Returns the value of both.
    fn plus(self, other: Self) -> Self;

    /// Returns this value without `other`.
    fn minus(self, other: Self) -> Self;

    /// Returns the value as a plain number, if it is one.
    fn number(self) -> Option<i64>;

    /// Returns the value of a plain number, at least 0; only `i64` is asked.
    fn from_number(number: i64) -> Self;
}

/// How wide the fields of a packed value are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing {
    /// Which levels count: a level that is always 0 or the same as the next is left out.
    used: [bool; 3],
    /// What the prices of guaranteed deals are counted in: a number that divides them all.
    unit: i128,
    /// Bits of a sum of prices.
    price: u32,
    /// Bits of a sum of seconds.
    seconds: u32,
    /// Bits of a number of ads.
    ads: u32,
}

/// The type that values of a problem need.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Width {
    /// `i64`: all auctions without deals that go first, at prices of this world.
    Narrow,
    /// `i128`: deals that go first.
    Wide,
    /// `Spread`: prices that only an attacker sends.
    Widest,
}

/// What bounds the values of a problem.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    /// The sum of all prices.
    pub(super) price: i128,
    /// The most seconds a legal selection has.
    pub(super) seconds: u64,
    /// The most ads a legal selection has.
    pub(super) ads: u64,
    /// The seconds of all candidates.
    pub(super) all_seconds: u64,
    /// The number of all candidates.
    pub(super) all_ads: u64,
    /// The highest price of a candidate.
    pub(super) highest: i128,
    /// The sum of the prices of guaranteed deals.
    pub(super) guaranteed: i128,
    /// The largest number that divides them all, 0 without any.
    pub(super) unit: u64,
    /// Whether there are deals that go first.
    pub(super) deals: bool,
}

/// Fields too wide to pack: the levels one by one, seconds and ads in the last.
pub(super) type Spread = [i128; 4];

impl Extent {
    /// Takes a candidate in.
    pub(super) fn add(&mut self, bid: &Candidate) {
        let price = i128::from(bid.price.micros());
        self.highest = self.highest.max(price);
        if bid.tier == Tier::Guaranteed {
            let price = bid.price.micros().unsigned_abs();
            self.unit = greatest_common_divisor(self.unit, price);
        }
    }
}

impl Packing {
    /// Returns how the values of a problem are packed, and into what.
    pub(super) fn of(extent: &Extent) -> (Self, Width) {
        let bits = |number: u128| u128::BITS - number.leading_zeros();
        // Where there is no deal, the second level is the first; without both it is the third.
        let used = [extent.guaranteed != 0, extent.deals, true];
        // Comparing two legal selections needs fields that hold what is legal; sums of all there
        // is, which bounds are made of, need only not overflow.
        let ads = extent.ads.min(extent.all_ads);
        let legal = extent.price.min(extent.highest.saturating_mul(i128::from(ads)));
        let packing = Self {
            used,
            unit: i128::from(extent.unit.max(1)),
            price: bits(legal.unsigned_abs()),
            seconds: bits(u128::from(extent.seconds.min(extent.all_seconds))),
            ads: bits(u128::from(ads)),
        };
        let low = packing.seconds + packing.ads;
        let levels = u32::from(used[0]) + u32::from(used[1]);
        let above = packing.price.saturating_mul(levels).saturating_add(low);
        let top = if used[0] { extent.guaranteed / packing.unit } else { extent.price };
        // What lies below may carry into what stands above it, once each.
        let total = [
            above.saturating_add(bits(top.unsigned_abs())),
            bits(extent.price.unsigned_abs())
                + packing.price.saturating_mul(levels.saturating_sub(1))
                + low,
            bits(u128::from(extent.all_seconds)) + packing.ads,
        ];
        let total = total.into_iter().max().unwrap_or(0) + 2;
        let width = match total {
            total if total <= NARROW => Width::Narrow,
            total if total <= WIDE => Width::Wide,
            _ => Width::Widest,
        };
        (packing, width)
    }

    fn pack(&self, levels: &Levels, seconds: u32, ads: u32) -> i128 {
        let mut packed = 0;
        let levels = [levels[0] / self.unit, levels[1], levels[2]];
        for (level, used) in levels.iter().zip(self.used) {
            if used {
                packed = (packed << self.price) + level;
            }
        }
        self.times(packed, seconds, ads)
    }

    fn times(&self, prices: i128, seconds: u32, ads: u32) -> i128 {
        (((prices << self.seconds) + i128::from(seconds)) << self.ads) - i128::from(ads)
    }
}

/// Bits of a sum of all values, with room for the multipliers of `dual` beside it.
const NARROW: u32 = 53;

/// Bits of a sum of all values, with room for sums of sums.
const WIDE: u32 = 120;

/// Adds the price of a bid of `tier` to the levels it counts in.
pub(super) fn add_price(levels: &mut Levels, tier: Tier, price: i64) {
    let first = match tier {
        Tier::Guaranteed => 0,
        Tier::Deal => 1,
        Tier::Open => 2,
    };
    for level in &mut levels[first..] {
        *level += i128::from(price);
    }
}

impl Score for i64 {
    const ZERO: Self = 0;

    fn of(packing: &Packing, levels: &Levels, seconds: u32, ads: u32) -> Self {
        Self::try_from(packing.pack(levels, seconds, ads)).expect("narrow values were measured")
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn number(self) -> Option<i64> {
        Some(self)
    }

    fn from_number(number: i64) -> Self {
        number
    }
}

impl Score for i128 {
    const ZERO: Self = 0;

    fn of(packing: &Packing, levels: &Levels, seconds: u32, ads: u32) -> Self {
        packing.pack(levels, seconds, ads)
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn number(self) -> Option<i64> {
        None
    }

    fn from_number(number: i64) -> Self {
        Self::from(number)
    }
}

impl Score for Spread {
    const ZERO: Self = [0; 4];

    fn of(_: &Packing, levels: &Levels, seconds: u32, ads: u32) -> Self {
        let low = (i128::from(seconds) << 64) - i128::from(ads);
        [levels[0], levels[1], levels[2], low]
    }

    fn plus(self, other: Self) -> Self {
        std::array::from_fn(|level| self[level] + other[level])
    }

    fn minus(self, other: Self) -> Self {
        std::array::from_fn(|level| self[level] - other[level])
    }

    fn number(self) -> Option<i64> {
        None
    }

    fn from_number(number: i64) -> Self {
        [0, 0, 0, i128::from(number)]
    }
}
