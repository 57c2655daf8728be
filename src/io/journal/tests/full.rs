//! A disk that fills up, is slow, or fails: what is still sold, what still written.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use super::{LIMITS, append, data, flushed, identity, open, payloads, settings};
use crate::io::journal::asked::ask_on;
use crate::io::journal::disk::Disk;
use crate::io::journal::space::suffices_to_start;
use crate::io::journal::{Durability, Flush, Journal, Limits, Settings, Stream};
use crate::io::simulated::{Faults, MemoryDisk};
use crate::model::time::UnixMillis;

#[tokio::test]
async fn sales_end_before_the_disk_is_full_and_go_on_by_themselves() {
    let disk = MemoryDisk::default();
    let journal = with_ballast(&disk);
    assert_eq!(disk.bytes(Path::new(BALLAST)), vec![0; 8 << 10]);
    let free = |free| {
        disk.set(Faults { free: Some(free), ..Faults::default() });
        journal.space.look();
        journal.takes(Stream::Auction)
    };
    assert!(free(32 << 10), "two segments");
    assert!(!free((32 << 10) - 1));
    assert!(journal.permit(Stream::Auction).is_none());
    assert!(journal.trouble().unwrap().contains("nearly full"));
    assert!(journal.failure().is_none(), "it is not final");
    let mut money = journal.permit(Stream::Money).unwrap().append(b"billed".to_vec());
    assert!(matches!(money.wait().await, Flush::Flushed { .. }));
    assert!(!free(33 << 10), "a little more is not enough: it would end at once again");
    assert!(free(36 << 10));
    assert!(journal.trouble().is_none());
    flushed([append(&journal, b"sold again")]).await;
}

#[tokio::test]
async fn the_ballast_keeps_room_for_what_is_under_way() {
    let disk = MemoryDisk::default();
    let journal = with_ballast(&disk);
    flushed([append(&journal, b"first")]).await;
    let permits: Vec<_> = (0..2).map(|_| journal.permit(Stream::Auction).unwrap()).collect();
    disk.set(Faults { space: Some(100), free: Some(100), ..Faults::default() });
    let group = permits.into_iter().map(|permit| permit.append(vec![1; 3000]));
    flushed(group.collect::<Vec<_>>()).await;
    assert!(!disk.names().contains(&BALLAST.into()), "it is freed");
    assert!(journal.failure().is_none());
    assert!(journal.permit(Stream::Auction).is_none(), "nothing new is sold");
    let stop = journal.permit(Stream::Money).unwrap();
    flushed([stop.append(b"stop".to_vec())]).await;
    // Room again: sales go on, and the ballast is made anew.
    disk.set(Faults { free: Some((36 << 10) + 100), ..Faults::default() });
    journal.space.look();
    assert!(journal.permit(Stream::Auction).is_none(), "the ballast needs room too");
    disk.set(Faults { free: Some(44 << 10), ..Faults::default() });
    journal.space.look();
    journal.space.fill();
    assert!(journal.permit(Stream::Auction).is_some());
    assert_eq!(disk.bytes(Path::new(BALLAST)).len(), 8 << 10);
    drop(journal);
    assert_eq!(payloads(&disk, Stream::Auction).len(), 3);
}

#[tokio::test]
async fn records_do_without_a_stretch_ahead() {
    let disk = MemoryDisk::default();
    let journal = with_ballast(&disk);
    flushed([append(&journal, b"first")]).await;
    disk.set(Faults { space: Some(3000), free: Some(3000), ..Faults::default() });
    let permit = journal.permit(Stream::Auction).unwrap();
    flushed([permit.append(vec![1; 5000])]).await;
    assert!(disk.names().contains(&BALLAST.into()), "it is kept for what has no room at all");
    assert!(journal.permit(Stream::Auction).is_none(), "nothing new is sold");
}

#[tokio::test]
async fn whoever_frees_the_ballast_the_node_finds_the_room() {
    let disk = MemoryDisk::default();
    let journal = with_ballast(&disk);
    flushed([append(&journal, b"first")]).await;
    let permit = journal.permit(Stream::Auction).unwrap();
    disk.set(Faults { space: Some(0), ..Faults::default() });
    let _request = ask_on(&disk, data(), b"{}").unwrap();
    assert!(!disk.names().contains(&BALLAST.into()));
    flushed([permit.append(vec![1; 5000])]).await;
    assert!(journal.failure().is_none());
    let again = ask_on(&disk, data(), &[7; 9000]).unwrap_err();
    assert!(again.to_string().starts_with("write data/journal/asked/"), "{again}");
    let asked = disk.files(Path::new("data/journal/asked"));
    assert_eq!(asked.len(), 1, "nothing is left of what had no room: {asked:?}");
}

#[tokio::test]
async fn a_start_takes_away_what_is_half_asked() {
    let disk = MemoryDisk::default();
    let asked = Path::new("data/journal/asked");
    disk.put(&asked.join("1-2.new"), b"{");
    disk.put(&asked.join("1-3.json"), b"{}");
    drop(open(&disk));
    assert_eq!(disk.files(asked), [asked.join("1-3.json")].into());
}

#[tokio::test]
async fn a_start_on_a_full_disk_frees_the_ballast() {
    let disk = MemoryDisk::default();
    drop(with_ballast(&disk));
    disk.set(Faults { space: Some(0), free: Some(0), ..Faults::default() });
    let journal = with_ballast(&disk);
    assert!(!disk.names().contains(&BALLAST.into()));
    let start = journal.permit(Stream::Money).unwrap();
    flushed([start.append(b"start".to_vec())]).await;
    assert!(journal.permit(Stream::Auction).is_none());
    drop(journal);
    let least = 2 * 4096 + (64 << 10);
    let free = |free| {
        disk.set(Faults { free: Some(free), ..Faults::default() });
        suffices_to_start(&disk, data(), &LIMITS)
    };
    assert!(free(least).is_ok());
    let refused = free(least - 1).unwrap_err();
    let source = std::error::Error::source(&refused).unwrap().to_string();
    assert!(source.contains("a start needs 73728 bytes, and the disk has 73727"), "{source}");
}

#[tokio::test]
async fn a_disk_full_to_the_last_byte_ends_all() {
    let disk = MemoryDisk::default();
    let journal = with_ballast(&disk);
    let permit = journal.permit(Stream::Auction).unwrap();
    disk.set(Faults { space: Some(0), ..Faults::default() });
    let mut large = permit.append(vec![1; 30_000]);
    assert_eq!(large.wait().await, Flush::Refused, "more than the ballast made room for");
    assert!(journal.failed().await.contains("auction"));
}

#[tokio::test]
async fn money_is_served_while_auctions_wait_for_a_slow_disk() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    flushed([append(&journal, b"first")]).await;
    disk.set(Faults { stall_in: Some("/auction/"), ..Faults::default() });
    let mut waiting = Vec::new();
    while let Some(permit) = journal.permit(Stream::Auction) {
        waiting.push(permit.append(vec![7; 10_000]));
    }
    assert!(!journal.takes(Stream::Auction), "auctions are shed");
    for _ in 0..50 {
        let permit = journal.permit(Stream::Money).unwrap();
        flushed([permit.append(b"billed".to_vec())]).await;
    }
    disk.set(Faults::default());
    flushed(waiting).await;
}

#[tokio::test]
async fn whoever_waits_hears_of_a_failure() {
    let disk = MemoryDisk::default();
    let journal = Arc::new(open(&disk));
    flushed([append(&journal, b"good")]).await;
    let waits = Arc::clone(&journal);
    let waiting = tokio::spawn(async move { waits.failed().await });
    disk.set(Faults { syncs: Some(0), ..Faults::default() });
    assert_eq!(append(&journal, b"lost").wait().await, Flush::Refused);
    assert_eq!(&*waiting.await.unwrap(), "the auction stream: input/output error");
    assert_eq!(journal.failed().await, journal.trouble().unwrap());
    assert!(journal.permit(Stream::Money).is_none());
}

#[tokio::test]
async fn the_latest_time_of_a_record_is_known_at_start() {
    let disk = MemoryDisk::default();
    let journal = open(&disk);
    assert_eq!(journal.newest(), None);
    for time in [5u64, 9, 7] {
        let payload = [&[1; 18][..], &time.to_be_bytes(), &[2; 32]].concat();
        flushed([append(&journal, &payload)]).await;
    }
    drop(journal);
    assert_eq!(open(&disk).newest(), Some(UnixMillis(9)));
}

#[test]
fn files_are_their_owners_only() {
    let data = tempfile::tempdir().unwrap();
    let durability = Durability::Flushed;
    let journal = Journal::open(data.path(), &identity(), durability, |_| false).unwrap();
    let permit = journal.permit(Stream::Auction).unwrap();
    assert_ne!(permit.append(b"x".to_vec()).wait_blocking(), Flush::Refused);
    let mode = |path: &str| {
        let path = data.path().join("journal").join(path);
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!([mode(""), mode("auction"), mode("money")], [0o700; 3]);
    let files = ["auction/auction-00000000000000000000.seg", "ballast", "lock"];
    assert_eq!(files.map(mode), [0o600; 3]);
}

fn with_ballast(disk: &MemoryDisk) -> Journal {
    let limits = Limits { ballast: 8 << 10, ..LIMITS };
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    Journal::open_on(disk, data(), &identity(), Settings { limits, ..settings() }, |_| false)
        .unwrap()
}

const BALLAST: &str = "data/journal/ballast";
