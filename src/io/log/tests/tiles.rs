//! Which files a log has, and what they hold.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tlog::checkpoint::Checkpoint;
use tlog::tile::{Kind, Tile, entries, grown};
use tlog::tree::{self, leaf, root_of, verify_consistency, verify_inclusion};

use super::{World, catch_up, data, key};
use crate::io::log::{anchored, private};
use crate::io::simulated::Chance;

#[test]
fn a_log_of_any_size_has_exactly_its_tiles() {
    for size in [1, 255, 256, 257, 512, 70_000] {
        let mut world = World::new();
        world.append(size, &mut Chance(1)).unwrap();
        let mut log = world.open().unwrap();
        catch_up(&mut log, world.size()).unwrap();
        let files = world.files();
        let (note, checkpoint) = files.checkpoint().unwrap().unwrap();
        assert_eq!(*checkpoint.origin, *"x.example/n1/auction");
        assert_eq!((checkpoint.size, checkpoint.root), (world.size(), world.root(world.size())));
        assert!(Checkpoint::open(&note, &key().verifier()).is_ok());
        let anchor = anchored("anchor".as_ref(), crate::io::journal::Stream::Auction);
        for copy in [private(data(), crate::io::journal::Stream::Auction), anchor] {
            assert_eq!(world.disk.peek(&copy).unwrap(), note.as_bytes());
        }
        let tiles = grown(0, world.size());
        let expected: BTreeSet<PathBuf> = tiles
            .iter()
            .map(|tile| files.folder().join(tile.to_string()))
            .chain([files.folder().join("checkpoint")])
            .collect();
        assert_eq!(world.disk.files(files.folder()), expected, "{size}");
        for tile in tiles {
            assert_eq!(files.tile(tile).unwrap().unwrap(), bytes(&world, tile), "{size}: {tile}");
        }
    }
}

/// The sizes of the specification's own example.
#[test]
fn seventy_thousand_entries_make_three_levels() {
    let tiles = grown(0, 70_000);
    let count = |kind: Kind, width: u16| {
        tiles.iter().filter(|tile| tile.kind == kind && tile.width == width).count()
    };
    assert_eq!((count(Kind::Hashes(0), 256), count(Kind::Hashes(0), 112)), (273, 1));
    assert_eq!((count(Kind::Hashes(1), 256), count(Kind::Hashes(1), 17)), (1, 1));
    assert_eq!(count(Kind::Hashes(2), 1), 1);
    assert_eq!((count(Kind::Entries, 256), count(Kind::Entries, 112)), (273, 1));
}

#[test]
fn every_published_size_stays_provable_while_the_log_grows() {
    let (mut world, mut chance) = (World::new(), Chance(3));
    let mut log = world.open().unwrap();
    let mut published = vec![];
    for count in [1, 1, 100, 153, 1, 1, 250, 300, 3] {
        world.append(count, &mut chance).unwrap();
        assert!(log.step(world.size()).unwrap());
        published.push(world.files().checkpoint().unwrap().unwrap().1);
        let files = world.files();
        for (number, old) in published.iter().enumerate() {
            let nodes = files.tree(old.size);
            assert_eq!(tree::root(old.size, &nodes).unwrap(), old.root);
            let index = old.size / 2;
            let proof = tree::inclusion(index, old.size, &nodes).unwrap().unwrap();
            let place = usize::try_from(index).unwrap();
            let hash = leaf(&world.entries[place]);
            assert!(verify_inclusion(index, old.size, &hash, &proof, &old.root));
            let width = u16::try_from(old.size - index / 256 * 256).unwrap_or(256).min(256);
            let bundle = files.entry_bundle(index / 256, width).unwrap().unwrap();
            assert_eq!(bundle[place % 256], world.entries[place]);
            for new in &published[number..] {
                let nodes = files.tree(new.size);
                let proof = tree::consistency(old.size, new.size, &nodes).unwrap().unwrap();
                assert!(verify_consistency(old.size, new.size, &old.root, &new.root, &proof));
            }
        }
    }
    // What a full tile has taken the place of is gone.
    let partial = |path: &PathBuf| path.to_str().unwrap().contains(".p/");
    let files = world.disk.files(world.files().folder());
    let partial: Vec<_> = files.iter().filter(|path| partial(path)).collect();
    assert!(partial.iter().all(|path| !path.to_str().unwrap().contains("/0/000.p")), "{partial:?}");
    assert!(log.step(world.size() + 1).is_err(), "a record that is not there is no record");
}

#[test]
fn nothing_is_written_while_nothing_is_new() {
    let (mut world, mut chance) = (World::new(), Chance(4));
    world.append(300, &mut chance).unwrap();
    let mut log = world.open().unwrap();
    assert!(log.step(300).unwrap());
    let changes = world.disk.steps();
    assert!(log.step(300).unwrap());
    assert_eq!(world.disk.steps(), changes);
    world.append(1, &mut chance).unwrap();
    let changes = world.disk.steps();
    assert!(log.step(301).unwrap());
    // Two partial files, three copies of the checkpoint: create, write, sync, rename each, and
    // their folders.
    assert!(world.disk.steps() - changes <= 5 * 4 + 3 + 2, "{}", world.disk.steps() - changes);
}

/// Makes a tile as the specification tells it.
fn bytes(world: &World, tile: Tile) -> Vec<u8> {
    let first = usize::try_from(tile.index * 256).unwrap();
    let places = first..first + usize::from(tile.width);
    match tile.kind {
        Kind::Entries => {
            let held = &world.entries[places];
            let bundle: Vec<u8> =
                held.iter().flat_map(|entry| [&[0, 58][..], entry].concat()).collect();
            let read = entries(&bundle).unwrap();
            assert_eq!(read.len(), held.len());
            assert!(read.iter().zip(held).all(|(read, held)| *read == held));
            bundle
        }
        Kind::Hashes(level) => {
            let span = 256_usize.pow(u32::from(level));
            let hash = |place: usize| {
                let held = &world.entries[place * span..(place + 1) * span];
                root_of(&held.iter().map(|entry| leaf(entry)).collect::<Vec<_>>())
            };
            places.flat_map(hash).collect()
        }
    }
}
