//! Sealed segments: the same records as the plain ones, or word of the damage.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{append, data, flushed, open, payloads, reader, segment};
use crate::io::journal::disk::Disk;
use crate::io::journal::files;
use crate::io::journal::prune::{Pruned, prune_on};
use crate::io::journal::read::{Frame, frames_from_on};
use crate::io::journal::rewrite::rewrite_on;
use crate::io::journal::seal::{Full, Sealing, lock, seal, tidy};
use crate::io::journal::segment::{Form, Header, write_frame};
use crate::io::journal::{JournalError, Stream, folder};
use crate::io::simulated::{Chance, MemoryDisk};
use crate::model::time::UnixMillis;

#[test]
fn a_sealed_segment_gives_the_same_records() {
    for seed in 1..20 {
        let plain = three_segments(seed, &mut |chance| match chance.below(12) {
            0 => 300_000 + chance.below(300_000),
            1 => 100_000,
            _ => 1 + chance.below(9_000),
        });
        let sealed = plain.copy();
        for first in firsts(&plain) {
            let before = plain.bytes(&segment(first));
            assert!(matches!(seal_one(&sealed, first), Ok(Sealing::Done { .. })) || first == 40);
            if first < 40 {
                let after = sealed.bytes(&sealed_path(first));
                let unpacked = zstd::stream::decode_all(after.as_slice()).unwrap();
                assert!(unpacked == before, "seed {seed}: zstd -d gives the plain segment");
            }
        }
        let (expected, found) = (frames(&plain), frames(&sealed));
        assert_eq!(expected.len(), found.len());
        for (expected, found) in expected.iter().zip(&found) {
            assert_eq!((expected.index, expected.offset), (found.index, found.offset));
            assert!(expected.payload == found.payload);
        }
        for index in [0, 1, 7, 19, 20, 21, 33, 39, 40, 45] {
            let disk = Arc::new(sealed.clone());
            let mut from = frames_from_on(disk, data(), Stream::Auction, index).unwrap();
            let frame = from.next().unwrap().unwrap();
            assert_eq!(frame.index, index);
            assert!(frame.payload == expected[usize::try_from(index).unwrap()].payload);
        }
    }
}

#[test]
fn every_byte_of_a_sealed_segment_counts() {
    let disk = three_segments(1, &mut |chance| 20 + chance.below(60));
    seal_one(&disk, 0).unwrap();
    let path = sealed_path(0);
    let whole = disk.bytes(&path);
    let expected = frames(&disk);
    let check = |what: &str, bytes: &[u8]| {
        disk.put(&path, bytes);
        let mut good = 0;
        for frame in reader(&disk) {
            match frame {
                Ok(frame) if frame.index < 20 => {
                    assert!(frame == expected[good], "{what}: a changed record was given");
                    good += 1;
                }
                Err(JournalError::Damaged { file, index, .. }) => {
                    assert_eq!(file, path, "{what}");
                    return assert!(index < 20, "{what}: index {index}");
                }
                other => panic!("{what}: {other:?}"),
            }
        }
        panic!("{what}: not noticed");
    };
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        check(&format!("byte {place} of {}", whole.len()), &bytes);
        check(&format!("cut at {place}"), &whole[..place]);
    }
    check("a byte more", &[whole.as_slice(), b"x"].concat());
}

#[tokio::test]
async fn full_segments_are_sealed_beside_the_writer_and_its_readers() {
    let disk = MemoryDisk::sealing();
    let mut early = reader(&disk);
    let journal = open(&disk);
    for number in 0..100u8 {
        flushed([append(&journal, &[number | 1; 2000])]).await;
        let frame = early.next().unwrap().unwrap();
        assert_eq!((frame.index, frame.payload[0]), (u64::from(number), number | 1));
    }
    disk.until(|names| plain_of(names) == 1);
    let sealed = disk.names().iter().filter(|name| is_sealed(name)).count();
    assert!(10 < sealed, "{sealed}");
    assert_eq!(payloads(&disk, Stream::Auction).len(), 100);
    let listed = files::list(&disk, &folder(data(), Stream::Auction), Stream::Auction).unwrap();
    assert_eq!(listed.iter().filter(|file| file.sealed).count(), sealed);
    assert!(listed.is_sorted_by_key(|file| file.created), "a start is never before another's");
    drop(journal);
    assert_eq!(open(&disk).on_disk(Stream::Auction), 100);
}

#[test]
fn what_a_crash_leaves_is_cleared_by_the_next_start() {
    let disk = three_segments(1, &mut |_| 700);
    let full = disk.bytes(&segment(0));
    seal_one(&disk, 0).unwrap();
    // Both forms, the sealed one good; then broken; and a temporary file.
    disk.put(&segment(0), &full);
    let mut broken = disk.bytes(&sealed_path(0));
    broken[100] ^= 1;
    let twice = disk.copy();
    twice.put(&sealed_path(0), &broken);
    for disk in [disk, twice] {
        disk.put(Path::new("data/journal/auction/auction-00000000000000000020.seg.zst.tmp"), b"x");
        let expected = frames(&disk);
        let journal = open(&disk);
        disk.until(|names| plain_of(names) == 1 && !names.iter().any(|name| is_temporary(name)));
        drop(journal);
        let found = frames(&disk);
        assert_eq!(expected.len(), found.len());
        assert!(expected.iter().zip(&found).all(|(one, other)| one.payload == other.payload));
    }
}

#[test]
fn a_damaged_segment_is_not_sealed() {
    let disk = three_segments(1, &mut |_| 700);
    let mut bytes = disk.bytes(&segment(0));
    bytes[5000] ^= 1;
    disk.put(&segment(0), &bytes);
    let sealed = seal_one(&disk, 0);
    assert!(matches!(sealed, Err(JournalError::Damaged { index: 6, .. })), "{sealed:?}");
    assert_eq!(disk.bytes(&segment(0)), bytes);
    let mut short = disk.bytes(&segment(20));
    short.truncate(64 + 19 * 708);
    disk.put(&segment(20), &short);
    assert!(matches!(seal_one(&disk, 20), Err(JournalError::Damaged { index: 39, .. })));
    assert_eq!(plain_of(&disk.names()), 3);
    assert!(!disk.names().iter().any(|name| is_sealed(name) || is_temporary(name)));
}

/// Each step of sealing, rewriting and pruning is the last before a power cut.
#[test]
fn a_power_cut_at_any_step_loses_no_record() {
    let mut cuts = 0;
    for first in [0, 20] {
        for job in [Job::Seal, Job::Rewrite(Form::Plain), Job::Rewrite(Form::Sealed), Job::Prune] {
            let before = three_segments(7, &mut |chance| 26 + chance.below(2_000));
            if !matches!(job, Job::Seal | Job::Rewrite(Form::Plain)) {
                seal_one(&before, 0).unwrap();
                seal_one(&before, 20).unwrap();
            }
            let old = frames(&before);
            let whole = before.copy();
            job.run(&whole, first).unwrap();
            let new = frames(&whole);
            for step in 0..whole.steps() {
                for seed in 0..40 {
                    let disk = before.copy();
                    disk.cut_power_after(step);
                    let _ = job.run(&disk, first);
                    let after = disk.after_power_cut(seed);
                    let found = frames(&after);
                    let what = format!("{job:?} of {first} at step {step}, seed {seed}");
                    let one_of = same(&found, &old) || same(&found, &new);
                    // A prune of two segments may come to its end for one.
                    let rest = matches!(job, Job::Prune) && same(&found, &old[20..]);
                    assert!(one_of || rest, "{what}: {} records", found.len());
                    tidy(&after, &folder(data(), Stream::Auction)).unwrap();
                    job.run(&after, first).unwrap();
                    assert!(same(&frames(&after), &new), "{what}: done again");
                    cuts += 1;
                }
            }
        }
    }
    assert!(1_000 < cuts, "{cuts}");
}

#[test]
fn a_rewrite_replaces_payloads_in_either_form() {
    for form in [Form::Plain, Form::Sealed] {
        let disk = three_segments(3, &mut |_| 900);
        if form == Form::Sealed {
            seal_one(&disk, 20).unwrap();
        }
        let steps = disk.steps();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let changed = rewrite_on(&shared, data(), auction(&segment(20)), &mut |_| None).unwrap();
        assert_eq!((changed, disk.steps()), (0, steps), "nothing changes, nothing is written");
        let mut seen = Vec::new();
        let changed = rewrite_on(&shared, data(), auction(&sealed_path(20)), &mut |frame| {
            seen.push(frame.index);
            (frame.index % 5 == 3).then(|| b"erased".to_vec())
        });
        assert_eq!(changed.unwrap(), 4);
        assert_eq!(seen, (20..40).collect::<Vec<_>>());
        let found = frames(&disk);
        assert_eq!(found.len(), 50);
        for frame in found {
            let erased = (20..40).contains(&frame.index) && frame.index % 5 == 3;
            assert_eq!(erased, frame.payload == b"erased");
        }
        let absent = rewrite_on(&shared, data(), auction(&segment(21)), &mut |_| None);
        assert!(matches!(absent, Err(JournalError::Io { .. })));
    }
    let disk = three_segments(3, &mut |_| 900);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let last = segment(40);
    let erase = &mut |_: &Frame| Some(b"x".to_vec());
    let running = disk.lock(Path::new("data/journal/lock")).unwrap().unwrap();
    let refused = rewrite_on(&shared, data(), auction(&last), erase);
    assert!(matches!(refused, Err(JournalError::Locked { .. })));
    drop(running);
    assert_eq!(rewrite_on(&shared, data(), auction(&last), erase).unwrap(), 10);
    assert_eq!(open(&disk).on_disk(Stream::Auction), 50);
}

#[test]
fn a_prune_deletes_what_is_old_sealed_and_signed() {
    let disk = three_segments(5, &mut |_| 100);
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let prune = |before| prune_on(&shared, data(), Stream::Auction, UnixMillis(before)).unwrap();
    let nothing = Pruned::default();
    assert_eq!(prune(u64::MAX), nothing, "what is not sealed stays");
    seal_one(&disk, 0).unwrap();
    seal_one(&disk, 20).unwrap();
    disk.remove(Path::new(CHECKPOINT)).unwrap();
    assert_eq!(prune(u64::MAX), nothing, "what is not signed stays");
    disk.put(Path::new(CHECKPOINT), b"origin\n39\nroot\n");
    // The records of `three_segments` are as old as their index, in milliseconds from 1,000.
    assert_eq!(prune(1_019), nothing, "the last record is not older");
    let bytes = u64::try_from(disk.bytes(&sealed_path(0)).len()).unwrap();
    let mut following = reader(&disk);
    assert_eq!(following.next().unwrap().unwrap().index, 0);
    let pruned = Pruned { segments: 1, records: 20, bytes, first_kept: 20 };
    assert_eq!(prune(1_020), pruned);
    assert_eq!(prune(u64::MAX), Pruned { first_kept: 20, ..nothing }, "39 of 40 are signed");
    let rest: Vec<_> = following.map(|frame| frame.unwrap().index).collect();
    assert_eq!(rest, (1..50).collect::<Vec<_>>(), "an open segment is read to its end");
    let kept: Vec<_> = frames(&disk).iter().map(|frame| frame.index).collect();
    assert_eq!(kept, (20..50).collect::<Vec<_>>());
    let money = prune_on(&shared, data(), Stream::Money, UnixMillis(u64::MAX));
    assert!(matches!(money, Err(JournalError::Io { .. })));
    assert_eq!(open(&disk).on_disk(Stream::Auction), 50);
}

#[test]
fn a_prune_takes_the_entry_bundles_with_it() {
    let disk = MemoryDisk::sealing();
    for (first, end) in [(0, 300), (300, 600), (600, 610)] {
        put_segment(&disk, first, end, &mut || 30);
    }
    let bundle = |number: u64| PathBuf::from(format!("data/log/auction/tile/entries/{number:03}"));
    let partial = PathBuf::from("data/log/auction/tile/entries/002.p/98");
    [bundle(0), bundle(1), partial.clone()].iter().for_each(|path| disk.put(path, b"entries"));
    disk.put(Path::new(CHECKPOINT), b"origin\n610\nroot\n");
    seal_one(&disk, 0).unwrap();
    seal_one(&disk, 300).unwrap();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    prune_on(&shared, data(), Stream::Auction, UnixMillis(1_300)).unwrap();
    assert!(!disk.names().contains(&bundle(0)));
    assert!(disk.names().contains(&bundle(1)), "it holds entries of records that are kept");
    prune_on(&shared, data(), Stream::Auction, UnixMillis(u64::MAX)).unwrap();
    assert!(!disk.names().contains(&bundle(1)));
    assert!(disk.names().contains(&partial), "it is not full");
}

#[derive(Clone, Copy, Debug)]
enum Job {
    Seal,
    Rewrite(Form),
    Prune,
}

impl Job {
    fn run(self, disk: &MemoryDisk, first: u64) -> Result<(), JournalError> {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        match self {
            Self::Seal if !disk.names().contains(&segment(first)) => Ok(()),
            Self::Seal => seal_one(disk, first).map(|_| ()),
            Self::Rewrite(_) => {
                let erase = &mut |frame: &Frame| {
                    let erased = frame.index.is_multiple_of(7) && frame.payload != b"erased";
                    erased.then(|| b"erased".to_vec())
                };
                rewrite_on(&shared, data(), auction(&segment(first)), erase).map(|_| ())
            }
            Self::Prune => {
                let before = UnixMillis(1_020 + first);
                prune_on(&shared, data(), Stream::Auction, before).map(|_| ())
            }
        }
    }
}

fn auction(path: &Path) -> (Stream, &Path) {
    (Stream::Auction, path)
}

fn seal_one(disk: &MemoryDisk, first: u64) -> Result<Sealing, JournalError> {
    let folder = folder(data(), Stream::Auction);
    let _sealing = lock(disk, data())?;
    let end = first + 20;
    let full =
        Full { folder: &folder, stream: Stream::Auction, first, end: end_of(disk, first, end) };
    seal(disk, &full, &|| false)
}

fn end_of(disk: &MemoryDisk, first: u64, otherwise: u64) -> u64 {
    firsts(disk).into_iter().find(|it| first < *it).unwrap_or(otherwise)
}

fn firsts(disk: &MemoryDisk) -> Vec<u64> {
    files::firsts(disk, &folder(data(), Stream::Auction), Stream::Auction).unwrap()
}

/// Returns segments of the records 0 to 19, 20 to 39, and 40 to 49, with payloads of drawn lengths.
fn three_segments(seed: u64, length: &mut dyn FnMut(&mut Chance) -> usize) -> MemoryDisk {
    let disk = MemoryDisk::sealing();
    let mut chance = Chance(seed);
    for (first, end) in [(0, 20), (20, 40), (40, 50)] {
        put_segment(&disk, first, end, &mut || length(&mut chance));
    }
    disk.put(Path::new(CHECKPOINT), b"origin\n50\nroot\n");
    disk
}

/// Puts a plain segment of records whose time is their index, in milliseconds from 1,000.
fn put_segment(disk: &MemoryDisk, first: u64, end: u64, length: &mut dyn FnMut() -> usize) {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest("x.example/n1/auction");
    let header = Header { first, origin: *hash.first_chunk().unwrap(), created: 1_000 + first };
    let mut bytes = header.bytes().to_vec();
    for index in first..end {
        let mut payload = [0; 26].to_vec();
        payload[..8].copy_from_slice(&index.to_le_bytes());
        payload[18..].copy_from_slice(&(1_000 + index).to_be_bytes());
        let mut chance = Chance(index);
        let words: Vec<u8> = (0..99).map(|_| chance.below(40).try_into().unwrap()).collect();
        let length = length().max(26) - 26;
        payload.extend(words.iter().cycle().take(length));
        write_frame(index, &payload, &mut bytes);
    }
    disk.put(&segment(first), &bytes);
}

fn frames(disk: &MemoryDisk) -> Vec<Frame> {
    reader(disk).map(Result::unwrap).collect()
}

fn same(one: &[Frame], other: &[Frame]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| (one.index, one.payload == other.payload) == (other.index, true))
}

fn sealed_path(first: u64) -> PathBuf {
    segment(first).with_extension("seg.zst")
}

fn is_sealed(path: &Path) -> bool {
    path.to_str().unwrap().ends_with(".seg.zst")
}

fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "tmp")
}

fn plain_of(names: &[PathBuf]) -> usize {
    names.iter().filter(|name| name.extension().is_some_and(|it| it == "seg")).count()
}

const CHECKPOINT: &str = "data/journal/auction/checkpoint";
