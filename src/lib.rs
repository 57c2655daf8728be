//! Breakwater, the open exchange for live ad breaks.

pub mod model;
pub mod wire;
