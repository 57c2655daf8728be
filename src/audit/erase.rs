//! Erases what old records tell of viewers; everything still verifies.

use std::io::ErrorKind;
use std::path::Path;

use crate::audit::finding::{Finding, Findings, name};
use crate::audit::verify::record::field;
use crate::io::journal::hold::Hold;
use crate::io::journal::read::{Frame, frames, frames_from};
use crate::io::journal::{self, JournalError, Stream, rewrite};
use crate::model::time::UnixMillis;
use crate::wire::record::admin::Action;
use crate::wire::record::seal::Entry;
use crate::wire::record::{Kind, erase, read};

/// What was erased.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Records whose section was erased.
    pub erased: u64,
    /// Old records that have no such section any more.
    pub bare: u64,
    /// Old records that stay as they are, since a running exchange appends to their file.
    pub open: u64,
    /// Records that are not old enough.
    pub younger: u64,
    /// Records that do not verify; nothing was erased of them.
    pub findings: Findings,
}

/// Erases the sections `user` of all auctions recorded before a moment. May run beside a node: the
/// segment it appends to stays as it is.
///
/// # Errors
///
/// When a segment is damaged, or the file system refuses.
pub fn user_sections(data: &Path, before: UnixMillis) -> Result<Report, JournalError> {
    erase(data, before, |path, edit| rewrite::rewrite(data, Stream::Auction, path, edit))
}

/// Erases the same in a journal whose lock the caller holds.
///
/// # Errors
///
/// As `user_sections`.
pub fn user_sections_held(
    hold: &Hold,
    data: &Path,
    before: UnixMillis,
) -> Result<Report, JournalError> {
    let stream = Stream::Auction;
    erase(data, before, |path, edit| rewrite::rewrite_held(hold, data, stream, path, edit))
}

/// Returns how many sections were erased, as the records of the money stream tell.
///
/// # Errors
///
/// When the stream is damaged, or the file system refuses.
pub fn told(data: &Path) -> Result<u64, JournalError> {
    let mut told = 0_u64;
    for frame in frames(data, Stream::Money)? {
        let record = read::read(&frame?.payload).ok().filter(|it| it.kind == Kind::Admin);
        if let Some(Action::Erase { sections, .. }) =
            record.and_then(|it| Some(it.admin().ok()?.action))
        {
            told = told.saturating_add(sections);
        }
    }
    Ok(told)
}

/// Replaces payloads of a segment file.
type Edit<'a> = &'a mut dyn FnMut(&Frame) -> Option<Vec<u8>>;

fn erase(
    data: &Path,
    before: UnixMillis,
    rewrite: impl Fn(&Path, Edit<'_>) -> Result<u64, JournalError>,
) -> Result<Report, JournalError> {
    let mut report = Report::default();
    for segment in journal::files(data, Stream::Auction)? {
        let mut one = Report::default();
        let mut edit = |frame: &Frame| edit(&mut one, data, frame, before);
        match rewrite(&segment.path, &mut edit) {
            Ok(erased) => {
                report.erased += erased;
                report.bare += one.bare;
                report.younger += one.younger;
                for finding in one.findings.listed() {
                    report.findings.add(finding.clone());
                }
            }
            Err(JournalError::Locked { .. }) => open(&mut report, data, segment.first, before)?,
            // It was pruned since the folder was listed.
            Err(JournalError::Io { path, source, .. })
                if source.kind() == ErrorKind::NotFound && path == segment.path => {}
            Err(error) => return Err(error),
        }
    }
    Ok(report)
}

fn edit(report: &mut Report, data: &Path, frame: &Frame, before: UnixMillis) -> Option<Vec<u8>> {
    if !is_old(report, frame, before) {
        return None;
    }
    match erase::user(&frame.payload) {
        Ok(Some(payload)) => Some(payload),
        Ok(None) => {
            report.bare += 1;
            None
        }
        Err(error) => {
            report.findings.add(Finding {
                file: name(data, &frame.file),
                index: Some(frame.index),
                field: field(&error).to_owned(),
                what: format!("{error}; nothing was erased of it"),
            });
            None
        }
    }
}

/// Counts what stays in the segment that a running exchange appends to.
fn open(
    report: &mut Report,
    data: &Path,
    first: u64,
    before: UnixMillis,
) -> Result<(), JournalError> {
    for frame in frames_from(data, Stream::Auction, first)? {
        let frame = frame?;
        if is_old(report, &frame, before) {
            report.open += 1;
        }
    }
    Ok(())
}

fn is_old(report: &mut Report, frame: &Frame, before: UnixMillis) -> bool {
    let entry = Entry::read(&frame.payload);
    let auction = entry.filter(|entry| entry.kind == Kind::Auction.number());
    let old = auction.is_some_and(|entry| entry.at < before);
    report.younger += u64::from(auction.is_some() && !old);
    old
}

#[cfg(test)]
mod tests;
