//! Takes gzip (RFC 1952) off a whole body: one member, its checksum and length checked.
//!
//! The state of the decompressor and the room it writes to are the thread's.

use std::cell::Cell;

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::model::call::CallFault;

/// Returns what a gzip member of exactly these bytes holds, at most `most` bytes.
///
/// # Errors
///
/// When it is longer, or the bytes are anything else than one whole member.
pub(super) fn gunzip(bytes: &[u8], most: usize) -> Result<Vec<u8>, CallFault> {
    let mut works = WORKS
        .take()
        .unwrap_or_else(|| Box::new(Works { inflate: Decompress::new(false), room: Vec::new() }));
    let unpacked = unpack(bytes, most, &mut works);
    WORKS.set(Some(works));
    unpacked
}

/// What decompressing takes.
struct Works {
    inflate: Decompress,
    /// One byte longer than the longest body.
    room: Vec<u8>,
}

fn unpack(bytes: &[u8], most: usize, works: &mut Works) -> Result<Vec<u8>, CallFault> {
    let packed = skip_header(bytes).ok_or(CallFault::Encoding)?;
    works.inflate.reset(false);
    works.room.resize(most + 1, 0);
    let room = &mut works.room[..];
    let status = works.inflate.decompress(packed, room, FlushDecompress::Finish);
    let total = |total: u64| usize::try_from(total).unwrap_or(usize::MAX);
    let (read, written) = (total(works.inflate.total_in()), total(works.inflate.total_out()));
    if most < written {
        return Err(CallFault::TooLarge);
    }
    let body = room.get(..written).ok_or(CallFault::Encoding)?;
    let trailer = packed.get(read..).and_then(|rest| <[u8; 8]>::try_from(rest).ok());
    let (Ok(Status::StreamEnd), Some([a, b, c, d, e, f, g, h])) = (status, trailer) else {
        return Err(CallFault::Encoding);
    };
    let mut crc = Crc::new();
    crc.update(body);
    if crc.sum() != u32::from_le_bytes([a, b, c, d])
        || crc.amount() != u32::from_le_bytes([e, f, g, h])
    {
        return Err(CallFault::Encoding);
    }
    Ok(body.to_vec())
}

/// Returns what follows the header of a member; `None` when it has no whole one.
fn skip_header(bytes: &[u8]) -> Option<&[u8]> {
    let (fixed, mut rest) = bytes.split_at_checked(10)?;
    let flags = fixed[3];
    if !fixed.starts_with(&[0x1f, 0x8b, DEFLATE]) || flags & RESERVED != 0 {
        return None;
    }
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = memchr::memchr(0, rest)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & HEADER_CRC != 0 {
        let mut crc = Crc::new();
        crc.update(&bytes[..bytes.len() - rest.len()]);
        let (stated, after) = rest.split_first_chunk()?;
        if crc.sum() & 0xffff != u32::from(u16::from_le_bytes(*stated)) {
            return None;
        }
        rest = after;
    }
    Some(rest)
}

const DEFLATE: u8 = 8;
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

thread_local! {
    static WORKS: Cell<Option<Box<Works>>> = const { Cell::new(None) };
}
