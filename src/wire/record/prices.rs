//! What the prices of a sale are held against, read without the rest of its sections: the floors of
//! parts and deals, and what bids offered.
//!
//! So every record of a stream can be looked at; `read` gives the whole input.

use std::borrow::Cow;

use crate::model::floor::Floor;
use crate::model::money::Cpm;
use crate::wire::price::parse_down;
use crate::wire::record::scan::Scan;
use crate::wire::record::seller::deal;

/// The floors of one part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartFloors<'a> {
    /// Its deals by id, with the floor of each that has its own.
    pub deals: Vec<(Cow<'a, str>, Option<Floor>)>,
    /// The floor of bids without such a deal.
    pub floor: Floor,
}

/// What one bid offered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offered<'a> {
    /// The deal it names.
    pub deal: Option<Cow<'a, str>>,
    /// Its price, in its own currency.
    pub price: Option<Cpm>,
}

/// Reads the floors of all parts from section `seller`; none when it is not as it should be.
pub(super) fn floors(bytes: &[u8]) -> Option<Vec<PartFloors<'_>>> {
    Scan::section(bytes, |scan| {
        scan.pass(&BEFORE_PARTS)?;
        let parts = scan.some(key!("parts"), part)?;
        scan.pass(&AFTER_PARTS)?;
        Some(parts)
    })
}

fn part<'a>(scan: &mut Scan<'a>) -> Option<PartFloors<'a>> {
    scan.object(|scan| {
        scan.pass(&BEFORE_DEALS)?;
        let deals = scan.some(key!("deals"), |scan| {
            scan.object(|scan| {
                scan.pass(&[key!("advertisers"), key!("bidders"), key!("discount")])?;
                let floor = scan.may(key!("floor"), deal::read_floor)?;
                scan.pass(&[key!("guaranteed")])?;
                let id = scan.must(key!("id"), Scan::text)?;
                scan.pass(&[key!("pricing"), key!("seats")])?;
                Some((id, floor))
            })
        })?;
        scan.pass(&[key!("deals_first"), key!("exp"), key!("fit")])?;
        let floor = scan.must(key!("floor"), deal::read_floor)?;
        scan.pass(&AFTER_FLOOR)?;
        Some(PartFloors { deals, floor })
    })
}

/// Reads what each bid of section `bidder:<id>` offered; none when it is not as it should be.
pub(super) fn offered(bytes: &[u8]) -> Option<Vec<Offered<'_>>> {
    Scan::section(bytes, |scan| {
        scan.pass(&[key!("arrived_us")])?;
        let bids = scan.some(key!("bids"), bid)?;
        scan.pass(&AFTER_BIDS)?;
        Some(bids)
    })
}

fn bid<'a>(scan: &mut Scan<'a>) -> Option<Offered<'a>> {
    scan.object(|scan| {
        scan.pass(&BEFORE_DEAL)?;
        let deal = scan.may(key!("deal"), Scan::text)?;
        scan.pass(&BEFORE_PRICE)?;
        let price = scan.may(key!("price"), |scan| {
            scan.object(|scan| {
                let micros = scan.must(key!("micros"), Scan::micros)?;
                let text = scan.must(key!("text"), Scan::text)?;
                // What people read and what is reckoned with is one price (decision 3).
                (parse_down(&text) == Some(micros)).then_some(micros)
            })
        })?;
        scan.pass(&AFTER_PRICE)?;
        Some(Offered { deal, price })
    })
}

const BEFORE_PARTS: [&str; 5] =
    [key!("break"), key!("door"), key!("fee_id"), key!("fees"), key!("imp_ids")];
const AFTER_PARTS: [&str; 9] = [
    key!("placement"),
    key!("placements"),
    key!("pods"),
    key!("publisher"),
    key!("req_sha"),
    key!("request_id"),
    key!("schain_sha"),
    key!("terms"),
    key!("tmax"),
];
const BEFORE_DEALS: [&str; 4] = [
    key!("apis"),
    key!("blocked_advertisers"),
    key!("blocked_attributes"),
    key!("blocked_categories"),
];
const AFTER_FLOOR: [&str; 14] = [
    key!("house"),
    key!("lengths"),
    key!("max_ads"),
    key!("mimes"),
    key!("place"),
    key!("pod"),
    key!("private"),
    key!("protocols"),
    key!("real"),
    key!("seconds"),
    key!("secure"),
    key!("shape"),
    key!("size"),
    key!("unmapped_refused"),
];
const AFTER_BIDS: [&str; 8] = [
    key!("deadline_us"),
    key!("nbr"),
    key!("offer"),
    key!("outcome"),
    key!("resp_id"),
    key!("resp_sha"),
    key!("sent"),
    key!("status"),
];
const BEFORE_DEAL: [&str; 8] = [
    key!("advertisers"),
    key!("apis"),
    key!("attr"),
    key!("bundle"),
    key!("cat"),
    key!("cattax"),
    key!("crid"),
    key!("cur"),
];
const BEFORE_PRICE: [&str; 10] = [
    key!("defect"),
    key!("dur"),
    key!("exp"),
    key!("group"),
    key!("id"),
    key!("imp"),
    key!("lang"),
    key!("markup"),
    key!("mtype"),
    key!("normalised"),
];
const AFTER_PRICE: [&str; 4] = [key!("protocol"), key!("seat"), key!("size"), key!("slotinpod")];
