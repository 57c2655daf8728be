//! The world outside: sockets, disk, clock, randomness. It moves bytes and never knows what a bid
//! is.

pub mod journal;
