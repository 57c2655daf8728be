//! Single words of a case: prices, lengths, floors, categories.

use std::sync::Arc;

use breakwater::model::category::Category;
use breakwater::model::floor::{Floor, FloorStep};
use breakwater::model::house::HouseAd;
use breakwater::model::market::Lengths;
use breakwater::model::money::Cpm;
use breakwater::model::time::{Millis, Seconds};

use super::super::super::{build, house};

/// Reads a price in micros, exactly.
pub(crate) fn cpm(text: &str) -> Cpm {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let micros: i64 = format!("{whole}{places:0<6}").parse().unwrap();
    build::micros(micros)
}

/// Reads a rate in units of 10^-12.
pub(crate) fn e12(text: &str) -> i64 {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{places:0<12}").parse().unwrap()
}

/// Reads seconds with decimals.
pub(crate) fn millis(text: &str) -> Millis {
    Millis(u64::try_from(cpm(text).micros() / 1000).unwrap())
}

/// Reads `promo:15`, or `promo:15:14985` with its milliseconds.
pub(crate) fn house(text: &str) -> Arc<HouseAd> {
    let words: Vec<&str> = text.split(':').collect();
    let mut ad = HouseAd::clone(&house::ad(words[0], words[1].parse().unwrap()));
    if let [_, _, length] = words[..] {
        ad.length = Millis(length.parse().unwrap());
    }
    Arc::new(ad)
}

/// Reads `15 30` or `6..60`.
pub(crate) fn lengths(words: &[&str]) -> Lengths {
    let seconds = |text: &str| Seconds(text.parse().unwrap());
    match words[0].split_once("..") {
        Some((min, max)) => Lengths::Range { min: seconds(min), max: seconds(max) },
        None => Lengths::Exact(words.iter().map(|word| seconds(word)).collect()),
    }
}

/// Reads `5`, `0.4/s`, or `1..15:3,16..:5,else:4`.
pub(crate) fn floor(text: &str) -> Floor {
    if let Some(price) = text.strip_suffix("/s") {
        return Floor::PerSecond(cpm(price));
    }
    if !text.contains(':') {
        return Floor::Fixed(cpm(text));
    }
    let (mut steps, mut otherwise) = (Vec::new(), Cpm::ZERO);
    for step in text.split(',') {
        let (range, price) = step.split_once(':').unwrap();
        match range.split_once("..") {
            None => otherwise = cpm(price),
            Some((min, max)) => {
                let bound = |text: &str| text.parse().ok().map(Seconds);
                steps.push(FloorStep { min: bound(min), max: bound(max), floor: cpm(price) });
            }
        }
    }
    Floor::ByLength { steps, otherwise }
}

/// Reads `8:1002` as a category of a taxonomy; sorted.
pub(crate) fn categories(words: &[&str]) -> Vec<Category> {
    let category = |word: &&str| {
        let (taxonomy, id) = word.split_once(':').unwrap();
        Category { taxonomy: taxonomy.parse().unwrap(), id: id.into() }
    };
    let mut list: Vec<Category> = words.iter().map(category).collect();
    list.sort();
    list
}

pub(crate) fn texts(words: &[&str]) -> Vec<Arc<str>> {
    words.iter().map(|&word| word.into()).collect()
}

pub(crate) fn codes(words: &[&str]) -> Vec<i32> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}
