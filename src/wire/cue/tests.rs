use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

use crate::model::cue::Ticks;
use crate::wire::cue::crc::checksum;
use crate::wire::cue::json::to_json;
use crate::wire::cue::manifest::{iso_length, millis_of, seconds};
use crate::wire::cue::{Crc, decode, decode_bytes, encode, hls, section, tag_signal, text};

#[test]
fn the_checksum_is_that_of_mpeg() {
    assert_eq!(checksum(b"123456789"), 0x0376_E6E7);
    let section = encode::splice_insert(1, true, 2, None);
    assert_eq!(checksum(&section), 0, "over a whole section");
}

#[test]
fn seconds_are_read_to_the_millisecond() {
    let cases = [
        ("30", Some(30_000)),
        (" 30.0 ", Some(30_000)),
        ("59.993", Some(59_993)),
        ("29.97", Some(29_970)),
        ("0.0005", Some(1)),
        ("8.33333333333333", Some(8333)),
        ("999999999.999999", Some(1_000_000_000_000)),
        (".5", None),
        ("1e3", None),
        ("-1", None),
        ("1.2.3", None),
        ("9999999999", None),
        ("", None),
        ("3٠", None),
    ];
    for (text, expected) in cases {
        assert_eq!(seconds(text).map(|length| length.0), expected, "{text:?}");
    }
    assert_eq!(iso_length("PT1H2M3.5S").map(|length| length.0), Some(3_723_500));
    assert_eq!(iso_length("PT30S").map(|length| length.0), Some(30_000));
    assert_eq!(iso_length("P1D"), None);
    assert_eq!(iso_length("PT5"), None);
    assert_eq!(millis_of(1, 0), None);
    assert_eq!(millis_of(u64::MAX, 1), None);
}

#[test]
fn lengths_print_what_the_clock_can_tell() {
    let text = |ticks| super::json::seconds(Ticks(ticks)).to_string();
    assert_eq!(text(27_630_000), "307.0");
    assert_eq!(text(5_426_421), "60.293567");
    assert_eq!(text(1), "0.000011");
    assert_eq!(text(0), "0.0");
}

/// The message of a case, any of the encodings.
fn corpus() -> Vec<String> {
    [include_str!("../../../tests/data/cue/vectors.json"), CASES]
        .into_iter()
        .flat_map(|text| serde_json::from_str::<Vec<serde_json::Value>>(text).unwrap())
        .map(|case| case["message"].as_str().unwrap().to_owned())
        .collect()
}

const CASES: &str = include_str!("../../../tests/data/cue/cases.json");

/// Reads a text in every way there is; the answers do not matter, coming back does.
fn read_all(text: &str) {
    for crc in [Crc::Strict, Crc::Lenient] {
        if let Ok(decoded) = decode(text, crc) {
            drop((to_json(&decoded), decoded.signal()));
        }
    }
    let _ = tag_signal(text);
    let _ = hls::read(text);
}

/// Reads bytes as they are, with their checksum put right, and as text.
fn read_bytes(mut bytes: Vec<u8>) {
    let _ = decode_bytes(&bytes, Crc::Strict);
    if let Ok(decoded) = decode_bytes(&bytes, Crc::Lenient) {
        drop((to_json(&decoded), decoded.signal()));
    }
    if let Some(body) = bytes.len().checked_sub(4) {
        let crc = checksum(&bytes[..body]).to_be_bytes();
        bytes[body..].copy_from_slice(&crc);
        let _ = section::binary(&bytes, Crc::Strict);
    }
}

/// Bytes that begin like a section, so that the reader gets past the first checks.
fn section_like() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![Just(0u8), Just(4), Just(5), Just(6), Just(7), Just(255), any::<u8>()];
    let length = prop_oneof![Just(0xFFFu16), 0u16..64, 0u16..0xFFF];
    (kind, length, vec(any::<u8>(), 6..300)).prop_map(|(kind, length, rest)| {
        let size = u16::try_from(11 + rest.len()).unwrap();
        let mut bytes = vec![0xFC];
        bytes.extend((0x3000 | size).to_be_bytes());
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 0xFF]);
        bytes.extend((0xF000 | length).to_be_bytes());
        bytes.push(kind);
        bytes.extend(rest);
        bytes
    })
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        read_bytes(bytes);
    }

    #[test]
    fn section_like_bytes_never_panic(bytes in section_like()) {
        read_bytes(bytes);
    }

    #[test]
    fn random_text_never_panics(text in "\\PC{0,200}") {
        read_all(&text);
    }

    #[test]
    fn tag_like_text_never_panics(
        name in "(DATERANGE|CUE-OUT|CUE-OUT-CONT|CUE-IN|SCTE35|CUE)",
        value in "[A-Z\",=/0-9.: -]{0,80}",
    ) {
        read_all(&format!("#EXT-X-{name}:{value}"));
    }

    #[test]
    fn xml_like_text_never_panics(
        inner in "(<|</|>|/>|Event|Signal|Binary|SpliceInfoSection|SpliceInsert|&amp;|&|=|\"|'| |!DOCTYPE|/DAR|[0-9]){0,40}",
    ) {
        read_all(&format!("<Signal>{inner}"));
    }

    #[test]
    fn flipped_bits_of_messages_never_panic(
        pick in any::<usize>(), flips in vec((any::<usize>(), 0u8..8), 1..6), cut in any::<usize>(),
    ) {
        let corpus = corpus();
        let message = &corpus[pick % corpus.len()];
        let mut raw = message.clone().into_bytes();
        for (place, bit) in &flips {
            if let Some(at) = place.checked_rem(raw.len()) {
                raw[at] ^= 1 << bit;
            }
        }
        read_all(&String::from_utf8_lossy(&raw));
        raw.truncate(cut % (raw.len() + 1));
        read_all(&String::from_utf8_lossy(&raw));

        if let Ok((mut bytes, _)) = text::bytes(message) {
            for (place, bit) in &flips {
                if let Some(at) = place.checked_rem(bytes.len()) {
                    bytes[at] ^= 1 << bit;
                }
            }
            read_bytes(bytes.clone());
            bytes.truncate(cut % (bytes.len() + 1));
            read_bytes(bytes);
        }
    }

    #[test]
    fn what_is_encoded_is_decoded(
        event in any::<u32>(), type_id in any::<u8>(), pts in 0u64..1 << 33, length in 0u64..1 << 33,
    ) {
        let bytes = encode::splice_insert(event, true, pts, Some(length));
        let signal = tag_signal(&encode::to_base64(&bytes)).unwrap();
        prop_assert_eq!(signal.event_id, event);
        prop_assert_eq!(signal.pts, Some(pts));
        prop_assert_eq!(signal.length, Ticks(length).known().map(Ticks::millis));

        let bytes = encode::time_signal(event, type_id, pts, Some(length));
        let signal = tag_signal(&encode::to_base64(&bytes)).unwrap();
        prop_assert_eq!((signal.event_id, signal.type_id), (event, Some(type_id)));
        prop_assert_eq!(signal.pts, Some(pts));
    }
}
