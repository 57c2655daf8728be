//! Simulated bidders and the load tool, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod bars;
mod bidders;
mod command;
mod faults;
mod floor;
mod markup;
mod offers;
mod open;
mod runs;
mod support;
