//! Finding the end of a stream at start, and cutting what a crash left half written.
//!
//! Only the last segment can be torn: each one before it was synced before the next was made.
//! Nothing is cut that a signed checkpoint covers, be it the private one, the published one or the
//! anchor's: what was signed was on disk, so its loss is damage. The whole stream is judged before
//! any byte of it is changed.

use std::io;
use std::path::{Path, PathBuf};

use crate::io::journal::disk::{Disk, DiskFile};
use crate::io::journal::files::{firsts, open};
use crate::io::journal::sealed::{Sealed, after};
use crate::io::journal::segment::{Form, Found, Header, Tail, Window, file_name, time_of};
use crate::io::journal::{JournalError, Stream, doing};

/// Where a stream goes on.
pub(super) struct Recovered {
    /// The index of the next record.
    pub(super) next: u64,
    /// The segment to go on with; none in a new stream.
    pub(super) last: Option<OpenSegment>,
    /// What was cut.
    pub(super) cut: Option<Cut>,
    /// The latest time of a record of the last segment, in Unix milliseconds.
    pub(super) newest: Option<u64>,
}

/// A segment that takes more frames.
pub(super) struct OpenSegment {
    pub(super) file: Box<dyn DiskFile>,
    /// The index of its first frame.
    pub(super) first: u64,
    /// When it was made, in Unix milliseconds.
    pub(super) created: u64,
    /// Where the next frame goes.
    pub(super) offset: u64,
}

/// What recovery cut off a stream: bytes of a write that was never synced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cut {
    /// The stream.
    pub stream: Stream,
    /// The segment file.
    pub file: PathBuf,
    /// The index whose frame was torn.
    pub index: u64,
    /// Where it began.
    pub offset: u64,
    /// How many bytes were cut.
    pub bytes: u64,
}

/// Finds the end of a stream and cuts what is torn.
pub(super) fn recover(
    disk: &dyn Disk,
    folder: &Path,
    stream: Stream,
    origin: [u8; 16],
    signed: Signed,
) -> Result<Recovered, JournalError> {
    let mut firsts = firsts(disk, folder, stream)?;
    // A segment whose header never reached the disk holds nothing: the one before is the last.
    let mut unborn = Vec::new();
    let mut end = End { next: 0, file: folder.to_owned(), tail: None };
    while let Some(first) = firsts.pop() {
        match segment_end(disk, folder, (stream, first), origin)? {
            Some(found) => {
                end = found;
                break;
            }
            None => unborn.push(first),
        }
    }
    let misplaced = unborn.last().is_some_and(|unborn| *unborn != end.next);
    if end.next < signed.size {
        return Err(signed.behind(folder, end.next));
    }
    if misplaced {
        let offset = end.tail.map_or(0, |tail| tail.segment.offset);
        return Err(JournalError::Damaged { file: end.file, index: end.next, offset });
    }
    for first in &unborn {
        let path = folder.join(file_name(stream, *first, Form::Plain));
        disk.remove(&path).map_err(doing("remove", &path))?;
    }
    disk.sync_folder(folder).map_err(doing("sync", folder))?;
    let End { next, file, tail } = end;
    let Some(EndOfPlain { segment, torn, newest }) = tail else {
        return Ok(Recovered { next, last: None, cut: None, newest: None });
    };
    let offset = segment.offset;
    if torn.is_some() {
        segment.file.set_length(offset).map_err(doing("cut", &file))?;
    }
    // A process that was killed may have written what it had not synced: from here on it counts as
    // on disk.
    segment.file.sync().map_err(doing("sync", &file))?;
    let cut = torn.map(|bytes| Cut { stream, file, index: next, offset, bytes });
    Ok(Recovered { next, last: Some(segment), cut, newest })
}

/// The end of a stream as it was found.
struct End {
    next: u64,
    file: PathBuf,
    /// None when the last segment is sealed, or there is none.
    tail: Option<EndOfPlain>,
}

struct EndOfPlain {
    segment: OpenSegment,
    /// How many bytes are torn.
    torn: Option<u64>,
    newest: Option<u64>,
}

/// Finds where a segment ends; none when nothing was ever synced into its file.
fn segment_end(
    disk: &dyn Disk,
    folder: &Path,
    (stream, first): (Stream, u64),
    origin: [u8; 16],
) -> Result<Option<End>, JournalError> {
    let path = folder.join(file_name(stream, first, Form::Plain));
    match disk.open(&path) {
        Ok(file) => {
            let mut window = Window::new(file);
            match check_header(&mut window, &path, first, origin)? {
                Some(header) => end_of_plain(window, path, header).map(Some),
                None => Ok(None),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let opened = open(disk, folder, stream, first)?;
            let opened = opened.ok_or_else(|| doing("open", &path)(error))?;
            let sealed = Sealed::open(opened.file, &opened.path, first)?;
            if sealed.header().origin != origin {
                return Err(JournalError::Foreign { file: opened.path });
            }
            Ok(Some(End { next: sealed.end(), file: opened.path, tail: None }))
        }
        Err(error) => Err(doing("open", &path)(error)),
    }
}

/// Reads the header of a segment; none: nothing was ever synced into the file.
fn check_header(
    window: &mut Window,
    path: &Path,
    first: u64,
    origin: [u8; 16],
) -> Result<Option<Header>, JournalError> {
    let bytes = window.bytes(0, Header::BYTES).map_err(doing("read", path))?;
    match Header::read(bytes) {
        Some(header) if header.origin != origin => {
            Err(JournalError::Foreign { file: path.to_owned() })
        }
        Some(header) if header.first == first => Ok(Some(header)),
        found => {
            let tail = window.tail(FIRST_FRAME, first).map_err(doing("read", path))?;
            if found.is_none() && tail == Tail::Clean {
                return Ok(None);
            }
            Err(JournalError::Damaged { file: path.to_owned(), index: first, offset: 0 })
        }
    }
}

fn end_of_plain(mut window: Window, path: PathBuf, header: Header) -> Result<End, JournalError> {
    let (mut offset, mut next, mut newest) = (FIRST_FRAME, header.first, None);
    loop {
        let found = window.frame(offset, next).map_err(doing("read", &path))?;
        let Found::Frame(count) = found else { break };
        newest = newest.max(time_of(window.payload(offset, count)));
        offset = after(offset, count);
        next += 1;
    }
    let tail = window.tail(offset, next).map_err(doing("read", &path))?;
    let torn = match tail {
        Tail::Clean => None,
        Tail::Torn(bytes) => Some(bytes),
        Tail::Damaged => return Err(JournalError::Damaged { file: path, index: next, offset }),
    };
    let Header { first, created, .. } = header;
    let segment = OpenSegment { file: window.into_file(), first, created, offset };
    Ok(End { next, file: path, tail: Some(EndOfPlain { segment, torn, newest }) })
}

/// How much of a stream is signed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Signed {
    /// How many records.
    pub(super) size: u64,
    /// The checkpoint that says so; empty without one.
    checkpoint: PathBuf,
}

impl Signed {
    /// Makes the error of a stream that holds fewer records.
    pub(super) fn behind(self, folder: &Path, holds: u64) -> JournalError {
        let Self { size: signed, checkpoint } = self;
        JournalError::Behind { folder: folder.to_owned(), checkpoint, signed, holds }
    }
}

/// Makes the error of a stream that holds fewer records than a checkpoint in its data folder signs.
pub(super) fn behind(folder: &Path, signed: u64, holds: u64) -> JournalError {
    Signed { size: signed, checkpoint: folder.join(CHECKPOINT) }.behind(folder, holds)
}

/// Returns how many records the checkpoints of a stream cover that lie in its data folder: the
/// larger of the private one beside the segments and the published one.
pub(super) fn signed(disk: &dyn Disk, folder: &Path) -> Result<u64, JournalError> {
    Ok(signed_within(disk, folder)?.size)
}

/// Returns what any checkpoint of a stream covers, the anchor's included.
///
/// Signatures are the log's business: here the largest number counts, for it only forbids.
pub(super) fn signed_anywhere(
    disk: &dyn Disk,
    folder: &Path,
    (stream, origin): (Stream, &str),
    anchor: Option<&Path>,
) -> Result<Signed, JournalError> {
    let within = signed_within(disk, folder)?;
    let Some(anchor) = anchor else { return Ok(within) };
    // A disk that is not mounted must not pass for one that was never written.
    disk.free(anchor).map_err(doing("find the anchor", anchor))?;
    let path = anchor.join(format!("{}.{CHECKPOINT}", stream.name()));
    match read_checkpoint(disk, &path)? {
        // Whether a log of another name may stand there is the log's business too.
        Some((of, size)) if *of == *origin && within.size < size => {
            Ok(Signed { size, checkpoint: path })
        }
        Some(_) | None => Ok(within),
    }
}

/// Returns what the checkpoints in the data folder cover.
pub(super) fn signed_within(disk: &dyn Disk, folder: &Path) -> Result<Signed, JournalError> {
    let mut most = Signed::default();
    let published = folder.parent().and_then(Path::parent).zip(folder.file_name());
    let published = published.map(|(data, stream)| data.join(LOG).join(stream).join(CHECKPOINT));
    for path in [folder.join(CHECKPOINT)].into_iter().chain(published) {
        if let Some((_, size)) = read_checkpoint(disk, &path)?
            && most.size < size
        {
            most = Signed { size, checkpoint: path };
        }
    }
    Ok(most)
}

/// Returns how many records the published checkpoint of a stream covers. Its private copy is durable
/// before it is there.
pub(super) fn published(disk: &dyn Disk, data: &Path, stream: Stream) -> Result<u64, JournalError> {
    let path = data.join(LOG).join(stream.name()).join(CHECKPOINT);
    Ok(read_checkpoint(disk, &path)?.map_or(0, |(_, size)| size))
}

/// Reads the first two lines of a checkpoint, its origin and its size; none without such a file.
fn read_checkpoint(disk: &dyn Disk, path: &Path) -> Result<Option<(String, u64)>, JournalError> {
    let file = match disk.open_to_read(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(doing("open", path)(error)),
    };
    let mut bytes = vec![0; MAX_CHECKPOINT];
    let count = file.read_at(0, &mut bytes).map_err(doing("read", path))?;
    bytes.truncate(count);
    let text = String::from_utf8(bytes).ok();
    let read = text.as_ref().and_then(|text| {
        let mut lines = text.lines();
        Some((lines.next()?.to_owned(), lines.next()?.parse().ok()?))
    });
    // Without it nobody knows what must not be cut.
    let unknown = || JournalError::Damaged { file: path.to_owned(), index: 0, offset: 0 };
    read.map(Some).ok_or_else(unknown)
}

/// Where the first frame of a segment stands.
pub(super) const FIRST_FRAME: u64 = 64;
/// The last signed checkpoint of a stream, as its log keeps it (C2SP tlog-checkpoint).
const CHECKPOINT: &str = "checkpoint";
/// No checkpoint is longer.
const MAX_CHECKPOINT: usize = 64 << 10;
/// The public logs within the data folder.
pub(super) const LOG: &str = "log";
