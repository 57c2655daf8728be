//! Gives bytes their meaning: every form that crosses a border is read or written below.
//!
//! Pure: no clock, randomness, socket or async. Types of `model` carry what was read.

#![deny(clippy::disallowed_methods, clippy::wildcard_enum_match_arm)]

pub mod beacon;
pub mod bid_request;
pub mod bid_response;
pub mod break_request;
pub mod cue;
pub mod domain;
pub mod explain;
pub mod house;
pub mod json;
pub mod macros;
pub mod notice;
pub mod openrtb_answer;
pub mod price;
pub mod privacy;
mod quote;
pub mod record;
pub mod sellers;
pub mod sold;
pub mod vast;
