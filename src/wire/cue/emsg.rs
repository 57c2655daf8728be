//! The in-band event box of DASH (`emsg`, ISO/IEC 23009-1 section 5.10.3.3) around a section.

use crate::model::time::Millis;
use crate::wire::cue::SCHEMES;
use crate::wire::cue::error::CueError;
use crate::wire::cue::manifest::{Tag, millis_of};

/// Returns whether the bytes look like an event box.
#[must_use]
pub fn is_box(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"emsg")
}

/// Returns the section in an event box, and what the box says beside it.
///
/// # Errors
///
/// `Encoding`, when the box is cut short, of an unknown version or of another scheme.
pub fn message(bytes: &[u8]) -> Result<(&[u8], Tag), CueError> {
    read(bytes).ok_or_else(|| {
        CueError::Encoding("the event box is cut short or carries no splice section".into())
    })
}

fn read(bytes: &[u8]) -> Option<(&[u8], Tag)> {
    let stated = u32::from_be_bytes(*bytes.first_chunk()?);
    // A size of 0 means: to the end of the file.
    let size = if stated == 0 { bytes.len() } else { usize::try_from(stated).ok()? };
    let ([version, _, _, _], mut rest) = bytes.get(8..size)?.split_first_chunk()?;
    let (scheme, timescale, duration, id);
    match version {
        0 => {
            scheme = take_text(&mut rest)?;
            take_text(&mut rest)?;
            timescale = take_u32(&mut rest)?;
            take_u32(&mut rest)?;
            duration = take_u32(&mut rest)?;
            id = take_u32(&mut rest)?;
        }
        1 => {
            timescale = take_u32(&mut rest)?;
            take_u32(&mut rest)?;
            take_u32(&mut rest)?;
            duration = take_u32(&mut rest)?;
            id = take_u32(&mut rest)?;
            scheme = take_text(&mut rest)?;
            take_text(&mut rest)?;
        }
        _ => return None,
    }
    if !scheme.starts_with(SCHEMES) {
        return None;
    }
    let known = duration != u32::MAX && duration != 0;
    let tag = Tag {
        name: "emsg",
        id: Some(id.to_string().into()),
        duration: if known { length(duration, timescale) } else { None },
        ..Tag::default()
    };
    Some((rest, tag))
}

fn length(duration: u32, timescale: u32) -> Option<Millis> {
    millis_of(u64::from(duration), u64::from(timescale))
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u32::from_be_bytes(*bytes))
}

/// Takes a text that ends with a zero byte.
fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(&rest[..end]).ok()?;
    *rest = &rest[end + 1..];
    Some(text)
}
