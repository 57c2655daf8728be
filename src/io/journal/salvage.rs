//! What can still be read of a damaged segment: the good records behind bad bytes.
//!
//! For audits, which tell what is damaged and look at all the rest. A start never reads so.

use std::path::Path;
use std::sync::Arc;

use crate::io::journal::disk::{Disk, LONGEST, LocalDisk};
use crate::io::journal::read::Frame;
use crate::io::journal::sealed::{Sealed, after};
use crate::io::journal::segment::{FRAME_HEAD, Found, crc_of_head, payload_length, read_frame};

/// The good records behind the first bad bytes of a segment, in their order.
pub struct Salvage {
    path: Arc<Path>,
    /// The least index that the next one can have.
    index: u64,
    /// Every index is below.
    below: u64,
    source: Source,
}

enum Source {
    Plain(Plain),
    Sealed { sealed: Box<Sealed>, block: usize, at: u64 },
    Nothing,
}

/// The rest of a plain segment.
struct Plain {
    bytes: Vec<u8>,
    /// Where in the file they begin.
    start: u64,
    /// Where in them the next frame may begin.
    place: usize,
    /// Whether the frame before that place was good.
    in_step: bool,
    /// How much may still be computed to find frames.
    work: u64,
}

/// Reads what is behind a place where the record `index` should begin and does not. Its segment
/// begins with the record `first` and holds none from `below` on. What cannot be opened holds none.
#[must_use]
pub fn behind(path: &Path, (first, index): (u64, u64), offset: u64, below: u64) -> Salvage {
    let source = match path.extension().is_some_and(|form| form == "zst") {
        true => sealed(path, first, index),
        false => plain(path, offset),
    };
    Salvage { path: Arc::from(path), index, below, source: source.unwrap_or(Source::Nothing) }
}

fn plain(path: &Path, offset: u64) -> Option<Source> {
    let file = LocalDisk.open_to_read(path).ok()?;
    let length = file.length().ok()?.saturating_sub(offset).min(LONGEST);
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    let count = file.read_at(offset, &mut bytes).ok()?;
    bytes.truncate(count);
    // The rest is mostly zeroes that were written ahead.
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(written);
    Some(Source::Plain(Plain { bytes, start: offset, place: 0, in_step: false, work: WORK }))
}

fn sealed(path: &Path, first: u64, index: u64) -> Option<Source> {
    let file = LocalDisk.open_to_read(path).ok()?;
    let sealed = Box::new(Sealed::open(file, path, first).ok()?);
    let block = (1..sealed.blocks()).find(|block| index < sealed.first_of(*block))?;
    Some(Source::Sealed { sealed, block, at: 0 })
}

impl Iterator for Salvage {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let (index, offset, payload) = match &mut self.source {
            Source::Plain(plain) => plain.next(self.index..self.below)?,
            Source::Sealed { sealed, block, at } => of_block(sealed, block, at, self.index)?,
            Source::Nothing => return None,
        };
        if self.below <= index {
            return None;
        }
        self.index = index + 1;
        Some(Frame { index, file: Arc::clone(&self.path), offset, payload })
    }
}

/// Returns the next record of a sealed segment: index, offset in the plain one, payload.
fn of_block(
    sealed: &mut Sealed,
    block: &mut usize,
    at: &mut u64,
    index: u64,
) -> Option<(u64, u64, Vec<u8>)> {
    while *block < sealed.blocks() {
        let first = sealed.first_of(*block);
        let expected = index.max(first);
        if let Ok((start, bytes)) = sealed.block(*block) {
            let offset = (*at).max(start);
            let place = usize::try_from(offset - start).ok()?;
            let rest = bytes.get(place..).unwrap_or_default();
            if let Found::Frame(count) = read_frame(rest, expected) {
                *at = after(offset, count);
                return Some((expected, offset, rest[FRAME_HEAD..FRAME_HEAD + count].to_vec()));
            }
        }
        *block += 1;
    }
    None
}

impl Plain {
    fn next(&mut self, indexes: std::ops::Range<u64>) -> Option<(u64, u64, Vec<u8>)> {
        let from = self.place;
        let found = match read_frame(self.bytes.get(from..)?, indexes.start) {
            Found::Frame(count) if self.in_step => Some((indexes.start, from, count)),
            Found::Frame(_) | Found::End | Found::Bad => self.find(from, &indexes),
        };
        let (index, place, count) = found?;
        let payload = self.bytes[place + FRAME_HEAD..place + FRAME_HEAD + count].to_vec();
        (self.place, self.in_step) = (place + FRAME_HEAD + count, true);
        let offset = self.start + u64::try_from(place).expect("a place fits");
        Some((index, offset, payload))
    }

    /// Finds the next good frame from a place on: its index, its place, the length of its payload.
    fn find(&mut self, from: usize, indexes: &std::ops::Range<u64>) -> Option<(u64, usize, usize)> {
        for place in from..self.bytes.len() {
            let rest = &self.bytes[place..];
            // An entry begins with its version and a kind.
            let [1, 1..=13] = rest.get(FRAME_HEAD..FRAME_HEAD + 2)? else { continue };
            let Some(&length) = rest.first_chunk::<4>() else { break };
            let crc = rest.get(4..).and_then(|rest| rest.first_chunk::<4>()).copied()?;
            let Some(count) = payload_length(length).filter(|count| LEAST <= *count) else {
                continue;
            };
            let Some(payload) = rest.get(FRAME_HEAD..FRAME_HEAD + count) else { continue };
            let sum = crc32c::crc32c(payload);
            // Each frame lost before this one took at least so much.
            let lost = u64::try_from((place - from) / (FRAME_HEAD + LEAST)).expect("a place fits");
            let last = indexes.end.min(indexes.start.saturating_add(lost + 2));
            let found = (indexes.start..last).find(|index| {
                let head = crc_of_head(length, *index);
                crc32c::crc32c_combine(head, sum, count) == u32::from_le_bytes(crc)
            });
            if let Some(index) = found {
                return Some((index, place, count));
            }
            let cost = u64::try_from(count).expect("a length fits") + TRY * (lost + 2);
            self.work = self.work.checked_sub(cost)?;
        }
        None
    }
}

/// What may be computed to find frames, in bytes that are summed up: a hostile segment ends it.
const WORK: u64 = 8 << 30;
/// What a try with another index costs, in the same.
const TRY: u64 = 512;
/// The shortest payload of a record: entry, record key, number of sections.
const LEAST: usize = 92;
