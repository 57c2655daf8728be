//! What callers ask for through the doors, however they narrow it, is on the terms of the config.

use std::net::{IpAddr, Ipv4Addr};

use crate::auction::plan::plan;
use crate::audit::replies;
use crate::audit::verify::{snapshot, terms};
use crate::config;
use crate::model::bid::{Reply, ReplyOutcome};
use crate::model::break_request::BreakRequest;
use crate::model::ids::{AuctionId, BidderId};
use crate::model::market::Market;
use crate::model::plan::{AuctionInput, Chosen, Draw};
use crate::model::reason::CallReason;
use crate::model::time::UnixMillis;
use crate::wire::break_request::{Caller, Credential, native, openrtb, tag};
use crate::wire::explain::Asked;

#[test]
fn what_callers_leave_out_is_on_the_terms_of_the_config() {
    let market = config::read("test", CONFIG, None).unwrap().market;
    let (mut types, mut promos) = (Vec::new(), Vec::new());
    for request in requests(&market) {
        let input = input(&request, &market);
        assert_eq!(faults(&market, &request, &input), Vec::<String>::new(), "{request:?}");
        // Nor do its offers and its break contradict one another; nobody has replied.
        let silent = AuctionInput { replies: Vec::new(), ..input.clone() };
        assert_eq!(replies::faults(&Asked::of(&request), &silent), [], "{request:?}");
        for part in &input.plan.parts {
            types.push(part.mimes.len());
            promos.push(part.house.len());
        }
    }
    // Every number of types and of house ads was left by some caller.
    for (left, most) in [(types, 3), (promos, 4)] {
        assert!((0..=most).all(|count| left.contains(&count)), "{left:?}");
    }
}

#[test]
fn what_no_caller_may_add_is_found() {
    let market = config::read("test", CONFIG, None).unwrap().market;
    let mut found = [0; 4];
    for request in requests(&market) {
        let input = input(&request, &market);
        let told = |change: &dyn Fn(&mut AuctionInput)| {
            let mut changed = input.clone();
            change(&mut changed);
            let same = changed.plan == input.plan;
            let faults = faults(&market, &request, &changed);
            assert_eq!(faults.is_empty(), same, "{faults:?} of {changed:?}");
            usize::from(!same)
        };
        found[0] += told(&|it| it.plan.parts[0].mimes.push("video/3gpp".into()));
        found[1] += told(&|it| {
            let ads = &mut it.plan.parts[0].house;
            ads.truncate(ads.len().saturating_sub(1));
        });
        found[2] += told(&|it| it.plan.pods[0].separation.creative = false);
        found[3] += told(&|it| it.plan.pods[0].separation.exclusive.clear());
    }
    assert!(found.iter().all(|count| 10 < *count), "{found:?}");
}

fn faults(market: &Market, request: &BreakRequest, input: &AuctionInput) -> Vec<String> {
    let config = snapshot::read(&market.snapshot).unwrap();
    terms::faults(&config, &Asked::of(request), input)
}

/// Requests through every door.
fn requests(market: &Market) -> Vec<BreakRequest> {
    let caller = Caller {
        arrived_at: UnixMillis(1_763_668_504_000),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: None,
        gpc: false,
        playback_session: None,
        credential: Credential::None,
    };
    let mut requests = Vec::new();
    for placement in ["arena", "plain"] {
        for length in [12_000, 20_000, 60_000] {
            for types in TYPES {
                let query = format!("placement={placement}&duration_ms={length}&deadline_ms=90");
                let types = types.join(",");
                let query = if types.is_empty() { query } else { query + "&mimes=" + &types };
                requests.push(tag::tag(&query, &caller, market).unwrap());
            }
            let body =
                format!(r#"{{"placement":"{placement}","break":{{"duration_ms":{length}}}}}"#);
            requests.push(native::native(body.as_bytes(), &caller, market).unwrap());
        }
        for types in TYPES.into_iter().filter(|types| !types.is_empty()) {
            for dedupe in ["[]", "[1]", "[2,3]", "[1,2,3,4]"] {
                let imp = |id: &str, placement: &str| {
                    let types = format!("[\"{}\"]", types.join("\",\""));
                    format!(
                        r#"{{"id":"{id}","tagid":"{placement}","secure":1,"video":{{"mimes":{types},
                        "poddur":30,"maxseq":4,"podid":"p","rqddurs":[15],"poddedupe":{dedupe}}}}}"#
                    )
                };
                let (one, two) = (imp("1", placement), imp("2", "arena"));
                let body = format!(r#"{{"id":"r","imp":[{one},{two}],"tmax":100}}"#);
                requests.push(openrtb::openrtb(body.as_bytes(), &caller, market).unwrap());
            }
        }
    }
    requests
}

/// The auction of a request that nobody answers.
fn input(request: &BreakRequest, market: &Market) -> AuctionInput {
    let reply = |bidder: &BidderId| Reply {
        bidder: bidder.clone(),
        outcome: ReplyOutcome::Nothing(CallReason::NoBid),
        sent: true,
        status: None,
        deadline_us: Some(market.placement("plain").unwrap().0.tmax.0 * 1_000),
        arrived_us: None,
        response_sha: None,
        response_id: None,
        no_bid_reason: None,
        bids: Vec::new(),
    };
    let draw = Draw {
        auction: AuctionId::new([1; 16]),
        seed: [0; 16],
        record_key: [2; 32],
        user_salt: [3; 16],
        nonce_key: [4; 32],
    };
    let replies = market.bidders.iter().map(|it| reply(&it.id)).collect();
    AuctionInput { draw, plan: plan(request, market), chosen: Chosen::default(), replies }
}

/// What callers say they take; of nothing they say nothing.
const TYPES: [&[&str]; 7] = [
    &[],
    &["video/mp4"],
    &["VIDEO/webm", "video/mp4"],
    &["video/ogg", "video/mp4", "video/webm"],
    &["video/3gpp", "video/webm"],
    &["video/3gpp"],
    &["application/x-mpegURL"],
];

const CONFIG: &str = r#"
[exchange]
domain = "breakwater.example"
data = "data"
[listen]
public_url = "https://ads.example"
[[publisher]]
id = "pub"
domain = "arena.example"
gdpr_default = false
[[placement]]
id = "arena"
publisher = "pub"
durations = [5, 10, 15, 30]
floor = { amount = "5.00", currency = "USD" }
fit = "real"
mimes = ["video/mp4", "video/webm", "video/ogg"]
separation = ["creative", "media"]
exclusive = { cat = ["1551", "1002"], cattax = 8 }
tmax = "300ms"
house = [
    { id = "a", duration = 10, media = [{ url = "https://pub.example/a.mp4", type = "video/mp4" }] },
    { id = "b", duration = 15, media = [{ url = "http://127.0.0.1/b.webm", type = "Video/WebM" }] },
    { id = "c", duration = 60, media = [
        { url = "https://pub.example/c.ogg", type = "video/ogg" },
        { url = "https://pub.example/c.mp4", type = "video/mp4" },
    ] },
    { id = "d", duration = 5, media = [{ url = "https://pub.example/d.ogg", type = "video/ogg" }] },
]
[[placement]]
id = "plain"
publisher = "pub"
durations = [5, 10, 15, 30]
floor = { amount = "5.00", currency = "USD" }
exclusive = { cat = ["653"], cattax = 8 }
tmax = "250ms"
[[bidder]]
id = "acme"
endpoint = "https://acme.example/bid"
[[bidder]]
id = "zenith"
endpoint = "https://zenith.example/bid"
pods = "structured"
"#;
