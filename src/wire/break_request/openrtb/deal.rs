//! The deals that a caller brings along.

use std::sync::Arc;

use openrtb::deal::Deal as Told;
use openrtb::imp::Imp;
use openrtb::list::auction;

use crate::model::deal::{Deal, Pricing};
use crate::model::ids::DealId;
use crate::wire::break_request::openrtb::floor::{self, NoRate, Rates};
use crate::wire::break_request::openrtb::{domains, shared};

/// Returns the deals of an imp; `pricing` holds where a deal does not say.
pub(super) fn of_imp(
    imp: &Imp<'_>,
    usual: Pricing,
    rates: &Rates<'_>,
) -> Result<Vec<Arc<Deal>>, NoRate> {
    let told = imp.pmp.as_ref().and_then(|pmp| pmp.deals.as_deref()).unwrap_or_default();
    told.iter().map(|told| Ok(Arc::new(deal(told, imp, usual, rates)?))).collect()
}

fn deal(told: &Told<'_>, imp: &Imp<'_>, usual: Pricing, rates: &Rates<'_>) -> Result<Deal, NoRate> {
    Ok(Deal {
        id: DealId::new(&*told.id),
        bidders: Vec::new(),
        seats: shared(told.wseat.as_deref()),
        advertisers: domains(told.wadomain.as_deref()),
        pricing: pricing(told.at, usual),
        floor: floor::of_deal(told, imp, rates)?,
        guaranteed: told.guar == Some(GUARANTEED),
        discount_ppm: 0,
    })
}

/// Reads `at`: an auction of somebody's own making is one of first price.
const fn pricing(at: Option<i32>, usual: Pricing) -> Pricing {
    match at {
        Some(auction::SECOND_PRICE) => Pricing::Second,
        Some(auction::FIXED_PRICE) => Pricing::Fixed,
        Some(auction::FIRST_PRICE | OWN_KINDS..) => Pricing::First,
        _ => usual,
    }
}

/// `guar` of a deal whose bidder must bid.
const GUARANTEED: i32 = 1;

/// The least `at` of an auction of somebody's own making.
const OWN_KINDS: i32 = 500;
