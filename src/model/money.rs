//! Money as integers: prices per mille in micros, amounts in nanos, fees in ppm.
//!
//! One impression at X micros CPM costs exactly X nanos, so nothing is ever rounded between an
//! auction and a statement. Decimals become integers in `wire::price` and nowhere else.

use std::fmt;
use std::sync::Arc;

/// A price per thousand impressions, in millionths of the currency unit, never negative.
///
/// Integer, so that a replayed auction adds up to the same penny as the live one. The only
/// conversion from a wire decimal is in `wire::price`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Cpm(i64);

impl Cpm {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The largest price.
    pub const MAX: Self = Self(i64::MAX);

    /// Returns the price of `micros`, or `None` when it is negative.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < 0 { None } else { Some(Self(micros)) }
    }

    /// Returns the price in micros, at least 0.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns `floor(price * ppm / 10^6)`: what a share of it, in millionths, comes to.
    ///
    /// Saturates at the largest price; a share of at most a whole never does.
    #[must_use]
    pub fn share(self, ppm: u32) -> Self {
        let exact = i128::from(self.0) * i128::from(ppm) / i128::from(PPM);
        Self(i64::try_from(exact).unwrap_or(i64::MAX))
    }

    /// Returns what one impression at this price costs.
    #[must_use]
    pub const fn per_impression(self) -> Amount {
        Amount(self.0)
    }

    /// Returns the decimal text with at least two places, as people write prices: `18.40`.
    #[must_use]
    pub fn price_text(self) -> String {
        let whole = self.0 / 1_000_000;
        let mut places = format!("{:06}", self.0 % 1_000_000);
        while places.len() > 2 && places.ends_with('0') {
            places.pop();
        }
        format!("{whole}.{places}")
    }
}

/// Prints a plain decimal with at most six places and no trailing zeroes: `18.4`, `5`.
impl fmt::Display for Cpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut places) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if places == 0 {
            return write!(f, "{whole}");
        }
        let mut width = 6;
        while places % 10 == 0 {
            (places, width) = (places / 10, width - 1);
        }
        write!(f, "{whole}.{places:0width$}")
    }
}

/// An amount of money in billionths of the currency unit; may be negative in a correction.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Amount(i64);

impl Amount {
    /// Returns the amount of `nanos`.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Returns the amount in nanos.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }
}

/// Prints sign, integer part, point and exactly nine digits.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
    }
}

/// An ISO 4217 code: three uppercase letters.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Currency([u8; 3]);

impl Currency {
    /// US dollars: what OpenRTB means when it names no currency.
    pub const USD: Self = Self(*b"USD");

    /// Returns the currency of a code of three uppercase ASCII letters.
    #[must_use]
    pub fn new(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes))
    }

    /// Returns the code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is three ASCII letters")
    }

    /// Returns the three bytes of the code.
    #[must_use]
    pub fn bytes(self) -> [u8; 3] {
        self.0
    }
}

/// What OpenRTB means when it names none.
impl Default for Currency {
    fn default() -> Self {
        Self::USD
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A named share of the clearing price, in millionths (decision 11).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fee {
    /// Its name on statements.
    pub name: Arc<str>,
    /// Its share of the gross price, in ppm.
    pub ppm: u32,
}

/// The fees of a publisher, each taken from the same gross price; together below 100 %.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FeeSchedule(Vec<Fee>);

/// A gross price taken apart: `gross = net + sum(fees)`, always and exactly.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Split {
    /// What the publisher earns.
    pub net: Cpm,
    /// What each fee of the schedule takes, in the schedule's order.
    pub fees: Vec<Cpm>,
}

impl FeeSchedule {
    /// Returns the schedule, or `None` when the shares together reach 100 %.
    #[must_use]
    pub fn new(fees: Vec<Fee>) -> Option<Self> {
        let total: u64 = fees.iter().map(|fee| u64::from(fee.ppm)).sum();
        (total < PPM).then_some(Self(fees))
    }

    /// Returns the fees in order.
    #[must_use]
    pub fn fees(&self) -> &[Fee] {
        &self.0
    }

    /// Takes a gross price apart; each fee rounds down, so the remainder is the publisher's.
    #[must_use]
    pub fn split(&self, gross: Cpm) -> Split {
        let fees: Vec<Cpm> = self.0.iter().map(|fee| gross.share(fee.ppm)).collect();
        let taken: i64 = fees.iter().map(|fee| fee.0).sum();
        assert!(taken <= gross.0, "the shares of a schedule are below 100 % together");
        Split { net: Cpm(gross.0 - taken), fees }
    }

    /// Returns the least gross floor that leaves at least `net` after the fees (decision 12).
    ///
    /// Saturates at the largest price, which no bid reaches.
    #[must_use]
    pub fn gross_up(&self, net: Cpm) -> Cpm {
        let total: u64 = self.0.iter().map(|fee| u64::from(fee.ppm)).sum();
        let left = i128::from(PPM - total);
        let gross = (i128::from(net.0) * i128::from(PPM) + left - 1) / left;
        Cpm(i64::try_from(gross).unwrap_or(i64::MAX))
    }
}

/// A whole, in millionths.
const PPM: u64 = 1_000_000;

#[cfg(test)]
mod tests;
