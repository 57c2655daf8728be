//! Documents of this crate and of others, through every reader and past an independent judge.

#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

mod borrowing;
mod documents;
mod files;
mod oracle;
mod reference;
