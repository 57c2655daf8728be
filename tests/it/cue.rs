//! SCTE-35: every vector and case through `decode`, and a second decoder beside ours.
//!
//! `vectors.json` are the project's common vectors, `cases.json` our own in the same form (a case
//! may ask for the lenient checksum). Only the fields that a case names are compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use breakwater::cli::cue::{CueFormat, CueInput, decode as command};
use breakwater::model::cue::{BreakAction, Command, Cue};
use breakwater::model::time::Millis;
use breakwater::wire::cue::json::{error_to_json, to_json};
use breakwater::wire::cue::{Carriage, Crc, Decoded, decode, encode, section, tag_signal, text};
use scte35::descriptors::SpliceDescriptor;
use scte35::types::SpliceCommand;
use serde_json::{Value, json};

#[test]
fn every_vector_decodes_as_expected() {
    assert_eq!(failures("vectors.json"), Vec::<String>::new());
}

#[test]
fn every_case_decodes_as_expected() {
    assert_eq!(failures("cases.json"), Vec::<String>::new());
}

#[test]
fn another_decoder_agrees_but_for_known_differences() {
    let mut document = document("differences.json");
    let mut reasons = |kind: &str| -> BTreeMap<String, String> {
        serde_json::from_value(document[kind].take()).expect("names and reasons")
    };
    let (panics, known) = (reasons("panics"), reasons("differs"));
    let mut found = BTreeMap::new();
    for case in cases("vectors.json").into_iter().chain(cases("cases.json")) {
        let name = field(&case, "name");
        let bare = matches!(field(&case, "encoding"), "base64" | "hex");
        let Ok((bytes, _)) = text::bytes(field(&case, "message")) else { continue };
        let is_box = bytes.get(4..8) == Some(b"emsg");
        if !bare || is_box || case.get("crc").is_some() || panics.contains_key(name) {
            continue;
        }
        let ours = section::binary(&bytes, Crc::Strict).ok().map(|cue| summary(&cue));
        let theirs = second_opinion(&bytes);
        if ours != theirs {
            found.insert(name.to_owned(), format!("ours {ours:?}, theirs {theirs:?}"));
        }
    }
    let unexpected: Vec<_> = found.iter().filter(|(name, _)| !known.contains_key(*name)).collect();
    assert!(unexpected.is_empty(), "unexpected differences: {unexpected:#?}");
    for (name, reason) in &known {
        assert!(found.contains_key(name), "{name} no longer differs ({reason})");
    }
}

#[test]
fn our_messages_are_read_by_us_and_by_another_decoder() {
    for (pts, length) in [(0, None), (1, Some(2_697_300)), ((1 << 33) - 1, Some((1 << 33) - 1))] {
        for out in [true, false] {
            let bytes = encode::splice_insert(1001, out, pts, length);
            let cue = section::binary(&bytes, Crc::Strict).expect("our own message");
            let signal = cue.signal().expect("an insert has an event");
            let action = if out { BreakAction::Start } else { BreakAction::End };
            assert_eq!((signal.action, signal.pts), (action, Some(pts)), "pts {pts} out {out}");
            assert_eq!((&*signal.key, signal.event_id), ("i1001", 1001));
            assert_eq!(cue.planned().map(|(ticks, _)| ticks.0), length);
            assert_eq!(Some(summary(&cue)), second_opinion(&bytes), "pts {pts} out {out}");
        }
        let bytes = encode::time_signal(u32::MAX, 0x34, pts, length);
        let cue = section::binary(&bytes, Crc::Strict).expect("our own message");
        let signal = cue.signal().expect("a segmentation has an event");
        assert_eq!((signal.action, signal.pts), (BreakAction::Start, Some(pts)));
        assert_eq!((&*signal.key, signal.type_id), ("s4294967295.52", Some(0x34)));
        assert_eq!(cue.planned().map(|(ticks, _)| ticks.0), length);
        assert_eq!(Some(summary(&cue)), second_opinion(&bytes), "pts {pts}");
    }
    let cancel = encode::splice_cancel(5);
    let cue = section::binary(&cancel, Crc::Strict).expect("our own message");
    assert_eq!(cue.action(), BreakAction::Cancel);
    assert_eq!(Some(summary(&cue)), second_opinion(&cancel));
}

#[test]
fn an_ad_tag_gives_identity_and_length() {
    let po = "/DA0AAAAAAAA///wBQb+cr0AUAAeAhxDVUVJSAAAjn/PAAGlmbAICAAAAAAsoKGKNAIAmsnRfg==";
    let signal = tag_signal(po).expect("a sample of the standard");
    assert_eq!(&*signal.key, "s1207959694.52");
    assert_eq!((signal.event_id, signal.type_id), (1_207_959_694, Some(0x34)));
    assert_eq!(signal.upid.as_deref(), Some("748724618"));
    assert_eq!((signal.pts, signal.length), (Some(1_924_989_008), Some(Millis(307_000))));
    assert_eq!(signal.action, BreakAction::Start);

    let insert = encode::splice_insert(1_207_959_695, true, 9, None);
    let hex: String = insert.iter().map(|byte| format!("{byte:02X}")).collect();
    let signal = tag_signal(&format!("0x{hex}")).expect("hexadecimal");
    assert_eq!((&*signal.key, signal.length, signal.upid), ("i1207959695", None, None));

    let plus = (0..).map(|event| encode::to_base64(&encode::splice_insert(event, true, 9, None)));
    let plus = plus.take(1000).find(|text| text.contains('+')).expect("a plus is frequent");
    assert!(tag_signal(&plus.replace('+', " ")).is_ok(), "a space means a plus");

    for (text, error) in [
        ("/DARAAAAAAAAAP/wAAAAAHpPv/8=", "no_event"),
        ("", "encoding"),
        ("#EXT-X-CUE-OUT:30", "encoding"),
        ("/DAvAAAAAAAA///wFAVIAACPf+/+c2nALv4AUsz1AAAAAAAKAAhDVUVJAAABNWLbows=", "crc"),
        (&"A".repeat(10_000), "encoding"),
    ] {
        assert_eq!(tag_signal(text).expect_err("nothing to go by").name(), error, "{text:.40}");
    }
}

#[test]
fn the_command_reads_its_argument_or_a_stream() {
    let message = encode::to_base64(&encode::splice_insert(7, true, 90_000, Some(2_697_300)));
    let (code, json) = run(Some(&message), b"", CueFormat::Json);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((code, &json["valid"], &json["duration_s"]), (0, &json!(true), &json!(29.97)));

    let (code, words) = run(Some("-"), message.as_bytes(), CueFormat::Text);
    assert_eq!(code, 0);
    assert_eq!(
        words,
        "splice_insert (base64)\n  break    start\n  key      i7\n  \
         length   29.97 s (break_duration)\n  pts      90000 (1.0 s)\n  event    7\n"
    );

    let (code, json) = run(None, &encode::time_signal(7, 0x35, 0, None), CueFormat::Json);
    assert!(code == 0 && json.contains("\"carriage\": \"binary\""), "{json}");

    let (code, json) = run(Some("/DBaf%^"), b"", CueFormat::Json);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((code, &json["valid"], &json["error"]), (3, &json!(false), &json!("encoding")));
    let (code, words) = run(Some("#EXTM3U"), b"", CueFormat::Text);
    assert_eq!(
        (code, &*words),
        (3, "invalid (encoding): reading the message: the playlist has no cue tag\n")
    );

    let (code, words) = run(None, &[b'A'; 70_000], CueFormat::Text);
    assert!(code == 3 && words.contains("more than 65536"), "{words}");
    let (code, _) = run(None, &[0xFF, 0, 1], CueFormat::Text);
    assert_eq!(code, 3, "bytes that are neither text nor a section");
}

#[test]
fn a_tag_cannot_write_to_the_terminal() {
    let (code, words) = run(Some("#EXT-X-CUE-OUT:ID=\"a\x1b[2Jb\""), b"", CueFormat::Text);
    assert_eq!(code, 0);
    assert!(!words.contains('\x1b'), "{words:?}");
}

fn run(message: Option<&str>, stdin: &[u8], format: CueFormat) -> (u8, String) {
    let input = CueInput { message: message.map(str::to_owned), format, crc: Crc::Strict };
    let mut stdout = Vec::new();
    let code = command(&input, stdin, &mut stdout).expect("memory can be read and written");
    (code, String::from_utf8(stdout).expect("text"))
}

/// Returns one line for each case that does not decode as it says.
fn failures(file: &str) -> Vec<String> {
    let mut failures = Vec::new();
    for case in cases(file) {
        let crc = match case.get("crc").and_then(Value::as_str) {
            Some("lenient") => Crc::Lenient,
            _ => Crc::Strict,
        };
        let decoded = decode(field(&case, "message"), crc);
        if let Ok(decoded) = &decoded
            && !came_as(decoded, field(&case, "encoding"))
        {
            failures.push(format!("{}: came as {:?}", case["name"], decoded.carriage));
        }
        let actual = decoded.as_ref().map_or_else(error_to_json, to_json);
        let mut differences = Vec::new();
        compare(&case["expect"], &actual, "", &mut differences);
        failures.extend(differences.iter().map(|line| format!("{}: {line}", case["name"])));
    }
    failures
}

fn came_as(decoded: &Decoded, encoding: &str) -> bool {
    decoded.carriage.as_str() == encoding || decoded.carriage == Carriage::Emsg
}

/// Compares the fields that `expected` names; durations within a millisecond.
fn compare(expected: &Value, actual: &Value, path: &str, differences: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(fields)) => {
            for (name, value) in expected {
                let actual = fields.get(name).unwrap_or(&Value::Null);
                compare(value, actual, &format!("{path}.{name}"), differences);
            }
        }
        (Value::Array(expected), Value::Array(items)) if expected.len() == items.len() => {
            for (index, (value, actual)) in expected.iter().zip(items).enumerate() {
                compare(value, actual, &format!("{path}[{index}]"), differences);
            }
        }
        (Value::Number(left), Value::Number(right)) if path.ends_with("_s") => {
            let difference = left.as_f64().zip(right.as_f64()).map(|(left, right)| left - right);
            if difference.is_none_or(|difference| 0.001 < difference.abs()) {
                differences.push(format!("{path}: expected {expected}, got {actual}"));
            }
        }
        _ if expected == actual => {}
        _ => differences.push(format!("{path}: expected {expected}, got {actual}")),
    }
}

/// What both decoders can say about a message.
///
/// Command type, tier, adjustment, time, event and length of a splice insert, and of each
/// segmentation the event, type and length; times and lengths in ticks.
type Summary =
    (u8, u16, u64, Option<u64>, Option<u32>, Option<u64>, Vec<(u32, Option<u8>, Option<u64>)>);

fn summary(cue: &Cue) -> Summary {
    let (command_type, event) = match &cue.command {
        Command::Null | Command::Encrypted => (0x00, None),
        Command::Schedule(events) => (0x04, events.first().map(|event| event.event_id)),
        Command::Insert(insert) => (0x05, Some(insert.event_id)),
        Command::TimeSignal(_) => (0x06, None),
        Command::BandwidthReservation => (0x07, None),
        Command::Private(_) => (0xFF, None),
        Command::Other(command_type) => (*command_type, None),
    };
    let length = match &cue.command {
        Command::Insert(insert) => insert.splice.and_then(|splice| splice.break_duration),
        _ => None,
    };
    let segmentations = cue.segmentations().map(|segmentation| {
        let segment = segmentation.segment.as_ref();
        let length = segment.and_then(|segment| segment.length).map(|ticks| ticks.0);
        (segmentation.event_id, segment.map(|segment| segment.type_id), length)
    });
    (
        command_type,
        cue.tier,
        cue.pts_adjustment.0,
        cue.splice_time().map(|time| time.0),
        event,
        length.map(|duration| duration.length.0),
        segmentations.collect(),
    )
}

/// Returns what the crate `scte35` reads, `None` when it refuses.
fn second_opinion(bytes: &[u8]) -> Option<Summary> {
    let section = scte35::parse_splice_info_section(bytes).ok()?;
    let (mut time, mut event, mut length) = (None, None, None);
    match &section.splice_command {
        SpliceCommand::SpliceInsert(insert) => {
            event = Some(insert.splice_event_id);
            length = insert.break_duration.as_ref().map(|duration| duration.duration);
            time = insert.splice_time.as_ref().and_then(|time| time.pts_time);
        }
        SpliceCommand::TimeSignal(signal) => time = signal.splice_time.pts_time,
        SpliceCommand::SpliceSchedule(schedule) => event = Some(schedule.splice_event_id),
        _ => {}
    }
    let segmentations =
        section.splice_descriptors.iter().filter_map(|descriptor| match descriptor {
            SpliceDescriptor::Segmentation(it) => {
                let kept = !it.segmentation_event_cancel_indicator;
                let type_id = kept.then_some(it.segmentation_type_id);
                Some((it.segmentation_event_id, type_id, it.segmentation_duration))
            }
            _ => None,
        });
    Some((
        section.splice_command_type,
        section.tier,
        section.pts_adjustment,
        time,
        event,
        length,
        segmentations.collect(),
    ))
}

fn cases(file: &str) -> Vec<Value> {
    serde_json::from_value(document(file)).expect("an array of cases")
}

fn document(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cue").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

fn field<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("{case}: {name} is no text"))
}
