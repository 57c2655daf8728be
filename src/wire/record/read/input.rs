//! From the sections of an auction back to its input.

use crate::model::ids::BidderId;
use crate::model::plan::{AuctionInput, Draw, Offer};
use crate::wire::explain::Asked;
use crate::wire::record::read::view::View;
use crate::wire::record::read::{RecordError, content, missing};
use crate::wire::record::seller::Seller;
use crate::wire::record::texts::Texts;
use crate::wire::record::{BIDDER, bidder, ops, seller};

/// Returns who asked for what.
pub(super) fn asked(view: &View<'_>) -> Result<Asked, RecordError> {
    let bytes = view.section(SELLER).ok_or_else(|| missing(SELLER))?;
    let read = seller::read(bytes, &mut Texts::default());
    let (seller, plan) = read.ok_or_else(|| content(SELLER))?;
    Ok(seller.asked(plan.parts.len(), view.at, view.head().test))
}

/// Returns what is told of the request, and the input of the auction.
pub(super) fn auction<'v>(
    view: &'v View<'_>,
    texts: &mut Texts,
) -> Result<(Seller<'v>, AuctionInput), RecordError> {
    let head = view.head();
    let Some(seed) = head.seed else { return Err(content("head")) };
    let bytes = view.section(SELLER).ok_or_else(|| missing(SELLER))?;
    let (seller, mut plan) = seller::read(bytes, texts).ok_or_else(|| content(SELLER))?;
    let bytes = view.section(OPS).ok_or_else(|| missing(OPS))?;
    let ops = ops::read(bytes).ok_or_else(|| content(OPS))?;
    let chosen = ops.chosen().ok_or_else(|| content(OPS))?;
    let ids = ops.replies(&chosen);
    if !is_distinct(&ids) {
        return Err(content(OPS));
    }
    let mut replies = Vec::with_capacity(ids.len());
    let mut offers = Vec::with_capacity(ids.len());
    let mut name = String::with_capacity(64);
    for id in &ids {
        name.clear();
        name.extend([BIDDER, id]);
        let bytes = view.section(&name).ok_or_else(|| missing(&name))?;
        let id = BidderId::new(texts.shared(id));
        let (reply, offer) =
            bidder::read(bytes, &id, Some(&plan), texts).ok_or_else(|| content(&name))?;
        replies.push(reply);
        offers.extend(offer);
    }
    let whole = view.names().filter(|name| name.starts_with(BIDDER)).count() == ids.len();
    let ordered = offers_in_order(&ops, offers).filter(|_| whole);
    plan.offers = ordered.ok_or_else(|| content(OPS))?;
    plan.skipped = ops.unoffered();
    let draw = Draw {
        auction: view.id,
        seed,
        record_key: view.key,
        user_salt: view.user_salt().unwrap_or_default(),
        nonce_key: [0; 32],
    };
    Ok((seller, AuctionInput { draw, plan, chosen, replies }))
}

/// Says whether no id comes twice.
fn is_distinct(ids: &[&str]) -> bool {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.is_sorted_by(|a, b| a < b)
}

/// Puts the offers into the market's order; none when they are not those it names.
fn offers_in_order(ops: &ops::OpsForm<'_>, mut offers: Vec<Offer>) -> Option<Vec<Offer>> {
    if offers.len() != ops.offers.len() {
        return None;
    }
    for (place, id) in ops.offers.iter().enumerate() {
        // As a rule it is the one that stands there.
        let is_it = |offer: &Offer| offer.bidder.id.as_str() == id;
        let from = place + offers[place..].iter().position(is_it)?;
        offers.swap(place, from);
    }
    Some(offers)
}

const SELLER: &str = "seller";
const OPS: &str = "ops";
