//! Whatever comes of a call, what is written of it holds.

use std::sync::Arc;

use crate::audit::replies::contradiction;
use crate::model::bid::{Reply, ReplyOutcome};
use crate::model::call::{Answer, AnswerOutcome, Call, CallFault};
use crate::model::ids::BidderId;
use crate::model::market::{Bidder, Dialect};
use crate::model::plan::{Offer, Plan, Terms};
use crate::model::reason::CallReason;
use crate::wire::bid_response;

#[test]
fn what_every_answer_becomes_holds() {
    let body = |text: &str| (AnswerOutcome::Body(text.as_bytes().to_vec()), vec![Some(200)]);
    let failed = |fault| (AnswerOutcome::Failed(fault), vec![None, Some(200), Some(503)]);
    let none = |outcome| (outcome, vec![None]);
    let bids = |id| format!(r#"{{"id":"{id}","seatbid":[{{"bid":[{{"id":"b","impid":"1"}}]}}]}}"#);
    let cases = [
        (body(&bids("ours")), "bids"),
        (body(&bids("theirs")), "wrong_request_id"),
        (body(r#"{"id":"ours","bidid":"x","nbr":8}"#), "no_bid"),
        (body("{}"), "no_bid"),
        (body("no JSON"), "invalid_response"),
        ((AnswerOutcome::Empty, vec![Some(200), Some(204)]), "no_bid"),
        (none(AnswerOutcome::Timeout { sent: true }), "timeout"),
        (none(AnswerOutcome::Timeout { sent: false }), "timeout"),
        (failed(CallFault::Status), "bidder_error"),
        (failed(CallFault::Framing), "bidder_error"),
        (failed(CallFault::TooLarge), "bidder_error"),
        (failed(CallFault::Encoding), "bidder_error"),
        (none(AnswerOutcome::Unreachable), "unreachable"),
        (none(AnswerOutcome::SkippedQps), "skipped_qps"),
        (none(AnswerOutcome::SkippedInFlight), "skipped_in_flight"),
        (none(AnswerOutcome::SkippedNoConnection), "skipped_no_connection"),
        (none(AnswerOutcome::SkippedHealth), "skipped_health"),
    ];
    for ((outcome, statuses), name) in cases {
        for status in statuses {
            let answer =
                Answer { outcome: outcome.clone(), status, deadline_us: 90, elapsed_us: 90 };
            let reply = reply(answer);
            let told = match reply.outcome {
                ReplyOutcome::Bids => "bids",
                ReplyOutcome::Nothing(reason) => reason.name(),
            };
            assert_eq!((told, contradiction(&reply)), (name, None), "{reply:?}");
        }
    }
    for &reason in CallReason::ALL.iter().filter(|reason| reason.name().starts_with("skipped")) {
        let reply = Reply::not_asked(BidderId::new("acme"), reason);
        assert_eq!(contradiction(&reply), None, "{reply:?}");
    }
}

fn reply(answer: Answer) -> Reply {
    let bidder = BidderId::new("acme");
    let offer = Offer {
        bidder: Arc::new(Bidder::bare(bidder.clone(), "".into(), Dialect::Dynamic)),
        dialect: Dialect::Dynamic,
        imps: Vec::new(),
    };
    let plan = Plan {
        terms: Terms::default(),
        pods: Vec::new(),
        parts: Vec::new(),
        offers: vec![offer],
        skipped: Vec::new(),
    };
    let call =
        Call { bidder, offer: 0, request_id: "ours".into(), body: Arc::from([]), gzip: false };
    bid_response::reply(&plan, &call, answer)
}
