//! What bidders answer, and what each bid comes to.
//!
//! A case is a body (`.json`, which need not be JSON) and what is made of it (`.txt`): the reply,
//! each bid, and its fate in an auction. `@GOOD` stands for a bid that wins, `@VAST` for an ad of
//! 15 s. `UPDATE_EXPECT=1` rewrites the texts.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use breakwater::auction::decide::decide;
use breakwater::model::bid::{Bid, Reply, ReplyOutcome};
use breakwater::model::call::{Answer, AnswerOutcome, Call, CallFault};
use breakwater::model::ids::BidderId;
use breakwater::model::outcome::Fate;
use breakwater::model::plan::AuctionInput;
use breakwater::model::reason::{CallReason, LossReason};
use breakwater::wire::bid_response;

use crate::sale::Sale;

#[test]
fn responses_become_what_their_cases_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire/responses");
    let cases = documents(&folder, "");
    assert!(100 < cases.len(), "only {} cases were found", cases.len());
    let mut wrong = Vec::new();
    for path in cases {
        let became = show(decided(&body(&fs::read(&path).unwrap())));
        let text = path.with_extension("txt");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(text, became).unwrap();
        } else if fs::read_to_string(text).unwrap_or_default() != became {
            wrong.push(format!("{}\nbecame\n{became}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever stands beside a good bid, it wins, unless the whole is no response.
#[test]
fn a_good_bid_wins_beside_the_bad() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/wire/responses");
    let mut won = 0;
    for path in documents(&folder, "") {
        let bytes = fs::read(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let refused =
            ["syntax_", "bytes_", "id_", "currency_"].iter().any(|it| name.starts_with(it))
                || name == "seats_no_list";
        if refused || !bytes.windows(5).any(|part| part == b"@GOOD") {
            continue;
        }
        let (input, fates) = decided(&body(&bytes));
        let good = input.replies[0].bids.iter().position(|bid| bid.id.as_str() == "good");
        let fate = good.map(|index| fates[index]);
        assert!(matches!(fate, Some(Fate::Won(_))), "{name}: {fate:?}");
        won += 1;
    }
    assert!(50 < won, "only {won} cases hold a good bid");
}

#[test]
fn answers_without_a_body_have_their_reasons() {
    let of = |outcome, status| {
        let reply = asked(outcome, status);
        (reply.outcome, reply.sent, reply.status, reply.deadline_us, reply.arrived_us)
    };
    let nothing = ReplyOutcome::Nothing;
    let given = Some(200_000);
    let expected = (nothing(CallReason::NoBid), true, Some(204), given, Some(12_000));
    assert_eq!(of(AnswerOutcome::Empty, Some(204)), expected);
    for sent in [true, false] {
        let expected = (nothing(CallReason::Timeout), sent, None, given, None);
        assert_eq!(of(AnswerOutcome::Timeout { sent }, None), expected);
    }
    let expected = (nothing(CallReason::Unreachable), false, None, given, None);
    assert_eq!(of(AnswerOutcome::Unreachable, None), expected);
    let expected = (nothing(CallReason::BidderError), true, Some(500), given, None);
    assert_eq!(of(AnswerOutcome::Failed(CallFault::Status), Some(500)), expected);
    let expected = (nothing(CallReason::SkippedQps), false, None, None, None);
    assert_eq!(of(AnswerOutcome::SkippedQps, None), expected);
    let expected = (nothing(CallReason::SkippedInFlight), false, None, None, None);
    assert_eq!(of(AnswerOutcome::SkippedInFlight, None), expected);
    let reply = Reply::not_asked(BidderId::new("idle"), CallReason::SkippedSelection);
    assert_eq!(reply.outcome, nothing(CallReason::SkippedSelection));
    assert_eq!((reply.bidder.as_str(), reply.sent, reply.deadline_us), ("idle", false, None));
}

#[test]
fn the_hash_is_that_of_the_body() {
    // `printf '{}' | sha256sum`
    let reply = asked(AnswerOutcome::Body(b"{}".to_vec()), Some(200));
    let hash = reply.response_sha.unwrap().map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(hash, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert_eq!(asked(AnswerOutcome::Empty, Some(204)).response_sha, None);
}

#[test]
fn only_so_many_bids_compete() {
    let reasons = |seats: &[usize]| {
        let reply = asked(AnswerOutcome::Body(many(seats)), Some(200));
        let late = |bid: &&Bid| bid.defect == Some(LossReason::TooManyBids);
        (reply.outcome, reply.bids.len(), reply.bids.iter().filter(late).count())
    };
    assert_eq!(reasons(&[64]), (ReplyOutcome::Bids, 64, 0));
    assert_eq!(reasons(&[60, 5]), (ReplyOutcome::Bids, 65, 1));
    assert_eq!(reasons(&[1; 16]), (ReplyOutcome::Bids, 16, 0));
    assert_eq!(reasons(&[1; 18]), (ReplyOutcome::Bids, 18, 2));
    assert_eq!(reasons(&[1000]), (ReplyOutcome::Bids, 1000, 936));
    let refused = (ReplyOutcome::Nothing(CallReason::InvalidResponse), 0, 0);
    assert_eq!(reasons(&[1001]), refused);
    assert_eq!(reasons(&[500, 501]), refused);
    assert_eq!(reasons(&[10_000]), refused);
    assert_eq!(reasons(&[0; 1000]), (ReplyOutcome::Nothing(CallReason::NoBid), 0, 0));
    assert_eq!(reasons(&[0; 1001]), refused);
}

#[test]
fn of_bids_past_the_most_only_names_are_kept() {
    let good = GOOD.replacen("\"x\":1", "\"lurl\":\"https://acme.example/l\"", 1);
    let bids = vec![&*good; 66].join(",");
    let foreign = format!("{{\"id\":\"x\",\"seatbid\":[{{\"bid\":[{bids}]}}]}}");
    let ours = response(&bids);
    for (text, reason) in [(ours, LossReason::TooManyBids), (foreign, LossReason::WrongRequestId)] {
        let reply = asked(AnswerOutcome::Body(text.into_bytes()), Some(200));
        let (last, late) = (&reply.bids[63], &reply.bids[64]);
        assert_eq!((&late.id, &late.imp, late.defect), (&last.id, &last.imp, Some(reason)));
        assert!(last.price.is_some() && late.price.is_none());
        assert!(last.creative.loss_url.is_some() && late.creative.loss_url.is_none());
    }
}

#[test]
fn markup_lists_and_texts_have_limits() {
    let outcome = |member: &str| {
        let good = GOOD.replacen("\"x\":1", member, 1);
        let (input, fates) = decided(&body(response(&good).as_bytes()));
        (input.replies[0].bids[0].defect, fates[0])
    };
    let invalid = (Some(LossReason::InvalidBid), Fate::Lost(LossReason::InvalidBid));
    let texts = |count: usize| vec!["\"a.example\""; count].join(",");
    assert_eq!(outcome(&format!("\"cat\":[{}]", texts(64))), (None, Fate::Won(0)));
    assert_eq!(outcome(&format!("\"cat\":[{}]", texts(65))), invalid);
    assert_eq!(outcome(&format!("\"attr\":[{}]", vec!["1"; 65].join(","))), invalid);
    assert_eq!(outcome(&format!("\"bundle\":\"{}\"", "b".repeat(256))), (None, Fate::Won(0)));
    assert_eq!(outcome(&format!("\"bundle\":\"{}\"", "b".repeat(257))), invalid);
    assert_eq!(outcome(&format!("\"cid\":\"{}\"", "é".repeat(9999))), (None, Fate::Won(0)));
    let url = format!("\"nurl\":\"https://acme.example/{}\"", "a".repeat(5000));
    let refused = LossReason::NoticeUrlRefused;
    assert_eq!(outcome(&url), (Some(refused), Fate::Lost(refused)));

    let padded = |size: usize| {
        let vast = format!("{VAST}<!--{}-->", "x".repeat(size - VAST.len() - 7));
        let text = GOOD.replace("@VAST", &escaped(&vast));
        let reply = asked(AnswerOutcome::Body(response(&text).into_bytes()), Some(200));
        (reply.bids[0].defect, reply.bids[0].creative.markup.len())
    };
    assert_eq!(padded(65_536), (None, 65_536));
    assert_eq!(padded(65_537), (Some(LossReason::InvalidBid), 0));
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let bids = |deep: usize| {
        let odd = GOOD.replace("\"good\"", "\"odd\"").replacen(
            "\"x\":1",
            &format!("\"x\":{}", nested(deep)),
            1,
        );
        let (_, fates) = decided(&body(response(&format!("{odd},{GOOD}")).as_bytes()));
        fates
    };
    // Five levels are the response's own.
    assert!(matches!(bids(59)[..], [Fate::Won(_), Fate::Won(_)]));
    for deep in [60, 64, 100, 5000, 100_000] {
        let fates = bids(deep);
        assert!(matches!(fates[..], [Fate::Lost(LossReason::InvalidBid), Fate::Won(_)]), "{deep}");
    }
    let head = |deep: usize| {
        let text = response(GOOD).replacen("\"id\"", &format!("\"x\":{},\"id\"", nested(deep)), 1);
        decided(&body(text.as_bytes())).0.replies[0].outcome
    };
    assert_eq!(head(63), ReplyOutcome::Bids);
    for deep in [64, 100_000] {
        assert_eq!(head(deep), ReplyOutcome::Nothing(CallReason::InvalidResponse), "{deep}");
    }
    for bomb in
        ["[", "{\"a\":", "{\"seatbid\":[", "[{\"seatbid\":", "{\"seatbid\":[{\"bid\":[{\"adm\":["]
    {
        let reply = asked(AnswerOutcome::Body(bomb.repeat(20_000).into_bytes()), Some(200));
        assert_eq!(reply.outcome, ReplyOutcome::Nothing(CallReason::InvalidResponse), "{bomb}");
    }
}

/// Reads the reference's response documents, when `BREAKWATER_REFERENCE` says where they are.
#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn reference_documents_are_read() {
    let Some(folder) = std::env::var_os("BREAKWATER_REFERENCE") else {
        eprintln!("skipped: BREAKWATER_REFERENCE is not set");
        return;
    };
    let folder = Path::new(&folder).join("openrtb-examples");
    for path in documents(&folder, "response-") {
        let (input, fates) = decided(&fs::read(&path).unwrap());
        assert!(!input.replies[0].bids.is_empty(), "{}", path.display());
        // They answer other requests than ours.
        assert!(!fates.iter().any(|fate| matches!(fate, Fate::Won(_))), "{}", path.display());
    }
    for path in documents(&folder, "nobid-") {
        let (input, _) = decided(&fs::read(&path).unwrap());
        let no_bid = ReplyOutcome::Nothing(CallReason::NoBid);
        assert_eq!(input.replies[0].outcome, no_bid, "{}", path.display());
    }
}

/// Returns what a body comes to in an auction in which nobody else bids: its bids' fates.
fn decided(body: &[u8]) -> (AuctionInput, Vec<Fate>) {
    let mut input = Sale::of(&[]).input;
    input.replies[0] = asked(AnswerOutcome::Body(body.to_vec()), Some(200));
    let mut outcome = decide(&input);
    let fates = outcome.fates.swap_remove(0);
    (input, fates)
}

/// Returns the reply of a bidder that was asked as `r1`.
fn asked(outcome: AnswerOutcome, status: Option<u16>) -> Reply {
    let plan = Sale::of(&[]).input.plan;
    let call = Call {
        bidder: plan.offers[0].bidder.id.clone(),
        offer: 0,
        request_id: "r1".into(),
        body: Arc::default(),
        gzip: false,
    };
    let answer = Answer { outcome, status, deadline_us: 200_000, elapsed_us: 12_000 };
    bid_response::reply(&plan, &call, answer)
}

/// Returns a body with what its short forms stand for.
fn body(short: &[u8]) -> Vec<u8> {
    let vast = escaped(VAST);
    let good = GOOD.replace("@VAST", &vast);
    let mut rest = short;
    let mut long = Vec::new();
    while let Some(byte) = rest.first() {
        let (took, put): (usize, &[u8]) = match rest {
            [b'@', b'G', b'O', b'O', b'D', ..] => (5, good.as_bytes()),
            [b'@', b'V', b'A', b'S', b'T', ..] => (5, vast.as_bytes()),
            _ => (1, &[*byte]),
        };
        long.extend_from_slice(put);
        rest = &rest[took..];
    }
    long
}

/// Returns a text as it stands between quotes in JSON.
fn escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Returns a response with these bids of one seat.
fn response(bids: &str) -> String {
    format!(r#"{{"id":"r1","seatbid":[{{"seat":"a1","bid":[{bids}]}}]}}"#)
}

/// Returns a response with so many small bids in each seat.
fn many(seats: &[usize]) -> Vec<u8> {
    let seat = |(seat, &count): (usize, &usize)| {
        let bid = |at| format!(r#"{{"id":"{seat}-{at}","impid":"1","price":9}}"#);
        let bids: Vec<String> = (0..count).map(bid).collect();
        format!(r#"{{"bid":[{}]}}"#, bids.join(","))
    };
    let seats: Vec<String> = seats.iter().enumerate().map(seat).collect();
    format!(r#"{{"id":"r1","seatbid":[{}]}}"#, seats.join(",")).into_bytes()
}

/// Returns the JSON documents of a folder whose names begin so.
fn documents(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(prefix) && name.ends_with(".json"))
    };
    let mut documents: Vec<PathBuf> = entries.filter(named).collect();
    documents.sort();
    documents
}

/// Shows a reply and its fates as the cases do: a line a bid, without what it left unsaid.
fn show((input, fates): (AuctionInput, Vec<Fate>)) -> String {
    let reply = &input.replies[0];
    let mut text = match reply.outcome {
        ReplyOutcome::Bids => "bids".to_owned(),
        ReplyOutcome::Nothing(reason) => reason.name().to_owned(),
    };
    say(&mut text, "bidid", reply.response_id.as_ref());
    say(&mut text, "nbr", reply.no_bid_reason);
    text.push('\n');
    for (bid, fate) in reply.bids.iter().zip(&fates) {
        show_bid(&mut text, bid);
        match fate {
            Fate::Won(_) => text.push_str("\n  won\n"),
            Fate::Lost(reason) => writeln!(text, "\n  lost {}", reason.name()).unwrap(),
        }
    }
    text
}

fn show_bid(text: &mut String, bid: &Bid) {
    write!(text, "{:?} imp {:?}", bid.id, bid.imp).unwrap();
    say(text, "seat", bid.seat.as_ref());
    say(text, "defect", bid.defect.map(LossReason::name));
    if let Some(price) = &bid.price {
        write!(text, " price {} {} {}", price.text, price.cpm.micros(), bid.currency).unwrap();
    }
    say(text, "deal", bid.deal.as_ref());
    for advertiser in &bid.advertisers {
        write!(text, " adomain {:?} {:?}", advertiser.domain, advertiser.registrable).unwrap();
    }
    say(text, "crid", bid.creative_id.as_ref());
    say(text, "cattax", Some(bid.category_taxonomy).filter(|&taxonomy| taxonomy != 1));
    say(text, "cat", Some(&bid.categories).filter(|list| !list.is_empty()));
    say(text, "dur", bid.seconds.map(|seconds| seconds.0));
    say(text, "mtype", bid.media_type);
    say(text, "protocol", bid.protocol);
    say(text, "apis", Some(&bid.apis).filter(|list| !list.is_empty()));
    say(text, "attr", Some(&bid.attributes).filter(|list| !list.is_empty()));
    say(text, "language", bid.language.as_ref());
    say(text, "bundle", bid.bundle.as_ref());
    say(text, "exp", bid.expires_s);
    say(text, "slot", Some(bid.slot_in_pod).filter(|&slot| slot != 0));
    say(text, "group", bid.group);
    say(text, "size", bid.size);
    if let Some(markup) = &bid.markup {
        let defect = markup.defect.map_or("sound", LossReason::name);
        write!(text, " markup {defect} of {} B", bid.creative.markup.len()).unwrap();
    }
    say(text, "nurl", bid.creative.win_url.as_ref());
    say(text, "burl", bid.creative.billing_url.as_ref());
    say(text, "lurl", bid.creative.loss_url.as_ref());
    say(text, "iurl", bid.creative.image_url.as_ref());
    say(text, "adid", bid.creative.ad_id.as_ref());
    say(text, "cid", bid.creative.campaign.as_ref());
}

/// Says one fact, when there is one.
fn say(text: &mut String, name: &str, fact: Option<impl std::fmt::Debug>) {
    if let Some(fact) = fact {
        write!(text, " {name} {fact:?}").unwrap();
    }
}

/// A bid that wins wherever its response is one.
const GOOD: &str = r#"{"id":"good","impid":"1","price":11,"dur":15,"mtype":2,"adomain":["good.example"],"crid":"good","x":1,"adm":"@VAST"}"#;

/// An ad of 15 s.
const VAST: &str = r#"<VAST version="4.2"><Ad><InLine><AdSystem>Acme</AdSystem><AdTitle>Spring</AdTitle>
<Impression>https://t.acme.example/i</Impression><Creatives><Creative><Linear><Duration>00:00:15</Duration>
<MediaFiles><MediaFile delivery="progressive" type="video/mp4">https://cdn.acme.example/a.mp4</MediaFile></MediaFiles>
</Linear></Creative></Creatives></InLine></Ad></VAST>"#;
