//! Moves bytes: sockets, files, the clock and chance. It never knows what a bid is.

pub mod once;
