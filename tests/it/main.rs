//! Tests of the whole program and of the seams that last; a module a subject.

mod cue;
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod auction;
#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod answers;
mod sale;
mod vast;
#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod requests;
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod bidders;
#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod journal;
