//! The ads of a pod as plain text: a table of them, and why each won.

use std::fmt::Write;

use crate::wire::explain::Explanation;
use crate::wire::explain::page::{Page, WIDTH, cut, padded, width};
use crate::wire::explain::pods::Ad;
use crate::wire::explain::text::{MOST_NAME, clock, money};

/// The ads of a pod in play order; money is never cut, names are.
pub(super) fn table(page: &mut Page, ads: &[Ad]) {
    const HEADS: [&str; 9] =
        ["#", "at", "s", "bidder", "advertiser", "bid", "clears", "pays", "earns"];
    let rows: Vec<[String; 9]> = ads.iter().map(row).collect();
    let most = |column: usize| {
        let cells = rows.iter().map(|row| width(&row[column]));
        cells.chain([width(HEADS[column])]).max().unwrap_or(0)
    };
    let mut widths: [usize; 9] = std::array::from_fn(most);
    widths[BIDDER] = widths[BIDDER].min(MOST_NAME);
    let others: usize = widths.iter().sum::<usize>() - widths[ADVERTISER];
    let room = WIDTH.saturating_sub(others + 2 * widths.len()).max(width(HEADS[ADVERTISER]));
    widths[ADVERTISER] = widths[ADVERTISER].min(room);
    let mut lay = |cells: &[String; 9]| {
        let mut line = String::new();
        for (index, cell) in cells.iter().enumerate() {
            let room = widths[index];
            let cell = if index == BIDDER || index == ADVERTISER {
                padded(&cut(cell, room), room)
            } else {
                format!("{}{cell}", " ".repeat(room.saturating_sub(width(cell))))
            };
            line.push_str("  ");
            line.push_str(&cell);
        }
        page.raw(line.trim_end());
    };
    lay(&HEADS.map(str::to_owned));
    rows.iter().for_each(lay);
}

fn row(ad: &Ad) -> [String; 9] {
    let foreign = |price: &str| format!("{price} {}", ad.bid_currency);
    [
        ad.sequence.to_string(),
        clock(ad.start_ms),
        ad.seconds.to_string(),
        ad.bidder.clone(),
        ad.advertiser.join(" "),
        ad.price.as_deref().map(|price| foreign(&money(price))).unwrap_or_default(),
        ad.clearing.clone(),
        foreign(&ad.pay),
        ad.net.clone(),
    ]
}

/// Why an ad won, and what of its price goes where.
pub(super) fn won(page: &mut Page, told: &Explanation, ad: &Ad) {
    let mut line = format!("{}. Bid {}", ad.sequence, ad.bid);
    if let Some(seat) = &ad.seat {
        let _written = write!(line, " of seat {seat}");
    }
    if let Some(imp) = &ad.imp {
        let _written = write!(line, " for imp {imp}");
    }
    if let Some(creative) = &ad.creative {
        let _written = write!(line, ", creative {creative}");
    }
    if !ad.categories.is_empty() {
        let names = ad.categories.iter().map(|it| it.label.unwrap_or(&it.id));
        let _written = write!(line, ", about {}", names.collect::<Vec<_>>().join(", "));
    }
    line.push('.');
    if let Some(deal) = &ad.deal {
        let _written = write!(line, " Under deal {deal}, {} price.", ad.pricing);
    }
    if let Some(discount) = &ad.discount {
        let (percent, cpm) = (&discount.percent, &discount.cpm);
        let _written = write!(line, " Less {percent} %, {cpm} {}.", ad.bid_currency);
    }
    if let (Some(counted), Some(floor)) = (&ad.counted, &ad.floor) {
        let _written =
            write!(line, " It counted {counted} {} over a floor of {floor}.", told.currency);
    }
    line.push(' ');
    line.push_str(&why(ad, told));
    if !ad.fees.is_empty() {
        let fees: Vec<String> = ad.fees.iter().map(|(name, cpm)| format!("{name} {cpm}")).collect();
        let _written = write!(line, " Of {} go to fees: {}.", ad.clearing, fees.join(", "));
    }
    page.hanging(2, &line, 5);
}

fn why(ad: &Ad, told: &Explanation) -> String {
    if ad.pricing == "fixed" {
        return format!("Its deal fixes the price at {}.", ad.clearing);
    }
    let Some(needed) = &ad.needed else {
        return "What it needed to win is not known.".to_owned();
    };
    let floor = ad.bid_currency == told.currency
        && ad.discount.is_none()
        && ad.floor.as_ref() == Some(needed);
    let which = if floor { ", its floor" } else { "" };
    let tie = match ad.tie {
        None => "",
        Some("seconds") => " Without it a pod was worth as much, and sold fewer seconds.",
        Some("ads") => {
            " Without it a pod was worth as much and sold as many seconds, with more ads."
        }
        Some(_) => " Without it a pod was its equal, and lost the draw of keys.",
    };
    format!("It needed at least {needed} {}{which}.{tie}", ad.bid_currency)
}

/// The columns of bidder and advertiser in the table.
const BIDDER: usize = 3;
const ADVERTISER: usize = 4;
