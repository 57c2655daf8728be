//! What follows the last record of a stream, and what is missing of it at either end.
//!
//! Nothing is locked and nothing waited for but a writer in the middle of a write: whether a node is
//! at work is told from what it leaves, a last start without a stop.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::audit::verify::files;
use crate::audit::verify::stream::{Job, Way};
use crate::audit::walk::{self, Lost, Trailing, Walk};
use crate::io::journal::{JournalError, Stream};

/// Looks at both ends of a stream that was read.
pub(super) fn end<'a>(
    job: &mut Job<'a>,
    way: &mut Way<'_>,
    walk: &mut Walk<'a>,
) -> Result<(), JournalError> {
    if let Some(trailing) = trailing(job, way, walk)? {
        tail(job, way, &trailing)?;
    }
    let (end, size) = (way.growth.size(), way.signed.size());
    if !way.damaged && end < size {
        let file = way.file.as_deref().map_or_else(|| way.log.folder(), Path::to_path_buf);
        let what = format!("the records end here, and the signed checkpoint counts {size}");
        job.add(&file, Some(end), "index", what);
    }
    unsigned(job, way);
    absent(job, way);
    way.growth.fill(size, &mut job.report.findings)?;
    way.growth.end(&mut job.report.findings)?;
    front(job, way)
}

/// Returns bytes after the last record that stay there.
fn trailing<'a>(
    job: &mut Job<'a>,
    way: &mut Way<'_>,
    walk: &mut Walk<'a>,
) -> Result<Option<Trailing>, JournalError> {
    for attempt in 0..=ATTEMPTS {
        let Some(trailing) = after(walk, job.data, way.checks.stream())? else { return Ok(None) };
        let written = way.growth.size() < way.signed.size() || !job.lives.is_last_open();
        if written || attempt == ATTEMPTS {
            return Ok(Some(trailing));
        }
        // Somebody may be writing.
        pause();
        job.go(way, walk)?;
    }
    Ok(None)
}

/// Returns bytes after the last record, as of this moment.
pub(in crate::audit) fn after(
    walk: &Walk<'_>,
    data: &Path,
    stream: Stream,
) -> Result<Option<Trailing>, JournalError> {
    let last = walk::segments(data, stream)?.pop();
    match last.is_none_or(|last| files::odd(&last.path).is_some()) {
        true => Ok(None),
        false => walk.trailing(),
    }
}

/// Tells of bytes after the last record, and reads what is behind them.
fn tail(job: &mut Job<'_>, way: &mut Way<'_>, trailing: &Trailing) -> Result<(), JournalError> {
    let Trailing { file, offset } = trailing;
    let index = way.stats.end;
    if index < way.signed.size() {
        let lost = Lost { file: file.clone(), index, offset: *offset, next: None };
        return job.lost(way, &lost);
    }
    let what = format!(
        "from offset {offset} on it holds bytes of no record: it is damaged, or a crash tore a write \
         that was never flushed"
    );
    job.add(file, Some(index), "frame", what);
    Ok(())
}

/// Tells when nothing is signed, though there are records.
fn unsigned(job: &mut Job<'_>, way: &Way<'_>) {
    // The first checkpoint of a log is of no record, and stands before there is one.
    let empty = way.signed.private.is_some() && way.signed.size() == 0;
    let Some((from, to)) = way.times.filter(|_| way.signed.unsigned || empty) else { return };
    // The first that counts records takes its time.
    if empty && job.lives.is_last_open() && to.0.saturating_sub(from.0) <= UNSIGNED {
        return;
    }
    let what = "no checkpoint counts a record: nothing of this stream is signed".to_owned();
    job.add(&way.log.checkpoint(), None, "checkpoint", what);
}

/// Tells of a stream that is not there, though there are traces of it.
fn absent(job: &mut Job<'_>, way: &Way<'_>) {
    if 0 < way.stats.records || way.damaged || 0 < way.signed.size() {
        return;
    }
    let stream = way.checks.stream();
    let name = stream.name();
    let folder = way.log.folder();
    let money = job.report.money.records;
    let told = job.lives.tells_of_auctions().filter(|_| stream == Stream::Auction);
    let trace = match told {
        Some(index) => Some(format!("money record {index} tells of records in it")),
        None if way.signed.key.is_some() && !folder.is_dir() => Some("its key is here".to_owned()),
        None if stream == Stream::Auction && 0 < money && !folder.is_dir() => {
            Some("the money stream of the same node is here".to_owned())
        }
        None if stream == Stream::Money && there(job.data, Stream::Auction) => {
            Some("the auction stream of the same node is here".to_owned())
        }
        // A log is signed from its first start on, without records too.
        None if way.signed.key.is_some() && way.signed.unsigned => Some(
            "its key is here, and no checkpoint, which a node signs before its first record"
                .to_owned(),
        ),
        None => None,
    };
    if let Some(trace) = trace {
        let what = format!("the {name} stream is missing: it has no records, and {trace}");
        job.add(&folder, Some(0), "stream", what);
    } else if way.signed.key.is_none() && 0 < money + way.stats.records {
        let what = format!("it is missing: every node has a key for its {name} stream");
        job.add(&way.log.key_path(), None, "key", what);
    } else if stream == Stream::Auction && money == 0 && way.signed.key.is_none() {
        let what = "there is neither a record nor a key of a node here".to_owned();
        job.add(&folder, None, "stream", what);
    }
}

/// Says whether a stream has segments.
fn there(data: &Path, stream: Stream) -> bool {
    walk::segments(data, stream).is_ok_and(|segments| !segments.is_empty())
}

/// Tells of records that are missing at the front, and were not pruned by anyone who says so.
fn front(job: &mut Job<'_>, way: &mut Way<'_>) -> Result<(), JournalError> {
    let Some((first, file)) = way.first.clone() else { return Ok(()) };
    if way.growth.lacks_bundles() {
        // They go before their records: whoever prunes is about to delete those.
        for _ in 0..ATTEMPTS {
            if first < oldest(job, way)? || !job.lives.is_last_open() {
                break;
            }
            pause();
        }
        let first = oldest(job, way)?.max(first);
        way.growth.bundles(first, &mut job.report.findings);
    }
    if way.checks.stream() == Stream::Money || first == 0 {
        return Ok(());
    }
    for _ in 0..TELLING {
        if first <= job.lives.first_kept() {
            return Ok(());
        }
        job.lives.catch_up(job.data)?;
        if !job.lives.is_last_open() {
            break;
        }
        // A node tells what it pruned soon after.
        pause();
    }
    let told = job.lives.first_kept();
    if told < first && job.lives.is_whole() {
        let what = format!(
            "auction records {told} to {} are missing, and no money record (kind 10) tells that \
             they were pruned",
            first - 1
        );
        job.add(&file, Some(told), "index", what);
    }
    Ok(())
}

/// Waits for a moment before a look at files that another process writes: they tell nobody when they
/// change.
pub(in crate::audit) fn pause() {
    thread::park_timeout(PAUSE);
}

/// Returns the first record that is kept as of this moment.
fn oldest(job: &Job<'_>, way: &Way<'_>) -> Result<u64, JournalError> {
    let segments = walk::segments(job.data, way.checks.stream())?;
    Ok(segments.first().map_or(0, |segment| segment.first))
}

/// How often bytes that are no record are read again before they count as torn.
pub(in crate::audit) const ATTEMPTS: u32 = 10;
/// How often it is looked whether a prune is told of: a node tells within two seconds.
const TELLING: u32 = 120;
/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(25);
/// How long a node may write before its first checkpoint, in milliseconds: `journal.checkpoint` is a
/// minute at most.
const UNSIGNED: u64 = 120_000;
