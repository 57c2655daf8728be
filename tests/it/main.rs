//! Tests of the whole program and of the seams that last; a module a subject.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod journal;
