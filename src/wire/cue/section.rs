//! The binary form: `splice_info_section` of ANSI/SCTE 35 2023r1, section 9.
//!
//! Header, checksum, legacy lengths and the walk over the descriptors are read here, so that the
//! first failure is the one reported and a foreign descriptor is never taken for one of ours;
//! commands and segmentation descriptors are read by `scte35-splice`. Nothing is allocated from
//! a count field: lists grow with the bytes that are there.

use scte35_splice::commands::{AnyCommand, SpliceInsert, SpliceScheduleEvent};
use scte35_splice::descriptors::{AnySpliceDescriptor, CUEI, SegmentationDescriptor, parse_loop};
use scte35_splice::time;

use crate::model::cue::{
    BreakDuration, Command, Cue, Descriptor, Insert, Restrictions, Scheduled, Segment,
    Segmentation, Splice, Ticks,
};
use crate::wire::cue::Crc;
use crate::wire::cue::crc::checksum;
use crate::wire::cue::error::CueError;

/// Reads one section; bytes after its end are stuffing and ignored.
///
/// # Errors
///
/// The first failure in this order: size, table id, section length, checksum, protocol version,
/// command, descriptor loop, each descriptor.
pub fn binary(bytes: &[u8], crc: Crc) -> Result<Cue, CueError> {
    let section = section(bytes)?;
    let computed = checksum(&section[..section.len() - CRC_BYTES]);
    let stated = number(&section[section.len() - CRC_BYTES..]);
    let crc_valid = u64::from(computed) == stated;
    if !crc_valid && crc == Crc::Strict {
        let stated = u32::try_from(stated).expect("a checksum is four bytes");
        return Err(CueError::Crc { stated, computed });
    }
    if section[3] != 0 {
        return Err(CueError::ProtocolVersion(section[3]));
    }
    let mut cue = Cue {
        pts_adjustment: Ticks(number(&section[4..9]) & time::PTS_MAX),
        tier: u16::from_be_bytes([section[10], section[11]]) >> 4,
        crc_valid,
        command: Command::Encrypted,
        descriptors: Vec::new(),
    };
    if section[4] & ENCRYPTED != 0 {
        return Ok(cue);
    }
    let command_length = usize::from(u16::from_be_bytes([section[11] & 0x0F, section[12]]));
    let body = &section[COMMAND_AT..section.len() - CRC_BYTES];
    let (command, rest) = command(section[13], command_length, body)?;
    cue.command = command;
    cue.descriptors = descriptors(rest)?;
    Ok(cue)
}

/// Returns exactly the section, from its table id to its checksum.
fn section(bytes: &[u8]) -> Result<&[u8], CueError> {
    let size = bytes.len();
    if !(MESSAGE_MIN..=MESSAGE_MAX).contains(&size) {
        let text = format!("{size} bytes are outside the limits of {MESSAGE_MIN} to {MESSAGE_MAX}");
        return Err(CueError::Truncated(text.into()));
    }
    if bytes[0] != TABLE_ID {
        return Err(CueError::TableId(bytes[0]));
    }
    let total = 3 + usize::from(u16::from_be_bytes([bytes[1] & 0x0F, bytes[2]]));
    if total < MESSAGE_MIN {
        return Err(CueError::Truncated(format!("a section of {total} bytes is too short").into()));
    }
    bytes.get(..total).ok_or_else(|| {
        CueError::Truncated(format!("the section says {total} bytes, {size} are there").into())
    })
}

/// Reads the command and returns it with the bytes after it.
fn command(command_type: u8, stated: usize, body: &[u8]) -> Result<(Command, &[u8]), CueError> {
    let length =
        if stated == LENGTH_UNSTATED { derived_length(command_type, body)? } else { stated };
    let Some((bytes, rest)) = body.split_at_checked(length) else {
        let text = format!("its length is {length} bytes, {} are there", body.len());
        return Err(CueError::Command(text.into()));
    };
    let command = AnyCommand::dispatch(command_type, bytes)
        .map_err(|error| CueError::Command(error.to_string().into()))?;
    Ok((read_command(command_type, command), rest))
}

/// Returns the length of a command whose header leaves it out (the legacy value 0xFFF).
///
/// The command's own structure says where it ends. A private or unknown command has none; there
/// the descriptor loop must end exactly where the section does.
fn derived_length(command_type: u8, body: &[u8]) -> Result<usize, CueError> {
    let command = AnyCommand::dispatch(command_type, body)
        .map_err(|error| CueError::Command(error.to_string().into()))?;
    if !matches!(command, AnyCommand::PrivateCommand(_) | AnyCommand::Unknown { .. }) {
        return Ok(command.body_len());
    }
    let fits = |length: &usize| {
        let after = &body[*length..];
        number(&after[..2]) == u64::try_from(after.len() - 2).unwrap_or(u64::MAX)
    };
    (0..body.len().saturating_sub(1))
        .find(fits)
        .ok_or_else(|| CueError::Command("its length is not stated and cannot be derived".into()))
}

fn read_command(command_type: u8, command: AnyCommand<'_>) -> Command {
    match command {
        AnyCommand::SpliceNull(_) => Command::Null,
        AnyCommand::SpliceSchedule(schedule) => {
            Command::Schedule(schedule.events.iter().map(scheduled).collect())
        }
        AnyCommand::SpliceInsert(insert) => Command::Insert(read_insert(&insert)),
        AnyCommand::TimeSignal(signal) => {
            Command::TimeSignal(signal.splice_time.pts_time.map(Ticks))
        }
        AnyCommand::BandwidthReservation(_) => Command::BandwidthReservation,
        AnyCommand::PrivateCommand(private) => Command::Private(private.identifier),
        AnyCommand::Unknown { .. } | _ => Command::Other(command_type),
    }
}

fn read_insert(insert: &SpliceInsert) -> Insert {
    let component_time =
        || insert.components.first().and_then(|component| component.splice_time?.pts_time);
    let splice = (!insert.splice_event_cancel_indicator).then(|| Splice {
        out_of_network: insert.out_of_network_indicator,
        program_splice: insert.program_splice_flag,
        immediate: insert.splice_immediate_flag,
        time: insert.splice_time.and_then(|time| time.pts_time).or_else(component_time).map(Ticks),
        break_duration: insert.break_duration.map(break_duration),
        unique_program_id: insert.unique_program_id,
        avail_num: insert.avail_num,
        avails_expected: insert.avails_expected,
    });
    Insert { event_id: insert.splice_event_id, splice }
}

fn scheduled(event: &SpliceScheduleEvent) -> Scheduled {
    let component_time = || event.components.first().map(|component| component.utc_splice_time);
    Scheduled {
        event_id: event.splice_event_id,
        cancel: event.splice_event_cancel_indicator,
        out_of_network: event.out_of_network_indicator,
        gps_seconds: event.utc_splice_time.or_else(component_time),
        break_duration: event.break_duration.map(break_duration),
    }
}

fn break_duration(duration: time::BreakDuration) -> BreakDuration {
    BreakDuration { auto_return: duration.auto_return, length: Ticks(duration.duration) }
}

/// Reads the descriptor loop; what follows it is stuffing.
fn descriptors(rest: &[u8]) -> Result<Vec<Descriptor>, CueError> {
    let Some(([high, low], rest)) = rest.split_first_chunk::<2>() else {
        return Err(CueError::Descriptor("the section ends before their loop".into()));
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let Some(mut rest) = rest.get(..length) else {
        let text = format!("their loop is {length} bytes, {} are there", rest.len());
        return Err(CueError::Descriptor(text.into()));
    };
    let mut descriptors = Vec::new();
    while !rest.is_empty() {
        let at = length - rest.len();
        let entry = rest.get(1).and_then(|size| rest.split_at_checked(2 + usize::from(*size)));
        let Some((full, tail)) = entry else {
            let text = format!("the one at byte {at} runs past their loop of {length} bytes");
            return Err(CueError::Descriptor(text.into()));
        };
        descriptors.push(descriptor(full)?);
        rest = tail;
    }
    Ok(descriptors)
}

/// Reads one descriptor, tag and length included; the identifier comes before the tag.
fn descriptor(full: &[u8]) -> Result<Descriptor, CueError> {
    let (tag, length) = (full[0], full[1]);
    let identifier = full[2..].first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
    let other = Descriptor::Other { tag, identifier, length };
    if identifier != Some(CUEI) {
        return Ok(other);
    }
    let body = &full[HEADER_BYTES..];
    let short = || CueError::Descriptor(format!("tag {tag} of {length} bytes is too short").into());
    Ok(match tag {
        0 => Descriptor::Avail(u32::from_be_bytes(*body.first_chunk().ok_or_else(short)?)),
        1 => {
            let ([preroll, flags], tail) = body.split_first_chunk().ok_or_else(short)?;
            let tones = tail.get(..usize::from(flags >> 5)).ok_or_else(short)?;
            Descriptor::Dtmf { preroll: *preroll, tones: tones.into() }
        }
        2 => {
            let parsed = parse_loop(full)
                .next()
                .ok_or_else(short)?
                .map_err(|error| CueError::Descriptor(error.to_string().into()))?;
            let AnySpliceDescriptor::Segmentation(parsed) = parsed else { return Ok(other) };
            Descriptor::Segmentation(segmentation(&parsed))
        }
        3 => {
            let body: &[u8; 12] = body.first_chunk().ok_or_else(short)?;
            Descriptor::Time {
                tai_seconds: number(&body[..6]),
                tai_nanos: u32::from_be_bytes([body[6], body[7], body[8], body[9]]),
                utc_offset: u16::from_be_bytes([body[10], body[11]]),
            }
        }
        _ => other,
    })
}

fn segmentation(parsed: &SegmentationDescriptor<'_>) -> Segmentation {
    let restrictions = parsed.delivery_restrictions.map(|limits| Restrictions {
        web_delivery_allowed: limits.web_delivery_allowed,
        no_regional_blackout: limits.no_regional_blackout,
        archive_allowed: limits.archive_allowed,
        device_restrictions: limits.device_restrictions.bits(),
    });
    let segment = (!parsed.segmentation_event_cancel_indicator).then(|| Segment {
        type_id: parsed.segmentation_type_id.to_u8(),
        length: parsed.segmentation_duration.map(Ticks),
        upid_type: parsed.segmentation_upid_type.to_u8(),
        upid: parsed.segmentation_upid.into(),
        segment_num: parsed.segment_num,
        segments_expected: parsed.segments_expected,
        sub_segment: parsed.sub_segments,
        restrictions,
    });
    Segmentation { event_id: parsed.segmentation_event_id, segment }
}

/// Returns the number in at most eight bytes, the most significant first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The table id of a splice section.
pub const TABLE_ID: u8 = 0xFC;

/// The fewest bytes of a message: a heartbeat.
pub const MESSAGE_MIN: usize = 20;

/// The most bytes of a message.
pub const MESSAGE_MAX: usize = 4096;

/// A command length that is not stated, from before the field was defined.
const LENGTH_UNSTATED: usize = 0xFFF;

/// Where the command's own bytes begin.
const COMMAND_AT: usize = 14;

/// Bytes of a descriptor's tag, length and identifier.
const HEADER_BYTES: usize = 6;

const CRC_BYTES: usize = 4;
const ENCRYPTED: u8 = 0x80;
