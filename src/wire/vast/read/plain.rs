//! The facts of an ordinary document, gathered while it is scanned, without a tree.
//!
//! It gives up wherever the document is broken, cannot be sold, or is put together as few are;
//! `read` then reads it as a tree. So it only has to be right about what it takes: one ad, one
//! linear creative, the texts that are looked at in one piece.

use std::ops::Range;

use memchr::memchr_iter;

use crate::model::bid::MarkupFacts;
use crate::wire::macros;
use crate::wire::vast::address::{self, Scheme};
use crate::wire::vast::clock;
use crate::wire::vast::read::{
    self, MAX_MEDIA_FILES, MAX_MEDIA_TYPES, MAX_TRACKERS_OF_EVENT, MAX_UNIVERSAL_IDS,
};
use crate::wire::vast::tree::build::Piece;
use crate::wire::vast::tree::scan::{self, Sink};
use crate::wire::vast::tree::{self, MAX_DEPTH, MAX_ELEMENTS, SPACE};

/// Returns the facts of a document that can be sold; `None` says nothing but that the other way
/// must look.
pub(super) fn facts(markup: &str) -> Option<MarkupFacts> {
    let source = tree::begun(markup).ok()?;
    let mut gather = Gather::new(source);
    scan::read_into(source, &mut gather)?;
    // No more macros than dollars, since none is written as a reference.
    let dollars = memchr_iter(b'$', source.as_bytes()).count();
    let facts = gather.facts;
    let sound = gather.depth == 0
        && gather.ads == 1
        && facts.linear
        && !facts.media.is_empty()
        && dollars <= macros::MAX_MACROS;
    sound.then_some(facts)
}

/// What is known of a document so far.
struct Gather<'a> {
    source: &'a str,
    open: [Open<'a>; MAX_DEPTH],
    depth: usize,
    elements: usize,
    ads: usize,
    inlines: usize,
    trackers: usize,
    /// Whether the creative that is read holds the linear one, or none is known yet to hold it.
    of_sold: bool,
    /// Whether the linear creative has told its length, in whatever way.
    timed: bool,
    /// Places of the attributes' names of the element that began last.
    names: [(usize, usize); MAX_NAMES],
    named: usize,
    facts: MarkupFacts,
}

/// An element that is open.
#[derive(Clone, Copy)]
struct Open<'a> {
    name: &'a str,
    place: Place,
    /// The one piece of its own text, white space before it left out; empty when there is none.
    text: &'a str,
    /// Its type, version or registry.
    first: &'a str,
    /// The framework it needs, or its value where that is an attribute.
    second: &'a str,
}

/// Where an element stands, as far as that matters.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Place {
    Vast,
    Ad,
    InLine,
    Creatives,
    Creative,
    UniversalId,
    Linear,
    Duration,
    MediaFiles,
    MediaFile,
    Interactive,
    Extensions,
    Extension,
    Other,
}

impl<'a> Sink<'a> for Gather<'a> {
    fn is_open(&self) -> bool {
        self.depth != 0
    }

    fn name(&self) -> Option<&'a str> {
        Some(self.open[self.depth.checked_sub(1)?].name)
    }

    #[inline]
    fn begin(&mut self, name: Range<usize>) -> Option<()> {
        if MAX_DEPTH <= self.depth || MAX_ELEMENTS <= self.elements {
            return None;
        }
        let name = &self.source[name];
        let place = match self.depth.checked_sub(1) {
            Some(last) => self.place(self.open[last].place, name)?,
            None if name == "VAST" && self.elements == 0 => Place::Vast,
            None => return None,
        };
        self.open[self.depth] = Open { name, place, ..NOTHING };
        self.depth += 1;
        self.elements += 1;
        self.named = 0;
        Some(())
    }

    #[inline]
    fn attribute(&mut self, name: Range<usize>, value: Piece<'_>) -> Option<()> {
        let source = self.source.as_bytes();
        let text = &source[name.clone()];
        let earlier = &self.names[..self.named];
        if earlier.iter().any(|&(from, to)| to - from == text.len() && source[from..to] == *text) {
            return None;
        }
        *self.names.get_mut(self.named)? = (name.start, name.end);
        self.named += 1;
        let open = &mut self.open[self.depth.checked_sub(1)?];
        let home = match (open.place, text) {
            (Place::Vast, b"version")
            | (Place::Extension, b"type")
            | (Place::MediaFile | Place::Interactive, b"type")
            | (Place::UniversalId, b"idRegistry") => &mut open.first,
            (Place::MediaFile | Place::Interactive, b"apiFramework")
            | (Place::UniversalId, b"idValue") => &mut open.second,
            // A reference may stand for a dollar.
            _ => return matches!(value, Piece::Source(_)).then_some(()),
        };
        let Piece::Source(value) = value else { return None };
        *home = self.source[value].trim();
        Some(())
    }

    #[inline]
    fn end(&mut self) -> Option<()> {
        self.depth = self.depth.checked_sub(1)?;
        let open = &self.open[self.depth];
        if open.place == Place::Other && (open.text.is_empty() || open.text.starts_with("https:")) {
            return Some(());
        }
        let open = *open;
        let text = tree::trim(open.text);
        match address::scheme(text) {
            Scheme::Https | Scheme::Other => {}
            Scheme::Forbidden | Scheme::Http if read::is_text(open.name) => {}
            Scheme::Forbidden => return None,
            Scheme::Http => self.facts.insecure = true,
        }
        self.ended(open, text)
    }

    #[inline]
    fn text(&mut self, piece: Piece<'_>) -> Option<()> {
        let text = match &piece {
            Piece::Source(place) => &self.source[place.clone()],
            Piece::Decoded(text) => text,
        };
        if begun(text).is_empty() {
            return Some(());
        }
        let open = &mut self.open[self.depth.checked_sub(1)?];
        match piece {
            Piece::Source(place) if open.text.is_empty() => {
                open.text = begun(&self.source[place]);
                Some(())
            }
            // Of most texts only their beginning is looked at, if that.
            Piece::Source(_) | Piece::Decoded(_) => {
                let begun = open.text.starts_with("https:") || read::is_text(open.name);
                (open.place == Place::Other && begun).then_some(())
            }
        }
    }

    fn reference(&mut self, name: &str) -> Option<()> {
        let resolved = tree::entity(name).filter(|resolved| *resolved != '$')?;
        self.depth.checked_sub(1)?;
        self.text(Piece::Decoded(resolved.encode_utf8(&mut [0; 4])))
    }
}

impl<'a> Gather<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            open: [NOTHING; MAX_DEPTH],
            depth: 0,
            elements: 0,
            ads: 0,
            inlines: 0,
            trackers: 0,
            of_sold: true,
            timed: false,
            names: [(0, 0); MAX_NAMES],
            named: 0,
            facts: read::nothing(),
        }
    }

    /// Says where an element stands that begins inside another.
    fn place(&mut self, inside: Place, name: &str) -> Option<Place> {
        Some(match (inside, name.as_bytes()) {
            (Place::Vast, b"Ad") => {
                self.ads += 1;
                Place::Ad
            }
            (Place::Ad, b"Wrapper") => return None,
            (Place::Ad, b"InLine") if self.inlines == 0 => {
                self.inlines = 1;
                Place::InLine
            }
            (Place::Ad, b"InLine") => return None,
            (Place::InLine, b"Creatives") => Place::Creatives,
            (Place::InLine, b"Extensions") => Place::Extensions,
            (Place::Extensions, b"Extension") => Place::Extension,
            (Place::Creatives, b"Creative") => {
                self.of_sold = !self.facts.linear;
                if self.of_sold {
                    self.facts.universal_ids.clear();
                }
                Place::Creative
            }
            (Place::Creative, b"UniversalAdId") if self.of_sold => Place::UniversalId,
            (Place::Creative, b"Linear") if !self.facts.linear => {
                self.facts.linear = true;
                Place::Linear
            }
            (Place::Creative, b"Linear") => return None,
            (Place::Linear, b"Duration") if !self.timed => {
                self.timed = true;
                Place::Duration
            }
            (Place::Linear, b"MediaFiles") => Place::MediaFiles,
            (Place::MediaFiles, b"MediaFile") => Place::MediaFile,
            (Place::MediaFiles, b"InteractiveCreativeFile") => Place::Interactive,
            _ => {
                self.trackers += usize::from(read::is_tracker(name));
                if MAX_TRACKERS_OF_EVENT < self.trackers {
                    return None;
                }
                Place::Other
            }
        })
    }

    /// Takes what an element says that has ended.
    fn ended(&mut self, open: Open<'a>, text: &'a str) -> Option<()> {
        let Open { first, second, .. } = open;
        match open.place {
            Place::Vast => {
                self.facts.version = Some(read::version_of(first)?);
            }
            Place::Ad => self.facts.ads = 1,
            Place::Extension if first == "UniversalAdId" => return None,
            Place::Duration => self.facts.duration = clock::read(text),
            Place::UniversalId => {
                let value = if text.is_empty() { second } else { text.trim() };
                let ids = &mut self.facts.universal_ids;
                if read::known(first) && read::known(value) {
                    let same = |id: &(Box<str>, Box<str>)| *id.0 == *first && *id.1 == *value;
                    if !ids.iter().any(same) {
                        ids.push((first.into(), value.into()));
                    }
                    return (ids.len() <= MAX_UNIVERSAL_IDS).then_some(());
                }
            }
            Place::MediaFile | Place::Interactive => {
                let is_media = open.place == Place::MediaFile;
                let mime = read::lowercase(first);
                if let Some(code) = read::api(is_media, &mime, second) {
                    self.facts.apis.push(code);
                }
                if is_media && address::usable(text) {
                    read::add_media(&mut self.facts, &mime, text);
                }
                let few = self.facts.media.len() <= MAX_MEDIA_FILES
                    && self.facts.media_types.len() <= MAX_MEDIA_TYPES;
                return few.then_some(());
            }
            Place::Linear => read::sort(&mut self.facts.apis),
            Place::InLine
            | Place::Creatives
            | Place::Creative
            | Place::MediaFiles
            | Place::Extensions
            | Place::Extension
            | Place::Other => {}
        }
        Some(())
    }
}

/// Returns a text from its first character that is no white space.
#[inline]
fn begun(text: &str) -> &str {
    match text.as_bytes().first() {
        Some(b' ' | b'\t' | b'\n' | b'\r') => text.trim_start_matches(SPACE),
        Some(_) | None => text,
    }
}

const NOTHING: Open<'static> =
    Open { name: "", place: Place::Other, text: "", first: "", second: "" };

/// The most attributes of an element that are read here.
const MAX_NAMES: usize = 16;
