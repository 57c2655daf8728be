//! Wrappers followed to their ads while bidders are still asked (decision 10).
//!
//! A Wrapper is followed from the moment its reply is decoded to the cutoff, hop by hop. Where a
//! chain leads is `wire::vast::unwrap`'s to say, `io::documents` fetches. What is not back by the
//! cutoff costs only its bid.

use std::sync::Arc;

use crate::io::documents::{DocumentFault, Documents};
use crate::io::metrics::Metrics;
use crate::model::bid::Reply;
use crate::model::break_request::BreakRequest;
use crate::model::call::Call;
use crate::model::ids::AuctionId;
use crate::model::market::Bidder;
use crate::model::plan::{Offer, Plan};
use crate::model::reason::LossReason;
use crate::wire::bid_response::{self, Unwrapped};
use crate::wire::vast::unwrap::{Chain, Fault, Step};

/// The most Wrappers that are followed for one reply: its dearest.
pub const MAX_OF_REPLY: usize = 8;

/// The most Wrappers that are followed for one auction, where no more bidders than that are asked:
/// each has the same share, at least one, so that none takes what another needs.
pub const MAX_OF_AUCTION: usize = 64;

/// The Wrappers of one auction.
pub struct Unwrapping<'a> {
    request: &'a BreakRequest,
    plan: &'a Plan,
    auction: AuctionId,
    documents: &'a Documents,
    /// How many are followed for one reply.
    most: usize,
}

/// What came of one Wrapper.
pub struct Followed {
    /// The bid, as an index of its reply.
    bid: usize,
    found: Result<Unwrapped, Failure>,
}

/// Why a Wrapper led to no ad.
#[derive(Clone, Copy)]
enum Failure {
    /// More than are followed.
    Skipped,
    /// A document could not be had.
    Document(DocumentFault),
    /// The chain ended.
    Chain(Fault),
}

impl<'a> Unwrapping<'a> {
    /// Makes what follows the Wrappers of an auction in which so many bidders are asked.
    #[must_use]
    pub fn new(
        request: &'a BreakRequest,
        plan: &'a Plan,
        auction: AuctionId,
        asked: usize,
        documents: &'a Documents,
    ) -> Self {
        let most = (MAX_OF_AUCTION / asked.max(1)).clamp(1, MAX_OF_REPLY);
        Self { request, plan, auction, documents, most }
    }

    /// Begins to follow the Wrappers of a reply.
    pub fn begin(
        &self,
        call: &Call,
        reply: &Reply,
    ) -> Vec<impl Future<Output = Followed> + Send + use<'a>> {
        let offer = &self.plan.offers[call.offer];
        let wrappers = self.wrappers(offer, reply).into_iter().enumerate();
        let begin = |(place, index): (usize, usize)| {
            let (bidder, documents) = (Arc::clone(&offer.bidder), self.documents);
            let bid = &reply.bids[index];
            let begun = match place < self.most {
                true => Chain::begin(self.auction, reply, bid, &bidder).map_err(Failure::Chain),
                false => Err(Failure::Skipped),
            };
            async move {
                let found = match begun {
                    Ok((chain, url)) => follow(documents, &bidder, chain, url).await,
                    Err(failure) => Err(failure),
                };
                Followed { bid: index, found }
            }
        };
        wrappers.map(begin).collect()
    }

    /// Puts what was found into the replies and counts it; what is missing came too late.
    #[must_use]
    pub fn settle(self, answered: Vec<(Reply, Vec<Followed>)>, metrics: &Metrics) -> Vec<Reply> {
        let settle = |(mut reply, followed): (Reply, Vec<Followed>)| {
            let offer = self.plan.offers.iter().find(|offer| offer.bidder.id == reply.bidder);
            let mut open = offer.map(|offer| self.wrappers(offer, &reply)).unwrap_or_default();
            for Followed { bid, found } in followed {
                open.retain(|index| *index != bid);
                metrics.wrapper(reply.bidder.as_str(), outcome(&found));
                let found = found.map_err(Failure::reason);
                bid_response::unwrap(&mut reply.bids[bid], found);
            }
            for bid in open {
                metrics.wrapper(reply.bidder.as_str(), "timeout");
                let late = Err(LossReason::WrapperRefused);
                bid_response::unwrap(&mut reply.bids[bid], late);
            }
            reply
        };
        answered.into_iter().map(settle).collect()
    }

    fn wrappers(&self, offer: &Offer, reply: &Reply) -> Vec<usize> {
        bid_response::wrappers(self.request, offer, reply)
    }
}

/// Follows a chain to its end.
async fn follow(
    documents: &Documents,
    bidder: &Bidder,
    mut chain: Chain,
    mut url: String,
) -> Result<Unwrapped, Failure> {
    loop {
        let document = documents.fetch(&bidder.id, &url).await.map_err(Failure::Document)?;
        match chain.step(&document).map_err(Failure::Chain)? {
            Step::Fetch(next) => url = next,
            Step::Ad(document) => return Ok(Unwrapped::read(document)),
        }
    }
}

impl Failure {
    fn reason(self) -> LossReason {
        match self {
            Self::Skipped | Self::Document(_) => LossReason::WrapperRefused,
            Self::Chain(fault) => fault.reason(),
        }
    }
}

/// Returns the label of what came of a Wrapper.
fn outcome(found: &Result<Unwrapped, Failure>) -> &'static str {
    match found {
        Ok(unwrapped) if unwrapped.defect().is_none() => "unwrapped",
        Err(Failure::Skipped) => "skipped",
        Err(Failure::Document(fault)) => fault.name(),
        Err(Failure::Chain(Fault::Address)) => "refused",
        Err(Failure::Chain(Fault::Depth)) => "too_deep",
        Err(Failure::Chain(Fault::Size)) => "too_large",
        Ok(_) | Err(Failure::Chain(Fault::Document(_))) => "no_ad",
    }
}
