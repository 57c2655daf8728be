//! What the figures of a sale are held against, read without the rest of its sections: the terms of
//! the seller, and what each bid offered beside what became of it.
//!
//! So every record of a stream can be looked at; `read` gives the whole input.

use std::borrow::Cow;

use crate::model::deal::Pricing;
use crate::model::floor::Floor;
use crate::model::money::{Cpm, Currency};
use crate::model::rates::Rate;
use crate::model::time::Seconds;
use crate::wire::price::parse_down;
use crate::wire::record::outcome::read::{OwnWin, own_fate};
use crate::wire::record::scan::Scan;
use crate::wire::record::scan::passed::Passed;
use crate::wire::record::seller::{self, deal};

/// What the seller's section says of money and seconds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ForSale<'a> {
    /// The auction's currency.
    pub currency: Currency,
    /// Name and share of each fee, in millionths; together below a whole.
    pub fees: Vec<(Cow<'a, str>, u32)>,
    /// What is sold as one.
    pub parts: Vec<PartTerms<'a>>,
    /// How winners pay that no deal says otherwise for.
    pub pricing: Pricing,
    /// Rates into the currency.
    pub rates: Vec<Rate>,
    /// Nominal seconds of all pods.
    pub seconds: u64,
}

/// The prices of one part.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartTerms<'a> {
    /// Its deals.
    pub deals: Vec<DealTerms<'a>>,
    /// The floor of bids without a deal that has its own.
    pub floor: Floor,
    /// Nominal seconds for sale.
    pub seconds: Seconds,
}

/// The prices of one deal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DealTerms<'a> {
    /// What is taken off bids, in millionths.
    pub discount_ppm: u32,
    /// Its own floor.
    pub floor: Option<Floor>,
    /// Its name.
    pub id: Cow<'a, str>,
    /// How its winners pay.
    pub pricing: Pricing,
}

/// What one bid offered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offered<'a> {
    /// The currency of its price.
    pub currency: Currency,
    /// The deal it names.
    pub deal: Option<Cow<'a, str>>,
    /// Its nominal seconds.
    pub seconds: Option<Seconds>,
    /// The bidder's name for it.
    pub id: Cow<'a, str>,
    /// The imp it is for.
    pub imp: Cow<'a, str>,
    /// Its price, in its own currency.
    pub price: Option<Cpm>,
}

/// The bids of one bidder and what became of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Own<'a> {
    /// How many bids and fates there are of each.
    pub count: u64,
    /// The auction's currency, as the bidder is told.
    pub currency: Currency,
    /// The first bid whose fate names another bid or imp.
    pub misnamed: Option<Cow<'a, str>>,
    /// Those that won.
    pub wins: Vec<(Offered<'a>, OwnWin)>,
}

/// Why the bids of a bidder and their fates cannot be told beside each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unpaired {
    /// The section of the bids is not as it should be.
    Bids,
    /// Nor that of the fates.
    Fates,
    /// There are not as many of each.
    Count,
}

/// Reads the terms of a sale from section `seller`; none when it is not as it should be.
pub fn for_sale(bytes: &[u8]) -> Option<ForSale<'_>> {
    Scan::section(bytes, |scan| {
        scan.pass(keys!["break", "door", "fee_id"])?;
        let fees = scan.some(key!("fees"), |scan| {
            scan.object(|scan| {
                Some((scan.must(key!("name"), Scan::text)?, scan.must(key!("ppm"), Scan::number)?))
            })
        })?;
        scan.pass(keys!["imp_ids"])?;
        let parts = scan.some(key!("parts"), part)?;
        scan.pass(keys!["placement", "placements"])?;
        let mut seconds = 0_u64;
        scan.each(key!("pods"), |scan| {
            scan.object(|scan| {
                scan.pass(keys!["id"])?;
                let own: u32 = scan.must(key!("seconds"), Scan::number)?;
                seconds = seconds.saturating_add(u64::from(own));
                scan.pass(keys!["separation"])
            })
        })?;
        scan.pass(AFTER_PODS)?;
        let (currency, pricing, rates) = scan.must(key!("terms"), |scan| {
            scan.object(|scan| {
                scan.pass(BEFORE_CURRENCY)?;
                let currency = scan.must(key!("currency"), Scan::currency)?;
                scan.pass(keys!["languages", "max_cpm"])?;
                let pricing = scan.must(key!("pricing"), deal::read_pricing)?;
                let rates = scan.some(key!("rates"), seller::read_rate)?;
                scan.pass(keys!["seats"])?;
                Some((currency, pricing, rates))
            })
        })?;
        scan.pass(keys!["tmax"])?;
        let whole: u64 = fees.iter().map(|(_, ppm)| u64::from(*ppm)).sum();
        (whole < PPM).then_some(ForSale { currency, fees, parts, pricing, rates, seconds })
    })
}

fn part<'a>(scan: &mut Scan<'a>) -> Option<PartTerms<'a>> {
    scan.object(|scan| {
        scan.pass(BEFORE_DEALS)?;
        let deals = scan.some(key!("deals"), deal_terms)?;
        scan.pass(keys!["deals_first", "exp", "fit"])?;
        let floor = scan.must(key!("floor"), deal::read_floor)?;
        scan.pass(AFTER_FLOOR)?;
        let seconds = scan.must(key!("seconds"), |scan| scan.number().map(Seconds))?;
        scan.pass(AFTER_SECONDS)?;
        Some(PartTerms { deals, floor, seconds })
    })
}

fn deal_terms<'a>(scan: &mut Scan<'a>) -> Option<DealTerms<'a>> {
    scan.object(|scan| {
        scan.pass(keys!["advertisers", "bidders"])?;
        let discount_ppm = scan.may(key!("discount"), deal::part_of_a_million)?.unwrap_or(0);
        let floor = scan.may(key!("floor"), deal::read_floor)?;
        scan.pass(keys!["guaranteed"])?;
        let id = scan.must(key!("id"), Scan::text)?;
        let pricing = scan.must(key!("pricing"), deal::read_pricing)?;
        scan.pass(keys!["seats"])?;
        Some(DealTerms { discount_ppm, floor, id, pricing })
    })
}

/// Reads section `bidder:<id>` beside `outcome:<id>`, bid by bid.
///
/// # Errors
///
/// When one of them is not as it should be, or they do not tell of as many bids.
pub fn own<'a>(bids: &'a [u8], fates: &'a [u8]) -> Result<Own<'a>, Unpaired> {
    let paired = Scan::section(fates, |scan| scan.must(key!("bids"), |scan| beside(bids, scan)));
    paired.ok_or_else(|| unpaired(bids, fates))
}

/// Reads bids beside their fates, then what follows the fates.
fn beside<'a>(bids: &'a [u8], fates: &mut Scan<'a>) -> Option<Own<'a>> {
    let (mut count, mut wins, mut misnamed) = (0_u64, Vec::new(), None);
    Scan::section(bids, |scan| {
        scan.pass(keys!["arrived_us"])?;
        scan.each(key!("bids"), |scan| {
            let bid = offered(scan)?;
            fates.byte(if count == 0 { b'[' } else { b',' })?;
            let fate = own_fate(fates)?;
            count += 1;
            if misnamed.is_none() && (fate.bid != bid.id || fate.imp != bid.imp) {
                misnamed = Some(bid.id.clone());
            }
            wins.extend(fate.fate.ok().map(|win| (bid, win)));
            Some(())
        })?;
        scan.pass(AFTER_BIDS)
    })?;
    if count == 0 {
        fates.byte(b'[')?;
    }
    fates.byte(b']')?;
    let currency = fates.must(key!("currency"), Scan::currency)?;
    Some(Own { count, currency, misnamed, wins })
}

/// Says which of two sections is the reason that they could not be read beside each other.
#[cold]
fn unpaired(bids: &[u8], fates: &[u8]) -> Unpaired {
    let read = Scan::section(bids, |scan| {
        scan.pass(keys!["arrived_us"])?;
        scan.each(key!("bids"), |scan| offered(scan).map(drop))?;
        scan.pass(AFTER_BIDS)
    });
    match (read, crate::wire::record::outcome::read::fates(fates)) {
        (None, _) => Unpaired::Bids,
        (_, None) => Unpaired::Fates,
        (Some(()), Some(_)) => Unpaired::Count,
    }
}

fn offered<'a>(scan: &mut Scan<'a>) -> Option<Offered<'a>> {
    scan.object(|scan| {
        scan.pass(BEFORE_BID_CURRENCY)?;
        let currency = scan.must(key!("cur"), Scan::currency)?;
        let deal = scan.may(key!("deal"), Scan::text)?;
        scan.pass(keys!["defect"])?;
        let seconds = scan.may(key!("dur"), |scan| scan.number().map(Seconds))?;
        scan.pass(keys!["exp", "group"])?;
        let id = scan.must(key!("id"), Scan::text)?;
        let imp = scan.must(key!("imp"), Scan::text)?;
        scan.pass(BEFORE_PRICE)?;
        let price = scan.may(key!("price"), |scan| {
            scan.object(|scan| {
                let micros = scan.must(key!("micros"), Scan::micros)?;
                let text = scan.must(key!("text"), Scan::text)?;
                is_price(&text, micros).then_some(micros)
            })
        })?;
        scan.pass(AFTER_PRICE)?;
        Some(Offered { currency, deal, seconds, id, imp, price })
    })
}

/// Says whether a decimal text is a price: what people read and what is reckoned with is one
/// (decision 3).
pub(super) fn is_price(text: &str, price: Cpm) -> bool {
    match short(text) {
        Some(micros) => micros == price.micros(),
        None => parse_down(text) == Some(price),
    }
}

/// Returns the micros of a decimal of the usual form: at most nine digits, the first of several not
/// zero, and of places either none or one to six. Of any other, none.
fn short(text: &str) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let whole = bytes.iter().take_while(|byte| digit(byte)).count();
    let plain = (1..=9).contains(&whole) && (whole == 1 || bytes[0] != b'0');
    let (whole, rest) = bytes.split_at(whole);
    let places = match rest {
        [] => rest,
        [b'.', places @ ..] if (1..=6).contains(&places.len()) && places.iter().all(digit) => {
            places
        }
        _ => return None,
    };
    let all = whole.iter().chain(places).fold(0, |sum, byte| 10 * sum + i64::from(byte - b'0'));
    plain.then(|| all * MICROS[places.len()])
}

/// The micros of a last place, by how many places there are.
const MICROS: [i64; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
/// A whole, in millionths.
const PPM: u64 = 1_000_000;
const AFTER_PODS: &[Passed] = keys!["publisher", "req_sha", "request_id", "schain_sha"];
const BEFORE_CURRENCY: &[Passed] =
    keys!["allowed_categories", "blocked_apps", "blocked_seats", "currencies"];
const BEFORE_DEALS: &[Passed] =
    keys!["apis", "blocked_advertisers", "blocked_attributes", "blocked_categories"];
const AFTER_FLOOR: &[Passed] =
    keys!["house", "lengths", "max_ads", "mimes", "place", "pod", "private", "protocols", "real"];
const AFTER_SECONDS: &[Passed] = keys!["secure", "shape", "size", "unmapped_refused"];
const AFTER_BIDS: &[Passed] =
    keys!["deadline_us", "nbr", "offer", "outcome", "resp_id", "resp_sha", "sent", "status"];
const BEFORE_BID_CURRENCY: &[Passed] =
    keys!["advertisers", "apis", "attr", "bundle", "cat", "cattax", "crid"];
const BEFORE_PRICE: &[Passed] = keys!["lang", "markup", "mtype", "normalised"];
const AFTER_PRICE: &[Passed] = keys!["protocol", "seat", "size", "slotinpod"];
