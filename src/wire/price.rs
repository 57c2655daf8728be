//! Decimals of the wire become integers here, and nowhere else (decision 3).
//!
//! A price is never multiplied as a float: `2.01 * 10^6` is 2,009,999. Its decimal text is read
//! digit by digit instead, bids down and floors up to a micro. See audit.md section 5.

use serde_json::value::RawValue;

use crate::model::bid::Price;
use crate::model::money::Cpm;

/// Returns the price that a bid's number names, rounded down to a micro.
///
/// `None` when it is negative, not finite, or above 10^15 micros.
#[must_use]
pub fn bid(number: f64) -> Option<Price> {
    let text = decimal(number)?;
    let cpm = parse_down(&text)?;
    Some(Price { text: text.into(), cpm })
}

/// Returns the floor that a number names, rounded up to a micro.
///
/// `None` when it is negative, not finite, or above 10^15 micros.
#[must_use]
pub fn floor(number: f64) -> Option<Cpm> {
    parse_up(&decimal(number)?)
}

/// Reads a decimal text, rounding down to a micro.
///
/// The text is a JSON number without a minus, of at most 64 bytes, with at most three digits in
/// its exponent, and not above 10^15 micros; anything else is `None`.
#[must_use]
pub fn parse_down(text: &str) -> Option<Cpm> {
    let (micros, _) = micros(text)?;
    Cpm::from_micros(micros)
}

/// Reads a decimal text as `parse_down` does, but rounds up to a micro.
#[must_use]
pub fn parse_up(text: &str) -> Option<Cpm> {
    let (micros, inexact) = micros(text)?;
    let up = micros + i64::from(inexact);
    if MAX_MICROS < up { None } else { Cpm::from_micros(up) }
}

/// Returns the exact decimal of a price, to be written as a JSON number.
#[must_use]
pub fn number(cpm: Cpm) -> Box<RawValue> {
    RawValue::from_string(cpm.to_string()).expect("a plain decimal is a JSON number")
}

/// Returns the shortest decimal that reads back as `number`: plain from 10^-6, else in powers.
///
/// The same text as ECMAScript and the canonical JSON of RFC 8785 give in the range of prices.
fn decimal(number: f64) -> Option<String> {
    if !number.is_finite() || number.is_sign_negative() || MAX_UNITS < number {
        return None;
    }
    let plain = number == 0.0 || LEAST_PLAIN <= number;
    Some(if plain { number.to_string() } else { format!("{number:e}") })
}

/// Returns the whole micros of a decimal text, and whether there was more than that.
fn micros(text: &str) -> Option<(i64, bool)> {
    let number = Decimal::parse(text)?;
    let digits = number.whole.bytes().chain(number.places.bytes());
    let zeroes = digits.clone().take_while(|digit| *digit == b'0').count();
    let digits = digits.skip(zeroes);
    if digits.clone().next().is_none() {
        return Some((0, false));
    }
    // How many of the digits stand before the point once the price is written in micros.
    let before = i32::try_from(number.whole.len()).ok()? - i32::try_from(zeroes).ok()?
        + number.exponent
        + MICRO_PLACES;
    let Ok(before) = usize::try_from(before) else { return Some((0, true)) };
    if MAX_DIGITS < before {
        return None;
    }
    let kept = digits.clone().chain(std::iter::repeat(b'0')).take(before);
    let micros = kept.fold(0, |sum: i64, digit| sum * 10 + i64::from(digit - b'0'));
    let inexact = digits.skip(before).any(|digit| digit != b'0');
    let above = MAX_MICROS < micros || (micros == MAX_MICROS && inexact);
    (!above).then_some((micros, inexact))
}

/// A JSON number taken apart.
struct Decimal<'a> {
    whole: &'a str,
    places: &'a str,
    exponent: i32,
}

impl<'a> Decimal<'a> {
    /// Takes a text apart, `None` when it breaks the grammar.
    fn parse(text: &'a str) -> Option<Self> {
        if MAX_TEXT < text.len() {
            return None;
        }
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, places) = match number.split_once('.') {
            Some((whole, places)) => (whole, digits(places)?),
            None => (number, ""),
        };
        let whole = digits(whole)?;
        let padded = 1 < whole.len() && whole.starts_with('0');
        (!padded).then_some(Self { whole, places, exponent })
    }
}

/// Returns a text of one or more digits as it is.
fn digits(text: &str) -> Option<&str> {
    let only_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then_some(text)
}

/// Reads an optional sign and one to three digits.
fn parse_exponent(text: &str) -> Option<i32> {
    let (sign, size) = match text.strip_prefix('-') {
        Some(size) => (-1, size),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let size = digits(size).filter(|size| size.len() <= 3)?;
    size.parse::<i32>().ok().map(|size| sign * size)
}

/// The longest decimal text that is read.
const MAX_TEXT: usize = 64;

/// The highest price there is, in micros.
const MAX_MICROS: i64 = 1_000_000_000_000_000;

/// The same in units of the currency; a larger double is larger as a decimal too.
const MAX_UNITS: f64 = 1e9;

/// The least number printed without an exponent.
const LEAST_PLAIN: f64 = 1e-6;

/// Digits of `MAX_MICROS`.
const MAX_DIGITS: usize = 16;

/// Decimal places of a micro.
const MICRO_PLACES: i32 = 6;

#[cfg(test)]
mod tests;
