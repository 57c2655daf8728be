//! Where one publisher's requests wait for one of its connections.
//!
//! A connection is one task for the whole run; it takes the next request that is due, or makes one
//! in a closed loop, and rests in a queue of the idle otherwise.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::Arc,
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::sleep};

use crate::run::{
    link::{Failure, Link},
    reading::Fill,
    series::{Book, Ended},
    stencil::Stencil,
};

/// A request that is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Due {
    /// Since the run began.
    pub(crate) at: Duration,
    /// The step of the schedule.
    pub(crate) step: usize,
    /// Its number.
    pub(crate) n: u64,
}

/// One publisher: its request, its connections, its counts.
#[derive(Debug)]
pub(crate) struct Desk {
    stencil: Mutex<Stencil>,
    state: Mutex<State>,
    done: Notify,
    glance: bool,
    most_waiting: usize,
}

#[derive(Debug)]
struct State {
    begun: Instant,
    book: Book,
    next: u64,
    waiting: VecDeque<Due>,
    idle: VecDeque<usize>,
    callers: Vec<Seat>,
    /// Requests handed over, or waiting.
    open: u64,
    most_waited: usize,
    looping: Option<Looping>,
    closing: bool,
}

#[derive(Debug, Default)]
struct Seat {
    job: Option<Due>,
    waker: Option<Waker>,
    idle: bool,
}

/// A closed loop.
#[derive(Clone, Copy, Debug)]
struct Looping {
    left: u64,
    until: Option<Instant>,
    in_flight: u64,
}

impl Desk {
    /// Makes a desk for so many connections.
    pub(crate) fn new(stencil: Stencil, seats: usize, most_waiting: usize, glance: bool) -> Self {
        let state = State {
            begun: Instant::now(),
            book: Book::new(Duration::ZERO, 0),
            next: 0,
            waiting: VecDeque::new(),
            idle: VecDeque::new(),
            callers: (0..seats).map(|_| Seat::default()).collect(),
            open: 0,
            most_waited: 0,
            looping: None,
            closing: false,
        };
        Self {
            stencil: Mutex::new(stencil),
            state: Mutex::new(state),
            done: Notify::new(),
            glance,
            most_waiting,
        }
    }

    /// Begins a run: earlier counts are forgotten, request numbers go on.
    pub(crate) fn begin(&self, begun: Instant, book: Book) {
        let mut state = self.state.lock();
        state.begun = begun;
        state.book = book;
        state.most_waited = 0;
    }

    /// Hands over a request that is due: to an idle connection, to the queue, or to nobody.
    pub(crate) fn offer(&self, at: Duration, step: usize) {
        let mut state = self.state.lock();
        let due = Due { at, step, n: state.next };
        state.next += 1;
        state.book.offer(at, step);
        if let Some(caller) = state.idle.pop_front() {
            state.open += 1;
            let seat = &mut state.callers[caller];
            (seat.job, seat.idle) = (Some(due), false);
            if let Some(waker) = seat.waker.take() {
                waker.wake();
            }
        } else if state.waiting.len() < self.most_waiting {
            state.open += 1;
            state.waiting.push_back(due);
            state.most_waited = state.most_waited.max(state.waiting.len());
        } else {
            state.book.end(at, step, &Ended::Failure(Failure::Backlog));
        }
    }

    /// Asks in a closed loop until so many requests are made or the time is over; its callers begin one
    /// after another, over so long.
    pub(crate) async fn circle(
        &self,
        in_flight: u64,
        requests: u64,
        (until, ramp): (Option<Instant>, Duration),
    ) {
        let begun = Instant::now();
        let idle = {
            let mut state = self.state.lock();
            state.looping = Some(Looping { left: requests, until, in_flight });
            std::mem::take(&mut state.idle)
        };
        let step = ramp / u32::try_from(idle.len().max(1)).unwrap_or(u32::MAX);
        for (at, caller) in (0..).zip(idle) {
            if !step.is_zero() {
                sleep((begun + step * at).saturating_duration_since(Instant::now())).await;
            }
            let mut state = self.state.lock();
            let seat = &mut state.callers[caller];
            seat.idle = false;
            if let Some(waker) = seat.waker.take() {
                waker.wake();
            }
        }
        loop {
            // Looked at now and then, too: nobody tells when the time ends before a request is made.
            let _ = tokio::time::timeout(SLACK, self.done.notified()).await;
            let mut state = self.state.lock();
            if state.open == 0 && state.looping.is_none_or(Looping::is_over) {
                state.looping = None;
                return;
            }
        }
    }

    /// Waits until every request has ended, at most `patience` twice; what waits then has ended.
    pub(crate) async fn settle(&self, patience: Duration) {
        for last in [false, true] {
            let settled = async {
                while 0 < self.state.lock().open {
                    self.done.notified().await;
                }
            };
            if tokio::time::timeout(patience + SLACK, settled).await.is_ok() || last {
                return;
            }
            let mut state = self.state.lock();
            for due in std::mem::take(&mut state.waiting) {
                state.open -= 1;
                state.book.end(due.at, due.step, &Ended::Failure(Failure::Timeout));
            }
        }
    }

    /// Returns what was counted, and the most requests that ever waited for a connection.
    pub(crate) fn counted(&self) -> (Book, usize) {
        let state = self.state.lock();
        (state.book.clone(), state.most_waited)
    }

    /// Lets every caller go home.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closing = true;
        state.callers.iter_mut().filter_map(|seat| seat.waker.take()).for_each(Waker::wake);
    }

    async fn next(&self, caller: usize) -> Option<Due> {
        poll_fn(|context| {
            let mut state = self.state.lock();
            let state = &mut *state;
            if state.closing {
                return Poll::Ready(None);
            }
            if let Some(job) = state.callers[caller].job.take() {
                return Poll::Ready(Some(job));
            }
            if let Some(due) = state.waiting.pop_front().or_else(|| state.circling()) {
                return Poll::Ready(Some(due));
            }
            let seat = &mut state.callers[caller];
            seat.waker = Some(context.waker().clone());
            if !seat.idle {
                seat.idle = true;
                state.idle.push_back(caller);
            }
            Poll::Pending
        })
        .await
    }

    /// Counts an answer, and says whether it was asked for in a closed loop.
    fn end(&self, due: Due, answer: Result<Fill, Failure>) -> bool {
        let mut state = self.state.lock();
        let took = state.begun.elapsed().saturating_sub(due.at);
        let ended = match answer {
            Ok(fill) => Ended::Answer { fill, took },
            Err(failure) => Ended::Failure(failure),
        };
        state.book.end(due.at, due.step, &ended);
        state.open -= 1;
        if state.open == 0 {
            self.done.notify_one();
        }
        state.looping.is_some()
    }
}

impl State {
    /// Makes the next request of a closed loop.
    fn circling(&mut self) -> Option<Due> {
        let looping = self.looping.as_mut()?;
        if looping.is_over() || looping.in_flight <= self.open {
            return None;
        }
        looping.left -= 1;
        self.open += 1;
        let due = Due { at: self.begun.elapsed(), step: 0, n: self.next };
        self.next += 1;
        self.book.offer(due.at, due.step);
        Some(due)
    }
}

impl Looping {
    fn is_over(self) -> bool {
        self.left == 0 || self.until.is_some_and(|until| until <= Instant::now())
    }
}

/// One connection's whole life: asks what is due until its desk closes.
pub(crate) async fn call(desk: Arc<Desk>, caller: usize, mut link: Link) {
    while let Some(due) = desk.next(caller).await {
        let answer = link.ask(&desk.stencil, due.n, desk.glance).await;
        let empty = answer.as_ref().is_ok_and(|fill| fill.ads == 0);
        let circles = desk.end(due, answer);
        if empty && circles {
            sleep(AGAIN).await;
        }
    }
}

/// A caller of a closed loop that got nothing asks again after this: one that asked at once would
/// make as many refusals as the exchange has time for, and measure those.
const AGAIN: Duration = Duration::from_millis(20);

/// What is allowed beyond the patience for the end of a request to be counted.
const SLACK: Duration = Duration::from_millis(100);
