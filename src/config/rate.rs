//! `[[rate]]`: what somebody published of the rates between currencies.

use crate::config::problem::REPEATED;
use crate::config::section::Section;
use crate::config::value;
use crate::model::money::Currency;
use crate::model::rates::RateSnapshot;

pub(super) fn read(section: Section<'_>) -> Option<RateSnapshot> {
    let source = section.required("source", "say who publishes it: source = \"ECB\"", source);
    let help = "say when it was published: time = \"2026-11-20T15:00:00Z\"";
    let time = section.required("time", help, value::instant);
    let help = "say how long it is believed: max_age = \"48h\"";
    let max_age = section.required("max_age", help, value::millis_within(1_000, YEAR));
    let help = "name the currency that the quotes are prices of: base = \"EUR\"";
    let base = section.required("base", help, value::currency);
    let quotes = quotes(&section, base.as_ref().map(|base| base.value));
    section.finish();
    Some(RateSnapshot {
        source: source?.value.into(),
        time: time?.value,
        max_age: max_age?.value,
        base: base?.value,
        quotes,
    })
}

/// Reads what a unit of the base costs in each currency, sorted by code.
fn quotes(section: &Section<'_>, base: Option<Currency>) -> Vec<(Currency, i64)> {
    let Some(table) = section.table("quotes") else {
        if !section.has("quotes") {
            let help = "say what a unit of the base costs: quotes = { USD = \"1.0842\" }";
            section.missing("quotes", help);
        }
        return Vec::new();
    };
    let mut quotes = Vec::new();
    let entries = table.entries();
    if entries.is_empty() {
        section.bad_value("quotes", &section.place("quotes"), "it is empty");
    }
    for (code, rate) in entries {
        let currency = value::currency(code.value);
        if let Err(wrong) = &currency {
            section.bad_value("quotes", &code.span, wrong);
        }
        let e12 = value::e12(rate.value);
        if let Err(wrong) = &e12 {
            section.bad_value("quotes", &rate.span, wrong);
        }
        let (Ok(currency), Ok(e12)) = (currency, e12) else { continue };
        if Some(currency) == base {
            let message = format!("a {currency} costs one {currency}, whoever says otherwise");
            let help = "take it out: the base needs no quote".to_owned();
            let also = (&section.place("base"), "the base");
            section.clash(REPEATED, &code.span, also, (message, "the base again", help));
        }
        quotes.push((currency, e12));
    }
    quotes.sort_unstable();
    quotes
}

fn source(text: &str) -> Result<String, String> {
    let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    if (1..=64).contains(&text.len()) && text.bytes().all(printable) && text == text.trim() {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is not 1 to 64 printable ASCII characters"))
}

/// Rates older than a year are nobody's.
const YEAR: u64 = 365 * 24 * 3_600_000;
