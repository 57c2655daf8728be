//! Breakwater, the open exchange for live ad breaks.

pub mod auction;
pub mod model;
