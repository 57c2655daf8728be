//! Why sales are not begun.

/// Why a sale is not begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shed {
    /// Work waits too long for the worker's thread.
    Delay,
    /// As many sales run as may.
    Full,
    /// More was begun of late than can be done soon.
    Surge,
    /// Nearly so, and the publisher has its share.
    Share,
    /// Nearly so, and the break is a while off: it may be asked for again.
    Later,
    /// Nearly so, and its cohort gives way.
    Cohort,
}

impl Shed {
    /// Every reason, in the order of the declaration.
    pub const ALL: [Self; 6] =
        [Self::Delay, Self::Full, Self::Surge, Self::Share, Self::Later, Self::Cohort];

    /// Returns its name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::Full => "full",
            Self::Surge => "surge",
            Self::Share => "share",
            Self::Later => "later",
            Self::Cohort => "cohort",
        }
    }
}
