//! What a call to each bidder is worth at each placement, learned from what calls brought.
//!
//! Expected value = bid rate × price × win rate, over the hour under way and what of the hour
//! before still lies within 60 minutes. Bounded: a cell a bidder and placement of the market.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::io::entropy;
use crate::model::ids::{BidderId, PlacementId};
use crate::model::standing::{BidderStanding, Brownout, Experience};

/// What is known of all bidders of a market.
pub(super) struct Values {
    begun: Instant,
    /// In the order of the endpoints.
    bidders: Vec<BidderId>,
    by_id: BTreeMap<BidderId, usize>,
    placements: Mutex<BTreeMap<PlacementId, Vec<Cell>>>,
}

/// What calls to one bidder brought at one placement.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cell {
    /// Which hour since the beginning `current` is.
    hour: u64,
    current: Window,
    before: Window,
}

/// What calls of one hour brought.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    calls: u32,
    /// Answers with a bid that could have been sold.
    bids: u32,
    /// Answers of which a bid won.
    wins: u32,
    /// The best price of each of `bids`, in micros a mille, added up.
    price: u64,
}

/// What calls of the last 60 minutes brought, in millionths of each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lately {
    calls: u128,
    bids: u128,
    wins: u128,
    price: u128,
}

impl Values {
    /// Returns values of which nothing is known.
    pub(super) fn new(bidders: Vec<BidderId>) -> Self {
        Self::with(Instant::now(), bidders, BTreeMap::new())
    }

    /// Returns the values of the next market: what is known of bidders that stay is kept.
    pub(super) fn reload(&self, bidders: Vec<BidderId>) -> Self {
        let known = self.placements.lock();
        let of = |cells: &Vec<Cell>| {
            let cell = |bidder| Some(cells[*self.by_id.get(bidder)?]);
            bidders.iter().map(|bidder| cell(bidder).unwrap_or_default()).collect()
        };
        let kept = known.iter().map(|(placement, cells)| (placement.clone(), of(cells))).collect();
        drop(known);
        Self::with(self.begun, bidders, kept)
    }

    fn with(
        begun: Instant,
        bidders: Vec<BidderId>,
        placements: BTreeMap<PlacementId, Vec<Cell>>,
    ) -> Self {
        let by_id = bidders.iter().enumerate().map(|(at, bidder)| (bidder.clone(), at)).collect();
        Self { begun, bidders, by_id, placements: Mutex::new(placements) }
    }

    /// Learns from the calls of one auction.
    pub(super) fn learn(&self, experiences: &[Experience]) {
        let now = self.begun.elapsed();
        let mut placements = self.placements.lock();
        for experience in experiences.iter().filter(|it| !it.late) {
            let Some(bidder) = self.by_id.get(&experience.bidder) else { continue };
            if !placements.contains_key(&experience.placement) {
                if !make_room(&mut placements, now) {
                    continue;
                }
                let cells = vec![Cell::default(); self.bidders.len()];
                placements.insert(experience.placement.clone(), cells);
            }
            if let Some(cells) = placements.get_mut(&experience.placement) {
                cells[*bidder].learn(experience, now);
            }
        }
    }

    /// Returns what a call to each bidder is expected to bring at a placement, in their order; empty
    /// where nothing is known of any. Who is not known counts as the median of the known.
    pub(super) fn at(&self, placement: &PlacementId) -> Vec<u64> {
        let now = self.begun.elapsed();
        let known: Vec<Option<u64>> = match self.placements.lock().get(placement) {
            Some(cells) => cells.iter().map(|cell| cell.lately(now).value()).collect(),
            None => return Vec::new(),
        };
        let Some(middle) = median(&known) else { return Vec::new() };
        known.iter().map(|known| known.unwrap_or(middle)).collect()
    }

    /// Returns what a call to each bidder is worth over all placements, in their order; none where
    /// too little is known.
    pub(super) fn over_all(&self) -> Vec<Option<u64>> {
        let now = self.begun.elapsed();
        let mut all = vec![Lately::default(); self.bidders.len()];
        for cells in self.placements.lock().values() {
            for (all, cell) in all.iter_mut().zip(cells) {
                all.add(&cell.lately(now));
            }
        }
        all.iter().map(Lately::value).collect()
    }
}

impl Cell {
    fn learn(&mut self, experience: &Experience, now: Duration) {
        self.turn(now);
        let window = &mut self.current;
        window.calls = window.calls.saturating_add(1);
        if experience.bids == 0 {
            return;
        }
        let price = u64::try_from(experience.best.micros()).unwrap_or(0);
        window.bids = window.bids.saturating_add(1);
        window.wins = window.wins.saturating_add(u32::from(experience.won));
        window.price = window.price.saturating_add(price);
    }

    /// Returns what the last 60 minutes brought: of the hour before what still lies within them.
    fn lately(mut self, now: Duration) -> Lately {
        self.turn(now);
        let gone = now.as_secs() % HOUR_S;
        let left = u128::from((HOUR_S - gone) * WHOLE / HOUR_S);
        let sum = |current: u64, before: u64| {
            u128::from(current) * u128::from(WHOLE) + u128::from(before) * left
        };
        let (current, before) = (self.current, self.before);
        Lately {
            calls: sum(current.calls.into(), before.calls.into()),
            bids: sum(current.bids.into(), before.bids.into()),
            wins: sum(current.wins.into(), before.wins.into()),
            price: sum(current.price, before.price),
        }
    }

    fn turn(&mut self, now: Duration) {
        let hour = now.as_secs() / HOUR_S;
        if self.hour < hour {
            let last = std::mem::take(&mut self.current);
            self.before = if self.hour + 1 == hour { last } else { Window::default() };
            self.hour = hour;
        }
    }

    fn is_stale(mut self, now: Duration) -> bool {
        self.turn(now);
        self.current.calls == 0 && self.before.calls == 0
    }
}

impl Lately {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.bids += other.bids;
        self.wins += other.wins;
        self.price += other.price;
    }

    /// Returns the expected value of a call in billionths of the currency; none for too few calls.
    ///
    /// The win rate is (wins + 1) / (bids + 2): few bids prove neither that all win nor that none
    /// does. A price of X micros a mille is X billionths an impression.
    fn value(&self) -> Option<u64> {
        let whole = u128::from(WHOLE);
        if self.calls < ENOUGH * whole {
            return None;
        }
        let priced = self.price * 1_000 / self.calls;
        let value = priced * (self.wins + whole) / ((self.bids + 2 * whole) * 1_000);
        Some(u64::try_from(value).unwrap_or(u64::MAX))
    }
}

/// Returns the middle of what is known, the lower of two.
fn median(known: &[Option<u64>]) -> Option<u64> {
    let mut known: Vec<u64> = known.iter().flatten().copied().collect();
    known.sort_unstable();
    known.len().checked_sub(1).map(|last| known[last / 2])
}

/// Draws who is asked whatever its value; nobody where nobody is left out.
pub(super) fn explore(brownout: Brownout, standings: &mut [BidderStanding]) {
    match brownout {
        Brownout::All | Brownout::None => {}
        Brownout::Best60Percent | Brownout::Best8 | Brownout::Best3 => {
            let share = explored_ppm(standings.len());
            for standing in standings {
                standing.explored = entropy::millionth() < share;
            }
        }
    }
}

/// Returns the share of auctions that explore one of `bidders`, in millionths: 2 %, or less where
/// that would take more than a fifth of a place of each auction.
fn explored_ppm(bidders: usize) -> u32 {
    let bidders = u32::try_from(bidders).unwrap_or(u32::MAX);
    EXPLORED.min(EXPLORED_TOGETHER / bidders.max(1))
}

/// Says whether there is room for another placement, once those not met for an hour have left.
fn make_room(placements: &mut BTreeMap<PlacementId, Vec<Cell>>, now: Duration) -> bool {
    if placements.len() < MAX_PLACEMENTS {
        return true;
    }
    placements.retain(|_, cells| cells.iter().any(|cell| !cell.is_stale(now)));
    placements.len() < MAX_PLACEMENTS
}

const HOUR_S: u64 = 3_600;
/// A whole, in millionths.
const WHOLE: u64 = 1_000_000;
/// Calls below which nothing is known.
const ENOUGH: u128 = 20;
/// The share of auctions that explore a bidder, in millionths.
const EXPLORED: u32 = 20_000;
/// The same of all bidders together.
const EXPLORED_TOGETHER: u32 = 200_000;
/// Placements remembered; a market has fewer.
const MAX_PLACEMENTS: usize = 10_000;

#[cfg(test)]
mod tests;
