//! Steps over values that nobody asks for: they are held to the same spelling as those that are read.
//!
//! Places are handed from step to step, and none is kept: most of a section is stepped over.

use crate::wire::quote::plain;
use crate::wire::record::scan::escapes;

/// Returns where the value ends that begins at a place and nests at most `depth` deep; none when
/// there is no such value.
pub(super) fn value(text: &str, at: usize, depth: u32) -> Option<usize> {
    let inner = depth.checked_sub(1)?;
    match *text.as_bytes().get(at)? {
        b'"' => quoted(text, at + 1),
        b'[' => list(text, at + 1, inner),
        b'{' => object(text, at + 1, inner),
        b't' => word(text, at, b"true"),
        b'f' => word(text, at, b"false"),
        b'n' => word(text, at, b"null"),
        _ => number(text, at),
    }
}

/// Returns where the list ends whose first item, or end, is at a place.
fn list(text: &str, mut at: usize, depth: u32) -> Option<usize> {
    let bytes = text.as_bytes();
    if *bytes.get(at)? == b']' {
        return Some(at + 1);
    }
    loop {
        at = value(text, at, depth)?;
        match *bytes.get(at)? {
            b',' => at += 1,
            b']' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// Returns where the object ends whose first member, or end, is at a place.
fn object(text: &str, mut at: usize, depth: u32) -> Option<usize> {
    let bytes = text.as_bytes();
    if *bytes.get(at)? == b'}' {
        return Some(at + 1);
    }
    loop {
        if *bytes.get(at)? != b'"' {
            return None;
        }
        at = quoted(text, at + 1)?;
        if *bytes.get(at)? != b':' {
            return None;
        }
        at = value(text, at + 1, depth)?;
        match *bytes.get(at)? {
            b',' => at += 1,
            b'}' => return Some(at + 1),
            _ => return None,
        }
    }
}

/// Returns where the text ends whose first character is at a place.
#[inline]
fn quoted(text: &str, from: usize) -> Option<usize> {
    let end = from + plain(text.as_bytes().get(from..)?);
    match *text.as_bytes().get(end)? {
        b'"' => Some(end + 1),
        _ => escaped(text, from, end),
    }
}

/// Returns the same of a text that has an escape at `end`.
#[cold]
fn escaped(text: &str, from: usize, end: usize) -> Option<usize> {
    let (_, length) = escapes::unescaped(text.get(from..)?, end - from)?;
    Some(from + length)
}

#[inline]
fn word(text: &str, at: usize, word: &[u8]) -> Option<usize> {
    text.as_bytes().get(at..)?.starts_with(word).then_some(at + word.len())
}

/// Returns where a whole number of 64 bits ends.
#[inline]
fn number(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let first = from + usize::from(*bytes.get(from)? == b'-');
    let digits = bytes.get(first..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end = first + digits;
    let zero = digits != 0 && bytes[first] == b'0';
    let canonical = if zero { digits == 1 && first == from } else { 0 < digits };
    let fits = digits < ALWAYS_FITS || text.get(first..end)?.parse::<i64>().is_ok();
    (canonical && fits).then_some(end)
}

/// Numbers of fewer digits are within 64 bits.
const ALWAYS_FITS: usize = 19;
