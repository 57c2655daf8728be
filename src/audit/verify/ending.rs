//! What follows the last record of a stream, and what is missing of it at either end.
//!
//! Nothing is locked and nothing waited for but a writer in the middle of a write: whether a node is
//! at work is told from what it leaves, a last start without a stop.

use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::audit::finding::Findings;
use crate::audit::verify::growth::Growth;
use crate::audit::verify::log::Log;
use crate::audit::verify::stream::{Job, Way};
use crate::audit::verify::{files, stream_of};
use crate::audit::walk::{self, Lost, Step, Trailing, Walk};
use crate::io::journal::{JournalError, Stream};
use crate::wire::record::seal::Entry;

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
    } else if !way.damaged && 0 < way.stats.records && way.checks.stream() == Stream::Auction {
        short(job, way, end);
    }
    unsigned(job, way);
    absent(job, way);
    way.growth.fill(size, &mut job.report.findings)?;
    way.growth.end(&mut job.report.findings)?;
    front(job, way)
}

/// Tells when the auction stream ends before the end that the last stop tells of it.
fn short(job: &mut Job<'_>, way: &Way<'_>, end: u64) {
    let Some((boot, told)) = job.lives.last_stop().filter(|(_, told)| end < *told) else { return };
    let file = way.file.as_deref().map_or_else(|| way.log.folder(), Path::to_path_buf);
    let what = format!("the records end here, and start {boot} stopped with {told} of them");
    job.add(&file, Some(end), "index", what);
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
    if job.lives.first_kept() < first {
        // What was pruned since the money stream was read was told and signed before.
        job.lives.catch_up(job.data)?;
        let signed = signed_since(job)?;
        job.lives.sign(signed);
    }
    let told = job.lives.first_kept();
    if told < first && job.lives.is_whole() {
        let missing = format!("auction records {told} to {} are missing", first - 1);
        let what = match job.lives.unsigned_prune() {
            Some(prune) if told < prune.first_kept => format!(
                "{missing}; money record {} tells that they were pruned, and no checkpoint signs it: \
                 nobody deletes before one does",
                prune.index
            ),
            Some(_) | None => {
                format!("{missing}, and no money record (kind 10) tells that they were pruned")
            }
        };
        job.add(&file, Some(told), "index", what);
    }
    Ok(())
}

/// Returns how many records of the money stream a checkpoint signs as of this moment, held against
/// the records; 0 where it does not fit them.
fn signed_since(job: &Job<'_>) -> Result<u64, JournalError> {
    // What is wrong with these files was told when it was the stream's turn.
    let mut unheard = Findings::default();
    let log = Log::new(job.data, Stream::Money);
    let given = job.options.keys.iter().find(|key| stream_of(key) == Some(Stream::Money));
    let signed = log.signed(given, None, &mut unheard)?;
    let Some(last) = signed.marks().max_by_key(|mark| mark.size) else { return Ok(0) };
    let mut growth = Growth::new(&log, std::iter::once(last.clone()));
    let mut walk = Walk::from(job.data, Stream::Money, 0)?;
    let mut roots = Findings::default();
    while let Some(step) = files::step(&mut walk, Stream::Money)? {
        let Step::Record(frame) = step else { return Ok(0) };
        let Some(entry) = frame.payload.first_chunk::<{ Entry::BYTES }>() else { return Ok(0) };
        if frame.index != growth.size() || last.size <= frame.index {
            break;
        }
        growth.push(entry, &mut roots)?;
    }
    let listed = roots.listed();
    // Past a limit they are only counted.
    let heard = u64::try_from(listed.len()).is_ok_and(|listed| listed == roots.count());
    let fits = last.size <= growth.size() && heard && listed.iter().all(|it| it.field != "root");
    Ok(if fits { last.size } else { 0 })
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
/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(25);
/// How long a node may write before its first checkpoint, in milliseconds: `journal.checkpoint` is a
/// minute at most.
const UNSIGNED: u64 = 120_000;
