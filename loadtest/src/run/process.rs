//! What the operating system says of a process: its CPU time and its memory, from `/proc`.

use std::{fs, io};

use serde::Serialize;
use thiserror::Error;

/// CPU time and memory of a process at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Usage {
    /// CPU time in its own code, in milliseconds, exact to 10.
    pub user_ms: u64,
    /// CPU time in the kernel on its behalf, in milliseconds, exact to 10.
    pub system_ms: u64,
    /// Resident memory, in bytes.
    pub rss_bytes: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Context switches of all threads that still run, wanted and not.
    pub switches: u64,
}

/// Says why a process could not be read.
#[derive(Debug, Error)]
pub enum ProcessError {
    /// There is no such process, or it ended.
    #[error("reading {path}")]
    Read {
        /// The file in `/proc`.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not as proc(5) describes it.
    #[error("{path} is not as proc(5) describes it")]
    Shape {
        /// The file in `/proc`.
        path: String,
    },
}

/// Reads a process by its id, or this one by `self`.
///
/// # Errors
///
/// No such process, or no `/proc` as Linux has it.
pub fn read(process: &str) -> Result<Usage, ProcessError> {
    let text = |file: &str| {
        let path = format!("/proc/{process}/{file}");
        match fs::read_to_string(&path) {
            Ok(text) => Ok((path, text)),
            Err(source) => Err(ProcessError::Read { path, source }),
        }
    };
    let (path, stat) = text("stat")?;
    let (user_ms, system_ms) = cpu_ms(&stat).ok_or(ProcessError::Shape { path })?;
    let (path, status) = text("status")?;
    let rss_bytes = rss_bytes(&status).ok_or(ProcessError::Shape { path })?;
    let descriptors = descriptors(process).unwrap_or(0);
    let switches = switches(process).unwrap_or(0);
    Ok(Usage { user_ms, system_ms, rss_bytes, descriptors, switches })
}

/// Counts the open descriptors; Linux from 6.2 on tells it as the folder's size.
fn descriptors(process: &str) -> io::Result<u64> {
    let path = format!("/proc/{process}/fd");
    match fs::metadata(&path)?.len() {
        0 => Ok(u64::try_from(fs::read_dir(&path)?.count()).unwrap_or(u64::MAX)),
        count => Ok(count),
    }
}

/// Adds up the context switches of every thread.
fn switches(process: &str) -> io::Result<u64> {
    let mut sum = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end while it is looked at.
        let status = fs::read_to_string(thread?.path().join("status")).unwrap_or_default();
        let lines = status.lines().filter(|line| line.contains("ctxt_switches:"));
        let counts = lines.filter_map(|line| line.rsplit(':').next()?.trim().parse::<u64>().ok());
        sum += counts.sum::<u64>();
    }
    Ok(sum)
}

/// Returns user and system time from the text of `stat`.
///
/// The second field is the command's name in brackets and may hold anything, brackets included;
/// `utime` and `stime` are fields 14 and 15.
fn cpu_ms(stat: &str) -> Option<(u64, u64)> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let mut ms = || Some(fields.next()?.parse::<u64>().ok()? * MS_PER_TICK);
    Some((ms()?, ms()?))
}

/// Returns the resident memory from the text of `status`.
fn rss_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

/// Milliseconds in one tick of `utime`: Linux shows user space 100 ticks a second (`CLK_TCK`) on
/// every architecture we build for.
const MS_PER_TICK: u64 = 10;

#[cfg(test)]
mod tests;
