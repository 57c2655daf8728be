//! Check 3: seat, advertisers, categories, creative and app are welcome.

use std::cell::OnceCell;

use crate::auction::category::list::{List, Verdict};
use crate::auction::eligibility::{Blocks, Rules, allowed};
use crate::auction::plan::seat_may_bid;
use crate::model::bid::Bid;
use crate::model::deal::Deal;
use crate::model::plan::{Part, Plan};
use crate::model::reason::LossReason;

/// The lists of categories of a plan, each made ready when a bid first needs it.
#[derive(Debug)]
pub(super) struct Lists<'a> {
    plan: &'a Plan,
    allowed: OnceCell<List<'a>>,
    /// One per part; none at all where no part blocks any.
    blocked: Vec<OnceCell<List<'a>>>,
}

impl<'a> Lists<'a> {
    /// Reads nothing yet.
    pub(super) fn new(plan: &'a Plan) -> Self {
        let blocks = plan.parts.iter().any(|part| !part.blocked_categories.is_empty());
        let parts = if blocks { plan.parts.len() } else { 0 };
        let blocked = (0..parts).map(|_| OnceCell::new()).collect();
        Self { plan, allowed: OnceCell::new(), blocked }
    }

    /// Holds a bid's categories against those blocked and those allowed.
    ///
    /// A block must hit to refuse; an allowance must hit to allow, so a bid that declares no
    /// category passes the one and not the other.
    fn welcome(&self, index: usize, bid: &Bid) -> Result<Blocks, LossReason> {
        let (terms, part) = (&self.plan.terms, &self.plan.parts[index]);
        if !terms.allowed_categories.is_empty() {
            let list = self.allowed.get_or_init(|| List::new(&terms.allowed_categories));
            allowed(list.holds(bid), LossReason::CategoryBlocked)?;
        }
        if part.blocked_categories.is_empty() {
            return Ok(Blocks::Told);
        }
        let list = self.blocked[index].get_or_init(|| List::new(&part.blocked_categories));
        match list.of_bid(bid) {
            Verdict::Clear => Ok(Blocks::Told),
            Verdict::Unmapped if !part.unmapped_refused => Ok(Blocks::Untold),
            Verdict::Unmapped | Verdict::Hit => Err(LossReason::CategoryBlocked),
        }
    }
}

/// Holds a bid against the rules on who and what may be shown in a part.
pub(super) fn parties(rules: &Rules<'_>, index: usize, bid: &Bid) -> Result<Blocks, LossReason> {
    let (terms, part) = (&rules.plan.terms, &rules.plan.parts[index]);
    let seat = bid.seat.as_ref();
    let seated = seat_may_bid(terms, seat) && rules.offer.takes_seat(seat);
    allowed(seated, LossReason::SeatNotAllowed)?;
    allowed(!bid.advertisers.is_empty(), LossReason::AdvertiserMissing)?;
    allowed(!advertiser_blocked(part, bid), LossReason::AdvertiserBlocked)?;
    let blocks = rules.lists.welcome(index, bid)?;
    allowed(bid.creative_id.is_some(), LossReason::CreativeIdMissing)?;
    let attribute_blocked = |attribute| part.blocked_attributes.contains(attribute);
    allowed(!bid.attributes.iter().any(attribute_blocked), LossReason::AttributeBlocked)?;
    let app = bid.bundle.as_deref();
    let app_blocked = app.is_some_and(|app| terms.blocked_apps.iter().any(|entry| **entry == *app));
    allowed(!app_blocked, LossReason::AppBlocked)?;
    Ok(blocks)
}

/// Says whether a deal is for all of a bid's advertisers.
pub(super) fn domains_in_deal(deal: &Deal, bid: &Bid) -> bool {
    let listed = |part: &str| deal.advertisers.iter().any(|entry| **entry == *part);
    deal.advertisers.is_empty() || bid.advertisers.iter().all(|it| within(&it.domain, listed))
}

/// Says whether an advertiser's domain or one it lies below is blocked (decision 13).
fn advertiser_blocked(part: &Part, bid: &Bid) -> bool {
    let list = &part.blocked_advertisers;
    let listed = |suffix: &str| list.binary_search_by(|entry| (**entry).cmp(suffix)).is_ok();
    !list.is_empty() && bid.advertisers.iter().any(|it| within(&it.domain, listed))
}

/// Says whether a domain, or one it lies below, is one of a list.
fn within(domain: &str, listed: impl Fn(&str) -> bool) -> bool {
    let mut suffix = Some(domain);
    while let Some(part) = suffix {
        if listed(part) {
            return true;
        }
        suffix = part.split_once('.').map(|(_, rest)| rest);
    }
    false
}
