//! What a crash or a failing disk leaves, and what the next start makes of it.

use super::{append, flushed, open, payloads, reader, record, segment, try_open};
use crate::io::journal::{Flush, JournalError, Stream};
use crate::io::simulated::{Chance, Faults, MemoryDisk};

#[tokio::test]
async fn a_tail_torn_at_any_byte_is_cut_and_the_rest_kept() {
    let whole = three_records().await;
    let (start, end) = (offset(2), offset(3));
    for place in start..end {
        let mut cut = whole.clone();
        cut.truncate(place);
        let mut zeroed = whole.clone();
        zeroed[place..].fill(0);
        let mut garbled = whole.clone();
        garbled[place..end].iter_mut().for_each(|byte| *byte ^= 0x55);
        for (way, bytes) in [("cut", cut), ("zeroed", zeroed), ("garbled", garbled)] {
            let disk = MemoryDisk::default();
            disk.put(&segment(0), &bytes);
            assert_eq!(
                payloads(&disk, Stream::Auction),
                [record(0), record(1)],
                "{way} at {place}: a reader stops before it"
            );
            let journal = open(&disk);
            let torn = bytes[start..].iter().any(|byte| *byte != 0);
            assert_eq!(journal.cuts().len(), usize::from(torn), "{way} at {place}");
            if torn {
                assert_eq!((journal.cuts()[0].index, journal.cuts()[0].offset), (2, at(start)));
            }
            let mut next = append(&journal, b"next");
            assert_eq!(next.wait().await, Flush::Flushed { index: 2 }, "{way} at {place}");
            let kept = payloads(&disk, Stream::Auction);
            assert_eq!(kept, [record(0), record(1), b"next".to_vec()], "{way} at {place}");
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_before_a_good_record_is_damage() {
    let whole = three_records().await;
    for place in 64..offset(2) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        let disk = MemoryDisk::default();
        disk.put(&segment(0), &bytes);
        let hit = if place < offset(1) { 0 } else { 1 };
        let Err(error) = try_open(&disk) else { panic!("byte {place}: opened") };
        assert_damaged(&error, hit, place);
        assert_eq!(disk.bytes(&segment(0)), bytes, "damage is left as it is");
        let frames: Vec<_> = reader(&disk).collect();
        assert_eq!(frames.len(), hit + 1);
        assert_damaged(frames[hit].as_ref().unwrap_err(), hit, place);
    }
}

#[tokio::test]
async fn a_lost_record_between_good_ones_is_damage() {
    let whole = three_records().await;
    let mut zeroed = whole.clone();
    zeroed[offset(1)..offset(2)].fill(0);
    let mut removed = whole;
    removed.drain(offset(1)..offset(2));
    for bytes in [zeroed, removed] {
        let disk = MemoryDisk::default();
        disk.put(&segment(0), &bytes);
        let Err(error) = try_open(&disk) else { panic!("opened") };
        assert_damaged(&error, 1, 0);
    }
}

#[tokio::test]
async fn a_broken_header_is_damage_when_records_follow() {
    let whole = three_records().await;
    for place in 0..64 {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        let disk = MemoryDisk::default();
        disk.put(&segment(0), &bytes);
        let Err(error) = try_open(&disk) else { panic!("byte {place}: opened") };
        assert_damaged(&error, 0, place);
        assert!(reader(&disk).next().unwrap().is_err(), "byte {place}");
    }
}

#[tokio::test]
async fn more_bad_bytes_than_a_write_leaves_are_damage() {
    let mut bytes = three_records().await;
    bytes.truncate(offset(3));
    bytes.resize(bytes.len() + (4 << 20) + 100, 0x77);
    let disk = MemoryDisk::default();
    disk.put(&segment(0), &bytes);
    let Err(error) = try_open(&disk) else { panic!("opened") };
    assert_damaged(&error, 3, 0);
}

#[tokio::test]
async fn a_segment_that_was_never_born_is_removed() {
    let whole = three_records().await;
    let header = &whole[..64];
    for unborn in [&[][..], &[0; 4096], &header[..30], &[&header[..8], &[0; 100]].concat()] {
        let disk = MemoryDisk::default();
        disk.put(&segment(0), &whole[..offset(3)]);
        disk.put(&segment(3), unborn);
        assert_eq!(payloads(&disk, Stream::Auction).len(), 3);
        let journal = open(&disk);
        assert_eq!(append(&journal, b"next").wait().await, Flush::Flushed { index: 3 });
        assert_eq!(payloads(&disk, Stream::Auction).len(), 4);
        assert_eq!(disk.names(), [segment(0)]);
    }
    // One that begins elsewhere means that records are missing.
    let disk = MemoryDisk::default();
    disk.put(&segment(0), &whole[..offset(3)]);
    disk.put(&segment(5), &[]);
    assert!(matches!(try_open(&disk), Err(JournalError::Damaged { index: 3, .. })));
}

#[tokio::test]
async fn a_missing_segment_is_seen_by_readers() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    for _ in 0..7 {
        flushed([append(&journal, &[1; 5000])]).await;
    }
    let pruned = MemoryDisk::default();
    let holed = MemoryDisk::default();
    for (first, keep) in [(0, &holed), (3, &pruned), (6, &pruned), (6, &holed)] {
        keep.put(&segment(first), &disk.bytes(&segment(first)));
    }
    let indexes: Vec<_> = reader(&pruned).map(|frame| frame.unwrap().index).collect();
    assert_eq!(indexes, [3, 4, 5, 6], "what was pruned at the front is no damage");
    let last = reader(&holed).last().unwrap();
    assert!(matches!(last, Err(JournalError::Damaged { index: 3, .. })));
}

#[tokio::test]
async fn a_disk_that_fails_ends_all_selling() {
    let faults = [
        Faults { space: Some(10), ..Faults::default() },
        Faults { syncs: Some(0), ..Faults::default() },
    ];
    for fault in faults {
        let disk = MemoryDisk::default();
        let journal = open(&disk);
        flushed([append(&journal, b"good")]).await;
        let permit = || journal.permit(Stream::Auction).unwrap();
        let (waiting, group) = (permit(), [permit(), permit()]);
        disk.set(fault);
        for mut pending in group.map(|permit| permit.append(vec![1; 5000])) {
            assert_eq!(pending.wait().await, Flush::Refused);
        }
        assert!(journal.failure().is_some());
        assert!(journal.permit(Stream::Auction).is_none());
        assert!(journal.permit(Stream::Money).is_none(), "what cannot be proved is not sold");
        assert_eq!(waiting.append(b"x".to_vec()).wait().await, Flush::Refused);
        // The disk works again; the journal does not ask it.
        disk.set(Faults::default());
        assert!(journal.permit(Stream::Auction).is_none());
        drop(journal);
        let after = disk.after_power_cut(0);
        assert_eq!(append(&open(&after), b"next").wait().await, Flush::Flushed { index: 1 });
        assert_eq!(payloads(&after, Stream::Auction), [&b"good"[..], b"next"]);
    }
}

#[tokio::test]
async fn whatever_the_moment_what_was_acknowledged_survives() {
    for seed in 0..60 {
        let disk = MemoryDisk::default();
        let journal = open(&disk);
        let (space, syncs) = (usize::try_from(seed * 997).unwrap(), seed % 7);
        let syncs = usize::try_from(syncs).unwrap();
        disk.set(Faults { space: Some(space), syncs: Some(syncs), ..Faults::default() });
        let mut acknowledged = 0;
        let mut pending = Vec::new();
        for number in 0..40u8 {
            let Some(permit) = journal.permit(Stream::Auction) else { break };
            pending.push(permit.append(vec![number | 0x80; 100 + 37 * usize::from(number)]));
            if number % 3 == 0 {
                for mut pending in pending.drain(..) {
                    acknowledged += usize::from(pending.wait().await != Flush::Refused);
                }
            }
        }
        drop(journal);
        let after = disk.after_power_cut(seed);
        let kept = {
            let journal = open(&after);
            drop(journal);
            payloads(&after, Stream::Auction)
        };
        assert!(acknowledged <= kept.len(), "seed {seed}: {acknowledged} of {}", kept.len());
        for (number, payload) in kept.iter().enumerate() {
            assert_eq!(payload.len(), 100 + 37 * number, "seed {seed}: the order holds");
        }
    }
}

#[tokio::test]
async fn whatever_the_file_a_start_keeps_a_prefix_or_refuses() {
    let whole = three_records().await;
    let mut chance = Chance(1);
    let mut number = |bound: usize| chance.below(bound);
    let mut opened = 0;
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..=number(2) {
            let place = number(offset(3) + 20);
            match number(4) {
                0 => bytes.truncate(place),
                1 => bytes.extend_from_slice(&whole[64..place.max(64)]),
                2 => bytes.insert(place.min(bytes.len()), 0xff),
                _ => bytes[place..].iter_mut().take(9).for_each(|byte| *byte = byte.rotate_left(3)),
            }
            bytes.resize(bytes.len().max(4096), 0);
        }
        let disk = MemoryDisk::default();
        disk.put(&segment(0), &bytes);
        match try_open(&disk) {
            Ok(journal) => {
                drop(journal);
                opened += 1;
                let kept = payloads(&disk, Stream::Auction);
                let all = [record(0), record(1), record(2)];
                assert!(all.starts_with(&kept), "{} records", kept.len());
            }
            Err(JournalError::Damaged { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!((40..360).contains(&opened), "{opened} of 400 must open");
}

/// Returns a segment of three records.
async fn three_records() -> Vec<u8> {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    flushed((0..3).map(|number| append(&journal, &record(number)))).await;
    disk.bytes(&segment(0))
}

/// Returns where the frame of a record of `three_records` begins.
fn offset(number: usize) -> usize {
    64 + (0..number).map(|number| 8 + record(u8::try_from(number).unwrap()).len()).sum::<usize>()
}

fn at(offset: usize) -> u64 {
    u64::try_from(offset).unwrap()
}

fn assert_damaged(error: &JournalError, expected: usize, place: usize) {
    let JournalError::Damaged { index, .. } = error else { panic!("byte {place}: {error}") };
    assert_eq!(*index, at(expected), "byte {place}");
}
