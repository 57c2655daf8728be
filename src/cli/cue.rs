//! `breakwater cue decode`: one SCTE-35 message in any carriage, said in JSON or in words.

use std::io::{self, Read, Write};

use crate::model::cue::{Command, Cue, Descriptor, Segmentation, Ticks, upid};
use crate::wire::cue::error::CueError;
use crate::wire::cue::json::{error_to_json, seconds, to_json, type_name};
use crate::wire::cue::{Crc, Decoded, TEXT_MAX, decode as decode_text, decode_bytes};

/// What `cue decode` is given.
#[derive(Clone, Debug)]
pub struct CueInput {
    /// The message; `None` or `-` reads it from standard input.
    pub message: Option<String>,
    /// How to answer.
    pub format: CueFormat,
    /// What to do with a wrong checksum.
    pub crc: Crc,
}

/// How `cue decode` answers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CueFormat {
    /// A few lines for people.
    Text,
    /// One JSON object.
    #[default]
    Json,
}

/// Decodes one message and returns the exit code: 0 when it is valid, 3 when it is not.
///
/// # Errors
///
/// When the input cannot be read or the output not written.
pub fn decode(input: &CueInput, stdin: impl Read, mut stdout: impl Write) -> io::Result<u8> {
    let result = match input.message.as_deref() {
        Some(message) if message != "-" => decode_text(message, input.crc),
        _ => decode_stream(stdin, input.crc)?,
    };
    let answer = match (&result, input.format) {
        (Ok(decoded), CueFormat::Json) => format!("{:#}\n", to_json(decoded)),
        (Err(error), CueFormat::Json) => format!("{:#}\n", error_to_json(error)),
        (Ok(decoded), CueFormat::Text) => in_words(decoded),
        (Err(error), CueFormat::Text) => refusal(error),
    };
    stdout.write_all(answer.as_bytes())?;
    Ok(if result.is_ok() { VALID } else { INVALID })
}

/// Decodes what stands on a stream: text, or the bytes of a section or event box.
fn decode_stream(stdin: impl Read, crc: Crc) -> io::Result<Result<Decoded, CueError>> {
    // One byte more than is allowed, so that the decoder sees and says that it is too long.
    let most = u64::try_from(TEXT_MAX + 1).expect("a small constant");
    let mut bytes = Vec::new();
    stdin.take(most).read_to_end(&mut bytes)?;
    Ok(match std::str::from_utf8(&bytes) {
        Ok(text) if !text.contains('\0') => decode_text(text, crc),
        Ok(_) | Err(_) => decode_bytes(&bytes, crc),
    })
}

fn refusal(error: &CueError) -> String {
    let mut text = String::new();
    line(&mut text, &format!("invalid ({}): {error}", error.name()));
    text
}

/// Says what a message means in a few lines.
fn in_words(decoded: &Decoded) -> String {
    let mut text = String::new();
    let command = decoded.cue.as_ref().map(|cue| &cue.command);
    let what = match command {
        None => "no readable message",
        Some(Command::Encrypted) => "an encrypted message",
        Some(command) => command.name().unwrap_or_default(),
    };
    line(&mut text, &format!("{what} ({})", decoded.carriage.as_str()));
    line(&mut text, &format!("  break    {}", decoded.action().as_str()));
    if let Some(signal) = decoded.signal() {
        line(&mut text, &format!("  key      {}", signal.key));
    }
    if let Some(planned) = decoded.planned() {
        let length = planned.ticks.map_or_else(|| planned.length.to_string(), in_seconds);
        line(&mut text, &format!("  length   {length} ({})", planned.source));
    }
    if let Some(cue) = &decoded.cue {
        message_in_words(&mut text, cue);
    }
    if let Some(tag) = &decoded.tag {
        let id = tag.id.as_deref().map(|id| format!(" id {id}"));
        let start = tag.start.as_deref().map(|start| format!(" start {start}"));
        let rest = [id, start].into_iter().flatten().collect::<String>();
        line(&mut text, &format!("  tag      {}{rest}", tag.name));
    }
    for note in &decoded.notes {
        line(&mut text, &format!("  note     {note}"));
    }
    text
}

fn message_in_words(text: &mut String, cue: &Cue) {
    if let Some(pts) = cue.pts() {
        line(text, &format!("  pts      {} ({})", pts.0, in_seconds(pts)));
    }
    if let Command::Insert(insert) = &cue.command {
        line(text, &format!("  event    {}", insert.event_id));
    }
    for descriptor in &cue.descriptors {
        match descriptor {
            Descriptor::Avail(id) => line(text, &format!("  avail    {id}")),
            Descriptor::Segmentation(segmentation) => segmentation_in_words(text, segmentation),
            Descriptor::Dtmf { .. } | Descriptor::Time { .. } | Descriptor::Other { .. } => {}
        }
    }
}

fn segmentation_in_words(text: &mut String, segmentation: &Segmentation) {
    let event = segmentation.event_id;
    let Some(segment) = &segmentation.segment else {
        line(text, &format!("  segment  event {event} cancelled"));
        return;
    };
    let name = type_name(segment.type_id);
    line(text, &format!("  segment  {name} ({:#04x}), event {event}", segment.type_id));
    if let Some(upid) = upid::text(segment.upid_type, &segment.upid) {
        line(text, &format!("  upid     {upid} (type {})", segment.upid_type));
    }
    if let Some(limits) = segment.restrictions
        && !limits.web_delivery_allowed
    {
        line(text, "  limits   no delivery over the internet");
    }
}

fn in_seconds(ticks: Ticks) -> String {
    format!("{} s", seconds(ticks))
}

/// Adds a line; control characters in foreign text never reach a terminal.
fn line(text: &mut String, line: &str) {
    text.extend(line.chars().map(|it| if it.is_control() { '\u{FFFD}' } else { it }));
    text.push('\n');
}

const VALID: u8 = 0;

/// Ran fine, verdict negative.
const INVALID: u8 = 3;
