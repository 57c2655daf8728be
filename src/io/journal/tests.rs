//! The journal on a disk in memory: order, crashes, faults, limits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::queue::Pending;
use super::read::frames_on;
use super::{Durability, Flush, Identity, Journal, JournalError, Limits, Settings, Stream, origin};
use crate::io::simulated::{Faults, MemoryDisk};

mod crash;
mod full;
mod power;
mod sealing;
mod seeking;

#[tokio::test]
async fn records_come_back_in_the_order_they_went() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    for number in 0..50u8 {
        let permit = journal.permit(Stream::Auction).unwrap();
        assert_eq!(permit.seq(), u64::from(number));
        let mut pending = permit.append(record(number));
        let index = u64::from(number);
        assert_eq!(pending.wait().await, Flush::Flushed { index });
        assert_eq!(pending.wait().await, Flush::Flushed { index }, "asked twice");
    }
    assert_eq!(journal.backlog(Stream::Auction), 0);
    let expected: Vec<_> = (0..50).map(record).collect();
    assert_eq!(payloads(&disk, Stream::Auction), expected);
    assert!(payloads(&disk, Stream::Money).is_empty());
}

#[tokio::test]
async fn the_bytes_are_those_of_the_format() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    let (first, second) = (append(&journal, b"one"), append(&journal, b"second"));
    flushed([first, second]).await;
    let bytes = disk.bytes(&segment(0));
    assert_eq!(&bytes[..8], b"BWSEG01\n");
    assert_eq!(&bytes[8..16], &[0; 8]);
    // The first bytes of SHA-256("x.example/n1/auction").
    assert_eq!(origin(&identity(), Stream::Auction), "x.example/n1/auction");
    use sha2::{Digest, Sha256};
    assert_eq!(bytes[16..32], Sha256::digest("x.example/n1/auction")[..16]);
    assert_eq!(&bytes[40..60], &[0; 20]);
    assert_eq!(bytes[60..64], crc(&bytes[..60]).to_le_bytes());
    let frame = |index: u64, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
        let sum = crc(&[&length[..], &index.to_le_bytes(), payload].concat());
        [&length[..], &sum.to_le_bytes(), payload].concat()
    };
    let frames = [frame(0, b"one"), frame(1, b"second")].concat();
    assert_eq!(bytes[64..64 + frames.len()], frames);
    assert!(bytes[64 + frames.len()..].iter().all(|byte| *byte == 0));
    assert_eq!(disk.bytes(&segment(0)).len(), 4096, "zeroes are written ahead");
}

#[tokio::test]
async fn a_full_segment_gives_way_to_the_next() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    // A segment takes 16 KiB here: three of these, and one that is longer than a segment.
    for number in 0..7 {
        flushed([append(&journal, &[number + 1; 5000])]).await;
    }
    flushed([append(&journal, &[9; 20_000]), append(&journal, &[10; 10])]).await;
    let names = [0, 3, 6, 7, 8].map(segment).to_vec();
    assert_eq!(disk.names(), names);
    assert_eq!(disk.bytes(&segment(0)).len(), 64 + 3 * 5008, "a full segment has no zeroes");
    let lengths: Vec<_> = payloads(&disk, Stream::Auction).iter().map(Vec::len).collect();
    assert_eq!(lengths, [5000, 5000, 5000, 5000, 5000, 5000, 5000, 20_000, 10]);
    drop(journal);
    let journal = open(&disk);
    assert_eq!(append(&journal, b"more").wait().await, Flush::Flushed { index: 9 });
}

#[tokio::test]
async fn a_reader_follows_a_writer() {
    let disk = MemoryDisk::default();
    let mut frames = reader(&disk);
    assert!(frames.next().is_none());
    let journal = open(&disk);
    for number in 0..200u8 {
        flushed([append(&journal, &[number; 1000])]).await;
        let frame = frames.next().unwrap().unwrap();
        assert_eq!((frame.index, frame.payload), (u64::from(number), vec![number; 1000]));
        assert!(frames.next().is_none());
    }
    assert!(10 < disk.names().len());
}

#[tokio::test]
async fn groups_form_while_a_sync_runs() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    flushed([append(&journal, b"first")]).await;
    disk.set(Faults { stall: true, ..Faults::default() });
    let head = append(&journal, b"head");
    disk.until_stalled();
    let before = disk.syncs();
    let group: Vec<_> = (0..100).map(|number| append(&journal, &record(number))).collect();
    disk.set(Faults::default());
    flushed([head]).await;
    flushed(group).await;
    assert_eq!(disk.syncs() - before, 2);
}

#[tokio::test]
async fn a_slow_flush_is_late_and_still_comes() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    disk.set(Faults { stall: true, ..Faults::default() });
    let mut pending = append(&journal, b"slow");
    let passed = Instant::now();
    assert_eq!(pending.by(passed).await, Flush::Late);
    assert_eq!(pending.by(passed + Duration::from_millis(1)).await, Flush::Late);
    disk.set(Faults::default());
    assert_eq!(pending.by(passed + Duration::from_secs(600)).await, Flush::Flushed { index: 0 });
    assert_eq!(pending.by(passed).await, Flush::Flushed { index: 0 });
}

#[tokio::test]
async fn a_queued_record_counts_at_once() {
    let disk = MemoryDisk::default();
    let settings = Settings { durability: Durability::Queued, ..settings() };
    let journal =
        Journal::open_on(Arc::new(disk.clone()), data(), &identity(), settings, |_| false);
    let journal = journal.unwrap();
    disk.set(Faults { stall: true, ..Faults::default() });
    let mut pending = append(&journal, b"queued");
    assert_eq!(pending.by(Instant::now()).await, Flush::Flushed { index: 0 });
    disk.set(Faults { syncs: Some(0), ..Faults::default() });
    assert_eq!(pending.wait().await, Flush::Refused, "the disk itself still decides");
}

#[tokio::test]
async fn a_number_that_is_not_used_goes_to_the_next() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    let permit = || journal.permit(Stream::Auction).unwrap();
    let (zero, one, two) = (permit(), permit(), permit());
    assert_eq!([zero.seq(), one.seq(), two.seq()], [0, 1, 2]);
    drop(two);
    assert!(journal.unused(Stream::Auction).is_empty(), "the last number was never drawn");
    drop(zero);
    assert_eq!(journal.unused(Stream::Auction), [0]);
    let again = permit();
    assert_eq!(again.seq(), 0);
    let mut refused = again.append(Vec::new());
    assert_eq!(refused.wait().await, Flush::Refused);
    assert_eq!(journal.unused(Stream::Auction), [0]);
    let mut too_long = permit().append(vec![1; (4 << 20) + 1]);
    assert_eq!(too_long.by(Instant::now()).await, Flush::Refused);
    let mut pending = one.append(b"one".to_vec());
    assert_eq!(pending.wait().await, Flush::Flushed { index: 0 });
    assert_eq!(journal.unused(Stream::Auction), [0], "a gap, if the node stopped here");
    assert_eq!([permit().seq(), journal.permit(Stream::Money).unwrap().seq()], [0, 0]);
}

#[tokio::test]
async fn a_full_queue_gives_no_permit() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    disk.set(Faults { stall: true, ..Faults::default() });
    let mut group = Vec::new();
    while let Some(permit) = journal.permit(Stream::Auction) {
        group.push(permit.append(vec![7; 10_000]));
    }
    assert!(journal.backlog(Stream::Auction) <= LIMITS.queue);
    assert!(LIMITS.queue - 40_000 < journal.backlog(Stream::Auction));
    assert!(journal.permit(Stream::Money).is_some(), "each stream has a queue of its own");
    disk.set(Faults::default());
    flushed(group).await;
    let mut permits = Vec::new();
    while let Some(permit) = journal.permit(Stream::Auction) {
        permits.push(permit);
    }
    assert_eq!(permits.len(), LIMITS.queue / (16 << 10), "permits hold room too");
    drop(permits);
    assert!(journal.permit(Stream::Auction).is_some());
}

#[tokio::test]
async fn one_journal_at_a_time() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    assert!(matches!(try_open(&disk), Err(JournalError::Locked { .. })));
    let mut last = append(&journal, b"last");
    let early = journal.permit(Stream::Auction).unwrap();
    journal.close();
    assert_eq!(last.wait().await, Flush::Flushed { index: 0 }, "closing writes what is queued");
    assert!(journal.permit(Stream::Auction).is_none());
    assert_eq!(early.append(b"late".to_vec()).wait().await, Flush::Refused);
    assert!(journal.failure().is_none());
    journal.close();
    open(&disk);
}

#[tokio::test]
async fn starts_are_counted() {
    let disk = MemoryDisk::default();
    for boot in 1..5 {
        let journal = open(&disk);
        assert_eq!(journal.boot(), boot);
        for payload in [b"other", b"start", b"again"] {
            let permit = journal.permit(Stream::Money).unwrap();
            flushed([permit.append(payload.to_vec())]).await;
        }
    }
}

#[tokio::test]
async fn another_node_may_not_go_on() {
    let disk = MemoryDisk::default();
    flushed([append(&open(&disk), b"mine")]).await;
    let other = Identity { domain: Arc::from("x.example"), node: Arc::from("n2") };
    let opened = Journal::open_on(Arc::new(disk.clone()), data(), &other, settings(), |_| false);
    let Err(error) = opened else { panic!("a foreign journal opened") };
    let text = "journal file data/journal/auction/auction-00000000000000000000.seg: \
                written by another domain or node";
    assert_eq!(error.to_string(), text);
}

/// Opens the journal with small limits.
fn open(disk: &MemoryDisk) -> Journal {
    try_open(disk).unwrap()
}

fn try_open(disk: &MemoryDisk) -> Result<Journal, JournalError> {
    let start = |payload: &[u8]| payload == b"start";
    Journal::open_on(Arc::new(disk.clone()), data(), &identity(), settings(), start)
}

fn settings() -> Settings {
    Settings { limits: LIMITS, ..Settings::new(Durability::Flushed) }
}

fn identity() -> Identity {
    Identity { domain: Arc::from("x.example"), node: Arc::from("n1") }
}

fn data() -> &'static Path {
    Path::new("data")
}

/// Returns the path of the auction segment that begins with an index.
fn segment(first: u64) -> PathBuf {
    data().join(format!("journal/auction/auction-{first:020}.seg"))
}

fn append(journal: &Journal, payload: &[u8]) -> Pending {
    journal.permit(Stream::Auction).unwrap().append(payload.to_vec())
}

async fn flushed(group: impl IntoIterator<Item = Pending>) {
    for mut pending in group {
        assert!(matches!(pending.wait().await, Flush::Flushed { .. }));
    }
}

fn reader(disk: &MemoryDisk) -> super::read::Frames {
    frames_on(Arc::new(disk.clone()), data(), Stream::Auction).unwrap()
}

fn payloads(disk: &MemoryDisk, stream: Stream) -> Vec<Vec<u8>> {
    let frames = frames_on(Arc::new(disk.clone()), data(), stream).unwrap();
    frames.map(|frame| frame.unwrap().payload).collect()
}

/// Returns a payload without zeroes, longer for larger numbers.
fn record(number: u8) -> Vec<u8> {
    vec![number | 0x80; 20 + usize::from(number)]
}

/// CRC-32C bit by bit, as nobody would write it for use.
fn crc(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0x82f6_3b78 } else { sum >> 1 };
        }
    }
    !sum
}

const LIMITS: Limits = Limits {
    segment: 16 << 10,
    queue: 256 << 10,
    ahead: 4096,
    ballast: 0,
    spacing: Duration::ZERO,
};
