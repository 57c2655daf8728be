//! An auction as a person is told it: golden text and JSON, one account for command and trace.

use std::fs;
use std::path::{Path, PathBuf};

use breakwater::model::ids::{BidId, CreativeId, SeatId};
use breakwater::model::insight::Insight;
use breakwater::model::money::Cpm;
use breakwater::wire::explain::{self, Asked, Explanation, text};
use breakwater::wire::openrtb_answer::{self, Asker};
use openrtb::response::BidResponse;
use serde_json::Value;

use crate::rich::rich;
use crate::sale::Sale;

/// `UPDATE_EXPECT=1` rewrites the files.
#[test]
fn a_rich_auction_is_told_in_full() {
    let (sale, insight) = rich("<VAST/>");
    let told = told(&sale, &insight);
    expect("rich.txt", &text::text(&told));
    let json = serde_json::to_string_pretty(&told).unwrap();
    expect("rich.json", &format!("{json}\n"));
}

#[test]
fn an_empty_break_is_told_too() {
    let mut sale = Sale::of(&[]);
    sale.input.plan.terms.fees = Default::default();
    let told = told(&sale, &Insight::default());
    expect("empty.txt", &text::text(&told));
}

/// Ids are bidders' to choose: neither their length nor their letters may break the page.
#[test]
fn odd_and_long_names_stay_on_the_page() {
    let (mut sale, insight) = rich("<VAST/>");
    let long = "x".repeat(300);
    for bid in sale.input.replies.iter_mut().flat_map(|reply| &mut reply.bids) {
        bid.id = BidId::new(&*long);
        bid.seat = Some(SeatId::new("\u{1b}[31m\nred\u{202e}"));
        bid.creative_id = Some(CreativeId::new("日本\t語"));
        bid.advertisers[0].domain = format!("{long}.example").into();
    }
    let page = text::text(&told(&sale, &insight));
    let odd = |letter: char| letter != '\n' && letter.is_control() || letter == '\u{202e}';
    assert!(!page.contains(odd), "{page}");
    for line in page.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        assert_eq!(line.trim_end(), line, "no blanks at the end");
    }
}

#[test]
fn every_bid_and_every_second_is_told_once() {
    let (sale, insight) = rich("<VAST/>");
    let told = told(&sale, &insight);
    let bids: usize = told.bidders.iter().map(|bidder| bidder.bids.len()).sum();
    let received: usize = sale.input.replies.iter().map(|reply| reply.bids.len()).sum();
    assert_eq!(bids, received);
    for pod in &told.pods {
        let unfilled: u32 = pod.unfilled.iter().map(|entry| entry.seconds).sum();
        assert_eq!(pod.seconds, pod.sold + unfilled, "{}", pod.pod);
    }
    let seconds: u32 = told.pods.iter().map(|pod| pod.seconds).sum();
    assert_eq!(seconds, told.seconds.total);
}

#[test]
fn a_loser_is_told_what_its_figure_was_held_against() {
    let (mut sale, mut insight) = rich("<VAST/>");
    let page = text::text(&told(&sale, &insight));
    assert!(page.contains("It tied at") && !page.contains("Against what"), "{page}");
    // A winner now pays less than it counts.
    let win = sale.outcome.wins.iter_mut().find(|win| win.sequence == 2).unwrap();
    win.clearing = Cpm::from_micros(win.clearing.micros() - 1).unwrap();
    let page = text::text(&told(&sale, &insight));
    assert!(!page.contains("It tied at") && page.contains("Against what"), "{page}");
    insight.minimums.clear();
    let page = text::text(&told(&sale, &insight));
    assert!(!page.contains("Against what") && !page.contains("Bid more."), "{page}");
}

#[test]
fn the_trace_of_an_answer_is_the_same_account() {
    let (sale, insight) = rich(crate::answers::MARKUP);
    let (sold, told) = (sale.finish(), told(&sale, &insight));
    let asker = Asker::of(&sale.request);
    let answer = openrtb_answer::explained(&sold, &asker, Some(&told));
    let json: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(json["ext"]["breakwater"]["trace"], serde_json::to_value(&told).unwrap());
    let response: BidResponse<'_> = serde_json::from_str(&answer).unwrap();
    let mut codes = Vec::new();
    for seat in response.seat_non_bids().unwrap() {
        for entry in &seat.nonbid {
            let seat = seat.seat.as_deref().unwrap().to_owned();
            codes.push(format!("{seat} {} {}", entry.impid, entry.statuscode));
        }
    }
    let expected = [
        "a1 mid 355",
        "z mid 300",
        "a1 mid 300",
        // A bid for an imp that nobody asked for is told of at the first.
        "a1 mid 300",
        "low next 301",
        // Each imp it was offered; all, where it was offered none.
        "mute mid 0",
        "slow mid 101",
        "slow last 101",
        "slow next 101",
        "paused mid 203",
        "paused last 203",
        "paused next 203",
        "barred mid 200",
        "barred last 200",
        "barred next 200",
    ];
    codes.sort_unstable();
    let mut expected = Vec::from(expected);
    expected.sort_unstable();
    assert_eq!(codes, expected);
}

fn told(sale: &Sale, insight: &Insight) -> Explanation {
    explain::explain(&Asked::of(&sale.request), &sale.input, &sale.outcome, insight)
}

fn expect(name: &str, found: &str) {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/explain");
    let path = folder.join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{name}: UPDATE_EXPECT=1 rewrites it; read the diff");
}
