//! The sections of a payload, one after another, none of them believed in its length.

use std::borrow::Cow;
use std::io::Read;

use crate::wire::record::read::RecordError;
use crate::wire::record::read::view::{Content, Lying};
use crate::wire::record::seal::{FORM_ERASED, FORM_PLAIN, FORM_ZSTD, USER};

/// What of a payload is not read yet.
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
    /// How many bytes sections may still unpack to.
    pub(super) room: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], RecordError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(RecordError::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(RecordError::Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Reads all that follows into an empty list: the count of sections, and each.
    pub(super) fn sections(&mut self, room: Vec<Lying<'a>>) -> Result<Vec<Lying<'a>>, RecordError> {
        let count = u16::from_le_bytes(self.array()?);
        // A section takes at least seven bytes: more than fit are not believed.
        let expected = usize::from(count).min(self.rest.len() / 7);
        let mut sections = room;
        sections.reserve(expected);
        for _ in 0..count {
            let section = self.section()?;
            if sections.last().is_some_and(|last| section.name.as_bytes() <= last.name.as_bytes()) {
                return Err(RecordError::Section(section.name.into()));
            }
            sections.push(section);
        }
        if self.rest.is_empty() { Ok(sections) } else { Err(RecordError::Malformed) }
    }

    /// Reads a section; one that the record key salts has no salt yet.
    fn section(&mut self) -> Result<Lying<'a>, RecordError> {
        let [length] = self.array()?;
        let name = self.take(usize::from(length))?;
        let name = std::str::from_utf8(name).map_err(|_| RecordError::Malformed)?;
        // Names are ASCII as a rule, of which the control characters are told byte by byte.
        let odd = match name.is_ascii() {
            true => name.bytes().any(|byte| byte.is_ascii_control()),
            false => name.contains(char::is_control),
        };
        if name.is_empty() || odd {
            return Err(RecordError::Section(name.into()));
        }
        let [form] = self.array()?;
        // What an erased section was salted with does not matter any more.
        let own = name == USER && form != FORM_ERASED;
        let salt = if own { self.array()? } else { [0; 16] };
        let length = u32::from_le_bytes(self.array()?);
        let length = usize::try_from(length).map_err(|_| RecordError::Malformed)?;
        let stored = self.take(length)?;
        let content = match form {
            FORM_PLAIN => Content::Kept { salt, bytes: Cow::Borrowed(self.plain(stored)?) },
            FORM_ZSTD => Content::Kept { salt, bytes: Cow::Owned(self.unpacked(name, stored)?) },
            FORM_ERASED => {
                let commitment = stored.try_into();
                Content::Erased(commitment.map_err(|_| RecordError::Section(name.into()))?)
            }
            _ => return Err(RecordError::Section(name.into())),
        };
        Ok(Lying { name, content })
    }

    fn plain(&mut self, stored: &'a [u8]) -> Result<&'a [u8], RecordError> {
        self.room = self.room.checked_sub(stored.len()).ok_or(RecordError::TooLarge)?;
        Ok(stored)
    }

    /// Unpacks a zstd frame as far as there is room, whatever size it claims.
    fn unpacked(&mut self, name: &str, stored: &[u8]) -> Result<Vec<u8>, RecordError> {
        let broken = |_| RecordError::Section(name.into());
        let mut decoder = zstd::stream::read::Decoder::with_buffer(stored).map_err(broken)?;
        decoder.window_log_max(MAX_WINDOW_LOG).map_err(broken)?;
        let limit = u64::try_from(self.room).map_err(|_| RecordError::TooLarge)?;
        let mut bytes = Vec::new();
        decoder.take(limit + 1).read_to_end(&mut bytes).map_err(broken)?;
        self.room = self.room.checked_sub(bytes.len()).ok_or(RecordError::TooLarge)?;
        Ok(bytes)
    }
}

/// The largest zstd window taken: level 1 uses at most 2^19 bytes.
const MAX_WINDOW_LOG: u32 = 22;
