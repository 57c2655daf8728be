//! Puts a market together and checks what its parts say of each other.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::deal::Names;
use crate::config::problem::{DANGLING, REPEATED};
use crate::config::section::{At, Section};
use crate::config::settings;
use crate::config::{
    Environment, Loaded, bidder, deal, placement, publisher, rate, snapshot, value,
};
use crate::model::deal::{Deal, Pricing};
use crate::model::ids::{BidderId, DealId, PlacementId, PublisherId};
use crate::model::market::{Bidder, Market, Placement, Publisher};
use crate::model::money::{Cpm, Currency};
use crate::model::rates::{Rate, RateSnapshot};
use crate::model::time::Millis;

/// `[exchange]`, `[auction]` and `[[rate]]`: what holds for the whole market.
pub(super) struct Common {
    domain: String,
    node: String,
    data: Option<PathBuf>,
    own_reserve: Millis,
    max_cpm: Cpm,
    /// How winners pay that no deal says otherwise for.
    pub(super) pricing: Pricing,
    /// The currency of floors.
    pub(super) currency: Currency,
    /// The default of `placement.tmax`.
    pub(super) tmax: Millis,
    rates: Vec<RateSnapshot>,
    /// Whether what is known of currencies could be read; else what misses may be no mistake.
    pub(super) currencies_read: bool,
}

impl Common {
    /// Returns the rate from a currency into the market's: of the first snapshot that knows both.
    pub(super) fn rate(&self, from: Currency) -> Option<Rate> {
        let rates = self.rates.iter().flat_map(|snapshot| snapshot.rates_into(self.currency));
        rates.into_iter().find(|rate| rate.from == from)
    }
}

/// Reads the whole file; `None` when a part without which nothing can be built is missing.
pub(super) fn read(root: Section<'_>, environment: Option<&dyn Environment>) -> Option<Loaded> {
    let common = common(&root);
    let settings = settings::read(&root, common.data.clone());
    let publishers = publishers(&root, environment);
    let mut placements = placements(&root, &common);
    let (bidders, order) = bidders(&root);
    let deals = deals(&root, &common, (&mut placements, &bidders));
    root.finish();
    let placements = placements.into_iter().map(|(id, placement)| (id, Arc::new(placement)));
    let mut market = Market {
        domain: common.domain.into(),
        node: common.node.into(),
        currency: common.currency,
        pricing: common.pricing,
        max_cpm: common.max_cpm,
        rates: common.rates,
        public_url: settings.public_url.as_str().into(),
        own_reserve: common.own_reserve,
        publishers,
        placements: placements.collect(),
        bidders: order,
        snapshot: Arc::new([]),
    };
    market.snapshot = snapshot::of(&market, &deals).into();
    Some(Loaded { settings, market })
}

fn common(root: &Section<'_>) -> Common {
    let rates: Vec<_> = root.tables("rate").into_iter().map(rate::read).collect();
    let mut common = Common {
        domain: "breakwater.example".to_owned(),
        node: "n1".to_owned(),
        data: None,
        own_reserve: Millis(10),
        max_cpm: Cpm::from_micros(MAX_CPM).expect("the default is positive"),
        pricing: Pricing::First,
        currency: Currency::USD,
        tmax: Millis(250),
        currencies_read: rates.iter().all(Option::is_some),
        rates: rates.into_iter().flatten().collect(),
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
        match auction.parsed("currency", value::currency) {
            Some(currency) => common.currency = currency.value,
            None => common.currencies_read &= !auction.has("currency"),
        }
        set(&mut common.pricing, auction.parsed("pricing", pricing));
        auction.finish();
    }
    common
}

fn publishers(
    root: &Section<'_>,
    environment: Option<&dyn Environment>,
) -> BTreeMap<PublisherId, Arc<Publisher>> {
    let mut publishers = Sorted::default();
    for section in root.tables("publisher") {
        let span = section.span();
        if let Some(publisher) = publisher::read(section, environment) {
            publishers.insert(root, publisher.id.clone(), span, Arc::new(publisher));
        }
    }
    publishers.into_values()
}

fn placements(root: &Section<'_>, common: &Common) -> BTreeMap<PlacementId, Placement> {
    let publishers = declared(root, "publisher");
    let mut placements = Sorted::default();
    for section in root.tables("placement") {
        let span = section.span();
        let Some(At { value: placement, span: name }) = placement::read(section, common) else {
            continue;
        };
        let wanted = &placement.publisher;
        if !publishers.contains(wanted.as_str()) {
            let message =
                format!("placement \"{}\": there is no publisher \"{wanted}\"", placement.id);
            let help = deal::named("publisher", &publishers);
            root.problem(DANGLING, &name, (message, "names no publisher", help));
        }
        placements.insert(root, placement.id.clone(), span, placement);
    }
    placements.into_values()
}

/// Reads the bidders: by their ids, and in the order of the file.
fn bidders(root: &Section<'_>) -> (BTreeMap<BidderId, Arc<Bidder>>, Vec<Arc<Bidder>>) {
    let mut bidders = Sorted::default();
    let mut order = Vec::new();
    for section in root.tables("bidder") {
        let span = section.span();
        let Some(bidder) = bidder::read(section) else { continue };
        let bidder = Arc::new(bidder);
        if bidders.insert(root, bidder.id.clone(), span, Arc::clone(&bidder)) {
            order.push(bidder);
        }
    }
    (bidders.into_values(), order)
}

/// Reads the deals, in the order of the file, and puts each on its placements.
fn deals(
    root: &Section<'_>,
    common: &Common,
    (placements, bidders): (
        &mut BTreeMap<PlacementId, Placement>,
        &BTreeMap<BidderId, Arc<Bidder>>,
    ),
) -> Vec<(Arc<Deal>, Vec<PlacementId>)> {
    let names = Names {
        placements: &declared(root, "placement"),
        bidders: &declared(root, "bidder"),
        read: bidders,
    };
    let mut taken: BTreeMap<(PlacementId, DealId), Range<usize>> = BTreeMap::new();
    let mut deals = Vec::new();
    for section in root.tables("deal") {
        let Some((deal, places)) = deal::read(section, &names, common) else { continue };
        let deal = Arc::new(deal);
        let mut on = Vec::new();
        for At { value: id, span } in places {
            if let Some(first) = taken.get(&(id.clone(), deal.id.clone())) {
                let message = format!("placement \"{id}\" has two deals \"{}\"", deal.id);
                let help = "a bid names a deal by its id alone: give one another id".to_owned();
                root.clash(REPEATED, &span, (first, "first here"), (message, "again here", help));
                continue;
            }
            if let Some(placement) = placements.get_mut(&id) {
                placement.deals.push(Arc::clone(&deal));
                on.push(id.clone());
            }
            taken.insert((id, deal.id.clone()), span);
        }
        deals.push((deal, on));
    }
    deals
}

/// Returns the ids that the tables of a kind give themselves, whatever else is wrong with them.
fn declared(root: &Section<'_>, key: &'static str) -> BTreeSet<String> {
    let tables = root.tables(key).into_iter();
    tables.filter_map(|table| table.text("id").map(|id| id.value.to_owned())).collect()
}

/// What has an id, with the place where each stands.
struct Sorted<K, V>(BTreeMap<K, (Range<usize>, V)>);

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord + std::fmt::Display, V> Sorted<K, V> {
    /// Inserts under a new id, or reports the second use of it.
    fn insert(&mut self, root: &Section<'_>, id: K, span: Range<usize>, value: V) -> bool {
        match self.0.entry(id) {
            Entry::Vacant(place) => {
                place.insert((span, value));
                true
            }
            Entry::Occupied(taken) => {
                let message = format!("the id \"{}\" is used twice", taken.key());
                let also = (&taken.get().0, "first here");
                let help = "give it another id".to_owned();
                root.clash(REPEATED, &span, also, (message, "again here", help));
                false
            }
        }
    }

    fn into_values(self) -> BTreeMap<K, V> {
        self.0.into_iter().map(|(id, (_, value))| (id, value)).collect()
    }
}

fn set<T>(place: &mut T, read: Option<At<T>>) {
    if let Some(read) = read {
        *place = read.value;
    }
}

/// Reads how winners pay; only a deal's price can be fixed.
pub(super) fn pricing(text: &str) -> Result<Pricing, String> {
    match text {
        "first" => Ok(Pricing::First),
        "second" => Ok(Pricing::Second),
        _ => Err(format!("{text:?} is neither \"first\" nor \"second\"")),
    }
}

/// 1,000 per mille: prices above are taken for mistakes.
const MAX_CPM: i64 = 1_000_000_000;
