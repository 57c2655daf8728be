//! The line itself: a break request comes in, a sold pod goes out.
//!
//! `Exchange::sell` reads as the table in `ARCHITECTURE.md`. Two awaits, the bidders and the disk,
//! and between them a third, when a decision takes too long for a worker. The rest is pure and
//! lives elsewhere.

use std::sync::Arc;

use crate::auction::{house, plan, select};
use crate::exchange::aside::{Auction, HOUSE_ON_WORKER};
use crate::exchange::current::{Current, Desk, InForce};
use crate::exchange::gate::{Admitted, Gate};
use crate::exchange::sale::{AtEnd, Sale, unfilled};
use crate::exchange::shared::Shared;
use crate::exchange::unwrap::Unwrapping;
use crate::io::clock::{Stopwatch, Tally, Times};
use crate::io::entropy;
use crate::io::journal::{Flush, Stream};
use crate::io::once::{Missing, Once};
use crate::io::under_way::UnderWay;
use crate::live::sales::{Entered, SaleKey};
use crate::model::bid::Reply;
use crate::model::break_request::BreakRequest;
use crate::model::call::{Answer, Call};
use crate::model::market::Market;
use crate::model::outcome::Outcome;
use crate::model::plan::{AuctionInput, Chosen, Plan};
use crate::model::reason::NoFillReason;
use crate::model::standing::{Brownout, Standing};
use crate::model::time::Millis;
use crate::wire::record::ops::Ops;
use crate::wire::sold::{Nothing, Sold};
use crate::wire::{bid_request, bid_response, record, sold};

pub mod aside;
pub mod clerk;
pub mod current;
pub mod gate;
pub mod observe;
pub mod sale;
pub mod shared;
pub mod unwrap;

/// One worker's exchange: its own connections to bidders, the rest shared.
pub struct Exchange {
    shared: Arc<Shared>,
    /// What it sells with, until another is put in force.
    current: Desk,
    /// Who is let in.
    gate: Arc<Gate>,
    /// How many sales run on this worker.
    under_way: UnderWay,
}

impl Exchange {
    /// Returns the exchange of one worker; `make` makes it ready for what is in force.
    #[must_use]
    pub fn new(
        shared: Arc<Shared>,
        make: impl FnOnce(Arc<InForce>) -> Current,
        gate: Arc<Gate>,
    ) -> Self {
        let current = shared.join(make);
        Self { shared, current, gate, under_way: UnderWay::default() }
    }

    /// Returns what all workers share.
    #[must_use]
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Returns what this worker sells with now: a request asks once, and is served with that.
    #[must_use]
    pub fn current(&self) -> Arc<Current> {
        self.current.load_full()
    }

    /// Returns the gate of this worker.
    #[must_use]
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Waits until no sale runs on this worker: callers on other workers may share one, and its
    /// record must be whole even when nobody waits for it.
    pub async fn idle(&self) {
        self.under_way.none().await;
    }

    /// Sells a break once, however many ask for it, and answers by the caller's own deadline.
    ///
    /// `current` is what the request was read with; a sale in force keeps what it began with.
    ///
    /// Who asked first makes the sale, and a task of its own goes on when that caller hangs up or its
    /// deadline comes: what is sold is always recorded. An auction that is decided too late or not at
    /// all, or that the journal refuses, sells nothing and leaves no record; its calls are counted only
    /// when it was decided too late.
    pub async fn serve(
        self: &Arc<Self>,
        current: Arc<Current>,
        request: BreakRequest,
        times: Times,
    ) -> Arc<Sale> {
        let metrics = &self.shared.metrics;
        observe::faults(metrics, &request);
        let request = Arc::new(request);
        let nothing = |reason| self.nothing(&current, &request, &times, reason);
        let sale = match self.enter(&current, &request, times) {
            Ok(once) => match once.by(times.deadline).await {
                // A late answer is worse than an empty one.
                Ok(sale) if !times.is_over() => sale,
                Ok(_) | Err(Missing::Late) => nothing(NoFillReason::TooLate),
                Err(Missing::Dead) => nothing(NoFillReason::Technical),
            },
            Err(reason) => self.refused(&current, &request, &times, reason),
        };
        observe::answered(metrics, &request, &sale.sold, times.elapsed());
        sale
    }

    /// Answers a request with no fill, as when the worker is full.
    #[must_use]
    pub fn turn_away(&self, current: &Current, request: &BreakRequest, times: &Times) -> Arc<Sale> {
        let metrics = &self.shared.metrics;
        observe::faults(metrics, request);
        let sale = self.refused(current, request, times, NoFillReason::Shed);
        observe::answered(metrics, request, &sale.sold, times.elapsed());
        sale
    }

    /// Joins the sale in force for this request, or starts it if it is let in.
    ///
    /// What is not let in gets no sale: a refusal must cost next to nothing.
    fn enter(
        self: &Arc<Self>,
        current: &Arc<Current>,
        request: &Arc<BreakRequest>,
        times: Times,
    ) -> Result<Once<Arc<Sale>>, NoFillReason> {
        let key = SaleKey::of(request);
        let joined = |key| self.shared.sales.lock().joined(key, times.arrived_at);
        if let Some(once) = key.as_ref().and_then(joined) {
            self.shared.metrics.sale_shared();
            return Ok(once);
        }
        let admitted = self.admit(request, &times)?;
        let (exchange, own) = (Arc::clone(self), Arc::clone(request));
        let current = Arc::clone(current);
        let Some(key) = key else {
            let sell =
                async move { exchange.sell_to_the_end(&current, &own, times, admitted).await };
            return Ok(Once::begin(sell));
        };
        let number = self.shared.next_sale();
        let window = (times.arrived_at, request.ad_break.expires(times.arrived_at));
        let name = key.clone();
        let make = || {
            Once::begin(async move {
                let shared = Arc::clone(&exchange.shared);
                let forgotten = name.clone();
                // Also when the sale panics: nobody could ask for this break again.
                let withdraw = AtEnd::new(move || shared.sales.lock().withdraw(&forgotten, number));
                let (sale, aftermath) =
                    exchange.sell_to_the_end(&current, &own, times, admitted).await;
                if !sale.may_be_asked_again() {
                    withdraw.cancel();
                    exchange.shared.sales.lock().weigh(&name, number, sale.sold.bytes());
                }
                (sale, aftermath)
            })
        };
        match self.shared.sales.lock().enter(key, number, window, make) {
            Entered::First(once) => Ok(once),
            // Another worker began it meanwhile.
            Entered::Joined(once) => {
                self.shared.metrics.sale_shared();
                Ok(once)
            }
        }
    }

    /// Lets a sale in, or says why it is not made.
    fn admit(&self, request: &BreakRequest, times: &Times) -> Result<Admitted, NoFillReason> {
        if let Some(reason) = self.cannot_sell(request, times) {
            return Err(reason);
        }
        self.gate.enter(request).map_err(|shed| {
            self.shared.metrics.load.shed(shed.name());
            NoFillReason::Shed
        })
    }

    /// Sells one ad break, and returns what is to be done once it is answered; under way until then.
    async fn sell_to_the_end(
        self: &Arc<Self>,
        current: &Current,
        request: &Arc<BreakRequest>,
        times: Times,
        admitted: Admitted,
    ) -> (Arc<Sale>, impl FnOnce() + Send + use<>) {
        let begun = self.under_way.begin();
        let Closed { sale, auction } = self.sell(current, request, times, &admitted).await;
        drop(admitted);
        let sale = Arc::new(sale);
        let (shared, request) = (Arc::clone(&self.shared), Arc::clone(request));
        let sold = Arc::clone(&sale);
        let aftermath = move || shared.aftermath(&request, &sold, auction.as_ref(), begun);
        (sale, aftermath)
    }

    /// Sells one ad break.
    async fn sell(
        &self,
        current: &Current,
        request: &BreakRequest,
        times: Times,
        admitted: &Admitted,
    ) -> Closed {
        let market = current.market();
        let mut watch = Stopwatch::of(&times);
        watch.lap("decode");
        let draw = entropy::draw();
        let plan = plan::plan(request, market);
        let brownout = Brownout::of_level(admitted.brownout);
        let standing = current.bidders.standing(&request.placement.id, brownout);
        let chosen = select::select(&plan, &standing);
        observe::selection(&self.shared.metrics, &plan, &chosen, &standing);
        watch.lap("plan");
        let calls = bid_request::calls(request, draw.auction, &plan, &chosen, times.left());
        watch.lap("encode");
        let decoding = Tally::default();
        let decode = |call: &Call, answer: Answer| {
            decoding.time(|| bid_response::reply(&plan, call, answer))
        };
        let unwrapping =
            Unwrapping::new(request, &plan, draw.auction, chosen.asked.len(), &current.documents);
        let follow = |call: &Call, reply: &Reply| unwrapping.begin(call, reply);
        let answered = current.bidders.ask_and_follow(calls, decode, follow, times.cutoff).await;
        let answered = unwrapping.settle(answered, &self.shared.metrics);
        watch.lap("wait");
        watch.split("answers", decoding.sum());
        let replies = every_reply(&plan, &chosen, answered);
        let input = AuctionInput { draw, plan, chosen, replies };
        let (input, outcome) = match aside::decide(&self.shared, input, &times).await {
            // Nobody waits any more: what cannot be answered is not sold. Bidders were asked, though.
            Ok((input, _)) if times.is_over() => {
                observe::replies(&self.shared.metrics, &input.replies);
                return self.withheld(market, request, &times, NoFillReason::TooLate);
            }
            Ok(decided) => decided,
            Err(reason) => return self.withheld(market, request, &times, reason),
        };
        watch.lap("decide");
        let decided = Decided { input, outcome, standing, watch };
        self.close(&current.in_force, request, &times, decided).await
    }

    /// Writes the record, renders while the disk works, and makes the sale once it is flushed.
    async fn close(
        &self,
        in_force: &InForce,
        request: &BreakRequest,
        times: &Times,
        decided: Decided,
    ) -> Closed {
        let market = &in_force.market;
        let Decided { input, outcome, standing, mut watch } = decided;
        // The permit comes before the sequence number: a refused record leaves no hole.
        let Some(permit) = self.shared.journal.permit(Stream::Auction) else {
            return self.withheld(market, request, times, NoFillReason::CannotRecord);
        };
        let head = self.shared.head_in(in_force, permit.seq(), times.arrived_at);
        let ops = Ops { standing: &standing, stages: watch.laps() };
        let mut pending = permit.append(record::auction(&head, request, &input, &outcome, &ops));
        watch.lap("journal");
        let finish = self.shared.finish(in_force, times.arrived_at);
        let sold = sold::finish(request, &input, &outcome, &finish);
        watch.lap("render");
        let auction = Arc::new((input, outcome));
        let telling = match request.explain {
            true => aside::tell(&self.shared, request, &auction),
            false => None,
        };
        let flush = pending.by(times.flush_by()).await;
        watch.lap("flush");
        self.shared.stages(watch.laps());
        match flush {
            // A sale we cannot prove is not made.
            Flush::Refused => {
                return self.withheld(market, request, times, NoFillReason::CannotRecord);
            }
            Flush::Late => self.shared.late_sync(auction.0.draw.auction),
            Flush::Flushed { .. } => {}
        }
        let told = match request.explain {
            true => Some(aside::told(request, &auction, telling, times).await),
            false => None,
        };
        let sale = Sale { sold, recorded: true, told };
        Closed { sale, auction: Some(auction) }
    }

    /// Says why a request cannot be sold before anyone is asked.
    fn cannot_sell(&self, request: &BreakRequest, times: &Times) -> Option<NoFillReason> {
        for field in &request.unbuilt {
            self.shared.metrics.unbuilt_request(field);
        }
        if !request.unbuilt.is_empty() {
            return Some(NoFillReason::Technical);
        }
        // What could not be recorded is not sold, so bidders are not asked for it.
        if !self.shared.journal.takes(Stream::Auction) {
            return Some(NoFillReason::CannotRecord);
        }
        (times.left() < MIN_USEFUL).then_some(NoFillReason::TooLate)
    }

    fn withheld(
        &self,
        market: &Market,
        request: &BreakRequest,
        times: &Times,
        reason: NoFillReason,
    ) -> Closed {
        let (currency, now) = (market.currency, times.arrived_at);
        let why = Nothing { request: reason, seconds: unfilled(reason), currency };
        let mut sold = Sold::nothing(request, now, why);
        // The publisher's own ads need no auction and no record: nothing is sold with them.
        if let Some(alone) = house::alone(request, why.seconds, HOUSE_ON_WORKER) {
            sold = sold.with_house(request, now, (&alone.plan, &alone.house));
        }
        Closed { sale: Sale { sold, recorded: false, told: None }, auction: None }
    }

    /// Answers a request that no sale was begun for.
    fn refused(
        &self,
        current: &Current,
        request: &BreakRequest,
        times: &Times,
        reason: NoFillReason,
    ) -> Arc<Sale> {
        let sale = self.nothing(current, request, times, reason);
        if !request.test {
            observe::seconds(&self.shared.metrics, request, &sale.sold);
        }
        sale
    }

    fn nothing(
        &self,
        current: &Current,
        request: &BreakRequest,
        times: &Times,
        reason: NoFillReason,
    ) -> Arc<Sale> {
        Arc::new(self.withheld(current.market(), request, times, reason).sale)
    }
}

/// A sale that was closed, made or not, and the auction behind it if its record is kept.
struct Closed {
    sale: Sale,
    auction: Option<Arc<Auction>>,
}

/// A decision on its way into the journal.
struct Decided {
    input: AuctionInput,
    outcome: Outcome,
    standing: Standing,
    watch: Stopwatch,
}

/// Puts together exactly one reply per bidder of the market: asked, not asked, not offered.
fn every_reply(plan: &Plan, chosen: &Chosen, answered: Vec<Reply>) -> Vec<Reply> {
    let mut replies = answered;
    for &(offer, reason) in &chosen.skipped {
        replies.push(Reply::not_asked(plan.offers[offer].bidder.id.clone(), reason));
    }
    for (bidder, reason) in &plan.skipped {
        replies.push(Reply::not_asked(bidder.clone(), *reason));
    }
    replies
}

/// Less than this left for bidders is not worth a call.
const MIN_USEFUL: Millis = Millis(20);

#[cfg(test)]
mod tests;
