//! An ordinary response read straight from its bytes: known members of their usual types.
//!
//! It gives up wherever anything is wrong or rare, and `document` reads again; so it only has to
//! be right about what it takes. Texts without escapes are lent by the body.

use std::borrow::Cow;

use openrtb::response::Bid;

use crate::wire::bid_response::document::{Document, Seat};
use crate::wire::quote;

/// Reads a body; `None` says nothing but that another reader must look. `room` is for texts.
pub(super) fn read<'a>(body: &'a [u8], room: &mut String) -> Option<Document<'a>> {
    let source = std::str::from_utf8(body).ok()?;
    let mut input = Input { source, bytes: body, at: 0, left: MOST, room };
    let mut document = Document::default();
    let mut seats = None;
    input.next(b'{')?;
    input.object(|input, name| match name {
        b"id" => once(&mut document.id, input.text()?),
        b"bidid" => once(&mut document.bidid, input.text()?),
        b"cur" => once(&mut document.currency, input.text()?),
        b"nbr" => once(&mut document.nbr, input.integer()?),
        b"seatbid" => once(&mut seats, input.list(Input::seat)?),
        _ => input.skip(DEEP),
    })?;
    document.seats = seats.unwrap_or_default();
    input.blank();
    (input.at == body.len()).then_some(document)
}

/// A body, and how far it was read.
struct Input<'a, 'r> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// How many elements lists may have besides.
    left: usize,
    /// Where texts are put together.
    room: &'r mut String,
}

impl<'a> Input<'a, '_> {
    fn seat(&mut self) -> Option<Seat<'a>> {
        let (mut name, mut group, mut bids) = (None, None, None);
        self.next(b'{')?;
        self.object(|input, member| match member {
            b"seat" => once(&mut name, input.text()?),
            b"group" => once(&mut group, input.integer().filter(|it| matches!(it, 0 | 1))?),
            b"bid" => once(&mut bids, input.list(Self::bid)?),
            _ => input.skip(DEEP),
        })?;
        Some(Seat { name, group: group == Some(1), bids: bids?, ..Seat::default() })
    }

    fn bid(&mut self) -> Option<Bid<'a>> {
        let (mut id, mut imp) = (None, None);
        let mut bid = Bid::default();
        self.next(b'{')?;
        self.object(|input, member| match member {
            b"id" => once(&mut id, input.text()?),
            b"impid" => once(&mut imp, input.text()?),
            b"price" => once(&mut bid.price, input.decimal()?),
            b"nurl" => once(&mut bid.nurl, input.text()?),
            b"burl" => once(&mut bid.burl, input.text()?),
            b"lurl" => once(&mut bid.lurl, input.text()?),
            b"adm" => once(&mut bid.adm, input.text()?),
            b"adid" => once(&mut bid.adid, input.text()?),
            b"adomain" => once(&mut bid.adomain, input.list(Self::text)?),
            b"bundle" => once(&mut bid.bundle, input.text()?),
            b"iurl" => once(&mut bid.iurl, input.text()?),
            b"cid" => once(&mut bid.cid, input.text()?),
            b"crid" => once(&mut bid.crid, input.text()?),
            b"cattax" => once(&mut bid.cattax, input.integer()?),
            b"cat" => once(&mut bid.cat, input.list(Self::text)?),
            b"attr" => once(&mut bid.attr, input.list(Self::integer)?),
            b"apis" => once(&mut bid.apis, input.list(Self::integer)?),
            b"api" => once(&mut bid.api, input.integer()?),
            b"protocol" => once(&mut bid.protocol, input.integer()?),
            b"language" => once(&mut bid.language, input.text()?),
            b"langb" => once(&mut bid.langb, input.text()?),
            b"dealid" => once(&mut bid.dealid, input.text()?),
            b"w" => once(&mut bid.w, input.integer()?),
            b"h" => once(&mut bid.h, input.integer()?),
            b"exp" => once(&mut bid.exp, input.integer()?),
            b"dur" => once(&mut bid.dur, input.integer()?),
            b"mtype" => once(&mut bid.mtype, input.integer()?),
            b"slotinpod" => once(&mut bid.slotinpod, input.integer()?),
            _ => input.skip(DEEP),
        })?;
        (bid.id, bid.impid) = (id?, imp?);
        Some(bid)
    }

    /// Reads the members of an object that has begun.
    fn object(&mut self, mut member: impl FnMut(&mut Self, &[u8]) -> Option<()>) -> Option<()> {
        if self.take(b'}') {
            return Some(());
        }
        loop {
            self.next(b'"')?;
            let from = self.at;
            self.at += quote::plain(&self.bytes[from..]);
            let name = &self.bytes[from..self.at];
            // A name with escapes may be any name, and none may hold a line end.
            if self.bytes.get(self.at) != Some(&b'"') {
                return None;
            }
            self.at += 1;
            self.next(b':')?;
            member(self, name)?;
            if self.take(b'}') {
                return Some(());
            }
            self.next(b',')?;
        }
    }

    fn list<T>(&mut self, mut element: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.next(b'[')?;
        let mut list = Vec::new();
        if self.take(b']') {
            return Some(list);
        }
        // Most hold one.
        list.reserve_exact(1);
        loop {
            self.left = self.left.checked_sub(1)?;
            list.push(element(self)?);
            if self.take(b']') {
                return Some(list);
            }
            self.next(b',')?;
        }
    }

    fn text(&mut self) -> Option<Cow<'a, str>> {
        self.next(b'"')?;
        let from = self.at;
        let to = from + quote::plain(&self.bytes[from..]);
        self.at = to + 1;
        match self.bytes.get(to)? {
            b'"' => Some(Cow::Borrowed(&self.source[from..to])),
            b'\\' => self.resolved(from, to).map(Cow::Owned),
            _ => None,
        }
    }

    /// Reads a text with an escape at a place.
    fn resolved(&mut self, from: usize, mut escape: usize) -> Option<String> {
        self.room.clear();
        self.room.push_str(&self.source[from..escape]);
        loop {
            let (letter, length) = escaped(&self.bytes[escape + 1..])?;
            self.room.push(letter);
            let from = escape + 1 + length;
            let to = from + quote::plain(&self.bytes[from..]);
            self.room.push_str(&self.source[from..to]);
            match self.bytes.get(to)? {
                b'"' => {
                    self.at = to + 1;
                    return Some(self.room.as_str().to_owned());
                }
                b'\\' => escape = to,
                _ => return None,
            }
        }
    }

    /// Reads an integer of up to nine digits, with nothing that only some readers take.
    fn integer(&mut self) -> Option<i32> {
        self.blank();
        let minus = self.bytes.get(self.at) == Some(&b'-');
        let digits = &self.bytes[self.at + usize::from(minus)..];
        let length = digits.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let padded = digits.first() == Some(&b'0') && (minus || length != 1);
        if length == 0 || 9 < length || padded {
            return None;
        }
        let sum = digits[..length].iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
        self.at += length + usize::from(minus);
        self.is_over().then_some(if minus { -sum } else { sum })
    }

    /// Reads a plain decimal: digits, and some behind a point.
    fn decimal(&mut self) -> Option<f64> {
        self.blank();
        let within = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take(LONGEST_DECIMAL).take_while(within).count();
        let text = &self.source[self.at..self.at + length];
        self.at += length;
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let padded = whole.len() != 1 && whole.starts_with('0');
        if whole.is_empty() || places.is_empty() || padded || !self.is_over() {
            return None;
        }
        // Two points are no number.
        text.parse().ok()
    }

    /// Skips a value that is not looked at.
    fn skip(&mut self, deep: usize) -> Option<()> {
        let deep = deep.checked_sub(1)?;
        self.blank();
        match self.bytes.get(self.at)? {
            b'"' => self.text().map(drop),
            b'{' => {
                self.at += 1;
                self.object(|input, _| input.skip(deep))
            }
            b'[' => {
                self.at += 1;
                if self.take(b']') {
                    return Some(());
                }
                loop {
                    self.skip(deep)?;
                    if self.take(b']') {
                        return Some(());
                    }
                    self.next(b',')?;
                }
            }
            b'-' => self.integer().map(drop),
            b'0'..=b'9' => self.decimal().map(drop),
            _ => {
                let rest = &self.bytes[self.at..];
                let word = WORDS.iter().find(|word| rest.starts_with(word))?;
                self.at += word.len();
                Some(())
            }
        }
    }

    /// Says whether what follows may follow a number.
    fn is_over(&self) -> bool {
        matches!(self.bytes.get(self.at), Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'))
    }

    /// Skips white space and then what must follow.
    #[inline]
    fn next(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    /// Skips white space and then a byte, if it follows.
    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        if self.bytes.get(self.at) != Some(&byte) {
            self.blank();
        }
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    fn blank(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
}

/// Puts a value where none may stand yet.
#[inline]
fn once<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    if slot.is_some() {
        return None;
    }
    *slot = Some(value);
    Some(())
}

/// Returns what an escape stands for, and how many bytes it takes behind its backslash; none for
/// surrogates.
#[inline]
fn escaped(bytes: &[u8]) -> Option<(char, usize)> {
    Some(match bytes.first()? {
        byte @ (b'"' | b'\\' | b'/') => (char::from(*byte), 1),
        b'n' => ('\n', 1),
        b't' => ('\t', 1),
        b'r' => ('\r', 1),
        b'b' => ('\u{8}', 1),
        b'f' => ('\u{c}', 1),
        b'u' => {
            let digit = |sum: u32, byte: &u8| Some(sum * 16 + char::from(*byte).to_digit(16)?);
            let number = bytes.get(1..5)?.iter().try_fold(0, digit)?;
            (char::from_u32(number)?, 5)
        }
        _ => return None,
    })
}

/// The most elements of all lists together; usual responses have far fewer.
const MOST: usize = 256;

/// How deep a value may nest that is not looked at.
const DEEP: usize = 16;

/// The longest price; usual ones have far fewer digits.
const LONGEST_DECIMAL: usize = 18;

/// Values without parts.
const WORDS: &[&[u8]] = &[b"null", b"true", b"false"];
