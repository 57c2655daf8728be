//! Tells a first from a repeat, in bounded room: the oldest is forgotten first.

use std::collections::{HashSet, VecDeque};

use crate::model::ids::AuctionId;

/// What makes two beacons one: auction, slot and kind (decision 41).
pub type BeaconKey = (AuctionId, u16, u8);

/// The beacons seen.
#[derive(Debug)]
pub struct FirstUse {
    seen: HashSet<BeaconKey>,
    order: VecDeque<BeaconKey>,
    room: usize,
}

impl FirstUse {
    /// Returns an empty memory for `room` beacons, at least one.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self { seen: HashSet::new(), order: VecDeque::new(), room: room.max(1) }
    }

    /// Says whether this key is new, and remembers it.
    pub fn first(&mut self, key: BeaconKey) -> bool {
        if !self.seen.insert(key) {
            return false;
        }
        if self.room <= self.order.len()
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.order.push_back(key);
        true
    }
}

#[cfg(test)]
mod tests;
