//! Records what happens beside the sales: results of notices, steps of the clock, retention, and
//! what commands do to the journal.
//!
//! A thread of its own looks once a second, so that no sale waits for such a record and a notice
//! costs none of its own.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use crate::exchange::shared::Shared;
use crate::io::background::stand_back;
use crate::io::chain::Chain;
use crate::io::clock::{self, Backsteps};
use crate::io::entropy;
use crate::io::journal::{Flush, Stream, asked};
use crate::io::notifier::Delivery;
use crate::io::notifier::results::{Results, Told};
use crate::wire::record::admin::{Action, Admin};
use crate::wire::record::notices::NoticeResult;
use crate::wire::record::{self, Lifecycle};

/// The thread that records what happens beside the sales.
pub struct Clerk {
    results: Arc<Results>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Clerk {
    /// Starts it beside the journal in a data folder. It ends with `stop`, or soon after the last of
    /// `shared` is gone.
    ///
    /// # Errors
    ///
    /// When the system can start no thread.
    pub fn start(shared: &Arc<Shared>, data: &Path) -> io::Result<Self> {
        let results = Arc::clone(shared.notifier.results());
        let (waiting, shared) = (Arc::clone(&results), Arc::downgrade(shared));
        let data = data.to_owned();
        // What the start found of the clock it has recorded itself.
        let mut steps = Backsteps::since(clock::lag());
        let thread = Builder::new().name("clerk".to_owned()).spawn(move || {
            stand_back();
            loop {
                let open = waiting.wait(LONGEST);
                let Some(shared) = shared.upgrade() else { return };
                if let Some(lag) = steps.look(clock::lag()) {
                    life(&shared, &Lifecycle::Clock { lag_ms: lag.0 });
                }
                pruned(&shared);
                asked(&shared, &data);
                notices(&shared, &waiting, open);
                if !open {
                    return;
                }
            }
        })?;
        Ok(Self { results, thread: Mutex::new(Some(thread)) })
    }

    /// Records what is left and ends the thread.
    pub fn stop(&self) {
        self.results.close();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the clerk failed: results of notices are not recorded");
        }
    }
}

/// Records the results that wait: all of them when it is the last time, else whole batches and
/// what has waited long enough.
fn notices(shared: &Shared, results: &Results, open: bool) {
    loop {
        let told = results.take();
        if told.is_empty() {
            return;
        }
        let count = u64::try_from(told.len()).expect("a batch is small");
        let rows: Vec<NoticeResult> = told.into_iter().map(row).collect();
        match shared.journal.permit(Stream::Auction) {
            Some(permit) => {
                let head = shared.head(permit.seq(), clock::now());
                let payload = record::notices::notices(&head, &entropy::draw(), &rows);
                let _flushed_with_its_stream = permit.append(payload);
            }
            None => shared.metrics.notices_unrecorded(count),
        }
        if open && !results.is_full() {
            return;
        }
    }
}

/// Records what retention is about to delete; only once that is signed is it deleted.
fn pruned(shared: &Shared) {
    let Some((before, pruned)) = shared.journal.to_prune() else { return };
    let action = Action::Prune {
        before,
        segments: pruned.segments,
        records: pruned.records,
        first_kept: pruned.first_kept,
    };
    if let Some(index) = acted(shared, &Admin { by: "node".into(), action }) {
        shared.journal.prune(pruned, index);
    }
}

/// Records what commands did, or are about to do, to the journal.
fn asked(shared: &Shared, data: &Path) {
    let requests = match asked::waiting(data) {
        Ok(requests) => requests,
        Err(error) => {
            return tracing::warn!(error = %Chain(&error), "what commands ask to record is not read");
        }
    };
    for request in requests {
        match Admin::parse(&request.bytes) {
            // What cannot be recorded is asked again.
            Some(admin) if acted(shared, &admin).is_none() => return,
            Some(admin) => tracing::info!(?admin, "recorded what a command did"),
            None => tracing::warn!(?request, "what a command asks to record is no action"),
        }
        if let Err(error) = request.done() {
            tracing::warn!(error = %Chain(&error), "what a command did may be recorded twice");
        }
    }
}

/// Records an action and returns the index of its record; none when that is not on disk.
fn acted(shared: &Shared, admin: &Admin) -> Option<u64> {
    let permit = shared.journal.permit(Stream::Money)?;
    let head = shared.head(permit.seq(), clock::now());
    let payload = record::admin::admin(&head, &entropy::draw(), admin);
    match permit.append(payload).wait_blocking() {
        Flush::Flushed { index } => Some(index),
        Flush::Late | Flush::Refused => None,
    }
}

fn life(shared: &Shared, event: &Lifecycle) {
    tracing::warn!(?event, "the clock went back: records go on with the time that was reached");
    if let Some(permit) = shared.journal.permit(Stream::Money) {
        let head = shared.head(permit.seq(), clock::now());
        let payload = record::lifecycle(&head, &entropy::draw(), event);
        let _flushed_with_its_stream = permit.append(payload);
    }
}

fn row(told: Told) -> NoticeResult {
    let sent = !matches!(told.delivery, Delivery::Dropped | Delivery::Refused);
    NoticeResult {
        bidder: told.bidder,
        auction: told.about.auction,
        bid: told.about.bid,
        kind: Cow::Borrowed(told.kind.name()),
        outcome: Cow::Borrowed(told.delivery.name()),
        status: told.status,
        attempts: u8::from(sent),
        at: told.at,
    }
}

/// How long a result waits for others at most.
const LONGEST: Duration = Duration::from_secs(1);
