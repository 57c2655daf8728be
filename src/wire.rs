//! Bytes to meaning and back: every format that crosses a border.
//!
//! Pure: no clock, no socket, no file. What it reads is checked once, here.

#![deny(clippy::disallowed_methods, clippy::wildcard_enum_match_arm)]

pub mod record;
