//! What one SCTE-35 message says: the command, its times, its descriptors.
//!
//! A `Cue` is already checked (`wire::cue` reads it) and says nothing about the stream it came
//! from: whether it opens a break there is for the state machine over `Signal`s. What a message
//! does to a break is in `signal`, what each segmentation type means in `segment`, and the
//! printable form of a UPID in `upid`.

pub mod segment;
pub mod signal;
pub mod upid;

use crate::model::time::Millis;

/// A time or a length on the 90 kHz clock of the transport stream.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ticks(pub u64);

impl Ticks {
    /// Returns the length in milliseconds, to the nearest.
    #[must_use]
    pub fn millis(self) -> Millis {
        Millis(self.0.saturating_add(TICKS_PER_MILLI / 2) / TICKS_PER_MILLI)
    }

    /// Returns the time `adjustment` later on the 33-bit clock, which wraps every 26.5 h.
    #[must_use]
    pub fn adjusted(self, adjustment: Self) -> Self {
        Self(self.0.wrapping_add(adjustment.0) % CLOCK_PERIOD)
    }

    /// Returns this length unless it is zero, which packagers write for "unknown".
    #[must_use]
    pub fn known(self) -> Option<Self> {
        (self.0 != 0).then_some(self)
    }
}

/// One message, decoded and checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cue {
    /// Added to every time in the message, modulo the clock.
    pub pts_adjustment: Ticks,
    /// The authorization tier, 12 bits; 4095 means everybody.
    pub tier: u16,
    /// False when a wrong checksum was let through at the operator's wish.
    pub crc_valid: bool,
    /// What is to happen.
    pub command: Command,
    /// What else is said, in the order of the message.
    pub descriptors: Vec<Descriptor>,
}

/// The splice command of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Command {
    /// The message is encrypted; nothing of it can be read.
    Encrypted,
    /// A heartbeat.
    Null,
    /// An announcement of splices at wall-clock times.
    Schedule(Vec<Scheduled>),
    /// A splice of the program, or its cancellation.
    Insert(Insert),
    /// A time for the descriptors; `None` means now.
    TimeSignal(Option<Ticks>),
    /// Filler.
    BandwidthReservation,
    /// A command of somebody's own, by its registered identifier.
    Private(u32),
    /// A command type this version of the standard does not know.
    Other(u8),
}

impl Command {
    /// Returns the name in the words of the standard, `None` when it could not be read.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::Encrypted => None,
            Self::Null => Some("splice_null"),
            Self::Schedule(_) => Some("splice_schedule"),
            Self::Insert(_) => Some("splice_insert"),
            Self::TimeSignal(_) => Some("time_signal"),
            Self::BandwidthReservation => Some("bandwidth_reservation"),
            Self::Private(_) => Some("private_command"),
            Self::Other(_) => Some("unknown"),
        }
    }
}

/// A `splice_insert`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Insert {
    /// The event, reused by encoders after a while.
    pub event_id: u32,
    /// What is to happen; `None` cancels the event.
    pub splice: Option<Splice>,
}

/// What a `splice_insert` that is not a cancellation asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Splice {
    /// True when the break starts, false on the return to the network.
    pub out_of_network: bool,
    /// False in the old component mode.
    pub program_splice: bool,
    /// True when the splice happens on receipt.
    pub immediate: bool,
    /// When, before adjustment; the first component's time in component mode.
    pub time: Option<Ticks>,
    /// How long, when the message says.
    pub break_duration: Option<BreakDuration>,
    /// The program the break lies in.
    pub unique_program_id: u16,
    /// Which break of the program, 0 when unused.
    pub avail_num: u8,
    /// Of how many, 0 when unused.
    pub avails_expected: u8,
}

/// The planned length of a `splice_insert`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BreakDuration {
    /// True when no return message will follow.
    pub auto_return: bool,
    /// The length, 33 bits; 0 means unknown.
    pub length: Ticks,
}

/// One event of a `splice_schedule`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Scheduled {
    /// The event.
    pub event_id: u32,
    /// True when the event is withdrawn; the rest is then empty.
    pub cancel: bool,
    /// True when a break starts.
    pub out_of_network: bool,
    /// Seconds since 1980-01-06T00:00:00Z.
    pub gps_seconds: Option<u32>,
    /// How long, when the message says.
    pub break_duration: Option<BreakDuration>,
}

/// One splice descriptor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Descriptor {
    /// The provider's own number of the break.
    Avail(u32),
    /// Tones for equipment of the analogue days.
    Dtmf {
        /// Tenths of a second before the splice.
        preroll: u8,
        /// The tones, ASCII.
        tones: Box<[u8]>,
    },
    /// A segment of content.
    Segmentation(Segmentation),
    /// The wall clock of the sender.
    Time {
        /// TAI seconds since 1970.
        tai_seconds: u64,
        /// Nanoseconds beside them.
        tai_nanos: u32,
        /// TAI less UTC, seconds.
        utc_offset: u16,
    },
    /// Anything else, skipped by its length: unknown tags and foreign identifiers.
    Other {
        /// The tag, which means nothing under a foreign identifier.
        tag: u8,
        /// The identifier; `None` when the descriptor is too short to hold one.
        identifier: Option<u32>,
        /// Bytes after the length field.
        length: u8,
    },
}

/// A segmentation descriptor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segmentation {
    /// The event, reused by encoders after a while.
    pub event_id: u32,
    /// What is said about it; `None` cancels the event.
    pub segment: Option<Segment>,
}

/// What a segmentation descriptor says that is not a cancellation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segment {
    /// What starts or ends; `segment::role` says what that means for selling.
    pub type_id: u8,
    /// How long, 40 bits, when the message says; 0 means unknown.
    pub length: Option<Ticks>,
    /// What kind of name `upid` is.
    pub upid_type: u8,
    /// The name of the content, bytes from outside.
    pub upid: Box<[u8]>,
    /// Which segment.
    pub segment_num: u8,
    /// Of how many, 0 when unused.
    pub segments_expected: u8,
    /// The same one level below.
    pub sub_segment: Option<(u8, u8)>,
    /// Limits on delivery; `None` means there are none.
    pub restrictions: Option<Restrictions>,
}

/// Where a segment may not be delivered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Restrictions {
    /// Delivery over the internet is allowed.
    pub web_delivery_allowed: bool,
    /// No region is blacked out.
    pub no_regional_blackout: bool,
    /// The segment may be recorded.
    pub archive_allowed: bool,
    /// The group of devices left out, 0 to 2; 3 means none.
    pub device_restrictions: u8,
}

/// What happens to a break.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BreakAction {
    /// A linear break starts.
    Start,
    /// The break ends.
    End,
    /// An announced break is withdrawn.
    Cancel,
    /// Nothing.
    None,
    /// An overlay opportunity starts; the content keeps running.
    OverlayStart,
    /// The overlay opportunity ends.
    OverlayEnd,
}

impl BreakAction {
    /// Returns the word used in answers: `start`, `end`, `cancel`, `none`, `overlay_start`,
    /// `overlay_end`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
            Self::Cancel => "cancel",
            Self::None => "none",
            Self::OverlayStart => "overlay_start",
            Self::OverlayEnd => "overlay_end",
        }
    }
}

/// One event of a stream, with the identity of the break it is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signal {
    /// The break's key: `i` and the event of a splice insert; `s`, the event, a point and the
    /// *start* type of a segmentation (a cancellation has no type); `t` and the id of a tag.
    pub key: Box<str>,
    /// The event; 0 for a tag without a message.
    pub event_id: u32,
    /// The segmentation type as sent.
    pub type_id: Option<u8>,
    /// The printable name of the content, from outside.
    pub upid: Option<Box<str>>,
    /// When, in ticks of the stream's clock; `None` means now.
    pub pts: Option<u64>,
    /// The planned length; `None` when it is not said or zero.
    pub length: Option<Millis>,
    /// What happens.
    pub action: BreakAction,
}

impl Cue {
    /// Returns the splice time as sent, before adjustment.
    #[must_use]
    pub fn splice_time(&self) -> Option<Ticks> {
        match &self.command {
            Command::Insert(insert) => insert.splice.and_then(|splice| splice.time),
            Command::TimeSignal(time) => *time,
            Command::Encrypted
            | Command::Null
            | Command::Schedule(_)
            | Command::BandwidthReservation
            | Command::Private(_)
            | Command::Other(_) => None,
        }
    }

    /// Returns the splice time on the stream's clock.
    #[must_use]
    pub fn pts(&self) -> Option<Ticks> {
        self.splice_time().map(|time| time.adjusted(self.pts_adjustment))
    }

    /// Returns the segmentation descriptors in the order of the message.
    pub fn segmentations(&self) -> impl Iterator<Item = &Segmentation> {
        self.descriptors.iter().filter_map(|descriptor| match descriptor {
            Descriptor::Segmentation(segmentation) => Some(segmentation),
            Descriptor::Avail(_)
            | Descriptor::Dtmf { .. }
            | Descriptor::Time { .. }
            | Descriptor::Other { .. } => None,
        })
    }
}

/// The 90 kHz clock in milliseconds.
const TICKS_PER_MILLI: u64 = 90;

/// Values of the 33-bit clock.
pub const CLOCK_PERIOD: u64 = 1 << 33;

/// The largest segmentation duration, 40 bits.
pub const LENGTH_MAX: u64 = (1 << 40) - 1;

#[cfg(test)]
mod tests;
