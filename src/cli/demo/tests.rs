use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::audit::finding::Finding;
use crate::audit::verify::Report;
use crate::cli::demo::assertion::{self, Name};
use crate::cli::demo::audience::{self, Answer};
use crate::cli::demo::books::Tally;
use crate::cli::demo::live;
use crate::cli::demo::schedule::{self, Kind, LENGTHS};
use crate::cli::demo::summary::{Seen, Summary, dollars};
use crate::cli::demo::{duration, quoted, speed};
use crate::cli::load::QUICKSTART;
use crate::config;
use crate::model::break_request::Faults;
use crate::model::cue::BreakAction;
use crate::model::money::Amount;
use crate::model::time::{Millis, UnixMillis};
use crate::wire::break_request::{Caller, Credential, tag};
use crate::wire::cue::{self, Crc, encode};

/// A seed's match never changes: what one person saw, another can see.
#[test]
fn a_seed_settles_the_match() {
    let breaks: Vec<_> = (1..=4)
        .map(|number| {
            let ad_break = schedule::ad_break(7, number);
            (ad_break.at.0, ad_break.length.0, ad_break.kind, ad_break.visits.len())
        })
        .collect();
    let expected = [
        (20_000, 30_000, Kind::Insert, 10),
        (140_000, 29_970, Kind::Signal(0x34), 11),
        (260_000, 14_985, Kind::Insert, 13),
        (380_000, 45_000, Kind::Signal(0x34), 10),
    ];
    assert_eq!(breaks, expected);
    assert_eq!(schedule::ad_break(7, 3), schedule::ad_break(7, 3));
    assert_ne!(schedule::ad_break(7, 3).visits, schedule::ad_break(8, 3).visits);
    assert_eq!(audience::viewers(7), audience::viewers(7));
    assert_ne!(audience::viewers(7), audience::viewers(8));
}

#[test]
fn every_length_and_signal_comes_up() {
    let breaks: Vec<_> = (1..=200).map(|number| schedule::ad_break(1, number)).collect();
    let lengths: BTreeSet<_> = breaks.iter().map(|it| it.length).collect();
    assert_eq!(lengths, BTreeSet::from(LENGTHS));
    let kinds: BTreeSet<_> = breaks.iter().map(|it| it.kind.name()).collect();
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    for (before, after) in breaks.iter().zip(&breaks[1..]) {
        assert_eq!(before.at.0 + 120_000, after.at.0);
        let ends = before.emissions.last().unwrap().at;
        assert!(ends < after.emissions[0].at, "break {} runs into the next", before.number);
        assert_ne!(before.kind == Kind::Insert, after.kind == Kind::Insert);
    }
    for ad_break in &breaks {
        assert!([15, 30, 45, 60].contains(&ad_break.seconds().0), "{}", ad_break.length);
        assert!(!ad_break.visits.is_empty());
    }
}

#[test]
fn every_message_decodes_to_the_break_meant() {
    for seed in 0..20 {
        for number in 1..=20 {
            let ad_break = schedule::ad_break(seed, number);
            let mut announced = BTreeSet::new();
            let (last, starts) = ad_break.emissions.split_last().unwrap();
            assert_eq!(starts.len(), 3, "the message and two repeats");
            for emission in starts {
                let text = encode::to_base64(&emission.message);
                let signal = cue::decode(&text, Crc::Strict).unwrap().signal().unwrap();
                assert_eq!(signal.action, BreakAction::Start);
                assert_eq!(signal.length, Some(ad_break.length), "seed {seed} break {number}");
                let type_id = match ad_break.kind {
                    Kind::Insert => None,
                    Kind::Signal(type_id) => Some(type_id),
                };
                assert_eq!(signal.type_id, type_id);
                announced.insert(live::name(&signal));
            }
            assert_eq!(announced.len(), 1, "repeats name the same break");
            let text = encode::to_base64(&last.message);
            let end = cue::decode(&text, Crc::Strict).unwrap().signal().unwrap();
            assert_eq!(end.action, BreakAction::End);
            assert_eq!(last.at.0, ad_break.at.0 + ad_break.length.0);
            let name = announced.first().unwrap();
            assert!(name.starts_with(&format!("{}.", end.key)), "{} ends {name}", end.key);
        }
    }
}

/// The exchange finds nothing wrong with any tag of the audience, and names the break as we do.
#[test]
fn every_tag_is_read_whole() {
    let market = config::read("quickstart", QUICKSTART, None).unwrap().market;
    for viewer in audience::viewers(7) {
        let message = encode::to_base64(&schedule::ad_break(7, 2).emissions[0].message);
        let address = viewer.tag("match-7", &message);
        let (path, query) = address.split_once('?').unwrap();
        assert_eq!(path, "/v1/vast");
        let caller = Caller {
            arrived_at: UnixMillis(1_763_668_504_000),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
            gpc: false,
            playback_session: None,
            credential: Credential::None,
        };
        let request = tag::tag(query, &caller, &market).unwrap();
        assert_eq!(request.faults, Faults::default(), "{address}");
        assert_eq!(request.unbuilt, Vec::<&str>::new());
        assert_eq!(request.session.unwrap().as_str(), viewer.session);
        assert_eq!(request.ad_break.length, Millis(29_970));
        let signal = cue::tag_signal(&message).unwrap();
        assert_eq!(request.ad_break.id.as_str(), live::name(&signal));
    }
}

#[test]
fn assertions_are_read_and_judged() {
    let cases = [
        ("fill>=0.9", 0.9, true),
        ("fill>=0.9", 0.899, false),
        (" fill >= 0.9 ", 1.0, true),
        ("sold<=10", 10.0, true),
        ("sold<=10", 11.0, false),
        ("breaks==4", 4.0, true),
        ("breaks==4", 5.0, false),
        ("breaks!=4", 5.0, true),
        ("late>0", 0.0, false),
        ("late<1", 0.0, true),
        ("late<1", 1.0, false),
        ("fill>.5", 0.6, true),
    ];
    for (text, found, holds) in cases {
        let assertion = assertion::parse(text).unwrap();
        assert_eq!(assertion.holds(found), holds, "{text} of {found}");
        assert_eq!(assertion.to_string(), text.trim());
    }
    let wrong = [
        "",
        "fill",
        ">=0.9",
        "fill>=",
        "fill=0.9",
        "fill=>0.9",
        "full>=0.9",
        "fill>=0.9%",
        "fill>=-1",
        "fill>=1e3",
        "fill>=nan",
        "fill>=inf",
        "fill>=1.2.3",
        "fill>=.",
        "fill!0.9",
        "fill>= 0.9 and late==0",
        "fill>=0,9",
    ];
    for text in wrong {
        let error = assertion::parse(text).unwrap_err();
        assert!(error.contains("as in fill>=0.9"), "{text:?}: {error}");
    }
}

#[test]
fn the_summary_adds_up() {
    let tally = Tally {
        auctions: 9,
        seconds: 270,
        sold: 255,
        unfilled: [("no_bid", 15)].into(),
        gross: Amount::from_nanos(1_234_567_890),
        net: Amount::from_nanos(1_049_382_707),
        ..Tally::default()
    };
    let seen = Seen { breaks: 1, viewers: 10, asked: 300, late: 2, ..Seen::default() };
    let audit = Report { auctions: 9, ..Report::default() };
    let summary = Summary { seed: 7, seen, tally, notices: <_>::default(), audit };
    assert_eq!(summary.unfilled(), [("no_bid", 15), ("unrecorded", 30)]);
    let unfilled: u64 = summary.unfilled().iter().map(|(_, seconds)| seconds).sum();
    assert_eq!(summary.tally.sold + unfilled, summary.seen.asked);
    assert!((summary.fill() - 0.85).abs() < 1e-12);
    for (name, value) in
        [(Name::Fill, 0.85), (Name::Sold, 255.0), (Name::Breaks, 1.0), (Name::Late, 2.0)]
    {
        assert!((summary.value(name) - value).abs() < 1e-12, "{name:?}");
    }
    let (good, bad) = ("fill>=0.8", "fill>=0.9");
    let [good, bad] = [good, bad].map(|text| assertion::parse(text).unwrap());
    assert!(summary.holds(std::slice::from_ref(&good)));
    assert!(!summary.holds(&[good, bad.clone()]));
    let text = summary.text(&[bad]);
    assert!(text.contains("fill>=0.9 FAILS: it is 0.85\n"), "{text}");
    assert!(text.contains("USD 1.2345 for the ads sold, of which USD 1.0493"), "{text}");
    assert_eq!(summary.json(&[])["seconds"]["unfilled"]["unrecorded"], 30);
}

#[test]
fn a_folder_with_a_fault_holds_nothing() {
    let mut audit = Report { auctions: 1, replayed: 1, ..Report::default() };
    audit.findings.add(Finding {
        file: "journal/auction/x.seg".to_owned(),
        index: Some(0),
        field: "outcome".to_owned(),
        what: "decided again it differs".to_owned(),
    });
    let (seen, tally) = (Seen::default(), Tally::default());
    let summary = Summary { seed: 7, seen, tally, notices: <_>::default(), audit };
    assert!(!summary.holds(&[]));
    assert!(summary.fill().abs() < 1e-12, "nothing asked is nothing filled");
    let text = summary.text(&[]);
    let fault = "  fault     journal/auction/x.seg: record 0: outcome: decided again it differs\n  \
                 verify    broken: 1 fault in 0 records, 1 auctions (1 decided again)";
    assert!(text.contains(fault), "{text}");
    assert_eq!(summary.json(&[])["verify"]["verdict"], "broken");
}

#[test]
fn an_answer_is_late_after_the_player_gave_up() {
    let mut seen = Seen::default();
    for took in [799, 800, 801] {
        seen.timed(&Answer { took: Duration::from_millis(took), ..Answer::default() });
    }
    assert_eq!((seen.late, seen.slowest), (1, Duration::from_millis(801)));
}

#[test]
fn options_are_read() {
    for (text, millis) in
        [("30s", 30_000), ("500ms", 500), ("2m", 120_000), ("1h", 3_600_000), ("24h", 86_400_000)]
    {
        assert_eq!(duration(text), Ok(Duration::from_millis(millis)));
    }
    for text in ["", "30", "s", "-1s", "1.5s", "0s", "25h", "1d", "99999999999999999999s", "1 s"] {
        assert!(duration(text).is_err(), "{text:?}");
    }
    assert_eq!(speed("20"), Ok(20.0));
    assert_eq!(speed("0.5"), Ok(0.5));
    for text in ["", "0", "-1", "nan", "inf", "101", "fast"] {
        assert!(speed(text).is_err(), "{text:?}");
    }
    for (word, expected) in
        [("/tmp/a-b_c.d", "/tmp/a-b_c.d"), ("", "''"), ("a b", "'a b'"), ("it's", r"'it'\''s'")]
    {
        assert_eq!(quoted(word), expected);
    }
}

#[test]
fn amounts_are_shown_to_a_hundredth_of_a_cent() {
    for (nanos, text) in
        [(0, "0.0000"), (99_999, "0.0000"), (100_000, "0.0001"), (12_345_678_900, "12.3456")]
    {
        assert_eq!(dollars(Amount::from_nanos(nanos)), text);
    }
}
