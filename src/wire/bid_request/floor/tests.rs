//! What is told of a floor is what the auction holds bids to, length by length.

use super::{Told, told, told_as};
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::{Floor, FloorStep};
use crate::model::ids::DealId;
use crate::model::market::Lengths;
use crate::model::money::Cpm;
use crate::model::time::Seconds;

#[test]
fn every_length_is_told_its_floor() {
    let lists = [vec![15, 30], vec![30], vec![10, 15, 20, 30, 60]];
    let exact = lists.map(|list| Lengths::Exact(list.into_iter().map(Seconds).collect::<Vec<_>>()));
    let ranges = [(1, 60), (6, 6), (6, 30), (20, 83)];
    let ranges = ranges.map(|(min, max)| Lengths::Range { min: Seconds(min), max: Seconds(max) });
    for lengths in exact.iter().chain(&ranges) {
        for floor in floors() {
            for dynamic in [false, true] {
                check(&floor, lengths, dynamic);
            }
        }
    }
}

fn check(floor: &Floor, lengths: &Lengths, dynamic: bool) {
    let told = told(floor, lengths, dynamic);
    let sold = || (1..=100).map(Seconds).filter(|length| lengths.allow(*length));
    assert_eq!(sold().map(|length| floor.at(length)).min(), Some(told.least()), "{told:?}");
    for length in sold() {
        let heard = match &told {
            Told::Flat(floor) => *floor,
            Told::PerSecond { floor, .. } => {
                assert!(dynamic, "only a stretch is told by the second");
                Floor::PerSecond(*floor).at(length)
            }
            Told::ByLength { runs, .. } => {
                let mut holding = runs.iter().filter(|run| run.min <= length && length <= run.max);
                let heard = holding.next().expect("each length is told").floor;
                assert!(holding.next().is_none(), "ranges do not overlap: {runs:?}");
                heard
            }
        };
        assert_eq!(heard, floor.at(length), "{floor:?} at {length:?}, told {told:?}");
    }
}

fn floors() -> Vec<Floor> {
    let step = |min: Option<u32>, max: Option<u32>, floor: i64| FloorStep {
        min: min.map(Seconds),
        max: max.map(Seconds),
        floor: cpm(floor),
    };
    let by_length = |steps: &[FloorStep], otherwise| Floor::ByLength {
        steps: steps.to_vec(),
        otherwise: cpm(otherwise),
    };
    vec![
        Floor::Fixed(cpm(5)),
        Floor::PerSecond(Cpm::ZERO),
        Floor::PerSecond(cpm(3)),
        by_length(&[], 7),
        by_length(&[step(None, Some(15), 4), step(Some(16), None, 9)], 0),
        by_length(&[step(Some(20), Some(40), 4), step(Some(30), Some(30), 9)], 2),
        by_length(&[step(None, None, 6), step(Some(u32::MAX), Some(u32::MAX), 1)], 2),
    ]
}

#[test]
fn too_many_ranges_tell_the_least() {
    let lengths = Lengths::Range { min: Seconds(5), max: Seconds(69) };
    assert_eq!(told(&Floor::PerSecond(cpm(2)), &lengths, false), Told::Flat(cpm(10)));
    let steps = (0..200_u32).map(|length| FloorStep {
        min: Some(Seconds(length)),
        max: Some(Seconds(length)),
        floor: cpm(i64::from(200 - length)),
    });
    let floor = Floor::ByLength { steps: steps.collect(), otherwise: cpm(1) };
    assert_eq!(told(&floor, &lengths, true), Told::Flat(cpm(131)));
}

fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros).unwrap()
}

#[test]
fn rate_before_a_discount_is_the_least_that_is_enough_at_each_length() {
    let deal = Deal {
        id: DealId::new("off"),
        bidders: Vec::new(),
        seats: Vec::new(),
        advertisers: Vec::new(),
        pricing: Pricing::First,
        floor: None,
        guaranteed: false,
        discount_ppm: 100_000,
    };
    let lengths = Lengths::Range { min: Seconds(5), max: Seconds(60) };
    let left = |bid: Cpm| bid.micros() - bid.micros() * 100_000 / 1_000_000;
    for micros in [1, 7, 100_000, 5_000_000] {
        let floor = Floor::PerSecond(cpm(micros));
        let told = told_as(&floor, &lengths, true, |it| deal.before_discount(it).unwrap());
        let Told::PerSecond { floor: rate, .. } = told else { panic!("by the second: {told:?}") };
        let enough = |rate: Cpm| {
            let bid = Floor::PerSecond(rate);
            lengths.all().iter().all(|&it| floor.at(it).micros() <= left(bid.at(it)))
        };
        assert!(enough(rate), "{micros}: {rate}");
        assert!(!enough(cpm(rate.micros() - 1)), "{micros}: {rate}");
    }
}
