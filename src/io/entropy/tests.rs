use std::collections::BTreeSet;

use crate::io::clock;
use crate::io::entropy::{below, draw, key};
use crate::model::ids::AuctionId;

#[test]
fn auction_ids_are_uuids_of_version_7_and_carry_the_time() {
    let before = clock::now();
    let id = draw().auction;
    let after = clock::now();
    let bytes = id.bytes();
    assert_eq!(bytes[6] >> 4, 7, "version");
    assert_eq!(bytes[8] >> 6, 0b10, "variant");
    let mut millis = [0; 8];
    millis[2..].copy_from_slice(&bytes[..6]);
    let millis = u64::from_be_bytes(millis);
    assert!((before.0..=after.0).contains(&millis));
    assert_eq!(AuctionId::parse(&id.to_string()), Some(id));
}

#[test]
fn no_two_draws_share_a_part() {
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        let draw = draw();
        for part in [
            draw.auction.bytes().to_vec(),
            draw.seed.to_vec(),
            draw.record_key.to_vec(),
            draw.user_salt.to_vec(),
            draw.nonce_key.to_vec(),
            key().to_vec(),
        ] {
            assert!(part.iter().any(|byte| *byte != 0));
            assert!(seen.insert(part), "a part came twice");
        }
    }
}

#[test]
fn numbers_stay_below_their_bound() {
    assert_eq!(below(0), 0);
    assert_eq!(below(1), 0);
    let drawn: BTreeSet<u64> = (0..500).map(|_| below(4)).collect();
    assert_eq!(drawn, BTreeSet::from([0, 1, 2, 3]));
}
