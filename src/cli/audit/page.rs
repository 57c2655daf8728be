//! What a bundle proves, laid out for a person.

use std::fmt::Write;

use crate::audit::tale::{Bidder, Sold, Tale, Told};

/// Lays a tale out, and which key says so. What bidders name things cannot move the cursor.
pub(super) fn page(tale: &Tale, key: &str) -> String {
    let mut page = String::from("The bundle holds.\n\n");
    let mut line = |name: &str, text: String| {
        let text = clean(&text);
        // Writing to a text cannot fail.
        let _ = writeln!(page, "{:<10} {text}", clean(name));
    };
    let Tale { log, counts, .. } = tale;
    line("log", format!("{}: record {} of {} signed for", log.origin, log.index, log.size));
    line("root", log.root.clone());
    line("key", format!("{key}, as given"));
    line("auction", tale.auction.clone());
    line("recorded", format!("{} by node {}, {}{}", tale.time, tale.node, tale.build, rules(tale)));
    if tale.test {
        line("test", "a test, never billed".to_owned());
    }
    line("shown to", tale.party.clone());
    if let Some(seller) = &tale.seller {
        let stream = seller.stream.as_ref().map(|it| format!(" of stream {it}"));
        let request = seller.request.as_ref().map(|it| format!(", request {it}"));
        let (stream, request) = (stream.unwrap_or_default(), request.unwrap_or_default());
        let text = format!("{}: break {}{stream}{request}", seller.placement, seller.ad_break);
        line("sold by", format!("{}, placement {text}", seller.publisher));
    }
    let (sold, house, unfilled) = (counts.sold, counts.house, counts.unfilled);
    let seconds = format!("{} s: {sold} sold, {house} house, {unfilled} unfilled", counts.seconds);
    line("break", format!("{seconds}; {} bidders asked, {} bids", counts.asked, counts.bids));
    for (name, text) in tale.sold.iter().flat_map(slots) {
        line(&name, text);
    }
    for (name, text) in tale.bidders.iter().flat_map(bids) {
        line(&name, text);
    }
    if tale.decided_again {
        line("again", "decided again, it comes out as recorded".to_owned());
    }
    let sections = tale.sections.iter().map(|(name, bytes)| format!("{name} ({bytes} bytes)"));
    line("sections", sections.collect::<Vec<_>>().join(", "));
    page
}

fn rules(tale: &Tale) -> String {
    tale.rules.map(|rules| format!(", rules {rules}")).unwrap_or_default()
}

fn slots(sold: &Sold) -> Vec<(String, String)> {
    let currency = &sold.currency;
    let wins = sold.wins.iter().map(|win| {
        let fees = win.fees.iter().map(|(name, amount)| format!("{name} {amount}"));
        let fees = fees.collect::<Vec<_>>().join(", ");
        let (bidder, bid, clearing, net) = (&win.bidder, &win.bid, &win.clearing, &win.net);
        let text = format!(
            "{} s to {bidder}, bid {bid}: {clearing} {currency} CPM, net {net}, fees {fees}",
            win.seconds
        );
        (format!("  place {}", win.sequence), text)
    });
    let unfilled = sold.unfilled.iter();
    let unfilled = unfilled.map(|(it, why)| ("  unfilled".to_owned(), format!("{it} s: {why}")));
    wins.chain(unfilled).collect()
}

fn bids(bidder: &Bidder) -> Vec<(String, String)> {
    let called = if bidder.called { "called" } else { "not called" };
    let took = match (bidder.arrived_us, bidder.deadline_us) {
        (Some(took), Some(given)) => format!(", answered in {took} of {given} µs"),
        (None, Some(given)) => format!(", given {given} µs"),
        (_, None) => String::new(),
    };
    let text = format!("{}: {called}{took}: {}", bidder.bidder, bidder.outcome);
    let own = std::iter::once(("bidder".to_owned(), text));
    own.chain(bidder.bids.iter().map(|bid| ("  bid".to_owned(), fate(bid)))).collect()
}

fn fate(bid: &Told) -> String {
    let price = bid.price.as_deref().unwrap_or("no price");
    let offered = format!("{} on imp {} at {price} {}", bid.bid, bid.imp, bid.currency);
    let Some(win) = &bid.win else {
        return format!("{offered}: lost, {}: {}", bid.fate, bid.why.unwrap_or_default());
    };
    let currency = &bid.currency;
    let needed = win.min_to_win.as_ref().map(|it| format!("; {it} {currency} would have tied"));
    let tie = win.tie.map(|it| format!("; a pod without it was worth as much, {it} decided"));
    format!(
        "{offered}: won place {} with markup:{}, {} s, cleared at {} {}, pays {} {currency}{}{}",
        win.sequence,
        win.markup,
        win.seconds,
        win.clearing,
        win.clearing_currency,
        win.pay,
        needed.unwrap_or_default(),
        tie.unwrap_or_default()
    )
}

/// Replaces what could change how a terminal shows the page.
fn clean(text: &str) -> String {
    let odd = |it: char| {
        it.is_control() || matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|it| if odd(it) { '\u{fffd}' } else { it }).collect()
}
