use std::sync::Arc;
use std::time::Duration;

use crate::io::bidders::Endpoint;
use crate::io::bidders::breaker::Position;
use crate::io::bidders::health::Ended;
use crate::io::bidders::state::States;
use crate::model::ids::{BidderId, PlacementId};
use crate::model::money::Cpm;
use crate::model::standing::Experience;

#[tokio::test(start_paused = true)]
async fn calls_under_way_are_counted_over_all_workers() {
    let states = States::new(&[endpoint("acme", 2)]);
    let (one, another) = (states.of(&acme()), states.of(&acme()));
    let first = one.in_flight.enter().unwrap();
    let _second = another.in_flight.enter().unwrap();
    assert!(one.in_flight.enter().is_none());
    assert!(another.in_flight.enter().is_none());
    drop(first);
    assert!(another.in_flight.enter().is_some(), "a place refused is not taken");
    let report = &states.reports()[0];
    assert_eq!((report.in_flight, report.most_in_flight), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_reload_keeps_what_is_known_of_bidders_that_stay() {
    let states = States::new(&[endpoint("acme", 2), endpoint("zenith", 2)]);
    for _ in 0..100 {
        states.of(&acme()).health.admit().unwrap().end(Ended::Timeout);
        states.learn(&[experience()]);
        if states.reports()[0].breaker != Position::Closed {
            break;
        }
    }
    (0..20).for_each(|_| states.learn(&[experience()]));
    let same = states.reload(&[endpoint("new", 2), endpoint("acme", 2)]);
    assert!(Arc::ptr_eq(&same.of(&acme()), &states.of(&acme())));
    let reports = same.reports();
    assert_eq!(reports[1].breaker, Position::Open);
    assert!(reports[1].value.is_some());
    assert_eq!(reports[0].value, None);
    assert_eq!(same.freezes(), (false, 0));
    let other = states.reload(&[endpoint("acme", 3)]);
    let report = &other.reports()[0];
    assert_eq!((report.breaker, report.most_in_flight), (Position::Open, 3), "as ill as before");
    assert!(report.value.is_some(), "what its calls are worth does not depend on its limits");
    let moved = Endpoint { url: "http://elsewhere.example/".into(), ..endpoint("acme", 2) };
    let moved = states.reload(&[moved]);
    let report = &moved.reports()[0];
    assert_eq!(report.breaker, Position::Closed, "nothing is known of where it is now");
    assert!(report.value.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_operator_reads_by_when_the_value_is_in() {
    let states = States::new(&[endpoint("acme", 256)]);
    let sentence = |states: &States| states.reports()[0].sentence();
    assert_eq!(sentence(&states), "acme has not bid within the last hour");
    states.learn(&[Experience { bids: 0, ..experience() }]);
    states.learn(&[Experience { took_us: None, ..experience() }]);
    assert_eq!(sentence(&states), "acme has not bid within the last hour");
    (0..90).for_each(|_| states.learn(&[experience()]));
    let slow = Experience { took_us: Some(400_000), late: true, ..experience() };
    states.learn(&vec![slow; 10]);
    assert_eq!(sentence(&states), "acme answers 90 % of its value within 72 ms");
    let p99 = states.reports()[0].in_by.unwrap().p99;
    assert!((400_000..413_000).contains(&p99), "late answers count: {p99}");
    tokio::time::advance(Duration::from_hours(2)).await;
    assert_eq!(sentence(&states), "acme has not bid within the last hour");
}

#[tokio::test(start_paused = true)]
async fn answers_that_could_not_be_read_count_against_health() {
    let states = States::new(&[endpoint("acme", 256)]);
    for _ in 0..100 {
        states.of(&acme()).health.admit().unwrap().end(Ended::Good);
        states.learn(&[Experience { invalid: true, bids: 0, ..experience() }]);
    }
    assert_eq!(states.reports()[0].skip_ppm, 950_000);
}

fn acme() -> BidderId {
    BidderId::new("acme")
}

fn experience() -> Experience {
    Experience {
        bidder: acme(),
        placement: PlacementId::new("mid"),
        invalid: false,
        bids: 1,
        best: Cpm::from_micros(5_000_000).unwrap(),
        won: true,
        took_us: Some(70_000),
        late: false,
    }
}

fn endpoint(id: &str, in_flight: u32) -> Endpoint {
    let url = Arc::from("https://bid.example/");
    Endpoint {
        id: BidderId::new(id),
        url,
        qps: None,
        in_flight,
        http2: false,
        allow_loopback: false,
    }
}
