//! This crate's own documents: those that are read, and those that are refused.

use std::fs;

use serde_json::Value;

use crate::files::{documents, kind, own, rewrite};

/// What is written is what was read, member for member, or what `*.written.json` says.
#[test]
fn valid_documents_are_read_and_written() {
    for path in documents(&own("valid")) {
        let text = fs::read_to_string(&path).unwrap();
        let written = rewrite(kind(&path), &text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let expected = fs::read_to_string(path.with_extension("written.json")).unwrap_or(text);
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let written: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(written, expected, "{}", path.display());
    }
}

/// Each malformed document is refused, with the error in the file beside it.
/// `UPDATE_EXPECT=1` rewrites those files.
#[test]
fn malformed_documents_are_refused() {
    for path in documents(&own("malformed")) {
        let text = fs::read_to_string(&path).unwrap();
        let error = rewrite(kind(&path), &text)
            .expect_err(&format!("{} is read", path.display()))
            .to_string();
        let beside = path.with_extension("error");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&beside, format!("{error}\n")).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(error, expected.trim_end(), "{}", path.display());
    }
}
