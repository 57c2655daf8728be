//! The `breakwater` command: flags to a command, and the only exit.

fn main() {}
