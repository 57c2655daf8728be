//! The thread that writes one stream: what is queued, one sync, again.
//!
//! Groups form by themselves while a sync runs. A failed write or sync is final: the kernel may
//! have dropped the pages, so asking again would get a false yes. Only a write that found the disk
//! full is done once more, after the ballast was freed.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::io::chain::Chain;
use crate::io::journal::disk::{Disk, DiskFile};
use crate::io::journal::keeper::Keeper;
use crate::io::journal::queue::{Append, Queue};
use crate::io::journal::recover::{FIRST_FRAME, OpenSegment};
use crate::io::journal::segment::{FRAME_HEAD, Form, Header, MAX_BATCH, file_name, write_frame};
use crate::io::journal::space::Space;
use crate::io::journal::{Limits, Stream};

/// Writes the segments of one stream.
pub(super) struct Writer {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) folder: PathBuf,
    pub(super) stream: Stream,
    pub(super) origin: [u8; 16],
    pub(super) limits: Limits,
    /// The segment being written; none before the first record.
    pub(super) segment: Option<OpenSegment>,
    pub(super) space: Arc<Space>,
    /// Told when a segment is full.
    pub(super) keeper: Arc<Keeper>,
}

/// Ends the queue when its writer is gone, however it went.
struct End<'a>(&'a Queue);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end(Some(Arc::from("the writer thread ended")));
    }
}

/// Writes until the queue is closed and empty, or the disk fails.
pub(super) fn run(queue: &Queue, mut writer: Writer) {
    let _end = End(queue);
    let spacing = writer.limits.spacing;
    let mut last_flush: Option<Instant> = None;
    let mut frames = Vec::new();
    while queue.wait(last_flush.map(|last| last + spacing)) {
        last_flush = Some(Instant::now());
        let batch = writer.batch(queue);
        // What one long record needed is not kept.
        frames.clear();
        frames.shrink_to(MAX_BATCH);
        match writer.flush(&batch, &mut frames) {
            Ok(()) => queue.flushed(batch),
            // The queue ends before the batch is dropped: who is refused must find it failed.
            Err(error) => {
                let stream = writer.stream.name();
                tracing::error!(stream, error = %Chain(&error), "the journal failed; nothing is sold from here on");
                return queue
                    .end(Some(Arc::from(format!("the {stream} stream: {}", Chain(&error)))));
            }
        }
    }
}

impl Writer {
    /// Takes what is queued and fits into the segment, at least one record.
    fn batch(&self, queue: &Queue) -> Vec<Append> {
        let batch = queue.take(self.room().min(MAX_BATCH));
        if batch.is_empty() { queue.take_one() } else { batch }
    }

    /// Returns how many bytes the segment still takes.
    fn room(&self) -> usize {
        let offset = self.segment.as_ref().map_or(u64::MAX, |segment| segment.offset);
        usize::try_from(self.limits.segment.saturating_sub(offset)).unwrap_or(usize::MAX)
    }

    /// Writes and syncs a batch, by way of an empty buffer.
    fn flush(&mut self, batch: &[Append], frames: &mut Vec<u8>) -> io::Result<()> {
        let Some(first) = batch.first() else { return Ok(()) };
        frames.reserve(batch.iter().map(|append| append.payload.len() + FRAME_HEAD).sum());
        for append in batch {
            write_frame(append.index, &append.payload, frames);
        }
        let room = self.room();
        let segment = match self.segment.take() {
            Some(segment) if frames.len() <= room || segment.offset == FIRST_FRAME => segment,
            full => self.next_segment(full, first.index)?,
        };
        let segment = self.segment.insert(segment);
        let bytes = u64::try_from(frames.len()).expect("a batch's length fits");
        let end = segment.offset + bytes;
        self.space.spend(|| {
            self.space.spare(preallocate(&*segment.file, end, self.limits.ahead))?;
            segment.file.write_at(segment.offset, frames)
        })?;
        segment.file.sync()?;
        segment.offset = end;
        self.space.wrote(bytes);
        Ok(())
    }

    /// Ends a full segment and makes the next one.
    fn next_segment(&self, full: Option<OpenSegment>, first: u64) -> io::Result<OpenSegment> {
        let mut made_last = 0;
        if let Some(full) = full {
            full.file.set_length(full.offset)?;
            full.file.sync()?;
            made_last = full.created;
        }
        let path = self.folder.join(file_name(self.stream, first, Form::Plain));
        let file = self.space.spend(|| self.disk.create(&path))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        // A clock that goes back must not make a segment older than the one before it.
        let created = now.max(made_last);
        let header = Header { first, origin: self.origin, created };
        self.space.spend(|| {
            file.write_at(0, &header.bytes())?;
            self.space.spare(preallocate(&*file, FIRST_FRAME, self.limits.ahead))
        })?;
        file.sync()?;
        self.disk.sync_folder(&self.folder)?;
        // From here on the one before is never written again.
        self.keeper.reached(self.stream, first);
        Ok(OpenSegment { file, first, created, offset: FIRST_FRAME })
    }
}

/// Writes zeroes ahead of the frames, a stretch at a time, so that most syncs change no metadata.
///
/// Real zeroes: `fallocate` alone leaves a change of metadata for each later sync.
fn preallocate(file: &dyn DiskFile, end: u64, ahead: u64) -> io::Result<()> {
    let mut length = file.length()?;
    if end <= length {
        return Ok(());
    }
    let target = end.next_multiple_of(ahead);
    while length < target {
        let left = usize::try_from(target - length).expect("a stretch fits into memory");
        let zeroes = &ZEROES[..left.min(ZEROES.len())];
        file.write_at(length, zeroes)?;
        length += u64::try_from(zeroes.len()).expect("a stretch of zeroes fits");
    }
    Ok(())
}

/// Written again and again: memory of a stretch's size costs more than the writes.
static ZEROES: [u8; 64 << 10] = [0; 64 << 10];
