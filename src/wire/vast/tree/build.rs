//! A tree in the making, for both ways of reading: the rules of its shape, and where texts go.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use crate::wire::vast::tree::scan::Sink;
use crate::wire::vast::tree::{
    Attribute, Fault, Kind, Lists, MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, Node, SPACE, Text,
    Tree, entity,
};

/// A tree in the making.
pub(super) struct Builder<'a> {
    source: &'a str,
    lists: Lists,
    open: [usize; MAX_DEPTH],
    depth: usize,
    elements: usize,
    /// The text to which more text right behind it belongs.
    text: Option<usize>,
}

/// A piece of a document.
pub(in crate::wire::vast) enum Piece<'t> {
    /// A place in the source.
    Source(Range<usize>),
    /// What the source means.
    Decoded(&'t str),
}

thread_local! {
    /// What the last tree of this thread was made of: capacity, and nothing to be read.
    static SPARE: Cell<Option<Lists>> = const { Cell::new(None) };
}

/// Takes the lists of a tree that is done with, unless they are larger than usual.
pub(super) fn give_back(lists: Lists) {
    let usual = lists.nodes.capacity() <= USUAL
        && lists.attributes.capacity() <= USUAL
        && lists.decoded.capacity() <= USUAL_BYTES;
    // A tree may outlive the thread's own values.
    let _ = SPARE.try_with(|spare| spare.set(usual.then_some(lists)));
}

impl<'a> Builder<'a> {
    /// Returns a tree of nothing.
    pub(super) fn new(source: &'a str) -> Self {
        let mut lists = SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default();
        lists.nodes.clear();
        lists.attributes.clear();
        lists.decoded.clear();
        Self { source, lists, open: [0; MAX_DEPTH], depth: 0, elements: 0, text: None }
    }

    /// Says whether an element is open.
    pub(super) fn is_open(&self) -> bool {
        self.depth != 0
    }

    /// Says whether one more element may begin.
    pub(super) fn may_begin(&self) -> Result<(), Fault> {
        if self.depth == 0 && self.elements != 0 {
            return Err(Fault::Root);
        }
        if MAX_DEPTH <= self.depth {
            return Err(Fault::Depth);
        }
        if MAX_ELEMENTS <= self.elements { Err(Fault::Elements) } else { Ok(()) }
    }

    /// Begins an element, for which `may_begin` was asked.
    pub(super) fn begin(&mut self, name: Range<usize>) {
        self.elements += 1;
        self.text = None;
        let first = self.lists.attributes.len();
        self.open[self.depth] = self.lists.nodes.len();
        self.depth += 1;
        let text = Text { from: name.start, to: name.end, decoded: false };
        self.lists.nodes.push(Node { kind: Kind::Element { first, end: first }, text, after: 0 });
    }

    /// Says whether the element that began last may have one more attribute, of this name.
    pub(super) fn may_have(&self, name: &str) -> Result<(), Fault> {
        let Some(Node { kind: Kind::Element { first, .. }, .. }) = self.lists.nodes.last() else {
            return Err(Fault::Syntax);
        };
        let earlier = &self.lists.attributes[*first..];
        let source = self.source.as_bytes();
        let same = |it: &Attribute| source[it.name.from..it.name.to] == *name.as_bytes();
        let full = MAX_ATTRIBUTES <= earlier.len() || earlier.iter().any(same);
        if full { Err(Fault::Attributes) } else { Ok(()) }
    }

    /// Adds an attribute to the element that began last, for which `may_have` was asked.
    pub(super) fn attribute(&mut self, name: Range<usize>, value: Piece<'_>) {
        let name = Text { from: name.start, to: name.end, decoded: false };
        let value = self.placed(value);
        self.lists.attributes.push(Attribute { name, value });
        let all = self.lists.attributes.len();
        if let Some(Node { kind: Kind::Element { end, .. }, .. }) = self.lists.nodes.last_mut() {
            *end = all;
        }
    }

    /// Ends the element that is open.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.depth = self.depth.checked_sub(1).ok_or(Fault::Syntax)?;
        self.text = None;
        let after = self.lists.nodes.len();
        self.lists.nodes[self.open[self.depth]].after = after;
        Ok(())
    }

    /// Adds text; white space alone is none, unless it stands behind text.
    pub(super) fn text(&mut self, piece: Piece<'_>) -> Result<(), Fault> {
        let text = match &piece {
            Piece::Source(place) => &self.source[place.clone()],
            Piece::Decoded(text) => text,
        };
        let blank = text.trim_start_matches(SPACE).is_empty();
        if self.depth == 0 {
            return if blank { Ok(()) } else { Err(Fault::Root) };
        }
        if let Some(before) = self.text {
            self.join(before, &piece);
        } else if !blank {
            let after = self.lists.nodes.len() + 1;
            let text = self.placed(piece);
            self.text = Some(self.lists.nodes.len());
            self.lists.nodes.push(Node { kind: Kind::Text, text, after });
        }
        Ok(())
    }

    /// Adds what a reference stands for.
    pub(super) fn reference(&mut self, name: &str) -> Result<(), Fault> {
        let resolved = entity(name).ok_or(Fault::Entity)?;
        if self.depth == 0 {
            return Err(Fault::Root);
        }
        self.text(Piece::Decoded(resolved.encode_utf8(&mut [0; 4])))
    }

    /// Returns the tree, when it is whole.
    pub(super) fn finish(mut self) -> Result<Tree<'a>, Fault> {
        if self.depth != 0 {
            return Err(Fault::Syntax);
        }
        if self.elements == 0 {
            return Err(Fault::Root);
        }
        let lists = std::mem::take(&mut self.lists);
        Ok(Tree { source: self.source, elements: self.elements, lists })
    }

    /// Puts more text behind the text of the last node.
    fn join(&mut self, before: usize, more: &Piece<'_>) {
        let Text { from, to, decoded } = self.lists.nodes[before].text;
        let out = &mut self.lists.decoded;
        let start = if decoded { from } else { out.len() };
        if !decoded {
            out.push_str(&self.source[from..to]);
        }
        out.push_str(match more {
            Piece::Source(place) => &self.source[place.clone()],
            Piece::Decoded(text) => text,
        });
        let text = Text { from: start, to: out.len(), decoded: true };
        self.lists.nodes[before].text = text;
    }

    fn placed(&mut self, piece: Piece<'_>) -> Text {
        match piece {
            Piece::Source(place) => Text { from: place.start, to: place.end, decoded: false },
            Piece::Decoded(text) => {
                let from = self.lists.decoded.len();
                self.lists.decoded.push_str(text);
                Text { from, to: self.lists.decoded.len(), decoded: true }
            }
        }
    }
}

impl<'a> Sink<'a> for Builder<'a> {
    fn is_open(&self) -> bool {
        Self::is_open(self)
    }

    fn name(&self) -> Option<&'a str> {
        let open = self.open[self.depth.checked_sub(1)?];
        let Text { from, to, .. } = self.lists.nodes[open].text;
        Some(&self.source[from..to])
    }

    fn begin(&mut self, name: Range<usize>) -> Option<()> {
        self.may_begin().ok()?;
        Self::begin(self, name);
        Some(())
    }

    fn attribute(&mut self, name: Range<usize>, value: Piece<'_>) -> Option<()> {
        self.may_have(&self.source[name.clone()]).ok()?;
        Self::attribute(self, name, value);
        Some(())
    }

    fn end(&mut self) -> Option<()> {
        Self::end(self).ok()
    }

    fn text(&mut self, piece: Piece<'_>) -> Option<()> {
        Self::text(self, piece).ok()
    }

    fn reference(&mut self, name: &str) -> Option<()> {
        Self::reference(self, name).ok()
    }
}

impl Drop for Builder<'_> {
    fn drop(&mut self) {
        // What became a tree was taken out of here.
        if self.lists.nodes.capacity() != 0 {
            give_back(std::mem::take(&mut self.lists));
        }
    }
}

/// Decodes an attribute's value: entities resolved, white space made spaces.
pub(super) fn attribute_value(raw: &str) -> Result<Cow<'_, str>, Fault> {
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

/// The most nodes, and attributes, for which room is kept.
const USUAL: usize = 1_024;

/// The most bytes of decoded text for which room is kept.
const USUAL_BYTES: usize = 64 * 1024;
