use std::time::Duration;

use crate::io::bidders::tests::dice::Dice;
use crate::io::bidders::value::{Cell, Lately, Values, explore, explored_ppm, median};
use crate::model::ids::{BidderId, PlacementId};
use crate::model::money::Cpm;
use crate::model::standing::{BidderStanding, Brownout, Experience};

#[test]
fn a_value_is_bid_rate_times_price_times_win_rate() {
    let table = [
        // calls, bids, wins, price each in micros: billionths a call
        (19, 19, 19, 5_000_000, None),
        (20, 0, 0, 0, Some(0)),
        (100, 98, 98, 5_000_000, Some(4_851_000)),
        (1_000, 498, 249, 8_000_000, Some(1_992_000)),
        (1_000_000, 499_998, 249_999, 8_000_000, Some(1_999_992)),
        // No win in few bids is not worth nothing, in many as good as nothing.
        (20, 8, 0, 1_000_000, Some(40_000)),
        (2_000, 998, 0, 1_000_000, Some(499)),
        (u32::MAX, u32::MAX, u32::MAX, 1_000_000_000, Some(999_999_999)),
    ];
    for (calls, bids, wins, price, value) in table {
        let whole = |count: u32| u128::from(count) * 1_000_000;
        let lately = Lately {
            calls: whole(calls),
            bids: whole(bids),
            wins: whole(wins),
            price: whole(bids) * price,
        };
        assert_eq!(lately.value(), value, "{calls} calls, {bids} bids, {wins} wins");
    }
}

#[test]
fn an_hour_fades_into_the_next() {
    let mut cell = Cell::default();
    for _ in 0..1_000 {
        cell.learn(&experience("acme", 1, 5_000_000, false), minutes(59));
    }
    let calls = |cell: Cell, at| cell.lately(minutes(at)).calls / 1_000_000;
    let seen = [59, 60, 75, 90, 119, 120].map(|at| calls(cell, at));
    assert_eq!(seen, [1_000, 1_000, 750, 500, 16, 0]);
    for _ in 0..1_000 {
        cell.learn(&experience("acme", 0, 0, false), minutes(90));
    }
    assert_eq!(calls(cell, 90), 1_500);
    assert!(!cell.is_stale(minutes(179)) && cell.is_stale(minutes(180)));
    assert_eq!(calls(cell, 100_000), 0);
}

#[tokio::test(start_paused = true)]
async fn placements_are_apart_and_the_unknown_count_as_the_middle() {
    let values = values();
    let teach = |bidder: &str, price: i64| {
        let once: Vec<_> = (0..100).map(|_| experience(bidder, 1, price, true)).collect();
        values.learn(&once);
    };
    assert!(at(&values, "mid").is_empty());
    values.learn(&[experience("d", 1, 2_000_000, true)]);
    assert!(at(&values, "mid").is_empty(), "one call is too few, and nobody else is known");
    teach("a", 2_000_000);
    assert_eq!(at(&values, "mid")[1..], [1_980_392; 3], "all are like the only one known");
    teach("b", 9_000_000);
    teach("c", 4_000_000);
    teach("stranger", 4_000_000);
    assert_eq!(at(&values, "mid"), [1_980_392, 8_911_764, 3_960_784, 3_960_784]);
    assert!(at(&values, "pre").is_empty());
    assert_eq!(values.over_all(), [Some(1_980_392), Some(8_911_764), Some(3_960_784), None]);
    let late = Experience { late: true, ..experience("d", 1, 90_000_000, false) };
    values.learn(&vec![late; 100]);
    assert_eq!(values.over_all()[3], None, "what came late was worth nothing");

    let next = values.reload(["d", "c", "new"].map(BidderId::new).to_vec());
    assert_eq!(next.over_all(), [None, Some(3_960_784), None]);
}

#[tokio::test(start_paused = true)]
#[expect(clippy::print_stdout, reason = "how often it was asked is told beside")]
async fn a_cold_bidder_is_explored_and_becomes_warm() {
    // Three are known; `d` bids most and nobody has noticed.
    let (values, mut dice) = (values(), Dice::new(7));
    for bidder in ["a", "b", "c"] {
        let price = 3_000_000;
        values.learn(&(0..100).map(|_| experience(bidder, 1, price, true)).collect::<Vec<_>>());
    }
    values.learn(&(0..100).map(|_| experience("d", 0, 0, false)).collect::<Vec<_>>());
    let mut asked = [0; 4];
    for auction in 0..20_000 {
        let worth = values.at(&PlacementId::new("mid"));
        let mut standings = standings();
        explore(Brownout::Best3, &mut standings);
        let mut best: Vec<usize> = (0..4).collect();
        best.sort_by_key(|at| (!standings[*at].explored, u64::MAX - worth[*at]));
        for at in &best[..3] {
            asked[*at] += usize::from(auction < 5_000);
            let price = if *at == 3 { 20_000_000 } else { 3_000_000 };
            let won = dice.millionth() < 300_000;
            values.learn(&[experience(NAMES[*at], 1, price, won)]);
        }
    }
    println!("asked in the first 5,000 auctions: {asked:?}");
    let worth = values.over_all();
    assert!(worth[..3].iter().all(|other| *other < worth[3]), "{worth:?}");
}

#[test]
fn exploration_takes_little() {
    assert_eq!([0, 1, 10, 20, 50].map(explored_ppm), [20_000, 20_000, 20_000, 10_000, 4_000]);
    assert_eq!(median(&[]), None);
    assert_eq!(median(&[None, Some(4), Some(2)]), Some(2));
    assert_eq!(median(&[Some(9), Some(4), None, Some(2)]), Some(4));
}

#[test]
fn exploration_is_drawn_only_where_somebody_is_left_out() {
    for (brownout, draws) in
        [(Brownout::All, false), (Brownout::None, false), (Brownout::Best8, true)]
    {
        let mut drawn = 0;
        for _ in 0..10_000 {
            let mut standings = standings();
            explore(brownout, &mut standings);
            drawn += standings.iter().filter(|it| it.explored).count();
        }
        assert_eq!(0 < drawn, draws, "{brownout:?}");
        assert!(drawn < 1_000, "{drawn} of 40,000, drawn at 0.02");
    }
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded() {
    let values = values();
    let at = |number: usize| {
        let placement = PlacementId::new(format!("p{number}"));
        [Experience { placement, ..experience("a", 1, 1, false) }]
    };
    for number in 0..10_010 {
        values.learn(&at(number));
    }
    assert_eq!(values.placements.lock().len(), 10_000);
    tokio::time::advance(Duration::from_hours(3)).await;
    values.learn(&at(20_000));
    assert_eq!(values.placements.lock().len(), 1, "what nobody met for hours makes room");
}

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn values() -> Values {
    Values::new(NAMES.map(BidderId::new).to_vec())
}

fn standings() -> Vec<BidderStanding> {
    NAMES.map(|id| BidderStanding::free(BidderId::new(id))).to_vec()
}

fn at(values: &Values, placement: &str) -> Vec<u64> {
    values.at(&PlacementId::new(placement))
}

fn experience(bidder: &str, bids: u32, price: i64, won: bool) -> Experience {
    Experience {
        bidder: BidderId::new(bidder),
        placement: PlacementId::new("mid"),
        invalid: false,
        bids,
        best: Cpm::from_micros(price).unwrap(),
        won,
        took_us: Some(50_000),
        late: false,
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}
