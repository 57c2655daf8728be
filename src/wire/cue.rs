//! SCTE-35 messages in every carriage they come in, from bytes and text to a `Cue`.
//!
//! `section` reads the binary form, `section_xml` the XML one; `text`, `hls`, `document` and
//! `emsg` take messages out of what carries them, with what stands beside; `encode` writes
//! messages, `json` shows them. The first failure is reported, in a fixed order (`error`).

pub mod crc;
pub mod document;
pub mod emsg;
pub mod encode;
pub mod error;
pub mod hls;
pub mod json;
pub mod manifest;
pub mod section;
pub mod section_xml;
pub mod text;
pub mod xml;

use crate::model::cue::segment::Role;
use crate::model::cue::signal::LengthField;
use crate::model::cue::{BreakAction, Cue, Signal, Ticks, segment};
use crate::model::time::Millis;
use crate::wire::cue::document::Payload;
use crate::wire::cue::error::CueError;
use crate::wire::cue::manifest::{Direction, Tag};

/// What to do with a wrong checksum.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Crc {
    /// Refuse the message.
    #[default]
    Strict,
    /// Read it and say so: some packagers edit messages and leave the checksum.
    Lenient,
}

/// How a message came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carriage {
    /// The bare section.
    Binary,
    /// Base64 text.
    Base64,
    /// Hexadecimal text.
    Hex,
    /// Playlist tags.
    Hls,
    /// An event stream of a DASH manifest.
    Dash,
    /// An event box of a DASH segment.
    Emsg,
    /// A splice section in XML.
    Xml,
    /// An ESAM signal.
    Esam,
}

impl Carriage {
    /// Returns the word used in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Hls => "hls",
            Self::Dash => "dash",
            Self::Emsg => "emsg",
            Self::Xml => "xml",
            Self::Esam => "esam",
        }
    }
}

/// A message as it came: what it says, what stands beside it, what was remarkable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decoded {
    /// How it came.
    pub carriage: Carriage,
    /// The message; `None` when only the tag could be read.
    pub cue: Option<Cue>,
    /// What the carriage says itself.
    pub tag: Option<Tag>,
    /// Faults that were lived with, for people.
    pub notes: Vec<Box<str>>,
}

/// The planned length of a break and where it was said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Planned {
    /// The length.
    pub length: Millis,
    /// The same on the 90 kHz clock, when the message said it.
    pub ticks: Option<Ticks>,
    /// The field of the message, or the name of the tag.
    pub source: &'static str,
}

/// Decodes a message in any carriage.
///
/// # Errors
///
/// The first failure in the order of `CueError`. A payload that cannot be read beside a tag that
/// says a break starts or ends is no failure: the tag stands, with a note.
pub fn decode(text: &str, crc: Crc) -> Result<Decoded, CueError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if TEXT_MAX < text.len() {
        let text = format!("{} bytes are more than {TEXT_MAX}", text.len());
        return Err(CueError::Encoding(text.into()));
    }
    if text.starts_with('<') {
        return decode_document(text, crc);
    }
    if hls::is_playlist(text) {
        return decode_playlist(text, crc);
    }
    let (bytes, carriage) = text::bytes(text)?;
    let decoded = decode_bytes(&bytes, crc).or_else(|error| {
        if !text.contains(' ') {
            return Err(error);
        }
        // Spaces may have been pluses before a query was decoded.
        text::from_tag(text).and_then(|bytes| decode_bytes(&bytes, crc)).map_err(|_| error)
    })?;
    let is_box = decoded.carriage == Carriage::Emsg;
    Ok(if is_box { decoded } else { Decoded { carriage, ..decoded } })
}

/// Decodes a bare section or event box.
///
/// # Errors
///
/// The first failure in the order of `CueError`.
pub fn decode_bytes(bytes: &[u8], crc: Crc) -> Result<Decoded, CueError> {
    if !emsg::is_box(bytes) {
        let cue = section::binary(bytes, crc)?;
        return Ok(decoded(Carriage::Binary, cue, None));
    }
    let (message, tag) = emsg::message(bytes)?;
    let cue = section::binary(message, crc)?;
    Ok(decoded(Carriage::Emsg, cue, Some(tag)))
}

/// Reads the message in an ad tag's `scte35=`: base64 or hexadecimal, a space meaning a plus.
///
/// # Errors
///
/// The first failure in the order of `CueError`; `NoEvent` for a message that names none.
pub fn tag_signal(text: &str) -> Result<Signal, CueError> {
    if TAG_TEXT_MAX < text.len() {
        let text = format!("{} bytes are more than {TAG_TEXT_MAX}", text.len());
        return Err(CueError::Encoding(text.into()));
    }
    let cue = section::binary(&text::from_tag(text)?, Crc::Strict)?;
    cue.signal().ok_or(CueError::NoEvent)
}

impl Decoded {
    /// Returns what happens to a stream with nothing open, or the matching break open.
    #[must_use]
    pub fn action(&self) -> BreakAction {
        if self.direction() == Some(Direction::Removed) || self.has_passed() {
            return BreakAction::None;
        }
        let said = self.cue.as_ref().map_or(BreakAction::None, Cue::action);
        if said != BreakAction::None || self.cue.as_ref().is_some_and(Cue::is_unscheduled) {
            return said;
        }
        match self.direction() {
            Some(Direction::Out | Direction::Continued) => BreakAction::Start,
            Some(Direction::In) => BreakAction::End,
            Some(Direction::Removed) | None => BreakAction::None,
        }
    }

    /// Returns the planned length: the message's own, else that of the tag for what starts.
    #[must_use]
    pub fn planned(&self) -> Option<Planned> {
        if let Some((ticks, source)) = self.cue.as_ref().and_then(Cue::planned) {
            let source = match source {
                LengthField::BreakDuration => "break_duration",
                LengthField::SegmentationDuration => "segmentation_duration",
            };
            return Some(Planned { length: ticks.millis(), ticks: Some(ticks), source });
        }
        let starts = matches!(self.action(), BreakAction::Start | BreakAction::OverlayStart);
        let tag = self.tag.as_ref().filter(|_| starts)?;
        let length = tag.duration.filter(|length| *length != Millis(0))?;
        Some(Planned { length, ticks: None, source: tag.name })
    }

    /// Returns the signal that matters, with identity, length and action of message and tag.
    ///
    /// A tag without a readable message is known by its own id.
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        let action = self.action();
        let length = self.planned().map(|planned| planned.length);
        if let Some(signal) = self.cue.as_ref().and_then(Cue::signal) {
            return Some(Signal { length: signal.length.or(length), action, ..signal });
        }
        let tag = self.tag.as_ref().filter(|tag| tag.direction.is_some())?;
        let name = tag.id.as_deref().or(tag.start.as_deref()).unwrap_or_default();
        let key = format!("t{name}").into();
        Some(Signal { key, event_id: 0, type_id: None, upid: None, pts: None, length, action })
    }

    fn direction(&self) -> Option<Direction> {
        self.tag.as_ref().and_then(|tag| tag.direction)
    }

    /// Returns whether the tag speaks of a break whose planned end has come.
    fn has_passed(&self) -> bool {
        let times = self.tag.as_ref().and_then(|tag| tag.duration.zip(tag.elapsed));
        times.is_some_and(|(duration, elapsed)| duration != Millis(0) && duration <= elapsed)
    }
}

fn decode_playlist(text: &str, crc: Crc) -> Result<Decoded, CueError> {
    let Some(place) = hls::read(text) else {
        return Err(CueError::Encoding("the playlist has no cue tag".into()));
    };
    let mut failure = None;
    let mut cue = None;
    for message in &place.messages {
        match text::bytes(message).and_then(|(bytes, _)| section::binary(&bytes, crc)) {
            Ok(read) => {
                cue = Some(read);
                break;
            }
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    let mut decoded = match (cue, failure) {
        (Some(cue), _) => decoded(Carriage::Hls, cue, Some(place.tag)),
        (None, Some(error)) if place.tag.direction.is_none() => return Err(error),
        (None, failure) => {
            let note = |error| format!("the message was not read, the tag counts: {error}").into();
            let notes = failure.map(note).into_iter().collect();
            Decoded { carriage: Carriage::Hls, cue: None, tag: Some(place.tag), notes }
        }
    };
    if place.contradicts {
        let note = "a later tag speaks of another direction; the first one counts";
        decoded.notes.push(note.into());
    }
    Ok(decoded)
}

fn decode_document(text: &str, crc: Crc) -> Result<Decoded, CueError> {
    let document = document::read(text)?;
    let cue = match &document.payload {
        Payload::Text(text) => section::binary(&text::bytes(text)?.0, crc)?,
        Payload::Section(element) => section_xml::read(element)?,
    };
    let mut decoded = decoded(document.carriage, cue, document.tag);
    if document.further != 0 {
        let text = format!("{} further messages were not read", document.further);
        decoded.notes.push(text.into());
    }
    Ok(decoded)
}

/// Puts message and tag together and notes where they do not agree.
fn decoded(carriage: Carriage, cue: Cue, tag: Option<Tag>) -> Decoded {
    let mut notes: Vec<Box<str>> = Vec::new();
    if !cue.crc_valid {
        notes.push("the checksum is wrong and was let through".into());
    }
    let said = cue.planned().map(|(ticks, _)| ticks.millis());
    if let Some((said, beside)) = said.zip(tag.as_ref().and_then(|tag| tag.duration))
        && AGREE_WITHIN.0 < said.0.abs_diff(beside.0)
    {
        notes.push(format!("the message says {said}, its carriage {beside}").into());
    }
    let way = tag.as_ref().and_then(|tag| tag.direction);
    match (cue.action(), way) {
        (BreakAction::End, Some(Direction::Out | Direction::Continued))
        | (BreakAction::Start, Some(Direction::In)) => {
            notes.push("the tag speaks of another direction; the message counts".into());
        }
        (_, _) => {}
    }
    if opens_several(&cue) {
        notes.push("several breaks start in this message; the strongest counts".into());
    }
    Decoded { carriage, cue: Some(cue), tag, notes }
}

fn opens_several(cue: &Cue) -> bool {
    let starts = cue.segmentations().filter_map(|it| it.segment.as_ref());
    1 < starts.filter(|it| matches!(segment::role(it.type_id), Role::Opens(_))).count()
}

/// The most text that is looked at.
pub const TEXT_MAX: usize = 64 * 1024;

/// The most text of a message in an ad tag: the longest section in hexadecimal, and room.
pub const TAG_TEXT_MAX: usize = 2 * section::MESSAGE_MAX + 256;

/// How far the length beside a message may be off before it is worth a note.
const AGREE_WITHIN: Millis = Millis(50);

/// What the schemes of all our carriages begin with.
const SCHEMES: &str = "urn:scte:scte35:";

#[cfg(test)]
mod tests;
