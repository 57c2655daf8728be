//! The files of a stream's public log, as they lie in the data folder.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tlog::checkpoint::Checkpoint;
use tlog::note::VerifierKey;
use tlog::tile::{Kind, Tile};
use tlog::tree::Hash;

use crate::audit::finding::{Finding, Findings, name};
use crate::audit::verify::files::{self, Held, is_absent};
use crate::audit::walk::reading;
use crate::io::journal::{JournalError, Stream};
use crate::io::log::anchored;

/// The log of one stream.
pub(super) struct Log<'a> {
    pub(super) data: &'a Path,
    pub(super) stream: Stream,
    /// Files that turned out to be none, each told once.
    odd: RefCell<BTreeSet<PathBuf>>,
}

/// A state of the log that was signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mark {
    pub(super) size: u64,
    pub(super) root: Hash,
    /// The file of the checkpoint.
    pub(super) file: PathBuf,
}

/// What is signed of a stream, read before its records.
#[derive(Clone, Debug, Default)]
pub(super) struct Signed {
    /// The key that checks it.
    pub(super) key: Option<VerifierKey>,
    /// What the world was told.
    pub(super) published: Option<Mark>,
    /// What was signed last.
    pub(super) private: Option<Mark>,
    /// What was signed last as the anchor has it.
    pub(super) anchored: Option<Mark>,
    /// Whether there is no file of a checkpoint at all.
    pub(super) unsigned: bool,
}

impl Signed {
    /// Returns how many records are signed.
    pub(super) fn size(&self) -> u64 {
        self.marks().map(|mark| mark.size).max().unwrap_or(0)
    }

    /// Returns the states that were signed.
    pub(super) fn marks(&self) -> impl Iterator<Item = &Mark> {
        self.published.iter().chain(&self.private).chain(&self.anchored)
    }
}

impl<'a> Log<'a> {
    /// Names the log of a stream.
    pub(super) fn new(data: &'a Path, stream: Stream) -> Self {
        Self { data, stream, odd: RefCell::default() }
    }

    /// Reads what is signed: the published state first, since the private one is never behind it.
    pub(super) fn signed(
        &self,
        given: Option<&VerifierKey>,
        anchor: Option<&Path>,
        findings: &mut Findings,
    ) -> Result<Signed, JournalError> {
        let key = self.key(given, findings)?;
        // It is never ahead of the private one.
        let anchored = match anchor.map(|anchor| anchored(anchor, self.stream)) {
            Some(file) => Some((self.read(&file, findings)?, file)),
            None => None,
        };
        let published = self.path("log", "checkpoint");
        let published = (self.read(&published, findings)?, published);
        let private = self.path("journal", "checkpoint");
        let private = (self.read(&private, findings)?, private);
        let unsigned = published.0.is_none() && private.0.is_none();
        let mut missing = |missing: &Path, other: &str| {
            if self.is_odd(missing) {
                return;
            }
            let what = format!("it is missing, and the {other} checkpoint is there");
            findings.add(self.finding(missing, None, "checkpoint", what));
        };
        match (&published.0, &private.0) {
            (None, Some(_)) => missing(&published.1, "private"),
            (Some(_), None) => missing(&private.1, "published"),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let published = self.mark(key.as_ref(), published, findings);
        let private = self.mark(key.as_ref(), private, findings);
        if let (Some(published), Some(private)) = (&published, &private)
            && private.size < published.size
        {
            let (size, less) = (published.size, private.size);
            let what = format!("it counts {size} records, and the private checkpoint only {less}");
            findings.add(self.finding(&published.file, None, "size", what));
        }
        let anchored = self.anchored(key.as_ref(), anchored, private.as_ref(), findings);
        Ok(Signed { key, published, private, anchored, unsigned })
    }

    /// Reads the copy at the anchor, which is another disk: there must be one.
    fn anchored(
        &self,
        key: Option<&VerifierKey>,
        copy: Option<(Option<Vec<u8>>, PathBuf)>,
        private: Option<&Mark>,
        findings: &mut Findings,
    ) -> Option<Mark> {
        let (note, file) = copy?;
        if note.is_none() && !self.is_odd(&file) {
            let what = "the anchor holds no checkpoint of this stream".to_owned();
            findings.add(self.finding(&file, None, "checkpoint", what));
        }
        let mark = self.mark(key, (note, file), findings)?;
        let size = private.map_or(0, |private| private.size);
        if size < mark.size {
            let what = format!(
                "it counts {} records, and the private checkpoint {size}: this data folder is an \
                 older copy, or was cut short",
                mark.size
            );
            findings.add(self.finding(&mark.file, None, "size", what));
        }
        Some(mark)
    }

    /// Returns the bytes of a tile; none when there is no such file.
    pub(super) fn tile(
        &self,
        tile: Tile,
        findings: &mut Findings,
    ) -> Result<Option<Vec<u8>>, JournalError> {
        self.read(&self.tile_path(tile), findings)
    }

    /// Says whether it was told of a file that it is none.
    pub(super) fn is_odd(&self, path: &Path) -> bool {
        self.odd.borrow().contains(path)
    }

    /// Returns the folder of the log.
    pub(super) fn public(&self) -> PathBuf {
        self.path("log", "")
    }

    /// Returns the file of the stream's key.
    pub(super) fn key_path(&self) -> PathBuf {
        self.data.join("keys").join(format!("{}.vkey", self.stream.name()))
    }

    /// Returns where a tile lies.
    pub(super) fn tile_path(&self, tile: Tile) -> PathBuf {
        self.path("log", &tile.to_string())
    }

    /// Returns the widths of the partial tiles that are kept of a tile.
    pub(super) fn partial(&self, kind: Kind, index: u64) -> Result<Vec<u16>, JournalError> {
        let folder = self.path("log", &format!("{}.p", Tile { kind, index, width: 256 }));
        let entries = match fs::read_dir(&folder) {
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            entries => entries.map_err(reading(&folder))?,
        };
        let mut widths = Vec::new();
        for entry in entries {
            let name = entry.map_err(reading(&folder))?.file_name();
            let width = name.to_str().and_then(|name| name.parse::<u16>().ok());
            widths.extend(width.filter(|width| (1..256).contains(width)));
        }
        widths.sort_unstable();
        Ok(widths)
    }

    /// Returns the folder of the stream's segments.
    pub(super) fn folder(&self) -> PathBuf {
        self.path("journal", "")
    }

    /// Returns where the published checkpoint lies.
    pub(super) fn checkpoint(&self) -> PathBuf {
        self.path("log", "checkpoint")
    }

    /// Makes a finding about a file.
    pub(super) fn finding(
        &self,
        file: &Path,
        index: Option<u64>,
        field: &str,
        what: String,
    ) -> Finding {
        Finding { file: name(self.data, file), index, field: field.to_owned(), what }
    }

    fn path(&self, top: &str, rest: &str) -> PathBuf {
        self.data.join(top).join(self.stream.name()).join(rest)
    }

    /// Returns the key that was given, or else the one in the folder.
    fn key(
        &self,
        given: Option<&VerifierKey>,
        findings: &mut Findings,
    ) -> Result<Option<VerifierKey>, JournalError> {
        let path = self.key_path();
        let held = self.read(&path, findings)?.map(|bytes| {
            let text = String::from_utf8(bytes).ok();
            text.and_then(|text| VerifierKey::parse(text.strip_suffix('\n').unwrap_or(&text)))
        });
        let what = match (&held, given) {
            (Some(None), _) => Some("it is not the text of a key"),
            (Some(Some(held)), Some(given)) if held != given => {
                Some("it is another key than the one given")
            }
            (Some(Some(_)) | None, _) => None,
        };
        if let Some(what) = what {
            findings.add(self.finding(&path, None, "key", what.to_owned()));
        }
        Ok(given.cloned().or_else(|| held.flatten()))
    }

    fn mark(
        &self,
        key: Option<&VerifierKey>,
        (note, file): (Option<Vec<u8>>, PathBuf),
        findings: &mut Findings,
    ) -> Option<Mark> {
        let note = note?;
        let Some(key) = key else {
            let what = "there is no key to check it with".to_owned();
            findings.add(self.finding(&file, None, "signature", what));
            return None;
        };
        let opened = std::str::from_utf8(&note)
            .map_err(|_| "it is not text".to_owned())
            .and_then(|note| Checkpoint::open(note, key).map_err(|error| error.to_string()));
        match opened {
            Ok(Checkpoint { size, root, .. }) => Some(Mark { size, root, file }),
            Err(what) => {
                findings.add(self.finding(&file, None, "signature", what));
                None
            }
        }
    }

    /// Reads a file; none when it is not there, or is told of as being no such file.
    fn read(&self, path: &Path, findings: &mut Findings) -> Result<Option<Vec<u8>>, JournalError> {
        match files::read(path)? {
            Held::Absent => Ok(None),
            Held::Bytes(bytes) => Ok(Some(bytes)),
            Held::Odd(what) => {
                if self.odd.borrow_mut().insert(path.to_owned()) {
                    findings.add(self.finding(path, None, "file", what));
                }
                Ok(None)
            }
        }
    }
}
