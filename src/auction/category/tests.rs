//! What hits what, by the rules of decision 14; whole auctions are cases of `tests/data/auction`.

use super::list::{List, Verdict};
use super::{hits, is_told, name};
use crate::auction::sample::bid;
use crate::model::bid::Bid;
use crate::model::category::Category;

#[test]
fn a_block_hits_what_it_is_or_covers() {
    for &(block, category, expected) in CASES {
        let (block, category) = (parse(block), parse(category));
        assert_eq!(hits(&block, &category), expected == HIT, "{block:?} on {category:?}");
        let told = expected != UNTOLD;
        assert_eq!(is_told(&block, &category), told, "{block:?} told of {category:?}");
        let blocks = [block];
        let verdict = match expected {
            HIT => Verdict::Hit,
            CLEAR => Verdict::Clear,
            _ => Verdict::Unmapped,
        };
        let bid = about(category.taxonomy, &[&category.id]);
        assert_eq!(List::new(&blocks).of_bid(&bid), verdict, "{blocks:?} on {category:?}");
        assert_eq!(List::new(&blocks).holds(&bid), expected == HIT, "{blocks:?}, {category:?}");
    }
}

#[test]
fn a_list_says_of_a_bid_the_worst_that_it_says_of_a_category() {
    let blocks = [parse("1:IAB7"), parse("500:cars")];
    let known = [parse("1:IAB7"), parse("1:IAB26")];
    let verdict = |list: &[Category], bid: &Bid| List::new(list).of_bid(bid);
    assert_eq!(verdict(&known, &about(1, &["IAB19", "IAB7-3"])), Verdict::Hit);
    assert_eq!(verdict(&known, &about(1, &["IAB19", "no such"])), Verdict::Unmapped);
    assert_eq!(verdict(&known, &about(1, &["no such", "IAB26"])), Verdict::Hit);
    assert_eq!(verdict(&known, &about(1, &["IAB19", "IAB1"])), Verdict::Clear);
    // A vendor's block cannot be told of any published category.
    assert_eq!(verdict(&blocks, &about(1, &["IAB19"])), Verdict::Unmapped);
    assert_eq!(verdict(&blocks, &about(500, &["bikes", "cars"])), Verdict::Hit);
}

#[test]
fn a_bid_without_categories_is_not_blocked_and_not_allowed() {
    let list = [parse("1:IAB7")];
    for bid in [about(1, &[]), about(500, &[]), about(1, &["", " "])] {
        assert_eq!(List::new(&list).of_bid(&bid), Verdict::Clear);
        assert!(!List::new(&list).holds(&bid));
    }
}

#[test]
fn an_allowed_bid_lies_within_the_list_whole() {
    let list = [parse("1:IAB7"), parse("1:IAB19")];
    assert!(List::new(&list).holds(&about(1, &["IAB7-3", "IAB19"])));
    assert!(!List::new(&list).holds(&about(1, &["IAB7-3", "IAB1"])));
    assert!(!List::new(&list).holds(&about(1, &["IAB7-3", "no such"])));
}

#[test]
fn no_id_is_too_odd_to_look_up() {
    for id in ["", " ", "1\0", "\0", "IAB1-1-1-1-1-1", "é", "IAB19-3\u{1f600}", &"1".repeat(70_000)]
    {
        for taxonomy in [i32::MIN, -1, 0, 1, 2, 4, 9, 10, 500, i32::MAX] {
            let odd = Category { taxonomy, id: id.into() };
            assert_eq!(name(&odd), None, "{taxonomy} {id:?}");
            assert!(!hits(&parse("1:IAB1"), &odd) && !hits(&odd, &parse("1:IAB1")));
        }
    }
}

#[test]
fn an_id_that_no_table_holds_is_allowed_with_what_it_lies_below() {
    let list = [parse("1:IAB7")];
    assert!(List::new(&list).holds(&about(7, &["iab7-999"])));
    let list = [parse("1:IAB7-999")];
    assert!(List::new(&list).holds(&about(1, &["IAB7-999"])));
    assert!(!List::new(&list).holds(&about(1, &["IAB7", "IAB7-3", "IAB7-998"])));
}

#[test]
fn names_are_those_of_the_latest_edition() {
    assert_eq!(name(&parse("1:IAB19")), Some("Technology & Computing"));
    assert_eq!(name(&parse("8: 1337 ")), Some("Banking"));
    assert_eq!(name(&parse("500:1337")), None);
    assert_eq!(name(&parse("2:iab19")), Some("Technology & Computing"));
    assert_eq!(name(&parse("1:IAB19-999")), None);
}

/// Reads `taxonomy:id`.
fn parse(text: &str) -> Category {
    let (taxonomy, id) = text.split_once(':').unwrap();
    Category { taxonomy: taxonomy.parse().unwrap(), id: id.into() }
}

fn about(taxonomy: i32, ids: &[&str]) -> Bid {
    let categories = ids.iter().map(|&id| id.into()).collect();
    Bid { category_taxonomy: taxonomy, categories, ..bid("b", 1, 5_000_000, 30) }
}

const HIT: u8 = 0;
const CLEAR: u8 = 1;
const UNTOLD: u8 = 2;

/// A block, a category, and what is between them.
const CASES: &[(&str, &str, u8)] = &[
    // One taxonomy: itself and what lies below, not what lies above or beside.
    ("1:IAB7", "1:IAB7", HIT),
    ("1:IAB7", "1:IAB7-3", HIT),
    ("1:IAB7-3", "1:IAB7", CLEAR),
    ("1:IAB7-3", "1:IAB7-4", CLEAR),
    ("3:1", "3:2", HIT),
    ("1: IAB7 ", "1:\tIAB7-3", HIT),
    // Content 1.0 is read without regard to case; the others are not.
    ("1:IAB7", "1:iab7", HIT),
    ("1:iab7 ", "1:Iab7-3", HIT),
    ("8:1335", "1:iab13-4", HIT),
    ("6:v9i3On", "6:V9I3ON", UNTOLD),
    // Its form tells an id of Content 1.0 under any published taxonomy, but not under a vendor's.
    ("1:IAB7", "2:IAB7-3", HIT),
    ("1:IAB7", "7: iab7", HIT),
    ("1:IAB7", "4:IAB7", HIT),
    ("1:IAB7", "0:IAB7", HIT),
    ("2:IAB7", "1:IAB7-3", HIT),
    ("1:IAB7-3", "2:IAB7-4", CLEAR),
    ("1:IAB7", "2:IAB7-", UNTOLD),
    ("1:IAB7", "2:IAB7-3-1", UNTOLD),
    ("1:IAB7", "2:IABx", UNTOLD),
    // What no table holds lies below what its form says; as a block it is itself only.
    ("1:IAB7", "1:IAB7-999", HIT),
    ("1:IAB7", "6:iab7-999", HIT),
    ("1:IAB8", "1:IAB7-999", CLEAR),
    ("1:IAB7-999", "1:IAB7", UNTOLD),
    ("1:IAB7-999", "1:IAB7-3", UNTOLD),
    ("1:IAB7-999", "1:iab7-999", HIT),
    ("1:IAB7-999", "3:IAB7-999", HIT),
    ("1:IAB7", "1:IAB999-3", UNTOLD),
    ("1:IAB7", "1:IAB7-x", UNTOLD),
    ("1:IAB999", "1:iab999", HIT),
    // Families: 2, 5 and 6 share ids; 7 and 9 do.
    ("2:2", "5:2", HIT),
    ("2:1", "6:3", HIT),
    ("6:3", "2:1", CLEAR),
    ("6:v9i3On", "2:1", CLEAR),
    ("7:483", "9:497", HIT),
    ("9:484", "7:497", CLEAR),
    // Horse Racing lies below Equine Sports in 7 and below Sports in 9: both count in both.
    ("7:496", "7:497", HIT),
    ("7:496", "9:497", HIT),
    ("2:150", "7:150", UNTOLD),
    // Mappings, in the direction published and against it, from above and to above.
    ("8:1335", "1:IAB13-4", HIT),
    ("1:IAB13", "8:1337", HIT),
    ("1:IAB13-4", "8:1337", HIT),
    ("8:1002", "1:IAB8-5", HIT),
    ("8:1002", "1:IAB8-9", HIT),
    ("1:IAB8-9", "8:1002", CLEAR),
    ("2:1", "1:IAB2-21", HIT),
    ("5:1", "1:IAB2-21", HIT),
    ("1:IAB2", "6:3", HIT),
    // Many to one: all that map to a category are hit by it, and hit it.
    ("8:1551", "1:IAB2-4", HIT),
    ("8:1551", "1:IAB2-23", HIT),
    ("1:IAB2-23", "8:1551", HIT),
    ("1:IAB2-23", "1:IAB2-4", CLEAR),
    // One step, not two.
    ("2:1", "8:1551", UNTOLD),
    ("8:1551", "2:1", UNTOLD),
    ("3:1", "8:1551", UNTOLD),
    ("1:IAB2", "9:483", UNTOLD),
    // Neither side may lie outside the mappings; what lies below a block may carry them.
    ("1:IAB26", "2:1", UNTOLD),
    ("1:IAB2", "2:150", UNTOLD),
    ("2:150", "1:IAB2", CLEAR),
    ("2:153", "1:IAB2", UNTOLD),
    ("1:IAB7", "2:1", CLEAR),
    // What no table knows is itself and nothing else.
    ("500:cars", "500:cars", HIT),
    ("500:cars", "500: cars", HIT),
    ("500:cars", "500:bikes", UNTOLD),
    ("500:cars", "501:cars", UNTOLD),
    ("500:IAB7", "1:IAB7", UNTOLD),
    ("4:1", "4:1", HIT),
    ("1:no such", "1:no such", HIT),
    ("2:no such", "6:no such", HIT),
    ("1:no such", "1:IAB7", UNTOLD),
    ("1:IAB7", "1:no such", UNTOLD),
];
