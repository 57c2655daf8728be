//! Files of a data folder, read by somebody who trusts nobody: only what is a file, and no more of
//! it than such a file can have.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::audit::walk::{self, Lost, Step, Walk, reading};
use crate::io::journal::disk::{Disk, LONGEST, LocalDisk};
use crate::io::journal::{JournalError, Stream};

/// What is there under the name of a file.
pub(super) enum Held {
    /// Nothing.
    Absent,
    /// A file, with these bytes.
    Bytes(Vec<u8>),
    /// Something that cannot be such a file; says what.
    Odd(String),
}

/// Reads a small file.
pub(super) fn read(path: &Path) -> Result<Held, JournalError> {
    let file = match LocalDisk.open_to_read(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(Held::Absent),
        Err(error) => {
            let odd = odd(path).map(Held::Odd);
            return odd.ok_or_else(|| reading(path)(error));
        }
    };
    let length = file.length().map_err(reading(path))?;
    let count = usize::try_from(length).ok().filter(|count| *count <= MOST);
    let Some(count) = count else {
        let what = format!("it has {length} bytes, more than any file of a log");
        return Ok(Held::Odd(what));
    };
    let mut bytes = vec![0; count];
    let count = file.read_at(0, &mut bytes).map_err(reading(path))?;
    bytes.truncate(count);
    Ok(Held::Bytes(bytes))
}

/// Says what stands under the name of a file that is none, or too long for one.
pub(in crate::audit) fn odd(path: &Path) -> Option<String> {
    let known = fs::metadata(path).ok()?;
    let kind = known.file_type();
    let what = match kind {
        _ if kind.is_file() && known.len() <= LONGEST => return None,
        _ if kind.is_file() => {
            return Some(format!("it has {} bytes, more than any file of ours", known.len()));
        }
        _ if kind.is_dir() => "a folder",
        _ if kind.is_fifo() => "a pipe",
        _ => "something else",
    };
    Some(format!("it is {what}, not a file"))
}

/// Goes on with a walk; a segment that is no file counts as lost. After the last one it has ended.
pub(in crate::audit) fn step<'a, 'w>(
    walk: &'w mut Walk<'a>,
    stream: Stream,
) -> Result<Option<Step<'w>>, JournalError> {
    match walk.find() {
        Err(JournalError::Io { path, .. }) if odd(&path).is_some() => {
            let Some(index) = walk::segment(&path, stream).map(|segment| segment.first) else {
                let source = io::ErrorKind::InvalidInput.into();
                return Err(JournalError::Io { doing: "read", path, source });
            };
            let next = walk.pass_over(index)?;
            Ok(Some(Step::Lost(Lost { file: path, index, offset: 0, next })))
        }
        found => Ok(found?.map(|found| walk.lend(found))),
    }
}

/// Says whether an error means that there is no such file.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A full bundle has 15,360 bytes, a full tile 8,192, a checkpoint a few hundred and its cosignatures.
const MOST: usize = 64 << 10;
