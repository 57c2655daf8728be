//! What bidders are sent: golden bodies, shapes, and a linter that knows nothing of us.

use std::io::Read;

use breakwater::auction::plan;
use breakwater::model::break_request::BreakRequest;
use breakwater::model::call::Call;
use breakwater::model::floor::Floor;
use breakwater::model::ids::AuctionId;
use breakwater::model::market::{Lengths, Market};
use breakwater::model::money::Cpm;
use breakwater::model::plan::{Chosen, Plan};
use breakwater::model::time::{Millis, Seconds};
use breakwater::wire::bid_request::calls;
use flate2::read::GzDecoder;
use rtblint_core::{OpenRtbVersion, Severity, validate_bid_request_for_version};
use serde_json::Value;

use crate::requests::{ask, data, market};

mod told;

/// Cases whose outgoing bodies are kept, one per door.
const GOLDEN: [(&str, &str); 3] = [("tags", "ours"), ("native", "full"), ("openrtb", "full")];

#[test]
fn bodies_are_the_golden_ones() {
    let market = market::market();
    for (folder, case) in GOLDEN {
        let sent = send(&read(folder, case, &market), &market);
        for (call, dialect) in [(&sent[0], "dynamic"), (&sent[2], "structured")] {
            let body: Value = serde_json::from_slice(&call.body).unwrap();
            let path = data("requests").join(format!("{folder}-{case}-{dialect}.json"));
            let text = format!("{}\n", serde_json::to_string_pretty(&body).unwrap());
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{}", path.display());
        }
    }
}

#[test]
fn a_body_is_made_once_a_shape() {
    let market = market::market();
    let sent = send(&read("tags", "ours", &market), &market);
    let who: Vec<_> = sent.iter().map(|call| (call.bidder.as_str(), call.offer)).collect();
    assert_eq!(who, [("acme", 0), ("zenith", 1), ("old", 2)]);
    assert_eq!(sent.iter().map(|call| call.gzip).collect::<Vec<_>>(), [false, true, false]);
    let mut plain = Vec::new();
    GzDecoder::new(&*sent[1].body).read_to_end(&mut plain).unwrap();
    assert_eq!(plain, *sent[0].body, "gzip changes the coding only");
    assert_ne!(sent[2].body, sent[0].body);
    assert!(sent.iter().all(|call| *call.request_id == *auction().to_string()));
}

#[test]
fn an_independent_linter_accepts_what_we_send() {
    let market = market::market();
    for (folder, case) in GOLDEN {
        for call in send(&read(folder, case, &market), &market).iter().filter(|call| !call.gzip) {
            lint(&format!("{folder}/{case}"), std::str::from_utf8(&call.body).unwrap());
        }
    }
}

/// Fails on what an independent linter calls an error.
fn lint(name: &str, text: &str) {
    let found = validate_bid_request_for_version(OpenRtbVersion::V2_6_202606, text);
    let errors = found.issues.iter().filter(|issue| issue.severity == Severity::Error);
    let errors: Vec<_> = errors.collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{text}");
}

#[test]
fn floors_are_written_exactly() {
    let market = market::market();
    let request = read("tags", "ours", &market);
    let mut plan = plan::plan(&request, &market);
    for (micros, text) in [(5_000_000, "5"), (1, "0.000001"), (1_234_567, "1.234567")] {
        plan.parts[0].floor = Floor::Fixed(Cpm::from_micros(micros).unwrap());
        let sent = calls(&request, auction(), &plan, &everyone(&plan), Millis(200));
        let body = std::str::from_utf8(&sent[0].body).unwrap();
        assert!(body.contains(&format!("\"bidfloor\":{text},")), "{body}");
    }
}

#[test]
fn lengths_of_a_range_and_seats_are_told() {
    let market = market::market();
    let request = read("tags", "only-placement", &market);
    let mut plan = plan::plan(&request, &market);
    plan.parts[0].lengths = Lengths::Range { min: Seconds(6), max: Seconds(30) };
    plan.terms.blocked_seats = vec!["s9".into()];
    plan.terms.languages = vec!["en-GB".into()];
    plan.parts[0].secure = true;
    let sent = calls(&request, auction(), &plan, &everyone(&plan), Millis(7));
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    let video = &body["imp"][0]["video"];
    assert_eq!((&video["minduration"], &video["maxduration"]), (&6.into(), &30.into()));
    assert!(video.get("rqddurs").is_none());
    assert_eq!(body["bseat"], serde_json::json!(["s9"]));
    assert_eq!(body["wlangb"], serde_json::json!(["en-GB"]));
    assert_eq!((&body["imp"][0]["secure"], &body["tmax"]), (&1.into(), &7.into()));
}

/// Reads the request of a case.
pub(super) fn read(folder: &str, case: &str, market: &Market) -> BreakRequest {
    let text = std::fs::read_to_string(data(folder).join(format!("{case}.txt"))).unwrap();
    let (given, _) = text.split_once("\n---\n").unwrap();
    let (known, document) = given.split_once("\n\n").unwrap();
    ask(known, document, market).unwrap()
}

/// Calls every bidder of the market.
pub(super) fn send(request: &BreakRequest, market: &Market) -> Vec<Call> {
    let plan = plan::plan(request, market);
    calls(request, auction(), &plan, &everyone(&plan), Millis(180))
}

fn auction() -> AuctionId {
    AuctionId::new([1; 16])
}

/// Asks every bidder that is offered something.
fn everyone(plan: &Plan) -> Chosen {
    Chosen { asked: (0..plan.offers.len()).collect(), skipped: Vec::new() }
}
