//! Breakwater, the open exchange for live ad breaks.

pub mod config;
pub mod cli;
pub mod io;
pub mod live;
pub mod auction;
pub mod io;
pub mod model;
pub mod wire;
