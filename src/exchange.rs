//! The line itself: a break request comes in, a sold pod goes out.
//!
//! [`Exchange::sell`] reads as the table in `ARCHITECTURE.md`. Two awaits: the bidders and the
//! disk. Everything between them is pure and lives elsewhere.

use std::sync::Arc;

use crate::auction::{decide, plan, select};
use crate::exchange::sale::{Made, Sale};
use crate::exchange::shared::Shared;
use crate::io::bidders::Bidders;
use crate::io::clock::Times;
use crate::io::entropy;
use crate::io::journal::{Flush, Stream};
use crate::io::once::Once;
use crate::live::sales::{Entered, SaleKey};
use crate::model::bid::Reply;
use crate::model::break_request::BreakRequest;
use crate::model::call::{Answer, Call};
use crate::model::outcome::Outcome;
use crate::model::plan::{AuctionInput, Chosen, Draw, Plan};
use crate::model::reason::NoFillReason;
use crate::model::time::Millis;
use crate::wire::{bid_request, bid_response, record, sold};

pub mod observe;
pub mod sale;
pub mod shared;

/// One worker's exchange: its own connections to bidders, the rest shared.
#[derive(Debug)]
pub struct Exchange {
    shared: Arc<Shared>,
    bidders: Bidders,
}

impl Exchange {
    /// Returns the exchange of one worker.
    #[must_use]
    pub fn new(shared: Arc<Shared>, bidders: Bidders) -> Self {
        Self { shared, bidders }
    }

    /// Returns what all workers share.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Sells a break once, however many ask for it, and answers by the caller's own deadline.
    pub async fn serve(self: &Arc<Self>, request: BreakRequest, times: Times) -> Arc<Sale> {
        let brief = Sale::brief(&request, times.arrived_at);
        let once = self.enter(request, times);
        match once.by(times.deadline).await {
            Some(sale) => sale,
            None => Arc::new(brief.nothing(NoFillReason::TooLate)),
        }
    }

    /// Joins the sale in force for this request, or starts it on a task of its own.
    fn enter(self: &Arc<Self>, request: BreakRequest, times: Times) -> Once<Arc<Sale>> {
        let Some(key) = SaleKey::of(&request) else {
            let exchange = Arc::clone(self);
            return Once::start(async move { exchange.sell(request, times).await });
        };
        let number = self.shared.next_sale();
        let window = (times.arrived_at, request.ad_break.expires(times.arrived_at));
        let exchange = Arc::clone(self);
        let name = key.clone();
        let make = || {
            Once::start(async move {
                let sale = exchange.sell(request, times).await;
                if sale.may_be_asked_again() {
                    exchange.shared.sales.lock().withdraw(&name, number);
                }
                sale
            })
        };
        match self.shared.sales.lock().enter(key, number, window, make) {
            Entered::First(once) => once,
            Entered::Joined(once) => {
                self.shared.metrics.sale_shared();
                once
            }
        }
    }

    /// Sells one ad break.
    async fn sell(&self, request: BreakRequest, times: Times) -> Arc<Sale> {
        let brief = Sale::brief(&request, times.arrived_at);
        if let Some(reason) = self.cannot_sell(&request, &times) {
            return self.nothing(&request, brief.nothing(reason));
        }
        let draw = entropy::draw();
        let market = &self.shared.market;
        let plan = plan::plan(&request, market);
        let chosen = select::select(&plan, &self.bidders.standing());
        let left = times.left_for_bidders();
        let calls = bid_request::calls(&request, draw.auction, &plan, &chosen, left, market);
        let decode = |call: &Call, answer: Answer| bid_response::reply(&plan, call, answer);
        let answered = self.bidders.ask(calls, decode, times.cutoff).await;
        let replies = every_reply(&plan, &chosen, answered);
        let input = AuctionInput { draw, plan, chosen, replies };
        let outcome = decide::decide(&input);
        self.record(&request, &times, input, outcome).await
    }

    /// Writes the record, renders while the disk works, and makes the sale once it is flushed.
    async fn record(
        &self,
        request: &BreakRequest,
        times: &Times,
        input: AuctionInput,
        outcome: Outcome,
    ) -> Arc<Sale> {
        let brief = Sale::brief(request, times.arrived_at);
        // The permit comes before the sequence number: a refused record leaves no hole.
        let Some(permit) = self.shared.journal.permit(Stream::Auction) else {
            return self.nothing(request, brief.nothing(NoFillReason::CannotRecord));
        };
        let head = self.shared.head(permit.seq(), times.arrived_at);
        let pending = permit.append(record::auction(&head, request, &input, &outcome));
        let finish = self.shared.finish(times.arrived_at);
        let sold = sold::finish(request, &input, &outcome, &finish);
        match pending.by(times.flush_by()).await {
            Flush::Refused => self.nothing(request, brief.nothing(NoFillReason::CannotRecord)),
            Flush::Flushed { .. } => self.made(request, Made { sold, input, outcome }),
            Flush::Late => {
                self.shared.late_sync(input.draw.auction, times.arrived_at);
                self.made(request, Made { sold, input, outcome })
            }
        }
    }

    /// Says why a request cannot be sold before anyone is asked.
    fn cannot_sell(&self, request: &BreakRequest, times: &Times) -> Option<NoFillReason> {
        if !request.unbuilt.is_empty() {
            self.shared.metrics.unbuilt(&request.unbuilt);
            return Some(NoFillReason::Technical);
        }
        (times.left_for_bidders() < MIN_USEFUL).then_some(NoFillReason::TooLate)
    }

    /// Closes a sale that was made: metrics and notices, off the answer's path.
    fn made(&self, request: &BreakRequest, made: Made) -> Arc<Sale> {
        observe::made(&self.shared.metrics, request, &made);
        self.shared.notify(&made);
        Arc::new(Sale::made(made))
    }

    /// Closes a request that was not sold.
    fn nothing(&self, request: &BreakRequest, sale: Sale) -> Arc<Sale> {
        observe::nothing(&self.shared.metrics, request, &sale);
        Arc::new(sale)
    }
}

/// Puts together exactly one reply per bidder of the market: asked, not asked, not offered.
fn every_reply(plan: &Plan, chosen: &Chosen, answered: Vec<Reply>) -> Vec<Reply> {
    let mut replies = answered;
    for &(offer, reason) in &chosen.skipped {
        replies.push(bid_response::not_asked(&plan.offers[offer].bidder.id, reason));
    }
    for (bidder, reason) in &plan.skipped {
        replies.push(bid_response::not_asked(bidder, *reason));
    }
    replies
}

/// Less than this left for bidders is not worth a call.
const MIN_USEFUL: Millis = Millis(20);
