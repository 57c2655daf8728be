//! Steps over values that nobody asks for: they are held to the same spelling as those that are read.
//!
//! Places are handed from step to step, and none is kept: most of a section is stepped over.

use crate::wire::quote::plain;
use crate::wire::record::scan::escapes;

/// Returns where the value ends that begins at a place; none when there is no such value, or it nests
/// too deep.
pub(super) fn value(text: &str, mut at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    // A bit for each list or object that is open, the innermost lowest: whether it is an object.
    // Above them stands one more.
    let mut open = 1_u32;
    loop {
        at = match *bytes.get(at)? {
            b'"' => quoted(text, at + 1)?,
            bracket @ (b'[' | b'{') => {
                at += 1;
                open = open << 1 | u32::from(bracket == b'{');
                // Closing brackets stand two above the opening ones.
                if *bytes.get(at)? != bracket + 2 {
                    if DEEPEST <= open {
                        return None;
                    }
                    if bracket == b'{' {
                        at = name(text, at)?;
                    }
                    continue;
                }
                at
            }
            b't' => word(text, at, b"true")?,
            b'f' => word(text, at, b"false")?,
            b'n' => word(text, at, b"null")?,
            _ => number(text, at)?,
        };
        // What is open goes on or ends behind a value.
        loop {
            if open == 1 {
                return Some(at);
            }
            let is_object = open & 1 == 1;
            match *bytes.get(at)? {
                b',' => {
                    at = if is_object { name(text, at + 1)? } else { at + 1 };
                    break;
                }
                b']' if !is_object => {}
                b'}' if is_object => {}
                _ => return None,
            }
            at += 1;
            open >>= 1;
        }
    }
}

/// Returns where the value begins of the member whose name is at a place.
#[inline]
fn name(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if *bytes.get(at)? != b'"' {
        return None;
    }
    let end = quoted(text, at + 1)?;
    (*bytes.get(end)? == b':').then_some(end + 1)
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

/// What is open where a value would nest deeper than any form does: as many levels.
const DEEPEST: u32 = 1 << 16;
/// Numbers of fewer digits are within 64 bits.
const ALWAYS_FITS: usize = 19;
