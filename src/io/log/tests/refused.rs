//! Starts that may not go on, and files that are made again.

use std::path::Path;

use tlog::checkpoint::Checkpoint;
use tlog::note::SignerKey;

use super::{World, catch_up, data, key, segment};
use crate::io::journal::disk::Disk;
use crate::io::journal::{JournalError, Stream};
use crate::io::log::writer::StreamLog;
use crate::io::log::{LogError, private};
use crate::io::simulated::Chance;

/// A log of several sizes.
pub(super) fn grown(sizes: &[usize]) -> World {
    let (mut world, mut chance) = (World::new(), Chance(9));
    let mut log = world.open().unwrap();
    for size in sizes {
        world.append(*size, &mut chance).unwrap();
        catch_up(&mut log, world.size()).unwrap();
    }
    world
}

#[test]
fn a_journal_behind_its_checkpoint_is_refused() {
    let world = grown(&[300]);
    world.disk.open(&segment()).unwrap().set_length(world.offsets[299]).unwrap();
    let before = world.disk.steps();
    let error = world.start().unwrap_err();
    assert!(matches!(error, JournalError::Behind { signed: 300, holds: 299, .. }), "{error}");
    let synced = world.disk.steps() - before;
    assert!(synced <= 3, "nothing is written by a start that is refused, {synced} folders synced");
    let text = error.to_string();
    for part in [
        "journal data/journal/auction: data/journal/auction/checkpoint signs 300",
        "holds 299",
        "exchange.node",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn a_restored_backup_is_refused_by_the_anchor() {
    let mut world = grown(&[100, 200]);
    let backup = world.disk.copy();
    let mut log = world.open().unwrap();
    world.append(20, &mut Chance(5)).unwrap();
    catch_up(&mut log, world.size()).unwrap();
    let anchor = Path::new("anchor/auction.checkpoint");
    backup.put(anchor, &world.disk.peek(anchor).unwrap());
    world.disk = backup;
    let error = world.start().unwrap_err();
    assert!(matches!(error, JournalError::Behind { signed: 320, holds: 300, .. }), "{error}");
    assert!(error.to_string().contains("anchor/auction.checkpoint signs 320"), "{error}");
    world.entries.truncate(300);
    world.offsets.truncate(301);
    let error = world.open().err().unwrap();
    assert!(matches!(error, LogError::Restored { anchor: 320, signed: 300, .. }), "{error}");
    // Going on over the lost records makes it no better.
    world.append(100, &mut Chance(6)).unwrap();
    assert!(matches!(world.open().err().unwrap(), LogError::Restored { .. }));
    // Without the anchor nobody could tell.
    world.disk.remove(anchor).unwrap();
    assert!(world.open().is_ok());
}

#[test]
fn an_anchor_of_another_history_is_refused() {
    let world = grown(&[100, 200]);
    let other = Checkpoint { origin: "x.example/n1/auction".into(), size: 120, root: [3; 32] };
    let anchor = Path::new("anchor/auction.checkpoint");
    world.disk.put(anchor, other.sign(&key()).unwrap().as_bytes());
    assert!(matches!(world.open().err().unwrap(), LogError::Differs { size: 120, .. }));
    let stranger = SignerKey::new("x.example/n1/auction", &[8; 32]).unwrap();
    world.disk.put(anchor, other.sign(&stranger).unwrap().as_bytes());
    assert!(matches!(world.open().err().unwrap(), LogError::Checkpoint { .. }));
}

#[test]
fn a_journal_of_another_history_is_refused() {
    let world = grown(&[300]);
    let mut other = World::new();
    other.append(400, &mut Chance(77)).unwrap();
    world.disk.put(&segment(), &other.disk.peek(&segment()).unwrap());
    let opened = StreamLog::open(world.place(), key(), 400);
    assert!(matches!(opened.err().unwrap(), LogError::Differs { size: 300, .. }));
    // Nor does it help to take the tiles away.
    for path in world.disk.files(&world.files().folder().join("tile")) {
        world.disk.remove(&path).unwrap();
    }
    let opened = StreamLog::open(world.place(), key(), 400);
    assert!(matches!(opened.err().unwrap(), LogError::Differs { size: 300, .. }));
}

#[test]
fn each_flipped_byte_of_a_checkpoint_is_refused_or_changes_nothing() {
    let world = grown(&[5]);
    let path = private(data(), Stream::Auction);
    let note = world.disk.peek(&path).unwrap();
    for at in 0..note.len() {
        let mut other = note.clone();
        other[at] ^= 1;
        world.disk.put(&path, &other);
        assert!(world.open().is_err(), "byte {at}");
    }
}

#[test]
fn what_is_missing_is_made_again_from_the_journal() {
    let whole = grown(&[200, 66_000]);
    let files = whole.disk.files(&whole.files().folder().join("tile"));
    assert!(500 < files.len());
    let picked = files.iter().enumerate().filter(|(number, path)| {
        number % 97 == 0
            || !path.to_str().unwrap().contains("tile/0")
            || path.to_str().unwrap().contains(".p/")
    });
    let picked: Vec<_> = picked
        .map(|(_, path)| path)
        .filter(|path| !path.to_str().unwrap().contains("entries/0"))
        .take(12)
        .collect();
    for path in picked {
        let bytes = whole.disk.peek(path).unwrap();
        whole.disk.remove(path).unwrap();
        whole.open().unwrap();
        assert_eq!(whole.disk.peek(path), Some(bytes), "{}", path.display());
    }
    // All of them.
    for path in &files {
        whole.disk.remove(path).unwrap();
    }
    let mut log = whole.open().unwrap();
    assert_eq!(whole.disk.files(&whole.files().folder().join("tile")), files);
    assert!(log.step(whole.size()).unwrap());
}

#[test]
fn damage_at_the_edge_is_found_and_mended() {
    let world = grown(&[300]);
    for tile in ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"] {
        let path = world.path(tile);
        let good = world.disk.peek(&path).unwrap();
        for at in [0, 1, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 4;
            world.disk.put(&path, &bad);
            world.open().unwrap();
            assert_eq!(world.disk.peek(&path).unwrap(), good, "{tile}: byte {at}");
        }
        world.disk.put(&path, &good[..good.len() - 5]);
        world.open().unwrap();
        assert_eq!(world.disk.peek(&path).unwrap(), good, "{tile}: cut");
    }
}

#[test]
fn a_pruned_log_goes_on_from_its_tiles() {
    let world = grown(&[600]);
    // The journal keeps records from 530 on, the log no bundle before.
    let first: u64 = 530;
    let bytes = world.disk.peek(&segment()).unwrap();
    let mut header = bytes[..64].to_vec();
    header[8..16].copy_from_slice(&first.to_le_bytes());
    let sum = crc32c::crc32c(&header[..60]);
    header[60..].copy_from_slice(&sum.to_le_bytes());
    let from = usize::try_from(world.offsets[530]).unwrap();
    let kept = [&header, &bytes[from..]].concat();
    let name = format!("journal/auction/auction-{first:020}.seg");
    world.disk.put(&data().join(name), &kept);
    world.disk.remove(&segment()).unwrap();
    for bundle in ["tile/entries/000", "tile/entries/001"] {
        world.disk.remove(&world.path(bundle)).unwrap();
    }
    world.open().unwrap();
    // A tile above can be made again, and so can the edge.
    let (above, edge) = (world.path("tile/1/000.p/2"), world.path("tile/0/002.p/88"));
    let (good_above, good_edge) = (world.disk.peek(&above), world.disk.peek(&edge));
    world.disk.remove(&above).unwrap();
    world.disk.remove(&edge).unwrap();
    world.open().unwrap();
    assert_eq!((world.disk.peek(&above), world.disk.peek(&edge)), (good_above, good_edge));
    assert!(world.disk.peek(&world.path("tile/entries/000")).is_none(), "pruned stays pruned");
    world.disk.remove(&world.path("tile/0/001")).unwrap();
    let error = world.open().err().unwrap();
    assert!(matches!(&error, LogError::Lost { .. }), "{error}");
    assert!(error.to_string().contains("tile/0/001"), "{error}");
}
