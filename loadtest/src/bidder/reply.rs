//! What a bidder says to one request: a function of its character, its seed and the request.
//!
//! No clock and no socket: `serve` waits the latency and sends the bytes. `bids` shapes the bids.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use openrtb::request::BidRequest;
use serde_json::json;

use crate::{
    bidder::markup::Template,
    character::{Character, Fault, Faults, Latency, NoBid},
    draw::{Draw, fingerprint},
};

mod bids;
mod terms;

/// A bidder ready to be asked.
#[derive(Debug)]
pub(super) struct Profile {
    character: Character,
    seed: u64,
    /// Where its notices go: `http://127.0.0.1:port`.
    base: String,
    template: Template,
    seats: Vec<String>,
    advertisers: Vec<String>,
}

/// What it says, and after how long.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) latency: Duration,
    pub(super) said: Said,
}

/// What it says.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Said {
    /// An answer with so many bids.
    Bids { count: u64, json: Bytes },
    /// A no-bid, with the body of the forms that have one.
    NoBid(Bytes),
    /// Nothing good; the answer it would have given is there to be spoilt.
    Fault(Fault, Bytes),
}

impl Profile {
    /// Prepares a checked character to be asked at this address.
    pub(super) fn new(character: Character, seed: u64, address: SocketAddr) -> Self {
        let domain = character.own_domain();
        Self {
            seed,
            base: format!("http://{address}"),
            template: Template::new(&character.id, &domain, character.markup),
            seats: character.own_seats(),
            advertisers: character.own_advertisers(),
            character,
        }
    }

    pub(super) fn character(&self) -> &Character {
        &self.character
    }

    /// Draws a latency for a request that is not read.
    pub(super) fn draw_latency(&self, draw: &mut Draw) -> Duration {
        latency(&self.character, draw)
    }

    /// Answers a request, always the same one in the same way.
    pub(super) fn reply(&self, request: &BidRequest<'_>, faults: &Faults) -> Reply {
        let name = format!("{}\n{}", self.character.id, request.id);
        let mut draw = Draw::new(self.seed, &name);
        let latency = latency(&self.character, &mut draw);
        let faulty = draw.unit() < faults.rate.get();
        let fault = faulty.then(|| faults.kinds[draw.below(faults.kinds.len())]);
        let willing = draw.unit() < self.character.bid_rate.get();
        let number = fingerprint(self.seed, &name);
        let response =
            || self.response(request, number, &mut Draw::new(self.seed ^ BIDS_STREAM, &name));
        let said = match fault {
            Some(fault) => {
                let json = response().map(|(_, json)| json);
                Said::Fault(fault, json.unwrap_or_else(|| no_bid(NoBid::EmptySeatbid, request)))
            }
            None => match willing.then(response).flatten() {
                Some((count, json)) => Said::Bids { count, json },
                None => Said::NoBid(no_bid(self.character.no_bid, request)),
            },
        };
        Reply { latency, said }
    }
}

fn latency(character: &Character, draw: &mut Draw) -> Duration {
    let ms = match character.latency {
        Latency::Fixed { ms } => f64::from(ms),
        Latency::Uniform { min_ms, max_ms } => f64::from(draw.between(min_ms, max_ms)),
        Latency::Lognormal { p50_ms, p95_ms } => {
            let sigma = (f64::from(p95_ms) / f64::from(p50_ms)).ln() / Z_95;
            f64::from(p50_ms) * (sigma * draw.normal()).exp()
        }
    };
    let wait = Duration::try_from_secs_f64(ms * character.latency_multiplier / 1_000.0);
    wait.unwrap_or(MAX_LATENCY).min(MAX_LATENCY)
}

/// Returns the body of a no-bid; the forms without a body have an empty one.
fn no_bid(form: NoBid, request: &BidRequest<'_>) -> Bytes {
    let json = match form {
        NoBid::NoContent | NoBid::EmptyBody => return Bytes::new(),
        NoBid::EmptyObject => json!({}),
        NoBid::EmptySeatbid => json!({ "id": request.id, "seatbid": [] }),
        NoBid::Reason => json!({ "id": request.id, "nbr": 2 }),
    };
    Bytes::from(json.to_string())
}

/// The 95th percentile of the standard normal distribution.
const Z_95: f64 = 1.644_853_626_951_472_2;

/// The longest a bidder ever waits.
const MAX_LATENCY: Duration = Duration::from_secs(600);

/// Gives the bids their own draws, so that a changed latency or fault rate leaves them alone.
const BIDS_STREAM: u64 = 0x6269_6473_6269_6473;

#[cfg(test)]
mod tests;
