//! A disk in memory for tests, which forgets what was not synced, fills up, fails and stalls on
//! demand.
//!
//! Files are told from their names, as on a disk: a name that was made, changed or removed is
//! durable once its folder is synced, bytes once their file is. A power cut keeps any sectors of
//! what was written since, and of the changes of names those up to some point, or any. A disk without
//! power is still read, so that a test can look at it; nothing changes any more.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};
use rustix::io::Errno;

mod disk;

/// The disk; clones share it.
#[derive(Clone, Default)]
pub(crate) struct MemoryDisk(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    moved: Condvar,
}

type Names = BTreeMap<PathBuf, Node>;

/// What a name stands for.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Default)]
struct State {
    names: Names,
    /// Names that survive a power cut.
    durable: Names,
    /// Changes of names since, in order.
    changes: Vec<Change>,
    files: Vec<Content>,
    locks: BTreeSet<PathBuf>,
    faults: Faults,
    /// Syncs done so far.
    syncs: usize,
    /// Syncs that wait to be let through.
    stalled: usize,
    /// Changes of the disk so far.
    steps: usize,
    /// Whether segments may be sealed: their temporary files made.
    seals: bool,
}

/// One change of names.
#[derive(Clone)]
struct Change {
    path: PathBuf,
    /// What the name stands for from now on.
    node: Option<Node>,
    /// The name that goes, in the same moment.
    from: Option<PathBuf>,
}

impl Change {
    fn apply(&self, names: &mut Names) {
        if let Some(from) = &self.from {
            names.remove(from);
        }
        match self.node {
            Some(node) => names.insert(self.path.clone(), node),
            None => names.remove(&self.path),
        };
    }
}

#[derive(Clone, Default)]
struct Content {
    written: Vec<u8>,
    synced: Vec<u8>,
    /// Stretches written since the last sync.
    unsynced: Vec<(usize, usize)>,
}

/// What the disk does wrong.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Bytes by which files can still grow; then writes fail, half done.
    pub(crate) space: Option<usize>,
    /// Bytes that it says are free.
    pub(crate) free: Option<u64>,
    /// Files and folders that can still be opened; then there is no descriptor.
    pub(crate) opens: Option<usize>,
    /// Syncs that still succeed.
    pub(crate) syncs: Option<usize>,
    /// Whether syncs wait.
    pub(crate) stall: bool,
    /// Whether syncs of files whose path holds this wait.
    pub(crate) stall_in: Option<&'static str>,
    /// Changes until the power is off; then nothing changes any more.
    pub(crate) power: Option<usize>,
}

/// Numbers from a seed: Knuth's MMIX constants; the high bits are the good ones.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        let halves = [self.below(1 << 31), self.below(1 << 31)];
        let [high, low] = halves.map(|half| u64::try_from(half).unwrap());
        high << 33 | low
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

impl State {
    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            Some(Node::Folder) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    /// Takes a descriptor, as whatever opens a file or folder does.
    fn descriptor(&mut self) -> io::Result<()> {
        let Some(opens) = &mut self.faults.opens else { return Ok(()) };
        *opens = opens.checked_sub(1).ok_or(Errno::MFILE)?;
        Ok(())
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.as_os_str().is_empty() || self.names.get(path) == Some(&Node::Folder)
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    /// Makes folders; the topmost one is durable, as is what is there before anything runs.
    fn make_folder(&mut self, path: &Path) {
        if path.as_os_str().is_empty() || self.names.contains_key(path) {
            return;
        }
        match path.parent().filter(|above| !above.as_os_str().is_empty()) {
            Some(above) => self.make_folder(above),
            None => drop(self.durable.insert(path.to_owned(), Node::Folder)),
        }
        self.change(Change { path: path.to_owned(), node: Some(Node::Folder), from: None });
    }

    /// Returns the names after a power cut.
    fn names_kept(&self, seed: u64, chance: &mut Chance) -> Names {
        let mut names = self.durable.clone();
        if seed != 0 {
            let any = chance.below(2) == 0;
            let up_to = chance.below(self.changes.len() + 1);
            for (place, change) in self.changes.iter().enumerate() {
                let kept = if any { chance.below(2) == 0 } else { place < up_to };
                if kept {
                    change.apply(&mut names);
                }
            }
        }
        let folders = names.clone();
        names.retain(|path, _| {
            let mut above = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
            above.all(|above| folders.get(above) == Some(&Node::Folder))
        });
        names
    }
}

impl MemoryDisk {
    /// Returns a disk on which segments are sealed.
    pub(super) fn sealing() -> Self {
        let disk = Self::default();
        disk.0.state.lock().seals = true;
        disk
    }

    pub(crate) fn set(&self, faults: Faults) {
        self.0.state.lock().faults = faults;
        self.0.moved.notify_all();
    }

    /// Lets so many changes through, then none.
    pub(super) fn cut_power_after(&self, steps: usize) {
        self.set(Faults { power: Some(steps), ..Faults::default() });
    }

    pub(super) fn syncs(&self) -> usize {
        self.0.state.lock().syncs
    }

    /// Returns how often the disk was changed.
    pub(super) fn steps(&self) -> usize {
        self.0.state.lock().steps
    }

    /// Waits until a sync is stalled.
    pub(super) fn until_stalled(&self) {
        let mut state = self.0.state.lock();
        while state.stalled == 0 {
            self.0.moved.wait(&mut state);
        }
    }

    /// Waits until the names of the files are as they should.
    pub(super) fn until(&self, done: impl Fn(&[PathBuf]) -> bool) {
        let mut state = self.0.state.lock();
        while !done(&files(&state.names).into_iter().collect::<Vec<_>>()) {
            self.0.moved.wait(&mut state);
        }
    }

    /// Returns the paths of all files.
    pub(super) fn names(&self) -> Vec<PathBuf> {
        files(&self.0.state.lock().names).into_iter().collect()
    }

    /// Returns the paths of all files below a folder.
    pub(super) fn files(&self, below: &Path) -> BTreeSet<PathBuf> {
        let mut files = files(&self.0.state.lock().names);
        files.retain(|path| path.starts_with(below));
        files
    }

    /// Reads a file that is there.
    pub(super) fn bytes(&self, path: &Path) -> Vec<u8> {
        self.peek(path).unwrap()
    }

    /// Reads a file, whether there is power or not.
    pub(super) fn peek(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.0.state.lock();
        state.file(path).ok().map(|file| state.files[file].written.clone())
    }

    /// Writes a file durably.
    pub(super) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.0.state.lock();
        let file = state.files.len();
        let (written, synced) = (bytes.to_vec(), bytes.to_vec());
        state.files.push(Content { written, synced, unsynced: Vec::new() });
        state.make_folder(path.parent().unwrap());
        state.names.insert(path.to_owned(), Node::File(file));
        state.durable.insert(path.to_owned(), Node::File(file));
        let State { durable, names, .. } = &mut *state;
        let above = path.ancestors().skip(1).filter(|it| names.contains_key(*it));
        durable.extend(above.map(|it| (it.to_owned(), Node::Folder)));
    }

    /// Returns another disk with the same files, all of them durable.
    pub(super) fn copy(&self) -> Self {
        let disk = Self::default();
        let state = self.0.state.lock();
        disk.0.state.lock().seals = state.seals;
        for (path, node) in &state.names {
            match node {
                Node::Folder => disk.0.state.lock().make_folder(path),
                Node::File(file) => disk.put(path, &state.files[*file].written),
            }
        }
        disk.settle();
        disk
    }

    /// Returns the disk after a power cut. Nothing that was not synced is kept for seed 0, other
    /// seeds draw.
    pub(super) fn after_power_cut(&self, seed: u64) -> Self {
        let state = self.0.state.lock();
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let disk = Self::default();
        disk.0.state.lock().seals = state.seals;
        for (path, node) in state.names_kept(seed, &mut chance) {
            match node {
                Node::Folder => disk.0.state.lock().make_folder(&path),
                Node::File(file) => {
                    let content = &state.files[file];
                    let bytes = match seed {
                        0 => content.synced.clone(),
                        _ => content.after_power_cut(&mut chance),
                    };
                    disk.put(&path, &bytes);
                }
            }
        }
        disk.settle();
        disk
    }

    /// Makes all names durable.
    fn settle(&self) {
        let mut state = self.0.state.lock();
        state.durable = state.names.clone();
        state.changes.clear();
    }

    /// Counts a change, unless the power is off.
    fn step(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.powered()?;
        state.faults.power = state.faults.power.map(|power| power - 1);
        state.steps += 1;
        self.0.moved.notify_all();
        Ok(state)
    }

    fn powered(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.0.state.lock();
        if state.faults.power == Some(0) { Err(off()) } else { Ok(state) }
    }
}

impl Content {
    /// Draws which sectors of what was not synced are kept.
    fn after_power_cut(&self, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        let longer = self.synced.len() < self.written.len();
        if (longer || chance.below(2) == 0) && chance.below(4) != 0 {
            bytes.resize(self.written.len(), 0);
        }
        // Torn: all up to a point. Reordered: any. Else all.
        let way = chance.below(3);
        let first = self.unsynced.iter().map(|(start, _)| *start).min().unwrap_or(0);
        let cut = first + chance.below(self.written.len().saturating_sub(first) + 1);
        // How many of the writes to a sector it kept: a disk writes it whole, and later ones last.
        let mut kept_of = BTreeMap::new();
        for (nth, &(start, end)) in self.unsynced.iter().enumerate() {
            let mut from = start;
            while from < end {
                let to = end.min((from / SECTOR + 1) * SECTOR);
                let (kept, to_kept) = match way {
                    0 => (from < cut, to.min(cut)),
                    1 => {
                        let draw = || chance.below(self.unsynced.len() + 1);
                        (nth < *kept_of.entry(from / SECTOR).or_insert_with(draw), to)
                    }
                    _ => (true, to),
                };
                let to_kept = to_kept.min(bytes.len()).min(self.written.len());
                if kept && from < to_kept {
                    bytes[from..to_kept].copy_from_slice(&self.written[from..to_kept]);
                }
                from = to;
            }
        }
        bytes
    }
}

fn files(names: &Names) -> BTreeSet<PathBuf> {
    let files = names.iter().filter(|(_, node)| matches!(node, Node::File(_)));
    files.map(|(path, _)| path.clone()).collect()
}

/// Says whether an error is that of a disk without power.
pub(super) fn is_off(error: &io::Error) -> bool {
    error.to_string() == OFF
}

fn off() -> io::Error {
    io::Error::other(OFF)
}

const OFF: &str = "the power is off";

/// The least that a disk writes whole.
const SECTOR: usize = 512;
