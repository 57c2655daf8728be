//! Bundles: what they prove, to whom, and that nothing in them can be changed or is anybody else's.

use std::path::Path;

use breakwater::audit::bundle::Bundle;
use breakwater::audit::check::{CheckError, check};
use breakwater::audit::party::Party;
use breakwater::audit::prove::{ProveError, prove};
use breakwater::audit::tale::{Tale, tell};
use breakwater::io::journal::Stream;
use breakwater::io::log::files::LogFiles;
use breakwater::wire::record::disclosed::Step;
use tempfile::TempDir;
use tlog::note::{SignerKey, VerifierKey};
use tlog::proof::Proof;

use crate::audit::folder::Node;
use crate::support::bidder::{Ad, Bidder};
use crate::support::exchange::Exchange;

mod commands;
mod foreign;

/// Three bidders for a break of 60 s: acme and zenith win 30 s each, umbra loses on price.
pub(crate) struct Sold {
    pub(crate) data: TempDir,
    pub(crate) key: VerifierKey,
}

impl Sold {
    pub(crate) fn new() -> Self {
        let acme = Ad::new("acmebid", "23.4567", 30);
        let low = Ad::new("acmelow", "1.2345", 15);
        let bidders = [
            Bidder::bidding("acme", vec![acme, low]),
            Bidder::bidding("zenith", vec![Ad::new("zenithbid", "19.8761", 30)]),
            Bidder::bidding("umbra", vec![Ad::new("umbrabid", "7.1237", 30)]),
        ];
        let exchange = Exchange::start(&[&bidders[0], &bidders[1], &bidders[2]]);
        for number in 0..3 {
            let query = format!("placement=arena&break=brk-seller{number}&duration_ms=60000");
            let pod = exchange.tag(&query);
            assert!(pod.text().contains("acmebid.mp4"), "{}", pod.text());
        }
        let data = exchange.stop();
        let key = LogFiles::open(data.path(), Stream::Auction).unwrap().vkey().clone();
        Self { data, key }
    }

    pub(crate) fn prove(&self, party: &str) -> String {
        prove(self.data.path(), None, &party.parse().unwrap()).unwrap().text
    }

    pub(crate) fn tale(&self, bundle: &str) -> Tale {
        tell(&check(bundle.as_bytes(), &self.key).unwrap()).unwrap()
    }
}

#[test]
fn each_party_is_proved_its_part_and_nothing_of_another() {
    let sold = Sold::new();
    let acme = ["bidder:acme", "head", "markup:1", "outcome", "outcome:acme"];
    let zenith = ["bidder:zenith", "head", "markup:2", "outcome", "outcome:zenith"];
    let umbra = ["bidder:umbra", "head", "outcome", "outcome:umbra"];
    let publisher = ["head", "markup:1", "markup:2", "outcome", "outcome:seller", "seller"];
    let auditor = [
        "bidder:acme",
        "bidder:umbra",
        "bidder:zenith",
        "head",
        "markup:1",
        "markup:2",
        "ops",
        "outcome",
        "outcome:acme",
        "outcome:seller",
        "outcome:umbra",
        "outcome:zenith",
        "seller",
    ];
    let seller = ["brk-seller", "arena", "pub-open"];
    // A rival's price is told where it is what would have tied (decision 7), and nowhere else.
    let told = "\\\"min_to_win\\\":\\\"7123700\\\"";
    for (party, names, secrets) in [
        ("bidder:acme", &acme[..], vec!["zenith", "umbra", "19.8761", "19876100", "7.1237"]),
        ("bidder:zenith", &zenith, vec!["acme", "umbra", "23.4567", "23456700", "7.1237"]),
        ("bidder:umbra", &umbra, vec!["acme", "zenith", "19.8761", "23456700", "19876100"]),
        ("publisher:pub-open", &publisher, vec!["umbra", "7.1237", "7123700", "acmelow", "seat-"]),
        ("auditor", &auditor, vec![]),
    ] {
        let bundle = sold.prove(party);
        let tale = sold.tale(&bundle);
        let shown: Vec<&str> = tale.sections.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(shown, names, "{party}");
        assert_eq!(tale.decided_again, party == "auditor");
        assert_eq!(tale.party.as_str(), party);
        // What came of the notices is recorded after it, and maybe before.
        assert!(2 <= tale.log.index && tale.log.index < tale.log.size, "{:?}", tale.log);
        let rest = bundle.replace(told, "");
        let mut secrets = secrets;
        if party.starts_with("bidder") {
            secrets.extend(seller);
        }
        // Whose viewer it was is nobody's to see.
        secrets.extend(["user", "gdpr"]);
        for secret in secrets.into_iter().chain([&*record_key(&sold)]) {
            assert!(!rest.contains(secret), "{secret} in what {party} is shown: {bundle}");
        }
    }
}

#[test]
fn what_a_bundle_proves_is_told() {
    let sold = Sold::new();
    let tale = sold.tale(&sold.prove("bidder:acme"));
    let [acme] = tale.bidders.as_slice() else { panic!("{tale:?}") };
    let [won, lost] = acme.bids.as_slice() else { panic!("{acme:?}") };
    let win = won.win.as_ref().unwrap();
    assert_eq!((won.bid.as_str(), won.price.as_deref()), ("acmebid", Some("23.4567")));
    assert_eq!((win.pay.as_str(), win.min_to_win.as_deref()), ("23.4567", Some("7.1237")));
    assert_eq!((lost.bid.as_str(), lost.fate), ("acmelow", "below_floor"));
    assert!(tale.seller.is_none() && tale.sold.is_none());
    let tale = sold.tale(&sold.prove("publisher:pub-open"));
    assert_eq!(tale.seller.unwrap().ad_break, "brk-seller2");
    let sold_slots = tale.sold.unwrap();
    let winners: Vec<&str> = sold_slots.wins.iter().map(|win| win.bidder.as_str()).collect();
    assert_eq!((winners, tale.bidders.len()), (vec!["acme", "zenith"], 0));
    assert_eq!(sold_slots.wins[0].net, "19.938195");
    let tale = sold.tale(&sold.prove("auditor"));
    assert_eq!((tale.bidders.len(), tale.counts.sold, tale.counts.bids), (3, 60, 4));
}

#[test]
fn nobody_is_proved_what_is_not_theirs() {
    let sold = Sold::new();
    for party in ["bidder:nobody", "publisher:pub-keyed", "bidder:ac"] {
        let refused = prove(sold.data.path(), None, &party.parse().unwrap());
        assert!(matches!(refused, Err(ProveError::NoPart { .. })), "{party}: {refused:?}");
    }
    for text in ["bidder:", "bidder:seller", "publisher", "auditor:x", "", "bidder:a b", "x:y"] {
        assert!(text.parse::<Party>().is_err(), "{text}");
    }
    let other = breakwater::model::ids::AuctionId::new([7; 16]);
    let missing = prove(sold.data.path(), Some(other), &Party::Auditor);
    assert!(matches!(missing, Err(ProveError::Missing(id)) if id == other), "{missing:?}");
}

#[test]
fn what_is_not_signed_yet_waits_for_the_next_checkpoint() {
    let sold = Sold::new();
    // As it is between a sale and the next checkpoint.
    let log = sold.data.path().join("log/auction/checkpoint");
    std::fs::remove_file(&log).unwrap();
    let refused = prove(sold.data.path(), None, &Party::Auditor).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, ProveError::NotSigned { index: 2, covered: 0, .. }), "{text}");
    assert!(text.contains("ask again after the next one"), "{text}");
}

/// Beside an exchange that sells all the time the very last auction is never signed yet.
#[test]
fn the_last_auction_that_is_signed_is_the_latest_to_prove() {
    let mut node = Node::start();
    node.sell(3);
    node.publish();
    node.sell(2);
    let data = node.crash();
    let proved = prove(data.path(), None, &Party::Auditor).unwrap();
    assert_eq!(proved.checked.index, 2);
}

#[test]
fn every_changed_byte_is_noticed() {
    let sold = Sold::new();
    let bundle = sold.prove("bidder:zenith").into_bytes();
    for at in 0..bundle.len() {
        for flip in [1_u8, 0x20] {
            let mut changed = bundle.clone();
            changed[at] ^= flip;
            let found = check(&changed, &sold.key);
            let around = String::from_utf8_lossy(&changed[at.saturating_sub(20)..=at]).into_owned();
            assert!(found.is_err(), "byte {at} changed by {flip} after {around:?}");
        }
    }
    for length in (0..bundle.len()).step_by(7) {
        assert!(check(&bundle[..length], &sold.key).is_err(), "cut at {length}");
    }
}

#[test]
fn what_says_the_same_otherwise_is_refused() {
    let sold = Sold::new();
    let text = sold.prove("bidder:acme");
    let canonical = serde_json_canonicalizer::to_string(
        &serde_json::from_str::<serde_json::Value>(&text).unwrap(),
    );
    assert_eq!(canonical.unwrap() + "\n", text, "it is JCS and a newline");
    for (what, other) in [
        ("a blank more", text.replacen(':', ": ", 1)),
        ("a newline more", format!("{text}\n")),
        ("no newline", text.trim_end().to_owned()),
        ("an escape that need not be", text.replacen("breakwater/b", "breakwater\\/b", 1)),
        ("a field more", text.replacen('{', "{\"a\":1,", 1)),
        ("a field twice", text.replacen("\"for\"", "\"for\":\"auditor\",\"for\"", 1)),
        ("another version", text.replacen("bundle/v1", "bundle/v2", 1)),
        ("an auditor's", text.replacen("bidder:acme", "auditor", 1)),
        ("another bidder's", text.replacen("bidder:acme", "bidder:zenith", 1)),
        ("nothing", String::new()),
        ("an empty object", "{}\n".to_owned()),
        ("deep nesting", "[".repeat(100_000)),
    ] {
        assert!(check(other.as_bytes(), &sold.key).is_err(), "{what}");
    }
}

#[test]
fn sections_are_neither_more_nor_less_than_the_partys() {
    let sold = Sold::new();
    let mine = Bundle::parse(sold.prove("bidder:acme").as_bytes()).unwrap();
    let all = Bundle::parse(sold.prove("auditor").as_bytes()).unwrap();
    let check = |bundle: &Bundle| check(bundle.text().as_bytes(), &sold.key);
    for left_out in 0..mine.sections.len() {
        let mut less = mine.clone();
        less.sections.remove(left_out);
        assert!(check(&less).is_err(), "without {}", mine.sections[left_out].name);
    }
    for more in &all.sections {
        if mine.sections.contains(more) {
            continue;
        }
        let mut bundle = mine.clone();
        bundle.sections.push(more.clone());
        bundle.sections.sort_by(|a, b| a.name.cmp(&b.name));
        let refused = check(&bundle).unwrap_err();
        assert!(matches!(refused, CheckError::NotTheirs(..)), "{}: {refused}", more.name);
    }
    // Another winner's markup in the place of its own.
    let mut others = mine.clone();
    let theirs = all.sections.iter().find(|it| &*it.name == "markup:2").unwrap();
    *others.sections.iter_mut().find(|it| &*it.name == "markup:1").unwrap() = theirs.clone();
    let refused = check(&others).unwrap_err();
    assert!(matches!(refused, CheckError::NotTheirs(..)), "{refused}");
    let mut swapped = mine.clone();
    swapped.sections.swap(0, 1);
    assert!(matches!(check(&swapped), Err(CheckError::Order(_))));
    let mut longer = mine;
    longer.sections[0].path.push(Step::Left([0; 32]));
    assert!(matches!(check(&longer), Err(CheckError::Section(_))));
}

#[test]
fn a_proof_carries_nothing_loose() {
    let sold = Sold::new();
    let bundle = Bundle::parse(sold.prove("auditor").as_bytes()).unwrap();
    let proof = Proof::parse(&bundle.proof).unwrap();
    let with = |proof: &Proof| Bundle { proof: proof.text(), ..bundle.clone() };
    let check = |bundle: &Bundle| check(bundle.text().as_bytes(), &sold.key);
    let extra = Proof { extra: Some(b"x".to_vec()), ..proof.clone() };
    assert_eq!(check(&with(&extra)).unwrap_err(), CheckError::Loose);
    let stranger = SignerKey::new("stranger", &[5; 32]).unwrap();
    let line = stranger.sign("x\n").unwrap().lines().last().unwrap().to_owned();
    let more = Proof { checkpoint: format!("{}{line}\n", proof.checkpoint), ..proof };
    assert_eq!(check(&with(&more)).unwrap_err(), CheckError::Loose);
    let other = SignerKey::new(sold.key.name(), &[5; 32]).unwrap().verifier();
    let refused = breakwater::audit::check::check(bundle.text().as_bytes(), &other);
    assert_eq!(refused.unwrap_err(), CheckError::Unsigned);
}

/// Returns the key of the record in base64: whoever had it could open every section.
fn record_key(sold: &Sold) -> String {
    use base64::Engine;
    let frame = last(sold.data.path());
    base64::prelude::BASE64_STANDARD.encode(&frame[58..90])[..40].to_owned()
}

/// Returns the payload of the last auction.
pub(crate) fn last(data: &Path) -> Vec<u8> {
    breakwater::audit::find::latest(data).unwrap().unwrap().payload
}
