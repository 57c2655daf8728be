//! The connections of one worker to one bidder, last in, first out.
//!
//! Nobody waits here: a call takes an idle connection or none, and leaves word with the dialler,
//! which makes them beside all auctions. A connection is idle, lent, or being made.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::io::bidders::Endpoint;
use crate::io::bidders::link::{Head, Link};
use crate::io::bidders::sessions::Sessions;
use crate::io::bidders::state::State;
use crate::io::bidders::stock::{Counts, Life, Made, Sizes, Stock};
use crate::io::body::Limits;
use crate::io::connect::{Address, Connect, Target};
use crate::io::{entropy, http1, http2};
use crate::model::call::AnswerOutcome;
use crate::model::ids::BidderId;

/// Connections to one bidder, and what they are needed for.
pub(super) struct Pool {
    pub(super) bidder: BidderId,
    pub(super) target: Target,
    pub(super) head: Head,
    state: Arc<State>,
    stock: Mutex<Stock>,
    /// Wakes the dialler of the worker.
    wishes: Arc<Notify>,
    /// Told when a dial has ended.
    settled: Notify,
}

/// A connection that was taken from a pool; what comes of it must be said, or it counts as lost.
pub(super) struct Lease {
    pool: Arc<Pool>,
    since: Instant,
    life: Life,
    place: Place,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Call,
    Late,
    GivenBack,
}

impl Pool {
    /// Makes an empty pool; `None` when the endpoint is no URL.
    pub(super) fn new(
        endpoint: &Endpoint,
        state: &Arc<State>,
        sizes: Sizes,
        wishes: Arc<Notify>,
    ) -> Option<Self> {
        let mut address = Address::parse(&endpoint.url, endpoint.allow_loopback)?;
        address.target.http2 = endpoint.http2;
        let sessions = endpoint.http2.then(Sessions::default);
        Some(Self {
            bidder: endpoint.id.clone(),
            head: Head::post(&address)?,
            target: address.target,
            state: Arc::clone(state),
            stock: Mutex::new(Stock::new(sizes, sessions)),
            wishes,
            settled: Notify::new(),
        })
    }

    /// Takes the newest connection that is fit for a call.
    ///
    /// # Errors
    ///
    /// Why there is no call.
    pub(super) fn take(self: &Arc<Self>) -> Result<(Lease, Link), AnswerOutcome> {
        let now = Instant::now();
        let mut stock = self.stock.lock();
        stock.demand.ask();
        let taken = stock.take(now);
        if taken.is_some() {
            stock.calls += 1;
        } else {
            stock.demand.miss();
        }
        self.wish(&mut stock);
        let Some((link, life)) = taken else {
            return Err(stock.missing());
        };
        drop(stock);
        let pool = Arc::clone(self);
        Ok((Lease { pool, since: now, life, place: Place::Call }, link))
    }

    /// Lets the dialler know, once, when there are fewer connections than wanted.
    fn wish(&self, stock: &mut Stock) {
        if !stock.wished && stock.open() < stock.wanted() {
            stock.wished = true;
            self.wishes.notify_one();
        }
    }

    /// Says how many dials to begin, which are then under way.
    pub(super) fn begin_dials(&self, now: Instant) -> usize {
        let mut stock = self.stock.lock();
        let wanted = stock.wanted().saturating_sub(stock.open());
        let put_off = stock.put_off(now).is_some();
        // One that failed is tried once, not four times.
        let at_once = match stock.refused.has_failed() {
            true => 1,
            false => (wanted / 4).clamp(LEAST_DIALS, MOST_DIALS),
        };
        let room = at_once.saturating_sub(stock.dialling);
        let dials = if stock.closed || put_off { 0 } else { wanted.min(room) };
        stock.dialling += dials;
        // What cannot be done at once is done when a dial ends or the time has come.
        stock.wished = dials < wanted;
        dials
    }

    /// Returns until when no dial may begin, if one is wanted.
    pub(super) fn put_off(&self, now: Instant) -> Option<Instant> {
        let stock = self.stock.lock();
        if stock.wished { stock.put_off(now) } else { None }
    }

    /// Makes a connection, which takes as long as the bidder lets it.
    pub(super) async fn dial(&self, connector: &dyn Connect) -> io::Result<Made> {
        let stream = connector.connect(&self.target).await?;
        let age = MAX_AGE_MS / 2 + entropy::below(MAX_AGE_MS / 2);
        let retires = Instant::now() + Duration::from_millis(age);
        if self.target.http2 {
            return Ok(Made::Shared(http2::Connection::open(stream, ANSWER, retires).await?));
        }
        Ok(Made::Own(http1::Connection::new(stream, ANSWER, retires)))
    }

    /// Takes in what came of a dial that began at `begun`.
    pub(super) fn end_dial(&self, made: Option<Made>, begun: Instant) {
        let now = Instant::now();
        self.state.health.dialled(made.is_some());
        let mut stock = self.stock.lock();
        stock.dialling -= 1;
        if let Some(made) = made {
            stock.refused.succeed();
            // Those that came together must not leave together.
            let patience = MAX_WAIT_MS / 2 + entropy::below(MAX_WAIT_MS / 2);
            let patience = Duration::from_millis(patience);
            stock.add(made, Life { born: now, answered: false, patience }, now);
        } else {
            stock.refused.fail(begun, now);
        }
        drop(stock);
        self.settled.notify_waiters();
    }

    /// Says whether the last dial failed.
    pub(super) fn is_refused(&self) -> bool {
        self.stock.lock().refused.has_failed()
    }

    /// Ends a tick: closes what is no longer fit to wait, and folds the demand.
    pub(super) fn tick(&self, now: Instant) {
        let mut stock = self.stock.lock();
        stock.demand.fold();
        stock.look(now);
        self.wish(&mut stock);
    }

    /// Waits until it has its least, or a dial has failed.
    pub(super) async fn settle(&self) {
        loop {
            let settled = self.settled.notified();
            {
                let stock = self.stock.lock();
                if stock.refused.has_failed() || stock.sizes.least <= stock.open() - stock.dialling
                {
                    return;
                }
            }
            settled.await;
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.stock.lock().counts()
    }

    /// Holds to other sizes from here on: its share of a worker's connections has changed.
    pub(super) fn resize(&self, sizes: Sizes) {
        self.stock.lock().resize(sizes);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.stock.lock().closed
    }

    /// Closes all that wait, and whatever comes back later.
    pub(super) fn close(&self) {
        self.stock.lock().close();
    }
}

impl Lease {
    /// Gives back what the call went over; `None` when that was closed. `answered` says whether a
    /// response came over it.
    pub(super) fn give_back(mut self, link: Option<Link>, answered: bool) {
        self.life.answered |= answered;
        self.end(link);
    }

    /// Makes way for calls whose auction waits; says whether there is room to end beside them.
    pub(super) fn stay(&mut self) -> bool {
        let mut stock = self.pool.stock.lock();
        if stock.late == MAX_LATE {
            return false;
        }
        stock.calls -= 1;
        stock.late += 1;
        // Beyond its auction's end it is no demand.
        stock.demand.hold(self.since.elapsed());
        self.place = Place::Late;
        true
    }

    /// Gives the link back without a call.
    pub(super) fn give_up(mut self, link: Link) {
        let mut stock = self.pool.stock.lock();
        stock.calls -= 1;
        stock.demand.unask();
        stock.put(link, self.life, self.since);
        drop(stock);
        self.place = Place::GivenBack;
    }

    fn end(&mut self, link: Option<Link>) {
        let now = Instant::now();
        let mut stock = self.pool.stock.lock();
        match std::mem::replace(&mut self.place, Place::GivenBack) {
            Place::Call => {
                stock.calls -= 1;
                stock.demand.hold(now.saturating_duration_since(self.since));
            }
            Place::Late => stock.late -= 1,
            Place::GivenBack => return,
        }
        if self.life.answered {
            stock.barren.succeed();
        } else if link.is_none() {
            stock.barren.fail(self.life.born, now);
        }
        if let Some(link) = link {
            stock.put(link, self.life, now);
        }
        self.pool.wish(&mut stock);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end(None);
    }
}

/// The most bytes of an answer.
const ANSWER: Limits = Limits { encoded: 128 * 1024, decoded: 256 * 1024 };
/// How long a connection may wait for its next call, between the half of it and all; below the idle
/// limit of common servers.
const MAX_WAIT_MS: u64 = 30_000;
/// Connections are left at an age between the half of it and all, so that a change of address is
/// noticed.
const MAX_AGE_MS: u64 = 600_000;
/// Calls per bidder and worker that are read to their end after their auction's.
const MAX_LATE: usize = 64;
/// Connections to a bidder that are made at once: a quarter of what is missing, within these.
const LEAST_DIALS: usize = 4;
const MOST_DIALS: usize = 32;
