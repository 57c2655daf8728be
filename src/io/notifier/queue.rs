//! Which notice goes next, and which goes overboard.
//!
//! A lane a bidder, so that a bidder that hangs holds up only its own; wins before losses.

use std::collections::{BTreeMap, VecDeque};

use crate::io::notifier::{About, Kind, Target};
use crate::model::ids::BidderId;

/// Notices that wait, within `MAX_ENTRIES` and `MAX_BYTES`.
pub(super) struct Queue {
    lanes: Vec<Lane>,
    by_id: BTreeMap<BidderId, usize>,
    /// The lane that is looked at first.
    turn: usize,
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
struct Lane {
    target: Target,
    /// The market in force does not have it: it stays for what began before.
    left: bool,
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
}

impl Queue {
    pub(super) fn new(targets: Vec<Target>) -> Self {
        let lanes: Vec<Lane> = targets.into_iter().map(Lane::new).collect();
        Self {
            by_id: by_id(&lanes),
            lanes,
            turn: 0,
            entries: 0,
            bytes: 0,
            next_loss: 0,
            next_out: 0,
            state: State::Open,
        }
    }

    /// Has these bidders from here on. One that left keeps its lane until the next time, and until it
    /// is empty: auctions that began before may still have something to say.
    pub(super) fn reload(&mut self, targets: Vec<Target>) {
        self.lanes.retain(|lane| !lane.left || !lane.is_empty());
        self.by_id = by_id(&self.lanes);
        for lane in &mut self.lanes {
            lane.left = true;
        }
        for target in targets {
            match self.by_id.get(&target.id) {
                Some(at) => (self.lanes[*at].target, self.lanes[*at].left) = (target, false),
                None => self.lanes.push(Lane::new(target)),
            }
        }
        self.by_id = by_id(&self.lanes);
    }

    /// Takes a notice in and returns those that had to go for it, or itself.
    pub(super) fn push(
        &mut self,
        bidder: &BidderId,
        kind: Kind,
        about: About,
        url: String,
    ) -> Vec<Fallen> {
        let mut dropped = Vec::new();
        let lane = self.by_id.get(bidder).copied();
        let Some(lane) = lane.filter(|_| self.state == State::Open && url.len() <= MAX_URL) else {
            return vec![Fallen { bidder: bidder.clone(), kind, about }];
        };
        while self.entries == MAX_ENTRIES || MAX_BYTES < self.bytes + cost(&url) {
            let Some(victim) = self.drop_oldest_loss() else {
                dropped.push(Fallen { bidder: bidder.clone(), kind, about });
                return dropped;
            };
            dropped.push(victim);
        }
        self.entries += 1;
        self.bytes += cost(&url);
        let waiting = Waiting { about, url };
        match kind {
            Kind::Win => self.lanes[lane].wins.push_back(waiting),
            Kind::Loss => {
                self.lanes[lane].losses.push_back((self.next_loss, waiting));
                self.next_loss += 1;
            }
        }
        dropped
    }

    /// Gives out the next notice whose bidder has fewer than `MAX_FLYING` on the way.
    pub(super) fn pop(&mut self) -> Option<Notice> {
        let count = self.lanes.len();
        let at = (0..count).map(|step| (self.turn + step) % count).find(|at| {
            let lane = &self.lanes[*at];
            let waiting = !lane.wins.is_empty() || !lane.losses.is_empty();
            waiting && lane.flying.len() < MAX_FLYING
        })?;
        self.turn = at + 1;
        let bidder = self.lanes[at].target.id.clone();
        let lane = &mut self.lanes[at];
        let (kind, Waiting { about, url }) = match lane.wins.pop_front() {
            Some(waiting) => (Kind::Win, waiting),
            None => (Kind::Loss, lane.losses.pop_front()?.1),
        };
        let number = self.next_out;
        self.next_out += 1;
        lane.flying.insert(number, (kind, about));
        self.entries -= 1;
        self.bytes -= cost(&url);
        let allow_loopback = lane.target.allow_loopback;
        Some(Notice { url, allow_loopback, bidder, number })
    }

    /// Makes room for another notice of the same bidder, and says which one is over.
    pub(super) fn done(&mut self, notice: &Notice) -> Option<Fallen> {
        // A lane with a notice on its way stays.
        let lane = &mut self.lanes[*self.by_id.get(&notice.bidder)?];
        let (kind, about) = lane.flying.remove(&notice.number)?;
        Some(Fallen { bidder: lane.target.id.clone(), kind, about })
    }

    /// Returns the notices that were given out and are not done.
    pub(super) fn flying(&self) -> Vec<Fallen> {
        let mut flying = Vec::new();
        for lane in &self.lanes {
            let bidder = &lane.target.id;
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
        for lane in &mut self.lanes {
            let id = &lane.target.id;
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

    fn drop_oldest_loss(&mut self) -> Option<Fallen> {
        let oldest = |lane: &Lane| lane.losses.front().map(|(number, _)| *number);
        let lanes = self.lanes.iter_mut().filter(|lane| !lane.losses.is_empty());
        let lane = lanes.min_by_key(|lane| oldest(lane))?;
        let (_, Waiting { about, url }) = lane.losses.pop_front()?;
        self.entries -= 1;
        self.bytes -= cost(&url);
        Some(Fallen { bidder: lane.target.id.clone(), kind: Kind::Loss, about })
    }
}

impl Lane {
    fn new(target: Target) -> Self {
        Self {
            target,
            left: false,
            wins: VecDeque::new(),
            losses: VecDeque::new(),
            flying: BTreeMap::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.wins.is_empty() && self.losses.is_empty() && self.flying.is_empty()
    }
}

fn by_id(lanes: &[Lane]) -> BTreeMap<BidderId, usize> {
    lanes.iter().enumerate().map(|(at, lane)| (lane.target.id.clone(), at)).collect()
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
