//! Lengths of time as VAST writes them: `HH:MM:SS` or `HH:MM:SS.mmm`.

use crate::model::time::Millis;

/// Reads a length; a fraction of one to nine digits is cut to milliseconds.
#[must_use]
pub fn read(text: &str) -> Option<Millis> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (text, "0"),
    };
    let mut parts = whole.split(':');
    let mut part = |limit: u64| {
        let digits = parts.next()?;
        let two = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        let number: u64 = if two { digits.parse().ok()? } else { return None };
        (number < limit).then_some(number)
    };
    let (hours, minutes, seconds) = (part(100)?, part(60)?, part(60)?);
    let digits = fraction.bytes().all(|digit| digit.is_ascii_digit());
    if parts.next().is_some() || !digits || fraction.is_empty() || 9 < fraction.len() {
        return None;
    }
    let places = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let millis = places.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(Millis(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis))
}

/// Writes a length, with milliseconds only when it has some.
#[must_use]
pub fn write(length: Millis) -> String {
    let (seconds, millis) = (length.0 / 1000, length.0 % 1000);
    let mut out = String::with_capacity("00:00:00.000".len());
    let hours = seconds / 3600;
    if 100 <= hours {
        out.push_str(&hours.to_string());
    } else {
        push(&mut out, hours, 10);
    }
    for part in [seconds / 60 % 60, seconds % 60] {
        out.push(':');
        push(&mut out, part, 10);
    }
    if millis != 0 {
        out.push('.');
        push(&mut out, millis, 100);
    }
    out
}

/// Writes the digits of a number from the place of `unit` on.
fn push(out: &mut String, number: u64, mut unit: u64) {
    while unit != 0 {
        let digit = u32::try_from(number / unit % 10).expect("a digit is below ten");
        out.push(char::from_digit(digit, 10).expect("a digit is below ten"));
        unit /= 10;
    }
}

/// Says whether a text is an offset into an ad: a length or a share in percent.
#[must_use]
pub fn is_offset(text: &str) -> bool {
    let percent = |digits: &str| {
        digits.len() <= 3
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && digits.parse().is_ok_and(|share: u16| share <= 100)
    };
    match text.strip_suffix('%') {
        Some(digits) => percent(digits),
        // The schema wants three digits of a fraction or none.
        None => read(text).is_some() && matches!(text.len(), 8 | 12),
    }
}

#[cfg(test)]
mod tests;
