//! An interruption of one live stream.

use crate::model::ids::{BreakId, StreamId};
use crate::model::time::{Millis, Seconds, UnixMillis};

/// One ad break as its caller described it, every absence resolved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AdBreak {
    /// Its identity within the placement.
    pub id: BreakId,
    /// Whether the identity was made from session and break index, for want of a better one.
    pub weak: bool,
    /// The stream it interrupts.
    pub stream: Option<StreamId>,
    /// Its real length from its start.
    pub length: Millis,
    /// Where the length comes from.
    pub length_source: LengthSource,
    /// How much of it has elapsed for this viewer; only the rest is sold.
    pub offset: Millis,
    /// When it starts or started.
    pub start: Option<UnixMillis>,
    /// What the SCTE-35 message said, when one came along.
    pub signal: Option<BreakSignal>,
}

/// The identity that a SCTE-35 message gave a break.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BreakSignal {
    /// `splice_event_id` or `segmentation_event_id`.
    pub event_id: u32,
    /// `segmentation_type_id`; none for a splice_insert.
    pub type_id: Option<u8>,
    /// The UPID in printable form.
    pub upid: Option<Box<str>>,
}

/// Who said how long a break is, the most trusted first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LengthSource {
    /// The SCTE-35 message.
    Signal,
    /// A parameter of the request.
    Request,
    /// The placement's `default_break`.
    Default,
}

impl AdBreak {
    /// Returns the real length that is left to sell.
    #[must_use]
    pub fn left(&self) -> Millis {
        self.length.minus(self.offset)
    }

    /// Returns the nominal seconds that are left to sell.
    #[must_use]
    pub fn seconds_left(&self) -> Seconds {
        Seconds::nominal(self.left())
    }

    /// Returns when a sale of this break expires: its end, counted from its start or `arrival`
    /// (decision 30).
    ///
    /// Never before what is left could have played: viewers behind live tell a start that has
    /// passed. Never more than six hours and its length ahead: no break is announced earlier, and
    /// a sale that never expired would drive the others out of their table.
    #[must_use]
    pub fn expires(&self, arrival: UnixMillis) -> UnixMillis {
        let start = self.start.unwrap_or(arrival).min(arrival.plus(FARTHEST_START));
        start.plus(self.length).max(arrival.plus(self.left()))
    }
}

/// How far ahead a break may start that is sold now.
const FARTHEST_START: Millis = Millis(6 * 3_600_000);

#[cfg(test)]
mod tests;
