//! Reads the canonical JSON that `json` writes: members in their order, no space, no other form.
//!
//! Forms are known, so a member is found by comparing its key where it must stand. What is not as
//! it should be is `None`, whatever it is: the caller names the section.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::money::{Cpm, Currency};
use crate::wire::quote::plain;
use crate::wire::record::scan::escapes::unhex;
use crate::wire::record::scan::passed::{Passed, WORD};

pub(super) mod escapes;
pub(super) mod passed;
mod skip;

/// A section being read.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    text: &'a str,
    /// Where what is not read yet begins.
    at: usize,
    /// Whether no member of the innermost object was read.
    first: bool,
}

impl<'a> Scan<'a> {
    /// Reads a whole section, an object.
    pub(super) fn section<T>(
        bytes: &'a [u8],
        members: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let mut scan = Self { text: std::str::from_utf8(bytes).ok()?, at: 0, first: true };
        let read = scan.object(members)?;
        (scan.at == bytes.len()).then_some(read)
    }

    /// Steps over a member's key, if it is the next.
    // Always in line, so that the length of a key is known where it is compared.
    #[inline(always)]
    pub(super) fn key(&mut self, key: &'static str) -> bool {
        // All but the comma, which stands before every member but the first.
        let name = &key.as_bytes()[1..];
        let from = self.at + usize::from(!self.first);
        let here = self.bytes().get(from..).is_some_and(|rest| rest.starts_with(name));
        if !here || !(self.first || self.bytes()[self.at] == b',') {
            return false;
        }
        (self.at, self.first) = (from + name.len(), false);
        true
    }

    /// Reads a member that must be there.
    #[inline(always)]
    pub(super) fn must<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.key(key) { read(self) } else { None }
    }

    /// Reads a member that may be left out.
    #[inline(always)]
    pub(super) fn may<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.key(key) { read(self).map(Some) } else { Some(None) }
    }

    /// Reads a list that is left out when it is empty.
    #[inline(always)]
    pub(super) fn some<T>(
        &mut self,
        key: &'static str,
        item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        if self.key(key) { self.list(item) } else { Some(Vec::new()) }
    }

    /// Reads a list that is left out when it is empty, item by item.
    #[inline(always)]
    pub(super) fn each(
        &mut self,
        key: &'static str,
        item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        if self.key(key) { self.items(b'[', b']', item) } else { Some(()) }
    }

    /// Reads a member that is left out when it is false.
    #[inline(always)]
    pub(super) fn set(&mut self, key: &'static str) -> Option<bool> {
        self.may(key, Self::flag).map(Option::unwrap_or_default)
    }

    /// Reads a list of codes that is left out when it is empty.
    #[inline(always)]
    pub(super) fn codes(&mut self, key: &'static str) -> Option<Vec<i32>> {
        self.some(key, Self::number)
    }

    /// Steps over those of some members, given in their order, that are there.
    pub(super) fn pass(&mut self, keys: &[Passed]) -> Option<()> {
        debug_assert!(keys.is_sorted_by_key(|key| key.text), "{keys:?}");
        // Most are not there: the beginning of the next member tells nearly all of them.
        let mut begins = self.begins();
        for key in keys {
            if begins & key.mask == key.begins && self.step(key) {
                self.at = skip::value(self.text, self.at)?;
                begins = self.begins();
            }
        }
        Some(())
    }

    /// Returns the first bytes of the next member, the first lowest.
    #[inline]
    fn begins(&self) -> u64 {
        let rest = self.bytes().get(self.at + usize::from(!self.first)..).unwrap_or_default();
        match rest.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        }
    }

    /// Steps over a key that begins as the next member does, if it is that member's.
    #[inline]
    fn step(&mut self, key: &Passed) -> bool {
        let name = &key.text.as_bytes()[1..];
        let from = self.at + usize::from(!self.first);
        let here = name.len() <= WORD || self.bytes()[from..].starts_with(name);
        if !here || !(self.first || self.bytes()[self.at] == b',') {
            return false;
        }
        (self.at, self.first) = (from + name.len(), false);
        true
    }

    /// Returns the value that comes next as it stands, and stays before it.
    pub(super) fn peek(&self) -> Option<&'a str> {
        self.text.get(self.at..skip::value(self.text, self.at)?)
    }

    /// Steps over the value that `peek` has returned.
    pub(super) fn skip(&mut self, value: &str) {
        self.at += value.len();
    }

    /// Steps over the items between two brackets.
    #[inline]
    fn items(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.byte(open)?;
        if self.byte(close).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            if self.byte(b',').is_none() {
                return self.byte(close);
            }
        }
    }

    /// Reads an object.
    #[inline]
    pub(super) fn object<T>(&mut self, members: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.byte(b'{')?;
        self.first = true;
        let read = members(self)?;
        self.byte(b'}')?;
        self.first = false;
        Some(read)
    }

    /// Reads a list.
    #[inline]
    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.byte(b'[')?;
        if self.byte(b']').is_some() {
            return Some(Vec::new());
        }
        // Most lists are of one or two: what is large is not moved for the second.
        let mut items = Vec::with_capacity(if size_of::<T>() <= SMALL { 1 } else { 2 });
        loop {
            let item = item(self)?;
            if items.len() == items.capacity() {
                items.reserve_exact(if size_of::<T>() <= SMALL {
                    3 * items.len()
                } else {
                    items.len()
                });
            }
            items.push(item);
            if self.byte(b',').is_none() {
                break;
            }
        }
        self.byte(b']').map(|()| items)
    }

    /// Reads a list of two values of any kinds.
    #[inline]
    pub(super) fn pair<A, B>(
        &mut self,
        first: impl FnOnce(&mut Self) -> Option<A>,
        second: impl FnOnce(&mut Self) -> Option<B>,
    ) -> Option<(A, B)> {
        self.byte(b'[')?;
        let first = first(self)?;
        self.byte(b',')?;
        let second = second(self)?;
        self.byte(b']').map(|()| (first, second))
    }

    /// Says whether a list comes next.
    pub(super) fn is_list(&self) -> bool {
        self.bytes().get(self.at) == Some(&b'[')
    }

    /// Steps over a comma of a list of values of several kinds.
    pub(super) fn comma(&mut self) -> Option<()> {
        self.byte(b',')
    }

    /// Steps over a byte, if it is the next.
    #[inline]
    pub(super) fn byte(&mut self, byte: u8) -> Option<()> {
        let next = *self.bytes().get(self.at)?;
        (next == byte).then(|| self.at += 1)
    }

    /// Reads a text.
    #[inline]
    pub(super) fn text(&mut self) -> Option<Cow<'a, str>> {
        let end = self.plain_text()?;
        if *self.bytes().get(end)? != b'"' {
            return self.unescaped(end).map(Cow::Owned);
        }
        let text = self.text.get(self.at..end)?;
        self.at = end + 1;
        Some(Cow::Borrowed(text))
    }

    /// Steps to the first character of a text, and returns where the first stands that cannot stand
    /// in one as it is: the quote at its end, or an escape.
    #[inline]
    fn plain_text(&mut self) -> Option<usize> {
        self.byte(b'"')?;
        Some(self.at + plain(&self.bytes()[self.at..]))
    }

    #[inline]
    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// Reads a text into a box.
    pub(super) fn boxed(&mut self) -> Option<Box<str>> {
        self.text().map(Box::from)
    }

    /// Reads a text into shared memory.
    pub(super) fn shared(&mut self) -> Option<Arc<str>> {
        self.text().map(Arc::from)
    }

    /// Reads a number that JSON can carry.
    #[inline]
    pub(super) fn number<T: TryFrom<i64>>(&mut self) -> Option<T> {
        let negative = self.byte(b'-').is_some();
        let size = i64::try_from(self.digits()?).ok()?;
        if negative && size == 0 {
            return None;
        }
        T::try_from(if negative { -size } else { size }).ok()
    }

    /// Reads an index or a count.
    #[inline]
    pub(super) fn index(&mut self) -> Option<usize> {
        self.number().and_then(|number: i64| usize::try_from(number).ok())
    }

    /// Reads a number of 64 bits that stands as decimal text.
    #[inline]
    pub(super) fn decimal(&mut self) -> Option<u64> {
        self.byte(b'"')?;
        let number = self.digits()?;
        self.byte(b'"').map(|()| number)
    }

    /// Reads a price in micros.
    #[inline]
    pub(super) fn micros(&mut self) -> Option<Cpm> {
        self.decimal().and_then(|micros| i64::try_from(micros).ok()).and_then(Cpm::from_micros)
    }

    /// Reads a currency.
    pub(super) fn currency(&mut self) -> Option<Currency> {
        self.text().and_then(|code| Currency::new(&code))
    }

    /// Reads exactly `N` bytes of lowercase hex.
    pub(super) fn hex<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.byte(b'"')?;
        let end = self.at + 2 * N;
        let bytes = unhex(self.bytes().get(self.at..end)?)?;
        self.at = end;
        self.byte(b'"').map(|()| bytes)
    }

    /// Reads `true` or `false`.
    pub(super) fn flag(&mut self) -> Option<bool> {
        if self.word("true") { Some(true) } else { self.word("false").then_some(false) }
    }

    /// Reads a value, or `null`.
    pub(super) fn nullable<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.word("null") { Some(None) } else { read(self).map(Some) }
    }

    #[inline]
    fn word(&mut self, word: &str) -> bool {
        let here = self.bytes()[self.at..].starts_with(word.as_bytes());
        if here {
            self.at += word.len();
        }
        here
    }

    #[inline]
    fn digits(&mut self) -> Option<u64> {
        let rest = &self.bytes()[self.at..];
        let (mut number, mut length) = (0_u64, 0);
        for byte in rest {
            let digit = byte.wrapping_sub(b'0');
            if 9 < digit {
                break;
            }
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
            length += 1;
        }
        if NEVER_WRAPS < length {
            number = checked(&rest[..length])?;
        }
        let plain = length == 1 || rest.first() != Some(&b'0');
        self.at += length;
        (0 < length && plain).then_some(number)
    }

    /// Reads a text that has an escape at `from`.
    #[cold]
    fn unescaped(&mut self, from: usize) -> Option<String> {
        let (text, length) = escapes::unescaped(self.text.get(self.at..)?, from - self.at)?;
        self.at += length;
        Some(text)
    }
}

/// Returns the number that some digits stand for; none past 64 bits.
#[cold]
fn checked(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// How many digits never are more than 64 bits.
const NEVER_WRAPS: usize = 19;
/// Items of so many bytes are given room before they come.
const SMALL: usize = 64;
