//! The way from a sale to the writer thread: permit, queue, and word of the flush.
//!
//! A permit takes room before it takes a number, so that nothing is refused that already has a
//! number; a number that is not used goes to the next permit, so that no hole is left.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::io::journal::segment::{FRAME_HEAD, MAX_PAYLOAD};
use crate::io::journal::{Alarm, Durability, Flush};

/// The queue of one stream.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Wakes the writer.
    work: Condvar,
    room: usize,
    durability: Durability,
    alarm: Alarm,
}

struct State {
    waiting: VecDeque<Append>,
    /// Bytes appended and not yet flushed.
    bytes: usize,
    /// Records appended and not yet flushed.
    records: usize,
    /// Permits given and not yet used.
    permits: usize,
    next_index: u64,
    /// The index after the last record that is on disk.
    on_disk: u64,
    next_seq: u64,
    /// Numbers given back, all below `next_seq`.
    unused: BTreeSet<u64>,
    life: Life,
    /// Whether the writer keeps its distance from the last flush: what is queued need not wake it.
    resting: bool,
}

/// Whether the queue still takes and the writer still writes.
enum Life {
    Open,
    /// Takes no more; the writer empties it.
    Closing,
    /// The writer is gone.
    Ended,
}

/// A record on its way to disk.
pub(super) struct Append {
    pub(super) index: u64,
    pub(super) payload: Vec<u8>,
    done: oneshot::Sender<()>,
}

/// Room for one record in the queue of its stream, and the record's number.
pub struct Permit {
    queue: Arc<Queue>,
    seq: u64,
    used: bool,
}

/// A record that is being written.
#[derive(Debug)]
pub struct Pending(PendingState);

#[derive(Debug)]
enum PendingState {
    Refused,
    Waiting { index: u64, durability: Durability, done: oneshot::Receiver<()> },
    Flushed { index: u64 },
}

impl Queue {
    pub(super) fn new(
        next_index: u64,
        room: usize,
        durability: Durability,
        alarm: Alarm,
    ) -> Arc<Self> {
        let state = State {
            waiting: VecDeque::new(),
            bytes: 0,
            records: 0,
            permits: 0,
            next_index,
            on_disk: next_index,
            next_seq: 0,
            unused: BTreeSet::new(),
            life: Life::Open,
            resting: false,
        };
        Arc::new(Self { state: Mutex::new(state), work: Condvar::new(), room, durability, alarm })
    }

    pub(super) fn permit(self: &Arc<Self>) -> Option<Permit> {
        let mut state = self.state.lock();
        state.has_room(self.room).then(|| {
            state.permits += 1;
            let seq = state.take_number();
            Permit { queue: Arc::clone(self), seq, used: false }
        })
    }

    /// Bytes that are appended and not yet flushed.
    pub(super) fn backlog(&self) -> usize {
        self.state.lock().bytes
    }

    /// Records that are appended and not yet flushed.
    pub(super) fn unflushed(&self) -> usize {
        self.state.lock().records
    }

    /// The index after the last record that is on disk.
    pub(super) fn on_disk(&self) -> u64 {
        self.state.lock().on_disk
    }

    /// Numbers below the highest used that no record has.
    pub(super) fn unused(&self) -> Vec<u64> {
        self.state.lock().unused.iter().copied().collect()
    }

    /// Says whether a permit would be given.
    pub(super) fn takes(&self) -> bool {
        self.state.lock().has_room(self.room)
    }

    /// Takes no more permits; the writer ends once the queue is empty.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        if matches!(state.life, Life::Open) {
            state.life = Life::Closing;
        }
        self.work.notify_all();
    }

    /// Waits until something is queued and `earliest` has come; `false` when nothing will be any
    /// more. A queue that is closing does not wait.
    pub(super) fn wait(&self, earliest: Option<std::time::Instant>) -> bool {
        let mut state = self.state.lock();
        if let Some(earliest) = earliest {
            state.resting = true;
            let open = |state: &mut State| matches!(state.life, Life::Open);
            self.work.wait_while_until(&mut state, open, earliest);
            state.resting = false;
        }
        loop {
            match state.life {
                _ if !state.waiting.is_empty() => return true,
                Life::Open => self.work.wait(&mut state),
                Life::Closing => {
                    state.life = Life::Ended;
                    return false;
                }
                Life::Ended => return false,
            }
        }
    }

    /// Takes what is queued, as many whole frames as fit into `limit` bytes.
    pub(super) fn take(&self, limit: usize) -> Vec<Append> {
        let mut state = self.state.lock();
        let mut room = limit;
        let mut count = 0;
        for append in &state.waiting {
            let Some(left) = room.checked_sub(append.payload.len() + FRAME_HEAD) else { break };
            (room, count) = (left, count + 1);
        }
        state.waiting.drain(..count).collect()
    }

    /// Takes exactly one record, however long.
    pub(super) fn take_one(&self) -> Vec<Append> {
        self.state.lock().waiting.pop_front().into_iter().collect()
    }

    /// Tells the waiting that their records are on disk.
    pub(super) fn flushed(&self, batch: Vec<Append>) {
        let bytes: usize = batch.iter().map(|append| append.payload.len()).sum();
        let mut state = self.state.lock();
        state.bytes -= bytes;
        state.records -= batch.len();
        state.on_disk = batch.last().map_or(state.on_disk, |last| last.index + 1);
        drop(state);
        for append in batch {
            // Who hung up does not want to know.
            let _ = append.done.send(());
        }
    }

    /// Ends the queue; whatever waits is refused, since its senders are dropped.
    pub(super) fn end(&self, failure: Option<Arc<str>>) {
        let mut state = self.state.lock();
        if !matches!(state.life, Life::Ended) {
            state.life = Life::Ended;
            if let Some(failure) = failure {
                self.alarm.raise(failure);
            }
        }
        state.waiting.clear();
        state.bytes = 0;
        state.records = 0;
    }
}

impl State {
    /// Says whether one more record may come, when `room` bytes may wait.
    fn has_room(&self, room: usize) -> bool {
        let taken = self.bytes + (self.permits + 1) * RESERVE;
        matches!(self.life, Life::Open) && taken <= room
    }

    fn take_number(&mut self) -> u64 {
        self.unused.pop_first().unwrap_or_else(|| {
            self.next_seq += 1;
            self.next_seq - 1
        })
    }

    /// Takes a number back; numbers at the end are as if they had never been drawn.
    fn give_back(&mut self, seq: u64) {
        self.unused.insert(seq);
        while self.next_seq.checked_sub(1).is_some_and(|last| self.unused.remove(&last)) {
            self.next_seq -= 1;
        }
    }
}

impl Permit {
    /// Returns the number of the record, dense per start of the node and stream.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Queues the record; it is refused when the journal has failed or is closed, or when the
    /// payload is empty or longer than 4 MiB.
    #[must_use]
    pub fn append(mut self, payload: Vec<u8>) -> Pending {
        let durability = self.queue.durability;
        let mut state = self.queue.state.lock();
        let ended = matches!(state.life, Life::Ended);
        if ended || payload.is_empty() || MAX_PAYLOAD < payload.len() {
            return Pending(PendingState::Refused);
        }
        state.permits -= 1;
        state.bytes += payload.len();
        state.records += 1;
        let index = state.next_index;
        state.next_index += 1;
        let (sender, done) = oneshot::channel();
        state.waiting.push_back(Append { index, payload, done: sender });
        let resting = state.resting;
        drop(state);
        self.used = true;
        if !resting {
            self.queue.work.notify_one();
        }
        Pending(PendingState::Waiting { index, durability, done })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.used {
            let mut state = self.queue.state.lock();
            state.permits -= 1;
            state.give_back(self.seq);
        }
    }
}

impl Pending {
    /// Waits until the record is as durable as the journal's `Durability` asks, at most until
    /// `deadline`; after `Late` it may be asked again.
    pub async fn by(&mut self, deadline: Instant) -> Flush {
        match &mut self.0 {
            PendingState::Waiting { index, durability: Durability::Queued, .. } => {
                Flush::Flushed { index: *index }
            }
            PendingState::Waiting { done, .. } => {
                match tokio::time::timeout_at(deadline, done).await {
                    Ok(word) => self.settle(word.is_ok()),
                    Err(_) => Flush::Late,
                }
            }
            PendingState::Refused => Flush::Refused,
            PendingState::Flushed { index } => Flush::Flushed { index: *index },
        }
    }

    /// As `wait`, for callers outside a runtime.
    #[must_use]
    pub fn wait_blocking(self) -> Flush {
        match self.0 {
            PendingState::Waiting { index, done, .. } => {
                let word = done.blocking_recv();
                if word.is_ok() { Flush::Flushed { index } } else { Flush::Refused }
            }
            PendingState::Refused => Flush::Refused,
            PendingState::Flushed { index } => Flush::Flushed { index },
        }
    }

    /// Waits until the record is on disk or refused, whatever the journal's `Durability`.
    pub async fn wait(&mut self) -> Flush {
        match &mut self.0 {
            PendingState::Waiting { done, .. } => {
                let word = done.await;
                self.settle(word.is_ok())
            }
            PendingState::Refused => Flush::Refused,
            PendingState::Flushed { index } => Flush::Flushed { index: *index },
        }
    }

    /// Keeps the word that came: it comes once.
    fn settle(&mut self, flushed: bool) -> Flush {
        match self.0 {
            PendingState::Waiting { index, .. } if flushed => {
                self.0 = PendingState::Flushed { index };
                Flush::Flushed { index }
            }
            PendingState::Flushed { index } => Flush::Flushed { index },
            PendingState::Waiting { .. } | PendingState::Refused => {
                self.0 = PendingState::Refused;
                Flush::Refused
            }
        }
    }
}

/// What a permit takes of the queue's room until the size of its record is known.
const RESERVE: usize = 16 << 10;
