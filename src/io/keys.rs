//! Secret keys in the data folder: made once, readable by the owner only.
//!
//! `keys/<stream>.key` holds the seed of the key that signs a stream's log, 64 hex digits, and
//! `keys/<stream>.vkey` the text of the key that checks it, which is for everybody.
//!
//! `keys/beacon` holds a line a key, the newest first: its id, 64 hex digits, and when it was made
//! in Unix milliseconds. At each start a key older than a day gets a successor; a key stays until
//! its successor is 48 hours old, so that tokens outlive a rotation.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tlog::note::{SignerKey, VerifierKey};

use crate::io::entropy;
use crate::model::time::{Millis, UnixMillis};

/// A key that seals for a day and opens for two more.
#[derive(Clone, Eq, PartialEq)]
pub struct Key {
    /// Its id, which every token names.
    pub id: u8,
    /// The secret.
    pub secret: [u8; 32],
    /// When it was made.
    pub made: UnixMillis,
}

/// Why the key of a log cannot be used: exit code 3 except for `Io`.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file system refused.
    #[error("log key {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// Others than the owner may read it.
    #[error("log key {}: mode {mode:03o} lets others read it; make it 600", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file holds something else.
    #[error("log key {}: it does not hold the key of {origin}; bring it back from a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The log it must belong to.
        origin: Box<str>,
    },
    /// The secret is gone, and something was signed with it.
    #[error(
        "log key {}: it is gone, and checkpoints were signed with it; bring it back from a copy, or \
         go on under a new `exchange.node` with an empty data folder, this one as `journal.follows` \
         (docs/operating.md, \"The log\")",
        path.display()
    )]
    Lost {
        /// The file.
        path: PathBuf,
    },
}

/// Loads the key that signs the log of a stream, and makes it when nothing was signed yet.
///
/// The name of the key is the origin of the log.
///
/// # Errors
///
/// When it is gone though a checkpoint was `signed`, others may read it, or it is another key.
///
/// # Panics
///
/// When `origin` is no name of a key, which the config refuses.
pub fn log(data: &Path, stream: &str, origin: &str, signed: bool) -> Result<SignerKey, KeyError> {
    let folder = data.join("keys");
    let (path, open) =
        (folder.join(format!("{stream}.key")), folder.join(format!("{stream}.vkey")));
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(no_key(&folder))?;
    let damaged = |path: &Path| KeyError::Damaged { path: path.to_owned(), origin: origin.into() };
    let seed = match secret(&path)? {
        Some(text) => {
            let digits = text.strip_suffix('\n').unwrap_or(&text);
            hex(digits).ok_or_else(|| damaged(&path))?
        }
        None if signed || open.exists() => return Err(KeyError::Lost { path }),
        None => {
            let seed = entropy::key();
            let digits: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
            put(&folder, &path, &format!("{digits}\n")).map_err(no_key(&path))?;
            seed
        }
    };
    let key = SignerKey::new(origin, &seed).expect("domain, node and stream make a name of a key");
    let text = format!("{}\n", key.verifier());
    match fs::read_to_string(&open) {
        Ok(found) if found == text => {}
        Ok(_) => return Err(damaged(&open)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            put(&folder, &open, &text).map_err(no_key(&open))?;
        }
        Err(source) => return Err(KeyError::Io { path: open, source }),
    }
    Ok(key)
}

/// Loads the key that checks the log of a stream.
///
/// # Errors
///
/// When it cannot be read or is none.
pub fn verifier(data: &Path, stream: &str) -> Result<VerifierKey, KeyError> {
    let path = data.join("keys").join(format!("{stream}.vkey"));
    let text = fs::read_to_string(&path).map_err(no_key(&path))?;
    let key = VerifierKey::parse(text.strip_suffix('\n').unwrap_or(&text));
    key.ok_or_else(|| KeyError::Damaged { path, origin: format!("the {stream} log").into() })
}

/// Reads a file that only its owner may read; none when there is none.
fn secret(path: &Path) -> Result<Option<String>, KeyError> {
    match fs::metadata(path) {
        Ok(found) => {
            let mode = found.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(KeyError::Open { path: path.to_owned(), mode });
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeyError::Io { path: path.to_owned(), source }),
    }
    fs::read_to_string(path).map(Some).map_err(no_key(path))
}

fn no_key(path: &Path) -> impl FnOnce(io::Error) -> KeyError {
    move |source| KeyError::Io { path: path.to_owned(), source }
}

/// Loads the beacon keys of a data folder, the newest first, and rotates them when it is time.
///
/// # Errors
///
/// When the folder or file cannot be read or written, or holds something else than keys.
pub fn beacon(data: &Path, now: UnixMillis) -> io::Result<Vec<Key>> {
    let folder = data.join("keys");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let path = folder.join("beacon");
    let mut keys = match fs::read_to_string(&path) {
        Ok(text) => read(&text).ok_or_else(|| damaged(&path))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    if rotate(&mut keys, now, entropy::key) {
        write(&folder, &path, &keys)?;
    }
    Ok(keys)
}

/// Says whether the keys changed.
fn rotate(keys: &mut Vec<Key>, now: UnixMillis, secret: impl FnOnce() -> [u8; 32]) -> bool {
    if keys.first().is_some_and(|newest| now < newest.made.plus(LIFE)) {
        return false;
    }
    let id = keys.first().map_or(1, |newest| newest.id.wrapping_add(1));
    // A key seals no more once it has a successor, and is forgotten when that is old enough.
    let mut successor = now;
    keys.retain(|key| {
        let retired = successor;
        successor = key.made;
        now < retired.plus(AFTERLIFE)
    });
    keys.insert(0, Key { id, secret: secret(), made: now });
    true
}

fn read(text: &str) -> Option<Vec<Key>> {
    let keys: Option<Vec<Key>> = text.lines().map(read_line).collect();
    keys.filter(|keys| !keys.is_empty())
}

fn read_line(line: &str) -> Option<Key> {
    let mut words = line.split(' ');
    let (id, digits, made) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let secret = hex(digits)?;
    Some(Key { id: id.parse().ok()?, secret, made: UnixMillis(made.parse().ok()?) })
}

/// Reads 64 hex digits.
fn hex(digits: &str) -> Option<[u8; 32]> {
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut secret = [0; 32];
    for (byte, at) in secret.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    Some(secret)
}

fn write(folder: &Path, path: &Path, keys: &[Key]) -> io::Result<()> {
    let mut text = String::new();
    for key in keys {
        let digits: String = key.secret.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{} {digits} {}\n", key.id, key.made.0));
    }
    put(folder, path, &text)
}

/// Replaces a file as a whole, so that a crash leaves the old text or the new one.
fn put(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut fresh = path.to_owned().into_os_string();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    fs::File::open(folder)?.sync_all()
}

fn damaged(path: &Path) -> io::Error {
    let text = format!("{} holds no keys; move it away to make new ones", path.display());
    io::Error::new(io::ErrorKind::InvalidData, text)
}

/// How long a key seals.
const LIFE: Millis = Millis(24 * 3_600_000);

/// How long a key opens after its successor was made.
const AFTERLIFE: Millis = Millis(48 * 3_600_000);

#[cfg(test)]
mod tests;
