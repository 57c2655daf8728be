//! Publishers and bidders over real sockets, for any OpenRTB 2.6 exchange.
//!
//! It meets an exchange as a stranger does: it depends on crate `openrtb` and never on
//! `breakwater`. Read `character` first (what a bidder is like), then `bidder` (the server that
//! behaves so), then `scenario` and `run` (the load and what is said of it).

pub mod bars;
pub mod bidder;
pub mod cast;
pub mod character;
pub mod fleet;
pub mod floor;
pub mod page;
pub mod run;
pub mod scenario;

mod draw;
mod http;
