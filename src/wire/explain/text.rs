//! An explanation as plain text, for people: its wording may change. `page` wraps the lines.

use std::fmt::Write;

use crate::wire::explain::bidders::{Against, Bidder, Ending, Told};
use crate::wire::explain::page::{Page, cut, padded, width};
use crate::wire::explain::pods::{House, Part, Pod, Refused, Unfilled};
use crate::wire::explain::text::ads::{table, won};
use crate::wire::explain::{Explanation, Fee};

mod ads;

/// Returns an explanation as lines of text, each ended.
#[must_use]
pub fn text(told: &Explanation) -> String {
    let mut page = Page::default();
    head(&mut page, told);
    page.blank();
    page.line(0, "Asked");
    let name = told.bidders.iter().map(|bidder| width(&bidder.bidder)).max().unwrap_or(0);
    for bidder in &told.bidders {
        asked(&mut page, bidder, name.min(MOST_NAME));
    }
    for (index, pod) in told.pods.iter().enumerate() {
        page.blank();
        self::pod(&mut page, told, index, pod);
    }
    let lost = |bid: &&Told| matches!(bid.fate, Ending::Lost { .. });
    if told.bidders.iter().any(|bidder| bidder.bids.iter().any(|bid| lost(&bid))) {
        page.blank();
        page.line(0, "Lost bids");
    }
    for bidder in &told.bidders {
        for bid in bidder.bids.iter().filter(lost) {
            self::lost(&mut page, told, bidder, bid);
        }
    }
    page.text()
}

fn head(page: &mut Page, told: &Explanation) {
    page.line(0, &format!("Auction {} of {}", told.auction, told.time));
    let door = match told.door {
        "tag" => "through an ad tag",
        "native" => "with a break request",
        _ => "with an OpenRTB request",
    };
    let named = told.request.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
    let mut line = format!(
        "{} asked {door}{named} for placement {}: {}",
        told.publisher,
        told.placement,
        breaks(told)
    );
    line.push('.');
    if told.test {
        line.push_str(" A test, never billed.");
    }
    page.line(0, &line);
    let rule = match told.pricing {
        "second" => "second price, so a winner pays the least that would have tied",
        _ => "first price, so a winner pays its bid",
    };
    page.line(0, &format!("Prices are CPM in {}; {rule}. {}", told.currency, fees(&told.fees)));
    page.line(
        0,
        match told.search {
            "exact" => "The search was exact: no legal pod is worth more.",
            _ => "The search was bounded: it ended at its bound of steps with the best pod found.",
        },
    );
    let count = told.seconds;
    let mut line = format!("Of {} s, {} s were sold", count.total, count.sold);
    if count.house != 0 {
        let _written = write!(line, ", {} s given to house ads", count.house);
    }
    let _written = write!(line, ", {} s stayed unfilled", count.unfilled);
    page.line(0, &format!("{line}."));
}

/// Says what was asked for in all: `break brk-1, 90 s`, `2 breaks of 135 s: brk-1 and brk-2`.
fn breaks(told: &Explanation) -> String {
    let stream = told.stream.as_ref().map(|stream| format!(" of stream {stream}"));
    let stream = stream.unwrap_or_default();
    let passed = length(told.offset_ms);
    let ids: Vec<&str> = told.pods.iter().map(|pod| &*pod.pod).collect();
    match ids.split_last() {
        Some((last, others)) if !others.is_empty() => {
            let (count, total, others) = (ids.len(), told.seconds.total, others.join(", "));
            let line = format!("{count} breaks of {total} s{stream}: {others} and {last}");
            match told.offset_ms {
                0 => line,
                _ => format!("{line}; {passed} of the first had passed"),
            }
        }
        _ => {
            let (id, length) = (&told.ad_break, length(told.length_ms));
            let line = format!("break {id}{stream}, {length}");
            match told.offset_ms {
                0 => line,
                _ => format!("{line}, of which {passed} had passed"),
            }
        }
    }
}

fn fees(fees: &[Fee]) -> String {
    if fees.is_empty() {
        return "No fees.".to_owned();
    }
    let fees: Vec<String> =
        fees.iter().map(|fee| format!("{} {} %", fee.name, fee.percent)).collect();
    format!("Fees: {}.", fees.join(", "))
}

fn asked(page: &mut Page, bidder: &Bidder, name: usize) {
    let took = bidder.arrived_us.map(|us| format!("after {}", millis(us)));
    let given = bidder.deadline_us.map(|us| format!("of {}", millis(us)));
    let status = bidder.status.map(|status| format!("status {status}"));
    let times: Vec<String> = [took, given].into_iter().flatten().collect();
    let times = [times.join(" "), status.unwrap_or_default()];
    let times: Vec<&str> = times.iter().map(|it| &**it).filter(|it| !it.is_empty()).collect();
    let times = times.join(", ");
    let what = match (bidder.why, bidder.bids.len()) {
        (None, 1) => "1 bid".to_owned(),
        (None, count) => format!("{count} bids"),
        (Some(why), 0) => format!("{}: {why}", bidder.outcome),
        (Some(why), count) => format!("{}: {why} Its bids: {count}.", bidder.outcome),
    };
    let silent = if bidder.called || bidder.why.is_none() { "" } else { "not asked, " };
    let nbr = bidder.nbr.map(|nbr| format!(" It said nbr {nbr}.")).unwrap_or_default();
    let end = if times.is_empty() { String::new() } else { format!(" ({times})") };
    let label = padded(&cut(&bidder.bidder, name), name);
    page.hanging(2, &format!("{label}  {silent}{what}{nbr}{end}"), name + 4);
}

fn pod(page: &mut Page, told: &Explanation, index: usize, pod: &Pod) {
    let unfilled: u32 = pod.unfilled.iter().map(|entry| entry.seconds).sum();
    let number = index + 1;
    let (all, sold) = (pod.seconds, pod.sold);
    let house: u32 = pod.house.iter().map(|ad| ad.seconds).sum();
    let house = if house == 0 { String::new() } else { format!(", {house} house") };
    let rest = format!("{house}, {unfilled} unfilled");
    page.line(0, &format!("Pod {number}, {}: {all} s, {sold} sold{rest}", pod.pod));
    if !pod.separation.is_empty() {
        page.line(2, &format!("No two ads of one {}.", pod.separation.join(", one ")));
    }
    if !pod.exclusive.is_empty() {
        page.line(2, &format!("At most one ad in each of {}.", pod.exclusive.join(", ")));
    }
    for part in &pod.parts {
        self::part(page, part);
    }
    if !pod.ads.is_empty() {
        page.blank();
        table(page, &pod.ads);
        for ad in &pod.ads {
            won(page, told, ad);
        }
    }
    if !pod.house.is_empty() {
        page.blank();
        page.line(2, "House ads");
    }
    for ad in &pod.house {
        self::house(page, ad);
    }
    if !pod.unfilled.is_empty() {
        page.blank();
        page.line(2, "Not sold");
    }
    for entry in &pod.unfilled {
        unsold(page, entry);
    }
}

fn part(page: &mut Page, part: &Part) {
    let imp =
        part.imp.as_ref().map(|imp| format!("Imp {imp}")).unwrap_or_else(|| "For sale".to_owned());
    let what = match part.kind {
        "slot" => format!("one ad of {}", part.lengths),
        _ => {
            let ads = if part.max_ads == 1 { "ad" } else { "ads" };
            let (seconds, most, lengths) = (part.seconds, part.max_ads, &part.lengths);
            format!("{seconds} s for at most {most} {ads} of {lengths}")
        }
    };
    let place = match part.place {
        "first" => ", the first of the pod",
        "last" => ", the last of the pod",
        "edge" => ", the first or the last of the pod",
        _ => "",
    };
    let fit = if part.fit == "real" { ", real lengths must fit" } else { "" };
    let private = if part.private_auction { " Deals only." } else { "" };
    let first = if part.deals_first { " Deals come before open bids." } else { "" };
    let (placement, floor) = (&part.placement, &part.floor);
    let line = format!("{imp} ({placement}): {what}{place}{fit}; floor {floor}.{private}{first}");
    page.hanging(2, &line, 4);
    for deal in &part.deals {
        let mut line = format!("Deal {}: {}", deal.deal, deal.pricing);
        match (&deal.floor, deal.pricing) {
            (Some(floor), "fixed") => write!(line, " price {floor}"),
            (Some(floor), _) => write!(line, " price, floor {floor}"),
            (None, _) => write!(line, " price"),
        }
        .expect("writing to memory does not fail");
        if deal.guaranteed {
            line.push_str(", guaranteed");
        }
        if let Some(percent) = &deal.discount_percent {
            let _written = write!(line, ", {percent} % off");
        }
        for (what, names) in
            [("bidders", &deal.bidders), ("seats", &deal.seats), ("advertisers", &deal.advertisers)]
        {
            if !names.is_empty() {
                let _written = write!(line, "; {what} {}", names.join(", "));
            }
        }
        page.hanging(4, &format!("{line}."), 6);
    }
}

fn house(page: &mut Page, ad: &House) {
    let House { house, sequence, seconds, since, why, .. } = ad;
    let at = clock(ad.start_ms);
    page.hanging(4, &format!("{sequence}. {house} at {at}, {seconds} s, since {since}: {why}"), 6);
}

fn unsold(page: &mut Page, entry: &Unfilled) {
    let (seconds, reason, why) = (entry.seconds, entry.reason, entry.why);
    let best = entry.best.as_ref().map(refused).unwrap_or_default();
    page.hanging(4, &format!("{seconds} s  {reason}: {why}{best} {}", entry.remedy), 6);
}

fn refused(best: &Refused) -> String {
    let price = price(best.price.as_deref(), &best.currency);
    let length = best.seconds.map(|seconds| format!(" for {seconds} s")).unwrap_or_default();
    format!(" The best was {} of {}, {price}{length} ({}).", best.bid, best.bidder, best.reason)
}

fn lost(page: &mut Page, told: &Explanation, bidder: &Bidder, bid: &Told) {
    let Ending::Lost { reason, loss, why, remedy, needed, against, .. } = &bid.fate else { return };
    let mut line = format!("{} {}", bidder.bidder, bid.bid);
    if let Some(seat) = &bid.seat {
        let _written = write!(line, " of seat {seat}");
    }
    if let Some(imp) = &bid.asked_imp {
        let _written = write!(line, " for imp {imp}");
    }
    let _written = write!(line, ": {}", price(bid.price.as_deref(), &bid.currency));
    if let Some(seconds) = bid.seconds {
        let _written = write!(line, " for {seconds} s");
    }
    if !bid.advertiser.is_empty() {
        let _written = write!(line, " of {}", bid.advertiser.join(", "));
    }
    if let Some(deal) = &bid.deal {
        let _written = write!(line, " under deal {deal}");
    }
    page.hanging(2, &line, 6);
    let mut line = format!("{reason} ({loss}): {why}");
    let _written = match (needed, &bid.floor) {
        (Some(needed), _) => {
            let currency = &bid.currency;
            match against {
                Against::Paid => {
                    write!(
                        line,
                        " Against what the winners pay, {needed} {currency} would have tied."
                    )
                }
                Against::CountedEqual => {
                    write!(line, " It tied at {needed} {currency}, and lost by the rules for ties.")
                }
                Against::Counted => write!(line, " It needed at least {needed} {currency} to tie."),
            }
        }
        (None, Some(floor)) if reason.starts_with("below_") => {
            write!(line, " Its floor was {floor} {}.", told.currency)
        }
        // No price is known that would have helped.
        (None, _) if *remedy == "Bid more." => Ok(()),
        (None, _) => write!(line, " {remedy}"),
    };
    if bid.counted.is_some() && bid.currency != told.currency {
        let counted = bid.counted.as_deref().unwrap_or_default();
        let _written = write!(line, " It counted {counted} {}.", told.currency);
    }
    page.hanging(6, &line, 6);
}

fn price(price: Option<&str>, currency: &str) -> String {
    price.map_or_else(|| "no price".to_owned(), |price| format!("{} {currency}", money(price)))
}

/// Returns a price as received with at least two places, as the others are written.
fn money(text: &str) -> String {
    if text.bytes().any(|byte| byte != b'.' && !byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}.{places:0<2}")
}

/// Returns microseconds in milliseconds with one place, rounded down.
fn millis(us: u64) -> String {
    format!("{}.{} ms", us / 1_000, us % 1_000 / 100)
}

/// Returns milliseconds in seconds, with places only where they are: `60 s`, `59.94 s`.
fn length(ms: u64) -> String {
    let text = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Returns milliseconds as minutes and seconds: `1:00`, `0:14.985`.
fn clock(ms: u64) -> String {
    let (minutes, seconds, rest) = (ms / 60_000, ms / 1_000 % 60, ms % 1_000);
    let rest = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    format!("{minutes}:{seconds:02}{rest}")
}

/// The most columns of a bidder's name.
const MOST_NAME: usize = 20;
