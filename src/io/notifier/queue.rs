//! Which notice goes next, and which goes overboard.
//!
//! A lane a bidder, so that a bidder that hangs holds up only its own; wins before losses. Which
//! bidders there are is not known here: whoever won before a reload is told, however many there were.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use crate::io::notifier::{About, Kind, Target};
use crate::model::ids::BidderId;

/// Notices that wait, within `MAX_ENTRIES` and `MAX_BYTES`.
pub(super) struct Queue {
    /// Those of bidders with a notice that waits or is on the way.
    lanes: BTreeMap<BidderId, Lane>,
    /// The bidder whose turn it was last.
    turn: Option<BidderId>,
    entries: usize,
    bytes: usize,
    /// The number of the next loss notice.
    next_loss: u64,
    /// The number of the next notice given out.
    next_out: u64,
    state: State,
}

/// Whether notices are taken in and given out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// Both.
    Open,
    /// Only given out.
    Closed,
    /// Neither.
    Cut,
}

/// One notice on its way.
pub(super) struct Notice {
    pub(super) url: String,
    pub(super) allow_loopback: bool,
    bidder: BidderId,
    /// Its number among those given out.
    number: u64,
}

/// A notice that is over: whose it was, and of what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Fallen {
    pub(super) bidder: BidderId,
    pub(super) kind: Kind,
    pub(super) about: About,
}

/// The notices of one bidder.
#[derive(Default)]
struct Lane {
    wins: VecDeque<Waiting>,
    /// Numbered over all lanes, so that the oldest can be found.
    losses: VecDeque<(u64, Waiting)>,
    /// Those on the way, by their number.
    flying: BTreeMap<u64, (Kind, About)>,
}

/// A notice that waits.
struct Waiting {
    about: About,
    url: String,
    allow_loopback: bool,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            lanes: BTreeMap::new(),
            turn: None,
            entries: 0,
            bytes: 0,
            next_loss: 0,
            next_out: 0,
            state: State::Open,
        }
    }

    /// Takes a notice in and returns those that had to go for it, or itself.
    pub(super) fn push(
        &mut self,
        target: Target,
        kind: Kind,
        about: About,
        url: String,
    ) -> Vec<Fallen> {
        let Target { id, allow_loopback } = target;
        let mut dropped = Vec::new();
        if self.state != State::Open || MAX_URL < url.len() {
            return vec![Fallen { bidder: id, kind, about }];
        }
        while self.entries == MAX_ENTRIES || MAX_BYTES < self.bytes + cost(&url) {
            let Some(victim) = self.drop_oldest_loss() else {
                dropped.push(Fallen { bidder: id, kind, about });
                return dropped;
            };
            dropped.push(victim);
        }
        self.entries += 1;
        self.bytes += cost(&url);
        let waiting = Waiting { about, url, allow_loopback };
        let lane = self.lanes.entry(id).or_default();
        match kind {
            Kind::Win => lane.wins.push_back(waiting),
            Kind::Loss => {
                lane.losses.push_back((self.next_loss, waiting));
                self.next_loss += 1;
            }
        }
        dropped
    }

    /// Gives out the next notice whose bidder has fewer than `MAX_FLYING` on the way.
    pub(super) fn pop(&mut self) -> Option<Notice> {
        let may_go = |lane: &Lane| lane.waits() && lane.flying.len() < MAX_FLYING;
        let last = self.turn.as_ref();
        let after = (last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut lanes = self.lanes.range::<BidderId, _>(after).chain(&self.lanes);
        let bidder = lanes.find(|(_, lane)| may_go(lane))?.0.clone();
        self.turn = Some(bidder.clone());
        let lane = self.lanes.get_mut(&bidder)?;
        let (kind, Waiting { about, url, allow_loopback }) = match lane.wins.pop_front() {
            Some(waiting) => (Kind::Win, waiting),
            None => (Kind::Loss, lane.losses.pop_front()?.1),
        };
        let number = self.next_out;
        self.next_out += 1;
        lane.flying.insert(number, (kind, about));
        self.entries -= 1;
        self.bytes -= cost(&url);
        Some(Notice { url, allow_loopback, bidder, number })
    }

    /// Makes room for another notice of the same bidder, and says which one is over.
    pub(super) fn done(&mut self, notice: &Notice) -> Option<Fallen> {
        let lane = self.lanes.get_mut(&notice.bidder)?;
        let (kind, about) = lane.flying.remove(&notice.number)?;
        if lane.flying.is_empty() && !lane.waits() {
            self.lanes.remove(&notice.bidder);
        }
        Some(Fallen { bidder: notice.bidder.clone(), kind, about })
    }

    /// Returns the notices that were given out and are not done.
    pub(super) fn flying(&self) -> Vec<Fallen> {
        let mut flying = Vec::new();
        for (bidder, lane) in &self.lanes {
            flying.extend(lane.flying.values().map(|(kind, about)| Fallen {
                bidder: bidder.clone(),
                kind: *kind,
                about: about.clone(),
            }));
        }
        flying
    }

    /// Takes no more in.
    pub(super) fn close(&mut self) {
        if self.state == State::Open {
            self.state = State::Closed;
        }
    }

    /// Takes no more in, gives no more out, and returns what waited.
    pub(super) fn cut(&mut self) -> Vec<Fallen> {
        self.state = State::Cut;
        self.entries = 0;
        self.bytes = 0;
        let mut dropped = Vec::new();
        for (id, lane) in &mut self.lanes {
            let fallen =
                |kind, waiting: Waiting| Fallen { bidder: id.clone(), kind, about: waiting.about };
            dropped.extend(lane.wins.drain(..).map(|win| fallen(Kind::Win, win)));
            dropped.extend(lane.losses.drain(..).map(|(_, loss)| fallen(Kind::Loss, loss)));
        }
        dropped
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Says whether it holds nothing, not even a bidder's name.
    #[cfg(test)]
    pub(super) fn is_bare(&self) -> bool {
        self.lanes.is_empty() && (self.entries, self.bytes) == (0, 0)
    }

    fn drop_oldest_loss(&mut self) -> Option<Fallen> {
        let oldest = |lane: &Lane| lane.losses.front().map(|(number, _)| *number);
        let lanes = self.lanes.iter_mut().filter(|(_, lane)| !lane.losses.is_empty());
        let (bidder, lane) = lanes.min_by_key(|(_, lane)| oldest(lane))?;
        let (_, Waiting { about, url, .. }) = lane.losses.pop_front()?;
        self.entries -= 1;
        self.bytes -= cost(&url);
        let fallen = Fallen { bidder: bidder.clone(), kind: Kind::Loss, about };
        if lane.flying.is_empty() && !lane.waits() {
            self.lanes.remove(&fallen.bidder);
        }
        Some(fallen)
    }
}

impl Lane {
    fn waits(&self) -> bool {
        !self.wins.is_empty() || !self.losses.is_empty()
    }
}

/// What a waiting notice takes of the queue's bytes: its URL and its entry, bid id included.
fn cost(url: &str) -> usize {
    url.len() + ENTRY
}

/// Notices of all bidders that may wait.
pub(super) const MAX_ENTRIES: usize = 100_000;
/// Bytes that waiting notices may take.
pub(super) const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Notices on the way to one bidder.
pub(super) const MAX_FLYING: usize = 64;
/// The longest URL that is taken in.
pub(super) const MAX_URL: usize = 4_096;
const ENTRY: usize = 192;
