//! What can be said of a decided auction besides its outcome: prices as they counted, and what
//! would have won. Off the answer's path; no decision reads it.

use crate::auction::category::tables::TABLES;
use crate::auction::eligibility::deal_of;
use crate::auction::minimums::minimums;
use crate::auction::pricing::{counts, floor, offered};
use crate::model::bid::{Bid, Reply};
use crate::model::insight::{Insight, Reckoned};
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;

/// Returns all there is to say: how each bid was reckoned with, and what losers would have needed.
#[must_use]
pub fn insight(input: &AuctionInput, outcome: &Outcome) -> Insight {
    Insight { minimums: minimums(input, outcome), ..reckoned(input) }
}

/// Returns how the auction reckoned with each bid, without what would have won.
#[must_use]
pub fn reckoned(input: &AuctionInput) -> Insight {
    let bids = |reply: &Reply| reply.bids.iter().map(|bid| reckon(input, reply, bid)).collect();
    let reckoned = input.replies.iter().map(bids).collect();
    Insight { reckoned, minimums: Vec::new() }
}

fn reckon(input: &AuctionInput, reply: &Reply, bid: &Bid) -> Reckoned {
    let plan = &input.plan;
    let tables = &*TABLES;
    let label = |id: &str| tables.node(bid.category_taxonomy, id).map(|node| tables.name(node));
    let labels = bid.categories.iter().map(|id| label(id)).collect();
    let offer = input.offer(reply);
    let imp = offer.and_then(|offer| offer.imps.iter().find(|imp| imp.id == bid.imp));
    let Some(imp) = imp else { return Reckoned { labels, ..Reckoned::default() } };
    let part = &plan.parts[imp.part];
    let deal = deal_of(part, bid);
    Reckoned {
        part: Some(imp.part),
        deal: deal.and_then(|deal| part.deals.iter().position(|own| own.id == deal.id)),
        offered: offered(&plan.terms, deal, bid),
        counted: counts(&plan.terms, part, deal, bid),
        floor: bid.seconds.map(|seconds| floor(part, deal, seconds)),
        labels,
    }
}
