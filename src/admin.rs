//! The admin listener: is it alive, is it ready, what does it count, what does its log hold.
//!
//! Its own address, thread and runtime: a scrape never waits for a sale, nor a sale for a scrape.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use axum::serve::Listener;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::admin::controls::{Controls, Named};
use crate::exchange::shared::{BUILD, COMMIT, Shared};
use crate::io::chain::Chain;
use crate::io::descriptors::{self, Reserve};
use crate::io::journal::Stream;
use crate::io::log::follower::Follower;
use crate::io::metrics::exposition::Exposition;

mod bidders;
pub mod controls;

/// The running admin listener.
pub struct Admin {
    address: SocketAddr,
    health: Arc<Health>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// The socket that is listened on. It leaves files the descriptors they need, and where none is left it
/// tries again after 50 ms; axum's own would wait for a second.
struct Modest {
    socket: TcpListener,
    files: Reserve,
}

impl Listener for Modest {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        descriptors::accept(&self.socket, self.files, || {}).await
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// What the pages read.
struct Health {
    shared: Arc<Shared>,
    log: Arc<Follower>,
    exposition: Arc<Exposition>,
    controls: Arc<dyn Controls>,
    draining: AtomicBool,
}

impl Admin {
    /// Binds an address. Nobody answers there yet.
    ///
    /// # Errors
    ///
    /// Returns the error of binding.
    pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
        let socket = std::net::TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    /// Answers on a socket that `bind` returned, on a thread of its own.
    ///
    /// # Errors
    ///
    /// Returns the error of starting the thread.
    pub fn start(
        socket: std::net::TcpListener,
        (shared, log): (Arc<Shared>, Arc<Follower>),
        exposition: Arc<Exposition>,
        controls: Arc<dyn Controls>,
    ) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let draining = AtomicBool::new(false);
        let health = Arc::new(Health { shared, log, exposition, controls, draining });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let routes = routes(Arc::clone(&health));
        let thread = std::thread::Builder::new().name("admin".to_owned()).spawn(move || {
            runtime.block_on(async {
                let socket = TcpListener::from_std(socket).expect("bound and non-blocking");
                let socket = Modest { socket, files: Reserve::of_files() };
                let (stopping, mut stop) = watch::channel(false);
                let told = async move { drop(stop.wait_for(|stop| *stop).await) };
                let served = axum::serve(socket, routes).with_graceful_shutdown(told);
                let mut served = std::pin::pin!(served.into_future());
                tokio::select! {
                    ended = &mut served => tracing::error!(?ended, "the admin listener ended"),
                    _ = stopped => {
                        stopping.send_replace(true);
                        // What is being answered is answered, so that whoever drains hears of it.
                        let _: Result<_, Elapsed> = timeout(LAST_ANSWERS, served).await;
                    }
                }
            });
        })?;
        Ok(Self { address, health, stop, thread })
    }

    /// Returns the address bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Fails readiness from here on, so that load balancers send no more.
    pub fn drain(&self) {
        self.health.draining.store(true, Ordering::Relaxed);
    }

    /// Stops answering.
    pub fn stop(self) {
        // The thread may have ended already; then there is nobody to tell.
        let _: Result<(), ()> = self.stop.send(());
        let _: std::thread::Result<()> = self.thread.join();
    }
}

fn routes(health: Arc<Health>) -> Router {
    Router::new()
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .route("/v1/bidders", get(bidders::list))
        .route("/v1/drain", post(controls::drain))
        .route("/v1/reload", post(controls::reload))
        .route("/log/{*path}", get(log))
        .with_state(health)
}

/// Alive: every worker's event loop had its turn within the last second.
async fn livez(State(health): State<Arc<Health>>) -> (StatusCode, &'static str) {
    if health.shared.pulse.is_steady() {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "a worker is stuck\n")
    }
}

/// Ready: the config is loaded, the journal takes records, no drain is under way. Never depends on
/// bidders.
async fn readyz(State(health): State<Arc<Health>>, RawQuery(query): RawQuery) -> Response {
    let trouble = health.shared.journal.trouble();
    let checks = [
        ("config", true),
        ("journal", trouble.is_none()),
        ("not draining", !health.draining.load(Ordering::Relaxed)),
    ];
    let ready = checks.iter().all(|(_, passed)| *passed);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut text = String::new();
    if query.as_deref().is_some_and(|query| query.split('&').any(|key| key.starts_with("verbose")))
    {
        for (name, passed) in checks {
            let sign = if passed { '+' } else { '-' };
            text.push_str(&format!("[{sign}] {name}\n"));
        }
        if let Some(trouble) = trouble {
            text.push_str(&format!("    journal: {trouble}\n"));
        }
        // What is sold is recorded all the same, and the log can be made from the journal.
        if let Some(failure) = health.log.failure() {
            text.push_str(&format!("    not signed any more: the log of {failure}\n"));
        }
        if let Some(waiting) = health.log.waiting() {
            text.push_str(&format!(
                "    not signed for want of room or descriptors: the log of {waiting}\n"
            ));
        }
    }
    text.push_str(if ready { "ready\n" } else { "not ready\n" });
    (status, text).into_response()
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    let journal = &health.shared.journal;
    let waiting = journal.unflushed(Stream::Auction) + journal.unflushed(Stream::Money);
    health.shared.metrics.bidders(&health.shared.in_force().states);
    health.shared.metrics.audit_lag(u32::try_from(waiting).unwrap_or(u32::MAX));
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, health.exposition.render()).into_response()
}

/// The public log: checkpoints, tiles and entry bundles.
async fn log(State(health): State<Arc<Health>>, uri: Uri) -> Response {
    // Not the path that the router decoded: a file of a log has one spelling.
    let path = uri.path().strip_prefix("/log/").unwrap_or_default();
    let wanted = health.shared.log.as_ref().and_then(|log| log.wanted(path));
    let Some(wanted) = wanted else { return StatusCode::NOT_FOUND.into_response() };
    match tokio::task::spawn_blocking(move || wanted.read()).await {
        Ok(Ok(Some(page))) => {
            let headers = [(CONTENT_TYPE, page.media_type), (CACHE_CONTROL, page.cache)];
            (headers, page.bytes).into_response()
        }
        Ok(Ok(None)) => StatusCode::NOT_FOUND.into_response(),
        Ok(Err(error)) => {
            tracing::warn!(error = %Chain(&error), path, "a file of the log could not be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_ended) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn version(State(health): State<Arc<Health>>) -> Response {
    let config = Named::of(&health.shared.in_force()).json();
    Json(json!({
        "build": BUILD,
        "commit": COMMIT,
        "config": config,
        "openrtb": "2.6",
        "rules": crate::wire::record::RULES,
    }))
    .into_response()
}

/// What is being answered when the listener stops has this long.
const LAST_ANSWERS: Duration = Duration::from_millis(500);
