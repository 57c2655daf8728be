//! What the money of a sale must obey, whatever the rules of its auction: nobody pays more than its
//! bid or less than the floor, and fees and net are the whole price.
//!
//! It reads the few fields it needs, so that every record of a stream can be looked at.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use crate::model::floor::{Floor, FloorStep};
use crate::model::money::Cpm;
use crate::model::time::Seconds;
use crate::wire::record::read::view::View;

/// What is wrong with a sale: the section, and why.
pub(super) type Fault = (String, String);

/// A price in micros, which stands in JSON as text.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Micros(i64);

impl<'de> Deserialize<'de> for Micros {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// Section `outcome:seller`.
#[derive(Deserialize)]
struct Sales<'a> {
    #[serde(borrow, default)]
    wins: Vec<Sale<'a>>,
}

#[derive(Deserialize)]
struct Sale<'a> {
    #[serde(borrow)]
    bidder: Cow<'a, str>,
    clearing: Micros,
    #[serde(borrow, default)]
    fees: Vec<(Cow<'a, str>, Micros)>,
    net: Micros,
    part: usize,
    seconds: u32,
    sequence: u32,
}

/// Section `outcome:<bidder>`.
#[derive(Deserialize)]
struct Fates {
    bids: Vec<Fate>,
}

#[derive(Deserialize)]
struct Fate {
    win: Option<Win>,
}

#[derive(Deserialize)]
struct Win {
    clearing: Micros,
    discount: Option<Discount>,
    part: usize,
    pay: Micros,
    sequence: u32,
}

#[derive(Deserialize)]
struct Discount {
    off: Micros,
}

/// Section `bidder:<id>`.
#[derive(Deserialize)]
struct Bids<'a> {
    #[serde(borrow, default)]
    bids: Vec<Bid<'a>>,
}

#[derive(Deserialize)]
struct Bid<'a> {
    #[serde(borrow)]
    deal: Option<Cow<'a, str>>,
    price: Option<Price>,
}

#[derive(Deserialize)]
struct Price {
    micros: Micros,
}

/// Section `seller`.
#[derive(Deserialize)]
struct Seller<'a> {
    #[serde(borrow, default)]
    parts: Vec<Part<'a>>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    deals: Vec<Deal<'a>>,
    floor: FloorForm,
}

#[derive(Deserialize)]
struct Deal<'a> {
    floor: Option<FloorForm>,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FloorForm {
    Fixed(Micros),
    PerSecond(Micros),
    ByLength(Vec<(Option<u32>, Option<u32>, Micros)>, Micros),
}

/// Says what is wrong with the sales of an auction's record.
pub(super) fn faults(record: &View<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Err(section) = check(record, &mut faults) {
        faults.push((section, "it holds what it must not, or is missing".to_owned()));
    }
    faults
}

/// Fails with the name of a section that cannot be read.
fn check(record: &View<'_>, faults: &mut Vec<Fault>) -> Result<(), String> {
    let sales: Sales<'_> = read(record, SALES)?;
    if sales.wins.is_empty() {
        return Ok(());
    }
    let seller: Seller<'_> = read(record, "seller")?;
    // Few bidders win, and most of them once.
    let mut bidders: BTreeMap<&str, (Bids<'_>, Fates)> = BTreeMap::new();
    for sale in &sales.wins {
        let bidder = &*sale.bidder;
        if !bidders.contains_key(bidder) {
            let bids = read(record, &format!("bidder:{bidder}"))?;
            let fates = read(record, &format!("outcome:{bidder}"))?;
            bidders.insert(bidder, (bids, fates));
        }
    }
    for sale in &sales.wins {
        let fees = sale.fees.iter().map(|(_, fee)| i128::from(fee.0)).sum::<i128>();
        if i128::from(sale.clearing.0) != i128::from(sale.net.0) + fees || sale.net.0 < 0 {
            let what = format!("ad {}: net and fees are not the clearing price", sale.sequence);
            faults.push((SALES.to_owned(), what));
        }
        let (bids, fates) = &bidders[&*sale.bidder];
        if let Err(what) = own(sale, bids, fates, &seller) {
            let what = format!("ad {}: {what}", sale.sequence);
            faults.push((format!("outcome:{}", sale.bidder), what));
        }
    }
    Ok(())
}

/// Compares a sale with its bid, and with the floor it had to reach.
fn own(
    sale: &Sale<'_>,
    bids: &Bids<'_>,
    fates: &Fates,
    seller: &Seller<'_>,
) -> Result<(), &'static str> {
    let same = |win: &Win| win.part == sale.part && win.sequence == sale.sequence;
    let mut wins = fates.bids.iter().zip(&bids.bids);
    let found = wins
        .find_map(|(fate, bid)| fate.win.as_ref().filter(|win| same(win)).map(|win| (win, bid)));
    let (win, bid) = found.ok_or("it is not among the bidder's wins")?;
    if win.clearing != sale.clearing {
        return Err("bidder and seller are told different clearing prices");
    }
    let price = bid.price.as_ref().ok_or("the bid has no price")?.micros;
    let off = win.discount.as_ref().map_or(0, |discount| discount.off.0);
    if off < 0 || price.0.saturating_sub(off) < win.pay.0 {
        return Err("it pays more than it bid");
    }
    let part = seller.parts.get(sale.part).ok_or("there is no such part")?;
    let deal = part.deals.iter().find(|deal| bid.deal.as_ref() == Some(&deal.id));
    let floor = deal.and_then(|deal| deal.floor.as_ref()).unwrap_or(&part.floor);
    let floor = floor.floor().ok_or("the floor is no price")?.at(Seconds(sale.seconds));
    if sale.clearing.0 < floor.micros() {
        return Err("it clears below its floor");
    }
    Ok(())
}

impl FloorForm {
    fn floor(&self) -> Option<Floor> {
        let cpm = |micros: Micros| Cpm::from_micros(micros.0);
        Some(match self {
            Self::Fixed(floor) => Floor::Fixed(cpm(*floor)?),
            Self::PerSecond(floor) => Floor::PerSecond(cpm(*floor)?),
            Self::ByLength(steps, other) => {
                let step = |(min, max, floor): &(Option<u32>, Option<u32>, Micros)| {
                    let (min, max) = (min.map(Seconds), max.map(Seconds));
                    Some(FloorStep { min, max, floor: cpm(*floor)? })
                };
                let steps = steps.iter().map(step).collect::<Option<_>>()?;
                Floor::ByLength { steps, otherwise: cpm(*other)? }
            }
        })
    }
}

fn read<'a, T: Deserialize<'a>>(record: &'a View<'_>, name: &str) -> Result<T, String> {
    let bytes = record.section(name).ok_or_else(|| name.to_owned())?;
    serde_json::from_slice(bytes).map_err(|_| name.to_owned())
}

const SALES: &str = "outcome:seller";
