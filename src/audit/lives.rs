//! The lives of a node, and the snapshots its auctions cite, gathered from the money stream.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use crate::audit::verify::files;
use crate::audit::walk::{Step, Walk};
use crate::io::journal::{JournalError, Stream};
use crate::model::time::UnixMillis;
use crate::wire::record::admin::Action;
use crate::wire::record::read::{self, Record, RecordError};
use crate::wire::record::{Kind, Lifecycle, StreamName};

/// One start of the node.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Life {
    /// Index and time of the record of its start.
    pub(super) start: Option<(u64, UnixMillis)>,
    /// How it ended, as far as the stream says.
    pub(super) end: Option<End>,
    /// Where the auction stream ended when it stopped in order.
    pub(super) auction_end: Option<u64>,
    /// Numbers that no record has, as told at its end: of the auction stream.
    auction: BTreeSet<u64>,
    /// The same of the money stream.
    money: BTreeSet<u64>,
}

/// How a start ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum End {
    /// In order; the index of its record.
    Stop(u64),
    /// Without a stop, as the next start found; the index of the gap's record.
    Gap(u64),
}

/// Where records of a start may stand in the auction stream.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Room {
    /// The last start before it that stopped in order, and where the stream ended then.
    pub(super) from: Option<(u64, u64)>,
    /// Where it ended when this one stopped.
    pub(super) to: Option<u64>,
}

/// A snapshot that auctions cite.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Snapshot {
    pub(super) root: [u8; 32],
    pub(super) at: UnixMillis,
}

/// All starts and snapshots of a money stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives {
    by_boot: BTreeMap<u64, Life>,
    configs: BTreeMap<u64, Snapshot>,
    /// The last start that told its config, and so the ends of all before it.
    opened: u64,
    rates: BTreeMap<u64, Snapshot>,
    /// Records of where its logs come from, by their index: new origins and changes of keys.
    origins: Vec<(u64, Lifecycle)>,
    /// The index after the last record taken.
    next: u64,
    /// Records that could not be read.
    lost: Vec<Range<u64>>,
    /// Records of prunes, each of more than those before it.
    prunes: Vec<Prune>,
    /// How many records of the money stream are signed.
    signed: u64,
    /// What was erased.
    erased: Erased,
    /// The first record that tells of an auction record.
    tells_of_auctions: Option<u64>,
}

/// What records tell was erased of auctions.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Erased {
    /// Sections.
    pub(super) sections: u64,
    /// Of auctions recorded before.
    pub(super) before: UnixMillis,
}

impl Erased {
    /// Adds what one more record tells.
    pub(super) fn add(&mut self, before: UnixMillis, sections: u64) {
        self.sections = self.sections.saturating_add(sections);
        self.before = self.before.max(before);
    }
}

/// A record that tells of a prune.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Prune {
    /// Its index in the money stream.
    pub(super) index: u64,
    /// The first auction record that it says is kept.
    pub(super) first_kept: u64,
}

/// What is wrong about a start that a record tells of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fault {
    /// The record it is about.
    pub(super) index: u64,
    pub(super) field: &'static str,
    pub(super) what: String,
}

impl Life {
    /// Says whether a record tells that a number of a stream was not used.
    pub(super) fn is_told(&self, stream: Stream, number: u64) -> bool {
        match stream {
            Stream::Auction => self.auction.contains(&number),
            Stream::Money => self.money.contains(&number),
        }
    }
}

impl Lives {
    /// Takes a record of the money stream; says what is wrong with the life it tells of.
    pub(super) fn take(
        &mut self,
        index: u64,
        record: &Record,
    ) -> Result<Option<Fault>, RecordError> {
        self.next = index + 1;
        let behind = self.behind_stop(index, record.head()?.boot);
        match record.kind {
            Kind::Auction | Kind::Notices => Ok(behind),
            Kind::Admin => {
                self.tells_of_auctions.get_or_insert(index);
                if let Action::Prune { first_kept, .. } = record.admin()?.action
                    && self.prunes.last().is_none_or(|last| last.first_kept < first_kept)
                {
                    self.prunes.push(Prune { index, first_kept });
                }
                if let Action::Erase { before, sections } = record.admin()?.action {
                    self.erased.add(before, sections);
                }
                Ok(behind)
            }
            Kind::Config | Kind::Rates => {
                let snapshot = Snapshot { root: record.root, at: record.at };
                if record.kind == Kind::Rates {
                    self.rates.insert(index, snapshot);
                    return Ok(behind);
                }
                self.configs.insert(index, snapshot);
                let fault = self.open(record.head()?.boot);
                Ok(fault.filter(|_| self.lost.is_empty()).or(behind))
            }
            Kind::Lifecycle => {
                let boot = record.head()?.boot;
                let event = record.lifecycle()?;
                let fault = self.live(index, boot, record.at, &event);
                // What the lost records say is not known.
                Ok(fault.filter(|_| self.lost.is_empty()).or(behind))
            }
        }
    }

    /// Notes that records could not be read.
    pub(super) fn lose(&mut self, records: Range<u64>) {
        self.next = records.end.max(self.next);
        match self.lost.last_mut() {
            Some(last) if last.end == records.start => last.end = records.end,
            Some(_) | None => self.lost.push(records),
        }
    }

    /// Takes what was written since to the money stream, as it stands.
    pub(super) fn catch_up(&mut self, data: &Path) -> Result<(), JournalError> {
        let mut walk = Walk::from(data, Stream::Money, self.next)?;
        while let Some(step) = files::step(&mut walk, Stream::Money)? {
            match step {
                // What is wrong with it is found when it is the stream's turn.
                Step::Record(frame) => match read::read(frame.payload) {
                    Ok(record) => drop(self.take(frame.index, &record)),
                    Err(_) => self.lose(frame.index..frame.index + 1),
                },
                Step::Lost(lost) => self.lose(lost.index..lost.next.unwrap_or(u64::MAX)),
            }
        }
        Ok(())
    }

    /// Returns the config snapshot at an index of the money stream.
    pub(super) fn config(&self, index: u64) -> Option<Snapshot> {
        self.configs.get(&index).copied()
    }

    /// Returns the snapshot of rates at an index of the money stream.
    pub(super) fn rates(&self, index: u64) -> Option<Snapshot> {
        self.rates.get(&index).copied()
    }

    /// Returns a start by its counter.
    pub(super) fn life(&self, boot: u64) -> Option<&Life> {
        self.by_boot.get(&boot)
    }

    /// Returns what is told of where the logs come from, by index of the record.
    pub(super) fn origins(&self) -> &[(u64, Lifecycle)] {
        &self.origins
    }

    /// Returns all starts in their order.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &Life)> {
        self.by_boot.iter().map(|(boot, life)| (*boot, life))
    }

    /// Says whether a start runs, or ended and no later one has had the time to tell.
    pub(super) fn is_open(&self, boot: u64) -> bool {
        self.opened <= boot && self.life(boot).is_some_and(|life| life.end.is_none())
    }

    /// Returns the index after the last record taken.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Says whether a record could not be read.
    pub(super) fn is_lost(&self, index: u64) -> bool {
        self.lost.iter().any(|range| range.contains(&index))
    }

    /// Takes it that a checkpoint signs so many records of the money stream.
    pub(super) fn sign(&mut self, signed: u64) {
        self.signed = self.signed.max(signed);
    }

    /// Returns the first auction record that is kept, as signed records of prunes tell; 0 without
    /// one. One that nobody signed anyone may have added.
    pub(super) fn first_kept(&self) -> u64 {
        let signed = self.prunes.iter().filter(|prune| prune.index < self.signed);
        signed.map(|prune| prune.first_kept).max().unwrap_or(0)
    }

    /// Returns the last record of a prune that no checkpoint signs.
    pub(super) fn unsigned_prune(&self) -> Option<Prune> {
        self.prunes.last().copied().filter(|prune| self.signed <= prune.index)
    }

    /// Returns where records of a start may stand in the auction stream: behind the end that the last
    /// start before it told as it stopped, and before its own; and the starts that say so.
    pub(super) fn room(&self, boot: u64) -> Room {
        let stops = |life: (&u64, &Life)| Some((*life.0, life.1.auction_end?));
        let before = self.by_boot.range(..boot).rev().find_map(stops);
        let own = self.life(boot).and_then(|life| life.auction_end);
        Room { from: before, to: own }
    }

    /// Returns the last start that stopped in order, and where the auction stream ended then.
    pub(super) fn last_stop(&self) -> Option<(u64, u64)> {
        self.by_boot.iter().rev().find_map(|(boot, life)| Some((*boot, life.auction_end?)))
    }

    /// Returns what was erased, as records tell.
    pub(super) fn erased(&self) -> Erased {
        self.erased
    }

    /// Returns the first record that tells of a record of the auction stream, if there is one.
    pub(super) fn tells_of_auctions(&self) -> Option<u64> {
        self.tells_of_auctions
    }

    /// Says whether the last start runs, or ended without a stop.
    pub(super) fn is_last_open(&self) -> bool {
        self.by_boot.last_key_value().is_some_and(|(boot, _)| self.is_open(*boot))
    }

    /// Says whether all records could be read.
    pub(super) fn is_whole(&self) -> bool {
        self.lost.is_empty()
    }

    fn live(&mut self, index: u64, boot: u64, at: UnixMillis, event: &Lifecycle) -> Option<Fault> {
        match event {
            Lifecycle::Start => self.start(index, boot, at),
            Lifecycle::NewOrigin { .. } => {
                self.origins.push((index, event.clone()));
                let late = (index != 0).then(|| Fault {
                    index,
                    field: "event",
                    what: "a new origin is told by the first record, and no other".to_owned(),
                });
                self.start(index, boot, at).or(late)
            }
            Lifecycle::KeyChange { .. } => {
                self.origins.push((index, event.clone()));
                None
            }
            Lifecycle::Stop { auction_end } => {
                if 0 < *auction_end {
                    self.tells_of_auctions.get_or_insert(index);
                }
                let life = self.by_boot.entry(boot).or_default();
                let fault = (life.start.is_none() || life.end.is_some()).then(|| Fault {
                    index,
                    field: "stop",
                    what: format!("start {boot} has not begun, or had ended before this stop"),
                });
                life.end.get_or_insert(End::Stop(index));
                life.auction_end.get_or_insert(*auction_end);
                fault
            }
            Lifecycle::Gap { boot: of, auction, money } => {
                let life = self.by_boot.entry(*of).or_default();
                if auction.is_empty() && money.is_empty() {
                    life.end.get_or_insert(End::Gap(index));
                }
                life.auction.extend(auction);
                life.money.extend(money);
                if !auction.is_empty() {
                    // A number is told of only when a higher one was used.
                    self.tells_of_auctions.get_or_insert(index);
                }
                None
            }
            Lifecycle::LateSync { .. } => {
                self.tells_of_auctions.get_or_insert(index);
                None
            }
            Lifecycle::Cut { stream: StreamName::Auction, index: torn, .. } if 0 < *torn => {
                self.tells_of_auctions.get_or_insert(index);
                None
            }
            Lifecycle::Cut { .. } | Lifecycle::Clock { .. } => None,
        }
    }

    /// Says when a record stands behind the stop of its start.
    fn behind_stop(&self, index: u64, boot: u64) -> Option<Fault> {
        let Some(End::Stop(stop)) = self.life(boot)?.end else { return None };
        let what = format!(
            "start {boot} had stopped with record {stop}: whatever stands behind was added since"
        );
        Some(Fault { index, field: "stop", what })
    }

    /// Takes it that a start told its config: by then it has told how those before it ended.
    fn open(&mut self, boot: u64) -> Option<Fault> {
        let before = self.opened..boot;
        self.opened = self.opened.max(boot);
        // Those before the start that did so last were looked at then.
        let mut lives = (!before.is_empty()).then(|| self.by_boot.range(before))?;
        let (untold, index) = lives.find_map(|(untold, life)| {
            let (index, _) = life.start.filter(|_| life.end.is_none())?;
            Some((untold, index))
        })?;
        let what = format!("start {untold} has neither a stop nor a gap");
        Some(Fault { index, field: "start", what })
    }

    fn start(&mut self, index: u64, boot: u64, at: UnixMillis) -> Option<Fault> {
        let last = self.by_boot.last_key_value().map(|(boot, _)| *boot);
        let entry = self.by_boot.entry(boot);
        if let Entry::Occupied(_) = &entry {
            let what = format!("start {boot} is told twice");
            return Some(Fault { index, field: "boot", what });
        }
        entry.or_default().start = Some((index, at));
        match last {
            Some(last) if last + 1 != boot => Some(Fault {
                index,
                field: "boot",
                what: format!("start {boot} follows start {last}"),
            }),
            None if boot != 1 => {
                let what = format!("the first start is counted as {boot}");
                Some(Fault { index, field: "boot", what })
            }
            Some(_) | None => None,
        }
    }
}
