//! Finds one auction among millions: by the time in its id, in the entry bundles of the public log.
//!
//! The log only helps. What it does not hold yet is looked for in the journal, and where it is not
//! kept, pruned or damaged, the whole journal is read, entry by entry.

use std::path::Path;

use tlog::tile::{self, Tile, WIDTH};

use crate::io::journal::read::{self, Frame, Frames, frames, frames_from};
use crate::io::journal::{JournalError, Stream};
use crate::io::log::files::LogFiles;
use crate::model::ids::AuctionId;
use crate::wire::record::Kind;
use crate::wire::record::seal::Entry;

/// Returns the record of an auction; none when the journal does not hold it.
///
/// # Errors
///
/// When the journal cannot be read where the record may be, or holds neither it nor all that it has
/// signed.
pub fn find(data: &Path, id: AuctionId) -> Result<Option<Frame>, JournalError> {
    let Some(logged) = Logged::open(data) else {
        return anywhere(data, id);
    };
    if let Some(frame) = at(data, logged.near(id), id)? {
        return Ok(Some(frame));
    }
    let newer = frames_from(data, Stream::Auction, logged.size)?;
    if let Some(frame) = first(newer, id)? {
        return Ok(Some(frame));
    }
    let kept = frames(data, Stream::Auction)?.next().transpose()?.map(|frame| frame.index);
    if let Some(frame) = at(data, logged.anywhere(id, kept.unwrap_or(0)), id)? {
        return Ok(Some(frame));
    }
    // Nothing holds the bundles to the tree here: the journal itself has the last word.
    anywhere(data, id)
}

/// Returns the record of the last auction; none when the journal holds none.
///
/// # Errors
///
/// When the journal cannot be read where the record may be, or lacks records that it has signed.
pub fn latest(data: &Path) -> Result<Option<Frame>, JournalError> {
    if let Some(logged) = Logged::open(data) {
        if let Some(frame) = last(data, logged.size)? {
            return Ok(Some(frame));
        }
        if let Some((index, id)) = logged.last()
            && let Some(frame) = at(data, Some(index), id)?
        {
            return Ok(Some(frame));
        }
    }
    let signed = read::signed(data, Stream::Auction)?;
    let mut end = 0;
    let mut found = None;
    let mut all = frames(data, Stream::Auction)?;
    while let Some(frame) = all.read()? {
        end = frame.index + 1;
        if id_of(frame.payload).is_some() {
            found = Some(frame.to_frame());
        }
    }
    read::whole(data, Stream::Auction, signed, end)?;
    Ok(found)
}

/// Returns the record of the last auction that the published checkpoint covers; none without one, or
/// where the log does not help to find it.
///
/// # Errors
///
/// When the journal cannot be read where the record is.
pub fn latest_signed(data: &Path) -> Result<Option<Frame>, JournalError> {
    let last = Logged::open(data).and_then(|logged| logged.last());
    last.map_or(Ok(None), |(index, id)| at(data, Some(index), id))
}

/// Returns the id of the auction a frame holds, if it holds one.
#[must_use]
pub fn auction(frame: &Frame) -> Option<AuctionId> {
    id_of(&frame.payload)
}

/// What the published log says of the auction stream.
struct Logged {
    files: LogFiles,
    /// How many entries its checkpoint covers.
    size: u64,
}

impl Logged {
    /// Opens the log, unless there is none that can be read.
    fn open(data: &Path) -> Option<Self> {
        let files = LogFiles::open(data, Stream::Auction).ok()?;
        let (_, checkpoint) = files.checkpoint().ok()??;
        Some(Self { files, size: checkpoint.size })
    }

    /// Returns the index of an auction from the bundles made about its time.
    fn near(&self, id: AuctionId) -> Option<u64> {
        let time = drawn_at(id);
        let count = self.size.div_ceil(WIDTH);
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.time(middle) {
                Some(begun) if time <= begun => high = middle,
                Some(_) | None => low = middle + 1,
            }
        }
        // Outwards from there: a record is made up to seconds after its id, and not in their order.
        let near = |bundle: &u64| self.time(*bundle).is_some_and(|it| it.abs_diff(time) <= SLACK);
        let before = (0..low).rev().take_while(|bundle| bundle + 1 == low || near(bundle));
        let after = (low..count).take_while(near);
        before.chain(after).find_map(|bundle| self.place(bundle, id))
    }

    /// Returns the index of an auction from any bundle; entries below `kept` may be gone.
    fn anywhere(&self, id: AuctionId, kept: u64) -> Option<u64> {
        // As far as there are bundles: a checkpoint may count what nobody has.
        let bundles = kept / WIDTH..self.size.div_ceil(WIDTH);
        let mut entries = bundles.map_while(|bundle| Some((bundle, self.entries(bundle)?)));
        entries.find_map(|(bundle, entries)| entries.place(bundle, id))
    }

    /// Returns index and id of the last auction.
    fn last(&self) -> Option<(u64, AuctionId)> {
        // A checkpoint may count what nobody has: then the journal is read instead.
        let bundles = (0..self.size.div_ceil(WIDTH)).rev().take(LOOKED_AT);
        let mut there = bundles.map_while(|bundle| Some((bundle, self.entries(bundle)?)));
        there.find_map(|(bundle, entries)| {
            let ids = (bundle * WIDTH..).zip(entries.iter());
            ids.filter_map(|(index, entry)| Some((index, id_of(entry)?))).last()
        })
    }

    fn place(&self, bundle: u64, id: AuctionId) -> Option<u64> {
        self.entries(bundle)?.place(bundle, id)
    }

    /// Returns when the first record of a bundle was made, in Unix milliseconds.
    fn time(&self, bundle: u64) -> Option<u64> {
        Some(Entry::read(self.entries(bundle)?.iter().next()?)?.at.0)
    }

    fn entries(&self, bundle: u64) -> Option<Entries> {
        let width = (self.size - bundle * WIDTH).min(WIDTH);
        let width = u16::try_from(width).expect("a bundle has at most 256 entries");
        let bytes =
            self.files.tile(Tile { kind: tile::Kind::Entries, index: bundle, width }).ok()??;
        let entries = Entries(bytes);
        let (whole, rest) = entries.0.as_chunks::<ENTRY>();
        let good = rest.is_empty() && whole.len() == usize::from(width);
        (good && whole.iter().all(|entry| entry.starts_with(&LENGTH))).then_some(entries)
    }
}

/// The bytes of an entry bundle, whose entries all have the length of ours.
struct Entries(Vec<u8>);

impl Entries {
    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.as_chunks::<ENTRY>().0.iter().map(|entry| &entry[LENGTH.len()..])
    }

    /// Returns the index of an auction, if it is among the entries of this bundle.
    fn place(&self, bundle: u64, id: AuctionId) -> Option<u64> {
        (bundle * WIDTH..).zip(self.iter()).find(|(_, it)| id_of(it) == Some(id)).map(|(at, _)| at)
    }
}

/// Returns the record at an index, if it is that of this auction.
fn at(data: &Path, index: Option<u64>, id: AuctionId) -> Result<Option<Frame>, JournalError> {
    let Some(index) = index else { return Ok(None) };
    let frame = frames_from(data, Stream::Auction, index)?.next().transpose()?;
    Ok(frame.filter(|frame| frame.index == index && auction(frame) == Some(id)))
}

/// Returns the last auction among the records from an index on.
fn last(data: &Path, from: u64) -> Result<Option<Frame>, JournalError> {
    let mut last = None;
    let mut newer = frames_from(data, Stream::Auction, from)?;
    while let Some(frame) = newer.read()? {
        if id_of(frame.payload).is_some() {
            last = Some(frame.to_frame());
        }
    }
    Ok(last)
}

/// Returns the record of an auction from all there are, which must be all that were signed where it
/// is not among them.
fn anywhere(data: &Path, id: AuctionId) -> Result<Option<Frame>, JournalError> {
    let signed = read::signed(data, Stream::Auction)?;
    let mut end = 0;
    let mut all = frames(data, Stream::Auction)?;
    while let Some(frame) = all.read()? {
        if id_of(frame.payload) == Some(id) {
            return Ok(Some(frame.to_frame()));
        }
        end = frame.index + 1;
    }
    read::whole(data, Stream::Auction, signed, end)?;
    Ok(None)
}

fn first(mut frames: Frames, id: AuctionId) -> Result<Option<Frame>, JournalError> {
    while let Some(frame) = frames.read()? {
        if id_of(frame.payload) == Some(id) {
            return Ok(Some(frame.to_frame()));
        }
    }
    Ok(None)
}

/// Returns the id of the auction whose entry begins the bytes.
fn id_of(bytes: &[u8]) -> Option<AuctionId> {
    let entry = Entry::read(bytes).filter(|entry| entry.kind == Kind::Auction.number())?;
    Some(AuctionId::new(entry.id))
}

/// Returns when an id was drawn: a UUID of version 7 begins with it.
fn drawn_at(id: AuctionId) -> u64 {
    let bytes = id.bytes();
    bytes[..6].iter().fold(0, |time, byte| time << 8 | u64::from(*byte))
}

/// How far apart in milliseconds an auction's id and the record beside its own may be.
const SLACK: u64 = 10_000;
/// What stands before each entry of a bundle: how long it is.
const LENGTH: [u8; 2] = [0, 58];
/// An entry in its bundle.
const ENTRY: usize = LENGTH.len() + Entry::BYTES;

/// Bundles at the end of a log that are looked at for its last auction.
const LOOKED_AT: usize = 4_096;
