//! Writes XML into one text, filling macros and dropping characters that XML forbids.
//!
//! All text of our answers passes through here, so escaping is decided in one place. It writes what
//! quick-xml's writer does, which a test holds it to, without a copy of each tag and each value.

use std::borrow::Cow;

use memchr::memchr_iter;

use crate::wire::macros::{self, Budget, Place, Values};
use crate::wire::quote::decimal;
use crate::wire::vast::shown::Shown;
use crate::wire::vast::tree;

/// A writer of one ad.
pub struct Pen<'v> {
    out: String,
    values: &'v Values<'v>,
    budget: Budget,
    emptied: bool,
}

/// An attribute to write; its value may hold macros.
pub type Attribute<'t> = (&'t str, Cow<'t, str>);

impl<'v> Pen<'v> {
    /// Returns a writer that fills macros with `values`, with room for so many bytes.
    #[must_use]
    pub fn new(values: &'v Values<'v>, room: usize) -> Self {
        Self { out: String::with_capacity(room), values, budget: Budget::full(), emptied: false }
    }

    /// Fills the macros of a bidder's text.
    ///
    /// Past the budget they become nothing: the ad is sold, and it must play.
    pub fn fill<'t>(&mut self, text: &'t str, place: Place) -> Cow<'t, str> {
        if let Ok(filled) = macros::substitute(text, self.values, place, &mut self.budget) {
            return filled;
        }
        self.emptied = true;
        let mut unbounded = Budget::full();
        macros::substitute(text, &Values::default(), place, &mut unbounded)
            .unwrap_or(Cow::Borrowed(""))
    }

    /// Fills the macros of a bidder's text that may be a copy.
    pub fn fill_text<'t>(&mut self, text: Cow<'t, str>, place: Place) -> Cow<'t, str> {
        match text {
            Cow::Borrowed(text) => self.fill(text, place),
            Cow::Owned(text) => Cow::Owned(self.fill(&text, place).into_owned()),
        }
    }

    /// Opens an element.
    pub fn open<'t, 'a: 't>(
        &mut self,
        name: &str,
        attributes: impl IntoIterator<Item = &'t Attribute<'a>>,
    ) {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            attribute(&mut self.out, name, value);
        }
        self.out.push('>');
    }

    /// Closes an element.
    pub fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// Writes text, escaped.
    pub fn text(&mut self, text: &str) {
        escape(&mut self.out, text, IN_TEXT);
    }

    /// Writes an element that holds text.
    pub fn text_element<'t, 'a: 't>(
        &mut self,
        name: &str,
        attributes: impl IntoIterator<Item = &'t Attribute<'a>>,
        text: &str,
    ) {
        self.open(name, attributes);
        self.text(text);
        self.close(name);
    }

    /// Writes an element that holds an address, in CDATA, split wherever the address ends one;
    /// returns where the address stands.
    pub fn url_element<'t, 'a: 't>(
        &mut self,
        name: &str,
        attributes: impl IntoIterator<Item = &'t Attribute<'a>>,
        url: &str,
    ) -> Shown {
        self.open(name, attributes);
        self.out.push_str("<![CDATA[");
        let start = self.out.len();
        let (given, url) = (url, clean(url));
        let mut from = 0;
        let ends = url.bytes().fold(false, |found, byte| found | (byte == b'>'));
        for at in memchr_iter(b'>', if ends { url.as_bytes() } else { b"" }) {
            if url[from..at].ends_with("]]") {
                self.out.push_str(&url[from..at]);
                self.out.push_str("]]><![CDATA[");
                from = at;
            }
        }
        self.out.push_str(&url[from..]);
        let end = self.out.len();
        self.out.push_str("]]>");
        self.close(name);
        match url {
            Cow::Borrowed(_) if from == 0 => Shown::Within(start..end),
            Cow::Borrowed(_) | Cow::Owned(_) => Shown::Apart(given.into()),
        }
    }

    /// Writes an element that holds a number.
    pub fn number_element(&mut self, name: &str, number: u64) {
        self.open(name, []);
        self.out.push_str(decimal(number, &mut [0; 20]));
        self.close(name);
    }

    /// Returns how many bytes were written.
    #[must_use]
    pub fn written(&self) -> usize {
        self.out.len()
    }

    /// Returns what was written, and whether macros had to be emptied.
    #[must_use]
    pub fn finish(self) -> (String, bool) {
        (self.out, self.emptied)
    }
}

/// Writes an attribute with the space before it.
pub fn attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape(out, value, IN_ATTRIBUTE);
    out.push('"');
}

/// Writes a text in runs between the bytes of these classes, which are replaced.
fn escape(out: &mut String, text: &str, classes: u8) {
    let (bytes, mut done) = (text.as_bytes(), 0);
    let odd = |byte: &u8| CLASSES[usize::from(*byte)] & classes != 0;
    while let Some(length) = bytes[done..].iter().position(odd) {
        let at = done + length;
        let replacement = match bytes[at] {
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'&' => "&amp;",
            b'\'' => "&apos;",
            b'"' => "&quot;",
            b'\t' => "&#9;",
            b'\n' => "&#10;",
            b'\r' => "&#13;",
            // What may be forbidden is rare, and looked at letter by letter.
            _ => return escape_rest(out, &text[done..], classes),
        };
        out.push_str(&text[done..at]);
        out.push_str(replacement);
        done = at + 1;
    }
    out.push_str(&text[done..]);
}

/// Writes a text in which forbidden characters may stand.
#[cold]
fn escape_rest(out: &mut String, text: &str, classes: u8) {
    let legal = |letter: &char| tree::legal(*letter);
    for letter in text.chars().filter(legal) {
        match u8::try_from(letter) {
            Ok(byte) if byte.is_ascii() => escape(out, letter.encode_utf8(&mut [0; 4]), classes),
            Ok(_) | Err(_) => out.push(letter),
        }
    }
}

/// Drops the characters that XML forbids.
fn clean(text: &str) -> Cow<'_, str> {
    // A fold without an early end, since the compiler makes wide instructions of it.
    let perhaps = text.bytes().fold(false, |found, byte| found | (byte < b' ') | (byte == 0xef));
    if !perhaps || tree::all_legal(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|letter| tree::legal(*letter)).collect())
}

/// To be replaced in text, or perhaps dropped.
const IN_TEXT: u8 = 1;

/// To be replaced in the value of an attribute, or perhaps dropped.
const IN_ATTRIBUTE: u8 = 2;

/// What of each byte is not written as it is; U+FFFE and U+FFFF begin with EF.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'\t' | b'\n' => IN_ATTRIBUTE,
            b'<' | b'>' | b'&' | b'\'' | b'"' | ..b' ' | 0xef => IN_TEXT | IN_ATTRIBUTE,
            _ => 0,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

#[cfg(test)]
mod tests;
