//! Replies are a function of seed and request, and the cast fills breaks.

use std::time::Duration;

use openrtb::{request::BidRequest, response::BidResponse};

use super::{Profile, Reply, Said};
use crate::{
    cast,
    character::{Character, Fault, Faults, Latency, Markup, Share},
};

#[test]
fn the_cast_fills_breaks_of_every_length() {
    for length in [15, 30, 45, 60] {
        let (mut asked, mut sold) = (0, 0);
        for n in 0..200 {
            let text = request(&format!("request-{n}"), length);
            let request: BidRequest<'_> = serde_json::from_str(&text).unwrap();
            let mut reachable = vec![false; usize::try_from(length).unwrap() + 1];
            reachable[0] = true;
            for character in cast::all() {
                for seconds in good_lengths(character, &request) {
                    for total in (seconds..reachable.len()).rev() {
                        reachable[total] |= reachable[total - seconds];
                    }
                }
            }
            asked += usize::try_from(length).unwrap();
            sold += reachable.iter().rposition(|&reached| reached).unwrap();
        }
        assert!(asked * 95 <= sold * 100, "breaks of {length} s: {sold} of {asked} s");
    }
}

/// Returns the lengths of the bids an exchange can use by 220 ms; `over_limit` counts for nothing.
fn good_lengths(character: Character, request: &BidRequest<'_>) -> Vec<usize> {
    if character.qps.is_some() {
        return Vec::new();
    }
    let Reply { latency, said } = ask(&profile(character), request);
    let Said::Bids { json, .. } = said else { return Vec::new() };
    if Duration::from_millis(220) < latency {
        return Vec::new();
    }
    let response: BidResponse<'_> = serde_json::from_slice(&json).unwrap();
    let bids = response.seatbid.iter().flatten().flat_map(|seat| &seat.bid);
    let good = bids.filter(|bid| {
        let clock = format!("<Duration>00:00:{:02}</Duration>", bid.dur.unwrap());
        [15, 30].contains(&bid.dur.unwrap()) && bid.adm.as_deref().unwrap().contains(&clock)
    });
    good.map(|bid| usize::try_from(bid.dur.unwrap()).unwrap()).collect()
}

#[test]
fn half_the_bids_of_wrong_durations_are_wrong() {
    let (mut stated, mut hidden, mut all) = (0, 0, 0);
    for n in 0..200 {
        let text = request(&format!("request-{n}"), 60);
        let reply = ask(&profile(cast::wrong_durations()), &serde_json::from_str(&text).unwrap());
        let Said::Bids { json, .. } = reply.said else { continue };
        let response: BidResponse<'_> = serde_json::from_slice(&json).unwrap();
        for bid in response.seatbid.iter().flatten().flat_map(|seat| &seat.bid) {
            let clock = format!("<Duration>00:00:{:02}</Duration>", bid.dur.unwrap());
            all += 1;
            stated += usize::from(![15, 30].contains(&bid.dur.unwrap()));
            hidden += usize::from(!bid.adm.as_deref().unwrap().contains(&clock));
        }
    }
    let percent = |part: usize| part * 100 / all;
    assert!((20..=30).contains(&percent(stated)), "{stated} of {all} are not allowed");
    assert!((20..=30).contains(&percent(hidden)), "{hidden} of {all} contradict their markup");
}

#[test]
fn latency_follows_its_distribution() {
    let cases = [
        (Latency::Fixed { ms: 7 }, 1.0, (7, 7), (7, 7)),
        (Latency::Fixed { ms: 7 }, 3.0, (21, 21), (21, 21)),
        (Latency::Uniform { min_ms: 10, max_ms: 110 }, 1.0, (55, 65), (100, 110)),
        (Latency::Lognormal { p50_ms: 120, p95_ms: 190 }, 1.0, (117, 123), (183, 197)),
        (Latency::Lognormal { p50_ms: 120, p95_ms: 190 }, 0.5, (58, 62), (91, 99)),
    ];
    let bid_rate = Share::NEVER;
    for (latency, latency_multiplier, p50, p95) in cases {
        let profile = profile(Character {
            latency,
            latency_multiplier,
            bid_rate,
            ..Character::named("timed")
        });
        let mut drawn: Vec<u128> = (0..4_000)
            .map(|n| {
                let text = request(&format!("request-{n}"), 30);
                ask(&profile, &serde_json::from_str(&text).unwrap()).latency.as_millis()
            })
            .collect();
        drawn.sort_unstable();
        let (got50, got95) = (drawn[2_000], drawn[3_800]);
        assert!(p50.0 <= got50 && got50 <= p50.1, "{latency:?}: median {got50}");
        assert!(p95.0 <= got95 && got95 <= p95.1, "{latency:?}: 95th percentile {got95}");
    }
}

#[test]
fn rates_are_what_they_say() {
    let character = Character {
        bid_rate: Share::percent(60),
        faults: Faults { rate: Share::percent(20), kinds: Fault::ALL.to_vec() },
        ..Character::named("rated")
    };
    let profile = profile(character);
    let (mut bids, mut faults) = (0, std::collections::BTreeMap::<String, u32>::new());
    for n in 0..4_000 {
        let text = request(&format!("request-{n}"), 30);
        match ask(&profile, &serde_json::from_str(&text).unwrap()).said {
            Said::Bids { .. } => bids += 1,
            Said::NoBid(_) => {}
            Said::Fault(fault, _) => *faults.entry(format!("{fault:?}")).or_default() += 1,
        }
    }
    // 60 % of the 80 % that are no fault; each of 8 faults 2.5 %.
    assert!((1_800..=2_040).contains(&bids), "{bids} of 4000 requests got bids");
    assert_eq!(faults.len(), Fault::ALL.len());
    assert!(faults.values().all(|count| (65..=140).contains(count)), "{faults:?}");
}

#[test]
fn the_compact_answer_is_the_measured_profile() {
    let character = Character { markup: Markup::Compact, ..Character::named("b-1") };
    let text = request("s-19a9e1f0c2b-12345", 60);
    let reply = ask(&profile(character), &serde_json::from_str(&text).unwrap());
    let Said::Bids { count, json } = reply.said else { panic!("no bids") };
    assert_eq!(count, 1);
    assert!((1_200..=1_300).contains(&json.len()), "{} bytes", json.len());
}

fn profile(character: Character) -> Profile {
    character.check().unwrap();
    Profile::new(character, 1, "127.0.0.1:40001".parse().unwrap())
}

fn request(id: &str, length: i32) -> String {
    serde_json::json!({
        "id": id, "cur": ["USD"],
        "imp": [{ "id": "1", "bidfloor": 5.0, "video": {
            "mimes": ["video/mp4"], "protocols": [2, 3, 7, 11, 13],
            "poddur": length, "rqddurs": [15, 30],
        }}],
    })
    .to_string()
}

fn ask(profile: &Profile, request: &BidRequest<'_>) -> Reply {
    profile.reply(request, &profile.character().faults)
}
