//! One sale per placement, session and break until it expires (decision 30).
//!
//! Stitchers retry and players ask again on a seek: they get the sale that was made, and share
//! the one that is being made. The table is bounded; the nearest expiry goes first.

use std::collections::{BTreeSet, HashMap};

use crate::model::break_request::BreakRequest;
use crate::model::ids::{BreakId, PlacementId, SessionId};
use crate::model::time::UnixMillis;

/// What makes two requests one sale.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SaleKey {
    placement: PlacementId,
    session: SessionId,
    ad_break: BreakId,
    /// A test's ads are never billed, so no viewer may be given them.
    test: bool,
}

impl SaleKey {
    /// Returns the key of a request; one without a session is its own sale.
    #[must_use]
    pub fn of(request: &BreakRequest) -> Option<Self> {
        let session = request.session.clone()?;
        let placement = request.placement.id.clone();
        let ad_break = request.ad_break.id.clone();
        Some(Self { placement, session, ad_break, test: request.test })
    }
}

/// The sales in force, each a handle `V` on what was or will be sold.
#[derive(Debug)]
pub struct Sales<V> {
    entries: HashMap<SaleKey, Entry<V>>,
    by_expiry: BTreeSet<(UnixMillis, SaleKey)>,
    room: Room,
    /// Bytes of all sales, as told by `weigh`.
    bytes: usize,
}

/// What a table may hold, each at least one.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Sales.
    pub sales: usize,
    /// Bytes of the sales that are made.
    pub bytes: usize,
}

#[derive(Debug)]
struct Entry<V> {
    expires: UnixMillis,
    /// Which entry this is, so that an old sale cannot withdraw its successor.
    number: u64,
    bytes: usize,
    sale: V,
}

/// What `Sales::enter` found.
#[derive(Debug, Eq, PartialEq)]
pub enum Entered<V> {
    /// Nobody sells this yet: `sale` was just made.
    First(V),
    /// It is sold or being sold.
    Joined(V),
}

impl<V: Clone> Sales<V> {
    /// Returns an empty table.
    #[must_use]
    pub fn new(room: Room) -> Self {
        Self { entries: HashMap::new(), by_expiry: BTreeSet::new(), room, bytes: 0 }
    }

    /// Returns the sale in force under `key`.
    pub fn joined(&mut self, key: &SaleKey, now: UnixMillis) -> Option<V> {
        self.expire(now);
        self.entries.get(key).map(|entry| entry.sale.clone())
    }

    /// Returns the sale in force under `key`, or makes it.
    ///
    /// `number` tells this entry from later ones under the same key; see [`Self::withdraw`].
    pub fn enter(
        &mut self,
        key: SaleKey,
        number: u64,
        (now, expires): (UnixMillis, UnixMillis),
        make: impl FnOnce() -> V,
    ) -> Entered<V> {
        self.expire(now);
        if let Some(entry) = self.entries.get(&key) {
            return Entered::Joined(entry.sale.clone());
        }
        let sale = make();
        if expires <= now {
            return Entered::First(sale);
        }
        if self.room.sales <= self.entries.len() {
            self.drop_nearest();
        }
        self.by_expiry.insert((expires, key.clone()));
        self.entries.insert(key, Entry { expires, number, bytes: 0, sale: sale.clone() });
        Entered::First(sale)
    }

    /// Forgets a sale that came to nothing, so that the next to ask may try again.
    pub fn withdraw(&mut self, key: &SaleKey, number: u64) {
        if self.entries.get(key).is_some_and(|entry| entry.number == number) {
            let entry = self.entries.remove(key).expect("the entry was just found");
            self.by_expiry.remove(&(entry.expires, key.clone()));
            self.bytes -= entry.bytes;
        }
    }

    /// Says how many bytes a sale came to, once it is made; the nearest expiries make room for it.
    pub fn weigh(&mut self, key: &SaleKey, number: u64, bytes: usize) {
        let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.number == number) else {
            return;
        };
        self.bytes = self.bytes - entry.bytes + bytes;
        entry.bytes = bytes;
        while self.room.bytes < self.bytes {
            self.drop_nearest();
        }
    }

    /// Returns how many sales are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Says whether no sale is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn expire(&mut self, now: UnixMillis) {
        while self.by_expiry.first().is_some_and(|(expires, _)| *expires <= now) {
            self.drop_nearest();
        }
    }

    fn drop_nearest(&mut self) {
        if let Some((_, key)) = self.by_expiry.pop_first()
            && let Some(entry) = self.entries.remove(&key)
        {
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests;
