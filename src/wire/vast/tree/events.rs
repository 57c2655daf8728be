//! A document read by quick-xml's events: what `scan` refuses is judged here, and its fault named.

use std::borrow::Cow;
use std::ops::Range;

use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::wire::vast::tree::build::{Builder, Piece, attribute_value};
use crate::wire::vast::tree::{Fault, SPACE, Tree, is_name};

/// Reads a document that begins with no white space and holds legal characters only.
pub(super) fn read(markup: &str) -> Result<Tree<'_>, Fault> {
    let mut reader = Reader::from_str(markup);
    reader.config_mut().check_comments = true;
    let source = Source(markup);
    let mut builder = Builder::new(markup);
    loop {
        let at_start = reader.buffer_position() == 0;
        match reader.read_event().map_err(|_| Fault::Syntax)? {
            Event::Start(tag) => source.start(&mut builder, &tag)?,
            Event::Empty(tag) => {
                source.start(&mut builder, &tag)?;
                builder.end()?;
            }
            Event::End(_) => builder.end()?,
            Event::Text(text) if text.contains("]]>") => return Err(Fault::Syntax),
            Event::Text(text) => source.text(&mut builder, &text.xml10_content())?,
            Event::CData(_) if !builder.is_open() => return Err(Fault::Root),
            Event::CData(text) => source.text(&mut builder, &text.xml10_content())?,
            Event::GeneralRef(name) => builder.reference(&name)?,
            Event::Comment(_) => {}
            Event::Decl(declaration) if at_start && declaration.version().is_ok() => {}
            Event::Decl(_) | Event::PI(_) => return Err(Fault::Instruction),
            Event::DocType(_) => return Err(Fault::Doctype),
            Event::Eof => break,
        }
    }
    builder.finish()
}

/// The document; events lend its parts for too short a time, so they are looked up in it.
struct Source<'a>(&'a str);

impl Source<'_> {
    fn start(&self, builder: &mut Builder<'_>, tag: &BytesStart<'_>) -> Result<(), Fault> {
        builder.may_begin()?;
        let whole = self.place(tag).ok_or(Fault::Syntax)?;
        let tag_text = self.0.get(whole.clone()).ok_or(Fault::Syntax)?;
        let name = tag.name().as_ref().len();
        if !tag_text.get(..name).is_some_and(is_name) {
            return Err(Fault::Syntax);
        }
        builder.begin(whole.start..whole.start + name);
        let mut attributes = Attributes::new(tag_text, name);
        for attribute in attributes.with_checks(false) {
            let attribute = attribute.map_err(|_| Fault::Syntax)?;
            let key = attribute.key.0;
            let Cow::Borrowed(raw) = attribute.value else { return Err(Fault::Syntax) };
            builder.may_have(key)?;
            let place = self.place(key).ok_or(Fault::Syntax)?;
            // quick-xml takes attributes that nothing separates.
            if !is_name(key) || !self.0[..place.start].ends_with(SPACE) {
                return Err(Fault::Syntax);
            }
            let value = attribute_value(raw)?;
            builder.attribute(place, self.piece(&value));
        }
        Ok(())
    }

    fn text(&self, builder: &mut Builder<'_>, text: &str) -> Result<(), Fault> {
        builder.text(self.piece(text))
    }

    /// Returns a text as a place in the source where it stands there.
    fn piece<'t>(&self, text: &'t str) -> Piece<'t> {
        self.place(text).map_or(Piece::Decoded(text), Piece::Source)
    }

    /// Returns where a slice of the source stands in it; none for what is no slice of it.
    fn place(&self, slice: &str) -> Option<Range<usize>> {
        let from = slice.as_ptr().addr().checked_sub(self.0.as_ptr().addr())?;
        let to = from.checked_add(slice.len())?;
        (to <= self.0.len()).then_some(from..to)
    }
}
