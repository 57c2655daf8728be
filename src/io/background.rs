//! Threads that nobody waits for stand back for those that answer.

use rustix::process::setpriority_process;

/// Lowers the priority of the calling thread, so that on a full processor the workers go first: a
/// segment that is sealed takes a core for half a second, which would be half a second of late answers.
///
/// Where the system does not allow it, all stays as it is.
pub fn stand_back() {
    // On Linux a priority is a thread's own.
    if let Err(error) = setpriority_process(None, NICE) {
        tracing::debug!(%error, "a background thread keeps its priority");
    }
}

/// Among threads of the usual priority, about a tenth of a processor.
const NICE: i32 = 10;
