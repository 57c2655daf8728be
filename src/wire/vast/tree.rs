//! An XML document as a small flat tree, read in one bounded pass.
//!
//! quick-xml only finds tokens; every rule that makes a document safe is checked here: no DOCTYPE,
//! no instructions, five entities, legal characters, one root, unique attributes, limits.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 32;

/// The most elements that are read.
pub const MAX_ELEMENTS: usize = 2_000;

/// The most attributes of one element that are read.
pub const MAX_ATTRIBUTES: usize = 64;

/// Why a document was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// It is not well-formed XML.
    Syntax,
    /// It has a DOCTYPE.
    Doctype,
    /// It has a processing instruction, or an XML declaration that is broken or in the wrong place.
    Instruction,
    /// It refers to an entity other than the five, or to no legal character.
    Entity,
    /// It holds a character that XML forbids.
    Character,
    /// It nests deeper than `MAX_DEPTH`.
    Depth,
    /// It has more elements than `MAX_ELEMENTS`.
    Elements,
    /// An element has more attributes than `MAX_ATTRIBUTES`, or one twice.
    Attributes,
    /// It has no root element, several, or text beside it.
    Root,
}

/// A document that kept all the rules.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    attributes: Vec<(&'a str, Cow<'a, str>)>,
}

#[derive(Debug)]
struct Node<'a> {
    kind: Kind<'a>,
    first: Option<usize>,
    last: Option<usize>,
    next: Option<usize>,
}

#[derive(Debug)]
enum Kind<'a> {
    Element { name: &'a str, attributes: Range<usize> },
    Text(Cow<'a, str>),
}

/// One element of a document.
#[derive(Clone, Copy, Debug)]
pub struct Element<'t, 'a> {
    tree: &'t Tree<'a>,
    index: usize,
}

/// What stands inside an element.
#[derive(Clone, Copy, Debug)]
pub enum Content<'t, 'a> {
    /// An element.
    Element(Element<'t, 'a>),
    /// Decoded text; runs of white space between elements are left out.
    Text(&'t str),
}

/// Reads a document.
///
/// # Errors
///
/// The first rule it breaks.
pub fn parse(markup: &str) -> Result<Tree<'_>, Fault> {
    if !all_legal(markup) {
        return Err(Fault::Character);
    }
    let markup = markup.trim_start_matches('\u{feff}').trim_start_matches(SPACE);
    let mut reader = Reader::from_str(markup);
    reader.config_mut().check_comments = true;
    let mut builder =
        Builder { source: markup, tree: Tree::default(), open: Vec::new(), elements: 0 };
    loop {
        let at_start = reader.buffer_position() == 0;
        match reader.read_event().map_err(|_| Fault::Syntax)? {
            Event::Start(tag) => builder.start(&tag)?,
            Event::Empty(tag) => {
                builder.start(&tag)?;
                builder.open.pop();
            }
            Event::End(_) => {
                builder.open.pop().ok_or(Fault::Syntax)?;
            }
            Event::Text(text) if text.contains("]]>") => return Err(Fault::Syntax),
            Event::Text(text) => builder.text(text.xml10_content())?,
            Event::CData(_) if builder.open.is_empty() => return Err(Fault::Root),
            Event::CData(text) => builder.text(text.xml10_content())?,
            Event::GeneralRef(name) => {
                let resolved = entity(&name).ok_or(Fault::Entity)?;
                builder.character(resolved)?;
            }
            Event::Comment(_) => {}
            Event::Decl(declaration) if at_start && declaration.version().is_ok() => {}
            Event::Decl(_) | Event::PI(_) => return Err(Fault::Instruction),
            Event::DocType(_) => return Err(Fault::Doctype),
            Event::Eof => break,
        }
    }
    if !builder.open.is_empty() {
        return Err(Fault::Syntax);
    }
    if builder.tree.nodes.is_empty() { Err(Fault::Root) } else { Ok(builder.tree) }
}

/// Says whether XML 1.0 allows a character.
#[must_use]
pub fn legal(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        other => ' ' <= other,
    }
}

/// Says whether XML 1.0 allows every character of a text.
#[must_use]
pub fn all_legal(text: &str) -> bool {
    let plain = |byte: u8| b' ' <= byte || matches!(byte, b'\t' | b'\n' | b'\r');
    text.bytes().all(plain) && (text.is_ascii() || text.chars().all(legal))
}

impl<'a> Tree<'a> {
    /// Returns the root element.
    #[must_use]
    pub fn root(&self) -> Element<'_, 'a> {
        Element { tree: self, index: 0 }
    }

    /// Returns all elements in document order.
    pub fn elements(&self) -> impl Iterator<Item = Element<'_, 'a>> {
        (0..self.nodes.len())
            .filter(|index| matches!(self.nodes[*index].kind, Kind::Element { .. }))
            .map(|index| Element { tree: self, index })
    }
}

impl<'t, 'a> Element<'t, 'a> {
    /// Returns its name, with a prefix if it has one.
    #[must_use]
    pub fn name(self) -> &'a str {
        match &self.tree.nodes[self.index].kind {
            Kind::Element { name, .. } => name,
            Kind::Text(_) => "",
        }
    }

    /// Returns its attributes in document order, values decoded.
    pub fn attributes(self) -> impl Iterator<Item = (&'a str, &'t str)> {
        let range = match &self.tree.nodes[self.index].kind {
            Kind::Element { attributes, .. } => attributes.clone(),
            Kind::Text(_) => 0..0,
        };
        self.tree.attributes[range].iter().map(|(name, value)| (*name, &**value))
    }

    /// Returns the value of an attribute.
    #[must_use]
    pub fn attribute(self, name: &str) -> Option<&'t str> {
        self.attributes().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Returns what stands inside it, in document order.
    pub fn content(self) -> impl Iterator<Item = Content<'t, 'a>> {
        let tree = self.tree;
        let first = tree.nodes[self.index].first;
        std::iter::successors(first, |index| tree.nodes[*index].next).map(move |index| match &tree
            .nodes[index]
            .kind
        {
            Kind::Element { .. } => Content::Element(Element { tree, index }),
            Kind::Text(text) => Content::Text(text),
        })
    }

    /// Returns its child elements.
    pub fn children(self) -> impl Iterator<Item = Self> {
        self.content().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) => None,
        })
    }

    /// Returns its child elements of one name.
    pub fn named(self, name: &'static str) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.name() == name)
    }

    /// Returns its first child element of a name.
    #[must_use]
    pub fn child(self, name: &'static str) -> Option<Self> {
        self.named(name).next()
    }

    /// Returns its own text without white space around it; empty when there is none.
    #[must_use]
    pub fn text(self) -> Cow<'t, str> {
        let mut pieces = self.content().filter_map(|content| match content {
            Content::Text(text) => Some(text),
            Content::Element(_) => None,
        });
        let first = pieces.next().unwrap_or_default();
        match pieces.next() {
            None => Cow::Borrowed(first.trim_matches(SPACE)),
            Some(second) => {
                let whole: String = [first, second].into_iter().chain(pieces).collect();
                Cow::Owned(whole.trim_matches(SPACE).to_owned())
            }
        }
    }
}

struct Builder<'a> {
    source: &'a str,
    tree: Tree<'a>,
    open: Vec<usize>,
    elements: usize,
}

impl<'a> Builder<'a> {
    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), Fault> {
        if self.open.is_empty() && self.elements != 0 {
            return Err(Fault::Root);
        }
        if MAX_DEPTH <= self.open.len() {
            return Err(Fault::Depth);
        }
        self.elements += 1;
        if MAX_ELEMENTS < self.elements {
            return Err(Fault::Elements);
        }
        let whole = self.in_source(tag).ok_or(Fault::Syntax)?;
        let name = whole.get(..tag.name().as_ref().len()).ok_or(Fault::Syntax)?;
        if !is_name(name) {
            return Err(Fault::Syntax);
        }
        let attributes = self.attributes(whole, name.len())?;
        self.push(Kind::Element { name, attributes });
        self.open.push(self.tree.nodes.len() - 1);
        Ok(())
    }

    /// Returns the tag as it stands in the source: the event itself lends it for too short a time.
    fn in_source(&self, tag: &str) -> Option<&'a str> {
        let from = tag.as_ptr().addr().checked_sub(self.source.as_ptr().addr())?;
        self.source.get(from..from + tag.len())
    }

    fn attributes(&mut self, tag: &'a str, name: usize) -> Result<Range<usize>, Fault> {
        let first = self.tree.attributes.len();
        let mut iterator = Attributes::new(tag, name);
        for attribute in iterator.with_checks(false) {
            let attribute = attribute.map_err(|_| Fault::Syntax)?;
            let key = attribute.key.0;
            let Cow::Borrowed(raw) = attribute.value else { return Err(Fault::Syntax) };
            let earlier = &self.tree.attributes[first..];
            if MAX_ATTRIBUTES <= earlier.len() || earlier.iter().any(|(other, _)| *other == key) {
                return Err(Fault::Attributes);
            }
            // quick-xml takes attributes that nothing separates.
            let at = key.as_ptr().addr() - tag.as_ptr().addr();
            if !is_name(key) || !tag[..at].ends_with(SPACE) {
                return Err(Fault::Syntax);
            }
            let value = attribute_value(raw)?;
            self.tree.attributes.push((key, value));
        }
        Ok(first..self.tree.attributes.len())
    }

    fn text(&mut self, text: Cow<'a, str>) -> Result<(), Fault> {
        let blank = text.trim_matches(SPACE).is_empty();
        let Some(parent) = self.open.last() else {
            return if blank { Ok(()) } else { Err(Fault::Root) };
        };
        if let Some(last) = self.tree.nodes[*parent].last
            && let Kind::Text(before) = &mut self.tree.nodes[last].kind
        {
            before.to_mut().push_str(&text);
        } else if !blank {
            self.push(Kind::Text(text));
        }
        Ok(())
    }

    fn character(&mut self, character: char) -> Result<(), Fault> {
        if self.open.is_empty() {
            return Err(Fault::Root);
        }
        self.text(Cow::Owned(character.to_string()))
    }

    fn push(&mut self, kind: Kind<'a>) {
        let index = self.tree.nodes.len();
        self.tree.nodes.push(Node { kind, first: None, last: None, next: None });
        let Some(parent) = self.open.last() else { return };
        match self.tree.nodes[*parent].last.replace(index) {
            Some(before) => self.tree.nodes[before].next = Some(index),
            None => self.tree.nodes[*parent].first = Some(index),
        }
    }
}

/// Decodes an attribute's value: entities resolved, white space made spaces.
fn attribute_value(raw: &str) -> Result<Cow<'_, str>, Fault> {
    if raw.contains('<') {
        return Err(Fault::Syntax);
    }
    if !raw.bytes().any(|byte| matches!(byte, b'&' | b'\t' | b'\n' | b'\r')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        value.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(reference) = rest.strip_prefix('&') else {
            value.push(' ');
            rest = rest.strip_prefix("\r\n").unwrap_or_else(|| &rest[1..]);
            continue;
        };
        let (name, after) = reference.split_once(';').ok_or(Fault::Syntax)?;
        value.push(entity(name).ok_or(Fault::Entity)?);
        rest = after;
    }
    value.push_str(rest);
    Ok(Cow::Owned(value))
}

/// Resolves what stands between `&` and `;`.
fn entity(name: &str) -> Option<char> {
    let number = match name {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "apos" => return Some('\''),
        "quot" => return Some('"'),
        other => other.strip_prefix('#')?,
    };
    let (digits, base) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let digits = digits.chars().all(|digit| digit.is_digit(base)).then_some(digits)?;
    u32::from_str_radix(digits, base).ok().and_then(char::from_u32).filter(|found| legal(*found))
}

/// Says whether a text is a name; characters past ASCII are taken on trust.
fn is_name(text: &str) -> bool {
    let rest = |letter: u8| letter.is_ascii_digit() || matches!(letter, b'-' | b'.' | b':');
    let start = |letter: u8| letter.is_ascii_alphabetic() || letter == b'_' || !letter.is_ascii();
    let mut letters = text.bytes();
    letters.next().is_some_and(start)
        && letters.all(|letter| start(letter) || rest(letter))
        && text.matches(':').count() <= 1
        && !text.ends_with(':')
}

/// White space as XML knows it.
pub const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
