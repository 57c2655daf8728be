//! What memory holds: how many connections, and how many sales at once.
//!
//! Three quarters of the memory are for what others can fill: connections, and the requests and answers
//! of sales that run, each as large as it may be. The rest is for what they cannot: records on their way
//! to disk, notices, beacons, sales kept for repeats, the page cache. Reading what a machine has is
//! `cli`'s; so is holding to what comes out.

use std::fmt;

use crate::config::problem::NO_ROOM;
use crate::config::section::Section;
use crate::model::market::Market;

/// What a machine has for an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Machine {
    /// Bytes of memory.
    pub memory: u64,
    /// File descriptors.
    pub descriptors: u64,
    /// Workers, one a processor.
    pub workers: u32,
}

/// How a machine's memory is given away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    machine: Machine,
    /// Connections of callers.
    callers: u64,
}

/// What a machine has is too little for so many bidders.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Short {
    budget: Budget,
    bidders: u64,
    of: Scarce,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Scarce {
    /// It holds too few sales.
    Memory,
    /// Not each worker can have a connection to each bidder.
    Descriptors,
}

/// A connection at rest, the system's part included.
pub const CONNECTION: u64 = 32 * 1024;

/// What a caller's connection takes with its first request: room to read, and room to write.
const BUFFERS: u64 = 16 * 1024;

/// The largest body of a request.
pub const REQUEST: u64 = 256 * 1024;

/// The largest answer of a bidder, decoded.
pub const RESPONSE: u64 = 256 * 1024;

/// The sales that a worker must be able to hold at once.
pub const LEAST_SALES: u32 = 32;

/// Callers may always hold so many connections, however few descriptors there are.
const LEAST_CALLERS: u64 = 64;

impl Budget {
    /// Divides what a machine has.
    ///
    /// Callers may hold half of the descriptors and connections to bidders three eighths, but both
    /// together no more than a quarter of the budget holds: a container is often given a million
    /// descriptors that nobody asked for, and what connections take no sale can have.
    #[must_use]
    pub fn of(machine: Machine) -> Self {
        let all = Self { machine, callers: 0 }.bytes();
        let held = all / 4 / (CONNECTION * 7 / 4);
        let callers = (machine.descriptors / 2).min(held).max(LEAST_CALLERS);
        Self { machine, callers }
    }

    /// Returns how many connections callers may hold.
    #[must_use]
    pub fn callers(&self) -> u64 {
        self.callers
    }

    /// Returns how many connections to bidders there may be.
    #[must_use]
    pub fn to_bidders(&self) -> u64 {
        self.callers / 4 * 3
    }

    /// Returns how many sales each worker can hold at once when so many bidders are asked.
    ///
    /// # Errors
    ///
    /// When they are fewer than [`LEAST_SALES`], or connections are too few for each to have one to
    /// each bidder.
    pub fn sales(&self, bidders: usize) -> Result<u32, Short> {
        let bidders = u64::try_from(bidders).unwrap_or(u64::MAX);
        let short = Short { budget: *self, bidders, of: Scarce::Memory };
        let sales = self.left() / short.sale().saturating_mul(self.workers());
        let sales = u32::try_from(sales).unwrap_or(u32::MAX);
        if sales < LEAST_SALES {
            return Err(short);
        }
        if self.to_bidders() / self.workers() < bidders {
            return Err(Short { of: Scarce::Descriptors, ..short });
        }
        Ok(sales)
    }

    /// Returns how many bytes each worker touches beforehand: the buffers of its callers' connections,
    /// and no more than a 64th of the memory for all workers.
    #[must_use]
    pub fn touched(&self) -> u64 {
        let all = self.callers.saturating_mul(BUFFERS).min(self.machine.memory / 64);
        all / self.workers()
    }

    fn workers(&self) -> u64 {
        self.machine.workers.max(1).into()
    }

    /// Three quarters of the memory.
    fn bytes(&self) -> u64 {
        self.machine.memory / 4 * 3
    }

    fn connections(&self) -> u64 {
        self.callers.saturating_add(self.to_bidders()).saturating_mul(CONNECTION)
    }

    /// What connections leave to sales.
    fn left(&self) -> u64 {
        self.bytes().saturating_sub(self.connections())
    }
}

impl Short {
    /// What one sale can hold: its request, and an answer of each bidder.
    fn sale(&self) -> u64 {
        REQUEST.saturating_add(self.bidders.saturating_mul(RESPONSE))
    }

    /// Returns what an operator can do.
    fn help(&self) -> &'static str {
        match self.of {
            Scarce::Memory => {
                "give the exchange more memory or fewer processors, lower `ulimit -n`, or take bidders \
                 out: `docs/operating.md` has the sum under \"Sizing\""
            }
            Scarce::Descriptors => {
                "raise `ulimit -n`, give the exchange fewer processors, or take bidders out: \
                 `docs/operating.md` has the sum under \"Sizing\""
            }
        }
    }

    fn memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget, bidders, of: _ } = self;
        let workers = budget.workers();
        let sales = u64::from(LEAST_SALES).saturating_mul(workers).saturating_mul(self.sale());
        let [sales, left, memory, connections] =
            [sales, budget.left(), budget.machine.memory, budget.connections()].map(|it| it >> 20);
        write!(
            f,
            "{LEAST_SALES} sales at once on each of {workers} workers need {sales} MiB with {bidders} \
             bidders, and {left} MiB are there: 75 % of {memory} MiB of memory, less {connections} MiB \
             for connections"
        )
    }

    fn descriptors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget, bidders, of: _ } = self;
        let (workers, descriptors) = (budget.workers(), budget.machine.descriptors);
        let (needed, there) = (workers.saturating_mul(*bidders), budget.to_bidders());
        write!(
            f,
            "a connection of each of {workers} workers to each of {bidders} bidders makes {needed}, and \
             {there} are there: 75 % of the {} of callers, with {descriptors} descriptors",
            budget.callers()
        )
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            Scarce::Memory => self.memory(f),
            Scarce::Descriptors => self.descriptors(f),
        }
    }
}

impl std::error::Error for Short {}

/// Reports a market whose sales the machine's memory does not hold, or its descriptors the connections.
pub(super) fn judge(market: &Market, machine: Machine, root: &Section<'_>) {
    let Err(short) = Budget::of(machine).sales(market.bidders.len()) else { return };
    let told = (short.to_string(), "with these bidders", short.help().to_owned());
    root.problem(NO_ROOM, &root.place("bidder"), told);
}
