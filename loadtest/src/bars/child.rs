//! Child processes that never outlive this one, and the cores they run on.

use std::{
    io,
    process::{Child, Command},
    sync::Arc,
};

use parking_lot::Mutex;
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

/// The children that live: what a signal handler has to end.
#[derive(Clone, Debug, Default)]
pub struct Children(Arc<Mutex<Vec<u32>>>);

/// A child that ends when this is dropped.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    children: Children,
}

impl Children {
    /// Starts a child on the core of what is measured.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn start(&self, command: &mut Command) -> io::Result<Guarded> {
        // A child begins on the cores of the thread that starts it.
        let before = sched_getaffinity(None);
        pin(MEASURED_CORE);
        let child = command.spawn();
        if let Ok(before) = before {
            let _ = sched_setaffinity(None, &before);
        }
        let child = child?;
        self.0.lock().push(child.id());
        Ok(Guarded { child, children: self.clone() })
    }

    /// Ends every child at once.
    pub fn kill_all(&self) {
        for id in self.0.lock().drain(..) {
            signal(id, Signal::KILL);
        }
    }
}

impl Guarded {
    /// Returns the process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns whether it still runs.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Returns the child, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Stops it in its tracks.
    pub fn stop(&self) {
        signal(self.child.id(), Signal::STOP);
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        signal(self.child.id(), Signal::CONT);
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let id = self.child.id();
        self.children.0.lock().retain(|&other| other != id);
        // One that has ended already is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(id: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// Moves the current thread to one core; where there is no such core it stays where it is.
pub fn pin(core: usize) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if core < cores.max(LOAD_CORE + 1) {
        let mut set = CpuSet::new();
        set.set(core);
        let _ = sched_setaffinity(None, &set);
    }
}

/// The core of the exchange, or of the floor.
pub(crate) const MEASURED_CORE: usize = 0;

/// The core of the load and the bidders.
pub(crate) const LOAD_CORE: usize = 1;
