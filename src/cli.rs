//! The commands, a file each: what they read, what they print, and their exit code.

pub mod cue;
