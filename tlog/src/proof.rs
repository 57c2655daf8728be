//! Offline proofs (C2SP `tlog-proof`): one file that shows an entry to be in a log.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError, number};
use crate::note::VerifierKey;
use crate::tree::{self, Hash};

/// That an entry stands in a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proof {
    /// Whatever its maker added; never to be trusted.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry.
    pub index: u64,
    /// The inclusion proof, leaf side first.
    pub hashes: Vec<Hash>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: String,
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProofError {
    /// It is not the form of a proof.
    #[error("not a log proof")]
    Malformed,
    /// Its checkpoint is not believed.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry does not stand there.
    #[error("the entry is not in the log at that place")]
    NotIncluded,
}

impl Proof {
    /// Reads a proof.
    ///
    /// # Errors
    ///
    /// When it is not the form of one.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        parse(text).ok_or(ProofError::Malformed)
    }

    /// Writes it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{MAGIC}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", BASE64_STANDARD.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.hashes {
            text.push_str(&BASE64_STANDARD.encode(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Checks that it shows `entry` to be in the log that `key` signs for.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub fn verify(&self, entry: &[u8], key: &VerifierKey) -> Result<Checkpoint, ProofError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, key)?;
        let leaf = tree::leaf(entry);
        let (size, root) = (checkpoint.size, &checkpoint.root);
        if tree::verify_inclusion(self.index, size, &leaf, &self.hashes, root) {
            Ok(checkpoint)
        } else {
            Err(ProofError::NotIncluded)
        }
    }
}

fn parse(text: &str) -> Option<Proof> {
    let (head, checkpoint) = text.split_once("\n\n")?;
    let mut lines = head.split('\n').peekable();
    if lines.next()? != MAGIC {
        return None;
    }
    let extra = lines.peek()?.strip_prefix("extra ");
    let extra = match extra {
        Some(extra) => {
            lines.next();
            Some(BASE64_STANDARD.decode(extra).ok()?)
        }
        None => None,
    };
    let index = number(lines.next()?.strip_prefix("index ")?)?;
    let mut hashes = Vec::new();
    for line in lines {
        hashes.push(BASE64_STANDARD.decode(line).ok()?.try_into().ok()?);
    }
    let sound = hashes.len() <= MAX_HASHES;
    sound.then(|| Proof { extra, index, hashes, checkpoint: checkpoint.into() })
}

const MAGIC: &str = "c2sp.org/tlog-proof@v1";

/// A tree of 2^63 leaves has proofs of this many hashes.
const MAX_HASHES: usize = 63;
