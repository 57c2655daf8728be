//! A stream record by record, past damage: what cannot be read is told, and the next segment read.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::io::journal::read::{self, FrameRef, Frames, Place};
use crate::io::journal::{JournalError, Stream};

/// What a walk comes upon.
pub(super) enum Step<'a> {
    /// A record, its checksum good.
    Record(FrameRef<'a>),
    /// Records that cannot be read.
    Lost(Lost),
}

/// Where a walk has come to.
pub(super) enum Found {
    /// A record, where it lies.
    Record(Place),
    /// Records that cannot be read.
    Lost(Lost),
}

/// Records that cannot be read.
pub(super) struct Lost {
    /// The file that should hold the first of them.
    pub(super) file: PathBuf,
    /// The first of them.
    pub(super) index: u64,
    /// Where in the file it should begin.
    pub(super) offset: u64,
    /// The first record after them that a file should hold; none when there is no later file.
    pub(super) next: Option<u64>,
}

/// Bytes after the last record that belong to none.
pub(super) struct Trailing {
    /// The file.
    pub(super) file: PathBuf,
    /// Where they begin.
    pub(super) offset: u64,
}

/// A stream being read.
pub(super) struct Walk<'a> {
    data: &'a Path,
    stream: Stream,
    frames: Option<Frames>,
    /// File of the last record read, and where that ended.
    end: Option<(Arc<Path>, u64)>,
    damaged: bool,
}

impl<'a> Walk<'a> {
    /// Begins with the record `index`, or the first kept.
    pub(super) fn from(data: &'a Path, stream: Stream, index: u64) -> Result<Self, JournalError> {
        let frames = read::frames_from(data, stream, index)?;
        Ok(Self { data, stream, frames: Some(frames), end: None, damaged: false })
    }

    /// Goes to the next record or loss; none at the end.
    pub(super) fn find(&mut self) -> Result<Option<Found>, JournalError> {
        let Some(frames) = &mut self.frames else { return Ok(None) };
        match frames.find_next() {
            Ok(None) => Ok(None),
            Ok(Some(place)) => {
                let frame = frames.at(place);
                let length = u64::try_from(frame.payload.len()).expect("a payload's length fits");
                let end = frame.offset + FRAME_HEAD + length;
                match &mut self.end {
                    Some((file, offset)) if Arc::ptr_eq(file, frame.file) => *offset = end,
                    last => *last = Some((Arc::clone(frame.file), end)),
                }
                Ok(Some(Found::Record(place)))
            }
            Err(JournalError::Damaged { file, index, offset }) => {
                self.damaged = true;
                let next = self.pass_over(index)?;
                Ok(Some(Found::Lost(Lost { file, index, offset, next })))
            }
            Err(error) => Err(error),
        }
    }

    /// Goes on with the segment behind the one where the record `index` should be; returns its first
    /// index. Without one the walk has ended.
    pub(super) fn pass_over(&mut self, index: u64) -> Result<Option<u64>, JournalError> {
        let Some(frames) = &mut self.frames else { return Ok(None) };
        let next = frames.pass_over(index)?;
        if next.is_none() {
            self.frames = None;
        }
        Ok(next)
    }

    /// Lends what `find` has just found.
    pub(super) fn lend(&self, found: Found) -> Step<'_> {
        match found {
            Found::Record(place) => {
                let frames = self.frames.as_ref().expect("the record was found in them");
                Step::Record(frames.at(place))
            }
            Found::Lost(lost) => Step::Lost(lost),
        }
    }

    /// Returns bytes after the last record that are not zero; none where the end was damage.
    ///
    /// A writer at work leaves such bytes for a moment, and a crash for good.
    pub(super) fn trailing(&self) -> Result<Option<Trailing>, JournalError> {
        if self.damaged {
            return Ok(None);
        }
        let Some(last) = segments(self.data, self.stream)?.pop() else { return Ok(None) };
        if last.sealed {
            return Ok(None);
        }
        let mut file = match File::open(&last.path) {
            // It was sealed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(reading(&last.path))?,
        };
        let from = match &self.end {
            Some((file, offset)) if **file == *last.path => *offset,
            Some(_) | None => match header(&last.path)? {
                Some(_) => u64::try_from(HEADER).expect("a header's length fits"),
                None => 0,
            },
        };
        let found = not_zero(&mut file, from).map_err(reading(&last.path))?;
        Ok(found.map(|offset| Trailing { file: last.path, offset }))
    }
}

/// A segment file by its name.
pub(super) struct Segment {
    pub(super) path: PathBuf,
    pub(super) first: u64,
    pub(super) sealed: bool,
}

/// Returns the segment files of a stream by first index.
pub(super) fn segments(data: &Path, stream: Stream) -> Result<Vec<Segment>, JournalError> {
    let folder = data.join("journal").join(stream.name());
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(reading(&folder))?,
    };
    let mut segments = Vec::new();
    for entry in entries {
        let name = entry.map_err(reading(&folder))?.file_name();
        let path = folder.join(name);
        segments.extend(segment(&path, stream));
    }
    segments.sort_unstable_by_key(|segment| (segment.first, segment.sealed));
    Ok(segments)
}

/// Returns what the name of a segment file says; none when it is no such name.
pub(super) fn segment(path: &Path, stream: Stream) -> Option<Segment> {
    let name = path.file_name()?.to_str()?;
    let rest = name.strip_prefix(stream.name())?.strip_prefix('-')?;
    let (digits, form) = rest.split_once('.').unwrap_or((rest, ""));
    let sealed = form == "seg.zst";
    let named = digits.len() == 20 && (sealed || form == "seg");
    let first = digits.parse().ok().filter(|_| named)?;
    Some(Segment { path: path.to_owned(), first, sealed })
}

/// Returns what a plain segment says of the log it belongs to: the first bytes of the hash of its
/// origin; none when it has no good header.
pub(super) fn header(segment: &Path) -> Result<Option<[u8; 16]>, JournalError> {
    let mut bytes = Vec::new();
    let file = File::open(segment).map_err(reading(segment))?;
    let limit = u64::try_from(HEADER).expect("a header's length fits");
    file.take(limit).read_to_end(&mut bytes).map_err(reading(segment))?;
    let Some((head, crc)) = bytes.split_at_checked(HEADER - 4) else { return Ok(None) };
    let Ok(crc) = crc.try_into() else { return Ok(None) };
    let good = crc32c::crc32c(head) == u32::from_le_bytes(crc);
    Ok(head[16..].first_chunk().copied().filter(|_| good))
}

/// Returns what a segment of a log of this origin says of it.
pub(super) fn origin_hash(origin: &str) -> [u8; 16] {
    let hash: [u8; 32] = Sha256::digest(origin).into();
    *hash.first_chunk().expect("16 is below 32")
}

/// Returns where the first byte from an offset on stands that is not zero.
fn not_zero(file: &mut File, from: u64) -> io::Result<Option<u64>> {
    let mut at = file.seek(SeekFrom::Start(from))?;
    let mut chunk = vec![0; 64 << 10];
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            return Ok(None);
        }
        let read = &chunk[..count];
        // Most of it is zeroes, and those are told many at a time.
        if read.iter().fold(0, |bits, byte| bits | byte) != 0
            && let Some(place) = read.iter().position(|byte| *byte != 0)
        {
            return Ok(Some(at + u64::try_from(place).expect("a chunk's length fits")));
        }
        at += u64::try_from(count).expect("a chunk's length fits");
    }
}

/// Names what was being read when the file system refused.
pub(super) fn reading(path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io { doing: "read", path: path.to_owned(), source }
}

/// Length of a segment's header.
const HEADER: usize = 64;
/// Length and checksum before a payload.
const FRAME_HEAD: u64 = 8;
