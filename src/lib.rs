//! Breakwater, the open exchange for live ad breaks.

pub mod admin;
pub mod auction;
pub mod audit;
pub mod cli;
pub mod config;
pub mod exchange;
pub mod io;
pub mod live;
pub mod model;
pub mod server;
pub mod wire;
