//! The XML form of a section: `SpliceInfoSection` of the SCTE 35 schema.
//!
//! The same fields as the binary form under attribute names, without lengths and checksum. Flags
//! are `true`, `false`, `1` or `0`; times and lengths are ticks of 90 kHz. An element
//! `EncryptedPacket` asks for encryption on the way out; what stands beside it is in the clear.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use crate::model::cue::{
    BreakDuration, CLOCK_PERIOD, Command, Cue, Descriptor, Insert, LENGTH_MAX, Restrictions,
    Scheduled, Segment, Segmentation, Splice, Ticks, upid,
};
use crate::wire::cue::error::CueError;
use crate::wire::cue::xml::Element;

/// Reads a `SpliceInfoSection` element.
///
/// # Errors
///
/// `ProtocolVersion` for any but 0, `Command` or `Descriptor` when what is required there is
/// missing or no number, `Xml` for the section's own attributes.
pub fn read(section: &Element) -> Result<Cue, CueError> {
    let at = |name: &str, most: u64| number(section, name, most).map_err(xml);
    let version = at("protocolVersion", 255)?.unwrap_or(0);
    if version != 0 {
        return Err(CueError::ProtocolVersion(u8::try_from(version).unwrap_or(u8::MAX)));
    }
    let tier = at("tier", 0xFFF)?.unwrap_or(0xFFF);
    let command = command(section).map_err(|text| CueError::Command(text.into()))?;
    let mut cue = Cue {
        pts_adjustment: Ticks(at("ptsAdjustment", CLOCK_PERIOD - 1)?.unwrap_or(0)),
        tier: u16::try_from(tier).expect("twelve bits fit"),
        crc_valid: true,
        command,
        descriptors: Vec::new(),
    };
    for child in &section.children {
        let descriptor = descriptor(child).map_err(|text| CueError::Descriptor(text.into()))?;
        cue.descriptors.extend(descriptor);
    }
    Ok(cue)
}

fn command(section: &Element) -> Result<Command, String> {
    for child in &section.children {
        return Ok(match &*child.name {
            "SpliceNull" => Command::Null,
            "SpliceSchedule" => Command::Schedule(schedule(child)?),
            "SpliceInsert" => Command::Insert(insert(child)?),
            "TimeSignal" => Command::TimeSignal(splice_time(child)?),
            "BandwidthReservation" => Command::BandwidthReservation,
            "PrivateCommand" => Command::Private(required_u32(child, "identifier")?),
            _ => continue,
        });
    }
    Err("the section has none".into())
}

fn schedule(element: &Element) -> Result<Vec<Scheduled>, String> {
    let events = element.children.iter().filter(|child| *child.name == *"Event");
    events
        .map(|event| {
            let cancel = flag(event, "spliceEventCancelIndicator")?.unwrap_or(false);
            let time = event.child("Program").or_else(|| event.child("Component"));
            let written = time.and_then(|time| time.attribute("utcSpliceTime"));
            Ok(Scheduled {
                event_id: required_u32(event, "spliceEventId")?,
                cancel,
                out_of_network: flag(event, "outOfNetworkIndicator")?.unwrap_or(false),
                gps_seconds: written.and_then(gps_seconds),
                break_duration: break_duration(event)?,
            })
        })
        .collect()
}

fn insert(element: &Element) -> Result<Insert, String> {
    let event_id = required_u32(element, "spliceEventId")?;
    if flag(element, "spliceEventCancelIndicator")?.unwrap_or(false) {
        return Ok(Insert { event_id, splice: None });
    }
    let program = element.child("Program");
    let place = program.or_else(|| element.child("Component"));
    let byte = |name: &str| -> Result<u8, String> {
        let value = number(element, name, 0xFF)?.unwrap_or(0);
        Ok(u8::try_from(value).expect("eight bits fit"))
    };
    let program_id = number(element, "uniqueProgramId", 0xFFFF)?.unwrap_or(0);
    let splice = Splice {
        out_of_network: flag(element, "outOfNetworkIndicator")?.unwrap_or(false),
        program_splice: program.is_some() || place.is_none(),
        immediate: flag(element, "spliceImmediateFlag")?.unwrap_or(false),
        time: place.map(splice_time).transpose()?.flatten(),
        break_duration: break_duration(element)?,
        unique_program_id: u16::try_from(program_id).expect("sixteen bits fit"),
        avail_num: byte("availNum")?,
        avails_expected: byte("availsExpected")?,
    };
    Ok(Insert { event_id, splice: Some(splice) })
}

fn splice_time(place: &Element) -> Result<Option<Ticks>, String> {
    let Some(time) = place.child("SpliceTime") else { return Ok(None) };
    Ok(number(time, "ptsTime", CLOCK_PERIOD - 1)?.map(Ticks))
}

fn break_duration(element: &Element) -> Result<Option<BreakDuration>, String> {
    let Some(duration) = element.child("BreakDuration") else { return Ok(None) };
    Ok(Some(BreakDuration {
        auto_return: flag(duration, "autoReturn")?.unwrap_or(false),
        length: Ticks(number(duration, "duration", CLOCK_PERIOD - 1)?.unwrap_or(0)),
    }))
}

fn descriptor(element: &Element) -> Result<Option<Descriptor>, String> {
    Ok(Some(match &*element.name {
        "AvailDescriptor" => Descriptor::Avail(required_u32(element, "providerAvailId")?),
        "DTMFDescriptor" => {
            let preroll = number(element, "preroll", 0xFF)?.unwrap_or(0);
            Descriptor::Dtmf {
                preroll: u8::try_from(preroll).expect("eight bits fit"),
                tones: element.attribute("chars").unwrap_or_default().as_bytes().into(),
            }
        }
        "SegmentationDescriptor" => Descriptor::Segmentation(segmentation(element)?),
        "TimeDescriptor" => {
            let offset = number(element, "utcOffset", 0xFFFF)?.unwrap_or(0);
            let nanos = number(element, "taiNs", u64::from(u32::MAX))?.unwrap_or(0);
            Descriptor::Time {
                tai_seconds: number(element, "taiSeconds", (1 << 48) - 1)?.unwrap_or(0),
                tai_nanos: u32::try_from(nanos).expect("thirty-two bits fit"),
                utc_offset: u16::try_from(offset).expect("sixteen bits fit"),
            }
        }
        _ => return Ok(None),
    }))
}

fn segmentation(element: &Element) -> Result<Segmentation, String> {
    let event_id = required_u32(element, "segmentationEventId")?;
    if flag(element, "segmentationEventCancelIndicator")?.unwrap_or(false) {
        return Ok(Segmentation { event_id, segment: None });
    }
    let byte = |name: &str| -> Result<Option<u8>, String> {
        let value = number(element, name, 0xFF)?;
        Ok(value.map(|value| u8::try_from(value).expect("eight bits fit")))
    };
    let type_id = byte("segmentationTypeId")?.ok_or("attribute segmentationTypeId is missing")?;
    let sub_segment = byte("subSegmentNum")?.zip(byte("subSegmentsExpected")?);
    let (upid_type, upid) = upids(element)?;
    let segment = Segment {
        type_id,
        length: number(element, "segmentationDuration", LENGTH_MAX)?.map(Ticks),
        upid_type,
        upid: upid.into(),
        segment_num: byte("segmentNum")?.unwrap_or(0),
        segments_expected: byte("segmentsExpected")?.unwrap_or(0),
        sub_segment,
        restrictions: element.child("DeliveryRestrictions").map(restrictions).transpose()?,
    };
    Ok(Segmentation { event_id, segment: Some(segment) })
}

fn restrictions(element: &Element) -> Result<Restrictions, String> {
    let devices = number(element, "deviceRestrictions", 3)?.unwrap_or(3);
    Ok(Restrictions {
        web_delivery_allowed: flag(element, "webDeliveryAllowedFlag")?.unwrap_or(false),
        no_regional_blackout: flag(element, "noRegionalBlackoutFlag")?.unwrap_or(false),
        archive_allowed: flag(element, "archiveAllowedFlag")?.unwrap_or(false),
        device_restrictions: u8::try_from(devices).expect("two bits fit"),
    })
}

/// Returns type and bytes of the UPID; several become a list, as in the binary form.
fn upids(element: &Element) -> Result<(u8, Vec<u8>), String> {
    let mut parts = Vec::new();
    for child in element.children.iter().filter(|child| *child.name == *"SegmentationUpid") {
        let upid_type = number(child, "segmentationUpidType", 0xFF)?.unwrap_or(0);
        let upid_type = u8::try_from(upid_type).expect("eight bits fit");
        let bytes = upid_bytes(child)?;
        if usize::from(u8::MAX) < bytes.len() {
            return Err(format!("a upid of {} bytes is too long", bytes.len()));
        }
        parts.push((upid_type, bytes));
    }
    if let [_, _, ..] = &*parts {
        let mut list = Vec::new();
        for (upid_type, bytes) in parts {
            list.push(upid_type);
            list.push(u8::try_from(bytes.len()).expect("checked above"));
            list.extend(bytes);
        }
        return Ok((upid::MID, list));
    }
    Ok(parts.pop().unwrap_or((0, Vec::new())))
}

/// Returns the bytes of one UPID element, written as its format says.
fn upid_bytes(element: &Element) -> Result<Vec<u8>, String> {
    let text = element.text.trim();
    let format = element.attribute("segmentationUpidFormat").unwrap_or("text");
    let mut bytes = match format.to_ascii_lowercase().as_str() {
        "hexbinary" => hex(text).ok_or("a upid is not hexadecimal")?,
        "base-64" | "base64" => {
            STANDARD.decode(text).map_err(|error| format!("a upid is not base64: {error}"))?
        }
        _ => text.as_bytes().to_vec(),
    };
    if let Some(identifier) = number(element, "formatIdentifier", u64::from(u32::MAX))? {
        let identifier = u32::try_from(identifier).expect("thirty-two bits fit");
        let private = element.attribute("privateData").and_then(hex).unwrap_or_default();
        bytes = [identifier.to_be_bytes().as_slice(), &private, &bytes].concat();
    }
    Ok(bytes)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16)?).ok();
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// Reads an attribute that is a number of at most `most`.
fn number(element: &Element, name: &str, most: u64) -> Result<Option<u64>, String> {
    let Some(text) = element.attribute(name) else { return Ok(None) };
    let value = text.parse().ok().filter(|value| *value <= most);
    value.map(Some).ok_or_else(|| format!("attribute {name} is no number up to {most}"))
}

fn required_u32(element: &Element, name: &str) -> Result<u32, String> {
    let value = number(element, name, u64::from(u32::MAX))?;
    let value = value.ok_or_else(|| format!("attribute {name} is missing"))?;
    Ok(u32::try_from(value).expect("thirty-two bits fit"))
}

fn flag(element: &Element, name: &str) -> Result<Option<bool>, String> {
    match element.attribute(name) {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(_) => Err(format!("attribute {name} is no flag")),
    }
}

fn gps_seconds(text: &str) -> Option<u32> {
    let time: Timestamp = text.parse().ok()?;
    u32::try_from(time.as_second().checked_sub(GPS_EPOCH)?).ok()
}

fn xml(text: String) -> CueError {
    CueError::Xml(text.into())
}

/// 1980-01-06T00:00:00Z in Unix seconds.
const GPS_EPOCH: i64 = 315_964_800;
