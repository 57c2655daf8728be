//! Whose markup is whose: what a record says of it, and what a reader of a bundle finds out.

use std::mem::swap;
use std::path::Path;

use breakwater::audit::check::CheckError;
use breakwater::audit::prove::{ProveError, prove};
use breakwater::io::journal::Stream;
use tempfile::TempDir;

use crate::audit::folder::{CONFIG, MARKUP, Node, flushed, verified};
use crate::sale::Sale;

#[test]
fn markup_of_several_wins_is_proved_to_be_each_ones_own() {
    let data = sold(&[MARKUP, &other("15")], |_| {});
    for party in PARTIES {
        let proved = prove(data.path(), None, &party.parse().unwrap()).unwrap();
        assert!(proved.text.contains("markup:2"), "{party}");
    }
}

#[test]
fn markup_that_two_winners_swapped_is_refused() {
    let swapped = |sale: &mut Sale| {
        let [first, second, ..] = &mut *sale.input.replies[0].bids else { panic!("two bids won") };
        swap(&mut first.creative.markup, &mut second.creative.markup);
    };
    let data = sold(&[MARKUP, &other("15")], swapped);
    for party in ["bidder:acme", "auditor"] {
        let refused = refused(data.path(), party);
        assert!(matches!(refused, CheckError::Markup(..)), "{party}: {refused}");
        assert!(refused.to_string().contains("not those of the bid"), "{refused}");
    }
    // A publisher is shown no bids, but what it sold by the second.
    let data = sold(&[MARKUP, &other("15.250")], swapped);
    let refused = refused(data.path(), "publisher:pub-1");
    assert!(refused.to_string().contains("is not the one sold"), "{refused}");
}

/// Where ads are kept apart by their media files, records tell which each bid has.
#[test]
fn markup_with_other_media_files_than_were_judged_is_found() {
    for (judged, found) in [(true, 1), (false, 0)] {
        let mut node = Node::start();
        if judged {
            node.configure_as(&CONFIG.replace(r#""separation":[]"#, r#""separation":["media"]"#));
        }
        let permit = node.permit(Stream::Auction);
        let payload = node.decided(permit.seq(), |sale| {
            sale.input.plan.pods[0].separation.media = judged;
            let markup = &mut sale.input.replies[0].bids[0].creative.markup;
            *markup = markup.replace("a.example/1.mp4", "a.example/2.mp4").into();
        });
        flushed(permit, payload);
        let data = node.stop();
        let report = verified(data.path());
        let told: Vec<_> = report.findings.listed().iter().map(|it| &*it.field).collect();
        assert_eq!(told, vec!["markup:1"; found], "{report:?}");
        for party in ["bidder:acme", "auditor"] {
            match judged {
                true => drop(refused(data.path(), party)),
                false => drop(prove(data.path(), None, &party.parse().unwrap()).unwrap()),
            }
        }
    }
}

/// Returns what a reader would find in a bundle that is not handed out for it.
fn refused(data: &Path, party: &str) -> CheckError {
    match prove(data, None, &party.parse().unwrap()).unwrap_err() {
        ProveError::Broken { source, .. } => source,
        other => panic!("{other}"),
    }
}

/// Returns a folder in which one ad a markup was sold to acme.
fn sold(markups: &[&str], change: impl FnOnce(&mut Sale)) -> TempDir {
    let mut node = Node::start();
    let permit = node.permit(Stream::Auction);
    let payload = node.auction_of(permit.seq(), markups, change);
    flushed(permit, payload);
    node.stop()
}

/// Returns other markup than `MARKUP`, of so many seconds.
fn other(seconds: &str) -> String {
    let markup = MARKUP.replace("\">1</UniversalAdId>", "\">2</UniversalAdId>");
    markup.replace("00:00:15", &format!("00:00:{seconds}"))
}

const PARTIES: [&str; 3] = ["bidder:acme", "publisher:pub-1", "auditor"];
