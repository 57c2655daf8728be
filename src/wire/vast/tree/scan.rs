//! The first reading of a document: bytes, tables and `memchr`, for documents that are sound.
//!
//! It refuses whatever is wrong or rare, and `events` looks again; so it only has to be right about
//! what it takes. Nine tenths of what was spent on an answer's markup were quick-xml's events.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr3};

use crate::wire::vast::tree::build::{Builder, Piece, attribute_value};
use crate::wire::vast::tree::{Tree, is_name, is_space};

/// What a document is read into; `None` says that the other reader must look.
pub(in crate::wire::vast) trait Sink<'a> {
    /// Says whether an element is open.
    fn is_open(&self) -> bool;

    /// Returns the name of the element that is open.
    fn name(&self) -> Option<&'a str>;

    /// Takes the begin of an element.
    fn begin(&mut self, name: Range<usize>) -> Option<()>;

    /// Takes an attribute of the element that began last; a second one of its name is wrong.
    fn attribute(&mut self, name: Range<usize>, value: Piece<'_>) -> Option<()>;

    /// Takes the end of the element that is open.
    fn end(&mut self) -> Option<()>;

    /// Takes text, which belongs to text right before it.
    fn text(&mut self, piece: Piece<'_>) -> Option<()>;

    /// Takes what stands between `&` and `;` of text.
    fn reference(&mut self, name: &str) -> Option<()>;
}

/// Reads a document that begins with no white space and holds legal characters only; `None` says
/// nothing but that the other reader must look.
pub(super) fn read(markup: &str) -> Option<Tree<'_>> {
    let mut builder = Builder::new(markup);
    read_into(markup, &mut builder)?;
    builder.finish().ok()
}

/// Reads such a document into anything.
pub(in crate::wire::vast) fn read_into<'a>(
    markup: &'a str,
    sink: &mut impl Sink<'a>,
) -> Option<()> {
    let bytes = markup.as_bytes();
    let has_return = memchr(b'\r', bytes).is_some();
    Scan { source: markup, bytes, at: 0, sink, has_return }.document()
}

struct Scan<'s, 'a, S> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    sink: &'s mut S,
    /// Whether a line may end in other ways than by a line feed.
    has_return: bool,
}

impl<'a, S: Sink<'a>> Scan<'_, 'a, S> {
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
        let name = self.sink.name()?;
        let rest = self.bytes.get(self.at + 2..)?.strip_prefix(name.as_bytes())?;
        self.at += 2 + name.len();
        if rest.first() != Some(&b'>') {
            self.skip_space();
        }
        self.expect(b'>')?;
        self.sink.end()
    }

    fn start(&mut self) -> Option<()> {
        self.at += 1;
        let name = self.name()?;
        self.sink.begin(name)?;
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
                    return self.sink.end();
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
        let mut length = value_end(quote, rest);
        let odd = *rest.get(length)? != quote;
        if odd {
            length += memchr(quote, &rest[length..])?;
        }
        let value = from..from + length;
        self.at = value.end + 1;
        if !odd {
            return self.sink.attribute(name, Piece::Source(value));
        }
        match attribute_value(&self.source[value.clone()]).ok()? {
            Cow::Borrowed(_) => self.sink.attribute(name, Piece::Source(value)),
            Cow::Owned(decoded) => self.sink.attribute(name, Piece::Decoded(&decoded)),
        }
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
            if !self.sink.is_open() {
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
        let mut from = self.at;
        loop {
            self.at += text_end(&self.bytes[self.at..]);
            match self.bytes.get(self.at) {
                Some(b'&') => {
                    self.run(from..self.at)?;
                    self.reference()?;
                    from = self.at;
                }
                // What ends a section of character data may not stand elsewhere.
                Some(b'>') if self.bytes[from..self.at].ends_with(b"]]") => return None,
                Some(b'>') => self.at += 1,
                Some(_) | None => return self.run(from..self.at),
            }
        }
    }

    /// Reads a reference to a character; a text may hold thousands, each looked for once.
    fn reference(&mut self) -> Option<()> {
        let name = self.at + 1;
        let rest = self.bytes.get(name..)?;
        let length = rest.iter().take(LONGEST_REFERENCE).position(|byte| *byte == b';')?;
        self.at = name + length + 1;
        self.sink.reference(&self.source[name..name + length])
    }

    fn run(&mut self, place: Range<usize>) -> Option<()> {
        if place.is_empty() { Some(()) } else { self.piece(place) }
    }

    fn piece(&mut self, place: Range<usize>) -> Option<()> {
        if self.has_return && self.bytes[place.clone()].contains(&b'\r') {
            return None;
        }
        self.sink.text(Piece::Source(place))
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

/// Returns how many bytes stand before the first that may end a run of text.
#[inline]
fn text_end(bytes: &[u8]) -> usize {
    // Most texts are too short for a call.
    let (short, _) = bytes.split_at(bytes.len().min(SHORT));
    let marks = |word| is(word, b'<') | is(word, b'&') | is(word, b'>');
    first(short, marks).unwrap_or_else(|looked_at| {
        let rest = &bytes[looked_at..];
        looked_at + memchr3(b'<', b'&', b'>', rest).unwrap_or(rest.len())
    })
}

/// Returns how many bytes stand before the first that ends the value of an attribute, or makes it
/// other than it stands, or wrong.
#[inline]
fn value_end(quote: u8, bytes: &[u8]) -> usize {
    let control = |word: u64| word.wrapping_sub(ONES * u64::from(b' ')) & !word & TOPS;
    let marks = |word| is(word, quote) | is(word, b'<') | is(word, b'&') | control(word);
    first(bytes, marks).unwrap_or_else(|looked_at| {
        let ends = |byte: &u8| *byte == quote || matches!(byte, b'<' | b'&' | 0..b' ');
        let rest = &bytes[looked_at..];
        looked_at + rest.iter().position(ends).unwrap_or(rest.len())
    })
}

/// Returns the place of the first marked byte, or how many bytes were looked at, which are all but
/// the last few.
///
/// Eight are looked at together: the lowest mark is right; marks above it may be wrong.
#[inline]
fn first(bytes: &[u8], marks: impl Fn(u64) -> u64) -> Result<usize, usize> {
    let mut length = 0;
    for word in bytes.as_chunks::<8>().0 {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            let bits = usize::try_from(marks.trailing_zeros()).expect("it is below 64");
            return Ok(length + bits / 8);
        }
        length += 8;
    }
    Err(length)
}

/// Marks the bytes of a word that are the wanted one.
#[inline]
fn is(word: u64, wanted: u8) -> u64 {
    let word = word ^ (ONES * u64::from(wanted));
    word.wrapping_sub(ONES) & !word & TOPS
}

const ONES: u64 = u64::from_le_bytes([1; 8]);

const TOPS: u64 = u64::from_le_bytes([0x80; 8]);

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

/// Bytes of text that are looked at without a call of `memchr`.
const SHORT: usize = 64;

/// The longest name of a reference that is read here, with its end.
const LONGEST_REFERENCE: usize = 32;

const CDATA: &[u8] = b"<![CDATA[";

/// May begin a name.
const START: u8 = 1;

/// May stand in a name.
const NAME: u8 = 2;

/// Parts a name from its prefix.
const COLON: u8 = 4;

/// What each byte may be.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => START | NAME,
            b'0'..=b'9' | b'-' | b'.' => NAME,
            b':' => NAME | COLON,
            _ => 0,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};
