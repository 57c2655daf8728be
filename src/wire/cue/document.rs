//! XML carriages: DASH event streams, whole splice sections in XML, and ESAM.
//!
//! Elements are matched by local name, since the namespaces in use are many.

use crate::wire::cue::error::CueError;
use crate::wire::cue::manifest::{Direction, Tag, iso_length, millis_of};
use crate::wire::cue::xml::{Element, tree};
use crate::wire::cue::{Carriage, SCHEMES};

/// What an XML document carries.
#[derive(Debug)]
pub struct Document {
    /// Which kind of document it is.
    pub carriage: Carriage,
    /// The message.
    pub payload: Payload,
    /// What stands around the message.
    pub tag: Option<Tag>,
    /// How many further messages were left unread.
    pub further: usize,
}

/// A message inside a document.
#[derive(Debug)]
pub enum Payload {
    /// Text of a binary section.
    Text(String),
    /// A `SpliceInfoSection` element.
    Section(Element),
}

/// Finds the first message of a document.
///
/// # Errors
///
/// `Xml`, when the document cannot be read or carries no message.
pub fn read(text: &str) -> Result<Document, CueError> {
    let mut root = tree(text)?;
    if let Some(document) = esam(&mut root) {
        return Ok(document);
    }
    if let Some(document) = dash(&mut root) {
        return Ok(document);
    }
    let mut payloads = Vec::new();
    take_payloads(&mut root, &mut payloads);
    first(payloads, Carriage::Xml, None)
        .ok_or_else(|| CueError::Xml("it carries no splice message".into()))
}

/// Reads a signal processing event or notification.
fn esam(root: &mut Element) -> Option<Document> {
    let signal =
        ["AcquiredSignal", "ResponseSignal"].into_iter().find_map(|name| root.find(name))?;
    let action = signal.attribute("action").unwrap_or_default();
    let attribute = |element: &str, name: &str| {
        signal.find(element).and_then(|found| found.attribute(name)).map(Into::into)
    };
    let tag = Tag {
        name: "ESAM",
        id: signal.attribute("acquisitionSignalID").map(Into::into),
        start: attribute("UTCPoint", "utcPoint").or_else(|| attribute("StartUTC", "utcPoint")),
        duration: signal
            .find("EventSchedule")
            .and_then(|schedule| schedule.attribute("duration"))
            .and_then(iso_length),
        direction: (action == "delete").then_some(Direction::Removed),
        ..Tag::default()
    };
    let mut payloads = Vec::new();
    take_payloads(root, &mut payloads);
    first(payloads, Carriage::Esam, Some(tag))
}

/// Reads the event streams of our schemes, alone or in a whole manifest.
fn dash(root: &mut Element) -> Option<Document> {
    let mut found = Vec::new();
    take_events(root, 1, &mut found);
    let further = found.len().saturating_sub(1);
    let (tag, payload) = found.into_iter().next()?;
    Some(Document { carriage: Carriage::Dash, payload, tag: Some(tag), further })
}

/// Collects the messages of the events below an element.
fn take_events(element: &mut Element, timescale: u64, found: &mut Vec<(Tag, Payload)>) {
    for mut child in std::mem::take(&mut element.children) {
        match &*child.name {
            "EventStream" => {
                let scheme = child.attribute("schemeIdUri");
                if scheme.is_none_or(|scheme| scheme.starts_with(SCHEMES)) {
                    let timescale = child.attribute("timescale").and_then(|it| it.parse().ok());
                    take_events(&mut child, timescale.unwrap_or(1), found);
                }
            }
            "Event" => {
                let tag = event_tag(&child, timescale);
                let message = child.attribute("messageData").unwrap_or(&child.text).trim();
                let message = (!message.is_empty()).then(|| message.to_owned());
                let mut payloads = Vec::new();
                take_payloads(&mut child, &mut payloads);
                payloads.extend(message.map(Payload::Text));
                found.extend(payloads.into_iter().next().map(|payload| (tag, payload)));
            }
            // A splice section of its own is no event stream; leave it for the caller.
            "SpliceInfoSection" | "Signal" => element.children.push(child),
            _ => {
                take_events(&mut child, timescale, found);
                element.children.push(child);
            }
        }
    }
}

fn event_tag(event: &Element, timescale: u64) -> Tag {
    let number = |name: &str| event.attribute(name).and_then(|text| text.parse::<u64>().ok());
    Tag {
        name: "Event",
        id: event.attribute("id").map(Into::into),
        duration: number("duration")
            .filter(|length| *length != 0)
            .and_then(|length| millis_of(length, timescale)),
        ..Tag::default()
    }
}

/// Collects the messages below an element in document order.
fn take_payloads(element: &mut Element, found: &mut Vec<Payload>) {
    for mut child in std::mem::take(&mut element.children) {
        match &*child.name {
            "Binary" => found.push(Payload::Text(child.text)),
            "BinaryData" => {
                let kind = child.attribute("signalType").unwrap_or("SCTE35");
                if kind.eq_ignore_ascii_case("SCTE35") {
                    found.push(Payload::Text(child.text));
                }
            }
            "SpliceInfoSection" => found.push(Payload::Section(child)),
            _ => take_payloads(&mut child, found),
        }
    }
}

fn first(payloads: Vec<Payload>, carriage: Carriage, tag: Option<Tag>) -> Option<Document> {
    let further = payloads.len().saturating_sub(1);
    let payload = payloads.into_iter().next()?;
    Some(Document { carriage, payload, tag, further })
}
