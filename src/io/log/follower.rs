//! The thread that keeps the logs of both streams as the journal grows.
//!
//! A disk without room or a process without descriptors makes a log wait: it is opened again every few
//! seconds, with all the checks of a start, and goes on where its files say. Any other failure is final
//! until the next start.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::io::background::stand_back;
use crate::io::chain::Chain;
use crate::io::journal::disk::{Disk, LocalDisk};
use crate::io::journal::{Identity, Journal, Stream, origin};
use crate::io::log::followed::{Followed, at_anchor};
use crate::io::log::writer::{Place, StreamLog};
use crate::io::log::{LogError, doing, folder, private};
use crate::io::metrics::Metrics;
use crate::io::{clock, keys};

/// The logs of a node, opened and checked, not yet following.
pub struct Logs {
    logs: Vec<(Stream, StreamLog)>,
}

/// The logs of a node, kept by a thread of their own.
pub struct Follower {
    state: Arc<State>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread and its owner share.
#[derive(Default)]
pub(super) struct State {
    stopping: Mutex<bool>,
    told: Condvar,
    /// Why a log is no longer kept.
    pub(super) failure: Mutex<Option<Arc<str>>>,
    /// Why logs wait for room or descriptors, by stream.
    pub(super) waiting: Mutex<BTreeMap<&'static str, Arc<str>>>,
}

impl Logs {
    /// Opens the logs of both streams beside an open journal, and makes their keys at first.
    ///
    /// # Errors
    ///
    /// When something was signed that is not there any more, in the data folder or at `anchor`; or
    /// the disk refuses.
    pub fn open(
        data: &Path,
        identity: &Identity,
        anchor: Option<&Path>,
        journal: &Journal,
    ) -> Result<Self, LogError> {
        Self::open_following(data, identity, anchor, &[], journal)
    }

    /// Opens the logs of a node that takes the place of another, whose last checkpoints may stand at
    /// the anchor.
    ///
    /// # Errors
    ///
    /// As `open`.
    pub fn open_following(
        data: &Path,
        identity: &Identity,
        anchor: Option<&Path>,
        followed: &[Followed],
        journal: &Journal,
    ) -> Result<Self, LogError> {
        if let Some(anchor) = anchor {
            // A disk that is not mounted must not pass for one that was never written.
            std::fs::read_dir(anchor).map_err(doing("list the anchor", anchor))?;
        }
        let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
        let streams = [Stream::Auction, Stream::Money];
        let mut before = Vec::new();
        for stream in streams {
            let ours = origin(identity, stream);
            let found = anchor.map(|it| at_anchor(&*disk, it, (stream, &ours), followed));
            before.push(found.transpose()?.flatten());
        }
        let mut logs = Vec::new();
        for (stream, before) in streams.into_iter().zip(before) {
            let anchored = anchor.filter(|_| before.is_none());
            let anchored = anchored.map(|anchor| super::anchored(anchor, stream));
            let copies = [private(data, stream), folder(data, stream).join(super::CHECKPOINT)];
            let signed = copies.iter().chain(&anchored).any(|copy| copy.exists());
            let key = keys::log(data, stream.name(), &origin(identity, stream), signed)?;
            let (data, anchor) = (data.to_owned(), anchor.map(PathBuf::from));
            let place = Place { disk: Arc::clone(&disk), data, anchor, stream, before };
            logs.push((stream, StreamLog::open(place, key, journal.on_disk(stream))?));
        }
        Ok(Self { logs })
    }

    /// Returns the text of the key that checks the log of a stream.
    #[must_use]
    pub fn key(&self, stream: Stream) -> Option<String> {
        let found = self.logs.iter().find(|(it, _)| *it == stream);
        found.map(|(_, log)| log.key().to_string())
    }

    /// Signs and publishes all that the journal has on disk, and follows it no further: for a command
    /// that holds the journal, which must be finished.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read or a log not be written.
    pub fn sign(mut self, journal: &Journal) -> Result<(), LogError> {
        for (stream, log) in &mut self.logs {
            while !log.step(journal.on_disk(*stream))? {}
        }
        Ok(())
    }

    /// Follows the journal: each `every` with new records a checkpoint. `on_disk` says how many
    /// records of a stream are on disk, and nothing once the journal is gone.
    ///
    /// # Errors
    ///
    /// When the thread cannot be started.
    pub fn follow(
        self,
        every: Duration,
        metrics: Arc<Metrics>,
        on_disk: impl Fn(Stream) -> Option<u64> + Send + 'static,
    ) -> io::Result<Follower> {
        let state = Arc::new(State::default());
        for (stream, log) in &self.logs {
            metrics.log_signed(stream.name(), log.signed());
        }
        let mut work = Work::new(Arc::clone(&state), metrics, self.logs, on_disk);
        let thread = std::thread::Builder::new().name("log".to_owned());
        let thread = thread.spawn(move || {
            stand_back();
            work.run(every);
        })?;
        Ok(Follower { state, thread: Mutex::new(Some(thread)) })
    }
}

impl Follower {
    /// Returns why a log is no longer kept; final until the next start, and sales go on.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<str>> {
        self.state.failure.lock().clone()
    }

    /// Returns why a log waits for room on the disk or for descriptors; it goes on by itself.
    #[must_use]
    pub fn waiting(&self) -> Option<Arc<str>> {
        let waiting = self.state.waiting.lock();
        waiting.first_key_value().map(|(_, why)| Arc::clone(why))
    }

    /// Publishes a checkpoint of all that is on disk, and ends the thread; blocks on disk.
    ///
    /// The journal must be finished and still hold its lock.
    pub fn stop(&self) {
        *self.state.stopping.lock() = true;
        self.state.told.notify_all();
        if let Some(thread) = self.thread.lock().take() {
            // A thread that panicked has signed its last.
            let _ = thread.join();
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the thread has.
pub(super) struct Work {
    state: Arc<State>,
    metrics: Arc<Metrics>,
    /// Those that did not fail.
    logs: Vec<Kept>,
    on_disk: Box<dyn Fn(Stream) -> Option<u64> + Send>,
}

/// A log that is kept.
struct Kept {
    stream: Stream,
    log: StreamLog,
    /// When it is opened again; none unless it waits for room or descriptors.
    again: Option<Instant>,
}

impl Work {
    pub(super) fn new(
        state: Arc<State>,
        metrics: Arc<Metrics>,
        logs: Vec<(Stream, StreamLog)>,
        on_disk: impl Fn(Stream) -> Option<u64> + Send + 'static,
    ) -> Self {
        let logs = logs.into_iter().map(|(stream, log)| Kept { stream, log, again: None });
        Self { state, metrics, logs: logs.collect(), on_disk: Box::new(on_disk) }
    }

    fn run(&mut self, every: Duration) {
        let mut next = Instant::now() + every;
        loop {
            let stopping = self.state.wait(next);
            // A step that took long is not made up for.
            let now = Instant::now();
            next = now + every;
            // The last checkpoint is tried whatever the disk said before.
            let due = if stopping { now + RETRY } else { now };
            if !self.turn(due) || stopping {
                return;
            }
        }
    }

    /// Takes up what is new in each stream; says whether the journal is still there. A log that
    /// waits is tried again if that is due at `now`.
    pub(super) fn turn(&mut self, now: Instant) -> bool {
        let Self { state, metrics, logs, on_disk } = self;
        let mut there = true;
        logs.retain_mut(|kept| {
            let Some(end) = on_disk(kept.stream) else {
                there = false;
                return true;
            };
            if kept.again.is_some_and(|again| now < again) {
                return true;
            }
            let (before, stream) = (kept.log.signed(), kept.stream.name());
            let caught_up = kept.catch_up(end);
            if before < kept.log.signed() {
                metrics.log_signed(stream, kept.log.signed());
                metrics.log_published(stream, clock::now());
            }
            match caught_up {
                Ok(()) => {
                    if kept.again.take().is_some() {
                        tracing::info!(stream, "what the log waited for is there again: it goes on");
                        metrics.log_waiting(stream, false);
                        state.waiting.lock().remove(stream);
                    }
                    true
                }
                Err(error) if error.is_want() => {
                    if kept.again.replace(now + RETRY).is_none() {
                        tracing::error!(stream, error = %Chain(&error), "no room on the disk or no descriptor: the log waits");
                        metrics.log_waiting(stream, true);
                    }
                    state.waiting.lock().insert(stream, format!("{stream}: {}", Chain(&error)).into());
                    true
                }
                Err(error) => {
                    metrics.log_failure(stream);
                    metrics.log_waiting(stream, false);
                    state.waiting.lock().remove(stream);
                    tracing::error!(stream, error = %Chain(&error), "the log failed: no checkpoint until the next start");
                    *state.failure.lock() = Some(format!("{stream}: {}", Chain(&error)).into());
                    false
                }
            }
        });
        there
    }
}

impl Kept {
    fn catch_up(&mut self, end: u64) -> Result<(), LogError> {
        if self.again.is_some() {
            // What was half done is not known: the files say it, and are checked as at a start.
            self.log.open_again(end)?;
        }
        while !self.log.step(end)? {}
        Ok(())
    }
}

impl State {
    /// Waits until an instant or a stop; says whether it is a stop.
    fn wait(&self, until: Instant) -> bool {
        let mut stopping = self.stopping.lock();
        while !*stopping {
            if self.told.wait_until(&mut stopping, until).timed_out() {
                break;
            }
        }
        *stopping
    }
}

/// How long a log waits for room or descriptors before it looks again.
pub(super) const RETRY: Duration = Duration::from_secs(5);
