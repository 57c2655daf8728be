//! What of a config only a restart changes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use crate::config::section::{At, Section};
use crate::config::value;
use crate::model::time::Millis;

/// Listeners, paths and times of the process.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// Where publishers, stitchers and players ask.
    pub traffic: SocketAddr,
    /// Where operators look; loopback only.
    pub admin: SocketAddr,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The most connections from one address of callers; 0 means any number.
    pub connections_per_address: u32,
    /// The most connections whose last request was for one publisher; 0 means any number.
    pub connections_per_publisher: u32,
    /// How players reach the beacons, without a trailing slash.
    pub public_url: String,
    /// The folder of journal, keys and state.
    pub data: PathBuf,
    /// When a sale counts as recorded.
    pub durability: Durability,
    /// Time between two signed checkpoints of a log that grows.
    pub checkpoint: Millis,
    /// A folder on another disk for a copy of each checkpoint (decision 43).
    pub anchor: Option<PathBuf>,
    /// The data folder or anchor of a node whose place this one takes (decision 62).
    pub follows: Option<PathBuf>,
    /// Whether the traffic listener hands out the log.
    pub log_public: bool,
    /// How long auctions are kept in the journal; none: for good.
    pub retention: Option<Millis>,
    /// Bytes after which a segment of the journal is full.
    pub segment: u64,
    /// Time between failing readiness and the end of accepting.
    pub shutdown_delay: Millis,
}

/// When an answer may leave (decision 21).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// When its record is on disk.
    Flushed,
    /// When its record is in the writer's queue.
    Queued,
}

/// Where the exchange listens unless told otherwise.
pub const TRAFFIC: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Where operators look unless told otherwise.
pub const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);

/// Reads `[exchange] data`, `[listen]`, `[journal]`, `[log]` and `[shutdown]`.
pub(super) fn read(root: &Section<'_>, data: Option<PathBuf>) -> Settings {
    let mut settings = Settings {
        traffic: TRAFFIC,
        admin: ADMIN,
        trusted_proxies: Vec::new(),
        connections_per_address: 256,
        connections_per_publisher: 16_384,
        public_url: format!("http://{TRAFFIC}"),
        data: data.unwrap_or_else(|| PathBuf::from("./data")),
        durability: Durability::Flushed,
        checkpoint: Millis(1_000),
        anchor: None,
        follows: None,
        log_public: false,
        retention: None,
        segment: 64 << 20,
        shutdown_delay: Millis(1_000),
    };
    if let Some(listen) = root.table("listen") {
        read_listen(listen, &mut settings);
    }
    if let Some(journal) = root.table("journal") {
        if let Some(durability) = journal.parsed("durability", durability) {
            settings.durability = durability.value;
        }
        if let Some(checkpoint) = journal.parsed("checkpoint", value::millis_within(100, 60_000)) {
            settings.checkpoint = checkpoint.value;
        }
        settings.anchor = journal.parsed("anchor", folder).map(|anchor| anchor.value);
        settings.follows = journal.parsed("follows", folder).map(|follows| follows.value);
        if let Some(retention) = journal.parsed("retention", retention) {
            settings.retention = retention.value;
        }
        if let Some(segment) = journal.parsed("segment", segment) {
            settings.segment = segment.value;
        }
        journal.finish();
    }
    if let Some(shutdown) = root.table("shutdown") {
        if let Some(delay) = shutdown.parsed("delay", value::millis_within(0, 8_000)) {
            settings.shutdown_delay = delay.value;
        }
        shutdown.finish();
    }
    if let Some(log) = root.table("log") {
        settings.log_public = log.boolean("public").unwrap_or(false);
        log.finish();
    }
    settings
}

fn read_listen(listen: Section<'_>, settings: &mut Settings) {
    if let Some(traffic) = listen.parsed("traffic", address) {
        settings.traffic = traffic.value;
        settings.public_url = format!("http://{}", traffic.value);
    }
    if let Some(admin) = listen.parsed("admin", address) {
        if !admin.value.ip().is_loopback() {
            let wrong = "without tokens, which this version has not, it must be a loopback address";
            listen.bad_value("admin", &admin.span, wrong);
        }
        if admin.value == settings.traffic && admin.value.port() != 0 {
            listen.bad_value("admin", &admin.span, "it is the traffic listener's address");
        }
        settings.admin = admin.value;
    }
    if let Some(url) = listen.parsed("public_url", public_url) {
        settings.public_url = url.value;
    }
    let proxies = listen.texts("trusted_proxies");
    for At { value: text, span } in proxies.map(|list| list.value).unwrap_or_default() {
        match network(text) {
            Ok(network) => settings.trusted_proxies.push(network),
            Err(wrong) => listen.bad_value("trusted_proxies", &span, wrong),
        }
    }
    if let Some(most) = listen.integer("max_connections_per_address", 0..=1_000_000) {
        settings.connections_per_address = most.value;
    }
    if let Some(most) = listen.integer("max_connections_per_publisher", 0..=1_000_000) {
        settings.connections_per_publisher = most.value;
    }
    listen.finish();
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = |_| format!("{text:?} is not an address and port such as \"127.0.0.1:8080\"");
    text.parse().map_err(wrong)
}

/// Reads a network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    let wrong = |_| format!("{text:?} is not a network such as \"10.0.0.0/8\"");
    text.parse::<IpNet>().or_else(|_| single()).map_err(wrong)
}

fn public_url(text: &str) -> Result<String, String> {
    let parsed = url::Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none()
    });
    match parsed {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => Err(format!("{text:?} is not a URL such as \"https://ads.arena.example\"")),
    }
}

fn folder(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("it names no folder".to_owned()) } else { Ok(PathBuf::from(text)) }
}

fn durability(text: &str) -> Result<Durability, String> {
    match text {
        "flushed" => Ok(Durability::Flushed),
        "queued" => Ok(Durability::Queued),
        _ => Err(format!("{text:?} is neither \"flushed\" nor \"queued\"")),
    }
}

/// Reads `forever`, days such as `90d`, or a length of time of an hour or more.
fn retention(text: &str) -> Result<Option<Millis>, String> {
    if text == "forever" {
        return Ok(None);
    }
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok());
    let length = match days {
        Some(days) => days.checked_mul(DAY).map(Millis),
        None => value::millis(text).ok(),
    };
    let within = length.filter(|length| (HOUR..=LONGEST).contains(&length.0));
    let wrong = || format!("{text:?} is neither \"forever\" nor from \"1h\" to \"3650d\"");
    within.map(Some).ok_or_else(wrong)
}

/// Reads a size of whole MiB or GiB.
fn segment(text: &str) -> Result<u64, String> {
    let units = [("MiB", 20), ("GiB", 30)];
    let size = units.iter().find_map(|(unit, shift)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(1 << shift)
    });
    let wrong = || format!("{text:?} is not a size from \"1MiB\" to \"1GiB\"");
    size.filter(|size| (1 << 20..=1 << 30).contains(size)).ok_or_else(wrong)
}

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const LONGEST: u64 = 3650 * DAY;
