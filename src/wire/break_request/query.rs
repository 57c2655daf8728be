//! The query of a tag under the value rules of live-breaks.md section 4.2.
//!
//! Stitchers fill tags by pasting, so nothing here is an error: what cannot be used is absent, and
//! counted where it shows that an integration is at fault.

use std::borrow::Cow;
use std::cell::Cell;

use percent_encoding::percent_decode;

use crate::model::break_request::Faults;

/// The usable values of a query.
///
/// A key may repeat: its first usable value counts.
pub(super) struct Query<'q> {
    pairs: Vec<(Cow<'q, str>, Cow<'q, str>)>,
    faults: Cell<Faults>,
}

impl<'q> Query<'q> {
    /// Reads a query string; of other keys than `known` nothing is kept or counted.
    ///
    /// Parts are divided by `;` before `&`, as FreeWheel-style tags are.
    pub(super) fn read(text: &'q str, known: &[&str]) -> Self {
        let mut pairs = Vec::new();
        let mut faults = Faults::default();
        for pair in text.split(';').flat_map(|part| part.split('&')).take(MAX_PAIRS) {
            let (key, raw) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(key) = decode(key).filter(|key| known.contains(&&**key)) else { continue };
            let value = decode(raw);
            if longest(&key) < value.as_deref().unwrap_or(raw).len() {
                faults.unreadable += 1;
                continue;
            }
            let whole_only = FREE_TEXT.contains(&&*key);
            // `%%NAME%%` is looked for before decoding too: `%CA` of `%%CACHE%%` is a byte.
            let unreplaced = [Some(raw), value.as_deref()].into_iter().flatten();
            if unreplaced.into_iter().any(|text| holds_macro(text, whole_only)) {
                faults.unreplaced_macros += 1;
                continue;
            }
            match value {
                None => faults.unreadable += 1,
                Some(value) if matches!(value.trim(), "" | "-1" | "-2") => {}
                Some(value) => pairs.push((key, value)),
            }
        }
        Self { pairs, faults: Cell::new(faults) }
    }

    /// Returns the first usable value of the first of `keys` that has one.
    pub(super) fn text(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.values(key).next())
    }

    /// Returns the first value of `keys` that `read` can read; the others are counted.
    pub(super) fn parse<T>(&self, keys: &[&str], read: impl Fn(&str) -> Option<T>) -> Option<T> {
        keys.iter().flat_map(|key| self.values(key)).find_map(|value| {
            let found = read(value.trim());
            if found.is_none() {
                self.count_unreadable();
            }
            found
        })
    }

    /// Counts a value that could not be used.
    pub(super) fn count_unreadable(&self) {
        let mut faults = self.faults.get();
        faults.unreadable += 1;
        self.faults.set(faults);
    }

    /// Returns what was counted so far.
    pub(super) fn faults(&self) -> Faults {
        self.faults.get()
    }

    fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(name, _)| name == key).map(|(_, value)| &**value)
    }
}

/// Reads `0` or `1`.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// Reads a decimal of seconds as whole milliseconds, rounding down.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let whole = number(whole)?;
    let places: String = digits(places)?.chars().chain("000".chars()).take(3).collect();
    Some(whole.saturating_mul(1000).saturating_add(number(&places)?))
}

/// Reads a decimal of milliseconds as whole ones, rounding down.
pub(super) fn millis(text: &str) -> Option<u64> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    digits(places)?;
    number(whole)
}

/// Reads a number without sign; one beyond 64 bits is the largest.
pub(super) fn number(text: &str) -> Option<u64> {
    digits(text).map(|digits| digits.parse().unwrap_or(u64::MAX))
}

fn digits(text: &str) -> Option<&str> {
    let only_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then_some(text)
}

/// Undoes percent-encoding once, and `+` for a space; `None` when it is not UTF-8.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if text.bytes().all(|byte| byte != b'%' && byte != b'+') {
        return Some(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    percent_decode(spaced.as_bytes()).decode_utf8().ok().map(|text| Cow::Owned(text.into_owned()))
}

/// Says whether a value still holds a macro, or in free text is nothing but one.
fn holds_macro(text: &str, whole_only: bool) -> bool {
    FAMILIES.iter().any(|&(open, close)| {
        if whole_only {
            return text
                .strip_prefix(open)
                .and_then(|text| text.strip_suffix(close))
                .is_some_and(is_macro_name);
        }
        candidates(text, open, close).any(is_macro_name)
    })
}

/// Finds what may name a macro of one family, in one pass: the text between a closer and the last
/// opener before it.
///
/// A name holds no opener, so none is missed; and the candidates together are no longer than
/// `text`, so reading them all is linear too.
fn candidates<'t>(text: &'t str, open: &str, close: &str) -> impl Iterator<Item = &'t str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let inside = rest.find(open).map(|at| &rest[at + open.len()..])?;
        // Without a closer nothing further on is closed either.
        let end = inside.find(close)?;
        // What closes may open the next one where both look alike.
        rest = if open == close { &inside[end..] } else { &inside[end + close.len()..] };
        inside[..end].rsplit(open).next()
    })
}

/// Says whether a text may name a macro: words joined by points, blanks around allowed.
fn is_macro_name(name: &str) -> bool {
    let name = name.trim();
    let letters = name.bytes().any(|byte| byte.is_ascii_alphabetic());
    letters
        && name.len() <= MAX_NAME
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-:".contains(&byte))
        && !is_address(name)
}

/// Says whether a text is an IPv6 address, which may stand in brackets.
fn is_address(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

/// How macros are written.
const FAMILIES: [(&str, &str); 4] = [("[", "]"), ("${", "}"), ("{{", "}}"), ("%%", "%%")];

/// Returns the most bytes, decoded, that a value of a key may have.
fn longest(key: &str) -> usize {
    if LONG.contains(&key) { MAX_LONG } else { MAX_TEXT }
}

/// Keys whose values are whole documents of others.
const LONG: [&str; 3] = ["scte35", "consent", "gpp"];

/// The longest value of the keys in `LONG`, in bytes.
const MAX_LONG: usize = 16 * 1024;

/// The longest other value, in bytes.
const MAX_TEXT: usize = 2 * 1024;

/// The longest name of a macro, in bytes.
const MAX_NAME: usize = 64;

/// Keys whose values may hold brackets of their own.
const FREE_TEXT: [&str; 5] = ["title", "series", "genre", "app_name", "ua"];

/// The most parameters that are read.
const MAX_PAIRS: usize = 512;

#[cfg(test)]
mod tests;
