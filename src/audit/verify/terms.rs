//! An auction's terms beside the config and the rates of exchange that it cites: what was sold on
//! other terms than those in force is found, though it was decided by them without a mistake.
//!
//! What a caller asks for may only narrow a placement's terms, and by one door it brings floors and
//! deals of its own; so those are held as bounds, and all else must be equal.

use std::fmt::{Debug, Display};

use crate::auction::plan::{believed, rates};
use crate::audit::verify::snapshot::{InForce, Placement, Publisher};
use crate::model::break_request::Door;
use crate::model::category::Separation;
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::Floor;
use crate::model::house::HouseAd;
use crate::model::money::{Currency, FeeSchedule};
use crate::model::plan::{AuctionInput, Part, Plan};
use crate::model::rates::{Rate, RateSnapshot};
use crate::model::time::{MAX_BREAK, Millis, Seconds, UnixMillis};
use crate::wire::explain::Asked;

/// Says what of an auction is not as the config in force has it.
pub(super) fn faults(config: &InForce, asked: &Asked, input: &AuctionInput) -> Vec<String> {
    let mut told = Told::default();
    let (plan, terms) = (&input.plan, &input.plan.terms);
    told.equal("currency", terms.currency, config.currency);
    told.equal("pricing", name(terms.pricing), name(config.pricing));
    told.equal("max_cpm", terms.max_cpm, believed(config.max_cpm, &terms.rates));
    match config.publishers.get(&*asked.publisher) {
        None => told.unknown("publisher", &asked.publisher),
        Some(publisher) => {
            if terms.fees != publisher.fees {
                told.equal("fees", fees(&terms.fees), fees(&publisher.fees));
            }
            for (index, (part, (_, placement))) in plan.parts.iter().zip(&asked.imps).enumerate() {
                match config.placements.get(&**placement) {
                    None => told.unknown("placement", placement),
                    Some(terms) => {
                        told.equal("publisher", &*asked.publisher, &*terms.publisher);
                        told.part(part, terms, publisher, asked.door);
                        told.media(plan, index, terms, asked.door);
                    }
                }
            }
            told.pods(config, asked, plan);
        }
    }
    if let Some(placement) = config.placements.get(&*asked.placement) {
        told.times(asked, placement.tmax, input);
    }
    told.bidders(config, input, plan);
    told.faults
}

/// Says what of an auction's rates of exchange is not as the snapshots that it cites have it.
///
/// Between the times of a request and of its record a snapshot may grow too old.
pub(super) fn rate_fault(
    snapshots: &[RateSnapshot],
    input: &AuctionInput,
    at: UnixMillis,
) -> Option<String> {
    let terms = &input.plan.terms;
    let ends = snapshots.iter().map(|it| it.time.plus(it.max_age));
    let near = |end: &UnixMillis| end.0.abs_diff(at.0) <= LEEWAY;
    let turns = ends.filter(near).flat_map(|end| [end, UnixMillis(end.0.saturating_add(1))]);
    let right = rates(snapshots, terms.currency, at);
    let known = |currency: &Currency| {
        snapshots
            .iter()
            .any(|it| it.base == *currency || it.quotes.iter().any(|(code, _)| code == currency))
    };
    if let Some(strange) = terms.currencies.iter().find(|it| !known(it)) {
        return Some(format!("bids may come in {strange}, of which the rates say nothing"));
    }
    let fits = terms.rates == right
        || turns.into_iter().any(|time| terms.rates == rates(snapshots, terms.currency, time));
    (!fits).then(|| {
        let (own, right) = (listed(&terms.rates), listed(&right));
        format!("its rates are {own}, and by those it cites they are {right}")
    })
}

#[derive(Default)]
struct Told {
    faults: Vec<String>,
}

impl Told {
    fn equal<T: Display + PartialEq>(&mut self, field: &str, own: T, cited: T) {
        if own != cited {
            self.faults.push(format!("{field} is {own}, and in the config it cites {cited}"));
        }
    }

    fn unknown(&mut self, field: &str, id: &str) {
        self.faults.push(format!("{field} {id:?} is not in the config it cites"));
    }

    /// Bounds are told in full: they are few, and both sides matter.
    fn bound(&mut self, holds: bool, field: impl Display, own: &dyn Debug, cited: &dyn Debug) {
        if !holds {
            self.faults.push(format!("{field} is {own:?}, and in the config it cites {cited:?}"));
        }
    }

    /// Holds a part against its placement.
    fn part(&mut self, part: &Part, terms: &Placement, publisher: &Publisher, door: Door) {
        self.equal("deals_first", part.deals_first, terms.deals_first);
        self.bound(part.fit == terms.fit, "fit", &part.fit, &terms.fit);
        self.equal("unmapped_category", part.unmapped_refused, terms.unmapped_refused);
        let private = part.private_auction || !terms.private_auction;
        self.bound(private, "private_auction", &part.private_auction, &terms.private_auction);
        self.bound(part.max_ads <= terms.max_ads, "max_ads", &part.max_ads, &terms.max_ads);
        let ends = [part.lengths.shortest(), part.lengths.longest()];
        let allowed = ends.iter().all(|length| terms.lengths.allow(*length));
        self.bound(allowed, "durations", &part.lengths, &terms.lengths);
        let floor = reaches(&part.floor, &terms.floor, part, door);
        self.bound(floor, "floor", &part.floor, &terms.floor);
        for blocked in [&publisher.blocked, &terms.blocked] {
            let (own, cited) = (&part.blocked_advertisers, &blocked.advertisers);
            let kept = cited.iter().all(|cited| own.iter().any(|own| **own == **cited));
            self.bound(kept, "blocked_advertisers", own, cited);
            let (own, cited) = (&part.blocked_categories, &blocked.categories);
            let kept = cited.iter().all(|cited| own.contains(cited));
            self.bound(kept, "blocked_categories", own, cited);
        }
        for deal in &part.deals {
            match terms.deals.iter().find(|cited| cited.id == deal.id) {
                Some(cited) => self.deal(deal, cited, part, (terms, door)),
                // Such a caller brings deals of its own; its floor is the placement's, or above it.
                None if door == Door::OpenRtb => {
                    let own = deal.floor.as_ref().unwrap_or(&part.floor);
                    let holds = reaches(own, &terms.floor, part, door);
                    self.bound(holds, format_args!("floor of deal {}", deal.id), own, &terms.floor);
                }
                None => self.unknown("deal", deal.id.as_str()),
            }
        }
        if door != Door::OpenRtb {
            let missing =
                terms.deals.iter().find(|it| part.deals.iter().all(|own| own.id != it.id));
            if let Some(deal) = missing {
                let what = format!("deal {:?} of the config it cites is missing", deal.id.as_str());
                self.faults.push(what);
            }
        }
    }

    /// Holds the types that a part takes, and its house ads, against its placement.
    ///
    /// A caller may leave types out, by its tag or by OpenRTB. One that leaves none may not be sold
    /// to: no types would be any.
    fn media(&mut self, plan: &Plan, index: usize, terms: &Placement, door: Door) {
        let part = &plan.parts[index];
        let (own, cited) = (&part.mimes, &terms.mimes);
        let mut rest = cited.iter();
        let kept = own.iter().all(|own| rest.any(|cited| cited == own));
        let offered = || plan.offers.iter().any(|it| it.imps.iter().any(|imp| imp.part == index));
        let narrowed = door != Door::Native && kept && (!own.is_empty() || !offered());
        self.bound(own == cited || narrowed, "mimes", own, cited);

        // Of the rest the types that the part takes tell which ads its caller can play.
        let takes = |mime: &str| own.iter().any(|own| own.eq_ignore_ascii_case(mime));
        let cited = terms
            .house
            .iter()
            .filter(|ad| door != Door::OpenRtb && ad.plays(part.seconds, part.secure, takes));
        let facts = |ad: &HouseAd| (ad.id.clone(), ad.seconds, ad.length);
        let own = part.house.iter().map(|ad| &**ad);
        if !own.clone().map(facts).eq(cited.clone().map(facts)) {
            let (own, cited): (Vec<_>, Vec<_>) =
                (own.map(facts).collect(), cited.map(facts).collect());
            self.bound(false, "house", &own, &cited);
        }
    }

    /// Holds what is kept apart in each pod against the placements of its parts.
    fn pods(&mut self, config: &InForce, asked: &Asked, plan: &Plan) {
        let rules = |part: usize| {
            let (_, placement) = asked.imps.get(part)?;
            Some(&config.placements.get(&**placement)?.separation)
        };
        for (index, pod) in plan.pods.iter().enumerate() {
            let parts = (0..plan.parts.len()).filter(|part| plan.parts[*part].pod == index);
            let sum = |sum: Separation, one: Option<&Separation>| Some(sum.and(one?));
            let Some(all) = parts.map(rules).try_fold(Separation::default(), sum) else { continue };
            let own = &pod.separation;
            // A caller of OpenRTB may ask for more, but names no categories.
            let asked = asked.door == Door::OpenRtb && own.exclusive == all.exclusive;
            let kept = *own == all || (asked && own.and(&all) == *own);
            self.bound(kept, format_args!("separation of pod {}", pod.id), own, &all);
        }
    }

    /// Holds the time that bidders are given against the placement's, of which a caller's patience
    /// may leave less.
    fn times(&mut self, asked: &Asked, tmax: Millis, input: &AuctionInput) {
        self.equal("tmax", asked.tmax.0, tmax.0);
        for reply in &input.replies {
            let deadline = reply.deadline_us.unwrap_or(0);
            let within = deadline <= tmax.0.saturating_mul(1_000);
            let field = format_args!("deadline of bidder {}, in microseconds,", reply.bidder);
            self.bound(within, field, &deadline, &tmax.0.saturating_mul(1_000));
        }
    }

    /// Holds a deal against the config's of its name.
    fn deal(&mut self, own: &Deal, cited: &Deal, part: &Part, (terms, door): (&Placement, Door)) {
        // The floor may be raised by what a caller asks for; the rest is agreed.
        let bare = |deal: &Deal| Deal { floor: None, ..deal.clone() };
        let agreed = bare(own) == bare(cited);
        let floor = match (&own.floor, &cited.floor) {
            (None, None) => true,
            (Some(own), cited) => {
                let cited = cited.as_ref().unwrap_or(&terms.floor);
                reaches(own, cited, part, door)
            }
            (None, Some(_)) => false,
        };
        self.bound(agreed && floor, format_args!("deal {}", own.id), own, cited);
    }

    /// Each bidder of the market has its reply, and was offered what the config says.
    fn bidders(&mut self, config: &InForce, input: &AuctionInput, plan: &Plan) {
        let replies = &input.replies;
        let known = |reply: &&str| config.bidders.contains_key(*reply);
        let ids = replies.iter().map(|reply| reply.bidder.as_str());
        if let Some(strange) = ids.clone().find(|id| !known(id)) {
            self.unknown("bidder", strange);
        }
        // No bidder has two replies.
        if replies.len() < config.bidders.len() {
            let missing = config.bidders.keys().find(|id| ids.clone().all(|own| own != &***id));
            let missing = missing.map_or("", |id| id);
            self.faults.push(format!("bidder {missing:?} of the config it cites is missing"));
        }
        for offer in &plan.offers {
            let id = offer.bidder.id.as_str();
            let Some((dialect, seats)) = config.bidders.get(id) else { continue };
            let same = offer
                .bidder
                .seats
                .iter()
                .map(|seat| seat.as_str())
                .eq(seats.iter().map(|it| &**it));
            self.bound(same, format_args!("seats of bidder {id}"), &offer.bidder.seats, seats);
            let same = offer.dialect == *dialect;
            self.bound(same, format_args!("pods of bidder {id}"), &offer.dialect, dialect);
        }
    }
}

/// Says whether a floor is the cited one; by the door whose callers ask for floors, at least that.
fn reaches(own: &Floor, cited: &Floor, part: &Part, door: Door) -> bool {
    let Seconds(longest) = Seconds::nominal(MAX_BREAK);
    let higher = || {
        let lengths = (1..=longest).map(Seconds).filter(|length| part.lengths.allow(*length));
        lengths.into_iter().all(|length| cited.at(length) <= own.at(length))
    };
    own == cited || (door == Door::OpenRtb && higher())
}

fn name(pricing: Pricing) -> &'static str {
    match pricing {
        Pricing::First => "first",
        Pricing::Second => "second",
        Pricing::Fixed => "fixed",
    }
}

/// Writes a fee schedule as one reads it.
fn fees(schedule: &FeeSchedule) -> String {
    let fees = schedule.fees().iter().map(|fee| format!("{} {} ppm", fee.name, fee.ppm));
    format!("[{}]", fees.collect::<Vec<_>>().join(", "))
}

/// Writes rates as one reads them, times 10^12.
fn listed(rates: &[Rate]) -> String {
    let rates = rates.iter().map(|rate| format!("{} {}", rate.from, rate.e12));
    format!("[{}]", rates.collect::<Vec<_>>().join(", "))
}

/// What may lie between a request and its record, in milliseconds.
const LEEWAY: u64 = 10_000;

#[cfg(test)]
mod tests;
