//! One stream, from its first record to its last.

use std::path::Path;
use std::sync::Arc;

use crate::audit::finding::{Finding, name};
use crate::audit::lives::Lives;
use crate::audit::verify::growth::Growth;
use crate::audit::verify::log::{Log, Signed};
use crate::audit::verify::record::Checks;
use crate::audit::verify::{KeyOf, Options, Progress, Report, StreamReport, stream_of};
use crate::audit::walk::{self, Lost, Step, Walk};
use crate::io::journal::read::Frame;
use crate::io::journal::{JournalError, Stream};
use crate::wire::record::seal::Entry;

/// A verification under way.
pub(super) struct Job<'a> {
    pub(super) data: &'a Path,
    pub(super) options: &'a Options,
    pub(super) lives: &'a mut Lives,
    pub(super) report: &'a mut Report,
    pub(super) progress: &'a mut dyn FnMut(Progress),
}

/// What is known of the stream so far.
struct Way<'a> {
    growth: Growth<'a>,
    checks: Checks,
    /// The first bytes of the hash of the origin, as every segment has them.
    origin: Option<[u8; 16]>,
    /// The segment being read.
    file: Option<Arc<Path>>,
    first: Option<u64>,
    damaged: bool,
    stats: StreamReport,
    bytes: u64,
}

impl Job<'_> {
    /// Verifies a stream.
    pub(super) fn verify(&mut self, stream: Stream) -> Result<(), JournalError> {
        let log = Log { data: self.data, stream };
        let given = self.options.keys.iter().find(|key| stream_of(key) == Some(stream));
        let signed = log.signed(given, &mut self.report.findings)?;
        let own = signed.key.as_ref().map(|_| KeyOf::Folder);
        let stats = StreamReport {
            key: given.map(|_| KeyOf::Given).or(own),
            signed: signed.private.as_ref().map(|mark| mark.size),
            published: signed.published.as_ref().map(|mark| mark.size),
            ..StreamReport::default()
        };
        let mut way = Way {
            growth: Growth::new(&log, signed.marks().cloned()),
            checks: Checks::new(stream, self.options.deep),
            origin: signed.key.as_ref().map(|key| walk::origin_hash(key.name())),
            file: None,
            first: None,
            damaged: false,
            stats,
            bytes: 0,
        };
        let mut walk = Walk::from(self.data, stream, 0)?;
        while let Some(step) = walk.step()? {
            match step {
                Step::Record(frame) => self.record(&mut way, &frame)?,
                Step::Lost(lost) => self.lost(&mut way, &lost, &signed)?,
            }
        }
        self.end(&mut way, &walk, &signed, &log)?;
        let whole = !way.damaged && self.lives.is_whole();
        way.checks.end(self.data, self.lives, whole, way.stats.first, self.report)?;
        match stream {
            Stream::Auction => self.report.auction = way.stats,
            Stream::Money => self.report.money = way.stats,
        }
        Ok(())
    }

    fn record(&mut self, way: &mut Way<'_>, frame: &Frame) -> Result<(), JournalError> {
        if way.file.as_ref() != Some(&frame.file) {
            way.file = Some(Arc::clone(&frame.file));
            self.segment(way, frame)?;
        }
        if way.first.is_none() {
            self.first(way, frame)?;
        }
        way.growth.fill(frame.index, &mut self.report.findings)?;
        match frame.payload.first_chunk::<{ Entry::BYTES }>() {
            Some(entry) => way.growth.push(entry, &mut self.report.findings)?,
            // The record's own check tells it.
            None => way.growth.fill(frame.index + 1, &mut self.report.findings)?,
        }
        way.checks.record(self.data, frame, self.lives, self.report)?;
        way.stats.erased = way.checks.erased();
        way.stats.records += 1;
        way.stats.end = frame.index + 1;
        way.bytes += u64::try_from(frame.payload.len()).expect("a payload's length fits");
        if way.stats.records.is_multiple_of(TOLD_EVERY) {
            let records = self.report.records() + way.stats.records;
            (self.progress)(Progress { records, bytes: way.bytes });
        }
        Ok(())
    }

    /// Looks at what a segment says of its log. Of a sealed one the records tell it.
    fn segment(&mut self, way: &Way<'_>, frame: &Frame) -> Result<(), JournalError> {
        let Some(origin) = way.origin else { return Ok(()) };
        if frame.file.extension().is_none_or(|form| form != "seg") {
            return Ok(());
        }
        // One that was sealed meanwhile was read before.
        let found = walk::header(&frame.file).ok().flatten();
        if found.is_some_and(|found| found != origin) {
            let what = "it belongs to another log than the key".to_owned();
            self.add(&frame.file, Some(frame.index), "origin", what);
        }
        Ok(())
    }

    fn first(&mut self, way: &mut Way<'_>, frame: &Frame) -> Result<(), JournalError> {
        way.first = Some(frame.index);
        if frame.index == 0 || way.damaged {
            return Ok(());
        }
        way.stats.first = frame.index;
        if way.checks.stream() == Stream::Money {
            let what = "the money stream is never pruned, and the records before are missing";
            self.add(&frame.file, Some(0), "index", what.to_owned());
        }
        way.growth.kept_from(frame.index);
        Ok(())
    }

    fn lost(
        &mut self,
        way: &mut Way<'_>,
        lost: &Lost,
        signed: &Signed,
    ) -> Result<(), JournalError> {
        way.damaged = true;
        let next = lost.next.unwrap_or_else(|| lost.index.max(signed.size()));
        let until = match lost.next {
            Some(next) => format!("up to index {next} "),
            None => String::new(),
        };
        let what =
            format!("damaged at offset {}; the records {until}in it cannot be read", lost.offset);
        self.add(&lost.file, Some(lost.index), "frame", what);
        if way.checks.stream() == Stream::Money {
            self.lives.lose(lost.index..lost.next.unwrap_or(u64::MAX));
        }
        way.growth.fill(next, &mut self.report.findings)
    }

    /// Looks at what follows the last record.
    fn end(
        &mut self,
        way: &mut Way<'_>,
        walk: &Walk<'_>,
        signed: &Signed,
        log: &Log<'_>,
    ) -> Result<(), JournalError> {
        let end = way.growth.size();
        let short = !way.damaged && end < signed.size();
        if let Some(trailing) = walk.trailing()?
            && (short || !walk::is_running(self.data)?)
        {
            let (file, index) = (trailing.file, way.stats.end);
            let what = format!(
                "from offset {} on it holds bytes of no record: it is damaged, or a crash tore a \
                 write that was never flushed",
                trailing.offset
            );
            self.add(&file, Some(index), "frame", what);
        }
        if short {
            let file = way.file.as_deref().map_or_else(|| log.folder(), Path::to_path_buf);
            let size = signed.size();
            let what = format!("the records end here, and the signed checkpoint counts {size}");
            self.add(&file, Some(end), "index", what);
        }
        let unsigned = signed.unsigned && 0 < way.stats.records;
        if unsigned && !walk::is_running(self.data)? {
            let what = "there is no checkpoint: nothing of this stream is signed".to_owned();
            self.add(&log.checkpoint(), None, "checkpoint", what);
        }
        way.growth.fill(signed.size(), &mut self.report.findings)?;
        way.growth.end(&mut self.report.findings)
    }

    fn add(&mut self, file: &Path, index: Option<u64>, field: &str, what: String) {
        let file = name(self.data, file);
        self.report.findings.add(Finding { file, index, field: field.to_owned(), what });
    }
}

/// Records between two words of progress.
const TOLD_EVERY: u64 = 512;
