//! Bytes get their meaning here: every form that crosses a border is read or written below.
//!
//! Pure: no clock, randomness, socket or async. Types of `model` carry what was read.

#![deny(clippy::disallowed_methods, clippy::wildcard_enum_match_arm)]

pub mod bid_request;
pub mod break_request;
pub mod cue;
pub mod price;
pub mod privacy;
