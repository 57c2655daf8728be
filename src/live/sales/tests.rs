use super::{Entered, Room, SaleKey, Sales};
use crate::model::ids::{BreakId, PlacementId, SessionId};
use crate::model::time::UnixMillis;

fn key(session: &str) -> SaleKey {
    SaleKey {
        placement: PlacementId::new("p"),
        session: SessionId::new(session),
        ad_break: BreakId::new("b"),
        test: false,
    }
}

fn room(sales: usize) -> Room {
    Room { sales, bytes: 100 }
}

fn times(now: u64, expires: u64) -> (UnixMillis, UnixMillis) {
    (UnixMillis(now), UnixMillis(expires))
}

#[test]
fn a_repeat_before_expiry_joins_and_one_after_it_is_first() {
    let mut sales = Sales::new(room(8));
    assert_eq!(sales.enter(key("s"), 1, times(0, 60), || "a"), Entered::First("a"));
    assert_eq!(sales.enter(key("s"), 2, times(59, 99), || "b"), Entered::Joined("a"));
    assert_eq!(sales.enter(key("s"), 3, times(60, 99), || "c"), Entered::First("c"));
    assert_eq!(sales.len(), 1);
}

#[test]
fn the_nearest_expiry_makes_room() {
    let mut sales = Sales::new(room(2));
    sales.enter(key("late"), 1, times(0, 90), || 1);
    sales.enter(key("soon"), 2, times(0, 30), || 2);
    sales.enter(key("new"), 3, times(0, 60), || 3);
    assert_eq!(sales.enter(key("late"), 4, times(1, 90), || 4), Entered::Joined(1));
    assert_eq!(sales.enter(key("new"), 5, times(1, 60), || 5), Entered::Joined(3));
    assert_eq!(sales.enter(key("soon"), 6, times(1, 30), || 6), Entered::First(6));
    assert_eq!(sales.len(), 2);
}

#[test]
fn a_withdrawn_sale_is_asked_again_but_never_by_its_forerunner() {
    let mut sales = Sales::new(room(8));
    sales.enter(key("s"), 1, times(0, 60), || "a");
    sales.withdraw(&key("s"), 1);
    assert_eq!(sales.enter(key("s"), 2, times(1, 60), || "b"), Entered::First("b"));
    sales.withdraw(&key("s"), 1);
    assert_eq!(sales.enter(key("s"), 3, times(2, 60), || "c"), Entered::Joined("b"));
}

#[test]
fn a_sale_that_expires_at_once_is_made_but_not_kept() {
    let mut sales = Sales::new(room(8));
    assert_eq!(sales.enter(key("s"), 1, times(60, 60), || "a"), Entered::First("a"));
    assert!(sales.is_empty());
}

#[test]
fn heavy_sales_make_room_by_expiry() {
    let mut sales = Sales::new(room(8));
    sales.enter(key("soon"), 1, times(0, 30), || 1);
    sales.enter(key("late"), 2, times(0, 90), || 2);
    sales.weigh(&key("soon"), 1, 60);
    sales.weigh(&key("late"), 2, 40);
    assert_eq!(sales.len(), 2);
    sales.weigh(&key("late"), 1, 1_000);
    assert_eq!(sales.len(), 2, "the number of another sale changes nothing");
    sales.weigh(&key("late"), 2, 41);
    assert_eq!(sales.enter(key("late"), 3, times(1, 90), || 3), Entered::Joined(2));
    assert_eq!(sales.enter(key("soon"), 4, times(1, 30), || 4), Entered::First(4));
    sales.weigh(&key("soon"), 4, 101);
    assert_eq!(sales.len(), 1, "what alone is too heavy is not kept either");
}
