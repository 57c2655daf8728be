//! What a manifest says beside a message: identity, time and length of a break.

use crate::model::time::Millis;

/// Facts that stand in a tag, an event or a box around the message.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tag {
    /// What they stand in: `EXT-X-CUE-OUT`, `EXT-X-DATERANGE`, `Event`, `emsg`, `ESAM` and so on.
    pub name: &'static str,
    /// The identity of the break, from outside.
    pub id: Option<Box<str>>,
    /// The start as written, RFC 3339 where the sender obeys.
    pub start: Option<Box<str>>,
    /// The planned length.
    pub duration: Option<Millis>,
    /// How much of it has passed.
    pub elapsed: Option<Millis>,
    /// Which way the stream goes, when the tag itself says.
    pub direction: Option<Direction>,
}

/// Which way the stream goes at a tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// Into a break.
    Out,
    /// Inside a break that has begun.
    Continued,
    /// Back to the content.
    In,
    /// The signal was taken back before it reached viewers.
    Removed,
}

impl Direction {
    /// Returns the word used in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Continued => "continued",
            Self::In => "in",
            Self::Removed => "removed",
        }
    }
}

/// Reads seconds with decimals to the nearest millisecond, `None` when it is no such number.
#[must_use]
pub fn seconds(text: &str) -> Option<Millis> {
    let text = text.trim();
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || 9 < whole.len() || !all_digits(whole) || !all_digits(places) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let mut micros = 0;
    for place in 0..PLACES {
        let digit = places.as_bytes().get(place).map_or(0, |byte| u64::from(byte - b'0'));
        micros = micros * 10 + digit;
    }
    Some(Millis(whole * 1000 + (micros + 500) / 1000))
}

/// Returns `length` on a clock of `timescale` ticks a second, to the nearest millisecond.
#[must_use]
pub fn millis_of(length: u64, timescale: u64) -> Option<Millis> {
    if timescale == 0 {
        return None;
    }
    let exact = (u128::from(length) * 1000 + u128::from(timescale) / 2) / u128::from(timescale);
    u64::try_from(exact).ok().map(Millis)
}

/// Reads an ISO 8601 length of hours, minutes and seconds: `PT1M30.5S`.
#[must_use]
pub fn iso_length(text: &str) -> Option<Millis> {
    let mut rest = text.trim().strip_prefix("PT")?;
    let mut total = 0;
    for (unit, scale) in [('H', 3600), ('M', 60), ('S', 1)] {
        if let Some((number, tail)) = rest.split_once(unit) {
            total += seconds(number)?.0 * scale;
            rest = tail;
        }
    }
    rest.is_empty().then_some(Millis(total))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Decimals of a second that are read; later ones are dropped.
const PLACES: usize = 6;
