//! Bytes get their meaning here: every form that crosses a border is read or written below.
//!
//! Pure: no clock, randomness, socket or async. Types of `model` carry what was read.

#![deny(clippy::disallowed_methods, clippy::wildcard_enum_match_arm)]

pub mod bid_request;
pub mod break_request;
pub mod cue;
//! Bytes to meaning and back: every format that crosses a border has its form here.
//!
//! Functions take values and return values; nothing here reads a clock, a socket or a file.

#![deny(clippy::disallowed_methods, clippy::wildcard_enum_match_arm)]

pub mod beacon;
pub mod json;
pub mod macros;
pub mod notice;
pub mod openrtb_answer;
pub mod sold;
pub mod vast;
pub mod price;
pub mod privacy;
//! Bytes to meaning and back: every format that crosses a border.
//!
//! Pure: no clock, no socket, no file. What it reads is checked once, here.

#![deny(clippy::disallowed_methods, clippy::wildcard_enum_match_arm)]

pub mod record;
