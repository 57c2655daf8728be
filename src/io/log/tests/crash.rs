//! Power lost at any moment, over many seeds: what was signed once stays true.
//!
//! Each seed is a node of five starts, four of which end in a power cut at a drawn change of the disk.
//! `LOG_CRASH_SEEDS` says how many (300); with `RUN_SLOW_TESTS` there are 50,000.

use std::collections::BTreeMap;

use tlog::checkpoint::Checkpoint;
use tlog::tree;

use super::{World, catch_up, data};
use crate::io::journal::{JournalError, Stream};
use crate::io::log::{LogError, folder, private};
use crate::io::simulated::{Chance, is_off};

#[test]
fn no_crash_makes_a_log_contradict_itself() {
    let told = std::env::var("LOG_CRASH_SEEDS").ok().map(|text| text.parse().unwrap());
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    let seeds: u64 = told.unwrap_or(if slow { 50_000 } else { 300 });
    let (mut signed, mut crashes) = (0, 0);
    for seed in 0..seeds {
        let (world, seen, notes) = (World::new(), BTreeMap::new(), BTreeMap::new());
        let mut life = Life { world, chance: Chance(seed), seen, notes };
        for _ in 0..4 {
            let budget = 1 + life.chance.below(90);
            life.world.disk.cut_power_after(budget);
            crashes += usize::from(life.boot(seed).is_none());
            life.look(seed);
            let draw = 1 + life.chance.next() / 2;
            life.world.disk = life.world.disk.after_power_cut(draw);
            life.look(seed);
        }
        assert!(life.boot(seed).is_some(), "seed {seed}: it does not start");
        life.look(seed);
        life.prove(seed);
        signed += life.seen.len();
    }
    let seeds = usize::try_from(seeds).unwrap();
    assert!(seeds < crashes && seeds < signed, "{crashes} crashes, {signed} checkpoints");
}

/// A node over many starts.
struct Life {
    world: World,
    chance: Chance,
    /// Every checkpoint that ever stood in a file: its root by its size.
    seen: BTreeMap<u64, tree::Hash>,
    /// The sizes that notes tell whose signature was checked.
    notes: BTreeMap<Vec<u8>, u64>,
}

impl Life {
    /// Starts, sells for a while, and ends; none when the power went.
    fn boot(&mut self, seed: u64) -> Option<()> {
        let Self { world, chance, .. } = self;
        let mut on_disk = still_powered(world.recover().map_err(LogError::from), seed)?;
        let mut log = still_powered(world.open(), seed)?;
        for round in 0..1 + chance.below(3) {
            let count = [1, 1, 2, 3, 30, 60, 260][chance.below(7)];
            world.write(count, chance).ok()?;
            if round == 0 || chance.below(3) != 0 {
                world.append(1, chance).ok()?;
                on_disk = world.size();
            }
            still_powered(catch_up(&mut log, on_disk), seed)?;
            assert_eq!(log.signed(), on_disk);
        }
        Some(())
    }

    /// Looks at the checkpoints that stand on the disk, as anyone outside may.
    fn look(&mut self, seed: u64) {
        let Self { world, seen, notes, .. } = self;
        let mut sizes = [0, 0];
        let published = folder(data(), Stream::Auction).join("checkpoint");
        for (copy, size) in [published, private(data(), Stream::Auction)].iter().zip(&mut sizes) {
            let Some(note) = world.disk.peek(copy) else { continue };
            if let Some(known) = notes.get(&note) {
                *size = *known;
                continue;
            }
            let text = std::str::from_utf8(&note).unwrap();
            let found = Checkpoint::open(text, &super::key().verifier());
            let found = found.unwrap_or_else(|error| panic!("seed {seed}: {error}: {text:?}"));
            *size = found.size;
            notes.insert(note, found.size);
            let known = *seen.entry(found.size).or_insert(found.root);
            assert_eq!(known, found.root, "seed {seed}: two checkpoints of size {}", found.size);
        }
        assert!(
            sizes[0] <= sizes[1],
            "seed {seed}: published {} before signed {}",
            sizes[0],
            sizes[1]
        );
    }

    /// Checks that all ever signed is of the tree that there is at the end, tile by tile.
    fn prove(&self, seed: u64) {
        let files = self.world.files();
        let (_, last) = files.checkpoint().unwrap().unwrap();
        assert_eq!(self.seen.last_key_value(), Some((&last.size, &last.root)), "seed {seed}");
        let mut frontier = tree::Frontier::default();
        // Records that were never synced may stand behind them.
        for entry in &self.world.entries[..usize::try_from(last.size).unwrap()] {
            if let Some(root) = self.seen.get(&frontier.size()) {
                assert_eq!(frontier.root(), *root, "seed {seed}: size {}", frontier.size());
            }
            frontier.push(tree::leaf(entry));
        }
        assert_eq!((frontier.size(), frontier.root()), (last.size, last.root), "seed {seed}");
        let (first, root) = self.seen.first_key_value().expect("the last boot signed");
        let proof = tree::consistency(*first, last.size, &files.tree(last.size)).unwrap().unwrap();
        let good = tree::verify_consistency(*first, last.size, root, &last.root, &proof);
        assert!(good, "seed {seed}: size {first}");
        for tile in tlog::tile::grown(0, last.size) {
            assert!(files.tile(tile).unwrap().is_some(), "seed {seed}: {tile}");
        }
    }
}

/// A crash ends a boot; nothing else may.
fn still_powered<T>(result: Result<T, LogError>, seed: u64) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(LogError::Io { source, .. }) if is_off(&source) => None,
        Err(LogError::Journal(JournalError::Io { source, .. })) if is_off(&source) => None,
        Err(error) => panic!("seed {seed}: {error}"),
    }
}
