//! The thread that keeps the logs of both streams as the journal grows.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::io::journal::disk::{Disk, LocalDisk};
use crate::io::journal::{Identity, Journal, Stream, origin};
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
struct State {
    stopping: Mutex<bool>,
    told: Condvar,
    /// Why a log is no longer kept.
    failure: Mutex<Option<Arc<str>>>,
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
        if let Some(anchor) = anchor {
            // A disk that is not mounted must not pass for one that was never written.
            std::fs::read_dir(anchor).map_err(doing("list the anchor", anchor))?;
        }
        let disk: Arc<dyn Disk> = Arc::new(LocalDisk);
        let mut logs = Vec::new();
        for stream in [Stream::Auction, Stream::Money] {
            let anchored = anchor.map(|anchor| super::anchored(anchor, stream));
            let copies = [private(data, stream), folder(data, stream).join(super::CHECKPOINT)];
            let signed = copies.iter().chain(&anchored).any(|copy| copy.exists());
            let key = keys::log(data, stream.name(), &origin(identity, stream), signed)?;
            let (data, anchor) = (data.to_owned(), anchor.map(PathBuf::from));
            let place = Place { disk: Arc::clone(&disk), data, anchor, stream };
            logs.push((stream, StreamLog::open(place, key, journal.on_disk(stream))?));
        }
        Ok(Self { logs })
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
        let mut work = Work {
            state: Arc::clone(&state),
            metrics,
            logs: self.logs,
            on_disk: Box::new(on_disk),
        };
        let thread = std::thread::Builder::new().name("log".to_owned());
        let thread = thread.spawn(move || work.run(every))?;
        Ok(Follower { state, thread: Mutex::new(Some(thread)) })
    }
}

impl Follower {
    /// Returns why a log is no longer kept; final until the next start, and sales go on.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<str>> {
        self.state.failure.lock().clone()
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
struct Work {
    state: Arc<State>,
    metrics: Arc<Metrics>,
    /// Those that did not fail.
    logs: Vec<(Stream, StreamLog)>,
    on_disk: Box<dyn Fn(Stream) -> Option<u64> + Send>,
}

impl Work {
    fn run(&mut self, every: Duration) {
        let mut next = Instant::now() + every;
        loop {
            let stopping = self.state.wait(next);
            // A step that took long is not made up for.
            next = Instant::now() + every;
            if !self.turn() || stopping {
                return;
            }
        }
    }

    /// Takes up what is new in each stream; says whether the journal is still there.
    fn turn(&mut self) -> bool {
        let Self { state, metrics, logs, on_disk } = self;
        let mut there = true;
        logs.retain_mut(|(stream, log)| {
            let Some(end) = on_disk(*stream) else {
                there = false;
                return true;
            };
            let before = log.signed();
            let caught_up = catch_up(log, end);
            if before < log.signed() {
                metrics.log_signed(stream.name(), log.signed());
                metrics.log_published(stream.name(), clock::now());
            }
            let Err(error) = caught_up else { return true };
            let stream = stream.name();
            metrics.log_failure(stream);
            tracing::error!(stream, %error, "the log failed: no checkpoint until the next start");
            *state.failure.lock() = Some(format!("{stream}: {error}").into());
            false
        });
        there
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

fn catch_up(log: &mut StreamLog, end: u64) -> Result<(), LogError> {
    while !log.step(end)? {}
    Ok(())
}
