//! How much memory this process may use: the machine's, or what its control groups leave it of that;
//! and memory that is the process's own before it is needed.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the bytes of memory; none where the system does not say.
#[must_use]
pub fn most() -> Option<u64> {
    most_under(Path::new("/"))
}

/// The same, as the files under `root` have it.
fn most_under(root: &Path) -> Option<u64> {
    let groups = read(&root.join("proc/self/cgroup")).unwrap_or_default();
    let limits = groups.lines().flat_map(|line| limits(root, line));
    let limits = limits.filter_map(|file| read(&file)?.trim().parse().ok());
    let machine = read(&root.join("proc/meminfo")).and_then(|text| total(&text));
    limits.chain(machine).filter(|bytes| 0 < *bytes).min()
}

/// Returns where the limits of a control group may stand, given its line of `/proc/self/cgroup`: its
/// own and those of all groups it is in. In a container some are out of sight.
fn limits(root: &Path, line: &str) -> Vec<PathBuf> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { return Vec::new() };
    let (mounts, file) = match controllers {
        "" => (&["sys/fs/cgroup", "sys/fs/cgroup/unified"][..], "memory.max"),
        _ if controllers.split(',').any(|it| it == "memory") => {
            (&["sys/fs/cgroup/memory"][..], "memory.limit_in_bytes")
        }
        _ => return Vec::new(),
    };
    // A path from above the group that can be seen leads elsewhere.
    let path = if path.contains("..") { "" } else { path.trim_matches('/') };
    let groups = || Path::new(path).ancestors();
    let file = |mount: &&str, group: &Path| root.join(mount).join(group).join(file);
    mounts.iter().flat_map(|mount| groups().map(move |group| file(mount, group))).collect()
}

/// Returns the bytes that `/proc/meminfo` counts in all.
fn total(text: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// Memory that was written to and freed again: this thread's allocations of up to 8 KiB find so much
/// of it in place, as long as this lives.
///
/// The system gives memory when it is first written to, a page at a time, and takes a
/// microsecond for it, on a virtual machine ten. A herd would wait for that.
#[derive(Debug)]
pub struct Touched {
    /// An allocator gives back what is free at the end of its memory: this keeps the end.
    _end: Vec<u8>,
}

impl Touched {
    /// Touches so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        // Blocks as small as a connection's buffers come from where those will.
        let block = || std::hint::black_box(vec![1; BLOCK]);
        let blocks: Vec<_> = std::iter::repeat_with(block).take(bytes / BLOCK).collect();
        let end = block();
        drop(blocks);
        Self { _end: end }
    }
}

/// Bytes of a connection's buffer.
const BLOCK: usize = 8 * 1024;

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

#[cfg(test)]
mod tests;
