//! Moves bytes: sockets, files, the clock and chance. It never knows what a bid is.
//!
//! Of the model it knows ids, time, calls and standing. `bidders` calls out during a sale and
//! `documents` fetches what bids point to, `notifier` calls after it; all connect through `connect`,
//! which holds to the address rules of `egress`. `connection` and `body` hold to the limits on what
//! others answer. `journal` keeps records and `log` their public tree; `once` shares what is made
//! among callers, `under_way` counts what is being made, `offload` does what would stall a worker,
//! threads that nobody waits for stand back (`background`), `pulse` hears whether every worker still
//! turns.

pub mod background;
pub mod bidders;
pub mod body;
pub mod chain;
pub mod clock;
pub mod connect;
pub mod connection;
pub mod descriptors;
pub mod documents;
pub mod egress;
pub mod entropy;
pub mod http1;
pub mod http2;
pub mod journal;
pub mod keys;
pub mod lag;
pub mod log;
pub mod memory;
pub mod metrics;
pub mod notifier;
pub mod offload;
pub mod once;
pub mod pulse;
pub mod sampler;
#[cfg(test)]
pub(crate) mod simulated;
pub mod under_way;
