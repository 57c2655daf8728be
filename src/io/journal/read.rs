//! Reading a stream record by record, beside a running writer or without one.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::io::journal::disk::{Disk, LocalDisk};
use crate::io::journal::recover::{FIRST_FRAME, segments};
use crate::io::journal::segment::{Found, HEAD, Header, Tail, Window, file_name};
use crate::io::journal::{JournalError, Stream, doing, folder};

/// A record of a stream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// Its index in the stream.
    pub index: u64,
    /// The segment file it stands in.
    pub file: Arc<Path>,
    /// Where its frame begins.
    pub offset: u64,
    /// What was appended.
    pub payload: Vec<u8>,
}

/// The records of one stream in order.
///
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
    window: Window,
    path: Arc<Path>,
    first: u64,
    offset: u64,
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
    let ahead = segments(&*disk, &folder, stream)?.into();
    Ok(Frames { disk, folder, stream, ahead, current: None, next: None, from: 0, failed: false })
}

/// Reads a stream from the record `index` on; nothing, as long as there is no such record yet.
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

impl Iterator for Frames {
    type Item = Result<Frame, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        loop {
            let frame = self.advance().transpose();
            self.failed = matches!(frame, Some(Err(_)));
            match frame {
                Some(Ok(frame)) if frame.index < self.from => {}
                other => return other,
            }
        }
    }
}

impl Frames {
    fn advance(&mut self) -> Result<Option<Frame>, JournalError> {
        loop {
            let Some(mut current) = self.current.take() else {
                if !self.open_next()? {
                    return Ok(None);
                }
                continue;
            };
            let index = *self.next.get_or_insert(current.first);
            let found = self.read(&mut current, index)?;
            let Some(payload) = found else {
                if self.ahead.is_empty() {
                    self.current = Some(current);
                    return Ok(None);
                }
                continue;
            };
            let offset = current.offset;
            let file = Arc::clone(&current.path);
            current.offset += HEAD + u64::try_from(payload.len()).expect("a payload fits");
            self.next = Some(index + 1);
            self.current = Some(current);
            return Ok(Some(Frame { index, file, offset, payload }));
        }
    }

    /// Reads the next record of a segment, or `None` at its end.
    fn read(&mut self, current: &mut Current, index: u64) -> Result<Option<Vec<u8>>, JournalError> {
        let mut tail = Tail::Clean;
        for attempt in 0..ATTEMPTS {
            if 0 < attempt {
                // The order counts: what a segment lacks once there is a next one, it lacks.
                self.look_ahead(current.first)?;
                current.window.refresh();
            }
            let found = current.window.frame(current.offset, index);
            let found = found.map_err(doing("read", &current.path))?;
            if let Found::Frame(payload) = found {
                return Ok(Some(payload));
            }
            let rest = current.window.tail(current.offset, index);
            tail = rest.map_err(doing("read", &current.path))?;
        }
        let last = self.ahead.is_empty();
        match tail {
            Tail::Clean if last || self.ahead.front() == Some(&index) => Ok(None),
            Tail::Torn(_) if last => Ok(None),
            Tail::Clean | Tail::Torn(_) | Tail::Damaged => {
                let file = current.path.to_path_buf();
                Err(JournalError::Damaged { file, index, offset: current.offset })
            }
        }
    }

    /// Opens the next segment, if there is one with a header.
    fn open_next(&mut self) -> Result<bool, JournalError> {
        if self.ahead.is_empty() {
            self.ahead = segments(&*self.disk, &self.folder, self.stream)?.into();
        }
        let Some(&first) = self.ahead.front() else { return Ok(false) };
        let path = self.folder.join(file_name(self.stream, first));
        let file = self.disk.open_to_read(&path).map_err(doing("open", &path))?;
        let mut window = Window::new(file);
        let bytes = window.bytes(0, Header::BYTES).map_err(doing("read", &path))?;
        let header = Header::read(bytes);
        if header.is_none() && self.ahead.len() == 1 {
            let tail = window.tail(FIRST_FRAME, first).map_err(doing("read", &path))?;
            if tail == Tail::Clean {
                // It is being made, or a crash came between.
                return Ok(false);
            }
        }
        if header.is_none_or(|header| header.first != first) {
            return Err(JournalError::Damaged { file: path, index: first, offset: 0 });
        }
        self.ahead.pop_front();
        let path = Arc::from(path);
        self.current = Some(Current { window, path, first, offset: FIRST_FRAME });
        Ok(true)
    }

    /// Looks for segments made since the folder was listed.
    fn look_ahead(&mut self, current: u64) -> Result<(), JournalError> {
        let all = segments(&*self.disk, &self.folder, self.stream)?;
        self.ahead = all.into_iter().filter(|first| current < *first).collect();
        Ok(())
    }
}

/// How often a place is read before it counts as the end, or as damaged: a writer may be in the
/// middle of a write.
const ATTEMPTS: u32 = 3;
