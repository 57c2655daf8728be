//! Payloads that nobody wrote: broken, hostile, erased.

use proptest::prelude::{any, proptest};

use super::{Body, MAX_UNPACKED, Record, RecordError, read};
use crate::wire::record::Kind;
use crate::wire::record::seal::{Entry, FORM_ERASED, Part, USER, commitment, payload};
use crate::wire::record::tests::dice::Dice;
use crate::wire::record::tests::fixed::fixed;
use crate::wire::record::tests::kept;
use crate::wire::record::tests::sample::drawn;

#[test]
fn a_payload_cut_anywhere_is_refused() {
    let payload = fixed().payload();
    for length in 0..payload.len() {
        assert!(read(&payload[..length]).is_err(), "{length} bytes");
    }
    let longer = [&payload[..], &[0]].concat();
    assert_eq!(read(&longer).map(|_| ()), Err(RecordError::Malformed));
}

#[test]
fn a_payload_with_a_changed_byte_is_refused_or_says_the_same() {
    let payload = fixed().payload();
    let record = read(&payload).unwrap();
    for place in 0..payload.len() {
        let mut other = payload.clone();
        other[place] ^= 1 << (place % 8);
        if let Ok(other) = read(&other) {
            // A bit of a zstd frame that its content does not depend on.
            assert_eq!(sections(&other), sections(&record), "byte {place}");
        }
    }
}

#[test]
fn changed_sections_with_a_right_root_never_panic() {
    let mut read_again = 0;
    for seed in 0..600 {
        let mut dice = Dice::new(seed);
        let record = read(&drawn(seed % 40).payload()).unwrap();
        let mut parts = sections(&record);
        let part = dice.below(parts.len());
        let bytes = &mut parts[part].1;
        if !bytes.is_empty() {
            let place = dice.below(bytes.len());
            match dice.below(3) {
                0 => bytes[place] = b"0129-{}[]\",:xnt\\"[dice.below(16)],
                1 => drop(bytes.drain(place..)),
                _ => bytes.insert(place, b'9'),
            }
        }
        let Ok(record) = read(&resealed(&record, &parts)) else { continue };
        read_again += 1;
        let _ = (record.auction_input(), record.lifecycle(), record.head());
    }
    assert!(400 < read_again, "most changes must get past the root");
}

#[test]
fn values_no_auction_can_have_are_refused() {
    let cases = [
        ("seller", "\"exact\":[15,30]", "\"exact\":[]"),
        ("seller", "\"exact\":[15,30]", "\"exact\":[30,15]"),
        ("seller", "\"exact\":[15,30]", "\"exact\":[0,15]"),
        ("seller", "{\"exact\":[15,30]}", "{\"range\":[9,8]}"),
        ("seller", "\"seconds\":60", "\"seconds\":901"),
        ("seller", "\"ppm\":150000", "\"ppm\":1000000"),
        ("seller", "\"fixed\":\"5000000\"", "\"fixed\":\"-5\""),
        ("seller", "\"fixed\":\"5000000\"", "\"fixed\":\"05\""),
        ("seller", "\"fixed\":\"5000000\"", "\"fixed\":\"9223372036854775808\""),
        ("seller", "\"fixed\":\"5000000\"", "\"fixed\":5000000"),
        (
            "seller",
            "\"pods\":[{\"id\":\"1\",\"seconds\":60",
            "\"pods\":[{\"id\":\"1\",\"seconds\":61",
        ),
        ("seller", "\"pod\":0", "\"pod\":1"),
        ("seller", "[\"EUR\",\"1083500000000\"]", "[\"EUR\",\"0\"]"),
        ("seller", "[\"EUR\",\"1083500000000\"]", "[\"EUR\",\"1083500000001\",1]"),
        ("bidder:acme", "\"normalised\":\"2177835\"", "\"normalised\":\"2177836\""),
        ("bidder:acme", "\"normalised\":\"2177835\",", ""),
        ("bidder:acme", "[\"1\",0]", "[\"1\",1]"),
        ("seller", "\"currency\":\"USD\"", "\"currency\":\"usd\""),
        ("seller", "\"tmax\":\"300\"", "\"tmax\":\"300\",\"tnew\":1"),
        ("seller", "\"door\":\"tag\"", "\"door\":\"\\u0074ag\""),
        ("seller", "\"door\":\"tag\"", "\"door\": \"tag\""),
        ("seller", "\"secure\":true", "\"secure\":false,\"secure\":true"),
        ("bidder:acme", "\"outcome\":\"bids\"", "\"outcome\":\"bid\""),
        ("bidder:acme", "\"resp_sha\":\"11", "\"resp_sha\":\"1"),
        ("ops", "{\"exhausted\"", "{\"asked\":[2],\"exhausted\""),
        ("ops", "\"skipped\":[[1", "\"skipped\":[[2"),
        ("ops", "\"offers\":[\"acme\"", "\"offers\":[\"nobody\""),
        ("ops", "\"skipped\":[[", "\"replies\":[\"acme\",\"acme\"],\"skipped\":[["),
        ("ops", "skipped_media", "skipped_madia"),
    ];
    let record = read(&fixed().payload()).unwrap();
    for (name, old, new) in cases {
        let mut parts = sections(&record);
        let part = parts.iter_mut().find(|part| part.0 == name).unwrap();
        let json = String::from_utf8(part.1.clone()).unwrap();
        assert!(json.contains(old), "{name}: {old} in {json}");
        part.1 = json.replacen(old, new, 1).into_bytes();
        let changed = read(&resealed(&record, &parts)).unwrap();
        assert_eq!(changed.auction_input(), Err(RecordError::Content(name.into())), "{new}");
    }
}

#[test]
fn a_long_section_is_packed_and_read_back() {
    let record = read(&fixed().payload()).unwrap();
    let mut parts = sections(&record);
    let long = "<VAST/>".repeat(4000).into_bytes();
    parts.push(("markup:2".to_owned(), long.clone()));
    let payload = resealed(&record, &parts);
    assert!(payload.len() < long.len());
    assert_eq!(read(&payload).unwrap().section("markup:2"), Some(&*long));
    for place in payload.len() - 2000..payload.len() {
        let mut other = payload.clone();
        other[place] ^= 1 << (place % 8);
        if let Ok(other) = read(&other) {
            // A bit of a zstd frame that its content does not depend on.
            assert_eq!(sections(&other), sections(&read(&payload).unwrap()), "byte {place}");
        }
    }
}

#[test]
fn a_missing_section_is_named() {
    let record = read(&fixed().payload()).unwrap();
    for name in ["seller", "ops", "bidder:acme"] {
        let mut parts = sections(&record);
        parts.retain(|part| part.0 != name);
        let without = read(&resealed(&record, &parts)).unwrap();
        assert_eq!(without.auction_input(), Err(RecordError::Missing(name.into())));
    }
    let mut parts = sections(&record);
    parts.retain(|part| part.0 != "head");
    let headless = read(&resealed(&record, &parts)).map(|_| ());
    assert_eq!(headless, Err(RecordError::Missing("head".into())));
}

#[test]
fn a_head_of_another_record_is_refused() {
    let record = read(&fixed().payload()).unwrap();
    let mut payload = resealed(&record, &sections(&record));
    payload[20] ^= 1;
    assert_eq!(read(&payload).map(|_| ()), Err(RecordError::Head));
    payload[1] = 12;
    assert_eq!(read(&payload).map(|_| ()), Err(RecordError::Kind(12)));
    payload[0] = 2;
    assert_eq!(read(&payload).map(|_| ()), Err(RecordError::Malformed));
}

/// The choice among house ads is bounded by what their list may hold.
#[test]
fn house_ads_no_config_takes_are_not_read() {
    let ads = |count: u32| {
        let ad = |number: u32| format!("[\"h-{number:02}\",{},\"{}\"]", number + 1, number * 1000);
        (0..count).map(ad).collect::<Vec<_>>().join(",")
    };
    assert_eq!(with_house(&ads(16)), Ok(16));
    let wrong = [
        ads(17),
        "[\"a\",15,\"15000\"],[\"a\",10,\"10000\"]".to_owned(),
        "[\"a\",0,\"0\"]".to_owned(),
        "[\"a\",901,\"900000\"]".to_owned(),
        "[\"a\",900,\"900001\"]".to_owned(),
        "[\"a\",15]".to_owned(),
        "[\"a\",15,\"-1\"]".to_owned(),
    ];
    for house in wrong {
        assert_eq!(with_house(&house), Err(RecordError::Content("seller".into())), "{house}");
    }
}

/// Puts house ads into the record of an auction, and returns how many are read of it.
fn with_house(house: &str) -> Result<usize, RecordError> {
    let record = read(&fixed().payload())?;
    let mut sections = sections(&record);
    let (_, seller) = sections.iter_mut().find(|(name, _)| name == "seller").unwrap();
    let text = String::from_utf8(seller.clone()).unwrap();
    let changed = text.replacen("\"lengths\":", &format!("\"house\":[{house}],\"lengths\":"), 1);
    assert_ne!(text, changed);
    *seller = changed.into_bytes();
    let record = read(&resealed(&record, &sections))?;
    record.auction_input().map(|input| input.plan.parts[0].house.len())
}

#[test]
fn an_erased_viewer_leaves_the_record_whole() {
    let sample = fixed();
    let payload = sample.payload();
    let record = read(&payload).unwrap();
    let json = record.section(USER).unwrap();
    let proof = commitment(USER, &sample.input.draw.user_salt, json);
    let kept_form = [&[4][..], b"user", &[0], &[0xa5; 16]].concat();
    let start = payload.windows(kept_form.len()).position(|bytes| bytes == kept_form).unwrap();
    let end = start + kept_form.len() + 4 + json.len();
    let erased = [&[4][..], b"user", &[FORM_ERASED], &32u32.to_le_bytes(), &proof].concat();
    let erased = [&payload[..start], &erased, &payload[end..]].concat();
    let record = read(&erased).unwrap();
    assert_eq!(record.section(USER), None);
    let mut input = kept(&sample.input);
    input.draw.user_salt = [0; 16];
    assert_eq!(record.auction_input(), Ok(input));
}

#[test]
fn no_length_is_believed() {
    let mut head =
        Entry { kind: 1, id: [0; 16], at: crate::model::time::UnixMillis(0), root: [0; 32] }
            .bytes()
            .to_vec();
    head.extend_from_slice(&[0; 32]);
    head.extend_from_slice(&u16::MAX.to_le_bytes());
    let huge = [&head[..], &[1, b'a', 0], &u32::MAX.to_le_bytes(), b"xyz"].concat();
    assert_eq!(read(&huge).map(|_| ()), Err(RecordError::Malformed));
    let bomb = zstd::bulk::compress(&vec![0; MAX_UNPACKED + 1], 1).unwrap();
    assert!(bomb.len() < 10_000);
    let length = u32::try_from(bomb.len()).unwrap().to_le_bytes();
    let bomb = [&head[..], &[1, b'a', 1], &length, &bomb].concat();
    assert_eq!(read(&bomb).map(|_| ()), Err(RecordError::TooLarge));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in any::<Vec<u8>>()) {
        let _ = read(&bytes);
        let _ = read(&[&[1, 1], &bytes[..]].concat());
    }

    #[test]
    fn any_bytes_after_an_entry_are_read_without_panic(
        kind in any::<u8>(), count in 0u16..4, bytes in any::<Vec<u8>>(),
    ) {
        let entry = [&[1, kind][..], &[0; 88], &count.to_le_bytes()].concat();
        let _ = read(&[&entry[..], &bytes].concat());
    }
}

/// Returns names and bytes of the sections that are kept.
fn sections(record: &Record) -> Vec<(String, Vec<u8>)> {
    let kept = record.sections().iter().filter_map(|section| match &section.body {
        Body::Kept { bytes, .. } => Some((section.name.to_string(), bytes.clone())),
        Body::Erased(_) => None,
    });
    kept.collect()
}

/// Seals changed sections as if they were true.
fn resealed(record: &Record, sections: &[(String, Vec<u8>)]) -> Vec<u8> {
    let parts = sections.iter().map(|(name, bytes)| Part {
        salt: (name == USER).then(|| record.view().user_salt().unwrap()),
        ..Part::new(&**name, &**bytes)
    });
    let kind = Kind::Auction.number();
    payload(kind, record.id.bytes(), record.at, &record.key, parts.collect()).0
}
