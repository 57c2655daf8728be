//! What of a config only a restart changes, and what another file says of it.

use std::sync::Arc;

use crate::config::Loaded;
use crate::config::problem::NEEDS_RESTART;
use crate::config::section::Section;
use crate::config::settings::Settings;
use crate::model::market::Market;
use crate::model::money::Currency;

/// What a running exchange was started with and goes on with.
#[derive(Clone, Debug)]
pub struct Fixed {
    settings: Settings,
    domain: Arc<str>,
    node: Arc<str>,
    currency: Currency,
}

/// A key: its table, its name, and whether it says something else.
type Key = (&'static str, &'static str, bool);

impl Fixed {
    /// Returns what of a config holds until the exchange is started again.
    #[must_use]
    pub fn of(loaded: &Loaded) -> Self {
        let Market { domain, node, currency, .. } = &loaded.market;
        let (domain, node) = (Arc::clone(domain), Arc::clone(node));
        Self { settings: loaded.settings.clone(), domain, node, currency: *currency }
    }

    /// Reports each key of `next` that only a restart changes.
    pub(super) fn judge(&self, next: &Loaded, root: &Section<'_>) {
        let changed = self.keys(next).into_iter().filter(|(.., changed)| *changed);
        for (table, key, _) in changed {
            let section = root.table(table);
            let span = section.map_or_else(|| root.span(), |section| section.place(key));
            let message = format!(
                "`{table}.{key}` cannot change while the exchange runs: it takes a restart"
            );
            let help = "restart the exchange, or put back what it was started with".to_owned();
            root.problem(NEEDS_RESTART, &span, (message, "another than it runs with", help));
        }
    }

    fn keys(&self, next: &Loaded) -> Vec<Key> {
        let market = &next.market;
        let mut keys = vec![
            ("exchange", "domain", self.domain != market.domain),
            ("exchange", "node", self.node != market.node),
            // What calls are worth is remembered in it.
            ("auction", "currency", self.currency != market.currency),
        ];
        // Each field by name: a new one is either here or said to be the market's.
        let Settings {
            traffic,
            admin,
            trusted_proxies,
            connections_per_address,
            connections_per_publisher,
            public_url: _in_the_market,
            data,
            durability,
            checkpoint,
            anchor,
            follows,
            log_public,
            retention,
            segment,
            shutdown_delay,
        } = &self.settings;
        let other = &next.settings;
        keys.extend([
            ("exchange", "data", *data != other.data),
            ("listen", "traffic", *traffic != other.traffic),
            ("listen", "admin", *admin != other.admin),
            ("listen", "trusted_proxies", *trusted_proxies != other.trusted_proxies),
            (
                "listen",
                "max_connections_per_address",
                *connections_per_address != other.connections_per_address,
            ),
            (
                "listen",
                "max_connections_per_publisher",
                *connections_per_publisher != other.connections_per_publisher,
            ),
            ("journal", "durability", *durability != other.durability),
            ("journal", "checkpoint", *checkpoint != other.checkpoint),
            ("journal", "anchor", *anchor != other.anchor),
            ("journal", "follows", *follows != other.follows),
            ("journal", "retention", *retention != other.retention),
            ("journal", "segment", *segment != other.segment),
            ("log", "public", *log_public != other.log_public),
            ("shutdown", "delay", *shutdown_delay != other.shutdown_delay),
        ]);
        keys
    }
}
