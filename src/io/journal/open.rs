//! Opening the journal: the lock, what both streams share, their ends, the threads.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::io::background::stand_back;
use crate::io::journal::alarm::Alarm;
use crate::io::journal::disk::{Disk, LocalDisk};
use crate::io::journal::hold::Hold;
use crate::io::journal::keeper::{self, Keeper, Keeping};
use crate::io::journal::space::{Space, suffices_to_start};
use crate::io::journal::start::{Common, recovered, starts};
use crate::io::journal::{
    AUCTION_THREAD, Durability, FOLDER, Identity, Journal, JournalError, Limits, Settings, Stream,
    asked, doing, writer,
};
use crate::model::time::UnixMillis;

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment: 64 << 20,
            queue: 64 << 20,
            ahead: 1 << 20,
            ballast: 4 << 20,
            spacing: Duration::from_millis(1),
        }
    }
}

impl Settings {
    /// Returns the settings of a journal of the usual sizes that keeps everything.
    #[must_use]
    pub fn new(durability: Durability) -> Self {
        Self { durability, limits: Limits::default(), retention: None, anchor: None }
    }
}

impl Journal {
    /// Opens the journal in a data folder: locks it, cuts what a crash tore, starts its writers.
    ///
    /// `is_start` says whether a payload of the money stream is the record of a start.
    ///
    /// # Errors
    ///
    /// When another process has it open, it is damaged or foreign, or the file system refuses.
    pub fn open(
        data: &Path,
        identity: &Identity,
        durability: Durability,
        is_start: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, JournalError> {
        Self::open_with(data, identity, Settings::new(durability), is_start)
    }

    /// Opens the journal in a data folder with settings of one's own.
    ///
    /// # Errors
    ///
    /// As `open`; also when the disk has no room for what a start writes.
    pub fn open_with(
        data: &Path,
        identity: &Identity,
        settings: Settings,
        is_start: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, JournalError> {
        let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
        let hold = Hold::take_on(&disk, data)?;
        // Before anything is cut that only a record of this start would tell of.
        suffices_to_start(&*disk, data, &settings.limits)?;
        Self::open_held_on((disk, hold), data, identity, settings, is_start)
    }

    /// Opens the journal in a data folder on `disk`.
    ///
    /// # Errors
    ///
    /// As `open`.
    pub fn open_on(
        disk: Arc<dyn Disk>,
        data: &Path,
        identity: &Identity,
        settings: Settings,
        is_start: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, JournalError> {
        let hold = Hold::take_on(&disk, data)?;
        Self::open_held_on((disk, hold), data, identity, settings, is_start)
    }

    /// Opens the journal in a data folder whose lock is held.
    ///
    /// # Errors
    ///
    /// As `open`; the lock is given back then.
    pub fn open_held(
        hold: Hold,
        data: &Path,
        identity: &Identity,
        settings: Settings,
        is_start: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, JournalError> {
        Self::open_held_on((Arc::new(LocalDisk), hold), data, identity, settings, is_start)
    }

    /// Ends the writers as `close` does, and returns the lock instead of giving it back.
    #[must_use]
    pub fn release(self) -> Option<Hold> {
        self.finish();
        self.lock.lock().take()
    }

    fn open_held_on(
        (disk, hold): (Arc<dyn Disk>, Hold),
        data: &Path,
        identity: &Identity,
        settings: Settings,
        is_start: impl Fn(&[u8]) -> bool,
    ) -> Result<Self, JournalError> {
        let top = data.join(FOLDER);
        asked::tidy(&*disk, data)?;
        let common = Common {
            disk: Arc::clone(&disk),
            space: Space::new(Arc::clone(&disk), &top, &settings.limits),
            keeper: Keeper::new(),
            alarm: Alarm::new(),
        };
        let auction = recovered(&common, data, identity, &settings, Stream::Auction)?;
        let money = recovered(&common, data, identity, &settings, Stream::Money)?;
        let boot = 1 + starts(&disk, data, is_start)?;
        let Common { space, keeper, alarm, .. } = common;
        let journal = Self {
            auction: Arc::clone(&auction.queue),
            money: Arc::clone(&money.queue),
            boot,
            cuts: auction.cut.into_iter().chain(money.cut).collect(),
            newest: auction.newest.max(money.newest).map(UnixMillis),
            alarm,
            space: Arc::clone(&space),
            keeper: Arc::clone(&keeper),
            threads: Mutex::new(Vec::new()),
            lock: Mutex::new(Some(hold)),
        };
        let keeping = Keeping { disk, data: data.to_owned(), retention: settings.retention };
        let started = journal
            .start("journal-money", move || writer::run(&money.queue, money.writer))
            .and_then(|()| {
                journal.start(AUCTION_THREAD, move || writer::run(&auction.queue, auction.writer))
            })
            .and_then(|()| journal.start("journal-space", move || space.watch()))
            .and_then(|()| {
                journal.start("journal-keeper", move || {
                    stand_back();
                    keeper::run(&keeper, &keeping);
                })
            });
        started.map_err(doing("start the threads of", data))?;
        Ok(journal)
    }

    fn start(&self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = std::thread::Builder::new().name(name.to_owned());
        self.threads.lock().push(thread.spawn(work)?);
        Ok(())
    }
}
