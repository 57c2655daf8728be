//! HLS: messages and breaks in playlist tags (`EXT-X-DATERANGE` and the cue tags).
//!
//! The tags before the first segment after a cue belong together: one may hold the message and
//! the next the length. What a tag says by its own name is kept even when the message beside it
//! cannot be read.

use crate::model::time::Millis;
use crate::wire::cue::manifest::{Direction, Tag, millis_of, seconds};

/// What the tags of one place in a playlist say.
#[derive(Debug, Default)]
pub struct Place<'a> {
    /// The messages in the order of the tags, as written.
    pub messages: Vec<&'a str>,
    /// What the tags say themselves; the first to say something wins.
    pub tag: Tag,
    /// Whether a later tag speaks of another direction.
    pub contradicts: bool,
}

/// Returns whether the text is made of playlist tags.
#[must_use]
pub fn is_playlist(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("#EXT"))
}

/// Reads the first place of a playlist that has cue tags, `None` when there is none.
#[must_use]
pub fn read(text: &str) -> Option<Place<'_>> {
    let mut place = Place::default();
    let mut found = false;
    for line in text.lines().map(str::trim) {
        if !line.is_empty() && !line.starts_with('#') && found {
            break;
        }
        let Some(line) = line.strip_prefix('#') else { continue };
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        found |= place.read_tag(name, value.trim());
    }
    found.then_some(place)
}

impl<'a> Place<'a> {
    /// Reads one tag and returns whether it is about a cue.
    fn read_tag(&mut self, name: &str, value: &'a str) -> bool {
        match name {
            "EXT-X-DATERANGE" => self.date_range(value),
            "EXT-OATCLS-SCTE35" | "EXT-X-SPLICEPOINT-SCTE35" => {
                self.message(value);
                true
            }
            "EXT-X-CUE-OUT" => {
                self.cue("EXT-X-CUE-OUT", Direction::Out, value);
                true
            }
            "EXT-X-CUE-OUT-CONT" => {
                self.cue("EXT-X-CUE-OUT-CONT", Direction::Continued, value);
                true
            }
            "EXT-X-CUE-IN" => {
                self.cue("EXT-X-CUE-IN", Direction::In, value);
                true
            }
            "EXT-X-SCTE35" => {
                self.scte35(value);
                true
            }
            "EXT-X-CUE" => {
                self.typed_cue(value);
                true
            }
            _ => false,
        }
    }

    /// Reads a date range; other uses of the tag carry no `SCTE35-` attribute.
    fn date_range(&mut self, value: &'a str) -> bool {
        let mut tag = Tag { name: "EXT-X-DATERANGE", ..Tag::default() };
        let (mut duration, mut end) = (None, None);
        let mut messages = Vec::new();
        for (key, value) in attributes(value) {
            match key {
                "ID" => tag.id = text(value),
                "START-DATE" => tag.start = text(value),
                "END-DATE" => end = text(value),
                "PLANNED-DURATION" => tag.duration = seconds(value),
                "DURATION" => duration = seconds(value),
                // The way out decides when both are there: the tag then tells of a whole break.
                "SCTE35-OUT" => {
                    tag.direction = Some(Direction::Out);
                    messages.insert(0, value);
                }
                "SCTE35-IN" => {
                    tag.direction = tag.direction.or(Some(Direction::In));
                    messages.push(value);
                }
                "SCTE35-CMD" => messages.push(value),
                _ => {}
            }
        }
        if messages.is_empty() {
            return false;
        }
        let between = || length_between(tag.start.as_deref()?, end.as_deref()?);
        tag.duration = tag.duration.or(duration).or_else(between);
        self.messages.extend(messages);
        self.say(tag);
        true
    }

    /// Reads the value of a tag that says its direction by its name.
    fn cue(&mut self, name: &'static str, direction: Direction, value: &'a str) {
        let mut tag = Tag { name, direction: Some(direction), ..Tag::default() };
        if value.contains('=') {
            self.attributes_into(&mut tag, value);
        } else {
            let first = value.split(',').next().unwrap_or_default();
            match first.split_once('/') {
                Some((elapsed, total)) => {
                    tag.elapsed = seconds(elapsed);
                    tag.duration = seconds(total);
                }
                None if direction == Direction::Continued => tag.elapsed = seconds(first),
                None => tag.duration = seconds(first),
            }
        }
        self.say(tag);
    }

    /// Reads `EXT-X-SCTE35`, whose direction stands in attributes.
    fn scte35(&mut self, value: &'a str) {
        let mut tag = Tag { name: "EXT-X-SCTE35", ..Tag::default() };
        for (key, value) in attributes(value) {
            match (key, value) {
                ("CUE-OUT", "YES") => tag.direction = Some(Direction::Out),
                ("CUE-OUT", "CONT") => tag.direction = Some(Direction::Continued),
                ("CUE-IN", "YES") => tag.direction = Some(Direction::In),
                _ => {}
            }
        }
        self.attributes_into(&mut tag, value);
        self.say(tag);
    }

    /// Reads `EXT-X-CUE`, whose direction stands in its type.
    fn typed_cue(&mut self, value: &'a str) {
        let mut tag = Tag { name: "EXT-X-CUE", ..Tag::default() };
        for (key, value) in attributes(value) {
            match (key, value) {
                ("TYPE", "SpliceOut") => tag.direction = Some(Direction::Out),
                ("TYPE", "SpliceIn") => tag.direction = Some(Direction::In),
                _ => {}
            }
        }
        self.attributes_into(&mut tag, value);
        self.say(tag);
    }

    /// Reads the attributes that all cue tags share.
    fn attributes_into(&mut self, tag: &mut Tag, value: &'a str) {
        for (key, value) in attributes(value) {
            match key.to_ascii_uppercase().as_str() {
                "ID" | "BREAKID" => tag.id = text(value),
                "DURATION" => tag.duration = seconds(value),
                "ELAPSEDTIME" | "ELAPSED" => tag.elapsed = seconds(value),
                "TIME" => tag.start = text(value),
                "SCTE35" | "CUE" => self.message(value),
                _ => {}
            }
        }
    }

    fn message(&mut self, value: &'a str) {
        if !value.is_empty() {
            self.messages.push(value);
        }
    }

    /// Takes from a tag what earlier ones have not said.
    fn say(&mut self, tag: Tag) {
        let known = &mut self.tag;
        if known.direction.is_some() && tag.direction.is_some() && known.direction != tag.direction
        {
            self.contradicts = true;
            return;
        }
        if known.name.is_empty() || (known.duration.is_none() && tag.duration.is_some()) {
            known.name = tag.name;
        }
        known.id = known.id.take().or(tag.id);
        known.start = known.start.take().or(tag.start);
        known.duration = known.duration.or(tag.duration);
        known.elapsed = known.elapsed.or(tag.elapsed);
        known.direction = known.direction.or(tag.direction);
    }
}

/// Returns the attributes of a tag in order; quoted values lose their quotes.
fn attributes(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (key, tail) = rest.split_once('=')?;
        // A value without quotes may hold `=` (base64 padding) but no comma.
        let quoted = tail.strip_prefix('"').and_then(|tail| tail.split_once('"'));
        let (value, tail) = match quoted {
            Some((value, tail)) => (value, tail.strip_prefix(',').unwrap_or(tail)),
            None => tail.split_once(',').unwrap_or((tail, "")),
        };
        rest = tail;
        // A key without a value may stand before the next comma.
        let key = key.rsplit(',').next().unwrap_or(key);
        Some((key.trim(), value.trim()))
    })
}

fn text(value: &str) -> Option<Box<str>> {
    (!value.is_empty()).then(|| value.into())
}

fn length_between(start: &str, end: &str) -> Option<Millis> {
    let start: jiff::Timestamp = start.parse().ok()?;
    let end: jiff::Timestamp = end.parse().ok()?;
    let length = end.as_millisecond().checked_sub(start.as_millisecond())?;
    u64::try_from(length).ok().and_then(|length| millis_of(length, 1000))
}
