use crate::cli::load::warnings;
use crate::config;
use crate::model::time::UnixMillis;

const RATES: &str = r#"
[[rate]]
source = "ECB"
time = "2026-11-20T15:00:00Z"
max_age = "1h"
base = "EUR"
quotes = { USD = "1.0842" }

[[rate]]
source = "house bank"
time = "2026-11-20T15:00:00Z"
max_age = "48h"
base = "EUR"
quotes = { USD = "1.08" }
"#;

/// 2026-11-20T16:00:00Z.
const AN_HOUR_LATER: UnixMillis = UnixMillis(1_795_190_400_000);

#[test]
fn stale_rates_are_warned_of() {
    let market = config::read("rates.toml", RATES, None).unwrap().market;
    assert_eq!(warnings(&market, AN_HOUR_LATER), [""; 0], "an hour old is not older than an hour");
    let found = warnings(&market, UnixMillis(AN_HOUR_LATER.0 + 1));
    assert!(matches!(&found[..], [one] if one.contains("\"ECB\"")), "{found:?}");
}

#[test]
fn unknown_categories_are_warned_of() {
    let text = r#"
[[publisher]]
id = "p"
domain = "p.example"
block = { cat = ["IAB26", "IAB99"] }

[[placement]]
id = "a"
publisher = "p"
exclusive = { cat = ["1002", "none"], cattax = 8 }
block = { cat = ["ours"], cattax = 501 }
"#;
    let market = config::read("categories.toml", text, None).unwrap().market;
    let found = warnings(&market, AN_HOUR_LATER);
    assert!(found[0].contains("\"IAB99\" is not in taxonomy 1"), "{found:?}");
    assert!(found[1].contains("\"none\" is not in taxonomy 8"), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
}
