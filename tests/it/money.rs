//! Money against published vectors: impressions, fees, rates and texts. Prices are read in
//! `wire::price`, which has its own.

use breakwater::model::money::{Amount, Cpm, Currency, Fee, FeeSchedule};
use breakwater::model::rates::Rate;
use serde_json::Value;

#[test]
fn impressions_cost_what_the_vectors_say() {
    for case in cases("per_impression").as_array().unwrap() {
        let each = i128::from(cpm(&case["cpm_micros"]).per_impression().nanos());
        let all = i64::try_from(each * i128::from(integer(&case["impressions"]))).unwrap();
        assert_eq!(all, integer(&case["gross_nanos"]), "{case}");
        assert_eq!(Amount::from_nanos(all).to_string(), text(&case["gross_text"]), "{case}");
    }
}

#[test]
fn fees_are_split_as_the_vectors_say() {
    for case in cases("fee_split").as_array().unwrap() {
        // The integer of a price is that of what an impression costs.
        let gross = cpm(&case["gross_nanos"]);
        let fees: Vec<Fee> = case["fees_ppm"].as_array().unwrap().iter().map(fee).collect();
        let named = case["fee_nanos"].as_array().unwrap().iter();
        let told: Vec<i64> = named.map(|fee| integer(&fee[1])).collect();
        let shares: Vec<i64> = fees.iter().map(|fee| gross.share(fee.ppm).micros()).collect();
        assert_eq!(shares, told, "{case}");
        let net = gross.micros() - told.iter().sum::<i64>();
        assert_eq!(net, integer(&case["net_nanos"]), "{case}");
        // Nobody may take all of it, so that there is no such schedule.
        let whole = 1_000_000 <= fees.iter().map(|fee| fee.ppm).sum::<u32>();
        let schedule = FeeSchedule::new(fees);
        assert_eq!(schedule.is_none(), whole, "{case}");
        let Some(schedule) = schedule else { continue };
        let split = schedule.split(gross);
        let taken: Vec<i64> = split.fees.iter().map(|fee| fee.micros()).collect();
        assert_eq!((split.net.micros(), taken), (net, told), "{case}");
    }
}

#[test]
fn rates_are_applied_as_the_vectors_say() {
    for case in cases("fx").as_array().unwrap() {
        let (rate, price) = (rate(&case["rate_e12"]), cpm(&case["px_micros"]));
        let out = match text(&case["kind"]) {
            "bid" => rate.bid(price),
            "floor" => rate.floor(price),
            other => panic!("{other}"),
        };
        assert_eq!(out, cpm(&case["out_micros"]), "{case}");
    }
    for case in cases("fx_back").as_array().unwrap() {
        let back = rate(&case["rate_e12"]).back(cpm(&case["clear_std_micros"]));
        let pay = cpm(&case["bid_micros"]).min(back);
        assert_eq!(pay, cpm(&case["pay_micros"]), "{case}");
    }
}

#[test]
fn amounts_are_written_as_the_vectors_say() {
    for case in cases("format").as_array().unwrap() {
        let amount = Amount::from_nanos(integer(&case["nanos"]));
        assert_eq!(amount.to_string(), text(&case["text"]), "{case}");
    }
}

fn cases(list: &str) -> Value {
    let mut all: Value = serde_json::from_str(include_str!("../data/money/vectors.json")).unwrap();
    all[list].take()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn integer(value: &Value) -> i64 {
    text(value).parse().unwrap()
}

fn cpm(value: &Value) -> Cpm {
    Cpm::from_micros(integer(value)).unwrap()
}

fn rate(value: &Value) -> Rate {
    Rate { from: Currency::new("EUR").unwrap(), e12: integer(value) }
}

fn fee(value: &Value) -> Fee {
    let ppm = u32::try_from(value[1].as_u64().unwrap()).unwrap();
    Fee { name: text(&value[0]).into(), ppm }
}
