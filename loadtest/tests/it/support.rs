//! A caller of bidders and a target for load, both bare hyper.

use std::{future::Future, io, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, Response,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use loadtest::{
    bidder::{Bidder, Running},
    character::Character,
};
use tokio::net::{TcpListener, TcpStream};

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) async fn start(character: Character) -> Running {
    Bidder::start(character, 7).await.unwrap()
}

/// Returns a bid request of `tests/data/requests`.
pub(crate) fn bid_request(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/requests");
    std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap()
}

/// Returns the same request under another id.
pub(crate) fn renamed(request: &str, id: &str) -> String {
    let mut request: serde_json::Value = serde_json::from_str(request).unwrap();
    request["id"] = id.into();
    request.to_string()
}

pub(crate) async fn connect(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub(crate) fn post(body: &str) -> Request<Full<Bytes>> {
    Request::post("/openrtb2")
        .header("host", "bidder.example")
        .header("content-type", "application/json")
        .body(Full::from(body.to_owned()))
        .unwrap()
}

pub(crate) async fn send(
    connection: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, hyper::Error> {
    connection.ready().await?;
    let response = connection.send_request(request).await?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// Asks a bidder once, on a connection of its own.
pub(crate) async fn ask(bidder: &Running, request: &str) -> Answer {
    send(&mut connect(bidder.address()).await, post(request)).await.unwrap()
}

/// Serves requests with a function, on a free port, until the test ends.
pub(crate) async fn target<F, A>(answer: F) -> SocketAddr
where
    F: Fn(String, String) -> A + Send + Sync + 'static,
    A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = Arc::clone(&answer);
                async move {
                    let path = request.uri().to_string();
                    let body = request.into_body().collect().await.map_err(io::Error::other)?;
                    let body = String::from_utf8(body.to_bytes().to_vec()).unwrap();
                    Ok::<_, io::Error>(answer(path, body).await)
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
