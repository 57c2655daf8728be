//! Bidders that speak HTTP/2, or pretend to.

use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, SendStream};
use hyper::{HeaderMap, Response};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::time::interval;
use tokio_rustls::TlsAcceptor;

use crate::bidders::Server;

/// What a bidder does with a call.
#[derive(Clone)]
pub(super) enum Act {
    Say(&'static [u8]),
    /// It answers and closes the connection in good order.
    SayAndLeave(&'static [u8]),
    /// It refuses the first call on the first connection, and closes that.
    RefuseFirst(&'static [u8]),
    /// It answers 200 in the coding gzip.
    Gzip(Vec<u8>),
    /// It answers so, without a body.
    Status(u16),
    /// It sends so many 103 before it answers.
    Hints(usize, &'static [u8]),
    Reset,
    /// It resets in the middle of a body.
    ResetLater,
    /// It sends 10 MiB.
    Endless,
    /// It says that the body has so many bytes, and sends three.
    Announce(usize),
    /// It sends so many fields of so many bytes.
    Fields(usize, usize),
    Hang,
    /// It hangs in the middle of a body.
    HangLater,
    /// It sends a byte each 5 ms.
    Drip,
    /// It lets no byte of a body in.
    NoWindow,
    /// It closes the connection.
    Abort,
}

/// Told of each call before it is answered; it waits for the answer to that.
pub(super) type Gate = mpsc::UnboundedSender<oneshot::Sender<()>>;

/// How a bidder lets calls in.
#[derive(Clone, Default)]
pub(super) struct Shape {
    pub(super) streams: Option<u32>,
    pub(super) gate: Option<Gate>,
}

/// Serves plain HTTP/2 to who knows that it is.
pub(super) async fn serve(act: Act, shape: Shape) -> Server {
    let (listener, address) = listen().await;
    let (server, connections) = server(format!("http://{address}/bid"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = connections.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(speak(stream, act.clone(), shape.clone(), number));
        }
    });
    server
}

/// Serves over TLS those who take one of these protocols, under a certificate of its own.
pub(super) async fn serve_tls(protocols: &[&[u8]], act: Act) -> (Server, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, address) = listen().await;
    let (server, connections) = server(format!("https://localhost:{}/bid", address.port()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let number = connections.fetch_add(1, Ordering::Relaxed);
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            tokio::spawn(speak(stream, act.clone(), Shape::default(), number));
        }
    });
    (server, cert.der().clone())
}

/// Says one thing at once and another when a request has come, whatever it is.
pub(super) async fn serve_raw(first: Vec<u8>, then: Vec<u8>) -> Server {
    let (listener, address) = listen().await;
    let (mut server, connections) = server(format!("http://{address}/bid"));
    let (close, closed) = mpsc::unbounded_channel();
    server.closed = closed;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            let (first, then, close) = (first.clone(), then.clone(), close.clone());
            tokio::spawn(async move {
                stream.write_all(&first).await.unwrap();
                let mut read = Vec::new();
                while !read.ends_with(crate::bidders::BODY) {
                    match stream.read_u8().await {
                        Ok(byte) => read.push(byte),
                        Err(_) => return,
                    }
                }
                // The exchange hangs up in the middle of a lie.
                let said = stream.write_all(&then).await;
                if said.is_ok() && !then.is_empty() {
                    let mut rest = Vec::new();
                    let _reset = stream.read_to_end(&mut rest).await;
                }
                let _nobody_listens = close.send(());
            });
        }
    });
    server
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn server(url: String) -> (Server, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let (_, closed) = mpsc::unbounded_channel();
    (Server { url, connections: Arc::clone(&connections), closed }, connections)
}

/// Serves a connection, the `number`th from 0.
async fn speak<S>(stream: S, act: Act, shape: Shape, number: usize)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut builder = Builder::new();
    if let Some(streams) = shape.streams {
        builder.max_concurrent_streams(streams);
    }
    if matches!(act, Act::NoWindow) {
        builder.initial_window_size(0);
    }
    let Ok(mut connection) = builder.handshake::<S, Bytes>(stream).await else { return };
    // One that the exchange breaks off has nothing to say.
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        match act {
            Act::Abort => return,
            Act::RefuseFirst(_) if number == 0 => {
                respond.send_reset(Reason::REFUSED_STREAM);
                connection.graceful_shutdown();
                continue;
            }
            Act::SayAndLeave(_) => connection.graceful_shutdown(),
            _ => {}
        }
        let (act, gate) = (act.clone(), shape.gate.clone());
        tokio::spawn(async move {
            if let Some(gate) = gate {
                let (go, goes) = oneshot::channel();
                gate.send(go).unwrap();
                goes.await.unwrap();
            }
            answer(act, respond).await;
            drop(request);
        });
    }
}

async fn answer(act: Act, mut respond: SendResponse<Bytes>) {
    let response = |status: u16| Response::builder().status(status).body(()).unwrap();
    match act {
        Act::Say(body) | Act::SayAndLeave(body) | Act::RefuseFirst(body) => {
            say(&mut respond, response(200), body);
        }
        Act::Gzip(body) => {
            let mut response = response(200);
            response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
            say(&mut respond, response, &body);
        }
        Act::Status(status) => {
            respond.send_response(response(status), true).unwrap();
        }
        Act::Hints(count, body) => {
            for _ in 0..count {
                respond.send_informational(response(103)).unwrap();
            }
            say(&mut respond, response(200), body);
        }
        Act::Announce(length) => {
            let mut response = response(200);
            response.headers_mut().insert("content-length", length.into());
            say(&mut respond, response, b"bid");
        }
        Act::Fields(count, size) => {
            let mut response = response(200);
            *response.headers_mut() = fields(count, size);
            say(&mut respond, response, b"bid");
        }
        Act::Reset => respond.send_reset(Reason::INTERNAL_ERROR),
        Act::Hang | Act::NoWindow | Act::Abort => {
            poll_fn(|context| respond.poll_reset(context)).await.ok();
        }
        Act::ResetLater | Act::Endless | Act::HangLater | Act::Drip => {
            let body = respond.send_response(response(200), false).unwrap();
            go_on(act, body).await;
        }
    }
}

/// Goes on after a head.
async fn go_on(act: Act, mut body: SendStream<Bytes>) {
    body.send_data(Bytes::from_static(b"{\"id\""), false).unwrap();
    match act {
        Act::ResetLater => {
            // What has not left yet would be taken back.
            let mut ticks = interval(Duration::from_millis(20));
            ticks.tick().await;
            ticks.tick().await;
            body.send_reset(Reason::INTERNAL_ERROR);
        }
        Act::Endless => {
            body.send_data(Bytes::from(vec![b' '; 10 << 20]), true).unwrap();
            until_reset(&mut body).await;
        }
        Act::Drip => {
            let mut ticks = interval(Duration::from_millis(5));
            while body.send_data(Bytes::from_static(b" "), false).is_ok() {
                ticks.tick().await;
            }
        }
        _ => until_reset(&mut body).await,
    }
}

/// Waits until the exchange wants no more of it.
async fn until_reset(body: &mut SendStream<Bytes>) {
    if poll_fn(|context| body.poll_reset(context)).await.is_err() {
        pending::<()>().await;
    }
}

fn say(respond: &mut SendResponse<Bytes>, response: Response<()>, body: &[u8]) {
    let mut stream = respond.send_response(response, false).unwrap();
    // The exchange may have reset it.
    let _ = stream.send_data(Bytes::copy_from_slice(body), true);
}

fn fields(count: usize, size: usize) -> HeaderMap {
    let value = "x".repeat(size);
    let field = |at: usize| (format!("x-{at}").parse().unwrap(), value.parse().unwrap());
    (0..count).map(field).collect::<HeaderMap>()
}

/// Writes a frame (RFC 9113 §4.1).
pub(super) fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}
