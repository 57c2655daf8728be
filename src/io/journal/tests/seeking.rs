//! Reading from a record on: the place is found by lengths, and damage on the way still told.

use std::sync::Arc;

use super::{append, data, flushed, open, record, segment};
use crate::io::journal::read::{Frame, frames_from_on};
use crate::io::journal::{JournalError, Stream};
use crate::io::simulated::MemoryDisk;

#[tokio::test]
async fn every_record_is_found_and_none_too_early() {
    let disk = disk().await;
    for index in 0..COUNT {
        let frame = from(&disk, index).unwrap().unwrap();
        assert_eq!((frame.index, frame.payload), (index, payload(index)));
    }
    for index in [COUNT, COUNT + 1, u64::MAX] {
        assert!(from(&disk, index).is_none());
    }
    let mut frames =
        frames_from_on(Arc::new(disk.clone()), data(), Stream::Auction, COUNT + 1).unwrap();
    assert!(frames.next().is_none());
    let journal = open(&disk);
    flushed([append(&journal, b"wanted by nobody"), append(&journal, b"wanted")]).await;
    assert_eq!(frames.next().unwrap().unwrap().payload, b"wanted");
}

#[tokio::test]
async fn a_record_behind_a_damaged_one_is_found() {
    let disk = disk().await;
    change(&disk, 3, 8 + 5);
    assert_eq!(from(&disk, 9).unwrap().unwrap().payload, payload(9));
    assert!(from(&disk, COUNT).is_none());
    assert_eq!(damaged(&disk, 3), 3);
    assert_eq!(damaged(&disk, 2), 3);
}

#[tokio::test]
async fn a_length_that_leads_astray_is_told() {
    for byte in 0..4 {
        let disk = disk().await;
        change(&disk, 3, byte);
        for index in 4..COUNT + 2 {
            assert_eq!(damaged(&disk, index), 3, "byte {byte} of a length, record {index}");
        }
    }
}

/// Returns a disk with a segment of so many records.
async fn disk() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    for index in 0..COUNT {
        flushed([append(&journal, &payload(index))]).await;
    }
    disk
}

fn payload(index: u64) -> Vec<u8> {
    record(u8::try_from(index).unwrap())
}

/// Returns the first record from an index on.
fn from(disk: &MemoryDisk, index: u64) -> Option<Result<Frame, JournalError>> {
    frames_from_on(Arc::new(disk.clone()), data(), Stream::Auction, index).unwrap().next()
}

/// Reads on from an index and returns which record is said to be damaged.
fn damaged(disk: &MemoryDisk, index: u64) -> u64 {
    let frames = frames_from_on(Arc::new(disk.clone()), data(), Stream::Auction, index).unwrap();
    let error = frames.filter_map(Result::err).last();
    let Some(JournalError::Damaged { index, .. }) = error else { panic!("{error:?}") };
    index
}

/// Changes a byte of the frame of a record.
fn change(disk: &MemoryDisk, index: u64, byte: usize) {
    let before: usize = (0..index).map(|index| 8 + payload(index).len()).sum();
    let mut bytes = disk.bytes(&segment(0));
    bytes[64 + before + byte] ^= 1;
    disk.put(&segment(0), &bytes);
}

const COUNT: u64 = 40;
