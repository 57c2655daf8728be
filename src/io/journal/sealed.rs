//! The sealed form of a segment, `.seg.zst`: the same bytes in zstd frames, and an index.
//!
//! The file is a zstd stream that `zstd -d` turns back into the plain segment. Its first zstd frame
//! holds the 64 bytes of the header, each further one whole records: at most 256 KiB, or a single
//! record that is longer. The last is a skippable frame, the index; integers are little-endian:
//!
//! ```text
//! u32 0x184D2A5B, u32 length of what follows
//! per zstd frame: u64 index of its first record, u64 its offset in this file,
//!                 u32 its length, u32 its length unpacked, u32 CRC-32C of its packed bytes
//! u64 index after the last record, u64 the latest time of a record (all ones: not known),
//! u32 number of zstd frames, u32 CRC-32C of the index so far, "BWIDX01\n"
//! ```

use std::io;
use std::path::{Path, PathBuf};

use zstd::bulk::{Compressor, Decompressor};

use crate::io::journal::disk::DiskFile;
use crate::io::journal::segment::{
    FRAME_HEAD, Found, HEAD, Header, MAX_PAYLOAD, read_frame, time_of, write_frame,
};
use crate::io::journal::{JournalError, doing};

/// One zstd frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Block {
    /// Index of its first record.
    first: u64,
    /// Where it stands in the sealed file.
    offset: u64,
    /// Its length there.
    packed: u32,
    /// Its length unpacked.
    plain: u32,
    /// CRC-32C of its packed bytes.
    crc: u32,
    /// Where it begins in the plain file.
    start: u64,
}

/// A sealed segment, read through one unpacked zstd frame.
pub(super) struct Sealed {
    file: Box<dyn DiskFile>,
    path: PathBuf,
    header: Header,
    blocks: Vec<Block>,
    end: u64,
    newest: u64,
    unpacker: Decompressor<'static>,
    packed: Vec<u8>,
    plain: Vec<u8>,
    /// Which block `plain` holds.
    held: Option<usize>,
}

impl Sealed {
    /// Reads index and header of the segment that begins with the record `first`.
    pub(super) fn open(
        file: Box<dyn DiskFile>,
        path: &Path,
        first: u64,
    ) -> Result<Self, JournalError> {
        let index = read_index(&*file).map_err(doing("read", path))?;
        let damaged = || JournalError::Damaged { file: path.to_owned(), index: first, offset: 0 };
        let index = index.filter(|index| index.blocks[0].first == first).ok_or_else(damaged)?;
        let mut sealed = Self {
            file,
            path: path.to_owned(),
            header: Header { first, origin: [0; 16], created: 0 },
            blocks: index.blocks,
            end: index.end,
            newest: index.newest,
            unpacker: Decompressor::new().map_err(doing("unpack", path))?,
            packed: Vec::new(),
            plain: Vec::new(),
            held: None,
        };
        sealed.load(0)?;
        let header = Header::read(&sealed.plain).filter(|header| header.first == first);
        sealed.header = header.ok_or_else(damaged)?;
        Ok(sealed)
    }

    pub(super) fn header(&self) -> Header {
        self.header
    }

    /// Returns the index after its last record.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Returns the latest time of a record, in Unix milliseconds; the highest when one has none.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// Returns a record at or before `index` from which reading may begin: its index and its offset
    /// in the plain segment.
    pub(super) fn before(&self, index: u64) -> (u64, u64) {
        let after = self.blocks.partition_point(|block| block.first <= index);
        let block = self.blocks[after.max(2) - 1];
        (block.first, block.start)
    }

    /// Finds the record `index` at an offset of the plain segment and returns the length of its
    /// payload; none at the end.
    pub(super) fn frame(&mut self, offset: u64, index: u64) -> Result<Option<usize>, JournalError> {
        let after = self.blocks.partition_point(|block| block.start <= offset);
        let block = self.blocks[after - 1];
        let last = block.start + u64::from(block.plain);
        if offset == last && after == self.blocks.len() {
            return Ok(None);
        }
        self.load(after - 1)?;
        let place = usize::try_from(offset - block.start).expect("a block fits into memory");
        match read_frame(self.plain.get(place..).unwrap_or_default(), index) {
            Found::Frame(count) => Ok(Some(count)),
            Found::End | Found::Bad => Err(self.damaged(index, offset)),
        }
    }

    /// Returns the payload of the frame that `frame` found at an offset.
    pub(super) fn payload(&self, offset: u64, count: usize) -> &[u8] {
        let start = self.held.map_or(0, |held| self.blocks[held].start);
        let place = usize::try_from(offset - start).expect("a block fits into memory") + FRAME_HEAD;
        &self.plain[place..place + count]
    }

    /// Returns how many zstd frames there are.
    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Returns the index of the first record of a zstd frame.
    pub(super) fn first_of(&self, number: usize) -> u64 {
        self.blocks[number].first
    }

    /// Unpacks a zstd frame and returns where it begins in the plain file, and its bytes.
    pub(super) fn block(&mut self, number: usize) -> Result<(u64, &[u8]), JournalError> {
        self.load(number)?;
        Ok((self.blocks[number].start, &self.plain))
    }

    fn load(&mut self, number: usize) -> Result<(), JournalError> {
        if self.held == Some(number) {
            return Ok(());
        }
        self.held = None;
        let block = self.blocks[number];
        let length = usize::try_from(block.packed).expect("a block fits into memory");
        let plain = usize::try_from(block.plain).expect("a block fits into memory");
        self.packed.resize(length, 0);
        let read = self.file.read_at(block.offset, &mut self.packed);
        let read = read.map_err(doing("read", &self.path))?;
        let whole = read == length && crc32c::crc32c(&self.packed) == block.crc;
        self.plain.clear();
        self.plain.reserve_exact(plain);
        let unpacked = whole
            && self.unpacker.decompress_to_buffer(&self.packed, &mut self.plain).ok()
                == Some(plain);
        if !unpacked {
            return Err(self.damaged(block.first, block.start));
        }
        self.held = Some(number);
        Ok(())
    }

    fn damaged(&self, index: u64, offset: u64) -> JournalError {
        JournalError::Damaged { file: self.path.clone(), index, offset }
    }
}

struct Index {
    /// At least two: the header's and one of records.
    blocks: Vec<Block>,
    end: u64,
    newest: u64,
}

/// Reads the index at the end of a sealed file, or `None` when it is not as it was written.
fn read_index(file: &dyn DiskFile) -> io::Result<Option<Index>> {
    let length = file.length()?;
    let Some(tail) = length.checked_sub(TRAILER) else { return Ok(None) };
    let mut trailer = [0; TRAILER_BYTES];
    file.read_at(tail, &mut trailer)?;
    let count = trailer[16..20].first_chunk().map_or(0, |count| u32::from_le_bytes(*count));
    let body = u64::from(count) * ENTRY;
    let Some(start) = tail.checked_sub(SKIPPABLE + body) else { return Ok(None) };
    let whole = usize::try_from(length - start).ok().filter(|whole| *whole <= MAX_INDEX);
    let Some(whole) = whole else { return Ok(None) };
    let mut bytes = vec![0; whole];
    file.read_at(start, &mut bytes)?;
    Ok(parse_index(&bytes, start))
}

fn parse_index(bytes: &[u8], start: u64) -> Option<Index> {
    let (bytes, magic) = bytes.split_last_chunk::<8>()?;
    let (bytes, crc) = bytes.split_last_chunk::<4>()?;
    if magic != MAGIC || u32::from_le_bytes(*crc) != crc32c::crc32c(bytes) {
        return None;
    }
    let mut cursor = Cursor(bytes);
    let (mark, length) = (cursor.u32()?, cursor.u32()?);
    let entries = cursor.0.len().checked_sub(20)?;
    if mark != SKIPPABLE_MAGIC || usize::try_from(length).ok()? != entries + TRAILER_BYTES {
        return None;
    }
    let mut blocks: Vec<Block> = Vec::with_capacity(entries / ENTRY_BYTES);
    let (mut offset, mut place) = (0, 0);
    while 20 < cursor.0.len() {
        let first = cursor.u64()?;
        let block = Block {
            first,
            offset: cursor.u64()?,
            packed: cursor.u32()?,
            plain: cursor.u32()?,
            crc: cursor.u32()?,
            start: place,
        };
        let in_order = match blocks.as_slice() {
            [] => block.plain == HEADER,
            [header] => header.first == first,
            [.., last] => last.first < first,
        };
        let small = block.plain <= MAX_PLAIN && block.packed <= MAX_PACKED;
        if block.offset != offset || !in_order || !small {
            return None;
        }
        offset += u64::from(block.packed);
        place += u64::from(block.plain);
        blocks.push(block);
    }
    let (end, newest, count) = (cursor.u64()?, cursor.u64()?, cursor.u32()?);
    let good = usize::try_from(count).ok()? == blocks.len()
        && 2 <= blocks.len()
        && offset == start
        && blocks.last()?.first < end;
    good.then_some(Index { blocks, end, newest })
}

/// Bytes not read yet.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }
}

/// Writes the sealed form of a segment, record by record.
pub(super) struct Packer {
    file: Box<dyn DiskFile>,
    packer: Compressor<'static>,
    blocks: Vec<Block>,
    /// Where the next zstd frame goes.
    offset: u64,
    /// Records of the next zstd frame, the first of them `first`.
    plain: Vec<u8>,
    first: u64,
    next: u64,
    newest: u64,
    unsynced: u64,
}

impl Packer {
    /// Begins with the header.
    pub(super) fn new(file: Box<dyn DiskFile>, header: &Header) -> io::Result<Self> {
        let mut packer = Self {
            file,
            packer: Compressor::new(LEVEL)?,
            blocks: Vec::new(),
            offset: 0,
            plain: header.bytes().to_vec(),
            first: header.first,
            next: header.first,
            newest: 0,
            unsynced: 0,
        };
        packer.flush()?;
        Ok(packer)
    }

    /// Appends the next record.
    pub(super) fn add(&mut self, payload: &[u8]) -> io::Result<()> {
        let frame = FRAME_HEAD + payload.len();
        if !self.plain.is_empty() && BLOCK < self.plain.len() + frame {
            self.flush()?;
        }
        write_frame(self.next, payload, &mut self.plain);
        self.next += 1;
        self.newest = self.newest.max(time_of(payload).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Writes the index and syncs the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let body = self.blocks.len() * ENTRY_BYTES + TRAILER_BYTES;
        let mut index = Vec::with_capacity(8 + body);
        index.extend_from_slice(&SKIPPABLE_MAGIC.to_le_bytes());
        let length = u32::try_from(body).expect("a segment has few blocks");
        index.extend_from_slice(&length.to_le_bytes());
        for block in &self.blocks {
            index.extend_from_slice(&block.first.to_le_bytes());
            index.extend_from_slice(&block.offset.to_le_bytes());
            index.extend_from_slice(&block.packed.to_le_bytes());
            index.extend_from_slice(&block.plain.to_le_bytes());
            index.extend_from_slice(&block.crc.to_le_bytes());
        }
        index.extend_from_slice(&self.next.to_le_bytes());
        index.extend_from_slice(&self.newest.to_le_bytes());
        let count = u32::try_from(self.blocks.len()).expect("a segment has few blocks");
        index.extend_from_slice(&count.to_le_bytes());
        let crc = crc32c::crc32c(&index);
        index.extend_from_slice(&crc.to_le_bytes());
        index.extend_from_slice(MAGIC);
        self.file.write_at(self.offset, &index)?;
        self.file.sync()
    }

    /// Packs and writes what is gathered.
    fn flush(&mut self) -> io::Result<()> {
        if self.plain.is_empty() {
            return Ok(());
        }
        let packed = self.packer.compress(&self.plain)?;
        self.file.write_at(self.offset, &packed)?;
        let start = self.blocks.last().map_or(0, |last| last.start + u64::from(last.plain));
        let length = u32::try_from(packed.len()).expect("a block is far below 4 GiB");
        self.blocks.push(Block {
            first: self.first,
            offset: self.offset,
            packed: length,
            plain: u32::try_from(self.plain.len()).expect("a block is far below 4 GiB"),
            crc: crc32c::crc32c(&packed),
            start,
        });
        self.offset += u64::from(length);
        self.first = self.next;
        self.plain.clear();
        self.unsynced += u64::from(length);
        // Little by little: one large sync would hold up those of the writers.
        if SYNC_EVERY <= self.unsynced {
            self.unsynced = 0;
            self.file.sync()?;
        }
        Ok(())
    }
}

/// Returns where the next record stands after one with a payload of so many bytes.
pub(super) fn after(offset: u64, count: usize) -> u64 {
    offset + HEAD + u64::try_from(count).expect("a payload's length fits")
}

/// The most bytes of records in a zstd frame, unless one is longer.
const BLOCK: usize = 256 << 10;
/// Of 1 to 22. Most of what is left of a record are hashes, so more work finds little: of 22 MB of
/// auctions, level 1 leaves 2.25 MB, 3 2.50, 5 2.18 and 6 2.09, where 5 takes 3.7 times as long as
/// 1, for every auction that is sold.
const LEVEL: i32 = 1;
/// Packed bytes between two syncs.
const SYNC_EVERY: u64 = 1 << 20;
const HEADER: u32 = 64;
const ENTRY_BYTES: usize = 28;
const ENTRY: u64 = 28;
const TRAILER_BYTES: usize = 32;
const TRAILER: u64 = 32;
/// Magic and length of the skippable frame.
const SKIPPABLE: u64 = 8;
const SKIPPABLE_MAGIC: u32 = 0x184D_2A5B;
const MAGIC: &[u8; 8] = b"BWIDX01\n";
/// No zstd frame unpacks to more.
#[expect(clippy::cast_possible_truncation, reason = "it is about 4 MiB")]
const MAX_PLAIN: u32 = (MAX_PAYLOAD + FRAME_HEAD) as u32;
/// Nor is one longer: what cannot be packed grows by a little.
const MAX_PACKED: u32 = MAX_PLAIN + (64 << 10);
/// No index is longer: a segment of the largest size has some thousands of zstd frames.
const MAX_INDEX: usize = 64 << 20;
