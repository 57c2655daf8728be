//! A payload without what it told of the viewer.

use crate::wire::record::read::{self, Body, RecordError};
use crate::wire::record::seal::{Entry, FORM_ERASED, USER, commitment};

/// Returns a payload with its section `user` erased: only the commitment is left, so that the
/// record still gives its root. None when it has no such section, or only the commitment.
///
/// # Errors
///
/// When the payload is not the record that its entry names; nothing may be erased of it.
pub fn user(payload: &[u8]) -> Result<Option<Vec<u8>>, RecordError> {
    let record = read::read(payload)?;
    let Some(place) = record.sections().iter().position(|section| &*section.name == USER) else {
        return Ok(None);
    };
    let commitment = match &record.sections()[place].body {
        Body::Kept { salt, bytes } => commitment(USER, salt, bytes),
        Body::Erased(_) => return Ok(None),
    };
    // `read` has seen that all lengths are within the payload.
    let malformed = || RecordError::Malformed;
    let mut begin = Entry::BYTES + KEY + COUNT;
    for section in &record.sections()[..place] {
        begin += length(payload, begin, &section.name).ok_or_else(malformed)?;
    }
    let end = begin + length(payload, begin, USER).ok_or_else(malformed)?;
    let mut erased = Vec::with_capacity(payload.len());
    erased.extend_from_slice(&payload[..begin]);
    erased.push(u8::try_from(USER.len()).expect("the name is short"));
    erased.extend_from_slice(USER.as_bytes());
    erased.push(FORM_ERASED);
    let size = u32::try_from(commitment.len()).expect("a hash is short");
    erased.extend_from_slice(&size.to_le_bytes());
    erased.extend_from_slice(&commitment);
    erased.extend_from_slice(payload.get(end..).ok_or_else(malformed)?);
    // Whatever went wrong, a record is never replaced by one that does not verify.
    read::read(&erased)?;
    Ok(Some(erased))
}

/// Returns the length of the stored section that begins at a place of a payload.
fn length(payload: &[u8], begin: usize, name: &str) -> Option<usize> {
    let form = 1 + name.len();
    let own = name == USER && *payload.get(begin + form)? != FORM_ERASED;
    let head = form + 1 + if own { SALT } else { 0 };
    let size = payload.get(begin + head..)?.first_chunk()?;
    Some(head + 4 + usize::try_from(u32::from_le_bytes(*size)).ok()?)
}

/// Bytes of the record key.
const KEY: usize = 32;
/// Bytes of the number of sections.
const COUNT: usize = 2;
/// Bytes of a salt that stands in the section.
const SALT: usize = 16;

#[cfg(test)]
mod tests;
