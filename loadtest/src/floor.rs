//! The physical limit: a bare fan-out of the caller's bytes to every bidder, without parsing or
//! auction, answered when all bidders have answered.
//!
//! A process of its own, so that its CPU time can be set beside an exchange's in one run. `http`
//! says which way the bytes go: through hyper, or through plain epoll.

use std::{
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use thiserror::Error;

mod epoll;
mod through_hyper;

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// hyper in front, `hyper::client::conn::http1` with an own pool behind.
    Hyper,
    /// Plain epoll and HTTP written by hand.
    Epoll,
}

/// What a floor needs to know.
#[derive(Clone, Debug)]
pub struct Floor {
    /// Which way the bytes go.
    pub way: Way,
    /// Where callers find it; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where each bidder listens.
    pub bidders: Vec<SocketAddr>,
    /// Connections to each bidder that are open before the first caller comes, if it is there.
    pub warm: usize,
    /// The certificate of bidders that speak TLS; absent: they do not.
    pub certificate: Option<CertificateDer<'static>>,
}

/// Says why there is no floor.
#[derive(Debug, Error)]
pub enum FloorError {
    /// The system refused something.
    #[error("{what}")]
    System {
        /// What was being done.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate is none.
    #[error("the bidders' certificate")]
    Certificate(#[source] rustls::Error),
    /// Only the way through hyper speaks TLS.
    #[error("the epoll floor does not speak TLS: measure --http hyper --tls")]
    PlainOnly,
}

/// Serves until the process ends; prints where it listens as one JSON line first.
///
/// # Errors
///
/// An address that is taken, a certificate that is none.
pub fn serve(floor: &Floor) -> Result<(), FloorError> {
    let failed = |what| move |source| FloorError::System { what, source };
    let listener = TcpListener::bind(floor.listen).map_err(failed("listening"))?;
    let address = listener.local_addr().map_err(failed("listening"))?;
    listener.set_nonblocking(true).map_err(failed("listening"))?;
    let tell = || {
        let line = format!("{{\"listening\":\"{address}\",\"pid\":{}}}", std::process::id());
        let mut out = io::stdout();
        writeln!(out, "{line}").and_then(|()| out.flush()).map_err(failed("writing an address"))
    };
    match floor.way {
        Way::Hyper => through_hyper::serve(floor, listener, tell),
        Way::Epoll if floor.certificate.is_some() => Err(FloorError::PlainOnly),
        Way::Epoll => epoll::serve(floor, &listener, tell).map_err(|error| match error {
            epoll::Broken::System(source) => failed("fanning out")(source),
            epoll::Broken::Told(error) => error,
        }),
    }
}

/// Returns what trusts this certificate and nothing else.
pub(crate) fn trust(certificate: CertificateDer<'static>) -> Result<Arc<ClientConfig>, FloorError> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).map_err(FloorError::Certificate)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(FloorError::Certificate)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The path bidders take requests on.
pub(crate) const BID_PATH: &str = "/openrtb2";

/// The longest message either way.
pub(crate) const MAX_BYTES: usize = 1_024 * 1_024;
