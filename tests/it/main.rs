//! Tests of the whole program and of the seams that last; a module a subject.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod answers;
mod auction;
mod audit;
mod bidders;
mod canary;
mod commands;
mod config;
mod cue;
mod docs;
mod doors;
mod explain;
mod export;
mod faults;
mod find;
mod house;
mod journal;
mod killed;
mod kinds;
mod log;
mod operations;
mod prove;
mod reload;
mod replay;
mod requests;
mod responses;
mod rich;
mod sale;
mod sell;
mod stamps;
mod support;
mod taxonomies;
mod tidy;
mod unwrap;
mod vast;
