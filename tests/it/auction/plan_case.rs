//! Reads a break request and a market from text, and prints what is planned and who is asked.
//!
//! Lines: `break SECONDS [offset SECONDS]`, `placement KEY VALUE…`, `publisher KEY VALUE…`,
//! `asked KEY VALUE…`, and `bidder NAME [structured] [seats=a,b] [quota=free|exhausted]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use breakwater::auction::plan::plan;
use breakwater::auction::select::select;
use breakwater::model::ad_break::{AdBreak, LengthSource};
use breakwater::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults, Stitching};
use breakwater::model::category::Separation;
use breakwater::model::deal::Pricing;
use breakwater::model::floor::Floor;
use breakwater::model::ids::{BreakId, PlacementId, PublisherId, SeatId};
use breakwater::model::market::{Dialect, Fit, Lengths, Market, Placement, Publisher};
use breakwater::model::money::{Currency, FeeSchedule};
use breakwater::model::passthrough::{Passthrough, ViewerFacts};
use breakwater::model::plan::{Chosen, Plan};
use breakwater::model::standing::{BidderStanding, Quota, Standing};
use breakwater::model::time::{Millis, Seconds, UnixMillis};

use super::build;
use super::case::{add_fee, codes, cpm, lengths, millis, texts};

/// Plans the break of a case and prints the plan.
pub(crate) fn run(text: &str) -> String {
    let mut case = Case::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "break" => {
                case.ad_break.length = millis(words[1]);
                if let [_, _, "offset", offset] = words[..] {
                    case.ad_break.offset = millis(offset);
                }
            }
            "placement" => set_placement(&mut case.placement, &words[1..]),
            "publisher" => set_publisher(&mut case.publisher, &words[1..]),
            "asked" => set_asked(&mut case.asked, &mut case.imp, &words[1..]),
            "bidder" => add_bidder(&mut case, &words[1..]),
            _ => panic!("no such line: {line}"),
        }
    }
    let standing = std::mem::take(&mut case.standing);
    let (request, market) = case.finish();
    let plan = plan(&request, &market);
    let chosen = select(&plan, &standing);
    print(&plan, &chosen)
}

struct Case {
    ad_break: AdBreak,
    placement: Placement,
    publisher: Publisher,
    asked: Asked,
    imp: AskedImp,
    market: Market,
    standing: Standing,
}

impl Case {
    fn new() -> Self {
        let placement = placement();
        Self {
            ad_break: AdBreak {
                id: BreakId::new("brk-1"),
                weak: false,
                stream: None,
                length: Millis(60_000),
                length_source: LengthSource::Request,
                offset: Millis(0),
                start: None,
                signal: None,
            },
            imp: AskedImp::whole(&Arc::new(placement.clone())),
            placement,
            publisher: Publisher {
                id: PublisherId::new("pub-1"),
                domain: "arena.example".into(),
                key_hashes: Vec::new(),
                fees: FeeSchedule::default(),
                blocked_advertisers: Vec::new(),
                blocked_categories: Vec::new(),
                gdpr_default: true,
                network_reserve: Millis(20),
            },
            asked: Asked::default(),
            market: Market {
                domain: "breakwater.example".into(),
                node: "n1".into(),
                currency: Currency::USD,
                pricing: Pricing::First,
                rates: Vec::new(),
                max_cpm: cpm("1000"),
                public_url: "http://127.0.0.1:8080".into(),
                own_reserve: Millis(10),
                publishers: BTreeMap::new(),
                placements: BTreeMap::new(),
                bidders: Vec::new(),
                snapshot: Arc::new([]),
            },
            standing: Standing::default(),
        }
    }

    fn finish(self) -> (BreakRequest, Market) {
        let placement = Arc::new(self.placement);
        let request = BreakRequest {
            door: Door::Native,
            request_id: None,
            arrived_at: UnixMillis(1_793_000_000_000),
            publisher: Arc::new(self.publisher),
            imps: vec![AskedImp { placement: Arc::clone(&placement), ..self.imp }],
            placement,
            ad_break: self.ad_break,
            session: None,
            patience: None,
            stitching: Stitching::Server,
            asked: self.asked,
            passthrough: Passthrough::default(),
            viewer: ViewerFacts::default(),
            test: false,
            explain: false,
            sha: [0; 32],
            unbuilt: Vec::new(),
            faults: Faults::default(),
        };
        (request, self.market)
    }
}

fn placement() -> Placement {
    Placement {
        id: PlacementId::new("mid"),
        publisher: PublisherId::new("pub-1"),
        floor: Floor::default(),
        lengths: Lengths::Exact(vec![Seconds(15), Seconds(30)]),
        max_ads: 8,
        default_break: Millis(60_000),
        fit: Fit::Nominal,
        mimes: vec!["video/mp4".into(), "application/x-mpegURL".into()],
        tmax: Millis(250),
        price_in_markup: true,
        blocked_advertisers: Vec::new(),
        blocked_categories: Vec::new(),
        unmapped_refused: false,
        separation: Separation::default(),
        deals_first: false,
        private_auction: false,
        deals: Vec::new(),
    }
}

fn set_placement(placement: &mut Placement, words: &[&str]) {
    match words {
        ["floor", price] => placement.floor = Floor::Fixed(cpm(price)),
        ["lengths", words @ ..] => placement.lengths = lengths(words),
        ["max_ads", max] => placement.max_ads = max.parse().unwrap(),
        ["fit", "real"] => placement.fit = Fit::Real,
        ["mimes", words @ ..] => placement.mimes = texts(words),
        ["block", words @ ..] => placement.blocked_advertisers = texts(words),
        _ => panic!("no such line of a placement: {words:?}"),
    }
}

fn set_publisher(publisher: &mut Publisher, words: &[&str]) {
    match words {
        ["fee", words @ ..] => publisher.fees = add_fee(&publisher.fees, words),
        ["block", words @ ..] => publisher.blocked_advertisers = texts(words),
        _ => panic!("no such line of a publisher: {words:?}"),
    }
}

fn set_asked(asked: &mut Asked, imp: &mut AskedImp, words: &[&str]) {
    match words {
        ["floor", price] => imp.floor = Some(Floor::Fixed(cpm(price))),
        ["lengths", words @ ..] => imp.lengths = Some(lengths(words)),
        ["max_ads", max] => imp.max_ads = max.parse().ok(),
        ["mimes", words @ ..] => imp.mimes = texts(words),
        ["protocols", words @ ..] => imp.protocols = codes(words),
        ["apis", words @ ..] => imp.apis = codes(words),
        ["block", words @ ..] => asked.blocked_advertisers = texts(words),
        ["attr", words @ ..] => imp.blocked_attributes = codes(words),
        ["apps", words @ ..] => asked.blocked_apps = texts(words),
        ["allow", words @ ..] => asked.allowed_seats = texts(words),
        ["refuse", words @ ..] => asked.blocked_seats = texts(words),
        ["languages", words @ ..] => asked.languages = texts(words),
        ["size", width, height] => {
            imp.size = Some((width.parse().unwrap(), height.parse().unwrap()));
        }
        ["secure"] => imp.secure = Some(true),
        ["skip"] => imp.skip = Some(true),
        _ => panic!("no such line of a request: {words:?}"),
    }
}

fn add_bidder(case: &mut Case, words: &[&str]) {
    let mut bidder = build::bidder(words[0], Dialect::Dynamic);
    for word in &words[1..] {
        match word.split_once('=') {
            None if *word == "structured" => bidder.dialect = Dialect::Structured,
            Some(("seats", seats)) => {
                bidder.seats = seats.split(',').map(SeatId::new).collect();
            }
            Some(("quota", quota)) => {
                let quota = if quota == "free" { Quota::Free } else { Quota::Exhausted };
                let standing = BidderStanding { bidder: bidder.id.clone(), quota };
                case.standing.bidders.push(standing);
            }
            _ => panic!("no such word of a bidder: {word}"),
        }
    }
    case.market.bidders.push(Arc::new(bidder));
}

fn print(plan: &Plan, chosen: &Chosen) -> String {
    let terms = &plan.terms;
    let (pod, part) = (&plan.pods[0], &plan.parts[0]);
    let mut lines = vec![
        format!("pod {} {} s {} at most {} ads", pod.id, pod.seconds.0, part.real, part.max_ads),
        format!("lengths {}", print_lengths(&part.lengths)),
        format!("floor {} of at most {}", part.floor.at(part.lengths.shortest()), terms.max_cpm),
        format!("protocols {:?} mimes {:?}", part.protocols, part.mimes),
    ];
    if part.fit == Fit::Real {
        lines.push("fit real".into());
    }
    let fees: Vec<_> = terms.fees.fees().iter().map(|fee| (&*fee.name, fee.ppm)).collect();
    let lists = [
        ("fees", format!("{fees:?}")),
        ("blocked advertisers", format!("{:?}", part.blocked_advertisers)),
        ("blocked apps", format!("{:?}", terms.blocked_apps)),
        ("blocked attributes", format!("{:?}", part.blocked_attributes)),
        ("blocked seats", format!("{:?}", terms.blocked_seats)),
        ("allowed seats", format!("{:?}", terms.allowed_seats)),
        ("languages", format!("{:?}", terms.languages)),
        ("apis", format!("{:?}", part.apis)),
    ];
    lines.extend(
        lists.iter().filter(|(_, list)| list != "[]").map(|(name, list)| format!("{name} {list}")),
    );
    if let Some((width, height)) = part.size {
        lines.push(format!("size {width}x{height}"));
    }
    if part.secure {
        lines.push("secure".into());
    }
    for (index, offer) in plan.offers.iter().enumerate() {
        let skipped = chosen.skipped.iter().find(|(skipped, _)| *skipped == index);
        let fate = match skipped {
            Some((_, reason)) => reason.name(),
            None if chosen.asked.contains(&index) => "asked",
            None => "forgotten",
        };
        let imps: Vec<_> = offer.imps.iter().map(|imp| &imp.id).collect();
        lines.push(format!("{} {fate} {:?} {:?}", offer.bidder.id, offer.dialect, imps));
    }
    let skipped = plan.skipped.iter();
    lines.extend(skipped.map(|(bidder, reason)| format!("{bidder} not offered {}", reason.name())));
    lines.join("\n") + "\n"
}

fn print_lengths(lengths: &Lengths) -> String {
    match lengths {
        Lengths::Exact(lengths) => {
            let texts: Vec<_> = lengths.iter().map(|length| length.0.to_string()).collect();
            texts.join(" ")
        }
        Lengths::Range { min, max } => format!("{}..{}", min.0, max.0),
    }
}
