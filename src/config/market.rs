//! Puts a market together and checks what its parts say of each other.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::problem::{DANGLING, REPEATED};
use crate::config::section::{At, Section};
use crate::config::settings;
use crate::config::{Environment, Loaded, bidder, placement, publisher, snapshot, value};
use crate::model::deal::Pricing;
use crate::model::ids::PublisherId;
use crate::model::market::{Market, Placement};
use crate::model::money::{Cpm, Currency};
use crate::model::time::Millis;

/// `[exchange]` and `[auction]`: what holds for the whole market.
pub(super) struct Common {
    domain: String,
    node: String,
    data: Option<PathBuf>,
    own_reserve: Millis,
    max_cpm: Cpm,
    /// The currency of floors.
    pub(super) currency: Currency,
    /// The default of `placement.tmax`.
    pub(super) tmax: Millis,
}

/// Reads the whole file; `None` when a part without which nothing can be built is missing.
pub(super) fn read(root: Section<'_>, environment: Option<&dyn Environment>) -> Option<Loaded> {
    let common = common(&root);
    let settings = settings::read(&root, common.data.clone());
    let publishers = publishers(&root, environment);
    let mut placements = BTreeMap::new();
    for section in root.tables("placement") {
        let span = section.span();
        let Some(placement) = placement::read(section, &common) else { continue };
        check_publisher(&root, &placement, &publishers);
        let placement = placement.value;
        insert(&root, &mut placements, placement.id.clone(), span, Arc::new(placement));
    }
    let mut bidders = BTreeMap::new();
    let mut order = Vec::new();
    for section in root.tables("bidder") {
        let span = section.span();
        let Some(bidder) = bidder::read(section) else { continue };
        let bidder = Arc::new(bidder);
        if insert(&root, &mut bidders, bidder.id.clone(), span, Arc::clone(&bidder)) {
            order.push(bidder);
        }
    }
    refuse_later(&root);
    root.finish();
    let mut market = Market {
        pricing: Pricing::First,
        rates: Vec::new(),
        domain: common.domain.into(),
        node: common.node.into(),
        currency: common.currency,
        max_cpm: common.max_cpm,
        public_url: settings.public_url.as_str().into(),
        own_reserve: common.own_reserve,
        publishers,
        placements,
        bidders: order,
        snapshot: Arc::new([]),
    };
    market.snapshot = snapshot::of(&market).into();
    Some(Loaded { settings, market })
}

fn common(root: &Section<'_>) -> Common {
    let mut common = Common {
        domain: "breakwater.example".to_owned(),
        node: "n1".to_owned(),
        data: None,
        own_reserve: Millis(10),
        max_cpm: Cpm::from_micros(MAX_CPM).expect("the default is positive"),
        currency: Currency::USD,
        tmax: Millis(250),
    };
    if let Some(exchange) = root.table("exchange") {
        set(&mut common.domain, exchange.parsed("domain", value::domain));
        set(&mut common.node, exchange.parsed("node", value::name));
        common.data = exchange.text("data").map(|data| PathBuf::from(data.value));
        exchange.finish();
    }
    if let Some(auction) = root.table("auction") {
        set(&mut common.tmax, auction.parsed("tmax", placement::tmax));
        set(&mut common.own_reserve, auction.parsed("own_reserve", value::millis_within(1, 500)));
        set(&mut common.max_cpm, auction.parsed("max_cpm", value::cpm));
        set(&mut common.currency, auction.parsed("currency", currency));
        if let Some(pricing) = auction.parsed("pricing", pricing)
            && pricing.value == "second"
        {
            auction.not_built("pricing = \"second\"", pricing.span);
        }
        auction.finish();
    }
    common
}

fn publishers(
    root: &Section<'_>,
    environment: Option<&dyn Environment>,
) -> BTreeMap<PublisherId, Arc<crate::model::market::Publisher>> {
    let mut publishers = BTreeMap::new();
    for section in root.tables("publisher") {
        let span = section.span();
        if let Some(publisher) = publisher::read(section, environment) {
            insert(root, &mut publishers, publisher.id.clone(), span, Arc::new(publisher));
        }
    }
    publishers
}

/// Inserts under a new id, or reports the second use of it.
fn insert<K: Ord + std::fmt::Display, V>(
    root: &Section<'_>,
    all: &mut BTreeMap<K, V>,
    id: K,
    span: std::ops::Range<usize>,
    value: V,
) -> bool {
    match all.entry(id) {
        Entry::Vacant(place) => {
            place.insert(value);
            true
        }
        Entry::Occupied(taken) => {
            let message = format!("the id \"{}\" is used twice", taken.key());
            root.problem(REPEATED, &span, (message, "again here", "give it another id".to_owned()));
            false
        }
    }
}

fn check_publisher(
    root: &Section<'_>,
    placement: &At<Placement>,
    publishers: &BTreeMap<PublisherId, Arc<crate::model::market::Publisher>>,
) {
    let wanted = &placement.value.publisher;
    if publishers.contains_key(wanted) {
        return;
    }
    let message =
        format!("placement \"{}\": there is no publisher \"{wanted}\"", placement.value.id);
    let known: Vec<_> = publishers.keys().map(PublisherId::as_str).collect();
    let help = if known.is_empty() {
        "add a [[publisher]] with this id".to_owned()
    } else {
        format!("add it, or name one of: {}", known.join(", "))
    };
    root.problem(DANGLING, &placement.span, (message, "names no publisher", help));
}

/// Refuses the tables that later versions take.
fn refuse_later(root: &Section<'_>) {
    for key in ["deal", "rate"] {
        for table in root.tables(key) {
            root.not_built(&format!("[[{key}]]"), table.span());
        }
    }
}

fn set<T>(place: &mut T, read: Option<At<T>>) {
    if let Some(read) = read {
        *place = read.value;
    }
}

pub(super) fn currency(text: &str) -> Result<Currency, String> {
    let known = text.parse::<iso_currency::Currency>().ok().and_then(|_| Currency::new(text));
    known.ok_or_else(|| format!("{text:?} is not an ISO 4217 code"))
}

fn pricing(text: &str) -> Result<String, String> {
    match text {
        "first" | "second" => Ok(text.to_owned()),
        _ => Err(format!("{text:?} is neither \"first\" nor \"second\"")),
    }
}

/// 1,000 per mille: prices above are taken for mistakes.
const MAX_CPM: i64 = 1_000_000_000;
