//! Where we may connect to: the guard between a name someone else chose and our own network.
//!
//! A name is resolved once, every address of it is checked, and the connection goes to a checked
//! address, so that a second lookup cannot give another answer.

pub mod names;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::{fmt, io};

use ipnet::IpNet;
use tokio::net;

use crate::io::egress::names::Names;

/// Says whether an address is a public one on the internet.
///
/// The table is that of the IANA special-purpose registries, and one address that a cloud
/// provider serves its machines' secrets from.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    let inside = match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(_) => GLOBAL_UNICAST.contains(&address),
    };
    inside && !CLOSED.iter().any(|net| net.contains(&address))
}

/// Returns the addresses of a name, every one of them public.
///
/// A host may be an IP literal; it is held to the same table.
///
/// # Errors
///
/// When the name has no address, the resolver fails, or one of the addresses is not public.
pub async fn resolve_public(
    names: &Arc<Names>,
    host: &str,
    port: u16,
) -> io::Result<Vec<SocketAddr>> {
    let addresses = resolve(names, host, port).await?;
    let closed = addresses.iter().any(|address| !is_public(address.ip()));
    if closed {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, NotPublic));
    }
    Ok(addresses)
}

/// Returns the addresses of a name, whatever they are.
///
/// # Errors
///
/// When the name has no address or the resolver fails.
pub async fn resolve(names: &Arc<Names>, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let addresses = match literal(host) {
        Some(address) => vec![address],
        // No server is asked for it.
        None if host.eq_ignore_ascii_case("localhost") => look_up(host.to_owned()).await?,
        None => {
            let found = names.find(host, || look_up(host.to_owned())).await;
            found.map_err(|fault| io::Error::new(fault.kind(), NoAddress))?.to_vec()
        }
    };
    if addresses.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

/// Asks the system. It runs on a thread that nothing can end before the system answers.
async fn look_up(host: String) -> io::Result<Vec<IpAddr>> {
    let addresses = net::lookup_host((host, 0)).await?;
    Ok(addresses.map(|address| address.ip()).collect())
}

/// The fault of a name that leads into our own network; no address is told, for logs.
#[derive(Debug)]
pub struct NotPublic;

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name has an address that is not public")
    }
}

impl std::error::Error for NotPublic {}

/// The fault of a name whose addresses nobody tells.
#[derive(Debug)]
pub struct NoAddress;

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name could not be resolved")
    }
}

impl std::error::Error for NoAddress {}

fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

static GLOBAL_UNICAST: LazyLock<IpNet> =
    LazyLock::new(|| "2000::/3".parse().expect("the literal is a network"));

static CLOSED: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    CLOSED_NETS.iter().map(|net| net.parse().expect("each literal is a network")).collect()
});

const CLOSED_NETS: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "::1/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

#[cfg(test)]
mod tests;
