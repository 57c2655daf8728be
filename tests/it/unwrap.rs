//! Wrappers: chains of documents that become one, and whole sales with an ad server behind a bid.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use breakwater::model::ids::AuctionId;
use breakwater::model::reason::LossReason;
use breakwater::wire::vast;
use breakwater::wire::vast::read;
use breakwater::wire::vast::unwrap::{Chain, Fault, MAX_COMPOSED, Step};
use proptest::prelude::{any, proptest};
use proptest::sample::Index;

use crate::sale::{Sale, bid, bidder, reply};
use crate::vast::{apply, cases, check, edits, in_schema_order, lines, split};

mod live;

/// Every case of `unwrap/` is a bid's markup and the documents at the addresses it leads to; below
/// its dashes stand the addresses called, and the ad or the reason why there is none.
#[test]
fn chains_of_documents() {
    for path in cases("unwrap") {
        check(&path, |case| follow(&path, case));
    }
}

#[test]
fn a_document_that_is_no_text_is_broken() {
    let (mut chain, _) = begin(&wrapper("https://ads.acme.example/")).unwrap();
    assert_eq!(chain.step(b"<VAST \xff/>"), Err(Fault::Document(LossReason::MarkupBroken)));
}

/// What is merged is held to the length of what a bid may bring itself.
#[test]
fn a_chain_that_grows_too_long_is_refused() {
    let padded = |document: &str, length: usize| {
        let title = format!("<AdTitle>{}</AdTitle>", "x".repeat(length));
        document.replace("<AdTitle>t</AdTitle>", &title)
    };
    let (mut chain, _) = begin(&wrapper("https://ads.acme.example/")).unwrap();
    let inline = |length| padded(INLINE, length).into_bytes();
    assert_eq!(chain.step(&inline(MAX_COMPOSED)), Err(Fault::Size));
    let (mut chain, _) = begin(&wrapper("https://ads.acme.example/")).unwrap();
    assert!(matches!(chain.step(&inline(MAX_COMPOSED - 4096)), Ok(Step::Ad(_))));
    // Of a Wrapper that is passed only what it wants called counts.
    let (mut chain, _) = begin(&wrapper("https://ads.acme.example/")).unwrap();
    let long = wrapper("https://more.acme.example/");
    let long = padded(&long.replace("<Impression>", "<AdTitle>t</AdTitle><Impression>"), 200_000);
    assert!(matches!(chain.step(long.as_bytes()), Ok(Step::Fetch(_))));
}

/// Follows a chain through the documents of a case and tells the way.
fn follow(path: &Path, case: &str) -> String {
    let mut sections = case.split("\n=== ");
    let markup = sections.next().unwrap();
    let documents: Vec<(&str, &str)> =
        sections.map(|section| section.split_once('\n').unwrap_or((section, ""))).collect();
    let mut out = String::new();
    let begun = begin(markup);
    let ended = begun.and_then(|(mut chain, mut url)| {
        loop {
            writeln!(out, "fetch {url}").unwrap();
            let Some((_, document)) = documents.iter().find(|(at, _)| *at == url) else {
                return Ok(None);
            };
            match chain.step(document.as_bytes())? {
                Step::Fetch(next) => url = next,
                Step::Ad(ad) => return Ok(Some(ad)),
            }
        }
    });
    match ended {
        Err(fault) => writeln!(out, "refused {} {fault:?}", fault.reason().name()).unwrap(),
        Ok(None) => writeln!(out, "nothing there").unwrap(),
        Ok(Some(ad)) => {
            let facts = read::facts(&ad);
            let defect = facts.defect.map_or("none", LossReason::name);
            writeln!(out, "defect {defect} insecure {}", facts.insecure).unwrap();
            out.push_str(&lines(&ad));
            assert_eq!(facts.ads, 1, "{path:?}");
            if facts.defect.is_none() {
                served(&ad);
            }
        }
    }
    out
}

/// Says that the ad of a chain can be sold, and that strangers read what is served of it.
fn served(ad: &str) {
    let sold = Sale::of(&[ad]).finish();
    assert_eq!(sold.unwritten, [0_u16; 0], "{ad}");
    let pod = vast::document(&sold);
    in_schema_order(&pod);
    assert_eq!(read::facts(&pod).defect, None, "{pod}");
}

proptest! {
    /// Whatever stands along a chain, following it ends, and an ad that can be sold is served.
    #[test]
    fn mutated_chains(which in any::<Index>(), hop in any::<Index>(), edits in edits()) {
        let paths = cases("unwrap");
        let case = split(which.get::<PathBuf>(&paths)).0;
        let mut documents: Vec<&str> =
            case.split("\n=== ").map(|it| it.split_once("\n<").map_or(it, |(_, it)| it)).collect();
        let hop = hop.index(documents.len());
        let mut mutated: Vec<char> = documents[hop].chars().collect();
        for edit in edits {
            apply(&mut mutated, &edit);
        }
        let mutated = String::from_iter(mutated);
        documents[hop] = &mutated;
        let mut documents = documents.into_iter().map(|it| format!("<{}", it.trim_start_matches('<')));
        let Ok((mut chain, _)) = begin(&documents.next().unwrap()) else { return Ok(()) };
        for document in documents {
            match chain.step(document.as_bytes()) {
                Ok(Step::Fetch(_)) => {}
                Ok(Step::Ad(ad)) => {
                    if read::facts(&ad).defect.is_none() {
                        served(&ad);
                    }
                    return Ok(());
                }
                Err(_) => return Ok(()),
            }
        }
    }
}

fn begin(markup: &str) -> Result<(Chain, String), Fault> {
    let bid = bid(0, markup);
    let auction = AuctionId::parse("auc_018f3c2e9a7b7c4d8e5f001122334455").unwrap();
    Chain::begin(auction, &reply("acme", vec![bid.clone()]), &bid, &Arc::new(bidder("acme")))
}

fn wrapper(url: &str) -> String {
    format!(
        "<VAST version='4.2'><Ad><Wrapper><Impression>https://t.example/</Impression>\
         <VASTAdTagURI>{url}</VASTAdTagURI></Wrapper></Ad></VAST>"
    )
}

const INLINE: &str = "<VAST version='4.2'><Ad><InLine><AdTitle>t</AdTitle><Creatives><Creative>\
                      <Linear><Duration>00:00:15</Duration><MediaFiles>\
                      <MediaFile type='video/mp4'>https://m.example/</MediaFile></MediaFiles>\
                      </Linear></Creative></Creatives></InLine></Ad></VAST>";
