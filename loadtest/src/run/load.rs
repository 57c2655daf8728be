//! The closed loop: so many callers, each with one connection and one request in flight.
//!
//! A caller asks, reads the whole answer, and asks again. Nothing is retried: what fails is
//! counted by its kind.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request,
    client::conn::http1::{Builder, SendRequest},
    header::HOST,
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    run::reading::{self, Fill},
    scenario::{Method, Plan, Until},
};

/// One caller with its connection.
pub(crate) struct Caller {
    plan: Arc<Plan>,
    run: u64,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// What callers counted.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Requests sent, or tried.
    pub(crate) sent: u64,
    /// Answers that came whole, with a status of success, and could be read.
    pub(crate) answered: u64,
    /// Those of them that came after `tmax_ms`.
    pub(crate) late: u64,
    /// Those of them with at least one ad.
    pub(crate) with_fill: u64,
    /// Ads in all answers.
    pub(crate) ads: u64,
    /// Milliseconds of ads in all answers.
    pub(crate) filled_ms: u64,
    /// Failures by kind: `connect`, `broken`, `timeout`, `unreadable`, or a status.
    pub(crate) errors: BTreeMap<String, u64>,
    /// From asking to the last byte received, in microseconds, of what was answered.
    pub(crate) latency_us: Histogram<u64>,
}

/// How many requests are left, or how long to go on.
pub(crate) struct Budget {
    next: AtomicU64,
    end: u64,
    until: Option<Instant>,
}

impl Budget {
    /// Allows the numbers from `first` on, until the plan's end.
    pub(crate) fn measured(first: u64, until: Until) -> Self {
        match until {
            Until::Requests(count) => Self::count(first, count),
            Until::Seconds(seconds) => Self {
                next: AtomicU64::new(first),
                end: u64::MAX,
                until: Some(Instant::now() + Duration::from_secs(seconds)),
            },
        }
    }

    /// Allows so many numbers from `first` on.
    pub(crate) fn count(first: u64, count: u64) -> Self {
        Self { next: AtomicU64::new(first), end: first.saturating_add(count), until: None }
    }

    fn take(&self) -> Option<u64> {
        if self.until.is_some_and(|until| until <= Instant::now()) {
            return None;
        }
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        (n < self.end).then_some(n)
    }
}

impl Tally {
    pub(crate) fn new() -> Self {
        let latency_us = Histogram::new_with_bounds(1, LONGEST_US, 3)
            .expect("the bounds are constants the histogram allows");
        Self {
            sent: 0,
            answered: 0,
            late: 0,
            with_fill: 0,
            ads: 0,
            filled_ms: 0,
            errors: BTreeMap::new(),
            latency_us,
        }
    }

    fn answer(&mut self, fill: Fill, took: Duration, tmax: Duration) {
        self.answered += 1;
        self.late += u64::from(tmax < took);
        self.with_fill += u64::from(0 < fill.ads);
        self.ads += fill.ads;
        self.filled_ms += fill.ms;
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latency_us.saturating_record(us.max(1));
    }

    fn fail(&mut self, kind: String) {
        *self.errors.entry(kind).or_default() += 1;
    }
}

/// Connects every caller.
///
/// # Errors
///
/// The first connection refused.
pub(crate) async fn callers(plan: &Arc<Plan>, in_flight: u32, run: u64) -> io::Result<Vec<Caller>> {
    let mut callers = Vec::new();
    for _ in 0..in_flight {
        let connection = Some(connect(plan).await?);
        callers.push(Caller { plan: Arc::clone(plan), run, connection });
    }
    Ok(callers)
}

/// Lets every caller ask until the budget is spent; returns them with what they counted.
pub(crate) async fn phase(callers: Vec<Caller>, budget: Budget) -> (Vec<Caller>, Tally) {
    let budget = Arc::new(budget);
    // One tally for all: a histogram takes 140 KB, and one thread runs every caller.
    let tally = Arc::new(Mutex::new(Tally::new()));
    let mut tasks = JoinSet::new();
    for caller in callers {
        tasks.spawn(ask_until_spent(caller, Arc::clone(&budget), Arc::clone(&tally)));
    }
    let mut back = Vec::new();
    while let Some(done) = tasks.join_next().await {
        back.push(done.expect("a caller is never aborted and has no reason to panic"));
    }
    let total = tally.lock().clone();
    (back, total)
}

async fn ask_until_spent(
    mut caller: Caller,
    budget: Arc<Budget>,
    tally: Arc<Mutex<Tally>>,
) -> Caller {
    let tmax = Duration::from_millis(caller.plan.scenario.load.tmax_ms);
    while let Some(n) = budget.take() {
        let asked = Instant::now();
        let answer = caller.ask(n).await;
        let took = asked.elapsed();
        let mut tally = tally.lock();
        tally.sent += 1;
        match answer.and_then(|body| reading::read(&body).ok_or(Failure::Unreadable)) {
            Ok(fill) => tally.answer(fill, took, tmax),
            Err(failure) => tally.fail(failure.kind()),
        }
    }
    caller
}

/// Why a request got no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Failure {
    Connect,
    Broken,
    Timeout,
    Unreadable,
    Status(u16),
}

impl Failure {
    fn kind(self) -> String {
        match self {
            Self::Connect => "connect".to_owned(),
            Self::Broken => "broken".to_owned(),
            Self::Timeout => "timeout".to_owned(),
            Self::Unreadable => "unreadable".to_owned(),
            Self::Status(status) => format!("status_{status}"),
        }
    }
}

impl Caller {
    /// Sends one request and reads its answer; a failure costs the connection.
    async fn ask(&mut self, n: u64) -> Result<Bytes, Failure> {
        let wait = Duration::from_millis(self.plan.scenario.load.timeout_ms);
        let deadline = Instant::now() + wait;
        let mut connection = match timeout_at(deadline, self.ready()).await {
            Ok(connection) => connection?,
            Err(_) => return Err(Failure::Timeout),
        };
        let request = request(&self.plan, self.run, n);
        match timeout_at(deadline, exchange(&mut connection, request)).await {
            Err(_) => Err(Failure::Timeout),
            Ok(Err(failure)) => Err(failure),
            Ok(Ok((status, body))) => {
                self.connection = Some(connection);
                if (200..300).contains(&status) { Ok(body) } else { Err(Failure::Status(status)) }
            }
        }
    }

    /// Takes the connection, or makes one if the target closed it.
    async fn ready(&mut self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        if let Some(mut connection) = self.connection.take()
            && connection.ready().await.is_ok()
        {
            return Ok(connection);
        }
        connect(&self.plan).await.map_err(|_| Failure::Connect)
    }
}

async fn exchange(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<(u16, Bytes), Failure> {
    let response = connection.send_request(request).await.map_err(|_| Failure::Broken)?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
    let body = body.map_err(|error| match error.downcast_ref::<hyper::Error>() {
        Some(_) => Failure::Broken,
        None => Failure::Unreadable,
    })?;
    Ok((status, body.to_bytes()))
}

fn request(plan: &Plan, run: u64, n: u64) -> Request<Full<Bytes>> {
    let target = &plan.scenario.target;
    let method = match target.method {
        Method::Get => hyper::Method::GET,
        Method::Post => hyper::Method::POST,
    };
    let mut builder = Request::builder()
        .method(method)
        .uri(target.path.fill(run, n))
        .header(HOST, plan.origin.authority.as_str());
    for (name, value) in &target.headers {
        builder = builder.header(name, value);
    }
    let body = target.body.as_ref().map(|body| body.fill(run, n)).unwrap_or_default();
    builder.body(Full::from(body)).expect("path and headers were checked with the scenario")
}

/// Opens one connection and lets the runtime drive it.
async fn connect(plan: &Plan) -> io::Result<SendRequest<Full<Bytes>>> {
    let wait = Duration::from_millis(plan.scenario.load.timeout_ms);
    let address = (plan.origin.host.as_str(), plan.origin.port);
    let stream = timeout(wait, TcpStream::connect(address)).await??;
    stream.set_nodelay(true)?;
    let handshake = Builder::new().writev(false).handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(io::Error::other)?;
    // The connection ends with its sender; how it ends is seen by the request on it.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

/// The largest answer a caller reads.
const MAX_ANSWER_BYTES: usize = 4 * 1_024 * 1_024;

/// The longest latency the histogram tells apart: one minute.
const LONGEST_US: u64 = 60_000_000;
