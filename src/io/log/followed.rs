//! The logs that a new one takes the place of, by their last checkpoints.
//!
//! A folder was restored, or a key lost: the log may not go on, and a new one under another name does.
//! Nothing here can tell that from somebody who wants the old one forgotten, so the operator says it
//! (`journal.follows`), and what is said is recorded.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tlog::checkpoint::Checkpoint;
use tlog::note::VerifierKey;

use crate::io::journal::disk::{Disk, LocalDisk};
use crate::io::journal::{Identity, Stream, origin};
use crate::io::log::files::read;
use crate::io::log::{CHECKPOINT, LogError, anchored, doing, folder, private};

/// The last checkpoint known of a log that a new one follows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Followed {
    /// The stream.
    pub stream: Stream,
    /// The name of the log.
    pub origin: Box<str>,
    /// How many records it signs.
    pub size: u64,
    /// The signed note, word for word.
    pub note: Box<str>,
    /// Who signed it: the text of the key where it was at hand, else its name and id.
    pub key: Box<str>,
}

impl Followed {
    /// Reads the note of a checkpoint, whoever signed it; none when it is not one of a log of this
    /// stream.
    #[must_use]
    pub fn read(stream: Stream, note: &str) -> Option<Self> {
        let (text, signatures) = note.rsplit_once("\n\n")?;
        let checkpoint = Checkpoint::parse(&format!("{text}\n"))?;
        let origin = checkpoint.origin;
        let node = origin.strip_suffix(stream.name())?.strip_suffix('/')?;
        let named = node.contains('/') && origin.bytes().all(|byte| byte.is_ascii_graphic());
        let mut keys = signatures.lines().filter_map(|line| {
            let (name, signature) = line.strip_prefix("— ")?.split_once(' ')?;
            let id: [u8; 4] = *BASE64_STANDARD.decode(signature).ok()?.first_chunk()?;
            (*name == *origin).then(|| format!("{name}+{:08x}", u32::from_be_bytes(id)))
        });
        let key = keys.next()?.into_boxed_str();
        named.then(|| Self { stream, origin, size: checkpoint.size, note: note.into(), key })
    }
}

/// Finds the last checkpoints of both logs of a node in `from`: its data folder, or its anchor.
///
/// Where the verifier key is at hand, it must have signed them.
///
/// # Errors
///
/// When there are none, one is no checkpoint of its stream, or they are of this very node; or the
/// file system refuses.
pub fn find(from: &Path, identity: &Identity) -> Result<Vec<Followed>, LogError> {
    let mut found: Vec<Followed> = Vec::new();
    for stream in [Stream::Auction, Stream::Money] {
        let places =
            [private(from, stream), folder(from, stream).join(CHECKPOINT), anchored(from, stream)];
        let mut last: Option<Followed> = None;
        for path in places {
            let Some(note) = text(&LocalDisk, &path)? else { continue };
            let refused = |what| LogError::Follows { path: path.clone(), what };
            let mut followed = Followed::read(stream, &note)
                .ok_or_else(|| refused("it holds no signed checkpoint of this stream"))?;
            if let Some(key) = key(&LocalDisk, from, stream)? {
                Checkpoint::open(&note, &key).map_err(|_| refused("its key has not signed it"))?;
                followed.key = key.to_string().into();
            }
            if *followed.origin == *origin(identity, stream) {
                return Err(refused("it is of this very node: give `exchange.node` another name"));
            }
            if last.as_ref().is_none_or(|last| last.size < followed.size) {
                last = Some(followed);
            }
        }
        found.extend(last);
    }
    let refused = |what| LogError::Follows { path: from.to_owned(), what };
    let mut nodes = found.iter().map(|it| it.origin.strip_suffix(it.stream.name()));
    let first = nodes.next().ok_or_else(|| refused("no checkpoint is there"))?;
    if nodes.any(|other| other != first) {
        return Err(refused("its checkpoints are of different nodes"));
    }
    Ok(found)
}

/// Returns the name of the log whose checkpoint stands at the anchor, if it is one of `followed` and
/// not of this stream's log, `ours`; none when it is ours or there is none.
///
/// # Errors
///
/// When it is of another log, or of a followed one that had signed more; or the file system refuses.
pub(super) fn at_anchor(
    disk: &dyn Disk,
    anchor: &Path,
    (stream, ours): (Stream, &str),
    followed: &[Followed],
) -> Result<Option<Box<str>>, LogError> {
    let path = anchored(anchor, stream);
    // What does not even look like a checkpoint is told of by who checks it.
    let note = text(disk, &path)?.and_then(|note| Followed::read(stream, &note));
    let Some(found) = note.filter(|note| *note.origin != *ours) else { return Ok(None) };
    let said = followed.iter().find(|it| it.stream == stream && it.origin == found.origin);
    match said {
        Some(said) if found.size <= said.size => Ok(Some(found.origin)),
        Some(_) | None => {
            let (origin, size) = (found.origin, found.size);
            Err(LogError::Stranger { path, origin, size, ours: ours.into() })
        }
    }
}

/// Returns where the anchor keeps the last checkpoint of a log that another one follows.
pub(super) fn kept(anchor: &Path, origin: &str) -> PathBuf {
    anchor.join(format!("{}.{CHECKPOINT}", origin.replace('/', "_")))
}

/// Reads the verifier key of a stream in a data folder; none when it is not there.
fn key(disk: &dyn Disk, from: &Path, stream: Stream) -> Result<Option<VerifierKey>, LogError> {
    let path = from.join("keys").join(format!("{}.vkey", stream.name()));
    let Some(text) = text(disk, &path)? else { return Ok(None) };
    let key = VerifierKey::parse(text.trim_end());
    key.map(Some).ok_or(LogError::Follows { path, what: "it is no verifier key" })
}

/// Reads a text file; none when there is none.
fn text(disk: &dyn Disk, path: &Path) -> Result<Option<String>, LogError> {
    let Some(bytes) = read(disk, path).map_err(doing("read", path))? else { return Ok(None) };
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| doing("read", path)(io::ErrorKind::InvalidData.into()))
}
