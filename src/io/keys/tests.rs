use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{beacon, rotate};
use crate::model::time::UnixMillis;

const HOUR: u64 = 3_600_000;

#[test]
fn keys_are_kept_between_starts_and_rotate_after_a_day() {
    let data = tempfile::tempdir().unwrap();
    let ids = |hours: u64| {
        let keys = beacon(data.path(), UnixMillis(hours * HOUR)).unwrap();
        keys.iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(1_000), [1]);
    let path = data.path().join("keys/beacon");
    let before = fs::read_to_string(&path).unwrap();
    assert_eq!(ids(1_023), [1]);
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
    assert_eq!(ids(1_024), [2, 1]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_key_is_forgotten_when_its_successor_is_two_days_old() {
    let mut keys = Vec::new();
    for day in [0, 1, 2, 3] {
        assert!(rotate(&mut keys, UnixMillis(day * 24 * HOUR), || [0; 32]));
    }
    let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
    assert_eq!(ids, [4, 3, 2]);
}

#[test]
fn a_damaged_file_is_refused_by_name() {
    for text in ["", "1 00 5\n", "x\n", "1 zz 5 6\n"] {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir(data.path().join("keys")).unwrap();
        fs::write(data.path().join("keys/beacon"), text).unwrap();
        let error = beacon(data.path(), UnixMillis(0)).err().unwrap();
        assert!(error.to_string().contains("keys/beacon"), "{error}");
    }
}
