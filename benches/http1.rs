//! What one call costs beyond the kernel: this client and hyper's over the same pipe in memory.

#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

use std::hint::black_box;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use breakwater::io::body::Limits;
use breakwater::io::connect::Address;
use breakwater::io::connection;
use breakwater::io::http1::{Connection, Head};
use breakwater::model::call::AnswerOutcome;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Uri};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

fn calls(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let mut group = criterion.benchmark_group("call of 2 KB, answer of 1.2 KB");
    group.throughput(Throughput::Elements(1));
    for (name, answer) in [
        ("content-length", whole(BODY)),
        ("chunked", chunked(BODY)),
        ("no bid", b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
    ] {
        group.bench_function(format!("own, {name}"), |bench| {
            let mut connection = Some(own(&answer));
            let (head, body) = (head(), Arc::<[u8]>::from(vec![b'x'; ASKED]));
            bench.iter(|| {
                let call = connection.take().unwrap().call(&head, Arc::clone(&body), false);
                let finished = runtime.block_on(call);
                // Worn out after so many calls.
                let kept = finished.connection.filter(Connection::is_reusable);
                connection = Some(kept.unwrap_or_else(|| own(&answer)));
                black_box(finished.fetched.unwrap())
            });
        });
        group.bench_function(format!("hyper, {name}"), |bench| {
            let mut connection = hypers(&runtime, &answer);
            let body = Bytes::from(vec![b'x'; ASKED]);
            bench.iter(|| {
                if !connection.is_reusable() {
                    connection = hypers(&runtime, &answer);
                }
                let sent = AtomicBool::new(false);
                let called = connection.exchange(request(body.clone()), &sent);
                let connection::Exchange::Done(fetched) = runtime.block_on(called) else {
                    panic!("not sent");
                };
                assert!(!matches!(fetched.outcome, AnswerOutcome::Failed(_)));
                black_box(fetched)
            });
        });
    }
    group.finish();
}

/// A peer that answers each request it has read whole with the same bytes.
struct Peer {
    answer: Vec<u8>,
    /// Bytes of the request that are still to come, and how many it has.
    left: usize,
    asked: usize,
    /// Bytes of the answer that are still to be read.
    owed: usize,
    reader: Option<Waker>,
}

impl AsyncRead for Peer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.owed == 0 {
            self.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let from = self.answer.len() - self.owed;
        let size = self.owed.min(buffer.remaining());
        buffer.put_slice(&self.answer[from..from + size]);
        self.owed -= size;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.asked == 0 {
            // Whatever the head's length, the body's is known.
            let head = memchr::memmem::find(bytes, b"\r\n\r\n").unwrap() + 4;
            self.asked = head + ASKED;
            self.left = self.asked;
        }
        self.left -= bytes.len();
        if self.left == 0 {
            (self.asked, self.owed) = (0, self.answer.len());
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn peer(answer: &[u8]) -> Box<Peer> {
    Box::new(Peer { answer: answer.to_vec(), left: 0, asked: 0, owed: 0, reader: None })
}

fn own(answer: &[u8]) -> Connection {
    Connection::new(peer(answer), LIMITS, Instant::now() + Duration::from_secs(3_600))
}

fn hypers(runtime: &Runtime, answer: &[u8]) -> connection::Connection {
    runtime.block_on(connection::Connection::open(peer(answer), LIMITS)).unwrap()
}

fn head() -> Arc<Head> {
    Arc::new(Head::post(&Address::parse("http://acme.example:8080/bid?k=1", false).unwrap()))
}

fn request(body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("/bid?k=1");
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::from_static("acme.example:8080"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert("x-openrtb-version", HeaderValue::from_static("2.6"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    request
}

fn whole(length: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Sat, 21 Nov 2026 20:00:00 \
         GMT\r\nserver: acme\r\nx-openrtb-version: 2.6\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), &vec![b'y'; length]].concat()
}

fn chunked(length: usize) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Sat, 21 Nov 2026 20:00:00 \
         GMT\r\nserver: acme\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n"
    );
    [head.as_bytes(), &vec![b'y'; length], b"\r\n0\r\n\r\n"].concat()
}

const LIMITS: Limits = Limits { encoded: 128 * 1024, decoded: 256 * 1024 };
const ASKED: usize = 2_048;
const BODY: usize = 1_200;

criterion_group!(benches, calls);
criterion_main!(benches);
