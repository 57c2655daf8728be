//! A small tree over untrusted XML: local names, attributes, text.
//!
//! DOCTYPE and unknown entities are refused, so nothing expands and nothing is fetched. Size is
//! bounded by the limit on the text, depth and elements by constants below.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::wire::cue::error::CueError;

/// One element; namespaces and prefixes are dropped.
#[derive(Debug, Default)]
pub struct Element {
    /// The local name.
    pub name: Box<str>,
    attributes: Vec<(Box<str>, Box<str>)>,
    /// The text directly inside, joined.
    pub text: String,
    /// The elements directly inside.
    pub children: Vec<Self>,
}

impl Element {
    /// Returns an attribute by its local name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| **key == *name).map(|(_, value)| value.trim())
    }

    /// Returns the first child of a name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| *child.name == *name)
    }

    /// Returns the first element of a name, this one and those below in document order.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Self> {
        if *self.name == *name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }
}

/// Reads a document; the element returned has no name and holds the top-level elements.
///
/// # Errors
///
/// `Xml`, when the text is not well formed, holds a DOCTYPE or an unknown entity, or exceeds the
/// limits.
pub fn tree(text: &str) -> Result<Element, CueError> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    let mut elements = 0;
    loop {
        let event = reader.read_event().map_err(|error| refused(error.to_string()))?;
        match event {
            Event::Start(start) => {
                elements += 1;
                if DEPTH_MAX < open.len() {
                    return Err(refused(format!("elements nest deeper than {DEPTH_MAX}")));
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => {
                elements += 1;
                top(&mut open).children.push(element(&start)?);
            }
            Event::End(_) => {
                let Some(done) = open.pop().filter(|_| !open.is_empty()) else {
                    return Err(refused("an element is closed that was never opened"));
                };
                top(&mut open).children.push(done);
            }
            Event::Text(text) => top(&mut open).text.push_str(&text.xml10_content()),
            Event::CData(text) => top(&mut open).text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = resolve(&reference)?;
                top(&mut open).text.push(character);
            }
            Event::DocType(_) => return Err(refused("a DOCTYPE is not allowed")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        if ELEMENTS_MAX < elements {
            return Err(refused(format!("there are more than {ELEMENTS_MAX} elements")));
        }
    }
    let root = open.pop().filter(|_| open.is_empty());
    let root = root.ok_or_else(|| refused("the document ends inside an element"))?;
    if !root.text.trim().is_empty() {
        return Err(refused("there is text outside the elements"));
    }
    Ok(root)
}

fn element(start: &BytesStart<'_>) -> Result<Element, CueError> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        if attributes.len() == ATTRIBUTES_MAX {
            return Err(refused(format!("an element has more than {ATTRIBUTES_MAX} attributes")));
        }
        let attribute = attribute.map_err(|error| refused(error.to_string()))?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| refused(error.to_string()))?;
        attributes.push((attribute.key.local_name().into_inner().into(), value.into()));
    }
    let name = start.local_name().into_inner().into();
    Ok(Element { name, attributes, ..Element::default() })
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, CueError> {
    if let Some(character) =
        reference.resolve_char_ref().map_err(|error| refused(error.to_string()))?
    {
        return Ok(character);
    }
    match &**reference {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(refused("an entity is not one of the five of XML")),
    }
}

fn top(open: &mut [Element]) -> &mut Element {
    open.last_mut().expect("the root is popped only after the loop")
}

fn refused(text: impl Into<Box<str>>) -> CueError {
    CueError::Xml(text.into())
}

/// How deep elements may nest.
const DEPTH_MAX: usize = 32;

/// How many attributes an element may have; looking for doubles is quadratic.
const ATTRIBUTES_MAX: usize = 64;

/// How many elements a document may hold.
const ELEMENTS_MAX: usize = 4096;
