use std::fs;

use super::{Touched, most_under};

/// What lies where, and the bytes it comes to.
type Case = (&'static [(&'static str, &'static str)], Option<u64>);

const CASES: &[Case] = &[
    // A system that says nothing.
    (&[], None),
    (&[("proc/meminfo", "MemFree: 1 kB\n")], None),
    (&[("proc/meminfo", "MemTotal:       many kB\n")], None),
    // A machine without groups, and with groups that hold nobody.
    (&[("proc/meminfo", MACHINE)], Some(8 << 30)),
    (
        &[
            ("proc/meminfo", MACHINE),
            ("proc/self/cgroup", "0::/app\n"),
            ("sys/fs/cgroup/app/memory.max", "max\n"),
        ],
        Some(8 << 30),
    ),
    // Version 2: its own limit, that of a group above it, that of a container which sees its own root.
    (
        &[
            ("proc/meminfo", MACHINE),
            ("proc/self/cgroup", "0::/shop/app\n"),
            ("sys/fs/cgroup/shop/app/memory.max", "2147483648\n"),
            ("sys/fs/cgroup/shop/memory.max", "1073741824\n"),
        ],
        Some(1 << 30),
    ),
    (
        &[
            ("proc/meminfo", MACHINE),
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "536870912\n"),
        ],
        Some(512 << 20),
    ),
    // Version 1, which writes no limit as a number larger than any machine; beside it version 2.
    (
        &[
            ("proc/meminfo", MACHINE),
            ("proc/self/cgroup", "4:cpu,memory:/app\n1:cpu:/app\n0::/\n"),
            ("sys/fs/cgroup/memory/app/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "3221225472\n"),
        ],
        Some(3 << 30),
    ),
    (
        &[
            ("proc/meminfo", MACHINE),
            ("proc/self/cgroup", "4:cpu:/\n0::/app\n"),
            ("sys/fs/cgroup/unified/app/memory.max", "4294967296\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1\n"),
        ],
        Some(4 << 30),
    ),
    // The container's path as its host sees it, a path from above, and lines that are none.
    (
        &[
            ("proc/meminfo", MACHINE),
            ("proc/self/cgroup", "9:memory:/docker/4f2c\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n"),
        ],
        Some(1 << 30),
    ),
    (
        &[
            ("proc/meminfo", MACHINE),
            ("proc/self/cgroup", "memory\n\n0::/../other\n"),
            ("sys/fs/cgroup/memory.max", "1073741824\n"),
        ],
        Some(1 << 30),
    ),
    (
        &[
            ("proc/meminfo", MACHINE),
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "plenty\n"),
        ],
        Some(8 << 30),
    ),
];

const MACHINE: &str = "MemTotal:        8388608 kB\nMemFree:          917504 kB\n";

#[test]
fn the_least_of_all_limits_holds() {
    for (number, (files, expected)) in CASES.iter().enumerate() {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in *files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(most_under(root.path()), *expected, "case {number}: {files:?}");
    }
}

#[test]
fn this_machine_has_some() {
    assert!(super::most().is_none_or(|bytes| 1 << 20 < bytes));
}

/// What is touched is resident while it lives, though free.
#[test]
fn what_is_touched_stays() {
    let resident = || {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let rest = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        rest.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()
    };
    let Some(before) = resident() else { return };
    let touched = Touched::new(64 << 20);
    let after = resident().expect("it was told before");
    assert!(before + 48 * 1024 <= after, "{before} KiB, then {after}");
    drop(touched);
}
