//! Reads an auction from text.
//!
//! Of the whole auction: `currency USD`, `currencies EUR GBP`, `rate EUR 1.0842`, `pricing second`,
//! `max_cpm CPM`, `fee NAME PPM`, `allow seat …`, `allow cat 8:1002 …`, `block seat …`,
//! `block app …`, `language …`, `seed N`, and `deal ID [key=value]…`, a deal of all parts.
//!
//! Of a part, and of all parts that follow it: `break SECONDS`, `max_ads N`, `lengths 15 30` or
//! `lengths 6..60`, `fit real`, `floor F`, `private`, `deals_first`, `unmapped refuse`,
//! `block adomain …`, `block cat …`, `block attr …`, `protocols …`, `apis …`, `mimes …`, `size W H`,
//! `secure`, `expires SECONDS`, `house ID:SECONDS[:MILLISECONDS] …`. A floor is `5`, `0.4/s`, or `1..15:3,16..:5,else:4`.
//!
//! `separation advertiser category creative media` and `exclusive 8:1002 …` are of the first pod.
//! Without a `pod` and a `part` line there is one pod of one stretch. `pod ID [separation=a,b]
//! [exclusive=8:1002]` and `part POD stretch|slot SECONDS [key=value]…` make others; a part's keys
//! are those of its lines, `place`, `block_cat`, `block_adomain`, and `deals` where not all are its own.
//!
//! Then `bidder NAME [structured] [seats=a,b] [unasked] [OUTCOME]` and `bid BIDDER ID CPM SECONDS
//! [key=value]…`; see `case::read::bid` for the keys.

mod bid;
pub(crate) mod words;

use std::sync::Arc;

use breakwater::model::bid::ReplyOutcome;
use breakwater::model::category::Separation;
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::ids::{BidderId, SeatId};
use breakwater::model::market::{Dialect, Fit};
use breakwater::model::money::{Currency, Fee, FeeSchedule};
use breakwater::model::plan::{AuctionInput, Part, Place, Pod, Shape, Terms};
use breakwater::model::rates::Rate;
use breakwater::model::reason::CallReason;
use breakwater::model::time::Seconds;

use super::super::build;

/// The plan of a case while it is read.
struct Draft {
    seed: u8,
    terms: Terms,
    /// What a part line starts from.
    part: Part,
    pods: Vec<Pod>,
    parts: Vec<Part>,
    separation: Separation,
    deals: Vec<Arc<Deal>>,
    /// Deals that are of some parts only: the part and what it has of them.
    offered: Vec<(usize, Vec<String>)>,
}

/// Reads a case: the plan first, whatever the order of lines, then who was asked and what they bid.
pub(crate) fn read(text: &str) -> AuctionInput {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
    let mut draft = Draft {
        seed: 0,
        terms: build::terms(),
        part: build::part(),
        pods: Vec::new(),
        parts: Vec::new(),
        separation: Separation::default(),
        deals: Vec::new(),
        offered: Vec::new(),
    };
    let is_reply = |words: &[&str]| words[0] == "bidder" || words[0] == "bid";
    for words in lines.iter().filter(|words| !is_reply(words)) {
        draft.set(words[0], &words[1..]);
    }
    let mut input = draft.finish();
    for words in lines.iter().filter(|words| is_reply(words)) {
        match words[0] {
            "bidder" => add_bidder(&mut input, &words[1..]),
            _ => add_bid(&mut input, &words[1..]),
        }
    }
    input
}

impl Draft {
    fn set(&mut self, key: &str, words: &[&str]) {
        match (key, words) {
            ("seed", [seed]) => self.seed = seed.parse().unwrap(),
            ("pod", [id, words @ ..]) => {
                let mut separation = Separation::default();
                for word in words {
                    let (key, value) = word.split_once('=').unwrap();
                    separate(&mut separation, key, &value.split(',').collect::<Vec<_>>());
                }
                self.pods.push(build::pod(id, separation));
            }
            ("part", [pod, shape, seconds, words @ ..]) => {
                self.add_part(pod, shape, seconds, words);
            }
            ("separation" | "exclusive", words) => separate(&mut self.separation, key, words),
            ("deal", [id, words @ ..]) => self.deals.push(Arc::new(deal(id, words))),
            _ if set_term(&mut self.terms, key, words) => {}
            _ => set_part(&mut self.part, key, words),
        }
    }

    fn add_part(&mut self, pod: &str, shape: &str, seconds: &str, words: &[&str]) {
        let mut part = self.part.clone();
        part.pod = self.pods.iter().position(|known| &*known.id == pod).unwrap();
        set_part(&mut part, "break", &[seconds]);
        if shape == "slot" {
            part.shape = Shape::Slot;
            part.max_ads = 1;
        }
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let values: Vec<&str> = value.split(',').filter(|word| !word.is_empty()).collect();
            match key {
                "deals" => {
                    let ids = values.iter().map(|&id| id.to_owned()).collect();
                    self.offered.push((self.parts.len(), ids));
                }
                "place" => part.place = Place::of(value.parse().unwrap()),
                "floor" => part.floor = words::floor(value),
                "block_cat" => part.blocked_categories = words::categories(&values),
                "block_adomain" => part.blocked_advertisers = words::texts(&values),
                _ => set_part(&mut part, key, &values),
            }
        }
        self.parts.push(part);
    }

    fn finish(mut self) -> AuctionInput {
        if self.pods.is_empty() {
            self.pods.push(build::pod("brk-1", Separation::default()));
        }
        if self.parts.is_empty() {
            self.parts.push(self.part);
        }
        self.pods[0].separation = self.pods[0].separation.and(&self.separation);
        for (index, part) in self.parts.iter_mut().enumerate() {
            let ids = self.offered.iter().find(|(of, _)| *of == index).map(|(_, ids)| ids);
            let listed = |deal: &&Arc<Deal>| {
                ids.is_none_or(|ids| ids.iter().any(|id| id == deal.id.as_str()))
            };
            part.deals.extend(self.deals.iter().filter(listed).cloned());
        }
        build::input(self.seed, build::plan(self.terms, self.pods, self.parts), Vec::new())
    }
}

/// Turns on rules of separation: the words of a `separation` or an `exclusive` line.
pub(crate) fn separate(separation: &mut Separation, key: &str, words: &[&str]) {
    for word in words {
        match (key, *word) {
            ("exclusive", word) => separation.exclusive.extend(words::categories(&[word])),
            (_, "advertiser") => separation.advertiser = true,
            (_, "category") => separation.category = true,
            (_, "creative") => separation.creative = true,
            (_, "media") => separation.media = true,
            _ => panic!("no such rule: {key} {word}"),
        }
    }
}

/// Sets a line of the whole auction; says whether it was one.
fn set_term(terms: &mut Terms, key: &str, words: &[&str]) -> bool {
    let currency = |code: &str| Currency::new(code).unwrap();
    match (key, words) {
        ("currency", [code]) => terms.currency = currency(code),
        ("currencies", codes) => terms.currencies = codes.iter().map(|it| currency(it)).collect(),
        ("rate", [code, value]) => {
            terms.rates.push(Rate { from: currency(code), e12: words::e12(value) });
        }
        ("pricing", ["second"]) => terms.pricing = Pricing::Second,
        ("max_cpm", [price]) => terms.max_cpm = words::cpm(price),
        ("fee", words) => terms.fees = add_fee(&terms.fees, words),
        ("block", ["app", words @ ..]) => terms.blocked_apps = words::texts(words),
        ("block", ["seat", words @ ..]) => terms.blocked_seats = words::texts(words),
        ("allow", ["seat", words @ ..]) => terms.allowed_seats = words::texts(words),
        ("allow", ["cat", words @ ..]) => terms.allowed_categories = words::categories(words),
        ("language", words) => terms.languages = words::texts(words),
        _ => return false,
    }
    true
}

fn set_part(part: &mut Part, key: &str, words: &[&str]) {
    match (key, words) {
        ("break", [length]) => {
            part.real = words::millis(length);
            part.seconds = Seconds::nominal(part.real);
        }
        ("max_ads", [max]) => part.max_ads = max.parse().unwrap(),
        ("lengths", words) => part.lengths = words::lengths(words),
        ("fit", ["real"]) => part.fit = Fit::Real,
        ("floor", [floor]) => part.floor = words::floor(floor),
        ("private", []) => part.private_auction = true,
        ("deals_first", []) => part.deals_first = true,
        ("unmapped", ["refuse"]) => part.unmapped_refused = true,
        ("block", ["adomain", words @ ..]) => part.blocked_advertisers = words::texts(words),
        ("block", ["cat", words @ ..]) => part.blocked_categories = words::categories(words),
        ("block", ["attr", words @ ..]) => part.blocked_attributes = words::codes(words),
        ("protocols", words) => part.protocols = words::codes(words),
        ("apis", words) => part.apis = words::codes(words),
        ("mimes", words) => part.mimes = words::texts(words),
        ("size", [width, height]) => {
            part.size = Some((width.parse().unwrap(), height.parse().unwrap()));
        }
        ("secure", []) => part.secure = true,
        ("expires", [seconds]) => part.expires_s = seconds.parse().ok(),
        ("house", ads) => part.house = ads.iter().map(|ad| words::house(ad)).collect(),
        _ => panic!("no such line: {key} {words:?}"),
    }
}

/// Reads `deal` lines: `floor=F at=first|second|fixed guaranteed seats= adomain= bidders=
/// discount=PPM`.
pub(crate) fn deal(id: &str, words: &[&str]) -> Deal {
    let mut deal = build::deal(id);
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let list: Vec<&str> = value.split(',').collect();
        match (key, value) {
            ("floor", floor) => deal.floor = Some(words::floor(floor)),
            ("at", "first") => deal.pricing = Pricing::First,
            ("at", "second") => deal.pricing = Pricing::Second,
            ("at", "fixed") => deal.pricing = Pricing::Fixed,
            ("guaranteed", "") => deal.guaranteed = true,
            ("seats", _) => deal.seats = words::texts(&list),
            ("adomain", _) => deal.advertisers = words::texts(&list),
            ("bidders", _) => deal.bidders = list.iter().map(|&id| BidderId::new(id)).collect(),
            ("discount", ppm) => deal.discount_ppm = ppm.parse().unwrap(),
            _ => panic!("no such word of a deal: {word}"),
        }
    }
    deal
}

/// Adds the fee of `NAME PPM` to a schedule.
pub(crate) fn add_fee(fees: &FeeSchedule, words: &[&str]) -> FeeSchedule {
    let mut fees = fees.fees().to_vec();
    fees.push(Fee { name: words[0].into(), ppm: words[1].parse().unwrap() });
    FeeSchedule::new(fees).unwrap()
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
        input.plan.offers.push(build::offer(&input.plan, bidder));
        match skipped {
            Some(reason) => input.chosen.skipped.push((index, reason)),
            None => input.chosen.asked.push(index),
        }
    }
    reply.sent &= skipped.is_none();
    input.replies.push(reply);
}

fn add_bid(input: &mut AuctionInput, words: &[&str]) {
    let name = words[0];
    if !input.replies.iter().any(|reply| reply.bidder.as_str() == name) {
        add_bidder(input, &[name]);
    }
    let reply = input.replies.iter_mut().find(|reply| reply.bidder.as_str() == name).unwrap();
    if reply.outcome == ReplyOutcome::Nothing(CallReason::NoBid) {
        reply.outcome = ReplyOutcome::Bids;
    }
    reply.bids.push(bid::read(words));
}
