//! A public log written from its entries, by the layout of C2SP `tlog-tiles` and nothing of ours
//! but the tree: what an exchange would publish, without one.

use std::fs;
use std::path::Path;

use tlog::checkpoint::Checkpoint;
use tlog::note::{SignerKey, VerifierKey};
use tlog::tile::{Kind, bundle, grown};
use tlog::tree::{Hash, leaf, root_of};

/// Writes the log of the auction stream, and its key; returns the key.
pub(crate) fn publish(data: &Path, entries: &[[u8; 58]]) -> VerifierKey {
    let key = SignerKey::new("breakwater.example/n1/auction", &[7; 32]).unwrap();
    let log = data.join("log/auction");
    let mut levels: Vec<Vec<Hash>> = vec![entries.iter().map(|entry| leaf(entry)).collect()];
    while 256 <= levels[levels.len() - 1].len() {
        let below = &levels[levels.len() - 1];
        levels.push(below.chunks_exact(256).map(root_of).collect());
    }
    let size = u64::try_from(entries.len()).unwrap();
    for tile in grown(0, size) {
        let first = usize::try_from(tile.index).unwrap() * 256;
        let range = first..first + usize::from(tile.width);
        let bytes = match tile.kind {
            Kind::Hashes(level) => levels[usize::from(level)][range].concat(),
            Kind::Entries => bundle(entries[range].iter().map(|it| &it[..])).unwrap(),
        };
        let path = log.join(tile.to_string());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let root = root_of(&levels[0]);
    let checkpoint = Checkpoint { origin: key.verifier().name().into(), size, root };
    fs::create_dir_all(&log).unwrap();
    fs::write(log.join("checkpoint"), checkpoint.sign(&key).unwrap()).unwrap();
    fs::create_dir_all(data.join("keys")).unwrap();
    fs::write(data.join("keys/auction.vkey"), format!("{}\n", key.verifier())).unwrap();
    key.verifier()
}
