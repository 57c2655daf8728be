//! Rates of exchange: one snapshot, integers, the same in every replay (audit.md section 5.6).

use std::sync::Arc;

use crate::model::money::{Cpm, Currency};
use crate::model::time::{Millis, UnixMillis};

/// What somebody published of the rates between currencies at an instant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RateSnapshot {
    /// Who published them.
    pub source: Arc<str>,
    /// When.
    pub time: UnixMillis,
    /// How long they are believed.
    pub max_age: Millis,
    /// The currency that all quotes are prices of.
    pub base: Currency,
    /// Units of each currency for one unit of the base, times 10^12; above 0.
    pub quotes: Vec<(Currency, i64)>,
}

/// What one unit of a currency is worth in the auction's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// The currency of bids.
    pub from: Currency,
    /// Units of the auction's currency for one of it, times 10^12; above 0.
    pub e12: i64,
}

impl RateSnapshot {
    /// Says whether it is still believed; a snapshot of the future is.
    #[must_use]
    pub fn is_fresh(&self, now: UnixMillis) -> bool {
        now <= self.time.plus(self.max_age)
    }

    /// Returns the rate from each other currency it knows into `to`; none when it does not know
    /// `to`, and none of a rate that rounds to nothing or past an `i64`.
    #[must_use]
    pub fn rates_into(&self, to: Currency) -> Vec<Rate> {
        let Some(target) = self.quote(to) else { return Vec::new() };
        let all = std::iter::once(self.base).chain(self.quotes.iter().map(|(code, _)| *code));
        let rate = |from: Currency| {
            let own = i128::from(self.quote(from)?);
            // To the nearest, halves up.
            let e12 = (i128::from(target) * i128::from(ONE) + own / 2) / own;
            i64::try_from(e12).ok().filter(|e12| 0 < *e12).map(|e12| Rate { from, e12 })
        };
        all.filter(|from| *from != to).filter_map(rate).collect()
    }

    fn quote(&self, currency: Currency) -> Option<i64> {
        if currency == self.base {
            return Some(ONE);
        }
        self.quotes.iter().find(|(code, _)| *code == currency).map(|(_, quote)| *quote)
    }
}

impl Rate {
    /// Returns a bid's price in the auction's currency, rounded down.
    ///
    /// Saturates at the largest price, which no cap lets through.
    #[must_use]
    pub fn bid(self, price: Cpm) -> Cpm {
        saturated(i128::from(price.micros()) * i128::from(self.e12) / i128::from(ONE))
    }

    /// Returns a floor in the auction's currency, rounded up.
    #[must_use]
    pub fn floor(self, floor: Cpm) -> Cpm {
        let exact = i128::from(floor.micros()) * i128::from(self.e12);
        saturated((exact + i128::from(ONE) - 1) / i128::from(ONE))
    }

    /// Returns the least price in the bid's currency that is worth `price` of the auction's.
    #[must_use]
    pub fn back(self, price: Cpm) -> Cpm {
        let (exact, rate) = (i128::from(price.micros()) * i128::from(ONE), i128::from(self.e12));
        saturated((exact + rate - 1) / rate)
    }
}

fn saturated(micros: i128) -> Cpm {
    let micros = i64::try_from(micros).unwrap_or(i64::MAX);
    Cpm::from_micros(micros).expect("prices and rates are not negative")
}

/// A rate of one.
const ONE: i64 = 1_000_000_000_000;

#[cfg(test)]
mod tests;
