//! The traffic listener: connections, workers and their end.
//!
//! Shared-nothing workers, one current-thread runtime each, on one port by SO_REUSEPORT. What a
//! request means is decided in `doors`; limits on heads, bodies and time stand in `head`, `body`
//! and `stamp`.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::exchange::Exchange;
use crate::exchange::gate::Gate;
use crate::io::descriptors::{self, Reserve};
use crate::io::memory::Touched;
use crate::io::metrics::Metrics;
use crate::server::doors::Doors;
use crate::server::proxies::Proxies;
use crate::server::room::{Caps, Room, Seat};
use crate::server::stamp::Stamped;
use crate::server::turn::Turns;

pub mod beacons;
pub mod body;
pub mod credential;
pub mod doors;
pub mod head;
pub mod proxies;
pub mod published;
pub mod refusal;
pub mod reply;
pub mod room;
pub mod stamp;
pub mod turn;

/// Connections that wait to be accepted, a worker.
const BACKLOG: i32 = 4_096;

/// Sales end by their own deadlines, 2 s at most; this is the hard stop.
const DRAIN: Duration = Duration::from_secs(8);

/// How long a connection is open for a last request once accepting has ended.
const LAST_REQUESTS: Duration = Duration::from_millis(500);

/// On a busy worker one task in so many is one that another thread woke. Every sale is: by the journal's
/// writer, once its record is flushed. The runtime's own 31 let sales wait 150 ms for what was done.
const FLUSHED: u32 = 4;

/// How long a worker waits for its connections to bidders before it accepts.
const MAX_WARMING: Duration = Duration::from_millis(300);

/// What the traffic listener is told by the config.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Where to listen.
    pub address: SocketAddr,
    /// How many workers share it.
    pub workers: usize,
    /// The most connections of all workers.
    pub connections: Caps,
    /// Bytes of memory that each worker touches before it accepts.
    pub touched: usize,
    /// Whose word on a caller's address is believed.
    pub proxies: Arc<Proxies>,
}

/// The running traffic listener.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    draining: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
}

impl Server {
    /// Binds the address once a worker and starts selling.
    ///
    /// `make` builds the exchange of the worker of this number, on its thread and in its runtime.
    ///
    /// # Errors
    ///
    /// Returns the error of binding or of starting a thread.
    pub fn start(
        listen: &Listen,
        make: impl Fn(usize) -> Exchange + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (draining, watcher) = watch::channel(false);
        let room = Room::new(listen.connections, Arc::clone(&listen.proxies));
        if is_taken(listen.address) {
            // The system would have them share their callers in silence.
            let address = listen.address;
            tracing::warn!(%address, "another process listens here too: it gets some of the callers");
        }
        let first = bind(listen.address)?;
        // Port 0 is chosen by the first; the others share it.
        let address = first.local_addr()?;
        let mut sockets = vec![first];
        for _ in 1..listen.workers {
            sockets.push(bind(address)?);
        }
        let touched = listen.touched;
        let workers = sockets.into_iter().enumerate().map(|(number, socket)| {
            let (make, watcher, room) = (make.clone(), watcher.clone(), Arc::clone(&room));
            let proxies = Arc::clone(&listen.proxies);
            std::thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
                let _touched = Touched::new(touched);
                work(socket, || Doors::new(Arc::new(make(number)), proxies), watcher, room);
            })
        });
        let workers = workers.collect::<io::Result<_>>()?;
        Ok(Self { address, draining, workers })
    }

    /// Returns the address bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets running sales end, and returns when all connections are closed.
    pub fn drain(self) {
        self.draining.send_replace(true);
        for worker in self.workers {
            // A worker that panicked has nothing left to finish.
            let _: std::thread::Result<()> = worker.join();
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Says whether somebody listens at an address already.
fn is_taken(address: SocketAddr) -> bool {
    let bound = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))
        .and_then(|socket| {
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())
        });
    bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

fn work(
    socket: std::net::TcpListener,
    make: impl FnOnce() -> Doors,
    draining: watch::Receiver<bool>,
    room: Arc<Room>,
) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().global_queue_interval(FLUSHED).build();
    let runtime = runtime.expect("a runtime needs an epoll descriptor, and some are kept free");
    runtime.block_on(async {
        let doors = Arc::new(make());
        let exchange = Arc::clone(doors.exchange());
        exchange.current().bidders.warm(Instant::now() + MAX_WARMING).await;
        let _beat = exchange.shared().pulse.beat();
        tokio::spawn(exchange.gate().watch(Arc::clone(&exchange.shared().metrics)));
        let socket = TcpListener::from_std(socket).expect("the socket is bound and non-blocking");
        let (open, mut closed) = watch::channel(());
        accept(socket, doors, draining, room, open).await;
        // The channel closes when the last connection drops its end.
        let all = timeout(DRAIN, async {
            while closed.changed().await.is_ok() {}
            // A sale whose first caller hung up has no connection here.
            exchange.idle().await;
        });
        if all.await.is_err() {
            tracing::warn!("connections or sales were still open {DRAIN:?} after the drain began");
        }
    });
    // A lookup of a name cannot be cancelled; a hung one would hold up the end.
    runtime.shutdown_background();
}

/// Accepts until draining; each connection holds an end of `open` while it lives.
async fn accept(
    socket: TcpListener,
    doors: Arc<Doors>,
    mut draining: watch::Receiver<bool>,
    room: Arc<Room>,
    open: watch::Sender<()>,
) {
    let (open, reserve) = (Arc::new(open), Reserve::of_process());
    let metrics: Arc<Metrics> = Arc::clone(&doors.exchange().shared().metrics);
    let none_left = || metrics.load.connection_refused("descriptors");
    loop {
        let (stream, peer) = tokio::select! {
            accepted = descriptors::accept(&socket, reserve, none_left) => accepted,
            () = begun(&mut draining) => return,
        };
        let seat = match room.seat(peer.ip()) {
            Ok(seat) => Arc::new(seat),
            Err(none) => {
                metrics.load.connection_refused(none.name());
                continue;
            }
        };
        let told = (Arc::clone(&seat), draining.clone());
        let connection = converse(stream, peer, Arc::clone(&doors), told);
        let held = (seat, Counted::new(&metrics), Arc::clone(&open));
        tokio::spawn(async move {
            connection.await;
            drop(held);
        });
    }
}

/// A connection of a caller, counted until this is dropped.
struct Counted(Arc<Metrics>);

impl Counted {
    fn new(metrics: &Arc<Metrics>) -> Self {
        metrics.load.connection_opened();
        Self(Arc::clone(metrics))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.load.connection_closed();
    }
}

/// Waits until the drain begins.
async fn begun(draining: &mut watch::Receiver<bool>) {
    // An error says that the server is gone, which ends all the same.
    let _: Result<_, watch::error::RecvError> = draining.wait_for(|begun| *begun).await;
}

/// Serves one connection to its end.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    doors: Arc<Doors>,
    (seat, mut draining): (Arc<Seat>, watch::Receiver<bool>),
) {
    // Nagle's delay is as long as a bidder's time; a socket that refuses is closing anyway.
    let _: io::Result<()> = stream.set_nodelay(true);
    let (stream, stamps) = Stamped::new(stream, Instant::now());
    let gate = Arc::clone(doors.exchange().gate());
    let own = Arc::clone(&seat);
    let service = service_fn(move |request| {
        let (doors, stamps, seat) = (Arc::clone(&doors), stamps.clone(), Arc::clone(&own));
        async move {
            let from = (peer.ip(), &*seat);
            Ok::<_, std::convert::Infallible>(doors.answer(request, from, stamps).await)
        }
    });
    let builder = protocol(Watched(Arc::clone(&gate)));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let leave = async {
        tokio::select! {
            () = begun(&mut draining) => {
                // A request may be on its way: its answer says that it is the last, and cuts none.
                seat.announce_end();
                Box::pin(sleep(LAST_REQUESTS)).await;
            }
            () = seat.leaving() => {}
        }
    };
    let turns = Turns::new();
    let serve = poll_fn(|cx| gate.watch_poll(|| turns.poll(cx, |cx| connection.as_mut().poll(cx))));
    let ended = tokio::select! {
        biased;
        ended = serve => ended,
        () = leave => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Runs the tasks of a connection over HTTP/2, where each request has one of its own: what refusals take
/// of them counts as it does in the task of the connection.
#[derive(Clone)]
struct Watched(Arc<Gate>);

impl<F> Executor<F> for Watched
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, task: F) {
        let (gate, mut task) = (Arc::clone(&self.0), Box::pin(task));
        tokio::spawn(poll_fn(move |cx| gate.watch_poll(|| task.as_mut().poll(cx))));
    }
}

/// HTTP/1.1 and HTTP/2 cleartext, within the limits of `docs/operating.md`.
fn protocol(tasks: Watched) -> Builder<Watched> {
    let mut builder = Builder::new(tasks);
    let mut http1 = builder.http1();
    // `stamp` times heads itself: hyper's limit would also end idle connections.
    http1.timer(TokioTimer::new()).header_read_timeout(None);
    http1.max_buf_size(64 * 1024).max_headers(100);
    // Who has said all it wants to say still wants its answer; a sale is made either way.
    http1.half_close(true);
    let mut http2 = builder.http2();
    http2
        .timer(TokioTimer::new())
        .max_concurrent_streams(100)
        .max_header_list_size(16 * 1024 + 32 * 1024);
    http2.keep_alive_interval(Duration::from_secs(20)).keep_alive_timeout(Duration::from_secs(5));
    builder
}
