//! Reads an auction from text, decides it, and prints every fate.
//!
//! Lines: `break SECONDS`, `max_ads N`, `lengths 15 30` or `lengths 6..60`, `fit real`, `floor CPM`,
//! `max_cpm CPM`, `fee NAME PPM`, `block KIND VALUE…`, `allow seat …`, `language …`, `protocols …`,
//! `apis …`, `secure`, `seed N`, then `bidder NAME [structured] [seats=a,b] [unasked] [OUTCOME]`
//! and `bid BIDDER ID CPM SECONDS [key=value]…`; see `set_field` for the keys.

use std::sync::Arc;

use breakwater::auction::decide::decide;
use breakwater::model::bid::{Advertiser, Bid, ReplyOutcome};
use breakwater::model::floor::Floor;
use breakwater::model::ids::{CreativeId, DealId, ImpId, SeatId};
use breakwater::model::market::{Dialect, Fit, Lengths};
use breakwater::model::money::{Cpm, Currency, Fee, FeeSchedule};
use breakwater::model::outcome::{Fate, Outcome, Search};
use breakwater::model::plan::{AuctionInput, Chosen, Offer, OfferedImp, Part, Plan};
use breakwater::model::reason::{CallReason, LossReason};
use breakwater::model::time::{Millis, Seconds};

use super::build;

/// Decides the auction of a case and prints the outcome.
pub(crate) fn run(text: &str) -> String {
    let input = read(text);
    let outcome = decide(&input);
    let mut lines = fates(&input, &outcome);
    lines.extend(seconds(&outcome));
    lines.join("\n") + "\n"
}

/// Prints the fate of each bid, in the order received.
pub(crate) fn fates(input: &AuctionInput, outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for (reply, fates) in input.replies.iter().zip(&outcome.fates) {
        for (bid, fate) in reply.bids.iter().zip(fates) {
            let name = format!("{} {}", reply.bidder, bid.id);
            lines.push(match fate {
                Fate::Won(index) => {
                    let win = &outcome.wins[*index];
                    let fees: String =
                        win.split.fees.iter().map(|fee| format!(" fee {fee}")).collect();
                    format!(
                        "{name} won {} at {} for {} s pays {} net {}{fees}",
                        win.sequence,
                        win.start,
                        win.seconds.0,
                        win.pay.price_text(),
                        win.split.net.price_text(),
                    )
                }
                Fate::Lost(reason) => {
                    format!("{name} lost {} {}", reason.loss_code(), reason.name())
                }
            });
        }
    }
    lines
}

/// Prints what became of the seconds.
pub(crate) fn seconds(outcome: &Outcome) -> Vec<String> {
    let count = outcome.seconds;
    let mut lines = vec![format!("{} s: {} sold", count.total.0, count.sold.0)];
    for unfilled in &outcome.unfilled {
        lines.push(format!("unfilled {} s {}", unfilled.seconds.0, unfilled.reason.name()));
    }
    if let Some(reason) = outcome.no_fill {
        lines.push(format!("no_fill {}", reason.name()));
    }
    if outcome.search == Search::Bounded {
        lines.push("search bounded".into());
    }
    lines
}

/// Reads a price in micros, exactly.
pub(crate) fn cpm(text: &str) -> Cpm {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    let micros: i64 = format!("{whole}{places:0<6}").parse().unwrap();
    Cpm::from_micros(micros).unwrap()
}

/// Reads seconds with decimals.
pub(crate) fn millis(text: &str) -> Millis {
    Millis(u64::try_from(cpm(text).micros() / 1000).unwrap())
}

/// Reads `15 30` or `6..60`.
pub(crate) fn lengths(words: &[&str]) -> Lengths {
    let seconds = |text: &str| Seconds(text.parse().unwrap());
    match words[0].split_once("..") {
        Some((min, max)) => Lengths::Range { min: seconds(min), max: seconds(max) },
        None => Lengths::Exact(words.iter().map(|word| seconds(word)).collect()),
    }
}

/// Reads the fees of `NAME PPM` into a schedule.
pub(crate) fn add_fee(fees: &FeeSchedule, words: &[&str]) -> FeeSchedule {
    let mut fees = fees.fees().to_vec();
    fees.push(Fee { name: words[0].into(), ppm: words[1].parse().unwrap() });
    FeeSchedule::new(fees).unwrap()
}

pub(crate) fn texts(words: &[&str]) -> Vec<Arc<str>> {
    words.iter().map(|&word| word.into()).collect()
}

pub(crate) fn codes(words: &[&str]) -> Vec<i32> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

fn read(text: &str) -> AuctionInput {
    let plan = build::plan();
    let chosen = Chosen::default();
    let mut input = AuctionInput { draw: build::draw(0), plan, chosen, replies: Vec::new() };
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "seed" => input.draw = build::draw(words[1].parse().unwrap()),
            "bidder" => add_bidder(&mut input, &words[1..]),
            "bid" => add_bid(&mut input, &words[1..]),
            key => set_term(&mut input.plan, key, &words[1..]),
        }
    }
    input
}

fn set_term(plan: &mut Plan, key: &str, words: &[&str]) {
    let (terms, part) = (&mut plan.terms, &mut plan.parts[0]);
    match (key, words) {
        ("break", [length]) => {
            part.real = millis(length);
            part.seconds = Seconds::nominal(part.real);
            plan.pods[0].seconds = part.seconds;
        }
        ("max_ads", [max]) => part.max_ads = max.parse().unwrap(),
        ("lengths", words) => part.lengths = lengths(words),
        ("fit", ["real"]) => part.fit = Fit::Real,
        ("floor", [price]) => part.floor = Floor::Fixed(cpm(price)),
        ("max_cpm", [price]) => terms.max_cpm = cpm(price),
        ("fee", words) => terms.fees = add_fee(&terms.fees, words),
        ("block", ["adomain", words @ ..]) => part.blocked_advertisers = texts(words),
        ("block", ["app", words @ ..]) => terms.blocked_apps = texts(words),
        ("block", ["attr", words @ ..]) => part.blocked_attributes = codes(words),
        ("block", ["seat", words @ ..]) => terms.blocked_seats = texts(words),
        ("allow", ["seat", words @ ..]) => terms.allowed_seats = texts(words),
        ("language", words) => terms.languages = texts(words),
        ("protocols", words) => part.protocols = codes(words),
        ("apis", words) => part.apis = codes(words),
        ("size", [width, height]) => {
            part.size = Some((width.parse().unwrap(), height.parse().unwrap()));
        }
        ("secure", []) => part.secure = true,
        _ => panic!("no such line: {key} {words:?}"),
    }
}

fn add_bidder(input: &mut AuctionInput, words: &[&str]) {
    let name = words[0];
    let mut bidder = build::bidder(name, Dialect::Dynamic);
    let mut reply = build::reply(name, ReplyOutcome::Nothing(CallReason::NoBid), Vec::new());
    let mut asked = true;
    for word in &words[1..] {
        match word.split_once('=') {
            None if *word == "structured" => bidder.dialect = Dialect::Structured,
            None if *word == "unasked" => asked = false,
            Some(("seats", seats)) => {
                bidder.seats = seats.split(',').map(SeatId::new).collect();
            }
            Some(("plan", reason)) => {
                let reason = CallReason::from_name(reason).unwrap();
                reply.outcome = ReplyOutcome::Nothing(reason);
                reply.sent = false;
                input.plan.skipped.push((bidder.id.clone(), reason));
            }
            _ => reply.outcome = ReplyOutcome::Nothing(CallReason::from_name(word).unwrap()),
        }
    }
    let skipped = match reply.outcome {
        ReplyOutcome::Nothing(reason) if reason.name().starts_with("skipped") => Some(reason),
        ReplyOutcome::Nothing(_) | ReplyOutcome::Bids if asked => None,
        ReplyOutcome::Nothing(_) | ReplyOutcome::Bids => Some(CallReason::SkippedQps),
    };
    if reply.sent {
        let index = input.plan.offers.len();
        input.plan.offers.push(offer(&input.plan.parts[0], bidder));
        match skipped {
            Some(reason) => input.chosen.skipped.push((index, reason)),
            None => input.chosen.asked.push(index),
        }
    }
    reply.sent &= skipped.is_none();
    input.replies.push(reply);
}

fn offer(part: &Part, bidder: breakwater::model::market::Bidder) -> Offer {
    let imps = match bidder.dialect {
        Dialect::Dynamic => 1,
        Dialect::Structured => {
            u32::from(part.max_ads).min(part.seconds.0 / part.lengths.shortest().0)
        }
    };
    let imps = (1..=imps).map(|number| OfferedImp { id: ImpId::new(number.to_string()), part: 0 });
    let imps = imps.collect();
    Offer { dialect: bidder.dialect, bidder: Arc::new(bidder), imps }
}

fn add_bid(input: &mut AuctionInput, words: &[&str]) {
    let [bidder, id, price, seconds, fields @ ..] = words else {
        panic!("a bid has a bidder, an id, a price and seconds: {words:?}");
    };
    if !input.replies.iter().any(|reply| reply.bidder.as_str() == *bidder) {
        add_bidder(input, &[bidder]);
    }
    let length = if *seconds == "-" { "30" } else { seconds };
    let micros = if *price == "-" { 0 } else { cpm(price).micros() };
    let mut bid = build::bid(bidder, id, micros, length.parse().unwrap());
    if *price == "-" {
        bid.price = None;
    }
    if *seconds == "-" {
        bid.seconds = None;
    }
    for field in fields {
        let (key, value) = field.split_once('=').unwrap_or((field, ""));
        set_field(&mut bid, key, value);
    }
    let reply = input.replies.iter_mut().find(|reply| reply.bidder.as_str() == *bidder).unwrap();
    if reply.outcome == ReplyOutcome::Nothing(CallReason::NoBid) {
        reply.outcome = ReplyOutcome::Bids;
    }
    reply.bids.push(bid);
}

fn set_field(bid: &mut Bid, key: &str, value: &str) {
    let list: Vec<&str> = value.split(',').filter(|word| !word.is_empty()).collect();
    match key {
        "seat" => bid.seat = Some(SeatId::new(value)),
        "imp" => bid.imp = ImpId::new(value),
        "cur" => bid.currency = Currency::new(value).unwrap(),
        "deal" => bid.deal = Some(DealId::new(value)),
        "adomain" => {
            let advertiser =
                |&domain: &&str| Advertiser { domain: domain.into(), registrable: domain.into() };
            bid.advertisers = list.iter().map(advertiser).collect();
        }
        "crid" => bid.creative_id = (!value.is_empty()).then(|| CreativeId::new(value)),
        "mtype" => bid.media_type = value.parse().ok(),
        "protocol" => bid.protocol = value.parse().ok(),
        "apis" => bid.apis = codes(&list),
        "attr" => bid.attributes = codes(&list),
        "language" => bid.language = Some(value.into()),
        "bundle" => bid.bundle = Some(value.into()),
        "slot" => bid.slot_in_pod = value.parse().unwrap(),
        "group" => bid.group = Some(value.parse().unwrap()),
        "size" => bid.size = Some((list[0].parse().unwrap(), list[1].parse().unwrap())),
        "defect" => bid.defect = LossReason::from_name(value),
        "markup" if value.is_empty() => bid.markup = None,
        _ => set_markup(bid, key, value),
    }
}

fn set_markup(bid: &mut Bid, key: &str, value: &str) {
    let markup = bid.markup.as_mut().unwrap();
    match key {
        "markup" => markup.defect = LossReason::from_name(value),
        "duration" => markup.duration = (!value.is_empty()).then(|| millis(value)),
        "version" => {
            let version = value.split_once('.');
            markup.version =
                version.map(|(major, minor)| (major.parse().unwrap(), minor.parse().unwrap()));
        }
        "nonlinear" => markup.linear = false,
        "insecure" => markup.insecure = true,
        "media" => markup.media_types = value.split(',').map(Into::into).collect(),
        "needs" => markup.apis = vec![value.parse().unwrap()],
        _ => panic!("no such field of a bid: {key}"),
    }
}
