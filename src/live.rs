//! What is known of live streams while they run: pure state, the clock given as an argument.
//!
//! For now who is let in, the sales in force and the beacons seen; cues, notices and stream context
//! join it here.

#![deny(clippy::disallowed_methods, clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

pub mod admission;
pub mod first_use;
pub mod sales;
