//! Checkpoints (C2SP `tlog-checkpoint`): how large a log is and what its root is, signed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::note::{self, NoteError, SignerKey, VerifierKey};
use crate::tree::{self, Hash};

/// The state of a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: Box<str>,
    /// How many entries it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
}

/// Why a checkpoint is not believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CheckpointError {
    /// The note is not believed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text of the note is not one of a checkpoint.
    #[error("not a checkpoint")]
    Malformed,
    /// It is another log's.
    #[error("the checkpoint of another log")]
    Foreign,
}

impl Checkpoint {
    /// Returns the text that is signed: three lines and no extension.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64_STANDARD.encode(self.root))
    }

    /// Signs it; none when the origin is no line of a note.
    #[must_use]
    pub fn sign(&self, key: &SignerKey) -> Option<String> {
        key.sign(&self.text())
    }

    /// Opens a signed checkpoint of the log that `key` signs for.
    ///
    /// # Errors
    ///
    /// When the key has not signed it, or it is no checkpoint, or one of another log.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let opened = note::open(note, std::slice::from_ref(key))?;
        let checkpoint = Self::parse(opened.text).ok_or(CheckpointError::Malformed)?;
        if *checkpoint.origin == *key.name() {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Foreign)
        }
    }

    /// Reads the text of a checkpoint, whoever signed it; lines of extension are not read.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        if origin.is_empty() || lines.any(str::is_empty) {
            return None;
        }
        let root: Hash = BASE64_STANDARD.decode(root).ok()?.try_into().ok()?;
        let size = number(size)?;
        // A tree without entries has one root only.
        let possible = size != 0 || root == tree::empty();
        possible.then(|| Self { origin: origin.into(), size, root })
    }
}

/// Reads a number without sign, space or leading zero.
pub(crate) fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}
