//! Retention: whole segments of the auction stream that are old enough are deleted.
//!
//! What is to go is planned first and told in a record of the money stream; it is deleted once a
//! checkpoint signs that record, so that nothing is ever missing that no signed record tells of. The entry bundles of a segment's records go before it does,
//! so that after a crash the next prune finds what is left to do. Tiles and checkpoints stay: what is kept still verifies.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tlog::tile::{self, Tile};

use crate::io::journal::disk::{Disk, LocalDisk};
use crate::io::journal::files::{self, firsts};
use crate::io::journal::recover::{LOG, published, signed};
use crate::io::journal::seal::lock;
use crate::io::journal::sealed::Sealed;
use crate::io::journal::segment::{Form, file_name};
use crate::io::journal::{JournalError, Stream, doing, folder};
use crate::model::time::UnixMillis;

/// What was deleted, or is to be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Pruned {
    /// Segment files.
    pub segments: u64,
    /// Records in them.
    pub records: u64,
    /// Their bytes on disk, without entry bundles.
    pub bytes: u64,
    /// The index of the first record that is kept.
    pub first_kept: u64,
}

/// Deletes the sealed segments at the front of a stream all of whose records are older than
/// `before`, with their full entry bundles, and records nothing. May run beside a node.
///
/// Only what a signed checkpoint covers is deleted (`checkpoint` beside the segments): its place in
/// the tree is all that is left of a record.
///
/// # Errors
///
/// For the money stream, which is kept for the legal term; when a segment is damaged, or the file
/// system refuses.
pub fn prune(data: &Path, stream: Stream, before: UnixMillis) -> Result<Pruned, JournalError> {
    prune_on(&(Arc::new(LocalDisk) as Arc<dyn Disk>), data, stream, before)
}

/// Says what `prune` would delete, so that it can be told first.
///
/// # Errors
///
/// As `prune`.
pub fn plan(data: &Path, stream: Stream, before: UnixMillis) -> Result<Pruned, JournalError> {
    plan_on(&(Arc::new(LocalDisk) as Arc<dyn Disk>), data, stream, before)
}

/// Says whether a checkpoint that the world was shown signs a record of the money stream: what it
/// tells of may be deleted from then on.
///
/// # Errors
///
/// When the checkpoint cannot be read.
pub fn is_signed(data: &Path, told: u64) -> Result<bool, JournalError> {
    is_signed_on(&LocalDisk, data, told)
}

/// Deletes what was planned, and nothing that is old enough only since. Only whoever finds the record
/// that tells of it signed may.
///
/// # Errors
///
/// As `prune`.
pub fn delete(data: &Path, stream: Stream, planned: &Pruned) -> Result<(), JournalError> {
    delete_on(&(Arc::new(LocalDisk) as Arc<dyn Disk>), data, stream, planned)
}

/// Prunes a stream on `disk`.
///
/// # Errors
///
/// As `prune`.
pub fn prune_on(
    disk: &Arc<dyn Disk>,
    data: &Path,
    stream: Stream,
    before: UnixMillis,
) -> Result<Pruned, JournalError> {
    let planned = plan_on(disk, data, stream, before)?;
    delete_on(disk, data, stream, &planned)?;
    Ok(planned)
}

/// Says on `disk` what `is_signed` does.
pub(super) fn is_signed_on(disk: &dyn Disk, data: &Path, told: u64) -> Result<bool, JournalError> {
    Ok(told < published(disk, data, Stream::Money)?)
}

/// Plans the pruning of a stream on `disk`.
pub(super) fn plan_on(
    disk: &Arc<dyn Disk>,
    data: &Path,
    stream: Stream,
    before: UnixMillis,
) -> Result<Pruned, JournalError> {
    let folder = folder(data, stream);
    if stream == Stream::Money {
        let never = "the money stream is kept for the legal term";
        return Err(doing("prune", &folder)(io::Error::new(io::ErrorKind::Unsupported, never)));
    }
    let _sealing = lock(&**disk, data)?;
    let signed = signed(&**disk, &folder)?;
    let all = firsts(&**disk, &folder, stream)?;
    let mut pruned = Pruned { first_kept: all.first().copied().unwrap_or(0), ..Pruned::default() };
    // The last one is never sealed while a node runs, and tells the next start where to go on.
    for pair in all.windows(2) {
        let (first, next) = (pair[0], pair[1]);
        let Some(opened) = files::open(&**disk, &folder, stream, first)? else { break };
        if opened.form == Form::Plain {
            break;
        }
        let bytes = opened.file.length().map_err(doing("measure", &opened.path))?;
        let sealed = Sealed::open(opened.file, &opened.path, first)?;
        if before.0 <= sealed.newest() || signed < next {
            break;
        }
        pruned.segments += 1;
        pruned.records += next - first;
        pruned.bytes += bytes;
        pruned.first_kept = next;
    }
    Ok(pruned)
}

/// Deletes on `disk` what was planned.
pub(super) fn delete_on(
    disk: &Arc<dyn Disk>,
    data: &Path,
    stream: Stream,
    planned: &Pruned,
) -> Result<(), JournalError> {
    if planned.segments == 0 {
        return Ok(());
    }
    let folder = folder(data, stream);
    let _sealing = lock(&**disk, data)?;
    let all = firsts(&**disk, &folder, stream)?;
    for pair in all.windows(2) {
        let (first, next) = (pair[0], pair[1]);
        if planned.first_kept < next {
            break;
        }
        remove_bundles(&**disk, data, stream, (first, next))?;
        let path = folder.join(file_name(stream, first, Form::Sealed));
        disk.remove(&path).map_err(doing("remove", &path))?;
        // One by one: a crash must not keep an older segment and lose a younger one.
        disk.sync_folder(&folder).map_err(doing("sync", &folder))?;
    }
    Ok(())
}

/// Removes the full bundles all of whose entries lie below the end of the range, from the one on
/// that holds its first.
fn remove_bundles(
    disk: &dyn Disk,
    data: &Path,
    stream: Stream,
    (first, end): (u64, u64),
) -> Result<(), JournalError> {
    let log = data.join(LOG).join(stream.name());
    for index in first / BUNDLE..end / BUNDLE {
        let bundle = Tile { kind: tile::Kind::Entries, index, width: 256 };
        let path = log.join(bundle.to_string());
        match disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(doing("remove", &path)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

const BUNDLE: u64 = tile::WIDTH;
