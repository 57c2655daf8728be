//! One call to a bidder: bytes out, bytes or a fault back.
//!
//! `wire` fills it, `io::bidders` carries it and never knows what a bid is.

use std::sync::Arc;

use crate::model::ids::BidderId;

/// One request on its way to one bidder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// Who is called.
    pub bidder: BidderId,
    /// The index of its offer in the plan.
    pub offer: usize,
    /// `BidRequest.id` as sent to it.
    pub request_id: Box<str>,
    /// The body, already in the content coding that `gzip` names; calls of one shape share it.
    pub body: Arc<[u8]>,
    /// Whether `body` is gzip.
    pub gzip: bool,
}

/// What came back of one call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// What happened.
    pub outcome: AnswerOutcome,
    /// HTTP status, when a response head came.
    pub status: Option<u16>,
    /// Microseconds the bidder was given.
    pub deadline_us: u64,
    /// Microseconds until the answer was complete or the fault was seen.
    pub elapsed_us: u64,
}

/// The body of an answer, or why there is none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AnswerOutcome {
    /// Status 200 with a body, its content coding taken off; never empty.
    Body(Vec<u8>),
    /// Status 204, or 200 without a body.
    Empty,
    /// Nothing complete by the cutoff.
    Timeout {
        /// Whether a connection took the request; there may have been none to take it.
        sent: bool,
    },
    /// No connection could be made, or none took the request.
    Unreachable,
    /// The response broke a rule of HTTP or a limit, or its status is an error.
    Failed(CallFault),
    /// Its quota was gone when the call was to be made.
    SkippedQps,
    /// Too many calls to it are under way.
    SkippedInFlight,
    /// No connection was ready, and an auction never waits for one.
    SkippedNoConnection,
    /// Its breaker is open and another call is the probe.
    SkippedHealth,
}

impl AnswerOutcome {
    /// Says whether no call was made, by our own choice.
    #[must_use]
    pub fn is_skipped(&self) -> bool {
        matches!(
            self,
            Self::SkippedQps
                | Self::SkippedInFlight
                | Self::SkippedNoConnection
                | Self::SkippedHealth
        )
    }
}

/// How a response failed as bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallFault {
    /// A status other than 200 and 204.
    Status,
    /// The connection broke, or the response was not HTTP.
    Framing,
    /// More than 128 KiB encoded or 256 KiB decoded.
    TooLarge,
    /// A content coding that is broken or was not offered.
    Encoding,
}

impl CallFault {
    /// Returns its name in logs, records and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Framing => "framing",
            Self::TooLarge => "too_large",
            Self::Encoding => "encoding",
        }
    }
}
