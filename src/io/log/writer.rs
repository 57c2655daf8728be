//! Keeping the log of one stream: leaves, tiles, signed checkpoints.
//!
//! The order makes it safe: tiles first, then the private copy of the checkpoint, then the anchor's,
//! then the published one, each durable before the next. So whatever was seen outside is never
//! ahead of what the next start knows to be signed.

use std::path::PathBuf;
use std::sync::Arc;

use tlog::checkpoint::Checkpoint;
use tlog::note::{SignerKey, VerifierKey};
use tlog::tile::{Tile, Tiles, WIDTH};
use tlog::tree;

use crate::io::journal::Stream;
use crate::io::journal::disk::Disk;
use crate::io::journal::read::{Frames, frames_from_on};
use crate::io::log::edge::{Edge, Made};
use crate::io::log::files::{LogFiles, read};
use crate::io::log::followed::kept;
use crate::io::log::store::{Store, replace};
use crate::io::log::{
    CHECKPOINT, ENTRY, Entry, LogError, anchored, doing, folder, private, rebuild,
};

/// Where a log lies.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) data: PathBuf,
    /// The folder of a third copy of each checkpoint.
    pub(super) anchor: Option<PathBuf>,
    pub(super) stream: Stream,
    /// The log that this one follows and whose last checkpoint may stand at the anchor.
    pub(super) before: Option<Box<str>>,
}

/// The log of one stream, open for growing. Only who holds the journal's lock may have one.
pub(super) struct StreamLog {
    place: Place,
    key: SignerKey,
    store: Store,
    edge: Edge,
    /// How many records the last checkpoint signs.
    signed: u64,
    frames: Option<Frames>,
}

impl StreamLog {
    /// Opens the log of a stream whose journal holds `journal` records, and checks that what was
    /// signed is what is there.
    ///
    /// # Errors
    ///
    /// When it is not, so that signing on could contradict what was signed; or the disk refuses.
    pub(super) fn open(place: Place, key: SignerKey, journal: u64) -> Result<Self, LogError> {
        let Place { disk, data, stream, .. } = &place;
        let mut store = Store::open(Arc::clone(disk), data, folder(data, *stream))?;
        let files = LogFiles::on(Arc::clone(disk), data, *stream, key.verifier());
        let known = Known::read(&place, &files)?;
        let signed = known.last.as_ref().map_or(0, |(_, last)| last.size);
        let name = stream.name();
        if journal < signed {
            let path = private(data, *stream);
            return Err(LogError::Behind { stream: name, path, signed, journal });
        }
        let edge = match &known.last {
            Some((_, last)) => edge(&place, &files, &mut store, last)?,
            None => Edge::default(),
        };
        for (path, older) in &known.older {
            if tree::root(older.size, &files.tree(signed))? != older.root {
                let (path, size) = (path.clone(), older.size);
                return Err(LogError::Differs { stream: name, path, size });
            }
        }
        check_tail(&place, &files, signed)?;
        store.tidy(signed)?;
        place.keep_before()?;
        let log = Self { place, key, store, edge, signed, frames: None };
        match &known.last {
            // A crash may have come between the copies.
            Some((note, _)) => log.hand_out(note)?,
            // So that a log without records is told from one that was taken away.
            None if journal == 0 => log.hand_out(&log.note(0))?,
            None => {}
        }
        Ok(log)
    }

    /// Opens the log again after it failed, with the checks of a start.
    ///
    /// # Errors
    ///
    /// As `open`; the value stays as it was, and is of no use but to be opened again.
    pub(super) fn open_again(&mut self, journal: u64) -> Result<(), LogError> {
        *self = Self::open(self.place.clone(), self.key.clone(), journal)?;
        Ok(())
    }

    /// Returns the key that checks the log.
    pub(super) fn key(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// Returns how many records the last checkpoint signs.
    pub(super) fn signed(&self) -> u64 {
        self.signed
    }

    /// Takes up what the journal holds, up to a bound, and publishes a checkpoint of it; says
    /// whether that was all.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read or the log not be written: the value is of no more use until
    /// it was opened again.
    pub(super) fn step(&mut self, journal: u64) -> Result<bool, LogError> {
        let end = journal.min(self.signed + STEP);
        if end <= self.signed {
            return Ok(true);
        }
        let full = self.grow(end)?;
        for made in &self.edge.partial(self.signed) {
            self.store.write(made)?;
        }
        self.store.sync()?;
        self.hand_out(&self.note(end))?;
        self.signed = end;
        self.store.outgrown(&full)?;
        Ok(end == journal)
    }

    /// Reads records up to `end`, and writes the tiles they complete.
    fn grow(&mut self, end: u64) -> Result<Vec<Tile>, LogError> {
        let (mut full, mut made) = (Vec::new(), Vec::new());
        let mut frames = match self.frames.take() {
            Some(frames) => frames,
            None => self.place.frames(self.edge.size())?,
        };
        while self.edge.size() < end {
            let entry = self.place.entry(&mut frames, self.edge.size())?;
            self.edge.push(&entry, &mut made);
            for made in made.drain(..) {
                self.store.write(&made)?;
                full.push(made.0);
            }
        }
        self.frames = Some(frames);
        Ok(full)
    }

    /// Signs the tree of the first `size` records, which is as far as it has grown.
    fn note(&self, size: u64) -> String {
        let origin = self.key.verifier().name().into();
        let checkpoint = Checkpoint { origin, size, root: self.edge.root() };
        checkpoint.sign(&self.key).expect("the name of a key is a line of a note")
    }

    /// Writes the private copy of a checkpoint, then the anchor's, then publishes it.
    fn hand_out(&self, note: &str) -> Result<(), LogError> {
        let Place { disk, data, anchor, stream, .. } = &self.place;
        let anchor = anchor.as_ref().map(|anchor| anchored(anchor, *stream));
        let published = folder(data, *stream).join(CHECKPOINT);
        for path in [private(data, *stream)].into_iter().chain(anchor).chain([published]) {
            replace(&**disk, &path, note.as_bytes())?;
        }
        Ok(())
    }
}

impl Place {
    /// Returns the checkpoint at the anchor, if it is the last of the log that this one follows.
    fn before(&self) -> Result<Option<Vec<u8>>, LogError> {
        let (Some(anchor), Some(before)) = (&self.anchor, &self.before) else { return Ok(None) };
        let path = anchored(anchor, self.stream);
        let bytes = read(&*self.disk, &path).map_err(doing("read", &path))?;
        let origin = [before.as_bytes(), b"\n"].concat();
        Ok(bytes.filter(|bytes| bytes.starts_with(&origin)))
    }

    /// Keeps it under another name: the first checkpoint of this log takes its place.
    fn keep_before(&self) -> Result<(), LogError> {
        let Some(bytes) = self.before()? else { return Ok(()) };
        let (Some(anchor), Some(before)) = (&self.anchor, &self.before) else { return Ok(()) };
        replace(&*self.disk, &kept(anchor, before), &bytes)
    }

    /// Reads the journal from a record on.
    pub(super) fn frames(&self, index: u64) -> Result<Frames, LogError> {
        Ok(frames_from_on(Arc::clone(&self.disk), &self.data, self.stream, index)?)
    }

    /// Returns the entry of the next record, which must be `index`.
    pub(super) fn entry(&self, frames: &mut Frames, index: u64) -> Result<Entry, LogError> {
        let found = frames.read()?.filter(|frame| frame.index == index);
        let entry = found.and_then(|frame| frame.payload.first_chunk::<ENTRY>().copied());
        entry.ok_or_else(|| LogError::NoEntry { stream: self.stream.name(), index })
    }
}

/// The checkpoints that are known at a start.
struct Known {
    /// The last one signed.
    last: Option<(String, Checkpoint)>,
    /// Others, which must be of the same tree.
    older: Vec<(PathBuf, Checkpoint)>,
}

impl Known {
    fn read(place: &Place, files: &LogFiles) -> Result<Self, LogError> {
        let Place { data, anchor, stream, .. } = place;
        let (mut last, mut older) = (files.signed()?, Vec::new());
        if let Some((note, published)) = files.checkpoint()? {
            // The private copy is gone when this one is ahead.
            match &last {
                Some((_, signed)) if published.size <= signed.size => {
                    older.push((files.folder().join(CHECKPOINT), published));
                }
                _ => {
                    older.extend(last.map(|(_, signed)| (private(data, *stream), signed)));
                    last = Some((note, published));
                }
            }
        }
        if let Some(anchor) = anchor
            && place.before()?.is_none()
            && let Some((_, anchored_one)) = files.anchor(anchor)?
        {
            let path = anchored(anchor, *stream);
            let signed = last.as_ref().map_or(0, |(_, last)| last.size);
            if signed < anchored_one.size {
                let (stream, anchor) = (stream.name(), anchored_one.size);
                return Err(LogError::Restored { stream, path, anchor, signed });
            }
            older.push((path, anchored_one));
        }
        Ok(Self { last, older })
    }
}

/// Reads the edge of the log at its last checkpoint; what is missing or damaged is made again.
fn edge(
    place: &Place,
    files: &LogFiles,
    store: &mut Store,
    last: &Checkpoint,
) -> Result<Edge, LogError> {
    let read = Edge::read(files, last.size, &last.root)?;
    if let Some(edge) = read
        && rebuild::is_whole(place, files, last.size)?
    {
        return Ok(edge);
    }
    let stream = place.stream.name();
    tracing::warn!(stream, size = last.size, "the log is not whole: made again from the journal");
    let mut ignored = |_: Made| Ok(());
    let edge = rebuild::edge(place, files, last.size, &mut ignored)?;
    if edge.root() != last.root {
        let path = private(&place.data, place.stream);
        return Err(LogError::Differs { stream, path, size: last.size });
    }
    let mut kept = |made: Made| store.write(&made);
    let edge = rebuild::edge(place, files, last.size, &mut kept)?;
    for made in &edge.partial(0) {
        store.write(made)?;
    }
    store.sync()?;
    Ok(edge)
}

/// Checks that the last records signed are those of the journal, as far as it still has them.
fn check_tail(place: &Place, files: &LogFiles, signed: u64) -> Result<(), LogError> {
    let Some(last) = signed.checked_sub(1) else { return Ok(()) };
    let tile = last / WIDTH;
    let width = u16::try_from(signed - tile * WIDTH).expect("at most 256");
    let hashes = files.hashes(0, tile, width)?;
    for frame in place.frames(tile * WIDTH)? {
        let frame = frame?;
        if signed <= frame.index {
            break;
        }
        let at = usize::try_from(frame.index - tile * WIDTH).expect("below 256");
        let entry = frame.payload.first_chunk::<ENTRY>();
        if entry.is_none_or(|entry| tree::leaf(entry) != hashes[at]) {
            let (stream, path) = (place.stream.name(), private(&place.data, place.stream));
            return Err(LogError::Differs { stream, path, size: signed });
        }
    }
    Ok(())
}

/// Records of one checkpoint at most, so that a long way to catch up goes by steps.
pub(super) const STEP: u64 = 64 * WIDTH;
