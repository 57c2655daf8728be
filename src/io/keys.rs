//! Secret keys in the data folder: made once, readable by the owner only.
//!
//! `keys/beacon` holds a line a key, the newest first: its id, 64 hex digits, and when it was made
//! in Unix milliseconds. At each start a key older than a day gets a successor; a key stays until
//! its successor is 48 hours old, so that tokens outlive a rotation.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

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
    if words.next().is_some() || digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut secret = [0; 32];
    for (byte, at) in secret.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    Some(Key { id: id.parse().ok()?, secret, made: UnixMillis(made.parse().ok()?) })
}

/// Replaces the file as a whole, so that a crash leaves the old keys or the new ones.
fn write(folder: &Path, path: &Path, keys: &[Key]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    for key in keys {
        write!(file, "{} ", key.id)?;
        for byte in key.secret {
            write!(file, "{byte:02x}")?;
        }
        writeln!(file, " {}", key.made.0)?;
    }
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
