use std::fs::File;
use std::os::fd::AsRawFd;

use super::Reserve;

#[test]
fn the_last_descriptors_are_the_reserve() {
    let file = File::open("/dev/null").unwrap();
    let number = u64::try_from(file.as_raw_fd()).unwrap();
    assert!(Reserve { first: number }.holds(&file));
    assert!(!Reserve { first: number + 1 }.holds(&file));
    assert!(!Reserve::of_process().holds(&file), "descriptor {number} is among the last");
}
