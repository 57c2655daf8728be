//! `[[deal]]`: private terms between a publisher and buyers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::block;
use crate::config::floor;
use crate::config::market::{Common, pricing};
use crate::config::problem::{BAD_VALUE, DANGLING};
use crate::config::section::{At, Section};
use crate::config::value;
use crate::model::deal::{Deal, Pricing};
use crate::model::floor::Floor;
use crate::model::ids::{BidderId, DealId, PlacementId};
use crate::model::market::Bidder;

/// What a deal may refer to.
pub(super) struct Names<'a> {
    /// The ids that the placements of the file give themselves, sound or not.
    pub(super) placements: &'a BTreeSet<String>,
    /// The same of bidders.
    pub(super) bidders: &'a BTreeSet<String>,
    /// The bidders that could be read.
    pub(super) read: &'a BTreeMap<BidderId, Arc<Bidder>>,
}

/// Reads a deal with the placements it holds on.
pub(super) fn read(
    section: Section<'_>,
    names: &Names<'_>,
    common: &Common,
) -> Option<(Deal, Vec<At<PlacementId>>)> {
    let help = "give the deal the id it was agreed under: id = \"PG-9\"";
    let id = section.required("id", help, value::foreign);
    let title = id.as_ref().map_or_else(String::new, |id| format!("deal \"{}\": ", id.value));
    let placements = resolved(&section, "placements", (&title, "placement"), names.placements);
    if !section.has("placements") {
        section.missing("placements", "say where it holds: placements = [\"arena-1-mid\"]");
    }
    let bidders = resolved(&section, "bidders", (&title, "bidder"), names.bidders);
    let seats = block::names(&section, "seats");
    for bidder in &bidders {
        let Some(known) = names.read.get(bidder.value) else { continue };
        let shut = |seat: &Arc<str>| !known.seats.iter().any(|own| own.as_str() == &**seat);
        if !known.seats.is_empty() && !seats.is_empty() && seats.iter().all(shut) {
            let message =
                format!("{title}bidder \"{}\" bids for none of its `seats`", bidder.value);
            let help = "add one of the deal's seats to the bidder's, or take the bidder out";
            let label = "could never use the deal";
            section.problem(BAD_VALUE, &bidder.span, (message, label, help.to_owned()));
        }
    }
    let (pricing, floor, discount_ppm) = price(&section, common);
    let advertisers = block::domains(&section, "adomain");
    let guaranteed = section.boolean("guaranteed").unwrap_or(false);
    section.finish();
    let deal = Deal {
        id: DealId::new(id?.value),
        bidders: bidders.iter().map(|bidder| BidderId::new(bidder.value)).collect(),
        seats,
        advertisers,
        pricing,
        floor,
        guaranteed,
        discount_ppm,
    };
    let place = |at: At<&str>| At { value: PlacementId::new(at.value), span: at.span };
    Some((deal, placements.into_iter().map(place).collect()))
}

/// Reads what is paid: `pricing`, `floor` and `discount`, which bear on one another.
fn price(section: &Section<'_>, common: &Common) -> (Pricing, Option<Floor>, u32) {
    let pricing = section.parsed("pricing", |text| match text {
        "fixed" => Ok(Pricing::Fixed),
        other => pricing(other)
            .map_err(|_| format!("{other:?} is neither \"first\", \"second\" nor \"fixed\"")),
    });
    let pricing = pricing.map_or(common.pricing, |pricing| pricing.value);
    let floor = floor::read(section, common);
    let discount = section.parsed("discount", value::ppm);
    if let Some(At { value: Floor::ByLength { .. }, span }) = &floor
        && section.table("floor").is_some_and(|floor| !floor.has("amount"))
    {
        let wrong = "an ad of a length that no range holds would be free: add `amount`";
        section.bad_value("floor", span, wrong);
    }
    if pricing == Pricing::Fixed {
        if !section.has("floor") {
            let help = "it is the price: floor = { amount = \"22.00\", currency = \"USD\" }";
            section.missing("floor", help);
        }
        if let Some(discount) = &discount {
            let wrong = "the price is fixed: write what is paid into `floor`";
            section.bad_value("discount", &discount.span, wrong);
        }
    }
    (pricing, floor.map(|floor| floor.value), discount.map_or(0, |discount| discount.value))
}

/// Reads a list of ids of this file and reports those that nothing has.
fn resolved<'a>(
    section: &Section<'a>,
    key: &'static str,
    (title, kind): (&str, &str),
    known: &BTreeSet<String>,
) -> Vec<At<&'a str>> {
    let Some(listed) = section.texts(key) else { return Vec::new() };
    if listed.value.is_empty() && kind == "placement" {
        section.bad_value(key, &listed.span, "it is empty: the deal would hold nowhere");
    }
    for at in listed.value.iter().filter(|at| !known.contains(at.value)) {
        let message = format!("{title}there is no {kind} \"{}\"", at.value);
        let label = format!("names no {kind}");
        section.problem(DANGLING, &at.span, (message, &label, named(kind, known)));
    }
    listed.value
}

/// Returns what to do about an id that refers to nothing.
pub(super) fn named(kind: &str, known: &BTreeSet<String>) -> String {
    let some: Vec<&str> = known.iter().take(MOST_NAMED).map(String::as_str).collect();
    match (known.len(), some.join(", ")) {
        (0, _) => format!("add a [[{kind}]] with this id"),
        (count, names) if count <= MOST_NAMED => format!("add it, or name one of: {names}"),
        (count, names) => format!("add it, or name one of {count}: {names}, …"),
    }
}

/// How many ids a hint lists.
const MOST_NAMED: usize = 10;
