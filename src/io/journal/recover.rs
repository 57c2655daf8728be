//! Finding the end of a stream at start, and cutting what a crash left half written.
//!
//! Only the last segment can be torn: each one before it was synced before the next was made.

use std::path::{Path, PathBuf};

use crate::io::journal::disk::{Disk, DiskFile};
use crate::io::journal::segment::{Found, HEAD, Header, Tail, Window, file_name, first_index};
use crate::io::journal::{JournalError, Stream, doing};

/// Where a stream goes on.
pub(super) struct Recovered {
    /// The index of the next record.
    pub(super) next: u64,
    /// The segment to go on with; none in a new stream.
    pub(super) last: Option<OpenSegment>,
    /// What was cut.
    pub(super) cut: Option<Cut>,
}

/// A segment that takes more frames.
pub(super) struct OpenSegment {
    pub(super) file: Box<dyn DiskFile>,
    /// Where the next frame goes.
    pub(super) offset: u64,
}

/// What recovery cut off a stream: bytes of a write that was never synced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cut {
    /// The segment file.
    pub file: PathBuf,
    /// The index whose frame was torn.
    pub index: u64,
    /// Where it began.
    pub offset: u64,
    /// How many bytes were cut.
    pub bytes: u64,
}

/// Returns the first indexes of the segments of a stream, ascending.
pub(super) fn segments(
    disk: &dyn Disk,
    folder: &Path,
    stream: Stream,
) -> Result<Vec<u64>, JournalError> {
    let names = disk.list(folder).map_err(doing("list", folder))?;
    let mut firsts: Vec<u64> = names.iter().filter_map(|name| first_index(stream, name)).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// Finds the end of a stream and cuts what is torn.
pub(super) fn recover(
    disk: &dyn Disk,
    folder: &Path,
    stream: Stream,
    origin: [u8; 16],
) -> Result<Recovered, JournalError> {
    let mut firsts = segments(disk, folder, stream)?;
    // A segment whose header never reached the disk holds nothing: the one before is the last.
    let mut unborn = None;
    while let Some(first) = firsts.pop() {
        let path = folder.join(file_name(stream, first));
        let file = disk.open(&path).map_err(doing("open", &path))?;
        let mut window = Window::new(file);
        if !check_header(&mut window, &path, first, origin)? {
            disk.remove(&path).map_err(doing("remove", &path))?;
            disk.sync_folder(folder).map_err(doing("sync", folder))?;
            unborn = unborn.or(Some(first));
            continue;
        }
        let recovered = recover_segment(window, path.clone(), first)?;
        disk.sync_folder(folder).map_err(doing("sync", folder))?;
        if unborn.is_some_and(|unborn| unborn != recovered.next) {
            return Err(JournalError::Damaged { file: path, index: recovered.next, offset: 0 });
        }
        return Ok(recovered);
    }
    match unborn {
        None | Some(0) => Ok(Recovered { next: 0, last: None, cut: None }),
        Some(first) => {
            let file = folder.join(file_name(stream, first));
            Err(JournalError::Damaged { file, index: first, offset: 0 })
        }
    }
}

/// Says whether a segment has its header; `false`: nothing was ever synced into the file.
fn check_header(
    window: &mut Window,
    path: &Path,
    first: u64,
    origin: [u8; 16],
) -> Result<bool, JournalError> {
    let bytes = window.bytes(0, Header::BYTES).map_err(doing("read", path))?;
    match Header::read(bytes) {
        Some(header) if header.origin != origin => {
            Err(JournalError::Foreign { file: path.to_owned() })
        }
        Some(header) if header.first == first => Ok(true),
        found => {
            let tail = window.tail(FIRST_FRAME, first).map_err(doing("read", path))?;
            if found.is_none() && tail == Tail::Clean {
                return Ok(false);
            }
            Err(JournalError::Damaged { file: path.to_owned(), index: first, offset: 0 })
        }
    }
}

fn recover_segment(
    mut window: Window,
    path: PathBuf,
    first: u64,
) -> Result<Recovered, JournalError> {
    let (mut offset, mut next) = (FIRST_FRAME, first);
    loop {
        let found = window.frame(offset, next).map_err(doing("read", &path))?;
        let Found::Frame(payload) = found else { break };
        offset += HEAD + u64::try_from(payload.len()).expect("a payload's length fits");
        next += 1;
    }
    let tail = window.tail(offset, next).map_err(doing("read", &path))?;
    let file = window.into_file();
    let cut = match tail {
        Tail::Clean => {
            // A process that was killed may have written what it had not synced: from here on it
            // counts as on disk.
            file.sync().map_err(doing("sync", &path))?;
            None
        }
        Tail::Damaged => return Err(JournalError::Damaged { file: path, index: next, offset }),
        Tail::Torn(bytes) => {
            file.set_length(offset).map_err(doing("cut", &path))?;
            file.sync().map_err(doing("sync", &path))?;
            Some(Cut { file: path, index: next, offset, bytes })
        }
    };
    Ok(Recovered { next, last: Some(OpenSegment { file, offset }), cut })
}

/// Where the first frame of a segment stands.
pub(super) const FIRST_FRAME: u64 = 64;
