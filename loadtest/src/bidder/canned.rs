//! A bidder that costs the tool little: answers learnt once, then only the request's id put in.
//!
//! For requests of one shape, such as a scenario has. The first requests are answered as any bidder
//! answers them, and their answers are kept in turn; HTTP is read by hand, and a connection is one
//! task that owns no buffer while it waits.

use std::{
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use memchr::memmem;
use openrtb::request::BidRequest;
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::sleep,
};

use crate::{
    bidder::{
        reply::{Reply, Said},
        serve::{BILLING_PATH, ENDPOINT_PATH, LOSS_PATH, Server, WIN_PATH},
        wire::Ending,
    },
    character::{Fault, Faults, Share},
    draw::Draw,
    http,
};

/// What has been learnt.
pub(super) struct Canned(Mutex<State>);

struct State {
    answers: Vec<Learnt>,
    turn: usize,
    draw: Draw,
}

/// One answer without the id of its request.
#[derive(Clone)]
struct Learnt {
    bids: u64,
    /// The pieces between which the id stands; empty for a no-bid.
    pieces: Arc<[Bytes]>,
}

impl std::fmt::Debug for Canned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Canned({})", self.0.lock().answers.len())
    }
}

impl Canned {
    pub(super) fn new(seed: u64, id: &str) -> Self {
        let state = State { answers: Vec::new(), turn: 0, draw: Draw::new(seed, id) };
        Self(Mutex::new(state))
    }
}

/// What becomes of one request.
struct Act {
    latency: Duration,
    fault: Option<Fault>,
}

impl Act {
    const AT_ONCE: Self = Self { latency: Duration::ZERO, fault: None };
}

/// Serves one connection to its end.
pub(super) async fn connection<S>(mut stream: S, ending: Ending, server: Arc<Server>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut kept = Vec::new();
    let mut out = Vec::new();
    loop {
        let read = http::read(&mut stream, &mut kept, |bytes| {
            let whole = http::request(bytes)?;
            Ok(whole.map(|(request, used)| (answer(&server, &request, &mut out), used)))
        });
        // A connection that breaks is the peer's affair.
        let Ok(Act { latency, fault }) = read.await else { return };
        if !latency.is_zero() {
            sleep(latency).await;
        }
        let sent = match fault {
            Some(Fault::Reset) => return ending.reset(),
            // Whatever the peer does, only its end ends this.
            Some(Fault::Hang) => loop {
                let ignore = |bytes: &[u8]| Ok(Some(((), bytes.len())));
                if http::read(&mut stream, &mut kept, ignore).await.is_err() {
                    return;
                }
            },
            Some(Fault::SlowDrip) => drip(&mut stream, &out).await,
            _ => stream.write_all(&out).await,
        };
        if sent.is_err() || stream.flush().await.is_err() {
            return;
        }
        out = Vec::new();
    }
}

/// Sends the head at once and the rest a few bytes at a time.
async fn drip<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    let body = memmem::find(bytes, b"\r\n\r\n").map_or(0, |end| end + 4);
    stream.write_all(&bytes[..body]).await?;
    for piece in bytes[body..].chunks(DRIP_BYTES) {
        stream.write_all(piece).await?;
        stream.flush().await?;
        sleep(DRIP_PAUSE).await;
    }
    Ok(())
}

/// Writes the answer to a request and returns what becomes of it.
fn answer(server: &Server, request: &http::Request<'_>, out: &mut Vec<u8>) -> Act {
    let path = request.path.split('?').next().unwrap_or_default();
    let counters = server.counters();
    match path {
        ENDPOINT_PATH if request.method == "POST" => {
            counters.requests.add(1);
            let mut plain = Vec::new();
            let mut body = request.body;
            if request.gzip {
                let most = u64::try_from(MAX_REQUEST_BYTES).unwrap_or(u64::MAX);
                // What cannot be unpacked is read as far as it could be, and refused below.
                let _ = MultiGzDecoder::new(body).take(most).read_to_end(&mut plain);
                body = &plain;
            }
            auction(server, body, out)
        }
        WIN_PATH | LOSS_PATH | BILLING_PATH => {
            server.count_notice(request.path);
            out.extend_from_slice(NO_CONTENT);
            Act::AT_ONCE
        }
        _ => {
            out.extend_from_slice(NOT_FOUND);
            Act::AT_ONCE
        }
    }
}

fn auction(server: &Server, body: &[u8], out: &mut Vec<u8>) -> Act {
    let counters = server.counters();
    let (Some(canned), Some(id)) = (server.canned(), quick_id(body)) else {
        counters.unreadable.add(1);
        out.extend_from_slice(BAD_REQUEST);
        return Act::AT_ONCE;
    };
    let mut state = canned.0.lock();
    let latency = server.profile().draw_latency(&mut state.draw);
    let faults = server.faults();
    if Share::NEVER < faults.rate && state.draw.unit() < faults.rate.get() {
        let fault = faults.kinds[state.draw.below(faults.kinds.len())];
        counters.faults.add(1);
        let learnt = state.answers.iter().find(|learnt| !learnt.pieces.is_empty());
        match (fault, learnt) {
            (Fault::Http5xx, _) | (_, None) => out.extend_from_slice(UNAVAILABLE),
            (_, Some(learnt)) => write(&learnt.pieces, id, out),
        }
        return Act { latency, fault: Some(fault) };
    }
    let learnt = if state.answers.len() < LEARNT {
        learn(server, body).inspect(|learnt| state.answers.push(learnt.clone()))
    } else {
        state.turn = (state.turn + 1) % LEARNT;
        state.answers.get(state.turn).cloned()
    };
    drop(state);
    match learnt {
        None => {
            counters.unreadable.add(1);
            out.extend_from_slice(BAD_REQUEST);
        }
        Some(learnt) if learnt.pieces.is_empty() => {
            counters.no_bids.add(1);
            out.extend_from_slice(NO_CONTENT);
        }
        Some(learnt) => {
            counters.bid_responses.add(1);
            counters.bids.add(learnt.bids);
            write(&learnt.pieces, id, out);
        }
    }
    Act { latency, fault: None }
}

/// Reads a request whole and keeps what is answered to it.
fn learn(server: &Server, body: &[u8]) -> Option<Learnt> {
    let request: BidRequest<'_> = serde_json::from_slice(body).ok()?;
    let id = request.id.as_bytes();
    // The id found without reading must be the one that reading finds.
    if quick_id(body) != Some(id) || id.is_empty() {
        return None;
    }
    let Reply { said, .. } = server.profile().reply(&request, &Faults::default());
    let Said::Bids { count, json } = said else {
        return Some(Learnt { bids: 0, pieces: Arc::new([]) });
    };
    let mut pieces = Vec::new();
    let mut begin = 0;
    for at in memmem::find_iter(&json, id) {
        pieces.push(json.slice(begin..at));
        begin = at + id.len();
    }
    pieces.push(json.slice(begin..));
    Some(Learnt { bids: count, pieces: pieces.into() })
}

/// Finds the id where this tool's targets write it: first in the object.
fn quick_id(body: &[u8]) -> Option<&[u8]> {
    let at = memmem::find(body, br#""id":""#)? + 6;
    let length = memchr::memchr(b'"', &body[at..])?;
    Some(&body[at..at + length])
}

fn write(pieces: &[Bytes], id: &[u8], out: &mut Vec<u8>) {
    let length =
        pieces.iter().map(Bytes::len).sum::<usize>() + pieces.len().saturating_sub(1) * id.len();
    out.extend_from_slice(HEAD);
    out.extend_from_slice(length.to_string().as_bytes());
    out.extend_from_slice(b"\r\n\r\n");
    for (number, piece) in pieces.iter().enumerate() {
        if 0 < number {
            out.extend_from_slice(id);
        }
        out.extend_from_slice(piece);
    }
}

/// Answers kept in turn.
const LEARNT: usize = 16;

/// How much of a slow answer comes at once.
const DRIP_BYTES: usize = 8;

/// How long a slow answer rests after that.
const DRIP_PAUSE: Duration = Duration::from_millis(100);

/// The largest request it unpacks.
const MAX_REQUEST_BYTES: usize = 1_024 * 1_024;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                      x-openrtb-version: 2.6\r\ncontent-length: ";
const UNAVAILABLE: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
const NO_CONTENT: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";
const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";

#[cfg(test)]
mod tests;
