//! Logs on a disk in memory: what is written, what a crash leaves, what is refused, what is made
//! again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tlog::note::SignerKey;
use tlog::tile::Tile;
use tlog::tree::{Hash, leaf, root_of};

use crate::io::journal::{
    Durability, Identity, Journal, JournalError, Limits, Settings, Stream, origin,
};
use crate::io::log::files::LogFiles;
use crate::io::log::writer::{Place, StreamLog};
use crate::io::log::{ENTRY, Entry, LogError};
use crate::io::simulated::{Chance, MemoryDisk};

mod crash;
mod full;
mod refused;
mod tiles;

/// A journal of the auction stream on a simulated disk, and what is known of it.
struct World {
    disk: MemoryDisk,
    /// All entries in the journal, on disk or not.
    entries: Vec<Entry>,
    /// Where the frame of each begins, and where the last ends.
    offsets: Vec<u64>,
}

impl World {
    fn new() -> Self {
        let disk = MemoryDisk::default();
        let mut header = [0; 64];
        header[..8].copy_from_slice(b"BWSEG01\n");
        use sha2::{Digest, Sha256};
        let hash = Sha256::digest(origin(&identity(), Stream::Auction));
        header[16..32].copy_from_slice(&hash[..16]);
        let sum = crc32c::crc32c(&header[..60]);
        header[60..].copy_from_slice(&sum.to_le_bytes());
        use crate::io::journal::disk::Disk;
        disk.create_folder(Path::new("anchor")).unwrap();
        disk.put(&segment(), &header);
        Self { disk, entries: Vec::new(), offsets: vec![64] }
    }

    /// Writes records without syncing them.
    fn write(&mut self, count: usize, chance: &mut Chance) -> std::io::Result<()> {
        use crate::io::journal::disk::Disk;
        let mut frames = Vec::new();
        let start = *self.offsets.last().unwrap();
        for _ in 0..count {
            let mut entry = [1; ENTRY];
            entry[20..28].copy_from_slice(&chance.next().to_le_bytes());
            let mut payload = entry.to_vec();
            payload.resize(ENTRY + chance.below(30), 7);
            let length = u32::try_from(payload.len()).unwrap().to_le_bytes();
            let index = u64::try_from(self.entries.len()).unwrap().to_le_bytes();
            let sum = crc32c::crc32c(&[&length, &index[..], &payload].concat());
            frames.extend([&length[..], &sum.to_le_bytes(), &payload].concat());
            self.entries.push(entry);
            self.offsets.push(start + u64::try_from(frames.len()).unwrap());
        }
        self.disk.open(&segment())?.write_at(start, &frames)
    }

    /// Writes and syncs records.
    fn append(&mut self, count: usize, chance: &mut Chance) -> std::io::Result<()> {
        use crate::io::journal::disk::Disk;
        self.write(count, chance)?;
        self.disk.open(&segment())?.sync()
    }

    fn size(&self) -> u64 {
        u64::try_from(self.entries.len()).unwrap()
    }

    /// Starts the journal as `run` does; returns how many records it has on disk.
    fn recover(&mut self) -> Result<u64, JournalError> {
        let on_disk = self.start()?;
        let kept = usize::try_from(on_disk).unwrap();
        self.entries.truncate(kept);
        self.offsets.truncate(kept + 1);
        Ok(on_disk)
    }

    fn start(&self) -> Result<u64, JournalError> {
        let spacing = Duration::ZERO;
        let limits = Limits { segment: 1 << 30, queue: 1 << 20, ahead: 4096, ballast: 0, spacing };
        let anchor = Some(Arc::from(Path::new("anchor")));
        let settings = Settings { limits, anchor, ..Settings::new(Durability::Flushed) };
        let disk = Arc::new(self.disk.clone());
        let journal = Journal::open_on(disk, data(), &identity(), settings, |_| false)?;
        Ok(journal.on_disk(Stream::Auction))
    }

    fn open(&self) -> Result<StreamLog, LogError> {
        StreamLog::open(self.place(), key(), self.size())
    }

    fn place(&self) -> Place {
        let disk = Arc::new(self.disk.clone());
        let anchor = Some(PathBuf::from("anchor"));
        Place { disk, data: data().to_owned(), anchor, stream: Stream::Auction, before: None }
    }

    fn files(&self) -> LogFiles {
        let disk = Arc::new(self.disk.clone());
        LogFiles::on(disk, data(), Stream::Auction, key().verifier())
    }

    /// The root of the first entries, from the entries alone.
    fn root(&self, size: u64) -> Hash {
        let entries = &self.entries[..usize::try_from(size).unwrap()];
        root_of(&entries.iter().map(|entry| leaf(entry)).collect::<Vec<_>>())
    }

    fn path(&self, tile: &str) -> PathBuf {
        assert!(Tile::parse(tile).is_some(), "{tile}");
        self.files().folder().join(tile)
    }
}

/// Follows until all that is on disk is signed.
fn catch_up(log: &mut StreamLog, size: u64) -> Result<(), LogError> {
    while !log.step(size)? {}
    Ok(())
}

fn identity() -> Identity {
    Identity { domain: Arc::from("x.example"), node: Arc::from("n1") }
}

fn key() -> SignerKey {
    SignerKey::new("x.example/n1/auction", &[7; 32]).unwrap()
}

fn data() -> &'static Path {
    Path::new("data")
}

fn segment() -> PathBuf {
    data().join("journal/auction/auction-00000000000000000000.seg")
}
