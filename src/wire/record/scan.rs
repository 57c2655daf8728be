//! Reads the canonical JSON that `json` writes: members in their order, no space, no other form.
//!
//! Forms are known, so a member is found by comparing its key where it must stand. What is not as
//! it should be is `None`, whatever it is: the caller names the section.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model::money::{Cpm, Currency};
use crate::wire::quote::plain;

/// What of a section is not read yet.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    rest: &'a str,
    /// Whether no member of the innermost object was read.
    first: bool,
}

impl<'a> Scan<'a> {
    /// Reads a whole section, an object.
    pub(super) fn section<T>(
        bytes: &'a [u8],
        members: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let mut scan = Self { rest: std::str::from_utf8(bytes).ok()?, first: true };
        let read = scan.object(members)?;
        scan.rest.is_empty().then_some(read)
    }

    /// Steps over a member's key, if it is the next.
    // Always in line, so that the length of a key is known where it is compared.
    #[inline(always)]
    pub(super) fn key(&mut self, key: &'static str) -> bool {
        let rest = if self.first {
            self.rest.strip_prefix(&key[1..])
        } else {
            self.rest.strip_prefix(key)
        };
        let Some(rest) = rest else { return false };
        (self.rest, self.first) = (rest, false);
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
    pub(super) fn pass(&mut self, keys: &[&'static str]) -> Option<()> {
        for key in keys {
            if self.key(key) {
                self.skip(DEEPEST)?;
            }
        }
        Some(())
    }

    /// Steps over a value that nests at most `depth` deep.
    fn skip(&mut self, depth: u32) -> Option<()> {
        let inner = depth.checked_sub(1)?;
        match self.rest.as_bytes().first()? {
            b'"' => self.text().map(drop),
            b'{' => self.items(b'{', b'}', |scan| {
                scan.text()?;
                scan.byte(b':')?;
                scan.skip(inner)
            }),
            b'[' => self.items(b'[', b']', |scan| scan.skip(inner)),
            b't' | b'f' => self.flag().map(drop),
            b'n' => self.word("null").then_some(()),
            _ => self.number::<i64>().map(drop),
        }
    }

    /// Steps over the items between two brackets.
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
        // Most lists are of one or two.
        let mut items = Vec::with_capacity(1);
        loop {
            let item = item(self)?;
            if items.len() == items.capacity() {
                items.reserve_exact(items.len());
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
        self.rest.starts_with('[')
    }

    /// Steps over a comma of a list of values of several kinds.
    pub(super) fn comma(&mut self) -> Option<()> {
        self.byte(b',')
    }

    /// Steps over a byte, if it is the next.
    #[inline]
    pub(super) fn byte(&mut self, byte: u8) -> Option<()> {
        let (&next, _) = self.rest.as_bytes().split_first()?;
        (next == byte).then(|| self.rest = &self.rest[1..])
    }

    /// Reads a text.
    #[inline]
    pub(super) fn text(&mut self) -> Option<Cow<'a, str>> {
        self.byte(b'"')?;
        let end = plain(self.rest.as_bytes());
        if *self.rest.as_bytes().get(end)? != b'"' {
            return self.unescaped(end);
        }
        let text = &self.rest[..end];
        self.rest = &self.rest[end + 1..];
        Some(Cow::Borrowed(text))
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
        let (digits, rest) = self.rest.split_at_checked(2 * N)?;
        let bytes = unhex(digits.as_bytes())?;
        self.rest = rest;
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

    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.strip_prefix(word);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    #[inline]
    fn digits(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        let mut length = 0;
        for byte in self.rest.bytes().take_while(u8::is_ascii_digit) {
            number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
            length += 1;
        }
        let plain = length == 1 || !self.rest.starts_with('0');
        self.rest = &self.rest[length..];
        (0 < length && plain).then_some(number)
    }

    /// Reads a text that has an escape at `from`.
    #[cold]
    fn unescaped(&mut self, from: usize) -> Option<Cow<'a, str>> {
        let mut text = self.rest[..from].to_owned();
        let mut rest = &self.rest[from..];
        loop {
            let mut characters = rest.chars();
            match characters.next()? {
                '"' => break,
                '\\' => {
                    let (character, after) = escape(characters.as_str())?;
                    text.push(character);
                    rest = after;
                }
                '\0'..=' ' if !rest.starts_with(' ') => return None,
                character => {
                    text.push(character);
                    rest = characters.as_str();
                }
            }
        }
        self.rest = &rest[1..];
        Some(Cow::Owned(text))
    }
}

/// Returns the bytes that exactly so many digits of lowercase hex stand for.
pub(super) fn unhex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let pairs = digits.as_chunks().0;
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    (digits.len() == 2 * N).then_some(bytes)
}

/// Reads what follows a backslash, in the one spelling that is canonical.
fn escape(rest: &str) -> Option<(char, &str)> {
    let mut characters = rest.chars();
    let character = match characters.next()? {
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'f' => '\u{c}',
        'r' => '\r',
        plain @ ('"' | '\\') => plain,
        'u' => {
            let (code, rest) = characters.as_str().split_at_checked(4)?;
            let [b'0', b'0', high, low] = code.as_bytes() else { return None };
            let byte = digit(*high)? << 4 | digit(*low)?;
            let short = matches!(byte, 0x08 | b'\t' | b'\n' | 0x0c | b'\r');
            return (byte < 0x20 && !short).then_some((char::from(byte), rest));
        }
        _ => return None,
    };
    Some((character, characters.as_str()))
}

/// Returns the value of a lowercase hex digit.
fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

/// How deep a value may nest that is stepped over; the forms nest less.
const DEEPEST: u32 = 16;
