//! File descriptors: how many this process may have, and the last few of them.

use std::os::fd::AsRawFd;

use rustix::process::{Resource, getrlimit};

/// Descriptors that no connection may take: for files, and for whoever looks what is wrong.
pub const RESERVE: u64 = 16;

/// Returns how many descriptors this process may have.
#[must_use]
pub fn most() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED)
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

    /// Says whether something took a descriptor of the reserve: it must give it back at once.
    #[must_use]
    pub fn holds(&self, taken: &impl AsRawFd) -> bool {
        // The system gives the lowest that is free: all below this one are in use.
        u64::try_from(taken.as_raw_fd()).is_ok_and(|number| self.first <= number)
    }
}

/// What a system without a limit is taken to have.
const UNLIMITED: u64 = 65_536;

#[cfg(test)]
mod tests;
