//! How far fewer bidders are asked, so that sales cost less before any is refused.

use std::time::Duration;

/// The level of brownout, and what moves it.
#[derive(Debug, Default)]
pub struct Brownout {
    /// 0: all bidders are asked; each level asks fewer.
    pub level: u8,
    /// When it last rose, or was last seen to be needed.
    since: Duration,
    /// Whether the tick before was over the target.
    over: bool,
    /// When it was last needed.
    over_at: Duration,
    /// When a sale was last shed that it might have made room for.
    shed_at: Duration,
}

impl Brownout {
    /// Rises with the second tick over the target and with each `RISE` it stays so; falls by one a
    /// second, once no sale is shed any more: while some are, more could be sold with fewer asked.
    pub fn tick(&mut self, over: bool, now: Duration) {
        if over && self.over && (self.level == 0 || self.since + RISE <= now) {
            self.level = (self.level + 1).min(MOST_BROWNOUT);
            self.since = now;
        } else if !over && 0 < self.level && self.since.max(self.shed_at) + FALL <= now {
            self.level -= 1;
            self.since = now;
        }
        self.over = over;
        if over {
            self.over_at = now;
        }
    }

    /// Notes that a sale was shed: long after the last delay it is the limit that is still small.
    pub fn shed(&mut self, now: Duration) {
        if now < self.over_at + RECENT {
            self.shed_at = now;
        }
    }
}

/// A level of brownout has this long to show its effect before the next.
const RISE: Duration = Duration::from_millis(50);

/// A delay longer ago than this is no reason for what is shed now.
const RECENT: Duration = Duration::from_secs(2);

/// One level of brownout less after each of these.
const FALL: Duration = Duration::from_secs(1);

/// The highest level that still asks bidders: above it sales are shed instead.
pub const MOST_BROWNOUT: u8 = 3;
