//! Judgement: what is offered, who is asked, which bids win and why the others do not.
//!
//! Pure: it takes values and returns values, so that a replay decides as the live auction did. It
//! reads no clock and draws no lots; the tie-break seed comes with the input. Read `plan` and
//! `select` first, then `decide`, which names the steps in order.

#![deny(clippy::disallowed_methods, clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

mod candidate;
pub mod category;
pub mod decide;
mod eligibility;
mod field;
mod fill;
pub mod house;
pub mod insight;
mod loss;
pub mod minimums;
pub mod plan;
pub mod pricing;
#[cfg(test)]
mod sample;
pub mod select;
mod separation;
mod text;
mod unfilled;
