//! Deals and floors of section `seller`.

use crate::model::deal::{Deal, Pricing};
use crate::model::floor::{Floor, FloorStep};
use crate::model::ids::{BidderId, DealId};
use crate::model::time::Seconds;
use crate::wire::record::json::Json;
use crate::wire::record::scan::Scan;
use crate::wire::record::texts::Texts;

/// Writes a deal.
pub(super) fn write(json: &mut Json<'_>, deal: &Deal) {
    json.object(|json| {
        json.texts(key!("advertisers"), &deal.advertisers);
        json.some(key!("bidders"), &deal.bidders, |json, bidder| json.text(bidder.as_str()));
        let discount = Some(deal.discount_ppm).filter(|&ppm| ppm != 0);
        json.maybe(key!("discount"), discount, Json::number);
        json.maybe(key!("floor"), deal.floor.as_ref(), write_floor);
        json.set(key!("guaranteed"), deal.guaranteed);
        json.key(key!("id")).text(deal.id.as_str());
        json.key(key!("pricing")).text(pricing_name(deal.pricing));
        json.texts(key!("seats"), &deal.seats);
    });
}

/// Reads a deal; none when a value breaks a rule of its type.
pub(super) fn read(scan: &mut Scan<'_>, texts: &mut Texts) -> Option<Deal> {
    scan.object(|scan| {
        let mut shared = |scan: &mut Scan<'_>| scan.text().map(|text| texts.shared(&text));
        Some(Deal {
            advertisers: scan.some(key!("advertisers"), &mut shared)?,
            bidders: scan.some(key!("bidders"), |scan| shared(scan).map(BidderId::new))?,
            discount_ppm: scan.may(key!("discount"), part_of_a_million)?.unwrap_or(0),
            floor: scan.may(key!("floor"), read_floor)?,
            guaranteed: scan.set(key!("guaranteed"))?,
            id: scan.must(key!("id"), |scan| shared(scan).map(DealId::new))?,
            pricing: scan.must(key!("pricing"), read_pricing)?,
            seats: scan.some(key!("seats"), &mut shared)?,
        })
    })
}

/// Returns how prices are found, in a word.
pub(super) fn pricing_name(pricing: Pricing) -> &'static str {
    match pricing {
        Pricing::First => "first",
        Pricing::Second => "second",
        Pricing::Fixed => "fixed",
    }
}

/// Reads how prices are found.
pub(in crate::wire::record) fn read_pricing(scan: &mut Scan<'_>) -> Option<Pricing> {
    let name = scan.text()?;
    let all = [Pricing::First, Pricing::Second, Pricing::Fixed];
    all.into_iter().find(|pricing| pricing_name(*pricing) == name)
}

/// Writes a floor.
pub(super) fn write_floor(json: &mut Json<'_>, floor: &Floor) {
    json.object(|json| match floor {
        Floor::Fixed(floor) => json.key(key!("fixed")).micros(*floor),
        Floor::PerSecond(floor) => json.key(key!("per_second")).micros(*floor),
        // Steps as (shortest, longest, floor), and the floor of other lengths.
        Floor::ByLength { steps, otherwise } => json.key(key!("by_length")).pair(|json| {
            json.list(steps, write_step);
            json.micros(*otherwise);
        }),
    });
}

fn write_step(json: &mut Json<'_>, step: &FloorStep) {
    json.pair(|json| {
        for bound in [step.min, step.max] {
            match bound {
                Some(seconds) => json.number(seconds.0),
                None => json.null(),
            }
        }
        json.micros(step.floor);
    });
}

/// Reads a floor; none when a price is none.
pub(in crate::wire::record) fn read_floor(scan: &mut Scan<'_>) -> Option<Floor> {
    scan.object(|scan| {
        if scan.key(key!("by_length")) {
            let (steps, otherwise) = scan.pair(|scan| scan.list(read_step), Scan::micros)?;
            return Some(Floor::ByLength { steps, otherwise });
        }
        if scan.key(key!("fixed")) {
            return scan.micros().map(Floor::Fixed);
        }
        scan.must(key!("per_second"), Scan::micros).map(Floor::PerSecond)
    })
}

fn read_step(scan: &mut Scan<'_>) -> Option<FloorStep> {
    let bound = |scan: &mut Scan<'_>| scan.nullable(|scan| scan.number().map(Seconds));
    scan.byte(b'[')?;
    let min = bound(scan)?;
    scan.comma()?;
    let max = bound(scan)?;
    scan.comma()?;
    let floor = scan.micros()?;
    scan.byte(b']')?;
    Some(FloorStep { min, max, floor })
}

/// Reads a share in millionths; none above a whole.
pub(in crate::wire::record) fn part_of_a_million(scan: &mut Scan<'_>) -> Option<u32> {
    scan.number().filter(|ppm| *ppm <= 1_000_000)
}
