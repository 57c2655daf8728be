//! Instants on the wall and lengths of time.
//!
//! The clock itself is `io::clock`; deadlines are monotonic instants there. Wall time goes into
//! records and expiries only.

use std::fmt;

/// A wall-clock instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// Returns the instant `length` later, saturating.
    #[must_use]
    pub fn plus(self, length: Millis) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Millis(pub u64);

impl Millis {
    /// Returns this length less `other`, at least zero.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// A length of time in nominal seconds, the unit in which pods are packed and sold.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Seconds(pub u32);

impl Seconds {
    /// Returns the nominal seconds of a real length: 29,970 ms are sold as 30 s.
    ///
    /// NTSC clocks run 1000/1001 slow, and buyers count in whole seconds. Right up to 900 s, the
    /// longest break there is.
    #[must_use]
    pub fn nominal(real: Millis) -> Self {
        let seconds = (real.0.min(MAX_BREAK.0) * 1001 / 1000 + 20) / 1000;
        Self(u32::try_from(seconds).expect("a capped break fits"))
    }

    /// Returns the length in milliseconds.
    #[must_use]
    pub fn millis(self) -> Millis {
        Millis(u64::from(self.0) * 1000)
    }
}

/// The longest break that is sold; longer ones are sold up to here.
pub const MAX_BREAK: Millis = Millis(900_000);

#[cfg(test)]
mod tests;
