//! Tests of the whole program and of the seams that last; a module a subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod bidders;
