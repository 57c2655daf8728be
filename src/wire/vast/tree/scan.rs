//! The first reading of a document: bytes, tables and `memchr`, for documents that are sound.
//!
//! It refuses whatever is wrong or rare, and `events` looks again; so it only has to be right about
//! what it takes. Nine tenths of what was spent on an answer's markup were quick-xml's events.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use crate::wire::vast::tree::build::{Builder, Piece, attribute_value};
use crate::wire::vast::tree::{Tree, is_name, is_space};

/// Reads a document that begins with no white space and holds legal characters only; `None` says
/// nothing but that the other reader must look.
pub(super) fn read(markup: &str) -> Option<Tree<'_>> {
    let mut scan = Scan {
        source: markup,
        bytes: markup.as_bytes(),
        at: 0,
        builder: Builder::new(markup),
        has_return: memchr(b'\r', markup.as_bytes()).is_some(),
    };
    scan.document()?;
    scan.builder.finish().ok()
}

struct Scan<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    builder: Builder<'a>,
    /// Whether a line may end in other ways than by a line feed.
    has_return: bool,
}

impl Scan<'_> {
    fn document(&mut self) -> Option<()> {
        let known = DECLARATIONS.iter().find(|it| self.source.starts_with(**it));
        self.at = known.map_or(0, |it| it.len());
        loop {
            match self.bytes.get(self.at) {
                Some(b'<') => self.markup()?,
                Some(_) => self.text()?,
                None => return Some(()),
            }
        }
    }

    fn markup(&mut self) -> Option<()> {
        match self.bytes.get(self.at + 1)? {
            b'/' => self.end(),
            b'!' => self.exclamation(),
            first if CLASSES[usize::from(*first)] & START != 0 => self.start(),
            _ => None,
        }
    }

    fn end(&mut self) -> Option<()> {
        let name = self.builder.name()?;
        let rest = self.bytes.get(self.at + 2..)?.strip_prefix(name.as_bytes())?;
        self.at += 2 + name.len();
        if rest.first() != Some(&b'>') {
            self.skip_space();
        }
        self.expect(b'>')?;
        self.builder.end().ok()
    }

    fn start(&mut self) -> Option<()> {
        self.at += 1;
        self.builder.may_begin().ok()?;
        let name = self.name()?;
        self.builder.begin(name);
        loop {
            let spaced = self.skip_space();
            match self.bytes.get(self.at)? {
                b'>' => {
                    self.at += 1;
                    return Some(());
                }
                b'/' => {
                    self.at += 1;
                    self.expect(b'>')?;
                    return self.builder.end().ok();
                }
                first if spaced && CLASSES[usize::from(*first)] & START != 0 => {
                    self.attribute()?;
                }
                _ => return None,
            }
        }
    }

    fn attribute(&mut self) -> Option<()> {
        let name = self.name()?;
        self.skip_space();
        self.expect(b'=')?;
        self.skip_space();
        let quote = *self.bytes.get(self.at)?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let from = self.at + 1;
        let rest = self.bytes.get(from..)?;
        let mut odd = false;
        let length = rest.iter().position(|&byte| {
            let class = CLASSES[usize::from(byte)];
            odd |= class & ODD_VALUE != 0;
            class & QUOTE != 0 && byte == quote
        })?;
        let value = from..from + length;
        self.at = value.end + 1;
        self.builder.may_have(&self.source[name.clone()]).ok()?;
        if !odd {
            self.builder.attribute(name, Piece::Source(value));
            return Some(());
        }
        match attribute_value(&self.source[value.clone()]).ok()? {
            Cow::Borrowed(_) => self.builder.attribute(name, Piece::Source(value)),
            Cow::Owned(decoded) => self.builder.attribute(name, Piece::Decoded(&decoded)),
        }
        Some(())
    }

    /// Reads a name, of which the first letter may begin one.
    fn name(&mut self) -> Option<Range<usize>> {
        let from = self.at;
        let mut classes = 0;
        let rest = self.bytes.get(from..)?;
        let length = rest.iter().position(|&byte| {
            let class = CLASSES[usize::from(byte)];
            classes |= class;
            class & NAME == 0
        })?;
        self.at += length;
        let place = from..self.at;
        let prefixed = classes & COLON != 0;
        (!prefixed || is_name(&self.source[place.clone()])).then_some(place)
    }

    /// Reads a section of character data, or drops a comment.
    fn exclamation(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at..];
        if let Some(content) = rest.strip_prefix(CDATA) {
            if !self.builder.is_open() {
                return None;
            }
            let length = cdata_end(content)?;
            let from = self.at + CDATA.len();
            self.at = from + length + 3;
            return self.piece(from..from + length);
        }
        let content = rest.strip_prefix(b"<!--")?;
        // Forms that some readers take for the end of a comment.
        if matches!(content.first(), Some(b'>' | b'-')) {
            return None;
        }
        let length = memchr_iter(b'-', content).find(|at| content.get(at + 1) == Some(&b'-'))?;
        self.at += 4 + length + 2;
        self.expect(b'>')
    }

    fn text(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at..];
        let length = memchr(b'<', rest).unwrap_or(rest.len());
        let (mut from, to) = (self.at, self.at + length);
        self.at = to;
        // Most texts hold no reference; one that does may hold thousands, each looked for once.
        let mut next = find(b'&', &self.bytes[from..to]);
        while let Some(before) = next {
            self.plain(from..from + before)?;
            let name = from + before + 1;
            let length = memchr(b';', &self.bytes[name..to])?;
            self.builder.reference(&self.source[name..name + length]).ok()?;
            from = name + length + 1;
            next = memchr(b'&', &self.bytes[from..to]);
        }
        self.plain(from..to)
    }

    /// Reads text without references; it may not hold what ends a section of character data.
    fn plain(&mut self, place: Range<usize>) -> Option<()> {
        let text = &self.bytes[place.clone()];
        if holds(b'>', text) && cdata_end(text).is_some() {
            return None;
        }
        if place.is_empty() { Some(()) } else { self.piece(place) }
    }

    fn piece(&mut self, place: Range<usize>) -> Option<()> {
        if self.has_return && self.bytes[place.clone()].contains(&b'\r') {
            return None;
        }
        self.builder.text(Piece::Source(place)).ok()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (*self.bytes.get(self.at)? == byte).then(|| self.at += 1)
    }

    /// Skips white space, and says whether there was any.
    fn skip_space(&mut self) -> bool {
        let from = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| is_space(*byte)) {
            self.at += 1;
        }
        from != self.at
    }
}

/// Finds what most texts do not hold.
fn find(wanted: u8, text: &[u8]) -> Option<usize> {
    if holds(wanted, text) { memchr(wanted, text) } else { None }
}

/// Says whether a text holds a byte; a fold without an early end, since the compiler makes wide
/// instructions of it, and most texts are too short for a call of `memchr`.
fn holds(wanted: u8, text: &[u8]) -> bool {
    text.iter().fold(false, |found, byte| found | (*byte == wanted))
}

/// Finds where a section of character data ends.
fn cdata_end(content: &[u8]) -> Option<usize> {
    memchr_iter(b'>', content).find(|at| content[..*at].ends_with(b"]]")).map(|at| at - 2)
}

/// How documents usually say what they are; another declaration is for the other reader.
const DECLARATIONS: &[&str] = &[
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
    "<?xml version=\"1.0\"?>",
];

const CDATA: &[u8] = b"<![CDATA[";

/// May begin a name.
const START: u8 = 1;

/// May stand in a name.
const NAME: u8 = 2;

/// Parts a name from its prefix.
const COLON: u8 = 4;

/// May end the value of an attribute.
const QUOTE: u8 = 8;

/// Makes the value of an attribute other than it stands, or wrong.
const ODD_VALUE: u8 = 16;

/// What each byte may be.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => START | NAME,
            b'0'..=b'9' | b'-' | b'.' => NAME,
            b':' => NAME | COLON,
            b'"' | b'\'' => QUOTE,
            b'<' | b'&' | b'\t' | b'\n' | b'\r' => ODD_VALUE,
            _ => 0,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};
