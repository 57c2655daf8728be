//! Putting a stream together at start: its end, its queue, its writer.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::io::journal::alarm::Alarm;
use crate::io::journal::disk::Disk;
use crate::io::journal::keeper::Keeper;
use crate::io::journal::queue::Queue;
use crate::io::journal::recover::{self, Cut};
use crate::io::journal::space::Space;
use crate::io::journal::writer::Writer;
use crate::io::journal::{Identity, JournalError, Settings, Stream, folder, origin, read};

/// What the streams of a journal share.
pub(super) struct Common {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) space: Arc<Space>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) alarm: Alarm,
}

/// A stream that was recovered and is ready to go on.
pub(super) struct Line {
    pub(super) queue: Arc<Queue>,
    pub(super) writer: Writer,
    pub(super) cut: Option<Cut>,
    /// The latest time of a record of its last segment, in Unix milliseconds.
    pub(super) newest: Option<u64>,
}

/// Finds the end of a stream and makes queue and writer that go on from there.
pub(super) fn recovered(
    common: &Common,
    data: &Path,
    identity: &Identity,
    settings: &Settings,
    stream: Stream,
) -> Result<Line, JournalError> {
    let Common { disk, space, keeper, alarm } = common;
    let folder = folder(data, stream);
    let name = origin(identity, stream);
    let anchor = settings.anchor.as_deref();
    let signed = recover::signed_anywhere(&**disk, &folder, (stream, &name), anchor)?;
    let hash: [u8; 32] = Sha256::digest(name).into();
    let origin = *hash.first_chunk().expect("16 is below 32");
    let found = recover::recover(&**disk, &folder, stream, origin, signed)?;
    if let Some(cut) = &found.cut {
        let file = cut.file.display();
        tracing::warn!(%file, cut.index, cut.offset, cut.bytes, "cut a torn record");
    }
    keeper.reached(stream, found.last.as_ref().map_or(found.next, |last| last.first));
    let Settings { durability, limits, .. } = *settings;
    let queue = Queue::new(found.next, limits.queue, durability, alarm.clone());
    let writer = Writer {
        disk: Arc::clone(disk),
        folder,
        stream,
        origin,
        limits,
        segment: found.last,
        space: Arc::clone(space),
        keeper: Arc::clone(keeper),
    };
    Ok(Line { queue, writer, cut: found.cut, newest: found.newest })
}

/// Counts the starts in the money stream.
pub(super) fn starts(
    disk: &Arc<dyn Disk>,
    data: &Path,
    is_start: impl Fn(&[u8]) -> bool,
) -> Result<u64, JournalError> {
    let mut count = 0;
    let mut frames = read::frames_on(Arc::clone(disk), data, Stream::Money)?;
    while let Some(frame) = frames.read()? {
        count += u64::from(is_start(frame.payload));
    }
    Ok(count)
}
