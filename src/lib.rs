//! Breakwater, the open exchange for live ad breaks.

pub mod cli;
pub mod io;
pub mod live;
pub mod model;
pub mod wire;
