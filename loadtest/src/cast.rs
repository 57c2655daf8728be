//! Six named characters for a demo: together they fill a break, each in its own way of being hard
//! to work with.
//!
//! Some advertisers buy through two of them, and some share a category, so that what is kept apart
//! within a pod is now and then. Their names are ids an exchange can use as bidder ids. `rich` and `fast` carry the breaks;
//! `slow` answers just within 250 ms, `flaky` misbehaves, `over_limit` turns callers away, and
//! `wrong_durations` bids lengths nobody asked for.

use crate::character::{
    Cents, Character, Curve, Fault, Faults, Latency, NoBid, Price, Share, WrongDurations,
};

/// The names of the cast, in the order of `all`.
pub const NAMES: [&str; 6] = ["fast", "slow", "flaky", "over_limit", "wrong_durations", "rich"];

/// Returns the six characters.
#[must_use]
pub fn all() -> Vec<Character> {
    vec![fast(), slow(), flaky(), over_limit(), wrong_durations(), rich()]
}

/// Returns the character of this name, if the cast has it.
#[must_use]
pub fn named(name: &str) -> Option<Character> {
    all().into_iter().find(|character| character.id == name)
}

/// Answers within milliseconds, nearly always, at middling prices.
#[must_use]
pub fn fast() -> Character {
    Character {
        latency: Latency::Uniform { min_ms: 2, max_ms: 12 },
        bid_rate: Share::percent(97),
        price: by_length(700, 1_600, Curve::Flat),
        durations: vec![30, 15],
        bids: 4,
        advertisers: domains(&["tideway-bank", "larkfield-foods", "quill-mobile", "kestrel-air"]),
        categories: ids(&["1337", "1165", "1471", "1529"]),
        creatives: 8,
        gzip: true,
        ..Character::named("fast")
    }
}

/// Bids well, and late enough that a careless cutoff loses it.
#[must_use]
pub fn slow() -> Character {
    Character {
        latency: Latency::Lognormal { p50_ms: 120, p95_ms: 190 },
        bid_rate: Share::percent(90),
        no_bid: NoBid::EmptySeatbid,
        price: by_length(900, 2_200, Curve::Flat),
        durations: vec![15, 30],
        bids: 3,
        advertisers: domains(&["mosswood-insurance", "northmere-motors", "plover-homes"]),
        categories: ids(&["1340", "1551", "1482"]),
        creatives: 6,
        burl: true,
        ..Character::named("slow")
    }
}

/// Misbehaves on 15 % of requests, in every way there is.
#[must_use]
pub fn flaky() -> Character {
    Character {
        latency: Latency::Uniform { min_ms: 10, max_ms: 60 },
        bid_rate: Share::percent(85),
        faults: Faults { rate: Share::percent(15), kinds: Fault::ALL.to_vec() },
        no_bid: NoBid::EmptyObject,
        price: by_length(800, 1_800, Curve::Low),
        durations: vec![30, 15],
        bids: 2,
        advertisers: domains(&["gannet-games", "fenwick-telecom", "brindle-coffee"]),
        categories: ids(&["1120", "1467", "1133"]),
        creatives: 6,
        ..Character::named("flaky")
    }
}

/// Takes a few requests a second and answers 429 to the rest.
#[must_use]
pub fn over_limit() -> Character {
    Character {
        latency: Latency::Uniform { min_ms: 5, max_ms: 30 },
        bid_rate: Share::percent(95),
        no_bid: NoBid::Reason,
        price: by_length(900, 2_000, Curve::Flat),
        durations: vec![15, 30],
        bids: 2,
        advertisers: domains(&["calder-outdoor", "sable-cosmetics", "pinnet-pets"]),
        categories: ids(&["1524", "1138", "1224"]),
        creatives: 6,
        qps: Some(5),
        ..Character::named("over_limit")
    }
}

/// Half its bids have a length nobody asked for, or one its markup contradicts.
#[must_use]
pub fn wrong_durations() -> Character {
    Character {
        latency: Latency::Uniform { min_ms: 8, max_ms: 40 },
        bid_rate: Share::percent(95),
        no_bid: NoBid::EmptyBody,
        price: by_length(1_000, 2_400, Curve::High),
        durations: vec![15, 30],
        wrong_durations: WrongDurations { share: Share::percent(50), lengths: vec![17, 22, 45] },
        bids: 3,
        advertisers: domains(&["holloway-optics", "merrow-sound", "tansy-gardens"]),
        categories: ids(&["1074", "1097", "1285"]),
        creatives: 6,
        ..Character::named("wrong_durations")
    }
}

/// Pays well and offers enough of every length to fill a minute alone.
#[must_use]
pub fn rich() -> Character {
    Character {
        latency: Latency::Lognormal { p50_ms: 40, p95_ms: 80 },
        bid_rate: Share::percent(96),
        price: by_length(1_800, 4_500, Curve::High),
        durations: vec![30, 15, 60, 20, 10],
        bids: 8,
        seats: vec!["rich-direct".to_owned(), "rich-trading".to_owned()],
        advertisers: domains(&[
            "aurelle-watches",
            "northmere-motors",
            "solenne-perfume",
            "vantry-cloud",
            "kestrel-air",
            "ostler-bank",
        ]),
        categories: ids(&["1073", "1551", "1152", "1027", "1529", "1337"]),
        creatives: 12,
        burl: true,
        ..Character::named("rich")
    }
}

fn by_length(min: u32, max: u32, curve: Curve) -> Price {
    Price { min: Cents(min), max: Cents(max), curve, by_length: true }
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn domains(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{name}.example")).collect()
}
