//! What earlier starts of a node told, and whether its journal ends as they say.
//!
//! What nobody signed anyone may have added, or taken away. A crash leaves such records too: they are
//! those of a start that has not stopped, and only they are signed by the next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::io::journal::read::{self, frames, frames_from};
use crate::io::journal::{self, Journal, Stream};
use crate::wire::record::admin::Action;
use crate::wire::record::read::{Record, RecordError};
use crate::wire::record::{Kind, Lifecycle, StreamName};

/// What earlier starts told.
#[derive(Default)]
pub(super) struct Told {
    /// The start counters of those that no stop or gap record ends: more than one when a crash came
    /// between a start and the gaps it tells of.
    pub(super) open: BTreeSet<u64>,
    /// The streams whose change of key is told.
    pub(super) changed: Vec<StreamName>,
    /// Where the auction stream ended as a start stopped.
    stops: BTreeMap<u64, u64>,
    /// The first auction that is kept, as signed records tell.
    first_kept: u64,
    /// The last start.
    begun: u64,
}

/// Why a node may not go on after what its journal holds: the exchange's fault, exit code 3.
#[derive(Debug, thiserror::Error)]
pub enum LifeError {
    /// A record was added behind a stop, and nobody signed it.
    #[error(
        "{} stream: record {index} was added behind the stop of start {boot}, and no checkpoint \
         signs it: this exchange did not write it and will not sign it; {WAY_FORWARD}",
        stream.name()
    )]
    BehindStop {
        /// The stream.
        stream: Stream,
        /// The record's index.
        index: u64,
        /// The start that had stopped.
        boot: u64,
    },
    /// Auctions are gone that were there at the last stop.
    #[error(
        "auction stream: start {boot} stopped with {told} records, and {holds} are there: the rest \
         was lost; {WAY_FORWARD}"
    )]
    Short {
        /// The start.
        boot: u64,
        /// Where the stream ended as it stopped.
        told: u64,
        /// Where it ends.
        holds: u64,
    },
    /// Auctions are gone at the front that nobody deleted.
    #[error(
        "auction stream: records {from} to {} are missing, and no signed record tells that they were \
         pruned; {WAY_FORWARD}",
        first - 1
    )]
    Missing {
        /// The first that should be there.
        from: u64,
        /// The first that is.
        first: u64,
    },
    /// A record does not say what it must.
    #[error("money stream: record {index} cannot be understood: {source}; {WAY_FORWARD}")]
    Unreadable {
        /// Its index.
        index: u64,
        /// What is wrong with it.
        source: RecordError,
    },
}

impl Told {
    /// Reads it, and holds both streams against it.
    pub(super) fn read(journal: &Journal, data: &Path) -> anyhow::Result<Self> {
        let mut told = Self::default();
        let signed = read::signed(data, Stream::Money)?;
        let mut records = frames(data, Stream::Money)?;
        while let Some(frame) = records.read()? {
            let index = frame.index;
            let record = crate::wire::record::read::read(frame.payload);
            let taken = record.and_then(|record| told.take(index < signed, &record));
            let behind = taken.map_err(|source| LifeError::Unreadable { index, source })?;
            if let Some(boot) = behind.filter(|_| signed <= index) {
                return Err(LifeError::BehindStop { stream: Stream::Money, index, boot }.into());
            }
        }
        told.auctions(journal, data)?;
        Ok(told)
    }

    /// Takes a record; returns the start behind whose stop it stands, if it does.
    fn take(&mut self, signed: bool, record: &Record) -> Result<Option<u64>, RecordError> {
        let boot = record.head()?.boot;
        let event = match record.kind {
            Kind::Lifecycle => Some(record.lifecycle()?),
            Kind::Auction | Kind::Notices | Kind::Config | Kind::Rates | Kind::Admin => None,
        };
        // Only a start stands behind the stop of the one before it.
        let starts = matches!(event, Some(Lifecycle::Start | Lifecycle::NewOrigin { .. }));
        let mut over = [boot].into_iter().chain((!starts).then_some(self.begun));
        let behind = over.find(|boot| self.stops.contains_key(boot));
        if starts {
            self.begun = self.begun.max(boot);
        }
        if let Some(event) = event {
            self.live(boot, event);
        } else if record.kind == Kind::Admin
            && let Action::Prune { first_kept, .. } = record.admin()?.action
            && signed
        {
            self.first_kept = self.first_kept.max(first_kept);
        }
        Ok(behind)
    }

    fn live(&mut self, boot: u64, event: Lifecycle) {
        match event {
            Lifecycle::Start | Lifecycle::NewOrigin { .. } => {
                self.open.insert(boot);
            }
            Lifecycle::KeyChange { stream, .. } => self.changed.push(stream),
            Lifecycle::Stop { auction_end } => {
                self.open.remove(&boot);
                self.stops.entry(boot).or_insert(auction_end);
            }
            Lifecycle::Gap { boot, auction, money } if auction.is_empty() && money.is_empty() => {
                self.open.remove(&boot);
            }
            Lifecycle::Gap { .. }
            | Lifecycle::LateSync { .. }
            | Lifecycle::Cut { .. }
            | Lifecycle::Clock { .. } => {}
        }
    }

    /// Holds both ends of the auction stream against what is told.
    fn auctions(&self, journal: &Journal, data: &Path) -> anyhow::Result<()> {
        let holds = journal.on_disk(Stream::Auction);
        let first = journal::oldest(data, Stream::Auction)?.unwrap_or(0);
        if self.first_kept < first {
            return Err(LifeError::Missing { from: self.first_kept, first }.into());
        }
        let Some((&boot, &end)) = self.stops.last_key_value() else { return Ok(()) };
        if holds < end {
            return Err(LifeError::Short { boot, told: end, holds }.into());
        }
        let behind = |index, boot| LifeError::BehindStop { stream: Stream::Auction, index, boot };
        let unsigned = read::signed(data, Stream::Auction)?.max(first);
        if self.begun <= boot && unsigned.max(end) < holds {
            // Whatever it says of itself.
            return Err(behind(unsigned.max(end), boot).into());
        }
        let mut records = frames_from(data, Stream::Auction, unsigned)?;
        while let Some(frame) = records.read()? {
            let record = crate::wire::record::read::read(frame.payload);
            // What cannot be read `audit verify` tells of.
            let Ok(head) = record.and_then(|record| record.head()) else { continue };
            if self.stops.get(&head.boot).is_some_and(|end| *end <= frame.index) {
                return Err(behind(frame.index, head.boot).into());
            }
        }
        Ok(())
    }
}

const WAY_FORWARD: &str = "bring back the data folder as the exchange left it, or go on under a new \
                           `exchange.node` with an empty one, this one as `journal.follows` \
                           (docs/operating.md, \"The log\")";
