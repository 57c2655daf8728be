//! The segment files of a stream, whichever form each has.
//!
//! While a segment is sealed both forms may be there; the plain one counts, since it was first.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::io::journal::disk::{Disk, DiskFile};
use crate::io::journal::sealed::Sealed;
use crate::io::journal::segment::{Form, Header, Window, file_name, parse_name};
use crate::io::journal::{JournalError, SegmentFile, Stream, doing};
use crate::model::time::UnixMillis;

/// Returns the first indexes of the segments of a stream, ascending.
pub(super) fn firsts(
    disk: &dyn Disk,
    folder: &Path,
    stream: Stream,
) -> Result<Vec<u64>, JournalError> {
    let names = disk.list(folder).map_err(doing("list", folder))?;
    let firsts = names.iter().filter_map(|name| parse_name(stream, name));
    let firsts: BTreeSet<u64> = firsts.map(|(first, _)| first).collect();
    Ok(firsts.into_iter().collect())
}

/// Returns the first indexes of the segments of a stream that have a form, ascending.
pub(super) fn firsts_of(
    disk: &dyn Disk,
    folder: &Path,
    stream: Stream,
    form: Form,
) -> Result<Vec<u64>, JournalError> {
    let names = disk.list(folder).map_err(doing("list", folder))?;
    let parsed = names.iter().filter_map(|name| parse_name(stream, name));
    let mut firsts: Vec<u64> =
        parsed.filter(|(_, it)| *it == form).map(|(first, _)| first).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

/// A segment file opened to be read.
pub(super) struct Opened {
    pub(super) form: Form,
    pub(super) path: PathBuf,
    pub(super) file: Box<dyn DiskFile>,
}

/// Opens a segment in the form it has; none when it has gone.
pub(super) fn open(
    disk: &dyn Disk,
    folder: &Path,
    stream: Stream,
    first: u64,
) -> Result<Option<Opened>, JournalError> {
    // In this order: the plain form goes only once the sealed one is there.
    for form in [Form::Plain, Form::Sealed] {
        let path = folder.join(file_name(stream, first, form));
        match disk.open_to_read(&path) {
            Ok(file) => return Ok(Some(Opened { form, path, file })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(doing("open", &path)(error)),
        }
    }
    Ok(None)
}

/// Lists the segments of a stream, the oldest first; one that is being made is left out.
pub(super) fn list(
    disk: &dyn Disk,
    folder: &Path,
    stream: Stream,
) -> Result<Vec<SegmentFile>, JournalError> {
    let firsts = firsts(disk, folder, stream)?;
    let last = firsts.last().copied();
    let mut files = Vec::with_capacity(firsts.len());
    for first in firsts {
        // One that has gone was pruned since the folder was listed.
        let Some(Opened { form, path, file }) = open(disk, folder, stream, first)? else {
            continue;
        };
        let bytes = file.length().map_err(doing("measure", &path))?;
        let header = match form {
            Form::Plain => {
                let mut window = Window::new(file);
                let head = window.bytes(0, Header::BYTES).map_err(doing("read", &path))?;
                Header::read(head).filter(|header| header.first == first)
            }
            Form::Sealed => Some(Sealed::open(file, &path, first)?.header()),
        };
        match header {
            Some(header) => {
                let created = UnixMillis(header.created);
                files.push(SegmentFile {
                    path,
                    first,
                    sealed: form == Form::Sealed,
                    created,
                    bytes,
                });
            }
            None if last == Some(first) => {}
            None => return Err(JournalError::Damaged { file: path, index: first, offset: 0 }),
        }
    }
    Ok(files)
}
