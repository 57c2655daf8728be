//! How many sales may run at once on one worker, and whose give way when it is too many.
//!
//! The limit follows queueing delay: how long work waits for the worker's thread. Until that is felt,
//! `backlog` keeps a burst of sales to what can be done in time. Neither CPU nor
//! the length of a sale would do, since a sale lasts as long as its bidders do. What is refused is
//! answered at once with no fill; nothing is queued. The clock is the caller's: instants are
//! lengths of time since some fixed start.

use std::mem::take;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::live::admission::backlog::Backlog;
use crate::live::admission::brownout::Brownout;
use crate::live::admission::shares::Shares;
use crate::live::admission::shed::Shed;
use crate::model::ids::PublisherId;
use crate::model::time::UnixMillis;

pub mod backlog;
pub mod brownout;
pub mod shares;
pub mod shed;

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
    shares: Shares,
    /// When the delay was last told of.
    ticked_at: Duration,
    /// Until when the limit counts as nearly reached.
    pressed_until: Duration,
    brownout: Brownout,
    backlog: Backlog,
    /// Whether a sale was shed since the last tick because too much was begun, and since when one
    /// was in every tick.
    surged: bool,
    surges_since: Option<Duration>,
    /// What answering requests that were shed took since the last tick.
    refusals: Duration,
    /// The share of the worker's time that took of late, in percent.
    refusing: u32,
    /// Counts requests refused unread.
    unread: u32,
}

/// What a worker's time went into since it was last told of.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// All work waited so long, or longer.
    pub delay: Duration,
    /// What the thread used of its processor, refusals included.
    pub used: Duration,
}

/// Who asks to sell.
#[derive(Clone, Copy, Debug)]
pub struct Asks<'a> {
    /// Whose break it is.
    pub publisher: &'a PublisherId,
    /// The publisher's weight: its share of the limit is this out of the weights of all that ask.
    pub weight: NonZeroU32,
    /// Which of the 128 cohorts of sales it belongs to: the same for one break of one viewer.
    pub cohort: u8,
    /// When the break starts, if that is known.
    pub starts: Option<UnixMillis>,
    /// When it asks.
    pub arrived_at: UnixMillis,
}

/// How much of what runs is the publisher's who asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Whose {
    /// Its part, or more.
    Large,
    /// Much less than its share, while others ask too.
    Small,
}

impl Admission {
    /// Starts at the bounds' own start; nothing runs.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            limit: bounds.start,
            running: 0,
            shares: Shares::default(),
            ticked_at: Duration::ZERO,
            pressed_until: Duration::ZERO,
            brownout: Brownout::default(),
            backlog: Backlog::default(),
            surged: false,
            surges_since: None,
            refusals: Duration::ZERO,
            refusing: 0,
            unread: 0,
        }
    }

    /// Takes other bounds; what runs above them ends in its own time.
    pub fn hold_to(&mut self, bounds: Bounds) {
        self.bounds = bounds;
        self.limit = self.limit.min(bounds.most);
    }

    /// Says why any sale would be refused just now, whosever it is: then the request need not be
    /// read.
    ///
    /// `delay` is how long work waits for the thread just now.
    pub fn refusal(&mut self, delay: Duration, now: Duration) -> Option<Shed> {
        self.rouse(now);
        // Where several ask it may be the request of one that asks for little.
        let whose = if self.shares.are_several() { Whose::Small } else { Whose::Large };
        let shed = self.has_room(whose, delay, now).err()?;
        self.unread = (self.unread + 1) % HEARD;
        if whose == Whose::Large && self.unread == 0 {
            // Who has not been heard of yet would never be, if nobody's request were read.
            return None;
        }
        self.brownout.shed(now);
        Some(shed)
    }

    /// Counts what answering a request took that was shed.
    pub fn refused(&mut self, took: Duration) {
        // To be told that a connection has something to say takes a quarter as long again.
        let took = took + took / 4;
        self.refusals += took;
        self.backlog.refused(took);
    }

    /// Begins a sale, which [`Self::end`] must end, or says why not.
    ///
    /// `delay` is how long work waits for the thread just now.
    ///
    /// # Errors
    ///
    /// When the sale must not be begun; nothing is to be ended then.
    pub fn begin(&mut self, asks: &Asks<'_>, delay: Duration, now: Duration) -> Result<(), Shed> {
        self.shares.ask(asks.publisher, asks.weight, now);
        self.rouse(now);
        let whose = self.whose(asks);
        let room = self.has_room(whose, delay, now);
        let gives_way = whose == Whose::Large && now < self.pressed_until;
        let room = room.and_then(|()| if gives_way { self.gives_way(asks) } else { Ok(()) });
        if let Err(shed) = room {
            self.brownout.shed(now);
            return Err(shed);
        }
        self.running += 1;
        self.backlog.begin();
        self.shares.begin(asks.publisher);
        Ok(())
    }

    /// Forgets what was too much when nothing was asked for a while: it says nothing any more.
    fn rouse(&mut self, now: Duration) {
        if self.ticked_at + QUIET < now {
            self.limit = self.limit.max(self.bounds.start);
            self.brownout = Brownout::default();
            self.refusing = 0;
            self.ticked_at = now;
        }
    }

    /// Says whose request it is: beside others, a publisher with less than four fifths of its share
    /// of what runs is no part of what is too much.
    ///
    /// Not of the limit: where a backlog is what bounds sales, the noisiest has little of that. Where hardly
    /// more runs than always may, of twice that, or who asks for little would soon have its part.
    fn whose(&self, asks: &Asks<'_>) -> Whose {
        let runs = self.running.max(2 * self.bounds.least);
        let share = self.shares.of(self.limit.min(runs), asks.weight);
        let small =
            self.shares.are_several() && 5 * self.shares.running(asks.publisher) < 4 * share;
        if small { Whose::Small } else { Whose::Large }
    }

    /// Returns how many sales of its publisher may run once room is short, 1 or more.
    fn share(&self, asks: &Asks<'_>) -> u32 {
        self.shares.of(self.limit, asks.weight)
    }

    /// Says whether a sale may be begun.
    fn has_room(&mut self, whose: Whose, delay: Duration, now: Duration) -> Result<(), Shed> {
        self.backlog.pass(delay, now);
        let (borne, limit, horizons) = match whose {
            Whose::Large => (2 * self.target(), self.limit, 1),
            Whose::Small => (BORNE, self.limit + self.limit / 10, self.horizons()),
        };
        // Where hardly anything runs it is not our work that waits, and shedding would relieve nothing.
        if borne < delay && self.bounds.least <= self.running {
            return Err(Shed::Delay);
        }
        if self.nearly() <= self.running {
            self.pressed_until = now + PRESSED;
        }
        if limit <= self.running {
            return Err(Shed::Full);
        }
        if self.backlog.is_long(horizons) && self.bounds.least <= self.running {
            self.surged = true;
            return Err(Shed::Surge);
        }
        Ok(())
    }

    /// Returns how many horizons of work may be to come for publishers with little of what runs: fewer
    /// where more ask, since by chance some always have little then.
    fn horizons(&self) -> u64 {
        (HORIZONS / u64::from(self.shares.asking().max(1))).max(2)
    }

    /// Says who gives way while the limit is nearly reached.
    fn gives_way(&self, asks: &Asks<'_>) -> Result<(), Shed> {
        let off = |starts: UnixMillis| asks.arrived_at.0 + SOON < starts.0;
        if asks.starts.is_some_and(off) {
            return Err(Shed::Later);
        }
        if self.share(asks) <= self.shares.running(asks.publisher) {
            return Err(Shed::Share);
        }
        // The last tenth of the limit is given by cohort: the nearer it, the fewer cohorts.
        let (room, tenth) = (self.limit - self.running, self.limit - self.nearly());
        if tenth * u32::from(asks.cohort) >= room * COHORTS {
            return Err(Shed::Cohort);
        }
        Ok(())
    }

    /// Ends a sale that was begun.
    pub fn end(&mut self, publisher: &PublisherId) {
        self.running = self.running.saturating_sub(1);
        self.backlog.end();
        self.shares.end(publisher);
    }

    /// Moves the limit and the brownout by what the last 10 ms or more went into.
    pub fn tick(&mut self, spent: Spent, now: Duration) {
        let passed = now.saturating_sub(self.ticked_at).max(TICK);
        self.ticked_at = now;
        let (refusals, surged) = (take(&mut self.refusals), take(&mut self.surged));
        self.backlog.learn(spent.used.saturating_sub(refusals));
        // A thread without work does not use its processor, and yet could.
        let had = if TARGET <= spent.delay { spent.used } else { passed };
        self.backlog.learn_pace(had, passed);
        let refusing = refusals.as_micros() * 100 / passed.as_micros();
        self.refusing = (3 * self.refusing + u32::try_from(refusing.min(100)).unwrap_or(100)) / 4;
        let (delay, target) = (spent.delay, self.target());
        let over = target <= delay && self.bounds.least <= self.running;
        self.surges_since = if surged { self.surges_since.or(Some(now)) } else { None };
        // Fewer bidders make room for sales that would take too much; a burst is over before that.
        let surges = self.surges_since.is_some_and(|since| since + SURGES <= now);
        self.brownout.tick(over || surges, now);
        if over {
            // A cut is followed by no other until the sales above the limit have ended: its effect
            // cannot be seen before.
            if self.running <= self.limit {
                self.limit = cut(self.limit, delay, target).max(self.bounds.least);
            }
        } else if delay < target && self.limit < self.running.saturating_mul(2) {
            let ticks = u32::try_from(passed.as_micros() / TICK.as_micros()).unwrap_or(MOST_TICKS);
            let growth = self.limit.saturating_mul(ticks.min(MOST_TICKS)) / GROWTH;
            self.limit = (self.limit + growth.max(1)).min(self.bounds.most);
        }
    }

    /// Returns how long work may wait before the limit shrinks: longer where much of what it waits
    /// for are refusals, since fewer sales would make these no fewer.
    fn target(&self) -> Duration {
        if CROWD <= self.refusing { CROWDED } else { TARGET }
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
}

/// Returns a limit less a fifth for each target's length above the target, at most half of it.
fn cut(limit: u32, delay: Duration, target: Duration) -> u32 {
    let over = delay.saturating_sub(target).as_micros();
    let ppm = (200_000 * over / target.as_micros()).min(500_000);
    let kept = u128::from(limit) * (1_000_000 - ppm) / 1_000_000;
    u32::try_from(kept).unwrap_or(limit)
}

/// Work may wait so long for the thread before the limit shrinks: as long as some six auctions take.
pub const TARGET: Duration = Duration::from_millis(4);

/// The same where refusals take `CROWD` percent of the worker's time or more.
const CROWDED: Duration = Duration::from_millis(16);
const CROWD: u32 = 24;

/// Sales that would take too much are shed for so long before fewer bidders are asked.
const SURGES: Duration = Duration::from_millis(200);

/// Of requests that would be refused unread, one in so many is read.
const HEARD: u32 = 32;

/// So long a delay is borne for publishers with little of what runs: a sale waits its turn three
/// times, so that a longer one would make it late.
const BORNE: Duration = Duration::from_millis(64);

/// For all of them together so many times as much work may be to come.
const HORIZONS: u64 = 12;

/// How often the delay is told of, or less often where work waits.
const TICK: Duration = Duration::from_millis(10);

/// A limit grows for at most so many ticks at once.
const MOST_TICKS: u32 = 8;

/// How long the limit counts as nearly reached once it was.
const PRESSED: Duration = Duration::from_millis(100);

/// A break further off than this, in milliseconds, can be asked for again.
const SOON: u64 = 2_000;

/// A limit in use grows by one in so many with each tick's length.
const GROWTH: u32 = 32;

/// Cohorts of sales.
pub const COHORTS: u32 = 128;

/// Without a word on delay for so long, nothing was asked.
const QUIET: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
