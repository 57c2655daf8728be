//! How many sales may run at once on one worker, and whose give way when it is too many.
//!
//! The limit follows queueing delay: how long work waits for the worker's thread. Neither CPU nor
//! the length of a sale would do, since a sale lasts as long as its bidders do. What is refused is
//! answered at once with no fill; nothing is queued. The clock is the caller's: instants are
//! lengths of time since some fixed start.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::ids::PublisherId;
use crate::model::time::UnixMillis;

/// Between what bounds the limit moves, and where it starts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounds {
    /// However long work waits, so many sales may run: below, nothing is cut and nobody left out.
    pub least: u32,
    /// The limit of a worker nobody has asked anything yet.
    pub start: u32,
    /// What memory and descriptors allow.
    pub most: u32,
}

impl Bounds {
    /// What a worker holds unless it is told otherwise.
    pub const WORKER: Self = Self { least: 32, start: 512, most: 4_096 };
}

/// One worker's admission of sales.
#[derive(Debug)]
pub struct Admission {
    bounds: Bounds,
    /// How many sales may run.
    limit: u32,
    /// How many do.
    running: u32,
    publishers: BTreeMap<PublisherId, Share>,
    /// Publishers that asked within the last second, as counted at `counted_at`.
    active: u32,
    counted_at: Duration,
    /// When the delay was last told of.
    ticked_at: Duration,
    /// Until when the limit counts as nearly reached.
    pressed_until: Duration,
    brownout: Brownout,
}

/// What one publisher has of the limit.
#[derive(Debug, Default)]
struct Share {
    running: u32,
    asked_at: Duration,
    /// Whether it is among those counted as active.
    active: bool,
}

/// Who asks to sell.
#[derive(Clone, Copy, Debug)]
pub struct Asks<'a> {
    /// Whose break it is.
    pub publisher: &'a PublisherId,
    /// Which of the 128 cohorts of sales it belongs to: the same for one break of one viewer.
    pub cohort: u8,
    /// When the break starts, if that is known.
    pub starts: Option<UnixMillis>,
    /// When it asks.
    pub arrived_at: UnixMillis,
}

/// Why a sale is not begun.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shed {
    /// Work waits too long for the worker's thread.
    Delay,
    /// As many sales run as may.
    Full,
    /// Nearly so, and the publisher has its share.
    Share,
    /// Nearly so, and the break is a while off: it may be asked for again.
    Later,
    /// Nearly so, and its cohort gives way.
    Cohort,
}

impl Shed {
    /// Every reason, in the order of the declaration.
    pub const ALL: [Self; 5] = [Self::Delay, Self::Full, Self::Share, Self::Later, Self::Cohort];

    /// Returns its name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::Full => "full",
            Self::Share => "share",
            Self::Later => "later",
            Self::Cohort => "cohort",
        }
    }
}

impl Admission {
    /// Starts at the bounds' own start; nothing runs.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            limit: bounds.start,
            running: 0,
            publishers: BTreeMap::new(),
            active: 0,
            counted_at: Duration::ZERO,
            ticked_at: Duration::ZERO,
            pressed_until: Duration::ZERO,
            brownout: Brownout::default(),
        }
    }

    /// Begins a sale, which [`Self::end`] must end, or says why not.
    ///
    /// `delay` is how long work waits for the thread just now.
    ///
    /// # Errors
    ///
    /// When the sale must not be begun; nothing is to be ended then.
    pub fn begin(&mut self, asks: &Asks<'_>, delay: Duration, now: Duration) -> Result<(), Shed> {
        self.count_active(now);
        if self.ticked_at + QUIET < now {
            // Nothing was asked for a while: what was too much then says nothing any more.
            self.limit = self.limit.max(self.bounds.start);
            self.brownout = Brownout::default();
            self.ticked_at = now;
        }
        let share = self.publishers.entry(asks.publisher.clone()).or_default();
        share.asked_at = now;
        if !std::mem::replace(&mut share.active, true) {
            self.active += 1;
        }
        if let Err(shed) = self.has_room(asks, delay, now) {
            self.brownout.shed(now);
            return Err(shed);
        }
        self.running += 1;
        if let Some(share) = self.publishers.get_mut(asks.publisher) {
            share.running += 1;
        }
        Ok(())
    }

    fn has_room(&mut self, asks: &Asks<'_>, delay: Duration, now: Duration) -> Result<(), Shed> {
        if self.is_jammed(delay) {
            return Err(Shed::Delay);
        }
        if self.nearly() <= self.running {
            self.pressed_until = now + PRESSED;
        }
        if self.limit <= self.running {
            return Err(Shed::Full);
        }
        if now < self.pressed_until { self.gives_way(asks) } else { Ok(()) }
    }

    /// Says who gives way while the limit is nearly reached.
    fn gives_way(&self, asks: &Asks<'_>) -> Result<(), Shed> {
        let off = |starts: UnixMillis| asks.arrived_at.0 + SOON < starts.0;
        if asks.starts.is_some_and(off) {
            return Err(Shed::Later);
        }
        let running = self.publishers.get(asks.publisher).map_or(0, |share| share.running);
        if (self.limit / self.active.max(1)).max(1) <= running {
            return Err(Shed::Share);
        }
        // The last tenth of the limit is given by cohort: the nearer it, the fewer cohorts.
        let (room, tenth) = (self.limit - self.running, self.limit - self.nearly());
        if tenth * u32::from(asks.cohort) >= room * COHORTS {
            return Err(Shed::Cohort);
        }
        Ok(())
    }

    /// Says whether work waits so long that no sale is begun.
    ///
    /// Where hardly anything runs it is not our work that waits, and shedding would relieve nothing.
    #[must_use]
    pub fn is_jammed(&self, delay: Duration) -> bool {
        2 * TARGET < delay && self.bounds.least <= self.running
    }

    /// Ends a sale that was begun.
    pub fn end(&mut self, publisher: &PublisherId) {
        self.running = self.running.saturating_sub(1);
        if let Some(share) = self.publishers.get_mut(publisher) {
            share.running = share.running.saturating_sub(1);
        }
    }

    /// Moves the limit and the brownout by the delay of the last 10 ms or more: all work waited so
    /// long, or longer.
    pub fn tick(&mut self, delay: Duration, now: Duration) {
        self.ticked_at = now;
        let over = TARGET <= delay && self.bounds.least <= self.running;
        self.brownout.tick(over, now);
        if over {
            // A cut is followed by no other until the sales above the limit have ended: its effect
            // cannot be seen before.
            if self.running <= self.limit {
                self.limit = cut(self.limit, delay).max(self.bounds.least);
            }
        } else if delay < TARGET && self.limit < self.running.saturating_mul(2) {
            self.limit = (self.limit + (self.limit / GROWTH).max(1)).min(self.bounds.most);
        }
    }

    /// Returns how many of the bidders may be asked.
    #[must_use]
    pub fn brownout(&self) -> u8 {
        self.brownout.level
    }

    /// Returns how many sales may run, and how many do.
    #[must_use]
    pub fn load(&self) -> (u32, u32) {
        (self.limit, self.running)
    }

    /// Returns nine tenths of the limit.
    fn nearly(&self) -> u32 {
        self.limit - self.limit / 10
    }

    /// Counts the publishers that asked within the last second, ten times a second.
    fn count_active(&mut self, now: Duration) {
        if now < self.counted_at + COUNTED {
            return;
        }
        self.counted_at = now;
        // What has not asked for a second and runs nothing is as good as unknown.
        self.publishers.retain(|_, share| {
            share.active = now < share.asked_at + ACTIVE;
            share.active || 0 < share.running
        });
        let active = self.publishers.values().filter(|share| share.active).count();
        self.active = u32::try_from(active).unwrap_or(u32::MAX);
    }
}

/// Returns a limit less a fifth for each target's length above the target, at most half of it.
fn cut(limit: u32, delay: Duration) -> u32 {
    let over = delay.saturating_sub(TARGET).as_micros();
    let ppm = (200_000 * over / TARGET.as_micros()).min(500_000);
    let kept = u128::from(limit) * (1_000_000 - ppm) / 1_000_000;
    u32::try_from(kept).unwrap_or(limit)
}

/// How far fewer bidders are asked, so that sales cost less before any is refused.
#[derive(Debug, Default)]
struct Brownout {
    /// 0: all bidders are asked; each level asks fewer.
    level: u8,
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
    fn tick(&mut self, over: bool, now: Duration) {
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
    fn shed(&mut self, now: Duration) {
        if now < self.over_at + RECENT {
            self.shed_at = now;
        }
    }
}

/// Work may wait so long for the thread before the limit shrinks.
pub const TARGET: Duration = Duration::from_millis(2);

/// How long the limit counts as nearly reached once it was.
const PRESSED: Duration = Duration::from_millis(100);

/// How often active publishers are counted, and who is one.
const COUNTED: Duration = Duration::from_millis(100);
const ACTIVE: Duration = Duration::from_secs(1);

/// A break further off than this, in milliseconds, can be asked for again.
const SOON: u64 = 2_000;

/// A limit in use grows by one in so many, ten milliseconds at a time.
const GROWTH: u32 = 32;

/// Cohorts of sales.
pub const COHORTS: u32 = 128;

/// A level of brownout has this long to show its effect before the next.
const RISE: Duration = Duration::from_millis(50);

/// A delay longer ago than this is no reason for what is shed now.
const RECENT: Duration = Duration::from_secs(2);

/// Without a word on delay for so long, nothing was asked.
const QUIET: Duration = Duration::from_secs(1);

/// One level of brownout less after each of these.
const FALL: Duration = Duration::from_secs(1);

/// The highest level that still asks bidders: above it sales are shed instead.
pub const MOST_BROWNOUT: u8 = 3;

#[cfg(test)]
mod tests;
