//! What an audit found amiss, and where.

use std::io;
use std::path::Path;

use serde::Serialize;

use crate::audit::verify::files;
use crate::io::journal::JournalError;

/// One fault: the file, the record, the part of it, and what is wrong.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The file, below the data folder.
    pub file: String,
    /// The record it is about, or the first of those.
    pub index: Option<u64>,
    /// Which part of the file or record.
    pub field: String,
    /// What is wrong.
    pub what: String,
}

/// Findings in the order they were made; those past a limit are only counted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Findings {
    listed: Vec<Finding>,
    count: u64,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED {
            self.listed.push(finding);
        }
    }

    /// Returns the first of them.
    #[must_use]
    pub fn listed(&self) -> &[Finding] {
        &self.listed
    }

    /// Returns how many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Says whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Names a file as findings do: by its path below the data folder.
#[must_use]
pub fn name(data: &Path, file: &Path) -> String {
    file.strip_prefix(data).unwrap_or(file).display().to_string()
}

/// Says whether an error is about what lies in a data folder, and not about the disk or the moment.
#[must_use]
pub fn is_damage(error: &JournalError) -> bool {
    match error {
        JournalError::Damaged { .. }
        | JournalError::Foreign { .. }
        | JournalError::Behind { .. } => true,
        JournalError::Io { path, source, .. } => is_odd(path, source),
        JournalError::Locked { .. } => false,
    }
}

/// Says whether a file could not be read because it is none: a pipe, a folder, or one without end.
#[must_use]
pub fn is_odd(path: &Path, error: &io::Error) -> bool {
    let refused = matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory);
    refused && files::odd(path).is_some()
}

/// How many findings are kept: who has so many looks at the first.
pub const MAX_LISTED: usize = 100;
