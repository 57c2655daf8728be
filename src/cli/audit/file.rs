//! A file that an audit command writes: whole or not at all.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// A file in the making. Until it is finished the one of its name stays as it is; dropped unfinished,
/// nothing is left of it.
#[derive(Debug)]
pub(super) struct Made {
    /// What is written to.
    open: File,
    /// Where that lies, and where it will; none of what cannot be replaced, such as a pipe.
    paths: Option<(PathBuf, PathBuf)>,
}

/// Returns the file that `-o` names; none where standard output is meant, by `-` or by nothing.
pub(super) fn output(named: Option<&PathBuf>) -> Option<&Path> {
    named.map(PathBuf::as_path).filter(|path| *path != Path::new("-"))
}

impl Made {
    /// Begins a file beside its place, as `<name>.part`.
    ///
    /// # Errors
    ///
    /// When it cannot be made there, or another command is making it.
    pub(super) fn begin(path: &Path) -> anyhow::Result<Self> {
        let doing = || format!("write {}", path.display());
        // A link stays one: what it leads to is replaced.
        let path = match fs::canonicalize(path) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error).with_context(doing),
        };
        let old = fs::metadata(&path).ok();
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            // A pipe or a terminal takes what comes; a folder refuses.
            let open = OpenOptions::new().write(true).open(&path).with_context(doing)?;
            return Ok(Self { open, paths: None });
        }
        let mut part = path.clone().into_os_string();
        part.push(".part");
        let part = PathBuf::from(part);
        let open = OpenOptions::new().write(true).create(true).truncate(false).open(&part);
        let open = open.with_context(|| format!("write {}", part.display()))?;
        let alone = match open.try_lock() {
            // Whoever had it may have put it in its place meanwhile.
            Ok(()) => is_at(&open, &part).with_context(doing)?,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(error).with_context(doing),
        };
        if !alone {
            bail!("write {}: another command is writing it", part.display());
        }
        let made = Self { open, paths: Some((part, path)) };
        // What a command that was killed left.
        made.open.set_len(0).with_context(doing)?;
        if let Some(old) = old {
            made.open.set_permissions(old.permissions()).with_context(doing)?;
        }
        Ok(made)
    }

    /// Puts the file in its place, on disk for good.
    ///
    /// # Errors
    ///
    /// When the disk refuses; then the file of before is still there.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.open.flush()?;
        let Some((part, path)) = &self.paths else { return Ok(()) };
        self.open.sync_all().with_context(|| format!("write {}", part.display()))?;
        fs::rename(part, path).with_context(|| format!("rename to {}", path.display()))?;
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let folder = folder.unwrap_or_else(|| Path::new(".")).to_owned();
        self.paths = None;
        let synced = File::open(&folder).and_then(|folder| folder.sync_all());
        synced.with_context(|| format!("flush {}", folder.display()))
    }
}

/// Says whether an open file is the one at a path.
fn is_at(open: &File, path: &Path) -> io::Result<bool> {
    let own = open.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((own.dev(), own.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.flush()
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some((part, _)) = &self.paths {
            // It is of no use to anybody, and what went wrong is said elsewhere.
            let _: io::Result<()> = fs::remove_file(part);
        }
    }
}
