//! Terms of the market that a case may ask for.

use breakwater::model::deal::Pricing;
use breakwater::model::market::Market;
use breakwater::model::money::Currency;
use breakwater::model::rates::RateSnapshot;
use breakwater::model::time::{Millis, UnixMillis};

use crate::requests::market::market;

/// Returns the market with what the lines of a case say of it, none when they say nothing.
///
/// `rates 60` gives it rates of a minute before `arrived_at`, and `pricing second` its pricing.
pub(super) fn of_case(known: &str, arrived_at: UnixMillis) -> Option<Market> {
    let word = |word| known.lines().find_map(|line| line.strip_prefix(word));
    let age: Option<u64> = word("rates ").map(|age| age.parse().unwrap());
    let second = word("pricing second").is_some();
    if age.is_none() && !second {
        return None;
    }
    let time = age.map(|age| UnixMillis(arrived_at.0 - 1_000 * age));
    let pricing = if second { Pricing::Second } else { Pricing::First };
    Some(Market { rates: time.map(rates).unwrap_or_default(), pricing, ..market() })
}

/// Returns rates that are believed for a day: a dollar is 0.8 euros or 0.75 pounds, and a further
/// source says 0.5 euros or 8 crowns.
fn rates(time: UnixMillis) -> Vec<RateSnapshot> {
    let snapshot = |source: &str, base: &str, quotes: [(&str, i64); 2]| {
        let currency = |code| Currency::new(code).unwrap();
        RateSnapshot {
            source: source.into(),
            time,
            max_age: Millis(86_400_000),
            base: currency(base),
            quotes: quotes.map(|(code, e12)| (currency(code), e12)).to_vec(),
        }
    };
    let first = [("EUR", 800_000_000_000), ("GBP", 750_000_000_000)];
    // Units for one euro.
    let second = [("USD", 2_000_000_000_000), ("SEK", 16_000_000_000_000)];
    vec![snapshot("bank", "USD", first), snapshot("other", "EUR", second)]
}
