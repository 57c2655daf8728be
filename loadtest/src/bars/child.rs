//! Child processes that never outlive this one, and the cores they run on.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::Arc,
};

use parking_lot::Mutex;
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};

/// The children that live and their folders: what a signal handler has to end and to remove.
#[derive(Clone, Debug, Default)]
pub struct Children(Arc<Mutex<Living>>);

#[derive(Debug, Default)]
struct Living {
    ids: Vec<u32>,
    folders: Vec<PathBuf>,
}

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
        self.0.lock().ids.push(child.id());
        Ok(Guarded { child, children: self.clone() })
    }

    /// Makes a folder that goes with the children.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        self.0.lock().folders.push(folder.to_owned());
        Ok(())
    }

    /// Removes a folder made so.
    pub fn remove_folder(&self, folder: &Path) {
        self.0.lock().folders.retain(|other| other != folder);
        // What cannot be removed is left to whoever looks after the place.
        let _ = fs::remove_dir_all(folder);
    }

    /// Ends every child at once and removes every folder.
    pub fn end_all(&self) {
        let living = std::mem::take(&mut *self.0.lock());
        living.ids.into_iter().for_each(|id| signal(id, Signal::KILL));
        for folder in living.folders {
            let _ = fs::remove_dir_all(folder);
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
        self.children.0.lock().ids.retain(|&other| other != id);
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

/// Moves the current thread to one core; where there is no such core it stays where it is. Says
/// whether it is there.
pub fn pin(core: usize) -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores.max(LOAD_CORE + 1) <= core {
        return false;
    }
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).is_ok()
}

/// The core of the exchange, or of the floor.
pub(crate) const MEASURED_CORE: usize = 0;

/// The core of the load and the bidders.
pub(crate) const LOAD_CORE: usize = 1;
