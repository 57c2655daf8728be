//! A simulated OpenRTB 2.6 bidder: a server on loopback, HTTP/1.1 and on request HTTP/2, that behaves
//! as its character says.
//!
//! Any number run in one process, each on its own port. What a bidder answers is a function of
//! its seed and the request's id; only its rate limit looks at a clock. Read `reply` for what it
//! says, `serve` for how it says it.

use std::{io, net::Ipv4Addr, net::SocketAddr, sync::Arc};

use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time::{Duration, sleep},
};

use crate::{
    bidder::{
        counters::{Counters, Counts},
        reply::Profile,
        serve::Server,
    },
    character::{Character, check::CharacterError},
};

pub mod counters;
pub mod tls;

mod canned;
mod flow;
mod limiter;
mod markup;
mod reply;
mod serve;
mod wire;

/// Starts simulated bidders.
#[derive(Debug)]
pub struct Bidder;

/// A simulated bidder that is serving; dropping it ends it.
#[derive(Debug)]
pub struct Running {
    id: String,
    address: SocketAddr,
    counters: Arc<Counters>,
    server: Arc<Server>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

/// A view of what one bidder counts.
#[derive(Clone, Debug)]
pub struct Watch {
    id: String,
    counters: Arc<Counters>,
}

impl Watch {
    /// Returns the bidder's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns what it has counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }
}

/// Says why a bidder could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The character is out of its bounds; the fault of whoever wrote it.
    #[error(transparent)]
    Character(#[from] CharacterError),
    /// The port could not be had.
    #[error("bidder {id:?}: listening on 127.0.0.1:{port}")]
    Listen {
        /// The bidder's id.
        id: String,
        /// The port asked for; 0 stands for any.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
}

impl Bidder {
    /// Starts a bidder of this character on a free loopback port, on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// A character out of its bounds, or no port to be had.
    pub async fn start(character: Character, seed: u64) -> Result<Running, StartError> {
        Self::start_on(character, seed, 0).await
    }

    /// Starts a bidder of this character on a loopback port; 0 takes a free one.
    ///
    /// # Errors
    ///
    /// A character out of its bounds, or a port that is taken.
    pub async fn start_on(
        character: Character,
        seed: u64,
        port: u16,
    ) -> Result<Running, StartError> {
        character.check()?;
        let id = character.id.clone();
        let failed = |source| StartError::Listen { id: id.clone(), port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let counters = Arc::new(Counters::default());
        let profile = Profile::new(character, seed, address);
        let server = Arc::new(Server::new(profile, seed, Arc::clone(&counters)));
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(accept(listener, Arc::clone(&server), stopped));
        Ok(Running { id, address, counters, server, stop, serving })
    }
}

impl Running {
    /// Returns the character's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL to post bid requests to.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let scheme = if self.server.profile().character().tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.address, serve::ENDPOINT_PATH)
    }

    /// Returns whether it speaks HTTP/2.
    #[must_use]
    pub fn speaks_http2(&self) -> bool {
        self.server.profile().character().http2
    }

    /// Returns what it has counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counters.read()
    }

    /// Begins its clock anew, which its scheduled faults go by.
    pub fn begin(&self) {
        self.server.begin();
    }

    /// Returns a view of what it counts that outlives borrows of it.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch { id: self.id.clone(), counters: Arc::clone(&self.counters) }
    }

    /// Ends it, with every connection, and returns what it counted.
    pub async fn stop(self) -> Counts {
        // A refused send means that it has ended already.
        let _ = self.stop.send(());
        let _ = self.serving.await;
        self.counters.read()
    }
}

/// Accepts until stopped; connections end with this task.
async fn accept(listener: TcpListener, server: Arc<Server>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // Both a message and a dropped sender mean the end.
            _ = &mut stopped => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => spawn(&mut connections, stream, &server),
                // Out of descriptors: wait for some connection to end.
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

fn spawn(connections: &mut JoinSet<()>, stream: TcpStream, server: &Arc<Server>) {
    if MAX_CONNECTIONS <= connections.len() {
        return;
    }
    connections.spawn(serve::connection(stream, Arc::clone(server)));
}

/// The most connections one bidder serves; those above it are closed at once.
const MAX_CONNECTIONS: usize = 16_384;

/// The wait after a refused `accept`.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
