//! OpenRTB 2.6 objects (release 2.6-202606), borrowed from the input where they can be.
//!
//! Reads are tolerant, writes are strict. It holds no policy: whether a request is complete enough
//! to sell on, or a bid good enough to win, is for its caller to say.

#[macro_use]
mod object;
mod wire;

pub mod audio;
pub mod banner;
pub mod content;
pub mod deal;
pub mod device;
pub mod dsa;
pub mod ext;
pub mod imp;
pub mod inventory;
pub mod list;
pub mod non_bid;
pub mod regs;
pub mod request;
pub mod response;
pub mod source;
pub mod user;
pub mod video;
