//! A market with two publishers: one open, one with keys.

use std::num::NonZeroU32;
use std::sync::Arc;

use breakwater::model::deal::Pricing;
use breakwater::model::ids::{BidderId, PublisherId};
use breakwater::model::market::{Bidder, Dialect, Market, Publisher};
use breakwater::model::money::{Cpm, Currency, Fee, FeeSchedule};
use breakwater::model::time::Millis;

use crate::sale::placement;

/// Returns the market: `pub-1` (open, GDPR not by default) sells `arena-1-mid` and `arena-2`;
/// `pub-2` (with a key, GDPR by default) sells `locked`.
pub(crate) fn market() -> Market {
    let publishers =
        [publisher("pub-1", "arena.example", false), publisher("pub-2", "b.example", true)];
    let placements = [
        placement("arena-1-mid", "pub-1"),
        placement("arena-2", "pub-1"),
        placement("locked", "pub-2"),
    ];
    Market {
        domain: "breakwater.example".into(),
        node: "n1".into(),
        currency: Currency::USD,
        pricing: Pricing::First,
        rates: Vec::new(),
        max_cpm: Cpm::from_micros(1_000_000_000).expect("it is in range"),
        public_url: "http://127.0.0.1:8080".into(),
        own_reserve: Millis(10),
        publishers: publishers.into_iter().map(|it| (it.id.clone(), Arc::new(it))).collect(),
        placements: placements.into_iter().map(|it| (it.id.clone(), Arc::new(it))).collect(),
        bidders: vec![
            Arc::new(bidder("acme", Dialect::Dynamic, false)),
            Arc::new(bidder("zenith", Dialect::Dynamic, true)),
            Arc::new(bidder("old", Dialect::Structured, false)),
        ],
        snapshot: Arc::from(&b"{}"[..]),
    }
}

fn publisher(id: &str, domain: &str, guarded: bool) -> Publisher {
    Publisher {
        id: PublisherId::new(id),
        domain: domain.into(),
        key_hashes: if guarded { vec![[7; 32]] } else { Vec::new() },
        fees: FeeSchedule::new(vec![Fee { name: "exchange".into(), ppm: 150_000 }])
            .expect("it is in range"),
        blocked_advertisers: vec!["casino.example".into()],
        blocked_categories: Vec::new(),
        gdpr_default: guarded,
        network_reserve: Millis(20),
        weight: NonZeroU32::MIN,
    }
}

fn bidder(id: &str, dialect: Dialect, gzip: bool) -> Bidder {
    Bidder {
        domains: vec![format!("{id}.example").into()],
        gzip,
        ..Bidder::bare(BidderId::new(id), format!("https://{id}.example/rtb").into(), dialect)
    }
}
