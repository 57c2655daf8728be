//! What came of notices, kept until somebody records it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::io::clock;
use crate::io::notifier::{About, Delivery, Kind};
use crate::model::ids::BidderId;
use crate::model::time::UnixMillis;

/// What came of one notice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// Who was told.
    pub bidder: BidderId,
    /// Of which bid.
    pub about: About,
    /// What.
    pub kind: Kind,
    /// What came of it.
    pub delivery: Delivery,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// When that was known.
    pub at: UnixMillis,
}

/// Results that wait, at most `MAX_WAITING`, the oldest first.
#[derive(Debug, Default)]
pub struct Results {
    state: Mutex<State>,
    /// Wakes who records them.
    enough: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Told>,
    closed: bool,
}

impl Results {
    /// Waits until a batch is full, `longest` has passed, or `close`; `false` once closed.
    pub fn wait(&self, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        let few = |state: &mut State| !state.closed && state.waiting.len() < BATCH;
        let mut state = self.state.lock();
        self.enough.wait_while_until(&mut state, few, until);
        !state.closed
    }

    /// Takes the next results, at most a batch.
    #[must_use]
    pub fn take(&self) -> Vec<Told> {
        let mut state = self.state.lock();
        let count = state.waiting.len().min(BATCH);
        state.waiting.drain(..count).collect()
    }

    /// Says whether a whole batch waits.
    #[must_use]
    pub fn is_full(&self) -> bool {
        BATCH <= self.state.lock().waiting.len()
    }

    /// Ends every `wait`; results are still taken in.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.enough.notify_all();
    }

    /// Takes a result in; `false` when there is no room.
    pub(super) fn add(
        &self,
        bidder: &BidderId,
        about: About,
        kind: Kind,
        (delivery, status): (Delivery, Option<u16>),
    ) -> bool {
        let mut state = self.state.lock();
        if state.waiting.len() == MAX_WAITING {
            return false;
        }
        let (bidder, at) = (bidder.clone(), clock::now());
        state.waiting.push_back(Told { bidder, about, kind, delivery, status, at });
        if BATCH <= state.waiting.len() {
            self.enough.notify_one();
        }
        true
    }
}

/// Results in one record at most.
pub const BATCH: usize = 256;

/// Results that may wait: more than the queue of notices holds, which a shutdown drops at once.
const MAX_WAITING: usize = 128 << 10;
