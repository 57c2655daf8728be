//! How many connections callers may hold: in all, from one address, and asking for one publisher
//! (decision 34).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::model::ids::PublisherId;
use crate::server::proxies::Proxies;

/// The room for connections that all workers share.
#[derive(Debug)]
pub struct Room {
    caps: Caps,
    proxies: Arc<Proxies>,
    open: Mutex<Open>,
}

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// In all.
    pub all: usize,
    /// From one address; 0 means any number.
    pub per_address: usize,
    /// That ask for one publisher; 0 means any number.
    pub per_publisher: usize,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    /// Only addresses that are counted and have a connection.
    by_address: HashMap<IpAddr, usize>,
    /// Only publishers that a connection is counted for.
    by_publisher: HashMap<PublisherId, usize>,
}

/// A place in the room, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    room: Arc<Room>,
    /// The address counted, where it is.
    address: Option<IpAddr>,
    /// Whether it is counted for whom it asks for: not what a proxy passes on for everybody.
    has_publisher: bool,
    /// The publisher it is counted for: that of its last request.
    publisher: Mutex<Option<PublisherId>>,
    /// Whether it is to be closed, and who waits for that.
    leaves: AtomicBool,
    leaving: Notify,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoSeat {
    /// As many connections are open as may be.
    Full,
    /// As many are open from this address as may be.
    Address,
}

impl NoSeat {
    /// Returns its name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Address => "address",
        }
    }
}

impl Room {
    /// Returns an empty room. Loopback is not counted by address, trusted proxies neither by address
    /// nor by publisher.
    #[must_use]
    pub fn new(caps: Caps, proxies: Arc<Proxies>) -> Arc<Self> {
        Arc::new(Self { caps, proxies, open: Mutex::default() })
    }

    /// Takes a place for a connection from `peer`.
    ///
    /// # Errors
    ///
    /// When there is none; the connection is to be closed.
    pub fn seat(self: &Arc<Self>, peer: IpAddr) -> Result<Seat, NoSeat> {
        let peer = peer.to_canonical();
        let (caps, passed_on) = (&self.caps, self.proxies.trusts(peer));
        let free = peer.is_loopback() || passed_on || caps.per_address == 0;
        let address = (!free).then(|| network(peer));
        let mut open = self.open.lock();
        if caps.all <= open.all {
            return Err(NoSeat::Full);
        }
        if let Some(address) = address {
            let held = open.by_address.entry(address).or_default();
            if caps.per_address <= *held {
                return Err(NoSeat::Address);
            }
            *held += 1;
        }
        open.all += 1;
        Ok(Seat {
            room: Arc::clone(self),
            address,
            has_publisher: !passed_on && caps.per_publisher != 0,
            publisher: Mutex::default(),
            leaves: AtomicBool::new(false),
            leaving: Notify::new(),
        })
    }
}

impl Seat {
    /// Says that a request for this publisher came over the connection, which is counted for it from
    /// here on. False when as many are as may be: then the connection is to be closed.
    #[must_use]
    pub fn asks_for(&self, publisher: &PublisherId) -> bool {
        if !self.has_publisher {
            return true;
        }
        let mut own = self.publisher.lock();
        if own.as_ref() == Some(publisher) {
            return true;
        }
        let mut open = self.room.open.lock();
        let held = open.by_publisher.entry(publisher.clone()).or_default();
        if self.room.caps.per_publisher <= *held {
            self.leaves.store(true, Ordering::Relaxed);
            self.leaving.notify_one();
            return false;
        }
        *held += 1;
        if let Some(before) = own.replace(publisher.clone()) {
            give_back(&mut open.by_publisher, &before);
        }
        true
    }

    /// Says that the connection is to be closed, by its next answer if one more request comes.
    pub fn announce_end(&self) {
        self.leaves.store(true, Ordering::Relaxed);
    }

    /// Says whether the connection is to be closed.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.leaves.load(Ordering::Relaxed)
    }

    /// Waits until the connection is to be closed, its last answer being under way.
    pub async fn leaving(&self) {
        self.leaving.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.room.open.lock();
        open.all -= 1;
        if let Some(address) = self.address {
            give_back(&mut open.by_address, &address);
        }
        if let Some(publisher) = self.publisher.get_mut().take() {
            give_back(&mut open.by_publisher, &publisher);
        }
    }
}

/// Counts one less, and forgets who has none.
fn give_back<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    let Some(held) = counts.get_mut(key) else { return };
    *held -= 1;
    if *held == 0 {
        counts.remove(key);
    }
}

/// Returns what counts as one address: a host has a whole /64 of IPv6 to itself.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests;
