//! The six simulated bidders, on a thread of their own, and the config that knows them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use anyhow::Context;
use loadtest::bidder::Bidder;
use loadtest::bidder::counters::Counts;
use loadtest::cast;
use loadtest::character::Character;
use tokio::sync::oneshot;
use toml::{Table, Value};

use crate::cli::load::QUICKSTART;
use crate::config::{self, Loaded};

/// Bidders that are serving; dropping it ends them.
pub struct Bidders {
    /// Each character with the URL to post bid requests to.
    pub all: Vec<(Character, String)>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Vec<Counts>>,
}

/// Starts the cast on free loopback ports.
///
/// # Errors
///
/// When there is no thread or port to be had.
pub fn start(seed: u64) -> anyhow::Result<Bidders> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (stop, stopped) = oneshot::channel();
    let (started, listening) = mpsc::channel();
    let serve = async move {
        let mut running = Vec::new();
        for character in cast::all() {
            match Bidder::start(character, seed).await {
                Ok(bidder) => running.push(bidder),
                Err(error) => {
                    // Nobody waits only when the demo has ended.
                    let _ = started.send(Err(error));
                    return Vec::new();
                }
            }
        }
        let endpoints: Vec<_> = running.iter().map(loadtest::bidder::Running::endpoint).collect();
        let _ = started.send(Ok(endpoints));
        // A message and a dropped sender both mean the end.
        let _ = stopped.await;
        let mut counts = Vec::new();
        for bidder in running {
            counts.push(bidder.stop().await);
        }
        counts
    };
    let thread = std::thread::Builder::new()
        .name("bidders".to_owned())
        .spawn(move || runtime.block_on(serve))?;
    let endpoints = listening.recv().context("the bidders' thread ended")??;
    let all = cast::all().into_iter().zip(endpoints).collect();
    Ok(Bidders { all, stop, thread })
}

impl Bidders {
    /// Ends them and returns what each counted, in order.
    #[must_use]
    pub fn stop(self) -> Vec<Counts> {
        // A refused send means that they have ended already.
        let _ = self.stop.send(());
        self.thread.join().unwrap_or_default()
    }
}

/// Returns the quickstart's config with these bidders, listeners and folder.
///
/// # Errors
///
/// When it is not a config, which only a path that is no text can bring about.
pub fn config(
    bidders: &Bidders,
    traffic: SocketAddr,
    admin: SocketAddr,
    data: &Path,
) -> anyhow::Result<Loaded> {
    let mut root: Table = QUICKSTART.parse().context("the embedded quickstart")?;
    let data = data.to_str().context("the data folder's path is not UTF-8")?;
    table(&mut root, "exchange").insert("data".to_owned(), data.into());
    let listen = table(&mut root, "listen");
    listen.insert("traffic".to_owned(), traffic.to_string().into());
    listen.insert("admin".to_owned(), admin.to_string().into());
    listen.insert("public_url".to_owned(), format!("http://{traffic}").into());
    // The one to stop it stands before it: there is no load balancer to wait for.
    table(&mut root, "shutdown").insert("delay".to_owned(), "0ms".into());
    // All parties share this machine's processors, and a debug build needs far more of them.
    table(&mut root, "auction").insert("tmax".to_owned(), TMAX.into());
    let bidders = bidders.all.iter().map(|(character, endpoint)| bidder(character, endpoint));
    root.insert("bidder".to_owned(), Value::Array(bidders.collect()));
    let text = toml::to_string(&root)?;
    config::read("demo", &text, None).map_err(|problems| anyhow::anyhow!("{problems}"))
}

fn bidder(character: &Character, endpoint: &str) -> Value {
    let mut entry = Table::new();
    entry.insert("id".to_owned(), character.id.as_str().into());
    entry.insert("endpoint".to_owned(), endpoint.into());
    // Its notices go where it listens, as well as to its own domain.
    let domains = [character.own_domain(), "127.0.0.1".to_owned()];
    let domains = domains.into_iter().map(Value::String).collect();
    entry.insert("domains".to_owned(), Value::Array(domains));
    entry.insert("allow_loopback".to_owned(), true.into());
    entry.insert("gzip".to_owned(), character.gzip.into());
    entry.insert("http2".to_owned(), character.http2.into());
    // Above what the bidder takes, so that its refusals are seen.
    let qps = character.qps.map(|_| QPS_ABOVE);
    if let Some(qps) = qps {
        entry.insert("qps".to_owned(), qps.into());
    }
    Value::Table(entry)
}

fn table<'a>(root: &'a mut Table, name: &str) -> &'a mut Table {
    let entry = root.entry(name).or_insert_with(|| Value::Table(Table::new()));
    entry.as_table_mut().expect("the quickstart has tables under these names")
}

/// How long bidders have; twice the default.
const TMAX: &str = "500ms";

/// Requests a second the exchange may send to a bidder that takes a few.
const QPS_ABOVE: i64 = 100;
