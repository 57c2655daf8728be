//! What anyone who holds a data folder can check afterwards, without a server and without us.
//!
//! It reads the journal and the public log, and calls the very functions that ran live; never the
//! exchange.

pub mod erase;
pub mod finding;
pub mod gaps;
mod lives;
mod numbers;
pub mod replay;
pub mod verify;
mod walk;
