//! Reading a stream record by record, beside a running writer or without one.
//!
//! Plain and sealed segments give the same records. A segment that is sealed while it is read
//! stays as it was opened; one that was sealed before is found under its other name.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::io::journal::disk::{Disk, LocalDisk};
use crate::io::journal::files::firsts;
use crate::io::journal::recover;
use crate::io::journal::sealed::{Sealed, after};
use crate::io::journal::segment::{Found, Tail, Window};
use crate::io::journal::{JournalError, Stream, doing, folder};

mod segments;

/// A record of a stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// Its index in the stream.
    pub index: u64,
    /// The segment file it stands in.
    pub file: Arc<Path>,
    /// Where its frame begins; in a sealed file, where it begins once unpacked.
    pub offset: u64,
    /// What was appended.
    pub payload: Vec<u8>,
}

/// A record of a stream as it lies in the reader's memory.
#[derive(Clone, Copy, Debug)]
pub struct FrameRef<'a> {
    /// Its index in the stream.
    pub index: u64,
    /// The segment file it stands in.
    pub file: &'a Arc<Path>,
    /// Where its frame begins; in a sealed file, where it begins once unpacked.
    pub offset: u64,
    /// What was appended.
    pub payload: &'a [u8],
}

impl Frame {
    /// Lends it.
    #[must_use]
    pub fn lend(&self) -> FrameRef<'_> {
        let Self { index, ref file, offset, ref payload } = *self;
        FrameRef { index, file, offset, payload }
    }
}

impl FrameRef<'_> {
    /// Copies it.
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        let Self { index, file, offset, payload } = *self;
        Frame { index, file: Arc::clone(file), offset, payload: payload.to_vec() }
    }
}

/// The records of one stream in order.
///
/// A pruned stream begins with the first record that is kept, and when it is pruned while it is
/// read, the reader goes on with the first that is left: indexes ascend, and are dense but there.
/// `None` means that there are no more yet: asked again, it goes on with what was written since.
/// After an error it stays at its end.
pub struct Frames {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    stream: Stream,
    /// First indexes of segments not opened yet.
    ahead: VecDeque<u64>,
    current: Option<Current>,
    /// The index of the next record; none before the first segment.
    next: Option<u64>,
    /// Records below it are passed over.
    from: u64,
    failed: bool,
}

struct Current {
    source: Source,
    path: Arc<Path>,
    first: u64,
    offset: u64,
}

enum Source {
    Plain(Window),
    Sealed(Box<Sealed>),
}

/// A record that was found in the current segment.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    index: u64,
    offset: u64,
    count: usize,
}

/// Reads a stream from a data folder.
///
/// # Errors
///
/// When the folder cannot be listed.
pub fn frames(data: &Path, stream: Stream) -> Result<Frames, JournalError> {
    frames_on(Arc::new(LocalDisk), data, stream)
}

/// Reads a stream from a data folder on `disk`.
///
/// # Errors
///
/// When the folder cannot be listed.
pub fn frames_on(disk: Arc<dyn Disk>, data: &Path, stream: Stream) -> Result<Frames, JournalError> {
    let folder = folder(data, stream);
    let ahead = firsts(&*disk, &folder, stream)?.into();
    Ok(Frames { disk, folder, stream, ahead, current: None, next: None, from: 0, failed: false })
}

/// Returns how many records of a stream the last checkpoint of its node signs, 0 without one: who
/// reads to the end and finds fewer has not read them all. Ask before reading, beside a node.
///
/// # Errors
///
/// When the checkpoint cannot be read.
pub fn signed(data: &Path, stream: Stream) -> Result<u64, JournalError> {
    recover::signed(&LocalDisk, &folder(data, stream))
}

/// Fails when fewer records than are signed were read up to the end of a stream.
///
/// # Errors
///
/// `Behind`, in that case only.
pub fn whole(data: &Path, stream: Stream, signed: u64, end: u64) -> Result<(), JournalError> {
    let behind = || recover::behind(&folder(data, stream), signed, end);
    if signed <= end { Ok(()) } else { Err(behind()) }
}

/// Reads a stream from the record `index` on; nothing, as long as there is no such record yet.
///
/// Finding the place costs one zstd frame, or the steps over the frames before it in a plain segment.
/// Damage before the place is not looked for, save where it leads astray: then it is read from the
/// segment's beginning, and the first damage told.
///
/// # Errors
///
/// When the folder cannot be listed.
pub fn frames_from(data: &Path, stream: Stream, index: u64) -> Result<Frames, JournalError> {
    frames_from_on(Arc::new(LocalDisk), data, stream, index)
}

/// Reads a stream on `disk` from the record `index` on, as `frames_from`.
///
/// # Errors
///
/// When the folder cannot be listed.
pub fn frames_from_on(
    disk: Arc<dyn Disk>,
    data: &Path,
    stream: Stream,
    index: u64,
) -> Result<Frames, JournalError> {
    let mut frames = frames_on(disk, data, stream)?;
    frames.from = index;
    while frames.ahead.get(1).is_some_and(|next| *next <= index) {
        frames.ahead.pop_front();
    }
    Ok(frames)
}

/// Reads one record; none when the stream does not hold it: not yet, or no longer.
///
/// # Errors
///
/// When the place where it should be is damaged, or the file system refuses.
pub fn frame_at(data: &Path, stream: Stream, index: u64) -> Result<Option<Frame>, JournalError> {
    let mut frames = frames_from(data, stream, index)?;
    let found = frames.read()?.filter(|frame| frame.index == index);
    Ok(found.map(|frame| frame.to_frame()))
}

impl Iterator for Frames {
    type Item = Result<Frame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().map(|frame| frame.map(|frame| frame.to_frame())).transpose()
    }
}

impl Frames {
    /// Reads the next record without copying it; `None` as the iterator's.
    ///
    /// # Errors
    ///
    /// When a record is damaged, or the file system refuses.
    pub fn read(&mut self) -> Result<Option<FrameRef<'_>>, JournalError> {
        let found = self.find_next()?;
        Ok(found.map(|place| self.at(place)))
    }

    /// Goes on behind damage that was found where the record `index` should be: with the next
    /// segment, whose first index it returns; none when there is none.
    ///
    /// # Errors
    ///
    /// When the folder cannot be listed.
    pub fn pass_over(&mut self, index: u64) -> Result<Option<u64>, JournalError> {
        while self.ahead.front().is_some_and(|first| *first <= index) {
            self.ahead.pop_front();
        }
        if self.ahead.is_empty() {
            self.look_ahead(index)?;
        }
        let next = self.ahead.front().copied();
        if let Some(next) = next {
            (self.from, self.failed) = (next, false);
            (self.current, self.next) = (None, None);
        }
        Ok(next)
    }

    /// Finds the next record, which `at` lends; `None` as the iterator's.
    ///
    /// # Errors
    ///
    /// As `read`.
    pub fn find_next(&mut self) -> Result<Option<Place>, JournalError> {
        if self.failed {
            return Ok(None);
        }
        let found = self.advance();
        self.failed = found.is_err();
        found
    }

    /// Lends the record that `find_next` found last.
    ///
    /// # Panics
    ///
    /// When it was not the last.
    #[must_use]
    pub fn at(&self, place: Place) -> FrameRef<'_> {
        let Place { index, offset, count } = place;
        let current = self.current.as_ref().expect("a record stands in the current segment");
        let payload = match &current.source {
            Source::Plain(window) => window.payload(offset, count),
            Source::Sealed(sealed) => sealed.payload(offset, count),
        };
        FrameRef { index, file: &current.path, offset, payload }
    }

    fn advance(&mut self) -> Result<Option<Place>, JournalError> {
        loop {
            let Some(mut current) = self.current.take() else {
                if !self.open_next()? {
                    return Ok(None);
                }
                continue;
            };
            let index = *self.next.get_or_insert(current.first);
            let offset = current.offset;
            let found = match &mut current.source {
                Source::Plain(window) => {
                    let at = At { path: &current.path, first: current.first, offset, index };
                    self.find(window, &at)?
                }
                Source::Sealed(sealed) => sealed.frame(offset, index)?,
            };
            let Some(count) = found else {
                if self.stays(&current, index)? {
                    self.current = Some(current);
                    return Ok(None);
                }
                continue;
            };
            current.offset = after(offset, count);
            self.next = Some(index + 1);
            self.current = Some(current);
            if self.from <= index {
                return Ok(Some(Place { index, offset, count }));
            }
        }
    }

    /// Finds a record in a plain segment and returns the length of its payload; none at its end.
    fn find(&mut self, window: &mut Window, at: &At<'_>) -> Result<Option<usize>, JournalError> {
        for attempt in 0..ATTEMPTS {
            if 0 < attempt {
                // The order counts: what a segment lacks once there is a next one, it lacks.
                if self.ahead.is_empty() {
                    self.look_ahead(at.first)?;
                }
                window.refresh();
            }
            let found = window.frame(at.offset, at.index).map_err(doing("read", at.path))?;
            if let Found::Frame(count) = found {
                return Ok(Some(count));
            }
        }
        // Dear when a writer has gone on since the window was read, so only what stays missing is
        // looked at: who follows a writer comes here with an old window each time.
        match window.tail(at.offset, at.index).map_err(doing("read", at.path))? {
            Tail::Clean => Ok(None),
            Tail::Torn(_) if self.ahead.is_empty() => Ok(None),
            Tail::Torn(_) | Tail::Damaged => Err(at.damaged()),
        }
    }
}

/// Where a record of a plain segment should stand.
struct At<'a> {
    path: &'a Path,
    first: u64,
    offset: u64,
    index: u64,
}

impl At<'_> {
    fn damaged(&self) -> JournalError {
        let file = self.path.to_path_buf();
        JournalError::Damaged { file, index: self.index, offset: self.offset }
    }
}

/// How often a place is read before it counts as the end, or as damaged: a writer may be in the
/// middle of a write.
const ATTEMPTS: u32 = 3;
