//! Fields are found whatever the command is called.

use super::{cpu_ms, read, rss_bytes};

#[test]
fn reads_the_fields_behind_any_name() {
    let rest = "S 1 2 3 0 -1 4194304 100 0 0 0 250 37 0 0 20 0 1 0 12345 1000 200";
    for name in ["breakwater", "a b", "a) R 9 9", "(((", ")"] {
        assert_eq!(cpu_ms(&format!("77 ({name}) {rest}")), Some((2_500, 370)), "name {name:?}");
    }
    assert_eq!(cpu_ms("77 (x) S 1 2"), None);
    assert_eq!(cpu_ms(""), None);
    assert_eq!(rss_bytes("Name:\tx\nVmRSS:\t   2048 kB\n"), Some(2_097_152));
    assert_eq!(rss_bytes("Name:\tkernel thread\n"), None);
}

#[test]
fn reads_this_process_and_refuses_a_missing_one() {
    let usage = read("self").unwrap();
    assert!(0 < usage.rss_bytes && 3 <= usage.descriptors && 0 < usage.switches, "{usage:?}");
    assert!(read("0").is_err());
}
