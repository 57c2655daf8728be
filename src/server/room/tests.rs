use std::sync::Arc;

use super::{Caps, NoSeat, Room};
use crate::model::ids::PublisherId;
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

#[test]
fn a_connection_is_its_last_publishers() {
    let room = room(100, 0);
    let [arena, court] = ["arena", "court"].map(PublisherId::new);
    let seats = ["203.0.113.9", "203.0.113.9", "127.0.0.1"].map(|peer| seat(&room, peer).unwrap());
    let [first, second, third] = seats;
    assert!(first.asks_for(&arena) && first.asks_for(&arena) && second.asks_for(&arena));
    assert!(!third.asks_for(&arena), "two are as many as may be");
    assert!(third.asks_for(&court));
    // Refused once more: it stays the one of court.
    assert!(!third.asks_for(&arena));
    assert!(second.asks_for(&court), "one is free again");
    assert!(!first.asks_for(&court));
    assert!(third.asks_for(&arena));
    drop(first);
    assert!(second.asks_for(&arena));
    drop((second, third));
    assert!(room.open.lock().by_publisher.is_empty());
}

#[test]
fn what_a_proxy_passes_on_is_no_publishers() {
    let room = room(100, 0);
    let publisher = PublisherId::new("arena");
    let held = [(); 5].map(|()| seat(&room, "10.1.2.3").unwrap());
    assert!(held.iter().all(|seat| seat.asks_for(&publisher)));
    assert!(room.open.lock().by_publisher.is_empty());
}

#[tokio::test]
async fn who_is_refused_is_told_to_leave() {
    let room = room(100, 0);
    let publisher = PublisherId::new("arena");
    let held = [(); 3].map(|()| seat(&room, "203.0.113.9").unwrap());
    let asked: Vec<bool> = held.iter().map(|seat| seat.asks_for(&publisher)).collect();
    assert_eq!(asked, [true, true, false]);
    held[2].leaving().await;
}

fn room(most: usize, per_address: usize) -> Arc<Room> {
    let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
    let caps = Caps { all: most, per_address, per_publisher: 2 };
    Room::new(caps, Arc::new(proxies))
}

fn seat(room: &Arc<Room>, peer: &str) -> Result<super::Seat, NoSeat> {
    room.seat(peer.parse().unwrap())
}
