//! One stream, from its first record to its last.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tlog::note::VerifierKey;

use crate::audit::finding::{Finding, name};
use crate::audit::lives::{Lives, Room};
use crate::audit::verify::growth::Growth;
use crate::audit::verify::log::{Log, Signed};
use crate::audit::verify::record::Checks;
use crate::audit::verify::{
    KeyOf, Options, Progress, Report, StreamReport, ending, erased, files, ids, junk, stream_of,
};
use crate::audit::walk::{self, Lost, Step, Walk};
use crate::io::journal::read::FrameRef;
use crate::io::journal::salvage;
use crate::io::journal::{JournalError, Stream};
use crate::model::time::UnixMillis;
use crate::wire::record::seal::Entry;

/// A verification under way.
pub(super) struct Job<'a> {
    pub(super) data: &'a Path,
    pub(super) options: &'a Options,
    pub(super) lives: &'a mut Lives,
    pub(super) report: &'a mut Report,
    pub(super) progress: &'a mut dyn FnMut(Progress),
    /// Domain and node, as the first key names them.
    pub(super) node: Option<String>,
}

/// What is known of the stream so far.
pub(super) struct Way<'a> {
    pub(super) log: &'a Log<'a>,
    pub(super) signed: Signed,
    pub(super) growth: Growth<'a>,
    pub(super) checks: Checks,
    /// The first bytes of the hash of the origin, as every segment has them.
    origin: Option<[u8; 16]>,
    /// The segment being read.
    pub(super) file: Option<Arc<Path>>,
    /// Index and file of the first record, whether it can be read or not.
    pub(super) first: Option<(u64, Arc<Path>)>,
    pub(super) damaged: bool,
    pub(super) stats: StreamReport,
    /// The earliest and the latest time of a record.
    pub(super) times: Option<(UnixMillis, UnixMillis)>,
    /// Where records of the start may stand whose records come now.
    room: Option<(u64, Room)>,
    bytes: u64,
}

impl<'a> Job<'a> {
    /// Verifies a stream.
    pub(super) fn verify(&mut self, stream: Stream) -> Result<(), JournalError> {
        let log = Log::new(self.data, stream);
        let given = self.options.keys.iter().find(|key| stream_of(key) == Some(stream));
        let anchor = self.options.anchor.as_deref();
        let signed = log.signed(given, anchor, &mut self.report.findings)?;
        if let Some(key) = &signed.key {
            self.node(&log, key);
        }
        let own = signed.key.as_ref().map(|_| KeyOf::Folder);
        let stats = StreamReport {
            // A key that opened nothing is none that anything was checked with.
            key: given.map(|_| KeyOf::Given).or(own).filter(|_| !signed.unsigned),
            signed: signed.private.as_ref().map(|mark| mark.size),
            published: signed.published.as_ref().map(|mark| mark.size),
            ..StreamReport::default()
        };
        let mut way = Way {
            log: &log,
            growth: Growth::new(&log, signed.marks().cloned()),
            checks: Checks::new(stream, self.options.deep, signed.key.as_ref()),
            origin: signed.key.as_ref().map(|key| walk::origin_hash(key.name())),
            signed,
            file: None,
            first: None,
            damaged: false,
            stats,
            times: None,
            room: None,
            bytes: 0,
        };
        if stream == Stream::Money {
            self.lives.sign(way.signed.size());
        }
        let mut walk = Walk::from(self.data, stream, 0)?;
        self.go(&mut way, &mut walk)?;
        ending::end(self, &mut way, &mut walk)?;
        junk::look(self, &mut way, &mut walk)?;
        erased::look(self, &way)?;
        let whole = !way.damaged && self.lives.is_whole();
        way.checks.end(self.data, self.lives, whole, way.stats.first, self.report)?;
        match stream {
            Stream::Auction => self.report.auction = way.stats,
            Stream::Money => self.report.money = way.stats,
        }
        Ok(())
    }

    /// Holds the name of a key against its stream and the other key.
    fn node(&mut self, log: &Log<'_>, key: &VerifierKey) {
        let stream = log.stream.name();
        let node = key.name().strip_suffix(stream).and_then(|node| node.strip_suffix('/'));
        let what = match (node, &self.node) {
            (None, _) => format!("it is not the key of a log of the {stream} stream"),
            (Some(node), Some(known)) if node != known => {
                format!("it is the key of {node}, and that of the other stream of {known}")
            }
            (Some(node), _) => {
                self.node = Some(node.to_owned());
                return;
            }
        };
        self.add(&log.key_path(), None, "key", what);
    }

    /// Reads on to the end, as far as it is written.
    pub(super) fn go(
        &mut self,
        way: &mut Way<'_>,
        walk: &mut Walk<'a>,
    ) -> Result<(), JournalError> {
        let stream = way.checks.stream();
        while let Some(step) = files::step(walk, stream)? {
            match step {
                Step::Record(frame) => self.record(way, &frame)?,
                Step::Lost(lost) => self.lost(way, &lost)?,
            }
        }
        Ok(())
    }

    fn record(&mut self, way: &mut Way<'_>, frame: &FrameRef<'_>) -> Result<(), JournalError> {
        if way.file.as_ref() != Some(frame.file) {
            way.file = Some(Arc::clone(frame.file));
            self.segment(way, frame)?;
        }
        match &way.first {
            None => self.first(way, frame.index, frame.file),
            // Damage leaves no such jump: what was not read is counted.
            Some(_) if way.growth.size() < frame.index && way.stats.end != frame.index => {
                self.pruned(way, frame);
            }
            Some(_) => {}
        }
        way.growth.fill(frame.index, &mut self.report.findings)?;
        match frame.payload.first_chunk::<{ Entry::BYTES }>() {
            Some(entry) => {
                way.growth.push(entry, &mut self.report.findings)?;
                if let Some(entry) = Entry::read(entry) {
                    let at = entry.at;
                    let (from, to) = way.times.unwrap_or((at, at));
                    way.times = Some((from.min(at), to.max(at)));
                    if let Some(what) = ids::fault(entry.id, at) {
                        self.add(frame.file, Some(frame.index), "id", what);
                    }
                }
            }
            // The record's own check tells it.
            None => way.growth.fill(frame.index + 1, &mut self.report.findings)?,
        }
        way.checks.record(self.data, frame, self.lives, self.report)?;
        if way.checks.stream() == Stream::Auction {
            self.room(way, frame);
        }
        way.stats.erased = way.checks.erased();
        way.stats.records += 1;
        way.stats.newer += u64::from(way.signed.size() <= frame.index);
        way.stats.end = frame.index + 1;
        way.bytes += u64::try_from(frame.payload.len()).expect("a payload's length fits");
        if way.stats.records.is_multiple_of(TOLD_EVERY) {
            let records = self.report.records() + way.stats.records;
            (self.progress)(Progress { records, bytes: way.bytes });
        }
        Ok(())
    }

    /// Holds the place of an auction record against the stops of its node.
    fn room(&mut self, way: &mut Way<'_>, frame: &FrameRef<'_>) {
        let Some(boot) = way.checks.boot() else { return };
        let room = match way.room {
            Some((known, room)) if known == boot => room,
            Some(_) | None => self.lives.room(boot),
        };
        way.room = Some((boot, room));
        let what = match room {
            Room { to: Some(end), .. } if end <= frame.index => format!(
                "start {boot} had stopped when this stream had {end} records: whatever of it stands \
                 behind was added since"
            ),
            Room { from: Some((before, end)), .. } if frame.index < end => {
                format!("it is of start {boot}, and start {before} stopped with {end} records")
            }
            Room { .. } => return,
        };
        self.add(frame.file, Some(frame.index), "stop", what);
    }

    /// Looks at what a segment says of its log. Of a sealed one the records tell it.
    fn segment(&mut self, way: &Way<'_>, frame: &FrameRef<'_>) -> Result<(), JournalError> {
        let Some(origin) = way.origin else { return Ok(()) };
        if frame.file.extension().is_none_or(|form| form != "seg") {
            return Ok(());
        }
        // One that was sealed meanwhile was read before.
        let found = walk::header(frame.file).ok().flatten();
        if found.is_some_and(|found| found != origin) {
            let what = "it belongs to another log than the key".to_owned();
            self.add(frame.file, Some(frame.index), "origin", what);
        }
        Ok(())
    }

    fn first(&mut self, way: &mut Way<'_>, index: u64, file: &Arc<Path>) {
        way.first = Some((index, Arc::clone(file)));
        if index == 0 {
            return;
        }
        way.stats.first = index;
        way.growth.kept_from(index);
        if way.checks.stream() == Stream::Money {
            let what = format!(
                "the money stream is never pruned, and its first {index} records are missing"
            );
            self.add(file, Some(0), "index", what);
        }
    }

    /// Takes it that the records between the last one and this were pruned since it was read.
    fn pruned(&mut self, way: &mut Way<'_>, frame: &FrameRef<'_>) {
        way.checks.cut();
        self.first(way, frame.index, frame.file);
    }

    /// Tells what cannot be read, and reads what is behind it in the same segment.
    pub(super) fn lost(&mut self, way: &mut Way<'_>, lost: &Lost) -> Result<(), JournalError> {
        way.damaged = true;
        let segment = walk::segment(&lost.file, way.checks.stream());
        let segment = segment.map_or(0, |segment| segment.first);
        if way.first.is_none() {
            self.first(way, segment, &Arc::from(&*lost.file));
        }
        let mut next = lost.index;
        let mut told = false;
        let mut read = 0_u64;
        let below = lost.next.unwrap_or(u64::MAX);
        for frame in salvage::behind(&lost.file, (segment, lost.index), lost.offset, below) {
            if next < frame.index {
                self.hole(way, lost, next..frame.index)?;
                told = true;
            }
            (next, read) = (frame.index + 1, read + 1);
            self.record(way, &frame.lend())?;
        }
        let end = lost.next.unwrap_or_else(|| next.max(way.signed.size()));
        if 0 < read && !told && end <= next {
            // A header.
            let what = format!("damaged at offset {}; every record can be read", lost.offset);
            self.add(&lost.file, Some(lost.index), "frame", what);
        } else if next < end || !told {
            self.hole(way, lost, next..end)?;
        }
        Ok(())
    }

    /// Tells of records that cannot be read.
    fn hole(
        &mut self,
        way: &mut Way<'_>,
        lost: &Lost,
        records: Range<u64>,
    ) -> Result<(), JournalError> {
        let Range { start, end } = records;
        let which = match end.saturating_sub(start) {
            0 => "what stands there cannot be read".to_owned(),
            1 => format!("record {start} cannot be read"),
            count => format!("records {start} to {} cannot be read ({count} in all)", end - 1),
        };
        let what = match files::odd(&lost.file) {
            Some(odd) => format!("{odd}; {which}"),
            None if start == lost.index => format!("damaged at offset {}; {which}", lost.offset),
            None => format!("damaged behind offset {}; {which}", lost.offset),
        };
        self.add(&lost.file, Some(start), "frame", what);
        if way.checks.stream() == Stream::Money {
            let end = if lost.next.is_none() && way.signed.size() <= end { u64::MAX } else { end };
            self.lives.lose(start..end.max(start + 1));
        }
        way.growth.fill(end, &mut self.report.findings)?;
        way.stats.end = way.stats.end.max(end);
        Ok(())
    }

    pub(super) fn add(&mut self, file: &Path, index: Option<u64>, field: &str, what: String) {
        let file = name(self.data, file);
        self.report.findings.add(Finding { file, index, field: field.to_owned(), what });
    }
}

/// Records between two words of progress.
const TOLD_EVERY: u64 = 512;
