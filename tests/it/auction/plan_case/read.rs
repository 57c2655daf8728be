//! Reads a break request and a market from text.
//!
//! Lines: `break SECONDS [offset SECONDS]`, `start SECONDS` (from the arrival), `market KEY VALUE…`,
//! `rates AGE MAX_AGE BASE CODE=QUOTE…` (seconds, and units for one of the base), `publisher KEY
//! VALUE…`, `placement KEY VALUE…`, `door openrtb`, `asked KEY VALUE…`, `imp [ID] [pod=ID] [slot] [seconds=N] …` and
//! `bidder NAME [structured] [seats=a,b] [quota=free|exhausted]`. What an `imp` line does not say is
//! as the `asked` and `placement` lines before it say; without one the request asks for one.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use breakwater::model::ad_break::{AdBreak, LengthSource};
use breakwater::model::break_request::{Asked, AskedImp, BreakRequest, Door, Faults, Stitching};
use breakwater::model::deal::Pricing;
use breakwater::model::floor::Floor;
use breakwater::model::house::{HouseAd, HouseMedia};
use breakwater::model::ids::{BreakId, PublisherId, SeatId};
use breakwater::model::market::{Dialect, Fit, Market, Placement, Publisher};
use breakwater::model::money::{Currency, FeeSchedule};
use breakwater::model::passthrough::{Passthrough, ViewerFacts};
use breakwater::model::plan::{Place, Shape};
use breakwater::model::rates::RateSnapshot;
use breakwater::model::standing::{BidderStanding, Quota, Standing};
use breakwater::model::time::{Millis, Seconds, UnixMillis};

use crate::auction::build;
use crate::auction::case::read::words::{
    self, categories, codes, cpm, e12, floor, lengths, millis, texts,
};
use crate::auction::case::read::{add_fee, deal, separate};
use crate::sale;

/// Reads a case.
pub(super) fn read(text: &str) -> (BreakRequest, Market, Standing) {
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
            "start" => case.ad_break.start = Some(ARRIVED.plus(millis(words[1]))),
            "market" => set_market(&mut case.market, &words[1..]),
            "rates" => case.market.rates.push(rates(&words[1..])),
            "placement" => set_placement(&mut case.placement, &words[1..]),
            "publisher" => set_publisher(&mut case.publisher, &words[1..]),
            "door" if words[1] == "openrtb" => case.door = Door::OpenRtb,
            "asked" => set_asked(&mut case.asked, &mut case.imp, &words[1..]),
            "imp" => add_imp(&mut case, &words[1..]),
            "bidder" => add_bidder(&mut case, &words[1..]),
            _ => panic!("no such line: {line}"),
        }
    }
    case.finish()
}

struct Case {
    ad_break: AdBreak,
    placement: Placement,
    publisher: Publisher,
    asked: Asked,
    /// What an imp line starts from.
    imp: AskedImp,
    imps: Vec<AskedImp>,
    market: Market,
    standing: Standing,
    door: Door,
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
            imps: Vec::new(),
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
                weight: NonZeroU32::MIN,
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
            door: Door::Native,
        }
    }

    fn finish(self) -> (BreakRequest, Market, Standing) {
        let mut imps = self.imps;
        let placement = Arc::new(self.placement);
        if imps.is_empty() {
            imps.push(AskedImp { placement: Arc::clone(&placement), ..self.imp });
        }
        let request = BreakRequest {
            door: self.door,
            request_id: None,
            arrived_at: ARRIVED,
            publisher: Arc::new(self.publisher),
            placement: Arc::clone(&imps[0].placement),
            imps,
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
        (request, self.market, self.standing)
    }
}

fn placement() -> Placement {
    Placement { floor: Floor::default(), ..sale::placement("mid", "pub-1") }
}

fn set_market(market: &mut Market, words: &[&str]) {
    match words {
        ["currency", code] => market.currency = Currency::new(code).unwrap(),
        ["pricing", "second"] => market.pricing = Pricing::Second,
        ["max_cpm", price] => market.max_cpm = cpm(price),
        _ => panic!("no such line of a market: {words:?}"),
    }
}

fn rates(words: &[&str]) -> RateSnapshot {
    let [age, max_age, base, quotes @ ..] = words else {
        panic!("rates have an age, a most age and a base: {words:?}");
    };
    let quote = |word: &&str| {
        let (code, value) = word.split_once('=').unwrap();
        (Currency::new(code).unwrap(), e12(value))
    };
    RateSnapshot {
        source: "ECB".into(),
        time: UnixMillis(ARRIVED.0 - millis(age).0),
        max_age: millis(max_age),
        base: Currency::new(base).unwrap(),
        quotes: quotes.iter().map(quote).collect(),
    }
}

fn set_placement(placement: &mut Placement, words: &[&str]) {
    match words {
        ["floor", price] => placement.floor = floor(price),
        ["lengths", words @ ..] => placement.lengths = lengths(words),
        ["max_ads", max] => placement.max_ads = max.parse().unwrap(),
        ["fit", "real"] => placement.fit = Fit::Real,
        ["mimes", words @ ..] => placement.mimes = texts(words),
        ["block", words @ ..] => placement.blocked_advertisers = texts(words),
        ["block_cat", words @ ..] => placement.blocked_categories = categories(words),
        ["unmapped", "refuse"] => placement.unmapped_refused = true,
        [key @ ("separation" | "exclusive"), words @ ..] => {
            separate(&mut placement.separation, key, words);
        }
        ["deals_first"] => placement.deals_first = true,
        ["private"] => placement.private_auction = true,
        ["house", ad, files @ ..] => placement.house.push(house(ad, files)),
        ["deal", id, words @ ..] => placement.deals.push(Arc::new(deal(id, words))),
        _ => panic!("no such line of a placement: {words:?}"),
    }
}

/// Reads `ID:SECONDS` and files as `TYPE=URL`.
fn house(ad: &str, files: &[&str]) -> Arc<HouseAd> {
    let file = |word: &&str| {
        let (mime, url) = word.split_once('=').unwrap();
        let (mime, url) = (mime.into(), url.into());
        HouseMedia { url, mime, width: None, height: None, bitrate: None }
    };
    let media = files.iter().map(file).collect();
    Arc::new(HouseAd { media, ..HouseAd::clone(&words::house(ad)) })
}

fn set_publisher(publisher: &mut Publisher, words: &[&str]) {
    match words {
        ["fee", words @ ..] => publisher.fees = add_fee(&publisher.fees, words),
        ["block", words @ ..] => publisher.blocked_advertisers = texts(words),
        ["block_cat", words @ ..] => publisher.blocked_categories = categories(words),
        _ => panic!("no such line of a publisher: {words:?}"),
    }
}

fn set_asked(asked: &mut Asked, imp: &mut AskedImp, words: &[&str]) {
    match words {
        ["block", words @ ..] => asked.blocked_advertisers = texts(words),
        ["block_cat", words @ ..] => asked.blocked_categories = categories(words),
        ["allow_cat", words @ ..] => asked.allowed_categories = categories(words),
        ["apps", words @ ..] => asked.blocked_apps = texts(words),
        ["allow", words @ ..] => asked.allowed_seats = texts(words),
        ["refuse", words @ ..] => asked.blocked_seats = texts(words),
        ["languages", words @ ..] => asked.languages = texts(words),
        ["currencies", codes @ ..] => {
            let codes = codes.iter().map(|code| Currency::new(code).unwrap());
            asked.currencies = Some(codes.collect());
        }
        _ => set_imp(imp, words),
    }
}

fn set_imp(imp: &mut AskedImp, words: &[&str]) {
    match words {
        ["floor", price] => imp.floor = Some(floor(price)),
        ["lengths", words @ ..] => imp.lengths = Some(lengths(words)),
        ["max_ads", max] => imp.max_ads = max.parse().ok(),
        ["seconds", seconds] => imp.seconds = Some(Seconds(seconds.parse().unwrap())),
        ["pod", id] => imp.pod = Some((*id).into()),
        ["slot"] => imp.shape = Shape::Slot,
        ["place", place] => imp.place = Place::of(place.parse().unwrap()),
        ["private"] => imp.private_auction = true,
        ["deal", id, words @ ..] => imp.deals.push(Arc::new(deal(id, words))),
        [key @ ("separation" | "exclusive"), words @ ..] => {
            separate(&mut imp.separation, key, words);
        }
        ["mimes", words @ ..] => imp.mimes = texts(words),
        ["protocols", words @ ..] => imp.protocols = codes(words),
        ["apis", words @ ..] => imp.apis = codes(words),
        ["attr", words @ ..] => imp.blocked_attributes = codes(words),
        ["size", width, height] => {
            imp.size = Some((width.parse().unwrap(), height.parse().unwrap()));
        }
        ["secure"] => imp.secure = Some(true),
        ["skip"] => imp.skip = Some(true),
        ["expires", seconds] => imp.expires_s = seconds.parse().ok(),
        _ => panic!("no such line of a request: {words:?}"),
    }
}

fn add_imp(case: &mut Case, words: &[&str]) {
    let placement = Arc::new(case.placement.clone());
    let mut imp = AskedImp { placement, ..case.imp.clone() };
    for word in words {
        match word.split_once('=') {
            None if *word == "slot" || *word == "private" => set_imp(&mut imp, &[word]),
            None => imp.id = Some((*word).into()),
            Some((key, value)) => {
                set_imp(&mut imp, &[&[key], &value.split(',').collect::<Vec<_>>()[..]].concat());
            }
        }
    }
    case.imps.push(imp);
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
                let standing = BidderStanding { quota, ..BidderStanding::free(bidder.id.clone()) };
                case.standing.bidders.push(standing);
            }
            _ => panic!("no such word of a bidder: {word}"),
        }
    }
    case.market.bidders.push(Arc::new(bidder));
}

/// When the request of a case arrives.
const ARRIVED: UnixMillis = UnixMillis(1_793_000_000_000);
