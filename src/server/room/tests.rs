use std::sync::Arc;

use super::{NoSeat, Room};
use crate::server::proxies::Proxies;

#[test]
fn an_address_has_so_many_places_and_a_network_counts_as_one() {
    let room = room(100, 2);
    let held: Vec<_> = ["203.0.113.9", "203.0.113.9"].map(|peer| seat(&room, peer)).into();
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(seat(&room, "203.0.113.9").unwrap_err(), NoSeat::Address);
    assert_eq!(seat(&room, "::ffff:203.0.113.9").unwrap_err(), NoSeat::Address);
    assert!(seat(&room, "203.0.113.10").is_ok());
    drop(held);
    assert!(seat(&room, "203.0.113.9").is_ok());

    let _six = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"].map(|peer| seat(&room, peer).unwrap());
    assert_eq!(seat(&room, "2001:db8:1:2::3").unwrap_err(), NoSeat::Address);
    assert!(seat(&room, "2001:db8:1:3::1").is_ok());
}

#[test]
fn loopback_and_trusted_proxies_count_only_in_all() {
    let room = room(5, 1);
    let peers = ["127.0.0.1", "127.0.0.1", "10.1.2.3", "10.1.2.3", "::1"];
    let _held = peers.map(|peer| seat(&room, peer).unwrap());
    assert_eq!(seat(&room, "127.0.0.1").unwrap_err(), NoSeat::Full);
    assert_eq!(seat(&room, "203.0.113.9").unwrap_err(), NoSeat::Full);
}

#[test]
fn no_cap_counts_no_address() {
    let room = room(3, 0);
    let _held = [(); 3].map(|()| seat(&room, "203.0.113.9").unwrap());
    assert_eq!(seat(&room, "203.0.113.9").unwrap_err(), NoSeat::Full);
}

fn room(most: usize, per_address: usize) -> Arc<Room> {
    let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
    Room::new(most, per_address, Arc::new(proxies))
}

fn seat(room: &Arc<Room>, peer: &str) -> Result<super::Seat, NoSeat> {
    room.seat(peer.parse().unwrap())
}
