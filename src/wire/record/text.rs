//! How values stand in a section: numbers that JSON cannot carry as text, hashes as hex.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::money::Cpm;

/// A whole number of 64 bits as decimal text, since JSON numbers end at 2^53 - 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Decimal(pub(super) u64);

/// Bytes as lowercase hex, at most 32 of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hex<const N: usize>(pub(super) [u8; N]);

/// Borrows a text for writing.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// Borrows a list of texts for writing.
pub(super) fn texts<T: AsRef<str>>(list: &[T]) -> Vec<Cow<'_, str>> {
    list.iter().map(|item| Cow::Borrowed(item.as_ref())).collect()
}

/// Shares a list of texts that was read.
pub(super) fn shared(list: &[Cow<'_, str>]) -> Vec<Arc<str>> {
    list.iter().map(|item| Arc::from(&**item)).collect()
}

/// Boxes a list of texts that was read.
pub(super) fn boxed(list: &[Cow<'_, str>]) -> Vec<Box<str>> {
    list.iter().map(|item| Box::from(&**item)).collect()
}

/// Boxes a text that was read, if there is one.
pub(super) fn boxed_option(item: Option<&Cow<'_, str>>) -> Option<Box<str>> {
    item.map(|item| Box::from(&**item))
}

/// Returns a price as text.
pub(super) fn micros(cpm: Cpm) -> Decimal {
    Decimal(u64::try_from(cpm.micros()).expect("a price is never negative"))
}

/// Returns the price of a number that was read.
pub(super) fn cpm(micros: Decimal) -> Option<Cpm> {
    i64::try_from(micros.0).ok().and_then(Cpm::from_micros)
}

/// Writes a form as canonical JSON: forms declare their fields in ASCII order.
pub(super) fn canonical<T: Serialize>(form: &T) -> Vec<u8> {
    serde_json::to_vec(form).expect("a form has text keys and writes to memory")
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits && (text.len() == 1 || !text.starts_with('0'));
        plain.then(|| text.parse().ok()).flatten().map(Self).ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Str(&text), &"a decimal number of 64 bits")
        })
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 2 * MAX_HEX];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&digits[..2 * N]).expect("hex digits are ASCII"))
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        bytes(&text)
            .map(Self)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &"lowercase hex digits"))
    }
}

/// Reads exactly `N` bytes of lowercase hex.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Returns the value of a lowercase hex digit.
fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";
const MAX_HEX: usize = 32;
