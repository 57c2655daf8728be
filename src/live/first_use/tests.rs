use super::FirstUse;
use crate::model::ids::AuctionId;

#[test]
fn only_the_first_of_a_key_is_first_until_it_is_forgotten() {
    let mut seen = FirstUse::new(2);
    let auction = AuctionId::new([1; 16]);
    assert!(seen.first((auction, 1, 1)));
    assert!(!seen.first((auction, 1, 1)));
    assert!(seen.first((auction, 1, 2)));
    assert!(seen.first((auction, 2, 1)));
    assert!(!seen.first((auction, 1, 2)));
    assert!(seen.first((auction, 1, 1)), "the oldest of two makes room for a third");
}
