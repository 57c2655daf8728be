//! The floor through hyper: what the library's bare fan-out costs, on one current-thread runtime.
//!
//! Not hyper-util's legacy client, which starves what comes late: an own pool per bidder, last in
//! first out, of `hyper::client::conn::http1` with `writev(false)`.

use std::{
    cell::RefCell,
    io,
    net::{SocketAddr, TcpListener},
    rc::Rc,
};

use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1::{Builder, SendRequest},
    header::{CONTENT_TYPE, HOST, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    net::TcpStream,
    runtime,
    task::{LocalSet, spawn_local},
    time::{Duration, sleep},
};
use tokio_rustls::TlsConnector;

use crate::floor::{BID_PATH, Floor, FloorError, MAX_BYTES, trust};

type Sender = SendRequest<Full<Bytes>>;

/// The connections to one bidder.
struct Pool {
    address: SocketAddr,
    host: HeaderValue,
    tls: Option<TlsConnector>,
    idle: RefCell<Vec<Sender>>,
}

/// Serves until the process ends.
pub(super) fn serve(
    floor: &Floor,
    listener: TcpListener,
    tell: impl FnOnce() -> Result<(), FloorError>,
) -> Result<(), FloorError> {
    let failed = |what| move |source| FloorError::System { what, source };
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(failed("starting the runtime"))?;
    LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed("listening"))?;
        let pools = Rc::new(pools(floor)?);
        for pool in pools.iter() {
            for _ in 0..floor.warm {
                // A bidder that is not there yet is dialled when it is asked.
                let Ok(sender) = pool.dial().await else { break };
                pool.idle.borrow_mut().push(sender);
            }
        }
        tell()?;
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let _ = stream.set_nodelay(true);
            let pools = Rc::clone(&pools);
            spawn_local(async move {
                let service = service_fn(|request| answer(&pools, request));
                // A caller that goes away is its own affair.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

fn pools(floor: &Floor) -> Result<Vec<Pool>, FloorError> {
    let tls = floor.certificate.clone().map(trust).transpose()?.map(TlsConnector::from);
    let pool = |&address: &SocketAddr| Pool {
        address,
        host: HeaderValue::try_from(address.to_string()).expect("an address is visible text"),
        tls: tls.clone(),
        idle: RefCell::default(),
    };
    Ok(floor.bidders.iter().map(pool).collect())
}

/// Sends the caller's bytes to every bidder and returns the last bidder's answer.
async fn answer(
    pools: &[Pool],
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let Ok(body) = Limited::new(request.into_body(), MAX_BYTES).collect().await else {
        return Ok(failed());
    };
    let body = body.to_bytes();
    let answers = join_all(pools.iter().map(|pool| pool.call(body.clone()))).await;
    let mut last = Bytes::new();
    for answer in answers {
        match answer {
            Ok(answer) => last = answer,
            Err(_) => return Ok(failed()),
        }
    }
    Ok(Response::new(Full::new(last)))
}

fn failed() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

impl Pool {
    async fn call(&self, body: Bytes) -> io::Result<Bytes> {
        let mut sender = self.take().await?;
        let request = Request::post(BID_PATH)
            .header(HOST, self.host.clone())
            .header(CONTENT_TYPE, JSON)
            .header("x-openrtb-version", VERSION)
            .body(Full::new(body))
            .map_err(io::Error::other)?;
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let body = Limited::new(response.into_body(), MAX_BYTES).collect().await;
        let body = body.map_err(io::Error::other)?.to_bytes();
        self.idle.borrow_mut().push(sender);
        Ok(body)
    }

    /// Takes the connection used last, or makes one.
    async fn take(&self) -> io::Result<Sender> {
        loop {
            let idle = self.idle.borrow_mut().pop();
            let Some(mut sender) = idle else { return self.dial().await };
            if sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
    }

    async fn dial(&self) -> io::Result<Sender> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let mut builder = Builder::new();
        builder.writev(false);
        // The connections end with their senders; how they end is seen by the request on them.
        let sender = match &self.tls {
            None => {
                let shaken = builder.handshake(TokioIo::new(stream)).await;
                let (sender, connection) = shaken.map_err(io::Error::other)?;
                spawn_local(async move {
                    let _ = connection.await;
                });
                sender
            }
            Some(tls) => {
                let name = ServerName::IpAddress(self.address.ip().into());
                let stream = tls.connect(name, stream).await?;
                let shaken = builder.handshake(TokioIo::new(stream)).await;
                let (sender, connection) = shaken.map_err(io::Error::other)?;
                spawn_local(async move {
                    let _ = connection.await;
                });
                sender
            }
        };
        Ok(sender)
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const VERSION: HeaderValue = HeaderValue::from_static("2.6");
