//! One record: its own root, and what it says of numbers, starts, configs and money.

use std::collections::BTreeMap;
use std::path::Path;

use tlog::note::VerifierKey;

use crate::audit::finding::{Finding, name};
use crate::audit::lives::{End, Lives};
use crate::audit::numbers::{Hole, Numbers};
use crate::audit::verify::cited::Citations;
use crate::audit::verify::ids::Ids;
use crate::audit::verify::{Report, snapshot};
use crate::io::journal::read::FrameRef;
use crate::io::journal::{JournalError, Stream};
use crate::model::time::UnixMillis;
use crate::wire::record::Kind;
use crate::wire::record::read::view::{Room, View, view_in};
use crate::wire::record::read::{HeadFacts, RecordError, sections};
use crate::wire::record::texts::Texts;

/// What was seen of a stream.
pub(super) struct Checks {
    stream: Stream,
    pub(super) deep: bool,
    /// The node whose log it is, as its key names it.
    node: Option<Box<str>>,
    pub(super) ids: Ids,
    /// Numbers of the start whose records come now.
    numbers: Numbers,
    boot: Option<u64>,
    /// What the starts before lack, by their counters.
    missing: BTreeMap<u64, Missing>,
    erased: u64,
    /// Time and index of the latest record of which something is erased.
    last_erased: Option<(UnixMillis, u64)>,
    pub(super) cited: Citations,
    /// Texts that many records have.
    pub(super) texts: Texts,
    room: Room,
}

/// Numbers of a start that no record has.
struct Missing {
    /// The number that came first, and the time of its record.
    first: (u64, UnixMillis),
    /// The lowest of them; as a rule they are few, or one run.
    holes: Vec<Hole>,
    count: u64,
    /// Whether there are more than are kept.
    many: bool,
}

impl Checks {
    pub(super) fn new(stream: Stream, deep: bool, key: Option<&VerifierKey>) -> Self {
        let (numbers, missing) = (Numbers::default(), BTreeMap::new());
        // `<domain>/<node>/<stream>`.
        let node = key.and_then(|key| key.name().rsplit('/').nth(1)).map(Box::from);
        Self {
            stream,
            deep,
            node,
            ids: Ids::default(),
            numbers,
            boot: None,
            missing,
            erased: 0,
            last_erased: None,
            cited: Citations::default(),
            texts: Texts::default(),
            room: Room::default(),
        }
    }

    pub(super) fn stream(&self) -> Stream {
        self.stream
    }

    /// Returns the start whose records come now.
    pub(super) fn boot(&self) -> Option<u64> {
        self.boot
    }

    pub(super) fn erased(&self) -> u64 {
        self.erased
    }

    /// Returns time and index of the latest record of which something is erased.
    pub(super) fn last_erased(&self) -> Option<(UnixMillis, u64)> {
        self.last_erased
    }

    /// Checks a record.
    pub(super) fn record(
        &mut self,
        data: &Path,
        frame: &FrameRef<'_>,
        lives: &mut Lives,
        report: &mut Report,
    ) -> Result<(), JournalError> {
        let mut found = Found { data, frame, report };
        let record = match view_in(frame.payload, &mut self.room) {
            Ok(record) => record,
            Err(error) => {
                found.wrong(&error);
                if self.stream == Stream::Money {
                    lives.lose(frame.index..frame.index + 1);
                }
                return Ok(());
            }
        };
        self.sections(&record, &mut found);
        if self.stream == Stream::Money {
            match lives.take(frame.index, &record.clone().into_record()) {
                Ok(None) => {}
                Ok(Some(fault)) => found.add(Some(fault.index), fault.field, fault.what),
                Err(error) => found.wrong(&error),
            }
        }
        if self.node.as_ref().is_some_and(|node| *node != record.head().node) {
            let (of, node) = (&record.head().node, self.node.as_deref().unwrap_or_default());
            found.here(
                "node",
                format!("it is a record of node {of:?}, and the log that of {node:?}"),
            );
        }
        self.number(record.head(), record.at, &mut found);
        self.cited.look_up(self.stream, &record, lives, &mut found)?;
        self.content(&record, &mut found);
        if record.kind == Kind::Auction {
            self.auction(&record, &mut found)?;
        }
        record.leave(&mut self.room);
        Ok(())
    }

    /// Says which starts lack numbers; `whole`: all records of both streams could be read.
    pub(super) fn end(
        &mut self,
        data: &Path,
        lives: &mut Lives,
        whole: bool,
        first: u64,
        report: &mut Report,
    ) -> Result<(), JournalError> {
        let folder = format!("journal/{}", self.stream.name());
        let mut add = |index: Option<u64>, field: &str, what: String| {
            let (file, field) = (folder.clone(), field.to_owned());
            report.findings.add(Finding { file, index, field, what });
        };
        for index in self.ids.repeated(data, self.stream)? {
            add(Some(index), "id", TWICE.to_owned());
        }
        if self.ids.is_many() {
            add(None, "id", "too many ids are older than those before them to look at".to_owned());
        }
        let open = self.boot;
        self.close();
        if !whole {
            return Ok(());
        }
        if open.is_some_and(|boot| lives.life(boot).is_none()) {
            lives.catch_up(data)?;
        }
        let pruned = (0 < first).then(|| self.missing.keys().next().copied()).flatten();
        let mut add = |field, what| add(None, field, what);
        for (&boot, missing) in &self.missing {
            let Some(life) = lives.life(boot) else {
                add("boot", format!("start {boot} has records and no record of its start"));
                continue;
            };
            if missing.many {
                add("seq", format!("start {boot} lacks numbers in more places than are looked at"));
            }
            // A start that runs, or ended without a stop, may lack what it was writing at its end;
            // where a stream was cut, numbers stand out of order on both sides.
            let stopped = matches!(life.end, Some(End::Stop(_)));
            let cut = pruned == Some(boot);
            let fits = |hole: &&Hole| {
                (!stopped && hole.fits_crash()) || (cut && hole.fits_cut(missing.first))
            };
            let mut left = missing.holes.iter().filter(|hole| !fits(hole));
            let untold = left.find_map(|hole| {
                hole.numbers.clone().find(|number| !life.is_told(self.stream, *number))
            });
            if let Some(number) = untold {
                let count = missing.count;
                let end = if stopped { "" } else { ", and it was not being written at its end" };
                let what = format!(
                    "start {boot} lacks number {number} ({count} in all), and no gap tells of \
                     it{end}"
                );
                add("seq", what);
            }
        }
        Ok(())
    }

    /// Takes it that the records so far were pruned while they were read.
    pub(super) fn cut(&mut self) {
        self.numbers = Numbers::default();
        self.boot = None;
        self.missing.clear();
    }

    /// Whether a record in which no auction stands holds what its kind does.
    fn content(&self, record: &View<'_>, found: &mut Found<'_>) {
        let copy = || record.clone().into_record();
        let read = match record.kind {
            Kind::Notices => copy().notices().map(drop),
            Kind::Rates => copy().rates().map(drop),
            Kind::Admin => copy().admin().map(drop),
            Kind::Config => {
                let read = record.section("config").is_none_or(|it| snapshot::read(it).is_some());
                if read { Ok(()) } else { Err(RecordError::Content("config".into())) }
            }
            // Auctions are read for their figures, the life of the node for its starts.
            Kind::Auction | Kind::Lifecycle => Ok(()),
        };
        if let Err(error) = read {
            found.wrong(&error);
        }
        let of_auctions = matches!(record.kind, Kind::Auction | Kind::Notices);
        if of_auctions != (self.stream == Stream::Auction) {
            let (kind, stream) = (record.kind.number(), self.stream.name());
            found.here(
                "kind",
                format!("a record of kind {kind} does not belong to the {stream} stream"),
            );
        }
        for (section, what) in sections::faults(record) {
            found.here(&section, what.to_owned());
        }
    }

    /// Only what tells of the viewer may be erased.
    fn sections(&mut self, record: &View<'_>, found: &mut Found<'_>) {
        for section in record.erased() {
            self.erased += 1;
            self.last_erased = self.last_erased.max(Some((record.at, found.frame.index)));
            if section != "user" {
                found.here(section, "it is erased, and only `user` may be".to_owned());
            }
        }
    }

    fn number(&mut self, head: &HeadFacts, at: UnixMillis, found: &mut Found<'_>) {
        match self.boot {
            Some(boot) if head.boot < boot => {
                let what = format!("start {} comes after start {boot}", head.boot);
                found.here("boot", what);
                return;
            }
            Some(boot) if head.boot == boot => {}
            Some(_) | None => {
                self.close();
                self.boot = Some(head.boot);
            }
        }
        if !self.numbers.add(head.seq, at) {
            let what = format!("number {} of start {} was there before", head.seq, head.boot);
            found.here("seq", what);
        }
    }

    /// Ends the start whose records came.
    fn close(&mut self) {
        let numbers = std::mem::take(&mut self.numbers);
        let (Some(boot), Some(first)) = (self.boot.take(), numbers.first()) else { return };
        let mut holes = numbers.missing();
        let count = holes.iter().map(|hole| hole.numbers.end - hole.numbers.start).sum();
        let many = numbers.is_many() || MOST_HOLES < holes.len();
        holes.truncate(MOST_HOLES);
        self.missing.insert(boot, Missing { first, holes, count, many });
    }
}

/// Names the part of a record that an error is about.
pub(in crate::audit) fn field(error: &RecordError) -> &str {
    match error {
        RecordError::Malformed => "payload",
        RecordError::Kind(_) => "kind",
        RecordError::TooLarge => "sections",
        RecordError::Root => "root",
        RecordError::Head => "head",
        RecordError::Section(name) | RecordError::Missing(name) | RecordError::Content(name) => {
            name
        }
    }
}

/// Where findings about one record go.
pub(super) struct Found<'a> {
    pub(super) data: &'a Path,
    frame: &'a FrameRef<'a>,
    pub(super) report: &'a mut Report,
}

impl Found<'_> {
    pub(super) fn here(&mut self, field: &str, what: String) {
        self.add(Some(self.frame.index), field, what);
    }

    pub(super) fn wrong(&mut self, error: &RecordError) {
        self.here(field(error), error.to_string());
    }

    fn add(&mut self, index: Option<u64>, field: &str, what: String) {
        let file = name(self.data, self.frame.file);
        self.report.findings.add(Finding { file, index, field: field.to_owned(), what });
    }
}

/// What is wrong with an id that is not the first.
pub(super) const TWICE: &str = "an auction before it has the same id";
/// How many holes of a start are looked at; a node that leaves more has more to explain.
const MOST_HOLES: usize = 10_000;
