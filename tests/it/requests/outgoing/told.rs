//! What bidders are told of a plan: pods, floors, deals and blocks, case by case.
//!
//! A case is a file: a plan line by line (`told` reads the words), `---`, and what each distinct
//! body says of it, under the bidders that get it. `UPDATE_EXPECT=1` rewrites what is below.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Read;
use std::str::FromStr;
use std::sync::Arc;

use breakwater::model::break_request::{AskedImp, BreakRequest};
use breakwater::model::category::Category;
use breakwater::model::deal::{Deal, Pricing};
use breakwater::model::floor::{Floor, FloorStep};
use breakwater::model::ids::{BidderId, DealId, ImpId, SeatId};
use breakwater::model::market::{Bidder, Dialect, Lengths};
use breakwater::model::money::{Cpm, Currency};
use breakwater::model::plan::{Offer, OfferedImp, Part, Place, Plan, Pod, Shape, Terms};
use breakwater::model::rates::Rate;
use breakwater::model::time::{Millis, Seconds};
use breakwater::wire::bid_request::calls;
use breakwater::wire::price;
use flate2::read::GzDecoder;
use openrtb::deal::DurFloors;
use openrtb::request::BidRequest;
use serde_json::Value;

use crate::requests::outgoing::{auction, everyone, lint, read};
use crate::requests::{cases, data, market};

#[test]
fn bidders_are_told_what_the_cases_say() {
    let paths = cases(&data("offers"));
    assert!(20 < paths.len(), "only {} cases were found", paths.len());
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).unwrap();
        let (given, expected) = text.split_once("\n---\n").unwrap_or((&text, ""));
        let became = run(&name, given);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, format!("{}\n---\n{became}", given.trim_end())).unwrap();
        } else if became.trim_end() != expected.trim_end() {
            wrong.push(format!("{name}\nexpected\n{expected}\nbecame\n{became}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sends the plan of a case and prints what bidders are told.
fn run(name: &str, given: &str) -> String {
    let market = market::market();
    let mut request = read("tags", "only-placement", &market);
    let plan = plan(given);
    request.imps = plan.parts.iter().map(|part| asked(&request, part)).collect();
    let mut told: Vec<(Vec<u8>, String)> = Vec::new();
    for call in calls(&request, auction(), &plan, &everyone(&plan), Millis(180)) {
        let mut body = Vec::new();
        match call.gzip {
            true => drop(GzDecoder::new(&*call.body).read_to_end(&mut body).unwrap()),
            false => body.extend_from_slice(&call.body),
        }
        match told.iter_mut().find(|(known, _)| *known == body) {
            Some((_, bidders)) => write!(bidders, " {}", call.bidder).unwrap(),
            None => told.push((body, call.bidder.to_string())),
        }
    }
    let mut out = String::new();
    for (body, bidders) in told {
        let text = std::str::from_utf8(&body).unwrap();
        lint(name, text);
        check(name, text);
        writeln!(out, "to {bidders}\n{}", show(text)).unwrap();
    }
    out
}

/// Holds a body to the types and the either-or rules of OpenRTB.
fn check(name: &str, text: &str) {
    let typed: BidRequest<'_> = serde_json::from_str(text).unwrap();
    let again = serde_json::to_value(&typed).unwrap();
    let said: Value = serde_json::from_str(text).unwrap();
    assert_eq!(plain(&again), plain(&said), "{name}: every member has the type of the standard");
    let lists = [&typed.acat, &typed.bcat].into_iter().flatten().count();
    assert!(lists <= 1, "{name}: acat or bcat");
    assert_eq!(typed.cattax.is_some(), lists == 1, "{name}: a list of categories has a taxonomy");
    assert!(typed.wseat.is_none() || typed.bseat.is_none(), "{name}: wseat or bseat");
    for imp in &typed.imp {
        let video = imp.video.as_ref().unwrap();
        let one_form = |per_second: Option<f64>, durfloors: &Option<Vec<DurFloors<'_>>>| {
            assert!(per_second.is_none() || durfloors.is_none(), "{name}: two forms of a floor");
        };
        one_form(video.mincpmpersec, &video.durfloors);
        let bounds = video.minduration.or(video.maxduration);
        assert!(video.rqddurs.is_some() != bounds.is_some(), "{name}: rqddurs or bounds");
        assert!(video.mincpmpersec.is_none() || video.is_dynamic(), "{name}: by the second");
        for deal in imp.pmp.iter().flat_map(|pmp| pmp.deals.iter().flatten()) {
            one_form(deal.mincpmpersec, &deal.durfloors);
            let forms =
                [deal.bidfloor.is_some(), deal.mincpmpersec.is_some(), deal.durfloors.is_some()];
            let forms = forms.into_iter().filter(|it| *it).count();
            assert!(forms <= 1, "{name}: a deal's floor in one form");
            assert_eq!(deal.bidfloorcur.is_some(), forms == 1, "{name}: a floor has a currency");
        }
    }
}

/// Returns the value with all numbers of one kind: 5 and 5.0 are the same price.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().unwrap().into(),
        Value::Array(list) => list.iter().map(plain).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// Prints what a body says of the plan, a line a member and an imp.
fn show(text: &str) -> String {
    let mut body: BTreeMap<String, Value> = serde_json::from_str(text).unwrap();
    for elsewhere in ["id", "tmax", "source", "regs", "device", "user", "app", "site"] {
        body.remove(elsewhere);
    }
    let imps = body.remove("imp").unwrap();
    let mut out = String::new();
    for (name, value) in body {
        writeln!(out, "{name} {value}").unwrap();
    }
    for imp in imps.as_array().unwrap() {
        let mut imp = imp.clone();
        for always in ["tagid", "ssai", "bidfloorcur"] {
            assert!(imp.as_object_mut().unwrap().remove(always).is_some(), "{always}");
        }
        for always in ["mimes", "protocols", "plcmt", "linearity", "pos", "startdelay", "podseq"] {
            let video = imp["video"].as_object_mut().unwrap();
            assert!(video.remove(always).is_some(), "{always}");
        }
        writeln!(out, "imp {imp}").unwrap();
    }
    out
}

/// Returns an imp of the request that a part could be made of.
fn asked(request: &BreakRequest, part: &Part) -> AskedImp {
    AskedImp { shape: part.shape, place: part.place, ..AskedImp::whole(&request.placement) }
}

/// Reads a plan: `pod`, `part` and `deal` lines add to what stands above them.
fn plan(given: &str) -> Plan {
    let terms = Terms { currency: Currency::USD, ..Terms::default() };
    let mut plan = Plan { terms, pods: vec![], parts: vec![], offers: vec![], skipped: vec![] };
    for line in given.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        match words.next().unwrap() {
            "terms" => words.for_each(|word| term(&mut plan.terms, word)),
            "pod" => plan.pods.push(pod(words)),
            "part" => {
                let part = part(plan.pods.len() - 1, words);
                plan.pods[part.pod].seconds.0 += part.seconds.0;
                plan.parts.push(part);
            }
            "deal" => plan.parts.last_mut().unwrap().deals.push(Arc::new(deal(words))),
            "bidder" => {
                let offer = offer(&plan, words);
                plan.offers.push(offer);
            }
            word => panic!("no such line: {word}"),
        }
    }
    plan
}

fn term(terms: &mut Terms, word: &str) {
    let (name, value) = word.split_once('=').unwrap();
    match name {
        "pricing" => terms.pricing = pricing(value),
        "currencies" => terms.currencies = list(value, |code| Currency::new(code).unwrap()),
        "rates" => {
            let e12 = 1_000_000_000_000;
            terms.rates = list(value, |code| Rate { from: Currency::new(code).unwrap(), e12 });
        }
        "acat" => terms.allowed_categories = list(value, category),
        "wseat" => terms.allowed_seats = list(value, Arc::from),
        "bseat" => terms.blocked_seats = list(value, Arc::from),
        _ => panic!("no such term: {name}"),
    }
}

fn pod<'a>(mut words: impl Iterator<Item = &'a str>) -> Pod {
    let mut pod = Pod { id: words.next().unwrap().into(), ..Pod::default() };
    for word in words {
        let rules = &mut pod.separation;
        match word {
            "advertiser" => rules.advertiser = true,
            "category" => rules.category = true,
            "creative" => rules.creative = true,
            "media" => rules.media = true,
            _ => rules.exclusive = vec![category(word)],
        }
    }
    pod
}

fn part<'a>(pod: usize, mut words: impl Iterator<Item = &'a str>) -> Part {
    let mut part = Part {
        pod,
        shape: if words.next() == Some("slot") { Shape::Slot } else { Shape::Stretch },
        seconds: Seconds(60),
        max_ads: 4,
        protocols: vec![2, 3, 7],
        mimes: vec!["video/mp4".into()],
        ..Part::default()
    };
    if part.shape == Shape::Slot {
        (part.seconds, part.max_ads) = (Seconds(30), 1);
    }
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "seconds" => part.seconds = Seconds(number(value)),
            "max" => part.max_ads = number(value),
            "lengths" => part.lengths = lengths(value),
            "floor" => part.floor = floor(value),
            "place" => part.place = Place::of(number(value)),
            "badv" => part.blocked_advertisers = list(value, Arc::from),
            "bcat" => part.blocked_categories = list(value, category),
            "battr" => part.blocked_attributes = list(value, number),
            "private" => part.private_auction = true,
            "expires" => part.expires_s = Some(number(value)),
            "secure" => part.secure = true,
            _ => panic!("no such bound: {name}"),
        }
    }
    part
}

fn deal<'a>(mut words: impl Iterator<Item = &'a str>) -> Deal {
    let mut deal = Deal {
        id: DealId::new(words.next().unwrap()),
        bidders: vec![],
        seats: vec![],
        advertisers: vec![],
        pricing: Pricing::First,
        floor: None,
        guaranteed: false,
        discount_ppm: 0,
    };
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "bidders" => deal.bidders = list(value, BidderId::new),
            "seats" => deal.seats = list(value, Arc::from),
            "advertisers" => deal.advertisers = list(value, Arc::from),
            "pricing" => deal.pricing = pricing(value),
            "floor" => deal.floor = Some(floor(value)),
            "guaranteed" => deal.guaranteed = true,
            "discount" => deal.discount_ppm = number(value),
            _ => panic!("no such term of a deal: {name}"),
        }
    }
    deal
}

/// Returns the offer of a bidder: of all parts, unless it names those it is shown.
fn offer<'a>(plan: &Plan, mut words: impl Iterator<Item = &'a str>) -> Offer {
    let known = market::market().bidders.remove(0);
    let id = BidderId::new(words.next().unwrap());
    let mut bidder = Bidder { id, dialect: Dialect::Dynamic, ..Bidder::clone(&known) };
    let mut shown: Vec<usize> = (0..plan.parts.len()).collect();
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "structured" => bidder.dialect = Dialect::Structured,
            "gzip" => bidder.gzip = true,
            "seats" => bidder.seats = list(value, SeatId::new),
            "parts" => shown = list(value, number),
            _ => panic!("no such habit: {name}"),
        }
    }
    let mut imps = Vec::new();
    for part in shown {
        let it = &plan.parts[part];
        let expands = it.shape == Shape::Stretch && bidder.dialect == Dialect::Structured;
        for _ in 0..if expands { it.max_ads } else { 1 } {
            let id = ImpId::new((imps.len() + 1).to_string());
            imps.push(OfferedImp { id, part });
        }
    }
    Offer { dialect: bidder.dialect, bidder: Arc::new(bidder), imps }
}

/// Reads `5`, `second:0.4`, or `else:20,1..15:6,31..:9`.
fn floor(text: &str) -> Floor {
    if let Some(floor) = text.strip_prefix("second:") {
        return Floor::PerSecond(cpm(floor));
    }
    let Some(text) = text.strip_prefix("else:") else { return Floor::Fixed(cpm(text)) };
    let (otherwise, steps) = text.split_once(',').unwrap_or((text, ""));
    let bound = |text: &str| (!text.is_empty()).then(|| Seconds(number(text)));
    let step = |text: &str| {
        let (range, floor) = text.split_once(':').unwrap();
        let (min, max) = range.split_once("..").unwrap();
        FloorStep { min: bound(min), max: bound(max), floor: cpm(floor) }
    };
    Floor::ByLength { steps: list(steps, step), otherwise: cpm(otherwise) }
}

/// Reads `15,30` or `6..30`.
fn lengths(text: &str) -> Lengths {
    match text.split_once("..") {
        Some((min, max)) => Lengths::Range { min: Seconds(number(min)), max: Seconds(number(max)) },
        None => Lengths::Exact(list(text, |it| Seconds(number(it)))),
    }
}

fn pricing(text: &str) -> Pricing {
    match text {
        "first" => Pricing::First,
        "second" => Pricing::Second,
        "fixed" => Pricing::Fixed,
        _ => panic!("no such pricing: {text}"),
    }
}

/// Reads `8:1002`: a taxonomy and an id.
fn category(text: &str) -> Category {
    let (taxonomy, id) = text.split_once(':').unwrap();
    Category { taxonomy: number(taxonomy), id: id.into() }
}

fn cpm(text: &str) -> Cpm {
    price::parse_up(text).unwrap()
}

fn number<T: FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

fn list<'a, T>(text: &'a str, read: impl FnMut(&'a str) -> T) -> Vec<T> {
    text.split(',').filter(|item| !item.is_empty()).map(read).collect()
}
