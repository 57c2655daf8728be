//! Writes XML by events, filling macros and dropping characters that XML forbids.
//!
//! All text of our answers passes through here, so escaping is decided in one place.

use std::borrow::Cow;

use quick_xml::Writer;
use quick_xml::events::{BytesCData, BytesEnd, BytesStart, BytesText, Event};

use crate::wire::macros::{self, Budget, Place, Values};
use crate::wire::vast::tree;

/// A writer of one ad.
pub struct Pen<'v> {
    out: Writer<Vec<u8>>,
    values: &'v Values,
    budget: Budget,
    emptied: bool,
}

/// An attribute to write; its value may hold macros.
pub type Attribute<'t> = (&'t str, Cow<'t, str>);

impl<'v> Pen<'v> {
    /// Returns a writer that fills macros with `values`.
    #[must_use]
    pub fn new(values: &'v Values, room: usize) -> Self {
        let out = Writer::new(Vec::with_capacity(room));
        Self { out, values, budget: Budget::full(), emptied: false }
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

    /// Opens an element.
    pub fn open(&mut self, name: &str, attributes: &[Attribute<'_>]) {
        let mut start = BytesStart::new(name);
        for (name, value) in attributes {
            start.push_attribute((*name, &*clean(value)));
        }
        self.event(Event::Start(start));
    }

    /// Closes an element.
    pub fn close(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// Writes text, escaped.
    pub fn text(&mut self, text: &str) {
        self.event(Event::Text(BytesText::new(&clean(text))));
    }

    /// Writes an element that holds text.
    pub fn text_element(&mut self, name: &str, attributes: &[Attribute<'_>], text: &str) {
        self.open(name, attributes);
        self.text(text);
        self.close(name);
    }

    /// Writes an element that holds an address, in CDATA, split wherever the address ends one.
    pub fn url_element(&mut self, name: &str, attributes: &[Attribute<'_>], url: &str) {
        self.open(name, attributes);
        for section in BytesCData::escaped(&clean(url)) {
            self.event(Event::CData(section));
        }
        self.close(name);
    }

    /// Returns how many bytes were written.
    #[must_use]
    pub fn written(&self) -> usize {
        self.out.get_ref().len()
    }

    /// Returns what was written, and whether macros had to be emptied.
    #[must_use]
    pub fn finish(self) -> (String, bool) {
        let text = String::from_utf8(self.out.into_inner()).expect("all that was written is text");
        (text, self.emptied)
    }

    fn event(&mut self, event: Event<'_>) {
        self.out.write_event(event).expect("writing to memory cannot fail");
    }
}

/// Drops the characters that XML forbids.
fn clean(text: &str) -> Cow<'_, str> {
    if tree::all_legal(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|letter| tree::legal(*letter)).collect())
}
