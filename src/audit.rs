//! What anyone who holds a data folder can check afterwards, without a server and without us.
//!
//! It reads the journal and the public log, and calls the very functions that ran live; never the
//! exchange.

pub mod bundle;
pub mod check;
pub mod erase;
pub mod export;
mod figures;
pub mod find;
pub mod finding;
pub mod gaps;
mod lives;
mod numbers;
pub mod party;
pub mod prove;
pub mod replay;
mod replies;
pub mod rules;
pub mod tale;
pub mod times;
pub mod verify;
mod walk;
