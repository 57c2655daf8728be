//! A decoded message as JSON, for people, tools and tests; not on the path of a sale.

use scte35_splice::descriptors::SegmentationTypeId;
use serde_json::{Map, Value, json};

use crate::model::cue::{
    Command, Cue, Descriptor, Insert, Scheduled, Segment, Signal, Ticks, upid,
};
use crate::model::time::Millis;
use crate::wire::cue::error::CueError;
use crate::wire::cue::manifest::Tag;
use crate::wire::cue::{Decoded, Planned};

/// Returns everything known about a message that was read.
#[must_use]
pub fn to_json(decoded: &Decoded) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    put("valid", true.into());
    put("carriage", decoded.carriage.as_str().into());
    put("command", decoded.cue.as_ref().and_then(|cue| cue.command.name()).into());
    put("break_action", decoded.action().as_str().into());
    let signal = decoded.signal();
    put("key", signal.as_ref().map(|signal| &*signal.key).into());
    put("duration_s", duration(decoded));
    put("duration_source", decoded.planned().map(|planned| planned.source).into());
    put("encrypted", matches!(command(decoded), Some(Command::Encrypted)).into());
    put("out_of_network", Value::Null);
    if let Some(cue) = &decoded.cue {
        fields.extend(message(cue));
        fields.insert("signals".into(), cue.signals().iter().map(one_signal).collect());
    }
    if let Some(tag) = &decoded.tag {
        fields.insert("tag".into(), beside(tag));
    }
    let notes = decoded.notes.iter().map(|note| &**note).collect();
    fields.insert("notes".into(), notes);
    Value::Object(fields)
}

/// Returns the answer for a message that was refused.
#[must_use]
pub fn error_to_json(error: &CueError) -> Value {
    json!({ "valid": false, "error": error.name(), "detail": error.to_string() })
}

/// Returns the name of a segmentation type in the words of the standard.
#[must_use]
pub fn type_name(type_id: u8) -> &'static str {
    SegmentationTypeId::from_u8(type_id).name()
}

/// Returns seconds, exact to the microsecond: what a 90 kHz clock can tell apart.
#[must_use]
pub fn seconds(ticks: Ticks) -> Value {
    let micros = (u128::from(ticks.0) * 100 + 4) / 9;
    decimal(micros)
}

fn millis(length: Millis) -> Value {
    decimal(u128::from(length.0) * 1000)
}

/// Prints micros as seconds with decimals and reads that as a JSON number.
fn decimal(micros: u128) -> Value {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.parse::<f64>().map_or(Value::Null, Value::from)
}

/// Returns the planned length; a message that plans no break still tells a segment's length.
fn duration(decoded: &Decoded) -> Value {
    let planned = decoded.planned().map(|planned| match planned {
        Planned { ticks: Some(ticks), .. } => seconds(ticks),
        Planned { length, .. } => millis(length),
    });
    let of_segment = || {
        let leading = decoded.cue.as_ref()?.leading_segmentation()?;
        leading.segment.as_ref()?.length?.known().map(seconds)
    };
    planned.or_else(of_segment).unwrap_or(Value::Null)
}

fn command(decoded: &Decoded) -> Option<&Command> {
    decoded.cue.as_ref().map(|cue| &cue.command)
}

fn message(cue: &Cue) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    put("crc_valid", cue.crc_valid.into());
    put("pts_adjustment", cue.pts_adjustment.0.into());
    put("tier", cue.tier.into());
    put("pts_time", cue.splice_time().map(|time| time.0).into());
    put("pts", cue.pts().map(|time| time.0).into());
    match &cue.command {
        Command::Insert(insert) => splice_insert(*insert, put),
        Command::Schedule(events) => put("events", events.iter().map(scheduled).collect()),
        Command::Private(identifier) => put("identifier", identifier_text(*identifier).into()),
        Command::Other(command_type) => put("command_type", (*command_type).into()),
        Command::Encrypted
        | Command::Null
        | Command::TimeSignal(_)
        | Command::BandwidthReservation => {}
    }
    fields.insert("descriptors".into(), cue.descriptors.iter().map(descriptor).collect());
    let types: Vec<u8> =
        cue.segmentations().filter_map(|it| it.segment.as_ref()).map(|it| it.type_id).collect();
    if let Some(leading) = cue.leading_segmentation().and_then(|it| it.segment.as_ref()) {
        fields.insert("segmentation_type_id".into(), leading.type_id.into());
        fields.insert("segmentation_type_ids".into(), types.into());
        fields.insert("upid_type".into(), leading.upid_type.into());
        fields.insert("upid".into(), upid::text(leading.upid_type, &leading.upid).into());
    }
    fields
}

fn splice_insert(insert: Insert, mut put: impl FnMut(&str, Value)) {
    put("event_id", insert.event_id.into());
    put("cancel", insert.splice.is_none().into());
    let Some(splice) = insert.splice else { return };
    put("out_of_network", splice.out_of_network.into());
    put("immediate", splice.immediate.into());
    put("program_splice", splice.program_splice.into());
    put("auto_return", splice.break_duration.map(|duration| duration.auto_return).into());
    put("unique_program_id", splice.unique_program_id.into());
    put("avail_num", splice.avail_num.into());
    put("avails_expected", splice.avails_expected.into());
}

fn scheduled(event: &Scheduled) -> Value {
    let length = event.break_duration.and_then(|duration| duration.length.known());
    json!({
        "event_id": event.event_id,
        "cancel": event.cancel,
        "out_of_network": event.out_of_network,
        "gps_seconds": event.gps_seconds,
        "duration_s": length.map(seconds),
    })
}

fn descriptor(descriptor: &Descriptor) -> Value {
    match descriptor {
        Descriptor::Avail(id) => json!({ "tag": 0, "type": "avail", "provider_avail_id": id }),
        Descriptor::Dtmf { preroll, tones } => json!({
            "tag": 1, "type": "dtmf", "preroll": preroll, "chars": String::from_utf8_lossy(tones),
        }),
        Descriptor::Segmentation(segmentation) => {
            let mut fields = json!({
                "tag": 2,
                "type": "segmentation",
                "event_id": segmentation.event_id,
                "cancel": segmentation.segment.is_none(),
            });
            if let Some((fields, segment)) =
                fields.as_object_mut().zip(segmentation.segment.as_ref())
            {
                fields.extend(segment_fields(segment));
            }
            fields
        }
        Descriptor::Time { tai_seconds, tai_nanos, utc_offset } => json!({
            "tag": 3, "type": "time",
            "tai_seconds": tai_seconds, "tai_ns": tai_nanos, "utc_offset": utc_offset,
        }),
        Descriptor::Other { tag, identifier, length } => json!({
            "tag": tag, "type": other_type(*tag, *identifier),
            "identifier": identifier.map(identifier_text), "length": length,
        }),
    }
}

fn segment_fields(segment: &Segment) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    put("type_id", segment.type_id.into());
    put("type_name", type_name(segment.type_id).into());
    put("duration_s", segment.length.map_or(Value::Null, seconds));
    put("upid_type", segment.upid_type.into());
    put("upid_hex", upid::hex(&segment.upid).into());
    put("upid", upid::text(segment.upid_type, &segment.upid).into());
    if segment.upid_type == upid::MID {
        let part = |(upid_type, bytes): (u8, &[u8])| {
            json!({
                "upid_type": upid_type,
                "upid_hex": upid::hex(bytes),
                "upid": upid::text(upid_type, bytes),
            })
        };
        put("upids", upid::parts(&segment.upid).map(part).collect());
    }
    put("segment_num", segment.segment_num.into());
    put("segments_expected", segment.segments_expected.into());
    if let Some((number, expected)) = segment.sub_segment {
        put("sub_segment_num", number.into());
        put("sub_segments_expected", expected.into());
    }
    if let Some(limits) = segment.restrictions {
        let limits = json!({
            "web_delivery_allowed": limits.web_delivery_allowed,
            "no_regional_blackout": limits.no_regional_blackout,
            "archive_allowed": limits.archive_allowed,
            "device_restrictions": limits.device_restrictions,
        });
        put("restrictions", limits);
    }
    fields
}

/// Shows one of the things a message does, in the order in which they take effect.
fn one_signal(signal: &Signal) -> Value {
    json!({
        "action": signal.action.as_str(),
        "key": signal.key,
        "duration_s": signal.length.map(millis),
    })
}

fn beside(tag: &Tag) -> Value {
    json!({
        "name": tag.name,
        "id": tag.id,
        "start": tag.start,
        "duration_s": tag.duration.map(millis),
        "elapsed_s": tag.elapsed.map(millis),
        "direction": tag.direction.map(|direction| direction.as_str()),
    })
}

fn other_type(tag: u8, identifier: Option<u32>) -> &'static str {
    match (identifier.map(u32::to_be_bytes), tag) {
        (Some([b'C', b'U', b'E', b'I']), 4) => "audio",
        (Some([b'C', b'U', b'E', b'I']), _) => "unknown",
        (_, _) => "foreign",
    }
}

/// Returns four characters, or hexadecimal when they are not printable.
fn identifier_text(identifier: u32) -> String {
    let bytes = identifier.to_be_bytes();
    match std::str::from_utf8(&bytes) {
        Ok(text) if bytes.iter().all(u8::is_ascii_graphic) => text.to_owned(),
        Ok(_) | Err(_) => format!("0x{identifier:08x}"),
    }
}
