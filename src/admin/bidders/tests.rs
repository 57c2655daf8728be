use crate::admin::bidders::{Page, told};
use crate::io::bidders::breaker::Position;
use crate::io::bidders::latency::InBy;
use crate::io::bidders::quotas::Pressure;
use crate::io::bidders::state::Report;
use crate::model::ids::BidderId;
use crate::model::money::Currency;

#[test]
fn pages_are_read_or_refused() {
    let page = |limit, after: Option<&str>| Ok(Page { limit, after: after.map(str::to_owned) });
    let table = [
        ("", page(100, None)),
        ("limit=1&after=ac%6De", page(1, Some("acme"))),
        ("after=", page(100, Some(""))),
        ("limit=1000", page(1_000, None)),
        ("limit=0", Err("limit is not 1 to 1000".to_owned())),
        ("limit=1001", Err("limit is not 1 to 1000".to_owned())),
        ("limit=many", Err("limit is not 1 to 1000".to_owned())),
        ("limits=2", Err("only limit and after are known".to_owned())),
    ];
    for (query, expected) in table {
        assert_eq!(Page::read(query), expected, "{query}");
    }
}

#[test]
fn a_bidder_is_told_in_numbers_and_words() {
    let report = Report {
        bidder: BidderId::new("acme"),
        breaker: Position::HalfOpen,
        skip_ppm: 407_687,
        pressure: Pressure { qps: Some(100), demand: 400, share_ppm: 250_000 },
        in_flight: 3,
        most_in_flight: 256,
        value: Some(1_980_392),
        in_by: Some(InBy { p50: 20_001, p90: 71_000, p99: 180_000 }),
    };
    let found = told(&report, false, Currency::USD).to_string();
    let expected = concat!(
        r#"{"breaker":"half_open","health":"open","id":"acme","in_flight":{"most":256,"now":3},"#,
        r#""quota":{"demand":400,"qps":100,"share_ratio":0.25},"#,
        r#""sentence":"acme answers 90 % of its value within 71 ms","skip_ratio":0.407687,"#,
        r#""value_in_by_ms":{"p50":21,"p90":71,"p99":180},"#,
        r#""value_per_call":{"amount":"0.001980392","currency":"USD"}}"#,
    );
    assert_eq!(found, expected);
    assert_eq!(told(&report, true, Currency::USD)["health"], "throttled");
    let well = Report { breaker: Position::Closed, skip_ppm: 0, value: None, ..report };
    let found = told(&well, false, Currency::USD);
    assert_eq!(found["health"], "good");
    assert!(found["value_per_call"].is_null());
}
