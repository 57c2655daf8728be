//! Breakwater, the open exchange for live ad breaks.

pub mod io;
pub mod model;
pub mod wire;
