//! How many connections callers may hold: in all, and from one address (decision 34).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::server::proxies::Proxies;

/// The room for connections that all workers share.
#[derive(Debug)]
pub struct Room {
    most: usize,
    most_per_address: usize,
    proxies: Arc<Proxies>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    /// Only addresses that are counted and have a connection.
    by_address: HashMap<IpAddr, usize>,
}

/// A place in the room, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    room: Arc<Room>,
    /// The address counted, where it is.
    address: Option<IpAddr>,
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
    /// Returns an empty room; 0 a address means any number. Loopback and trusted proxies are not
    /// counted by address.
    #[must_use]
    pub fn new(most: usize, most_per_address: usize, proxies: Arc<Proxies>) -> Arc<Self> {
        Arc::new(Self { most, most_per_address, proxies, open: Mutex::default() })
    }

    /// Takes a place for a connection from `peer`.
    ///
    /// # Errors
    ///
    /// When there is none; the connection is to be closed.
    pub fn seat(self: &Arc<Self>, peer: IpAddr) -> Result<Seat, NoSeat> {
        let peer = peer.to_canonical();
        let free = peer.is_loopback() || self.proxies.trusts(peer) || self.most_per_address == 0;
        let address = (!free).then(|| network(peer));
        let mut open = self.open.lock();
        if self.most <= open.all {
            return Err(NoSeat::Full);
        }
        if let Some(address) = address {
            let held = open.by_address.entry(address).or_default();
            if self.most_per_address <= *held {
                return Err(NoSeat::Address);
            }
            *held += 1;
        }
        open.all += 1;
        Ok(Seat { room: Arc::clone(self), address })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.room.open.lock();
        open.all -= 1;
        let Some(address) = self.address else { return };
        if let Some(held) = open.by_address.get_mut(&address) {
            *held -= 1;
            if *held == 0 {
                open.by_address.remove(&address);
            }
        }
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
