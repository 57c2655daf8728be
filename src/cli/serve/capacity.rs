//! What this machine holds of an exchange, and the workers' gates that are held to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::config::budget::{Budget, LEAST_SALES, Machine, Short};
use crate::exchange::gate::Gate;
use crate::io::metrics::Metrics;
use crate::io::{descriptors, memory};
use crate::live::admission::Bounds;
use crate::model::market::Market;

/// How much the exchange takes on at most, by memory and descriptors as they were at the start.
pub(super) struct Capacity {
    budget: Budget,
    /// Sales at once on a worker.
    sales: AtomicU32,
    /// One a worker.
    gates: Vec<Arc<Gate>>,
}

impl Capacity {
    /// Finds out what the machine holds, and says so.
    ///
    /// # Errors
    ///
    /// When it holds too few sales of a market.
    pub(super) fn of(market: &Market) -> Result<Self, Short> {
        let machine = machine();
        let budget = Budget::of(machine);
        let most = budget.sales(market.bidders.len())?;
        let bounds = bounds(most);
        let (memory_mib, connections) = (machine.memory >> 20, budget.callers());
        let sales = bounds.most;
        tracing::info!(memory_mib, connections, sales, "what callers and each worker may hold");
        let gates = (0..workers()).map(|worker| Gate::new(worker, bounds)).collect();
        Ok(Self { budget, sales: AtomicU32::new(bounds.most), gates })
    }

    /// Returns the gate of a worker.
    pub(super) fn gate(&self, worker: usize) -> Arc<Gate> {
        Arc::clone(&self.gates[worker])
    }

    /// Returns how many connections callers may hold.
    pub(super) fn callers(&self) -> usize {
        usize::try_from(self.budget.callers()).unwrap_or(usize::MAX)
    }

    /// Returns how many bytes of memory each worker touches before it accepts.
    pub(super) fn touched(&self) -> usize {
        usize::try_from(self.budget.touched()).unwrap_or(usize::MAX)
    }

    /// Returns how many connections to bidders a worker may hold.
    pub(super) fn to_bidders(&self) -> usize {
        usize::try_from(self.budget.to_bidders()).unwrap_or(usize::MAX) / self.gates.len().max(1)
    }

    /// Holds the workers to what there is room for with so many bidders.
    pub(super) fn hold(&self, bidders: usize) {
        // A config that needs more was refused; the machine may have shrunk since the start.
        let bounds = bounds(self.budget.sales(bidders).unwrap_or(LEAST_SALES));
        if self.sales.swap(bounds.most, Ordering::Relaxed) != bounds.most {
            tracing::info!(sales = bounds.most, "each worker may hold another number of sales");
        }
        for gate in &self.gates {
            gate.hold_to(bounds);
        }
    }

    /// Says how much it is.
    pub(super) fn tell(&self, metrics: &Metrics) {
        let callers = u32::try_from(self.budget.callers()).unwrap_or(u32::MAX);
        metrics.load.most(self.sales.load(Ordering::Relaxed), callers);
    }
}

/// Returns what this machine has; memory that it does not tell of counts as without end.
#[must_use]
pub fn machine() -> Machine {
    Machine {
        memory: memory::most().unwrap_or(u64::MAX),
        descriptors: descriptors::most(),
        workers: u32::try_from(workers()).unwrap_or(u32::MAX),
    }
}

/// One worker a core this process may use.
pub(super) fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Returns the bounds of a worker that can hold `sales` at once.
fn bounds(sales: u32) -> Bounds {
    let most = Bounds::WORKER.most.min(sales);
    Bounds { start: Bounds::WORKER.start.min(most), most, ..Bounds::WORKER }
}
