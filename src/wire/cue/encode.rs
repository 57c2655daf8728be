//! Real messages for those who signal: the demo's packager and tests.
//!
//! The reverse of `section` for the two messages in daily use. Values wider than their field
//! wrap (times) or are cut to the largest (lengths), as an encoder's counters would.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scte35_splice::commands::{AnyCommand, SpliceInsert, TimeSignal};
use scte35_splice::descriptors::{AnySpliceDescriptor, SegmentationDescriptor, SegmentationTypeId};
use scte35_splice::time::{BreakDuration, PTS_MAX, SpliceTime};

use crate::model::cue::LENGTH_MAX;
use crate::wire::cue::crc::checksum;
use crate::wire::cue::section::TABLE_ID;

/// Returns a `splice_insert` section; a break with a length returns by itself.
///
/// `pts` and `duration_ticks` are in ticks of 90 kHz.
#[must_use]
pub fn splice_insert(event_id: u32, out: bool, pts: u64, duration_ticks: Option<u64>) -> Vec<u8> {
    let command = AnyCommand::SpliceInsert(SpliceInsert {
        splice_event_id: event_id,
        out_of_network_indicator: out,
        splice_time: Some(SpliceTime::with_pts(pts)),
        break_duration: duration_ticks
            .map(|ticks| BreakDuration { auto_return: true, duration: ticks.min(PTS_MAX) }),
        ..SpliceInsert::default()
    });
    section(&command, &[])
}

/// Returns a `splice_insert` section that cancels an event.
#[must_use]
pub fn splice_cancel(event_id: u32) -> Vec<u8> {
    let command = AnyCommand::SpliceInsert(SpliceInsert {
        splice_event_id: event_id,
        splice_event_cancel_indicator: true,
        ..SpliceInsert::default()
    });
    section(&command, &[])
}

/// Returns a `time_signal` section with one segmentation descriptor of type `type_id`.
///
/// `pts` and `duration_ticks` are in ticks of 90 kHz.
#[must_use]
pub fn time_signal(event_id: u32, type_id: u8, pts: u64, duration_ticks: Option<u64>) -> Vec<u8> {
    let command = AnyCommand::TimeSignal(TimeSignal { splice_time: SpliceTime::with_pts(pts) });
    let descriptor = AnySpliceDescriptor::Segmentation(SegmentationDescriptor {
        segmentation_event_id: event_id,
        segmentation_type_id: SegmentationTypeId::from_u8(type_id),
        segmentation_duration: duration_ticks.map(|ticks| ticks.min(LENGTH_MAX)),
        segment_num: 1,
        segments_expected: 1,
        ..SegmentationDescriptor::default()
    });
    section(&command, &[descriptor])
}

/// Writes standard base64 with padding.
#[must_use]
pub fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Puts the header before a command and its descriptors, and the checksum behind.
fn section(command: &AnyCommand<'_>, descriptors: &[AnySpliceDescriptor<'_>]) -> Vec<u8> {
    let mut body = vec![0; command.body_len()];
    command.serialize_body_into(&mut body).expect("the buffer is as long as the command");
    let command_length = u16::try_from(body.len()).expect("a command of ours is short");
    let mut entries = Vec::new();
    for descriptor in descriptors {
        let mut entry = vec![0; descriptor.serialized_len()];
        descriptor.serialize_into(&mut entry).expect("the buffer is as long as the descriptor");
        entries.append(&mut entry);
    }
    let loop_length = u16::try_from(entries.len()).expect("descriptors of ours are short");
    let section_length = AFTER_LENGTH + command_length + loop_length;

    let mut bytes = vec![TABLE_ID];
    // No section syntax, not private, stream access point not specified.
    bytes.extend((0x3000 | section_length).to_be_bytes());
    // Protocol version, no encryption and no adjustment, code word, tier for everybody.
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0xFF]);
    bytes.extend((0xF000 | command_length).to_be_bytes());
    bytes.push(command.command_type());
    bytes.extend(body);
    bytes.extend(loop_length.to_be_bytes());
    bytes.extend(entries);
    let crc = checksum(&bytes);
    bytes.extend(crc.to_be_bytes());
    bytes
}

/// Bytes after the section length besides the command and the descriptors.
const AFTER_LENGTH: u16 = 17;
