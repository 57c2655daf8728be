//! The outcome as its readers are shown it, read back where it lies: counts, fates, sales.

use std::borrow::Cow;

use crate::model::money::Cpm;
use crate::model::outcome::TieBreak;
use crate::model::reason::{LossReason, UnfilledReason};
use crate::model::time::{Millis, Seconds};
use crate::wire::record::scan::Scan;
use crate::wire::record::seller::deal;

/// The number of seconds by what became of them, and of calls and bids: what everyone is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counts {
    /// Bidders asked.
    pub asked: u64,
    /// Bids received.
    pub bids: u64,
    /// Given to the publisher's own ads.
    pub house: Seconds,
    /// Of the nominal seconds for sale, those sold.
    pub sold: Seconds,
    /// Nominal seconds for sale.
    pub total: Seconds,
    /// Neither sold nor given to own ads.
    pub unfilled: Seconds,
}

/// The fates of one bidder's bids, in the order received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnFates<'a> {
    /// Bid by bid.
    pub bids: Vec<OwnFate<'a>>,
    /// The auction's currency.
    pub currency: Cow<'a, str>,
}

/// What became of a bid, as its bidder is shown it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnFate<'a> {
    /// The bidder's name for the bid.
    pub bid: Cow<'a, str>,
    /// The imp that it was for.
    pub imp: Cow<'a, str>,
    /// The win, or why it lost.
    pub fate: Result<OwnWin, LossReason>,
}

/// A win as its bidder is shown it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OwnWin {
    /// The clearing price, in the auction's currency.
    pub clearing: Cpm,
    /// What a deal takes off the price of the bid: its share in millionths, and what that comes to
    /// in its bid's currency.
    pub off: Option<(u32, Cpm)>,
    /// The creative's own length.
    pub length: Millis,
    /// The number of its markup section, from 1.
    pub markup: usize,
    /// The least bid that would have tied, in its bid's currency.
    pub min_to_win: Option<Cpm>,
    /// The index of the part it plays in.
    pub part: usize,
    /// What it pays, in its bid's currency.
    pub pay: Cpm,
    /// Nominal seconds it is sold as.
    pub seconds: Seconds,
    /// Its place in its pod, from 1.
    pub sequence: u16,
    /// From the start of what is sold of the pod to the ad's start.
    pub start: Millis,
    /// What decided against pods worth as much without it (decision 5).
    pub tie: Option<TieBreak>,
}

/// All slots sold and seconds unfilled, as the publisher is shown them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sales<'a> {
    /// Nominal seconds of the publisher's own ads.
    pub house: u64,
    /// Unfilled seconds and why.
    pub unfilled: Vec<(Seconds, UnfilledReason)>,
    /// In the order of the markup's numbers.
    pub wins: Vec<Sale<'a>>,
}

/// A slot sold, as the publisher is shown it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sale<'a> {
    /// The bidder's name for the bid.
    pub bid: Cow<'a, str>,
    /// Who won it.
    pub bidder: Cow<'a, str>,
    /// The clearing price, in the auction's currency.
    pub clearing: Cpm,
    /// Name and amount of each fee.
    pub fees: Vec<(Cow<'a, str>, Cpm)>,
    /// The creative's own length.
    pub length: Millis,
    /// What the publisher earns.
    pub net: Cpm,
    /// The index of the part it plays in.
    pub part: usize,
    /// Nominal seconds it is sold as.
    pub seconds: Seconds,
    /// Its place in its pod, from 1.
    pub sequence: u16,
    /// From the start of what is sold of the pod to the ad's start.
    pub start: Millis,
}

/// Reads the section of counts; none when it is not as it should be.
pub(in crate::wire::record) fn counts(bytes: &[u8]) -> Option<Counts> {
    let count = |scan: &mut Scan<'_>| scan.number().and_then(|it: i64| u64::try_from(it).ok());
    Scan::section(bytes, |scan| {
        Some(Counts {
            asked: scan.must(key!("asked"), count)?,
            bids: scan.must(key!("bids"), count)?,
            house: scan.must(key!("house"), seconds)?,
            sold: scan.must(key!("sold"), seconds)?,
            total: scan.must(key!("total"), seconds)?,
            unfilled: scan.must(key!("unfilled"), seconds)?,
        })
    })
}

/// Reads the section of a bidder's fates; none when it is not as it should be.
pub(in crate::wire::record) fn fates(bytes: &[u8]) -> Option<OwnFates<'_>> {
    Scan::section(bytes, |scan| {
        let bids = scan.must(key!("bids"), |scan| scan.list(own_fate))?;
        Some(OwnFates { bids, currency: scan.must(key!("currency"), Scan::text)? })
    })
}

/// Reads the fate of one bid.
pub(in crate::wire::record) fn own_fate<'a>(scan: &mut Scan<'a>) -> Option<OwnFate<'a>> {
    scan.object(|scan| {
        let name = scan.must(key!("fate"), Scan::text)?;
        let bid = scan.must(key!("id"), Scan::text)?;
        let imp = scan.must(key!("imp"), Scan::text)?;
        scan.set(key!("unmapped"))?;
        let fate = match (&*name, scan.may(key!("win"), own_win)?) {
            ("won", Some(win)) => Ok(win),
            (name, None) => Err(LossReason::from_name(name)?),
            (_, Some(_)) => return None,
        };
        Some(OwnFate { bid, imp, fate })
    })
}

fn own_win(scan: &mut Scan<'_>) -> Option<OwnWin> {
    scan.object(|scan| {
        let clearing = scan.must(key!("clearing"), Scan::micros)?;
        let off = scan.may(key!("discount"), |scan| {
            scan.object(|scan| {
                let off = scan.must(key!("off"), Scan::micros)?;
                scan.must(key!("ppm"), deal::part_of_a_million).map(|ppm| (ppm, off))
            })
        })?;
        let length = scan.must(key!("length"), |scan| scan.decimal().map(Millis))?;
        Some(OwnWin {
            clearing,
            off,
            length,
            markup: scan.must(key!("markup"), Scan::index)?,
            min_to_win: scan.may(key!("min_to_win"), Scan::micros)?,
            part: scan.must(key!("part"), Scan::index)?,
            pay: scan.must(key!("pay"), Scan::micros)?,
            seconds: scan.must(key!("seconds"), seconds)?,
            sequence: scan.must(key!("sequence"), Scan::number)?,
            start: scan.must(key!("start"), |scan| scan.decimal().map(Millis))?,
            tie: scan
                .may(key!("tie"), |scan| scan.text().and_then(|it| TieBreak::from_name(&it)))?,
        })
    })
}

/// Reads what the publisher is shown; none when it is not as it should be.
pub(in crate::wire::record) fn sales(bytes: &[u8]) -> Option<Sales<'_>> {
    Scan::section(bytes, |scan| {
        let mut house = 0_u64;
        scan.each(key!("house"), |scan| {
            let Seconds(own) = house_seconds(scan)?;
            house = house.saturating_add(u64::from(own));
            Some(())
        })?;
        scan.pass(keys!["no_fill", "search"])?;
        Some(Sales {
            house,
            unfilled: scan.some(key!("unfilled"), unfilled)?,
            wins: scan.some(key!("wins"), sale)?,
        })
    })
}

/// Reads how long one of the publisher's own ads is.
fn house_seconds(scan: &mut Scan<'_>) -> Option<Seconds> {
    scan.object(|scan| {
        scan.pass(keys!["id", "length", "part"])?;
        let own = scan.must(key!("seconds"), seconds)?;
        scan.pass(keys!["sequence", "since", "start"])?;
        Some(own)
    })
}

fn unfilled(scan: &mut Scan<'_>) -> Option<(Seconds, UnfilledReason)> {
    scan.object(|scan| {
        scan.pass(keys!["bid", "bidder", "pod"])?;
        let name = scan.must(key!("reason"), Scan::text)?;
        Some((scan.must(key!("seconds"), seconds)?, UnfilledReason::from_name(&name)?))
    })
}

fn sale<'a>(scan: &mut Scan<'a>) -> Option<Sale<'a>> {
    scan.object(|scan| {
        let bid = scan.must(key!("bid"), Scan::text)?;
        let bidder = scan.must(key!("bidder"), Scan::text)?;
        let clearing = scan.must(key!("clearing"), Scan::micros)?;
        let fees = scan.some(key!("fees"), |scan| scan.pair(Scan::text, Scan::micros))?;
        Some(Sale {
            bid,
            bidder,
            clearing,
            fees,
            length: scan.must(key!("length"), |scan| scan.decimal().map(Millis))?,
            net: scan.must(key!("net"), Scan::micros)?,
            part: scan.must(key!("part"), Scan::index)?,
            seconds: scan.must(key!("seconds"), seconds)?,
            sequence: scan.must(key!("sequence"), Scan::number)?,
            start: scan.must(key!("start"), |scan| scan.decimal().map(Millis))?,
        })
    })
}

fn seconds(scan: &mut Scan<'_>) -> Option<Seconds> {
    scan.number().map(Seconds)
}
