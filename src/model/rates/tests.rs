use crate::model::money::{Cpm, Currency};
use crate::model::rates::{Rate, RateSnapshot};
use crate::model::time::{Millis, UnixMillis};

/// The examples of the published rules: price, rate, price as a bid and as a floor.
const EXAMPLES: [(i64, i64, i64, i64); 5] = [
    (1_000_000, 1_080_000_000_000, 1_080_000, 1_080_000),
    (999_999, 1_080_000_000_000, 1_079_998, 1_079_999),
    (999_999, 925_925_925_926, 925_925, 925_926),
    (1, 925_925_925_926, 0, 1),
    (1_500_000, 6_500_000_000, 9_750, 9_750),
];

#[test]
fn bids_round_down_and_floors_up() {
    for (price, e12, bid, floor) in EXAMPLES {
        let rate = Rate { from: Currency::USD, e12 };
        assert_eq!(rate.bid(cpm(price)), cpm(bid), "{price} at {e12}");
        assert_eq!(rate.floor(cpm(price)), cpm(floor), "{price} at {e12}");
    }
}

#[test]
fn the_way_back_reaches_the_price_and_no_more() {
    let rate = Rate { from: Currency::USD, e12: 1_080_000_000_000 };
    assert_eq!(rate.back(cpm(900_000)), cpm(833_334));
    assert!(rate.bid(rate.back(cpm(1_079_998))) >= cpm(1_079_998));
}

#[test]
fn a_snapshot_crosses_through_its_base() {
    let [eur, gbp] = ["EUR", "GBP"].map(|code| Currency::new(code).unwrap());
    let snapshot = RateSnapshot {
        source: "ECB".into(),
        time: UnixMillis(1_000),
        max_age: Millis(500),
        base: eur,
        quotes: vec![(Currency::USD, 1_080_000_000_000), (gbp, 800_000_000_000)],
    };
    assert_eq!(
        snapshot.rates_into(Currency::USD),
        [Rate { from: eur, e12: 1_080_000_000_000 }, Rate { from: gbp, e12: 1_350_000_000_000 }]
    );
    assert_eq!(snapshot.rates_into(eur)[0], Rate { from: Currency::USD, e12: 925_925_925_926 });
    assert!(snapshot.rates_into(Currency::new("JPY").unwrap()).is_empty());
    assert!(snapshot.is_fresh(UnixMillis(1_500)));
    assert!(!snapshot.is_fresh(UnixMillis(1_501)));
}

fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros).unwrap()
}
