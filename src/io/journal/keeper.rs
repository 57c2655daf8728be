//! The thread that looks after full segments: seals them one at a time, and prunes old ones once a
//! signed record tells so.
//!
//! It yields to everything else on the machine and can fail without harm: what is not sealed or
//! pruned is still read, and the next try comes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};
use rustix::process::setpriority_process;

use crate::io::chain::Chain;
use crate::io::journal::disk::Disk;
use crate::io::journal::files::{firsts, firsts_of};
use crate::io::journal::prune::{Pruned, delete_on, is_signed_on, plan_on};
use crate::io::journal::seal::{Full, Sealing, lock, seal, tidy};
use crate::io::journal::segment::Form;
use crate::io::journal::{JournalError, STREAMS, Stream, folder};
use crate::model::time::{Millis, UnixMillis};

/// What the keeper is told.
pub(super) struct Keeper {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Segments that begin below are full: of auctions, of money.
    full_below: [u64; 2],
    /// What is to be pruned once a record tells so: before when, and what.
    planned: Option<(UnixMillis, Pruned)>,
    /// What may be deleted once the money record of this index, which tells of it, is signed.
    approved: Option<(Pruned, u64)>,
    closing: bool,
}

/// What the keeper works with.
pub(super) struct Keeping {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) data: PathBuf,
    /// Auctions older than this are pruned; none: never.
    pub(super) retention: Option<Millis>,
}

impl Keeper {
    pub(super) fn new() -> Arc<Self> {
        let state = State { full_below: [0; 2], planned: None, approved: None, closing: false };
        Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() })
    }

    /// Says that the segments of a stream that begin below `first` are full, and that the one that
    /// begins with it is on disk.
    pub(super) fn reached(&self, stream: Stream, first: u64) {
        self.state.lock().full_below[place(stream)] = first;
        self.changed.notify_all();
    }

    /// Returns what is to be pruned once a record tells so.
    pub(super) fn planned(&self) -> Option<(UnixMillis, Pruned)> {
        self.state.lock().planned
    }

    /// Says that the money record `index` tells of what was planned: so much may be deleted once it
    /// is signed, and no more, though more may be planned since.
    pub(super) fn approve(&self, told: Pruned, index: u64) {
        let mut state = self.state.lock();
        (state.planned, state.approved) = (None, Some((told, index)));
        self.changed.notify_all();
    }

    /// Ends the keeper's thread, in the middle of a segment if need be.
    pub(super) fn close(&self) {
        self.state.lock().closing = true;
        self.changed.notify_all();
    }

    fn is_closing(&self) -> bool {
        self.state.lock().closing
    }

    fn full_below(&self, stream: Stream) -> u64 {
        self.state.lock().full_below[place(stream)]
    }

    /// Waits until there may be something to do, at most until `until`; `false` when closing.
    fn wait(&self, seen: [u64; 2], until: Instant) -> bool {
        let mut state = self.state.lock();
        let nothing = |state: &mut State| {
            !state.closing && state.approved.is_none() && state.full_below == seen
        };
        self.changed.wait_while_until(&mut state, nothing, until);
        !state.closing
    }
}

/// Seals and prunes until `Keeper::close`.
pub(super) fn run(keeper: &Keeper, keeping: &Keeping) {
    // Of this thread only, as Linux counts; elsewhere the sealing is merely less polite.
    if let Err(error) = setpriority_process(None, LOWEST_PRIORITY) {
        tracing::debug!(%error, "the journal's keeper keeps its priority");
    }
    let mut damaged = BTreeSet::new();
    let mut told = None;
    keeping.clear();
    loop {
        let seen = STREAMS.map(|stream| keeper.full_below(stream));
        keeping.prune(keeper, &mut told);
        let pause = match keeping.seal_all(keeper, &mut damaged) {
            Ok(()) if told.is_some() => LOOK_FOR_SIGNED,
            Ok(()) => PRUNE_EVERY,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "a segment could not be sealed; it is tried again");
                RETRY
            }
        };
        if !keeper.wait(seen, Instant::now() + pause) {
            return;
        }
    }
}

impl Keeping {
    /// Removes what a crash left half made.
    fn clear(&self) {
        let cleared = lock(&*self.disk, &self.data).and_then(|_lock| {
            STREAMS.iter().try_for_each(|stream| tidy(&*self.disk, &folder(&self.data, *stream)))
        });
        if let Err(error) = cleared {
            tracing::warn!(error = %Chain(&error), "what a crash left of a sealing could not be removed");
        }
    }

    /// Deletes what a signed record tells of, then plans what comes next; `told` waits for its record
    /// to be signed.
    fn prune(&self, keeper: &Keeper, told: &mut Option<(Pruned, u64)>) {
        let Some(retention) = self.retention else { return };
        *told = keeper.state.lock().approved.take().or(*told);
        if let Some((pruned, index)) = *told {
            match is_signed_on(&*self.disk, &self.data, index) {
                Ok(true) => *told = None,
                Ok(false) => return,
                Err(error) => {
                    return tracing::warn!(error = %Chain(&error), "nothing is deleted for now");
                }
            }
            match delete_on(&self.disk, &self.data, Stream::Auction, &pruned) {
                Ok(()) => tracing::info!(
                    pruned.segments,
                    pruned.records,
                    pruned.first_kept,
                    "auctions past their retention were deleted"
                ),
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "auctions past their retention stay for now");
                }
            }
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let before = UnixMillis(now.saturating_sub(retention.0));
        match plan_on(&self.disk, &self.data, Stream::Auction, before) {
            Ok(pruned) => {
                let planned = (0 < pruned.segments).then_some((before, pruned));
                keeper.state.lock().planned = planned;
            }
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "auctions past their retention stay for now");
            }
        }
    }

    /// Seals every full segment. A damaged one is reported once and left to `audit verify`.
    fn seal_all(
        &self,
        keeper: &Keeper,
        damaged: &mut BTreeSet<(usize, u64)>,
    ) -> Result<(), JournalError> {
        for stream in STREAMS {
            let folder = folder(&self.data, stream);
            let below = keeper.full_below(stream);
            for first in firsts_of(&*self.disk, &folder, stream, Form::Plain)? {
                if below <= first || keeper.is_closing() {
                    break;
                }
                if damaged.contains(&(place(stream), first)) {
                    continue;
                }
                let _sealing = lock(&*self.disk, &self.data)?;
                let all = firsts(&*self.disk, &folder, stream)?;
                let Some(end) = all.iter().find(|it| first < **it).copied() else { break };
                let full = Full { folder: &folder, stream, first, end };
                let path = full.path(Form::Plain);
                match seal(&*self.disk, &full, &|| keeper.is_closing()) {
                    Ok(Sealing::Done { plain, sealed }) => {
                        let path = path.display();
                        tracing::debug!(%path, plain, sealed, "a segment is sealed");
                    }
                    Ok(Sealing::Stopped) => return Ok(()),
                    Err(error @ JournalError::Damaged { .. }) => {
                        tracing::error!(error = %Chain(&error), "a full segment is damaged; it is left as it is");
                        damaged.insert((place(stream), first));
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

fn place(stream: Stream) -> usize {
    match stream {
        Stream::Auction => 0,
        Stream::Money => 1,
    }
}

/// As far behind everything else as there is.
const LOWEST_PRIORITY: i32 = 19;
/// Records grow old by the hour.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);
/// A log signs every second, or as often as `journal.checkpoint` says.
const LOOK_FOR_SIGNED: Duration = Duration::from_secs(1);
/// After the file system refused.
const RETRY: Duration = Duration::from_secs(60);
