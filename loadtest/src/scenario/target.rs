//! Where a scenario may send its load: to this machine, unless its caller owns the other one.

use std::{collections::BTreeMap, net::IpAddr};

use hyper::{
    Uri,
    header::{HeaderName, HeaderValue},
};

use crate::scenario::{Reach, ScenarioError};

/// The host and port to connect to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// A host name or an IP address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Host and port as the `host` header says them.
    pub authority: String,
}

impl Origin {
    /// Reads `http://host:port`.
    ///
    /// # Errors
    ///
    /// Another scheme, a path, a user part, or a host beyond `reach`.
    pub fn parse(url: &str, reach: Reach) -> Result<Self, ScenarioError> {
        let refused = |what| ScenarioError::Target { url: url.to_owned(), what };
        let uri: Uri = url.parse().map_err(|_| refused("is not a URL"))?;
        if uri.scheme_str() != Some("http") {
            return Err(refused("must begin with http://"));
        }
        let authority = uri.authority().ok_or_else(|| refused("has no host"))?;
        if authority.as_str().contains('@') {
            return Err(refused("must not hold a user"));
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(refused("must be scheme, host and port only; set target.path"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let loopback = match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host == "localhost",
        };
        if !loopback && reach == Reach::Loopback {
            return Err(refused(
                "is not on this machine; load on someone else's is an attack: \
                 pass --i-own-the-target if it is yours",
            ));
        }
        // A name is not looked up where it must mean this machine.
        let host = if host == "localhost" { "127.0.0.1".to_owned() } else { host };
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self { host, port, authority: authority.as_str().to_owned() })
    }
}

/// Checks that every header can be sent.
///
/// # Errors
///
/// A name or value HTTP does not allow, or one that belongs to the connection.
pub(super) fn check_headers(headers: &BTreeMap<String, String>) -> Result<(), ScenarioError> {
    for (name, value) in headers {
        let name = HeaderName::try_from(name.as_str());
        let name =
            name.map_err(|_| ScenarioError::Bounds("target.headers: a name HTTP forbids"))?;
        HeaderValue::try_from(value.as_str())
            .map_err(|_| ScenarioError::Bounds("target.headers: a value HTTP forbids"))?;
        if OURS.contains(&name.as_str()) {
            return Err(ScenarioError::Bounds(
                "target.headers must not set host, connection, content-length or \
                 transfer-encoding",
            ));
        }
    }
    Ok(())
}

const OURS: [&str; 4] = ["host", "connection", "content-length", "transfer-encoding"];
