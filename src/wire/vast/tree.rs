//! An XML document as a small flat tree, read in one bounded pass.
//!
//! `scan` reads sound documents fast; whatever it refuses, `events` reads again by quick-xml and
//! names the fault. Every rule that makes a document safe holds in both: no DOCTYPE, no
//! instructions, five entities, legal characters, one root, unique attributes, limits.

use std::borrow::Cow;

pub(super) mod build;
mod events;
pub(super) mod scan;

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
///
/// Its nodes stand in document order, each with the place where what follows its content begins.
#[derive(Debug)]
pub struct Tree<'a> {
    source: &'a str,
    elements: usize,
    lists: Lists,
}

/// What a tree is made of; places in the source, so that the lists can serve the next document.
#[derive(Debug, Default)]
struct Lists {
    nodes: Vec<Node>,
    attributes: Vec<Attribute>,
    /// Texts that do not stand in the source as they are meant, one behind the other.
    decoded: String,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    /// The name of an element, which stands in the source, or a text.
    text: Text,
    /// The first node behind this one and all inside it.
    after: usize,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// With the places of its attributes.
    Element {
        first: usize,
        end: usize,
    },
    Text,
}

#[derive(Clone, Copy, Debug)]
struct Attribute {
    name: Text,
    value: Text,
}

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
struct Text {
    from: usize,
    to: usize,
    decoded: bool,
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
    let markup = begun(markup)?;
    match scan::read(markup) {
        Some(tree) => Ok(tree),
        None => events::read(markup),
    }
}

/// Returns a document of legal characters from where readers begin.
///
/// # Errors
///
/// That it holds another character.
pub(super) fn begun(markup: &str) -> Result<&str, Fault> {
    if !all_legal(markup) {
        return Err(Fault::Character);
    }
    Ok(markup.trim_start_matches('\u{feff}').trim_start_matches(SPACE))
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
    // Folds without an early end, since the compiler makes wide instructions of them.
    let bytes = text.as_bytes();
    let least = bytes.iter().fold(u8::MAX, |least, byte| least.min(*byte));
    let control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    if least < b' ' && bytes.iter().fold(false, |found, byte| found | control(byte)) {
        return false;
    }
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    let forbidden = |at: usize| matches!(bytes.get(at..at + 3), Some([_, 0xbf, 0xbe | 0xbf]));
    !memchr::memchr_iter(0xef, bytes).any(forbidden)
}

/// Returns a text without XML's white space around it.
#[must_use]
pub fn trim(text: &str) -> &str {
    let space = |byte: Option<&u8>| byte.is_some_and(|byte| is_space(*byte));
    let bytes = text.as_bytes();
    if space(bytes.first()) || space(bytes.last()) { text.trim_matches(SPACE) } else { text }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

impl<'a> Tree<'a> {
    /// Returns the root element.
    #[must_use]
    pub fn root(&self) -> Element<'_, 'a> {
        Element { tree: self, index: 0 }
    }

    /// Returns all elements in document order.
    pub fn elements(&self) -> impl Iterator<Item = Element<'_, 'a>> {
        self.lists
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| matches!(node.kind, Kind::Element { .. }))
            .map(|(index, _)| Element { tree: self, index })
    }

    /// Returns how many elements there are.
    #[must_use]
    pub fn element_count(&self) -> usize {
        self.elements
    }

    /// Returns the document as it came, from its first character that is no white space.
    #[must_use]
    pub fn source(&self) -> &'a str {
        self.source
    }

    fn text(&self, text: Text) -> &str {
        let home = if text.decoded { &self.lists.decoded } else { self.source };
        &home[text.from..text.to]
    }

    fn attributes(&self, index: usize) -> &[Attribute] {
        match self.lists.nodes[index].kind {
            Kind::Element { first, end } => &self.lists.attributes[first..end],
            Kind::Text => &[],
        }
    }
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        build::give_back(std::mem::take(&mut self.lists));
    }
}

impl<'t, 'a> Element<'t, 'a> {
    /// Returns the document it stands in, from its first character that is no white space.
    #[must_use]
    pub fn source(self) -> &'a str {
        self.tree.source
    }

    /// Returns its name, with a prefix if it has one.
    #[must_use]
    pub fn name(self) -> &'a str {
        let Text { from, to, .. } = self.tree.lists.nodes[self.index].text;
        &self.tree.source[from..to]
    }

    /// Returns its attributes in document order, values decoded.
    pub fn attributes(self) -> impl Iterator<Item = (&'a str, &'t str)> {
        let (tree, source) = (self.tree, self.tree.source);
        let attributes = tree.attributes(self.index).iter();
        attributes.map(move |it| (&source[it.name.from..it.name.to], tree.text(it.value)))
    }

    /// Returns the value of an attribute.
    #[must_use]
    pub fn attribute(self, name: &str) -> Option<&'t str> {
        let source = self.tree.source.as_bytes();
        let named = |it: &&Attribute| {
            let Text { from, to, .. } = it.name;
            to - from == name.len() && source[from..to] == *name.as_bytes()
        };
        let found = self.tree.attributes(self.index).iter().find(named)?;
        Some(self.tree.text(found.value))
    }

    /// Returns what stands inside it, in document order.
    pub fn content(self) -> impl Iterator<Item = Content<'t, 'a>> {
        let tree = self.tree;
        self.inside().map(move |index| match tree.lists.nodes[index].kind {
            Kind::Element { .. } => Content::Element(Self { tree, index }),
            Kind::Text => Content::Text(tree.text(tree.lists.nodes[index].text)),
        })
    }

    /// Returns its child elements.
    pub fn children(self) -> impl Iterator<Item = Self> {
        let tree = self.tree;
        let element = |index: &usize| matches!(tree.lists.nodes[*index].kind, Kind::Element { .. });
        self.inside().filter(element).map(move |index| Self { tree, index })
    }

    /// Returns its child elements of one name.
    pub fn named(self, name: &'static str) -> impl Iterator<Item = Self> {
        self.children().filter(move |child| child.is(name))
    }

    /// Returns its first child element of a name.
    #[must_use]
    pub fn child(self, name: &'static str) -> Option<Self> {
        self.named(name).next()
    }

    /// Returns its own text without white space around it; empty when there is none.
    #[must_use]
    pub fn text(self) -> Cow<'t, str> {
        let nodes = &self.tree.lists.nodes;
        let after = nodes[self.index].after;
        if after == self.index + 1 {
            return Cow::Borrowed("");
        }
        let inside = &nodes[self.index + 1..after];
        if let [Node { kind: Kind::Text, text, .. }] = inside {
            return Cow::Borrowed(trim(self.tree.text(*text)));
        }
        self.gathered()
    }

    /// Returns its own text where other elements stand beside it.
    fn gathered(self) -> Cow<'t, str> {
        let mut pieces = self.content().filter_map(|content| match content {
            Content::Text(text) => Some(text),
            Content::Element(_) => None,
        });
        let first = pieces.next().unwrap_or_default();
        match pieces.next() {
            None => Cow::Borrowed(trim(first)),
            Some(second) => {
                let whole: String = [first, second].into_iter().chain(pieces).collect();
                Cow::Owned(trim(&whole).to_owned())
            }
        }
    }

    /// Says whether it has this name.
    #[must_use]
    pub fn is(self, name: &str) -> bool {
        let Text { from, to, .. } = self.tree.lists.nodes[self.index].text;
        to - from == name.len() && self.tree.source.as_bytes()[from..to] == *name.as_bytes()
    }

    /// Returns the nodes right inside it.
    fn inside(self) -> impl Iterator<Item = usize> + use<'t, 'a> {
        let nodes = &self.tree.lists.nodes[..];
        let (mut next, after) = (self.index + 1, nodes[self.index].after);
        std::iter::from_fn(move || {
            let index = next;
            if after <= index {
                return None;
            }
            next = nodes[index].after;
            Some(index)
        })
    }
}

/// Resolves what stands between `&` and `;`.
pub(super) fn entity(name: &str) -> Option<char> {
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

#[cfg(test)]
pub(super) mod tests;
