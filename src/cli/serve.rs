//! `breakwater run`: puts the exchange together, and takes it apart in the right order.
//!
//! What happens between stands in `reloader` (another config) and `control` (who may ask for it).

use std::fs::DirBuilder;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::join;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until};

use crate::admin::Admin;
use crate::admin::controls::Controls;
use crate::auction::category;
use crate::audit::finding::is_damage;
use crate::cli::life::told::LifeError;
use crate::cli::load::{self, Secrets};
use crate::cli::serve::capacity::{Capacity, workers};
use crate::cli::serve::control::Control;
use crate::cli::serve::labels::Known;
use crate::cli::serve::reloader::Reloader;
use crate::cli::{Common, FAILED, INTERRUPTED, NEGATIVE, OK, life};
use crate::config::Loaded;
use crate::config::fixed::Fixed;
use crate::config::settings::{self, Settings};
use crate::exchange::Exchange;
use crate::exchange::clerk::Clerk;
use crate::exchange::current::{Current, InForce};
use crate::exchange::observe;
use crate::exchange::shared::{Shared, endpoints};
use crate::io::bidders::late::Late;
use crate::io::bidders::{Bidders, Upkeep};
use crate::io::connect::{Connect, Live, Patience};
use crate::io::documents::Documents;
use crate::io::journal::{Durability, Identity, Journal, JournalError, Limits, Stream};
use crate::io::keys::KeyError;
use crate::io::log::LogError;
use crate::io::log::follower::{Follower, Logs};
use crate::io::log::published::Published;
use crate::io::metrics::{Metrics, exposition};
use crate::io::notifier::Notifier;
use crate::io::{bidders, clock, descriptors, journal, keys};
use crate::server::proxies::Proxies;
use crate::server::room::Caps;
use crate::server::{Listen, Server};
use crate::wire::beacon::Keyring;
use crate::wire::record;

pub mod capacity;
mod control;
mod labels;
mod reloader;
mod turns;

/// A running exchange.
pub struct Running {
    shared: Arc<Shared>,
    log: Arc<Follower>,
    clerk: Clerk,
    server: Server,
    admin: Admin,
    control: Arc<Control>,
    shutdown_delay: Duration,
}

/// Runs the exchange until it is told to stop.
///
/// # Errors
///
/// When a listener or the data folder cannot be had.
pub fn run(common: &Common) -> anyhow::Result<u8> {
    // Before the config is held against them.
    descriptors::raise();
    let Some(loaded) = load::config(common, Secrets::Read)? else {
        return Ok(NEGATIVE);
    };
    for warning in load::warnings(&loaded.market, clock::now()) {
        tracing::warn!("{warning}");
    }
    let running = match start_from(common.config.clone(), loaded) {
        Ok(running) => running,
        Err(error) => return damaged(error),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(running.until_told());
    // A step of the shutdown that hangs must not hold up the end.
    runtime.shutdown_background();
    Ok(ended?)
}

/// Tells failures from verdicts: a data folder that is damaged, locked, behind what was signed or not
/// as its last stop left it is the latter.
///
/// # Errors
///
/// Any other error, as it is.
pub fn damaged(error: anyhow::Error) -> anyhow::Result<u8> {
    if error.is::<LifeError>() {
        tracing::error!("{error:#}");
        return Ok(NEGATIVE);
    }
    let failed = match error.downcast_ref::<LogError>() {
        Some(LogError::Journal(journal)) => is_failure(journal),
        Some(LogError::Io { .. } | LogError::Key(KeyError::Io { .. })) => true,
        Some(_) => false,
        None => error.downcast_ref::<JournalError>().is_none_or(is_failure),
    };
    if failed {
        return Err(error);
    }
    tracing::error!("{error:#}");
    Ok(NEGATIVE)
}

fn is_failure(error: &JournalError) -> bool {
    matches!(error, JournalError::Io { .. }) && !is_damage(error)
}

/// Starts an exchange: journal first, listeners last. Not to be called inside a runtime: it waits
/// for the disk.
///
/// # Errors
///
/// When a listener or the data folder cannot be had; a [`JournalError`] or [`LogError`] stands in
/// the chain.
pub fn start(loaded: Loaded) -> anyhow::Result<Running> {
    start_from(None, loaded)
}

/// As `start`; the config was read from `file`, and may be read from there again.
///
/// # Errors
///
/// As `start`.
pub fn start_from(file: Option<PathBuf>, loaded: Loaded) -> anyhow::Result<Running> {
    let fixed = Fixed::of(&loaded);
    let Loaded { settings, market } = loaded;
    let market = Arc::new(market);
    let capacity = Arc::new(Capacity::of(&market)?);
    let identity = Identity { domain: Arc::clone(&market.domain), node: Arc::clone(&market.node) };
    let journal = journal(&settings, &identity)?;
    // Before anything is recorded or sold: one that is started beside another harms nobody.
    let socket = Admin::bind(settings.admin)
        .with_context(|| format!("admin listener {}", settings.admin))?;
    // Before a record is added: a folder that may not go on is left as it is.
    let logs = begin(&settings, &identity, &journal)?;
    let snapshots = life::snapshots(&journal, &market)?;
    // The first auction must not be the one that reads them.
    category::load();
    let exposition = Arc::new(exposition::install());
    let mut known = Known::default();
    known.add(&market);
    let currency = market.currency.as_str();
    let metrics = Arc::new(known.with(currency, workers(), |all| exposition.metrics(all)));
    metrics.config_load(1, clock::now());
    capacity.tell(&metrics);
    let keyring = keyring(&settings.data)?;
    let live = Live::new(Patience::BIDDER, Vec::new())?;
    let notifier = notifier(&live, &metrics);
    let first = InForce::first(market, snapshots.config, snapshots.rates);
    let mut shared = Shared::new(first, journal, metrics, keyring, notifier);
    shared.log = Some(Published::new(settings.data.clone(), settings.log_public));
    let shared = Arc::new(shared);
    let log = Arc::new(follow(logs, &settings, &shared)?);
    let clerk = Clerk::start(&shared, &settings.data).context("the thread of the clerk")?;
    let server = server(&settings, &shared, live, &capacity)?;
    let told = (Arc::clone(&exposition), known);
    let reloader = Reloader::new((file, fixed), Arc::clone(&shared), told, capacity);
    let control = Arc::new(Control::new(reloader));
    let shown = (Arc::clone(&shared), Arc::clone(&log));
    let controls: Arc<dyn Controls> = Arc::<Control>::clone(&control);
    let admin = Admin::start(socket, shown, exposition, controls)?;
    let shutdown_delay = Duration::from_millis(settings.shutdown_delay.0);
    Ok(Running { shared, log, clerk, server, admin, control, shutdown_delay })
}

impl Running {
    /// Returns the address of the traffic listener.
    #[must_use]
    pub fn traffic(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns the address of the admin listener.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin.address()
    }

    /// Returns what the workers share.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Runs until SIGTERM, an interrupt, a drain, or a journal that can no longer write; then stops.
    async fn until_told(mut self) -> io::Result<u8> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut asked = self.control.stopping();
        let control = Arc::clone(&self.control);
        let reloading = tokio::task::spawn(async move {
            // Signals that come while one is under way are one more.
            while hangup.recv().await.is_some() {
                // It has told what came of it.
                drop(control.reload().await);
            }
        });
        // Whoever waits for this line may end it at once.
        let (traffic, admin) = (self.traffic(), self.admin());
        tracing::info!(%traffic, %admin, "the exchange sells");
        // One that an operator has drained is told to stop by whoever started it, which is no hurry.
        let (code, mut spare) = tokio::select! {
            _ = terminate.recv() => (OK, false),
            _ = interrupt.recv() => (INTERRUPTED, false),
            _ = asked.wait_for(|asked| *asked) => (OK, true),
            failure = self.shared.journal.failed() => {
                self.shared.metrics.audit_write_error();
                tracing::error!(%failure, "the journal cannot write: the exchange stops");
                self.shutdown_delay = Duration::ZERO;
                (FAILED, false)
            }
        };
        tracing::info!("draining");
        let hard_stop = Instant::now() + self.shutdown_delay + HARD_STOP;
        let mut stopping = tokio::task::spawn(self.stop());
        loop {
            tokio::select! {
                _ = &mut stopping => break,
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = sleep_until(hard_stop) => {
                    tracing::error!("the drain took over {HARD_STOP:?}");
                    break;
                }
            }
            if !std::mem::take(&mut spare) {
                tracing::warn!("told twice: stopped at once");
                break;
            }
        }
        reloading.abort();
        Ok(code)
    }

    /// Stops in order: readiness, listener, running sales, notices, their records, the reload under
    /// way, journal, log.
    pub async fn stop(self) {
        let Self { shared, log, clerk, server, admin, control, shutdown_delay } = self;
        control.stop();
        admin.drain();
        sleep(shutdown_delay).await;
        blocking(move || server.drain()).await;
        let ended = Instant::now();
        let notices = shared.notifier.finish(ended + NOTICE_TIME);
        let ((), settled) = join(notices, control.settled(ended + RELOAD_TIME)).await;
        blocking(move || {
            clerk.stop();
            if settled {
                life::end(&shared.journal, |seq| shared.head(seq, clock::now()));
            } else {
                // Nothing may stand behind a stop: the next start tells that there was none.
                tracing::error!("a reload is still under way: the journal ends without a stop");
            }
            shared.journal.finish();
            // The last checkpoint covers all; the lock is held until it stands.
            log.stop();
            shared.journal.close();
            admin.stop();
        })
        .await;
    }
}

/// Runs what blocks on threads or disk off this runtime's thread.
async fn blocking(work: impl FnOnce() + Send + 'static) {
    if tokio::task::spawn_blocking(work).await.is_err() {
        tracing::error!("a step of the shutdown failed");
    }
}

/// Opens the logs, and records the start.
fn begin(settings: &Settings, identity: &Identity, journal: &Journal) -> anyhow::Result<Logs> {
    let Settings { data, anchor, follows, .. } = settings;
    let followed = life::followed(journal, data, identity, follows.as_deref())?;
    let logs = Logs::open_following(data, identity, anchor.as_deref(), &followed, journal)?;
    let keys = [Stream::Auction, Stream::Money].into_iter();
    let keys = keys.filter_map(|stream| Some((stream, logs.key(stream)?))).collect();
    life::begin_following(journal, &identity.node, data, &life::Origin { followed, keys })?;
    Ok(logs)
}

/// Keeps the log as the journal grows, as long as there is one.
fn follow(logs: Logs, settings: &Settings, shared: &Arc<Shared>) -> anyhow::Result<Follower> {
    let every = Duration::from_millis(settings.checkpoint.0);
    let (metrics, journal) = (Arc::clone(&shared.metrics), Arc::downgrade(shared));
    let on_disk = move |stream| Some(journal.upgrade()?.journal.on_disk(stream));
    logs.follow(every, metrics, on_disk).context("the thread of the log")
}

fn journal(settings: &Settings, identity: &Identity) -> anyhow::Result<Journal> {
    let durability = match settings.durability {
        settings::Durability::Flushed => Durability::Flushed,
        settings::Durability::Queued => Durability::Queued,
    };
    // Records keep coarse facts about viewers: a new folder is its owner's only.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&settings.data)
        .with_context(|| format!("data folder {}", settings.data.display()))?;
    let limits = Limits { segment: settings.segment, ..Limits::default() };
    let anchor = settings.anchor.as_deref().map(Arc::from);
    let with = journal::Settings { durability, limits, retention: settings.retention, anchor };
    Ok(Journal::open_with(&settings.data, identity, with, record::read::is_start)?)
}

fn keyring(data: &Path) -> anyhow::Result<Keyring> {
    let keys = keys::beacon(data, clock::now()).context("beacon keys")?;
    let mut keys = keys.into_iter().map(|key| (key.id, key.secret));
    let newest = keys.next().context("beacon keys: none were made")?;
    Ok(Keyring::new(newest, keys.collect()))
}

fn notifier(live: &Live, metrics: &Arc<Metrics>) -> Notifier {
    let connector: Arc<dyn Connect> = Arc::new(live.with_patience(Patience::NOTICE));
    Notifier::start(connector, Arc::clone(metrics))
}

fn server(
    settings: &Settings,
    shared: &Arc<Shared>,
    live: Live,
    capacity: &Arc<Capacity>,
) -> anyhow::Result<Server> {
    let elsewhere: Arc<dyn Connect> = Arc::new(live.with_patience(Patience::BIDDER));
    let connector: Arc<dyn Connect> = Arc::new(live);
    let shared = Arc::clone(shared);
    let upkeep = upkeep(&shared.metrics, capacity.to_bidders());
    let held = Arc::clone(capacity);
    let make = move |worker| {
        let ready = |in_force: Arc<InForce>| {
            let endpoints = endpoints(&in_force.market);
            let documents = Documents::new(&endpoints, Arc::clone(&elsewhere));
            let connector = Arc::clone(&connector);
            let bidders = Bidders::new(endpoints, &in_force.states, connector, upkeep.clone());
            Current { in_force, bidders, documents }
        };
        Exchange::new(Arc::clone(&shared), ready, held.gate(worker))
    };
    let most = |cap: u32| usize::try_from(cap).unwrap_or(usize::MAX);
    let connections = Caps {
        all: capacity.callers(),
        per_address: most(settings.connections_per_address),
        per_publisher: most(settings.connections_per_publisher),
    };
    let listen = Listen {
        address: settings.traffic,
        workers: workers(),
        connections,
        touched: capacity.touched(),
        proxies: Arc::new(Proxies::new(settings.trusted_proxies.clone())),
    };
    Server::start(&listen, make).with_context(|| format!("traffic listener {}", settings.traffic))
}

/// Returns what each worker provides for its bidders.
fn upkeep(metrics: &Arc<Metrics>, connections: usize) -> Upkeep {
    let metrics = Arc::clone(metrics);
    let told = Arc::clone(&metrics);
    let late: Late = Arc::new(move |bidder, answer| observe::late(&told, bidder, answer));
    Upkeep { connections, least: bidders::LEAST, late, metrics }
}

/// Notices that are queued when the drain begins have this long to leave.
const NOTICE_TIME: Duration = Duration::from_secs(1);

/// A reload that is under way when the last sale has ended has this long to end too.
const RELOAD_TIME: Duration = Duration::from_millis(1_500);

/// A drain that takes longer is cut.
pub const HARD_STOP: Duration = Duration::from_secs(10);
