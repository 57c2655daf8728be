//! What the money of a sale must obey, whatever the rules of its auction: nobody pays more than its
//! bid or less than the floor, and fees and net are the whole price.
//!
//! It reads the few fields it needs, so that every record of a stream can be looked at.

use crate::audit::verify::record::field;
use crate::model::money::Cpm;
use crate::wire::record::outcome::read::{OwnFates, OwnWin, Sale};
use crate::wire::record::prices::{Offered, PartFloors};
use crate::wire::record::read::RecordError;
use crate::wire::record::read::view::View;

/// What is wrong with a sale: the section, and why.
pub(super) type Fault = (String, String);

/// What a winner bid, and what became of it.
struct Winner<'a> {
    bidder: &'a str,
    bids: Vec<Offered<'a>>,
    fates: OwnFates<'a>,
}

/// Says what is wrong with the sales of an auction's record.
pub(super) fn faults(record: &View<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Err(error) = check(record, &mut faults) {
        let what = "it holds what it must not, or is missing".to_owned();
        faults.push((field(&error).to_owned(), what));
    }
    faults
}

/// Fails when a section cannot be read.
fn check(record: &View<'_>, faults: &mut Vec<Fault>) -> Result<(), RecordError> {
    let sales = record.sales()?;
    if sales.wins.is_empty() {
        return Ok(());
    }
    let parts = record.floors()?;
    // Few bidders win, and most of them once.
    let mut winners: Vec<Winner<'_>> = Vec::with_capacity(sales.wins.len());
    for sale in &sales.wins {
        let fees = sale.fees.iter().map(|(_, fee)| i128::from(fee.micros())).sum::<i128>();
        if i128::from(sale.clearing.micros()) != i128::from(sale.net.micros()) + fees {
            let what = format!("ad {}: net and fees are not the clearing price", sale.sequence);
            faults.push((SALES.to_owned(), what));
        }
        let known = winners.iter().position(|winner| *winner.bidder == sale.bidder);
        let winner = match known {
            Some(place) => &winners[place],
            None => {
                let bidder = &*sale.bidder;
                let (bids, fates) = (record.offered(bidder)?, record.fates(bidder)?);
                winners.push(Winner { bidder, bids, fates });
                &winners[winners.len() - 1]
            }
        };
        if let Err(what) = own(sale, winner, &parts) {
            let what = format!("ad {}: {what}", sale.sequence);
            faults.push((format!("outcome:{}", sale.bidder), what));
        }
    }
    Ok(())
}

/// Compares a sale with its bid, and with the floor it had to reach.
fn own(sale: &Sale<'_>, winner: &Winner<'_>, parts: &[PartFloors<'_>]) -> Result<(), &'static str> {
    let same = |win: &&OwnWin| win.part == sale.part && win.sequence == sale.sequence;
    let mut bids = winner.fates.bids.iter().zip(&winner.bids);
    let found =
        bids.find_map(|(fate, bid)| fate.fate.as_ref().ok().filter(same).map(|win| (win, bid)));
    let (win, bid) = found.ok_or("it is not among the bidder's wins")?;
    if win.clearing != sale.clearing {
        return Err("bidder and seller are told different clearing prices");
    }
    let price = bid.price.ok_or("the bid has no price")?.micros();
    if price.saturating_sub(win.off.map_or(0, Cpm::micros)) < win.pay.micros() {
        return Err("it pays more than it bid");
    }
    let part = parts.get(sale.part).ok_or("there is no such part")?;
    let deal = part.deals.iter().find(|(id, _)| bid.deal.as_ref() == Some(id));
    let floor = deal.and_then(|(_, floor)| floor.as_ref()).unwrap_or(&part.floor);
    if sale.clearing < floor.at(sale.seconds) {
        return Err("it clears below its floor");
    }
    Ok(())
}

const SALES: &str = "outcome:seller";
