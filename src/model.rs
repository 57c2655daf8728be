//! The words of the exchange: values that every layer passes on.
//!
//! It imports nothing but `std`, derives no serialization and reads no clock: what crosses a
//! border has its own form in `wire` or `config`. Read `market` and `plan` first, then `bid`,
//! `outcome` and `reason`.

#![deny(clippy::disallowed_methods, clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

pub mod ad_break;
pub mod bid;
pub mod break_request;
pub mod call;
pub mod category;
pub mod cue;
pub mod deal;
pub mod floor;
pub mod house;
pub mod ids;
pub mod insight;
pub mod market;
pub mod money;
pub mod outcome;
pub mod passthrough;
pub mod plan;
pub mod rates;
pub mod reason;
pub mod standing;
pub mod time;
