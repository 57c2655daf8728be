//! How connections are made: the one seam that tests may fill.
//!
//! `Live` resolves, checks and dials; a simulator gives pipes. Who holds connections, and for
//! how long, is the business of `bidders` and `notifier`.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use futures_util::stream::{FuturesUnordered, StreamExt};
use hyper::header::HeaderValue;
use hyper::http::uri::PathAndQuery;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use url::Url;

use crate::io::descriptors::Reserve;
use crate::io::egress;
use crate::io::egress::names::Names;

/// A connection, whatever carries it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection being made.
pub type Dial<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// Makes connections.
pub trait Connect: Send + Sync {
    /// Connects to `target`, TLS included where the target asks for it.
    fn connect<'a>(&'a self, target: &'a Target) -> Dial<'a>;
}

/// Where to connect to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    /// A domain, or an IP literal without brackets.
    pub host: Arc<str>,
    /// The TCP port.
    pub port: u16,
    /// Whether to speak TLS, the host being the name that the certificate must hold.
    pub tls: bool,
    /// Whether HTTP/2 is spoken, which TLS must have agreed on then.
    pub http2: bool,
    /// Lifts the rules about addresses (decision 35).
    pub allow_loopback: bool,
}

/// A target, and what a request to it says.
#[derive(Clone, Debug)]
pub struct Address {
    /// Where to connect to.
    pub target: Target,
    /// The `Host` header.
    pub host: HeaderValue,
    /// The request target in origin form.
    pub path: PathAndQuery,
}

impl Address {
    /// Reads an `http` or `https` URL as browsers do; `None` when it is neither, or has no host.
    #[must_use]
    pub fn parse(url: &str, allow_loopback: bool) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = url.host_str().filter(|host| !host.is_empty())?;
        let port = url.port_or_known_default()?;
        let named = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let path = url
            .query()
            .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        Some(Self {
            target: Target { host: bare.into(), port, tls, http2: false, allow_loopback },
            host: HeaderValue::from_str(&named).ok()?,
            path: PathAndQuery::try_from(path).ok()?,
        })
    }
}

/// How long connecting may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// To one address, TCP only.
    pub tcp: Duration,
    /// In all: name, TCP and TLS.
    pub total: Duration,
}

impl Patience {
    /// For bidders: beside auctions, and for documents on their time.
    pub const BIDDER: Self =
        Self { tcp: Duration::from_millis(100), total: Duration::from_millis(250) };
    /// For notices, which nobody waits for.
    pub const NOTICE: Self =
        Self { tcp: Duration::from_millis(500), total: Duration::from_millis(1_000) };
}

/// Connects over TCP and rustls.
#[derive(Clone)]
pub struct Live {
    tls: Arc<ClientConfig>,
    /// The same for those that speak HTTP/2.
    tls_http2: Arc<ClientConfig>,
    patience: Patience,
    names: Arc<Names>,
}

impl Live {
    /// Makes a connector that trusts the roots of the operating system, and `more`.
    ///
    /// # Errors
    ///
    /// When one of `more` is not a certificate.
    pub fn new(
        patience: Patience,
        more: Vec<CertificateDer<'static>>,
    ) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        let native = rustls_native_certs::load_native_certs();
        let (trusted, _) = roots.add_parsable_certificates(native.certs);
        if trusted == 0 {
            tracing::warn!("the system has no trusted root certificates: no https bidder works");
        }
        for certificate in more {
            roots.add(certificate)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A handshake costs as much as ten calls, most of it proofs that a resumed one does without.
        tls.resumption = Resumption::in_memory_sessions(MAX_SESSIONS);
        // Sessions of their own: one that was made for the other protocol is of no use.
        let mut tls_http2 = tls.clone();
        tls_http2.alpn_protocols = vec![HTTP2.to_vec()];
        tls_http2.resumption = Resumption::in_memory_sessions(MAX_SESSIONS);
        let (tls, tls_http2) = (Arc::new(tls), Arc::new(tls_http2));
        Ok(Self { tls, tls_http2, patience, names: Arc::default() })
    }

    /// Returns the same connector, sharing its roots, with another patience.
    ///
    /// It keeps its own names: those that notices lead to must not crowd out the bidders'.
    #[must_use]
    pub fn with_patience(&self, patience: Patience) -> Self {
        let (tls, tls_http2) = (Arc::clone(&self.tls), Arc::clone(&self.tls_http2));
        Self { tls, tls_http2, patience, names: Arc::default() }
    }

    async fn dial(&self, target: &Target) -> io::Result<Box<dyn Stream>> {
        let addresses = if target.allow_loopback {
            egress::resolve(&self.names, &target.host, target.port).await?
        } else {
            egress::resolve_public(&self.names, &target.host, target.port).await?
        };
        let stream = self.first(&addresses).await?;
        stream.set_nodelay(true)?;
        give_up_on_silence(&stream)?;
        if !target.tls {
            return Ok(Box::new(stream));
        }
        let name = ServerName::try_from(target.host.to_string()).map_err(io::Error::other)?;
        let tls = if target.http2 { &self.tls_http2 } else { &self.tls };
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
        let stream = stream.map_err(refused_protocol)?;
        if target.http2 && stream.get_ref().1.alpn_protocol() != Some(HTTP2) {
            return Err(io::Error::new(io::ErrorKind::Unsupported, NoHttp2));
        }
        Ok(Box::new(stream))
    }

    /// Connects to the first address that answers. The next is tried when one fails or hesitates,
    /// beside it, so that a family of addresses that leads nowhere costs little.
    async fn first(&self, addresses: &[SocketAddr]) -> io::Result<TcpStream> {
        let mut fault = io::Error::from(io::ErrorKind::NotFound);
        let mut waiting = interleave(addresses).into_iter().take(MAX_TRIED);
        let mut tried = FuturesUnordered::new();
        let mut next = waiting.next();
        loop {
            if let Some(address) = next.take() {
                tried.push(timeout(self.patience.tcp, reach(address)));
            }
            tokio::select! {
                biased;
                Some(connected) = tried.next() => match connected {
                    Ok(Ok(stream)) => return Ok(stream),
                    Ok(Err(refused)) => fault = refused,
                    Err(_) => fault = io::ErrorKind::TimedOut.into(),
                },
                () = sleep(STAGGER), if 0 < waiting.len() => {}
                else => return Err(fault),
            }
            next = waiting.next();
        }
    }
}

/// Connects to one address. A descriptor of the reserve is given back before anything is sent: a peer
/// that hesitates must not hold it.
async fn reach(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket?;
    if Reserve::of_process().holds(&socket) {
        return Err(io::Error::other("only the reserve of descriptors is left"));
    }
    socket.connect(address).await
}

/// The fault of a peer that was asked for HTTP/2 and speaks something else.
#[derive(Debug)]
pub struct NoHttp2;

impl fmt::Display for NoHttp2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bidder does not speak HTTP/2")
    }
}

impl std::error::Error for NoHttp2 {}

/// Tells the fault of a handshake whose protocol was refused from others.
fn refused_protocol(fault: io::Error) -> io::Error {
    let inner = fault.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => {
            io::Error::new(io::ErrorKind::Unsupported, NoHttp2)
        }
        _ => fault,
    }
}

/// Puts the families of addresses in turn, the family of the first one first.
fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else { return Vec::new() };
    let (mut own, mut other): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().partition(|address| address.is_ipv4() == first.is_ipv4());
    let turns = own.len().max(other.len());
    let (mut own, mut other) = (own.drain(..), other.drain(..));
    (0..turns).flat_map(|_| [own.next(), other.next()]).flatten().collect()
}

impl Connect for Live {
    fn connect<'a>(&'a self, target: &'a Target) -> Dial<'a> {
        Box::pin(async move {
            let dialled = timeout(self.patience.total, self.dial(target)).await;
            dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        })
    }
}

/// Breaks a connection whose peer acknowledges nothing, long before the system would.
#[cfg(target_os = "linux")]
fn give_up_on_silence(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(MAX_SILENCE))
}

/// Does nothing: the system has no such option.
#[cfg(not(target_os = "linux"))]
fn give_up_on_silence(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

/// The most addresses of one name that are tried.
const MAX_TRIED: usize = 4;
/// How long an address may hesitate before the next is tried as well.
const STAGGER: Duration = Duration::from_millis(50);
/// TLS sessions kept to be resumed: a few for each name.
const MAX_SESSIONS: usize = 1_024;

/// What TLS calls HTTP/2.
const HTTP2: &[u8] = b"h2";

#[cfg(target_os = "linux")]
const MAX_SILENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
