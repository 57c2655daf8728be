//! File descriptors: how many this process may have, and the last few of them.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Descriptors that no connection may take: for files, and for whoever looks what is wrong.
pub const RESERVE: u64 = 16;

/// Those of the reserve that whoever looks may not take either: files need no more at once.
pub const FILES: u64 = 8;

/// Returns how many descriptors this process may have.
#[must_use]
pub fn most() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED)
}

/// Raises the soft limit on descriptors to the hard one: connections are what an exchange has.
pub fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit on descriptors could not be raised");
    }
}

/// Says whether something failed for want of a descriptor, of the process or of the system.
#[must_use]
pub fn is_out(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

/// The last descriptors of the process.
#[derive(Clone, Copy, Debug)]
pub struct Reserve {
    /// The first of them.
    first: u64,
}

impl Reserve {
    /// Returns the reserve under the limit of now.
    #[must_use]
    pub fn of_process() -> Self {
        Self { first: most().saturating_sub(RESERVE) }
    }

    /// Returns the part of the reserve that is for files alone, under the limit of now.
    #[must_use]
    pub fn of_files() -> Self {
        Self { first: most().saturating_sub(FILES) }
    }

    /// Says whether something took a descriptor of the reserve: it must give it back at once.
    #[must_use]
    pub fn holds(&self, taken: &impl AsRawFd) -> bool {
        // The system gives the lowest that is free: all below this one are in use.
        u64::try_from(taken.as_raw_fd()).is_ok_and(|number| self.first <= number)
    }
}

/// Accepts the next connection that leaves the reserve alone; `refused` hears of each for which there
/// was no other descriptor. May be dropped at any time: no connection is lost then that was not refused.
pub async fn accept(
    socket: &TcpListener,
    reserve: Reserve,
    refused: impl Fn(),
) -> (TcpStream, SocketAddr) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) if reserve.holds(&stream) => drop(stream),
            Ok(accepted) => return accepted,
            // It was gone before anybody looked at it.
            Err(error) if is_of_the_peer(&error) => continue,
            Err(error) => tracing::debug!(%error, "a connection could not be accepted"),
        }
        refused();
        sleep(BREATHER).await;
    }
}

/// Says whether a connection that could not be accepted was its peer's fault, and no want of ours.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Pause in accepting for want of descriptors: the reserve is touched, or there are none at all.
const BREATHER: Duration = Duration::from_millis(50);

/// What a system without a limit is taken to have.
const UNLIMITED: u64 = 65_536;

#[cfg(test)]
mod tests;
