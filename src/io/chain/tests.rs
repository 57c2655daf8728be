use std::io;
use std::path::PathBuf;

use super::Chain;
use crate::io::journal::JournalError;

#[test]
fn an_error_is_told_with_what_caused_it() {
    let source = io::Error::from(io::ErrorKind::StorageFull);
    let error = JournalError::Io { doing: "write", path: PathBuf::from("a.seg"), source };
    assert_eq!(Chain(&error).to_string(), "write a.seg: no storage space");
    let alone = io::Error::other("alone");
    assert_eq!(Chain(&alone).to_string(), "alone");
}

#[test]
fn what_is_said_already_is_not_said_again() {
    let twice = io::Error::other(io::Error::other("once"));
    assert_eq!(Chain(&twice).to_string(), "once");
}
