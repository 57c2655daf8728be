//! The bytes of a plain segment file: name, header, frames, and what may follow the last good one.

use std::io;

use crate::io::journal::Stream;
use crate::io::journal::disk::DiskFile;
use crate::io::journal::search;

/// The first 64 bytes of a segment file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Header {
    /// Index of its first frame.
    pub(super) first: u64,
    /// The first bytes of the SHA-256 of its origin.
    pub(super) origin: [u8; 16],
    /// When it was made, in Unix milliseconds.
    pub(super) created: u64,
}

impl Header {
    /// Its length.
    pub(super) const BYTES: usize = 64;

    pub(super) fn bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..16].copy_from_slice(&self.first.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.origin);
        bytes[32..40].copy_from_slice(&self.created.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header, or `None` when it is not one.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (first, rest) = rest.split_first_chunk()?;
        let (origin, rest) = rest.split_first_chunk()?;
        let created = rest.first_chunk()?;
        let crc = bytes.get(60..)?.first_chunk()?;
        let good = magic == MAGIC && u32::from_le_bytes(*crc) == crc32c::crc32c(&bytes[..60]);
        good.then_some(Self {
            first: u64::from_le_bytes(*first),
            origin: *origin,
            created: u64::from_le_bytes(*created),
        })
    }
}

/// The form of a segment file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// `.seg`: as it is written.
    Plain,
    /// `.seg.zst`: the same bytes packed, with an index (`sealed`).
    Sealed,
}

impl Form {
    const ALL: [Self; 2] = [Self::Plain, Self::Sealed];

    fn suffix(self) -> &'static str {
        match self {
            Self::Plain => ".seg",
            Self::Sealed => ".seg.zst",
        }
    }
}

/// Returns the name of a segment file.
pub(super) fn file_name(stream: Stream, first: u64, form: Form) -> String {
    format!("{}-{first:020}{}", stream.name(), form.suffix())
}

/// Returns the first index and the form that a file name tells, if it is the name of a segment of
/// the stream.
pub(super) fn parse_name(stream: Stream, name: &str) -> Option<(u64, Form)> {
    let rest = name.strip_prefix(stream.name())?.strip_prefix('-')?;
    let (digits, suffix) = rest.split_at_checked(20)?;
    let form = Form::ALL.into_iter().find(|form| form.suffix() == suffix)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let first = plain.then(|| digits.parse().ok()).flatten().filter(|first| *first <= MAX_FIRST)?;
    Some((first, form))
}

/// Returns when a record was made, if the payload is long enough to be an entry's.
pub(super) fn time_of(payload: &[u8]) -> Option<u64> {
    payload.get(TIME..)?.first_chunk().map(|time| u64::from_be_bytes(*time))
}

/// Appends a frame.
///
/// # Panics
///
/// When the payload is longer than `MAX_PAYLOAD`.
pub(super) fn write_frame(index: u64, payload: &[u8], frames: &mut Vec<u8>) {
    assert!(payload.len() <= MAX_PAYLOAD, "the queue refuses longer payloads");
    let length = u32::try_from(payload.len()).expect("a payload is far below 4 GiB").to_le_bytes();
    let crc = crc32c::crc32c_append(crc_of_head(length, index), payload);
    frames.extend_from_slice(&length);
    frames.extend_from_slice(&crc.to_le_bytes());
    frames.extend_from_slice(payload);
}

/// Returns the checksum up to where the payload begins.
fn crc_of_head(length: [u8; 4], index: u64) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&length), &index.to_le_bytes())
}

/// What stands at an offset.
pub(super) enum Found {
    /// A good frame: the length of its payload.
    Frame(usize),
    /// Zeroes, or the end of the file.
    End,
    /// Neither.
    Bad,
}

/// Reads the frame `index` at the beginning of bytes that hold it whole.
pub(super) fn read_frame(bytes: &[u8], index: u64) -> Found {
    if bytes.iter().take(FRAME_HEAD).all(|byte| *byte == 0) {
        return Found::End;
    }
    let Some((&length, rest)) = bytes.split_first_chunk::<4>() else { return Found::Bad };
    let Some((&crc, rest)) = rest.split_first_chunk::<4>() else { return Found::Bad };
    let Some(count) = payload_length(length) else { return Found::Bad };
    let Some(payload) = rest.get(..count) else { return Found::Bad };
    let sum = crc32c::crc32c_append(crc_of_head(length, index), payload);
    if sum == u32::from_le_bytes(crc) { Found::Frame(count) } else { Found::Bad }
}

/// What follows the last good frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tail {
    /// Nothing but zeroes.
    Clean,
    /// So many bytes of a write that was never synced.
    Torn(u64),
    /// Good frames after bad bytes, or more bad bytes than one write leaves.
    Damaged,
}

/// A file read through a window, so that a large segment takes little memory.
pub(super) struct Window {
    file: Box<dyn DiskFile>,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    pub(super) fn new(file: Box<dyn DiskFile>) -> Self {
        Self { file, start: 0, bytes: Vec::new() }
    }

    /// Returns the file.
    pub(super) fn into_file(self) -> Box<dyn DiskFile> {
        self.file
    }

    /// Forgets what was read: a writer may have gone on since.
    pub(super) fn refresh(&mut self) {
        self.bytes.clear();
    }

    /// Returns the bytes at an offset, fewer than `count` only at the end of the file.
    pub(super) fn bytes(&mut self, offset: u64, count: usize) -> io::Result<&[u8]> {
        let skip = offset.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        let held = skip.filter(|skip| skip.saturating_add(count) <= self.bytes.len());
        let skip = match held {
            Some(skip) => skip,
            None => {
                self.bytes.resize(count.max(WINDOW), 0);
                let read = self.file.read_at(offset, &mut self.bytes);
                self.bytes.truncate(*read.as_ref().unwrap_or(&0));
                read?;
                self.start = offset;
                0
            }
        };
        let end = self.bytes.len().min(skip + count);
        Ok(&self.bytes[skip..end])
    }

    /// Reads the frame `index` at an offset.
    pub(super) fn frame(&mut self, offset: u64, index: u64) -> io::Result<Found> {
        let head = self.bytes(offset, FRAME_HEAD)?;
        let count = head.first_chunk().and_then(|length| payload_length(*length)).unwrap_or(0);
        Ok(read_frame(self.bytes(offset, FRAME_HEAD + count)?, index))
    }

    /// Steps from the frame `index` at an offset to the frame `wanted`, or to the end before it, by
    /// lengths alone; returns which frame begins where.
    ///
    /// None when the place proves wrong: the checksum of a frame holds its index, so one good frame
    /// there, or before the end, says that every length on the way was good.
    pub(super) fn seek(
        &mut self,
        mut offset: u64,
        mut index: u64,
        wanted: u64,
    ) -> io::Result<Option<(u64, u64)>> {
        let mut before = None;
        while index < wanted {
            let head = self.bytes(offset, FRAME_HEAD)?;
            let Some(&length) = head.first_chunk() else { break };
            if payload_length(length).is_none() {
                break;
            }
            before = Some((index, offset));
            (index, offset) = (index + 1, offset + HEAD + u64::from(u32::from_le_bytes(length)));
        }
        let good = match (self.frame(offset, index)?, before) {
            (Found::Frame(_), _) => true,
            (Found::End, Some((index, offset))) => {
                matches!(self.frame(offset, index)?, Found::Frame(_))
            }
            (Found::End, None) | (Found::Bad, _) => false,
        };
        Ok(good.then_some((index, offset)))
    }

    /// Returns the payload, `count` bytes long, of the frame that `frame` found at an offset.
    pub(super) fn payload(&self, offset: u64, count: usize) -> &[u8] {
        let start = offset.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        let start = start.expect("the frame that was found is held") + FRAME_HEAD;
        &self.bytes[start..start + count]
    }

    /// Says what stands from `offset` on, where frame `index` is not.
    pub(super) fn tail(&mut self, offset: u64, index: u64) -> io::Result<Tail> {
        let Some(end) = self.last_written(offset)? else { return Ok(Tail::Clean) };
        let written = end - offset;
        match usize::try_from(written) {
            Ok(written) if written <= MAX_TORN => {
                let bytes = self.bytes(offset, written)?;
                let torn = !search::frame(bytes, index).found
                    || (written <= MAX_BATCH && lacks_sector(bytes, offset));
                Ok(if torn { Tail::Torn(end - offset) } else { Tail::Damaged })
            }
            Ok(_) | Err(_) => Ok(Tail::Damaged),
        }
    }

    /// Returns where the last byte from `offset` on that is not zero ends, if there is one.
    fn last_written(&mut self, offset: u64) -> io::Result<Option<u64>> {
        let (mut at, mut end) = (offset, None);
        loop {
            let chunk = self.bytes(at, WINDOW)?;
            if let Some(last) = chunk.iter().rposition(|byte| *byte != 0) {
                end = Some(at + u64::try_from(last).expect("a chunk's length fits") + 1);
            }
            if chunk.is_empty() {
                return Ok(end);
            }
            at += u64::try_from(chunk.len()).expect("a chunk's length fits");
        }
    }
}

/// Says whether a sector of the bad frame at the beginning of bytes that stand at `offset` never
/// reached the disk.
///
/// A power cut may keep the end of a write that was never synced and lose its beginning. What is
/// lost still holds the zeroes that were there before; a record that was synced and broke later
/// does not turn into a sector of zeroes.
fn lacks_sector(bytes: &[u8], offset: u64) -> bool {
    let count = bytes.first_chunk().and_then(|length| payload_length(*length)).unwrap_or(0);
    let frame = bytes.len().min(FRAME_HEAD + count);
    let into = usize::try_from(offset % SECTOR).expect("a sector is small");
    let sector = usize::try_from(SECTOR).expect("a sector is small");
    let mut start = 0;
    while start < frame {
        let end = bytes.len().min((into + start) / sector * sector + sector - into);
        if bytes[start..end].iter().all(|byte| *byte == 0) {
            return true;
        }
        start = end;
    }
    false
}

/// Returns the length of a payload that a frame tells, if a payload may be that long.
pub(super) fn payload_length(length: [u8; 4]) -> Option<usize> {
    let length = usize::try_from(u32::from_le_bytes(length)).ok()?;
    (1..=MAX_PAYLOAD).contains(&length).then_some(length)
}

/// The highest index a file name may tell, so that counting on from it never ends.
const MAX_FIRST: u64 = u64::MAX >> 1;
/// The longest payload of a frame.
pub(super) const MAX_PAYLOAD: usize = 4 << 20;
/// Bytes before a payload: its length and checksum.
pub(super) const FRAME_HEAD: usize = 8;
/// The same, as an offset.
pub(super) const HEAD: u64 = 8;
/// The most bytes of one write, unless a single frame is longer.
pub(super) const MAX_BATCH: usize = 256 << 10;
/// The least that a disk writes whole.
const SECTOR: u64 = 512;
/// Where the time stands in an entry, and so in a payload: milliseconds, big-endian.
const TIME: usize = 18;
/// What one write can leave behind: it is at most 256 KiB, or a single frame.
const MAX_TORN: usize = MAX_PAYLOAD + FRAME_HEAD;
/// How much is read at once.
const WINDOW: usize = 256 << 10;
const MAGIC: &[u8; 8] = b"BWSEG01\n";
