//! Writes canonical JSON (RFC 8785) straight into a payload.
//!
//! Whoever writes names members in ASCII order and leaves out what is at its default; a test holds
//! every section to a canonicalizer that nobody here wrote. `scan` reads the same form back.

use crate::model::money::Cpm;
use crate::wire::quote::{DIGITS, digits, quoted};

/// A text of JSON that is being written at the end of other bytes.
#[derive(Debug)]
pub(super) struct Json<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Json<'a> {
    /// Starts a text at the end of `out`.
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Appends bytes as they are: a section that is not made here.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Writes the object that is the whole section.
    pub(super) fn section(&mut self, members: impl FnOnce(&mut Self)) {
        self.out.push(b'{');
        members(self);
        self.out.push(b'}');
    }

    /// Writes the list that is the whole text.
    pub(super) fn list_alone<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.out.push(b'[');
        items.into_iter().for_each(|item| write(self, item));
        self.out.push(b']');
    }

    /// Starts a member; its value comes next.
    // Always in line, so that the length of a key is known where it is copied.
    #[inline(always)]
    pub(super) fn key(&mut self, key: &'static str) -> &mut Self {
        if self.out.last() == Some(&b'{') {
            self.out.extend_from_slice(&key.as_bytes()[1..]);
        } else {
            self.out.extend_from_slice(key.as_bytes());
        }
        self
    }

    /// Writes an object.
    pub(super) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.comma();
        self.section(members);
    }

    /// Writes a list.
    pub(super) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Self, T),
    ) {
        self.comma();
        self.list_alone(items, write);
    }

    /// Writes a list of a few values of any kinds.
    pub(super) fn pair(&mut self, values: impl FnOnce(&mut Self)) {
        self.comma();
        self.out.push(b'[');
        values(self);
        self.out.push(b']');
    }

    /// Writes a text.
    #[inline]
    pub(super) fn text(&mut self, text: &str) {
        self.comma();
        quoted(text, self.out);
    }

    /// Writes a number that JSON can carry.
    #[inline]
    pub(super) fn number(&mut self, number: impl Into<i64>) {
        self.comma();
        let number = number.into();
        if number < 0 {
            self.out.push(b'-');
        }
        self.digits(number.unsigned_abs());
    }

    /// Writes an index or a count.
    #[inline]
    pub(super) fn count(&mut self, count: usize) {
        self.comma();
        self.digits(u64::try_from(count).expect("a count of things in memory"));
    }

    /// Writes a number of 64 bits as decimal text, since JSON numbers end at 2^53 - 1.
    #[inline]
    pub(super) fn decimal(&mut self, number: u64) {
        self.comma();
        self.out.push(b'"');
        self.digits(number);
        self.out.push(b'"');
    }

    /// Writes a price in micros as decimal text.
    #[inline]
    pub(super) fn micros(&mut self, cpm: Cpm) {
        self.decimal(u64::try_from(cpm.micros()).expect("a price is never negative"));
    }

    /// Writes bytes as lowercase hex.
    pub(super) fn hex(&mut self, bytes: &[u8]) {
        self.hex_after("", bytes);
    }

    /// Writes bytes as lowercase hex behind a start that needs no escapes.
    pub(super) fn hex_after(&mut self, start: &str, bytes: &[u8]) {
        self.comma();
        self.out.push(b'"');
        self.raw(start.as_bytes());
        for bytes in bytes.chunks(32) {
            let mut digits = [0; 64];
            for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
                pair[0] = DIGITS[usize::from(byte >> 4)];
                pair[1] = DIGITS[usize::from(byte & 15)];
            }
            self.out.extend_from_slice(&digits[..2 * bytes.len()]);
        }
        self.out.push(b'"');
    }

    /// Writes `true` or `false`.
    #[inline]
    pub(super) fn flag(&mut self, flag: bool) {
        self.comma();
        self.raw(if flag { b"true" } else { b"false" });
    }

    /// Writes `null`.
    pub(super) fn null(&mut self) {
        self.comma();
        self.raw(b"null");
    }

    /// Writes a member if there is a value for it.
    #[inline(always)]
    pub(super) fn maybe<T>(
        &mut self,
        key: &'static str,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T),
    ) {
        if let Some(value) = value {
            write(self.key(key), value);
        }
    }

    /// Writes a member that is left out when it is false.
    #[inline(always)]
    pub(super) fn set(&mut self, key: &'static str, flag: bool) {
        if flag {
            self.key(key).flag(true);
        }
    }

    /// Writes a list that is left out when it is empty.
    #[inline(always)]
    pub(super) fn some<T>(
        &mut self,
        key: &'static str,
        items: &[T],
        mut write: impl FnMut(&mut Self, &T),
    ) {
        if !items.is_empty() {
            self.key(key).list(items, |json, item| write(json, item));
        }
    }

    /// Writes a list of texts that is left out when it is empty.
    #[inline(always)]
    pub(super) fn texts<T: AsRef<str>>(&mut self, key: &'static str, items: &[T]) {
        self.some(key, items, |json, item| json.text(item.as_ref()));
    }

    /// Writes a list of codes that is left out when it is empty.
    #[inline(always)]
    pub(super) fn codes(&mut self, key: &'static str, items: &[i32]) {
        self.some(key, items, |json, &code| json.number(code));
    }

    /// Separates a value from the one before.
    #[inline]
    fn comma(&mut self) {
        if !matches!(self.out.last(), Some(b':' | b'[' | b'{')) {
            self.out.push(b',');
        }
    }

    fn digits(&mut self, number: u64) {
        match u8::try_from(number) {
            Ok(digit @ 0..10) => self.out.push(b'0' + digit),
            Ok(_) | Err(_) => self.out.extend_from_slice(digits(number, &mut [0; 20])),
        }
    }
}
