//! Lives of a node that end in power cuts: any sectors of what was not synced may be lost.

use std::path::Path;
use std::sync::Arc;

use super::{LIMITS, append, data, identity, open, payloads, segment, settings, try_open};
use crate::io::journal::disk::Disk;
use crate::io::journal::segment::write_frame;
use crate::io::journal::{Flush, Journal, JournalError, Limits, Settings, Stream};
use crate::io::simulated::{Chance, MemoryDisk};

/// Three lives a seed, each cut off at a drawn step, sealing all the while.
#[test]
fn whatever_the_step_no_acknowledged_record_is_lost() {
    let seeds = if std::env::var_os("RUN_SLOW_TESTS").is_some() { 20_000 } else { 1_000 };
    for seed in 1..=seeds {
        let mut disk = MemoryDisk::sealing();
        let mut chance = Chance(seed);
        let (mut acknowledged, mut next) = (0, 0);
        for life in 0..3 {
            let what = format!("seed {seed}, life {life}");
            disk.cut_power_after(4 + chance.below(90));
            if let Ok(journal) = try_open_small(&disk) {
                let first = journal.on_disk(Stream::Auction);
                assert!(acknowledged <= first, "{what}: {acknowledged} of {first} at the start");
                acknowledged = live(&journal, first, &mut chance).max(acknowledged);
                next = journal.on_disk(Stream::Auction).max(next);
            }
            disk = disk.after_power_cut(seed * 3 + life);
        }
        let journal = match try_open_small(&disk) {
            Ok(journal) => journal,
            Err(error) => panic!("seed {seed}: {error}"),
        };
        drop(journal);
        let kept = payloads(&disk, Stream::Auction);
        let count = u64::try_from(kept.len()).unwrap();
        assert!(acknowledged <= count, "seed {seed}: {acknowledged} of {count}");
        for (index, payload) in (0..).zip(&kept) {
            assert!(*payload == said(index), "seed {seed}: record {index}");
        }
    }
}

/// Appends in groups until the power is off; returns how many records are known to be on disk.
fn live(journal: &Journal, first: u64, chance: &mut Chance) -> u64 {
    let (mut next, mut acknowledged) = (first, first);
    for _ in 0..12 {
        let mut group = Vec::new();
        for _ in 0..=chance.below(6) {
            let Some(permit) = journal.permit(Stream::Auction) else { return acknowledged };
            group.push(permit.append(said(next)));
            next += 1;
        }
        for pending in group {
            match pending.wait_blocking() {
                Flush::Flushed { index } => acknowledged = index + 1,
                Flush::Late | Flush::Refused => return acknowledged,
            }
        }
    }
    acknowledged
}

#[test]
fn a_lost_beginning_of_a_write_is_torn_and_a_flipped_bit_in_it_is_damage() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    for index in 0..2 {
        assert_ne!(append(&journal, &said(index)).wait_blocking(), Flush::Refused);
    }
    drop(journal);
    let mut whole = disk.bytes(&segment(0));
    let mut start = 64;
    for index in 0..2 {
        start += said(index).len() + 8;
    }
    // One write of three records, 4 sectors long, whose second sector did not arrive.
    let mut frames = Vec::new();
    (2..5).for_each(|index| write_frame(index, &vec![0x5a; 700], &mut frames));
    whole[start..start + frames.len()].copy_from_slice(&frames);
    let sector = (start / 512 + 1) * 512;
    let mut torn = whole.clone();
    torn[sector..sector + 512].fill(0);
    let cut = MemoryDisk::default();
    cut.put(&segment(0), &torn);
    let journal = open(&cut);
    assert_eq!((journal.cuts()[0].index, journal.on_disk(Stream::Auction)), (2, 2));
    drop(journal);
    let mut flipped = whole;
    flipped[sector + 100] ^= 4;
    let damaged = MemoryDisk::default();
    damaged.put(&segment(0), &flipped);
    assert!(matches!(try_open(&damaged), Err(JournalError::Damaged { index: 2, .. })));
}

/// Wherever the largest checkpoint stands: a start that knew the private one alone could cut what
/// was shown to the world.
#[test]
fn what_any_checkpoint_covers_is_never_cut() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    for index in 0..3 {
        assert_ne!(append(&journal, &said(index)).wait_blocking(), Flush::Refused);
    }
    drop(journal);
    let whole = disk.bytes(&segment(0));
    let end = 64 + (0..3).map(|index| said(index).len() + 8).sum::<usize>();
    let places = ["data/journal/auction/checkpoint", "data/log/auction/checkpoint", ANCHORED];
    for (place, other) in [(0, 1), (1, 0), (2, 0)] {
        let (place, other) = (Path::new(places[place]), Path::new(places[other]));
        for (signed, opens) in [("0", true), ("2", true), ("3", false), ("9", false), ("x", false)]
        {
            for torn in [&whole[..end - 5], &whole[..end - said(2).len() - 8]] {
                let disk = MemoryDisk::default();
                disk.put(&segment(0), torn);
                disk.put(other, b"x.example/n1/auction\n1\nroot\n");
                disk.put(place, format!("x.example/n1/auction\n{signed}\nroot\n").as_bytes());
                let what = format!("{} signs {signed}", place.display());
                match try_open_anchored(&disk) {
                    Ok(journal) => {
                        assert!(opens, "{what}");
                        assert_eq!(journal.on_disk(Stream::Auction), 2);
                    }
                    Err(JournalError::Damaged { .. } | JournalError::Behind { .. }) => {
                        assert!(!opens, "{what}");
                        assert_eq!(disk.bytes(&segment(0)), torn, "damage is left as it is");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
        // An empty journal beside a checkpoint is one that was lost.
        let disk = MemoryDisk::default();
        disk.put(place, b"x.example/n1/auction\n1\nroot\n");
        let lost = try_open_anchored(&disk).err().unwrap();
        assert!(matches!(lost, JournalError::Behind { signed: 1, holds: 0, .. }), "{lost}");
        assert!(lost.to_string().contains(&*place.to_string_lossy()), "{lost}");
    }
    // What another log signed is no word on this one.
    let disk = MemoryDisk::default();
    disk.put(Path::new(ANCHORED), b"x.example/n0/auction\n9\nroot\n");
    assert!(try_open_anchored(&disk).is_ok());
}

fn try_open_anchored(disk: &MemoryDisk) -> Result<Journal, JournalError> {
    disk.create_folder(Path::new("anchor")).unwrap();
    let settings = Settings { anchor: Some(Arc::from(Path::new("anchor"))), ..settings() };
    Journal::open_on(Arc::new(disk.clone()), data(), &identity(), settings, |_| false)
}

const ANCHORED: &str = "anchor/auction.checkpoint";

fn try_open_small(disk: &MemoryDisk) -> Result<Journal, JournalError> {
    let limits = Limits { segment: 4 << 10, ahead: 1 << 10, ..LIMITS };
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    Journal::open_on(disk, data(), &identity(), Settings { limits, ..settings() }, |_| false)
}

/// Returns what the record of an index says.
fn said(index: u64) -> Vec<u8> {
    let mut chance = Chance(index);
    let length = 26 + chance.below(900);
    (0..length).map(|_| u8::try_from(1 + chance.below(255)).unwrap()).collect()
}
