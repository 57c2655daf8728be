//! Values written as strings: lengths of time, money, shares, names.

use std::sync::Arc;

use crate::model::money::{Cpm, Currency};
use crate::model::time::{Millis, UnixMillis};

/// Reads `250ms`, `60s`, `2m` or `48h`.
pub(super) fn millis(text: &str) -> Result<Millis, String> {
    let wrong = || {
        format!("{text:?} is not a length of time such as \"250ms\", \"60s\", \"2m\" or \"48h\"")
    };
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).map(Millis).ok_or_else(wrong)
}

/// Reads a length of time within bounds.
pub(super) fn millis_within(least: u64, most: u64) -> impl Fn(&str) -> Result<Millis, String> {
    move |text| {
        let length = millis(text)?;
        if (least..=most).contains(&length.0) {
            Ok(length)
        } else {
            Err(format!("{text:?} is not from {} to {}", written(least), written(most)))
        }
    }
}

/// Writes a length of time in the largest unit that divides it.
fn written(millis: u64) -> String {
    let units = [(3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let fits = |(unit, _): &(u64, &str)| millis != 0 && millis.is_multiple_of(*unit);
    let (unit, name) = units.into_iter().find(fits).unwrap_or((1, "ms"));
    format!("{}{name}", millis / unit)
}

/// Reads a price per mille as a plain decimal of at most six places.
pub(super) fn cpm(text: &str) -> Result<Cpm, String> {
    let micros = decimal(text, 6).and_then(|micros| i64::try_from(micros).ok());
    let cpm = micros.filter(|micros| *micros <= MOST_MICROS).and_then(Cpm::from_micros);
    cpm.ok_or_else(|| format!("{text:?} is not a price such as \"5.00\", with at most six places"))
}

/// Reads a percentage of at most four places as ppm, below 100 %.
pub(super) fn ppm(text: &str) -> Result<u32, String> {
    let ppm = decimal(text, 4).and_then(|ppm| u32::try_from(ppm).ok());
    ppm.filter(|ppm| *ppm < 1_000_000)
        .ok_or_else(|| format!("{text:?} is not a percentage below 100 such as \"15\" or \"2.5\""))
}

/// Reads a rate of exchange in units of its twelfth decimal place, above 0.
pub(super) fn e12(text: &str) -> Result<i64, String> {
    let rate = decimal(text, 12).and_then(|rate| i64::try_from(rate).ok());
    rate.filter(|rate| 0 < *rate).ok_or_else(|| {
        format!("{text:?} is not a rate above 0 such as \"1.0842\", with at most twelve places")
    })
}

/// Reads an instant of RFC 3339.
pub(super) fn instant(text: &str) -> Result<UnixMillis, String> {
    let instant = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
    let millis = instant.and_then(|millis| u64::try_from(millis).ok());
    millis.map(UnixMillis).ok_or_else(|| {
        format!("{text:?} is not an instant of RFC 3339 such as \"2026-11-20T15:00:00Z\"")
    })
}

/// Reads a decimal as an integer of its `places`-th decimal place, exactly.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || places < part.len() {
        return None;
    }
    format!("{whole}{part:0<places$}").parse().ok()
}

/// Reads a name of ours: it stands in URLs, records and metrics.
pub(super) fn name(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is not 1 to 64 of the characters A-Z a-z 0-9 - . _ ~"))
}

/// Reads a name that others chose: a deal's, a seat's.
pub(super) fn foreign(text: &str) -> Result<String, String> {
    if (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is not 1 to 64 visible ASCII characters"))
}

/// Reads a MIME type.
pub(super) fn mime(text: &str) -> Result<Arc<str>, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/.+-".contains(&byte);
    if text.matches('/').count() == 1 && text.bytes().all(fits) {
        return Ok(text.into());
    }
    Err(format!("{text:?} is not a MIME type"))
}

/// Reads the code of a currency.
pub(super) fn currency(text: &str) -> Result<Currency, String> {
    let known = text.parse::<iso_currency::Currency>().ok().and_then(|_| Currency::new(text));
    known.ok_or_else(|| format!("{text:?} is not an ISO 4217 code"))
}

/// Reads a domain name.
pub(super) fn domain(text: &str) -> Result<String, String> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.len() <= 253 && text.split('.').all(label) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!("{text:?} is not a domain name"))
}

/// Prices above a billion are mistakes.
const MOST_MICROS: i64 = 1_000_000_000_000_000;
