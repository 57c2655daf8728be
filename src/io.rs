//! Moves bytes: sockets, files, the clock and chance. It never knows what a bid is.

pub mod once;
//! The edge: sockets, clocks, randomness, files, counters.
//!
//! It moves bytes and never knows what a bid is. Of the model it knows ids, time, calls and
//! standing. `bidders` calls out during a sale, `notifier` after it; both connect through
//! `connect`, which holds to the address rules of `egress`.

pub mod bidders;
pub mod clock;
pub mod connect;
pub mod egress;
pub mod entropy;
pub mod metrics;
pub mod notifier;
//! The world outside: sockets, disk, clock, randomness. It moves bytes and never knows what a bid
//! is.

pub mod journal;
