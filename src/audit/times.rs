//! Instants as people write them: RFC 3339, Unix milliseconds, a day, a month.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::model::time::UnixMillis;

/// Returns an instant in RFC 3339, always with milliseconds, so that texts sort as times do.
#[must_use]
pub fn timestamp(instant: UnixMillis) -> String {
    let millis = i64::try_from(instant.0).unwrap_or(i64::MAX);
    format!("{:.3}", Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX))
}

/// Reads where something begins: an instant, or the first one of a day or month (UTC).
#[must_use]
pub fn begin(text: &str) -> Option<UnixMillis> {
    Some(period(text)?.0)
}

/// Reads where something ends: an instant, or the first one after a day or month (UTC).
#[must_use]
pub fn end(text: &str) -> Option<UnixMillis> {
    Some(period(text)?.1)
}

/// Returns the first instant of a text, and the first after it; of an instant both are the same.
fn period(text: &str) -> Option<(UnixMillis, UnixMillis)> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(text) {
        // A year would read as a moment of 1970.
        let millis = text.parse().ok().filter(|_| 4 < text.len()).map(UnixMillis)?;
        return Some((millis, millis));
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        let millis = UnixMillis(u64::try_from(instant.as_millisecond()).ok()?);
        return Some((millis, millis));
    }
    let (day, after) = match text.len() {
        7 => (format!("{text}-01"), 1.month()),
        10 => (text.to_owned(), 1.day()),
        _ => return None,
    };
    let day: Date = day.parse().ok()?;
    Some((midnight(day)?, midnight(day.checked_add(after).ok()?)?))
}

fn midnight(day: Date) -> Option<UnixMillis> {
    let instant = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    u64::try_from(instant.as_millisecond()).ok().map(UnixMillis)
}

#[cfg(test)]
mod tests;
