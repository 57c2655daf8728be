//! Which break is meant, how long it is, and how much of it is left (live-breaks.md section 4.1).

use sha2::{Digest, Sha256};

use crate::model::ad_break::{AdBreak, BreakSignal, LengthSource};
use crate::model::cue::{BreakAction, Signal};
use crate::model::ids::{BreakId, SessionId, StreamId};
use crate::model::market::Placement;
use crate::model::time::{MAX_BREAK, Millis, UnixMillis};

/// What a caller told about a break; all of it may be missing.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Its name.
    pub(super) id: Option<BreakId>,
    /// Which break of the session it is.
    pub(super) index: Option<Box<str>>,
    /// The stream it interrupts.
    pub(super) stream: Option<StreamId>,
    /// What a SCTE-35 message says of it.
    pub(super) signal: Option<Signal>,
    /// Its length as the request gives it.
    pub(super) length: Option<Millis>,
    /// How much of it is over.
    pub(super) offset: Millis,
    /// When it starts.
    pub(super) start: Option<UnixMillis>,
}

impl Told {
    /// Resolves what is missing.
    ///
    /// Without a name the break is known by its event, else weakly by session, index and start;
    /// without a session too, by the hash of the request. The length is the message's, else the
    /// request's, else the placement's.
    pub(super) fn ad_break(
        self,
        placement: &Placement,
        session: Option<&SessionId>,
        sha: &[u8; 32],
    ) -> AdBreak {
        let named = self.id.clone().or_else(|| self.signal.as_ref().and_then(|it| self.event(it)));
        let weak = named.is_none();
        let id = named.unwrap_or_else(|| self.weak_id(session, sha));
        let signalled = self.signal.as_ref().and_then(|signal| signal.length).filter(is_known);
        let requested = self.length.filter(is_known);
        let (length, length_source) = match (signalled, requested) {
            (Some(length), _) => (length, LengthSource::Signal),
            (None, Some(length)) => (length, LengthSource::Request),
            (None, None) => (placement.default_break, LengthSource::Default),
        };
        let length = length.min(MAX_BREAK);
        AdBreak {
            id,
            weak,
            stream: self.stream,
            length,
            length_source,
            offset: self.offset.min(length),
            start: self.start,
            signal: self.signal.map(|signal| BreakSignal {
                event_id: signal.event_id,
                type_id: signal.type_id,
                upid: signal.upid,
            }),
        }
    }

    /// Names a break by its event; ids are reused, so the time it starts is part of the name.
    fn event(&self, signal: &Signal) -> Option<BreakId> {
        if signal.action == BreakAction::None {
            return None;
        }
        let start = self.start.map(|start| start.0).or(signal.pts);
        let id = match start {
            Some(start) => format!("{}.{start}", signal.key),
            None => signal.key.to_string(),
        };
        super::is_id(&id).then(|| BreakId::new(id))
    }

    fn weak_id(&self, session: Option<&SessionId>, sha: &[u8; 32]) -> BreakId {
        let Some(session) = session else {
            return BreakId::new(format!("w-{}", hex(&sha[..WEAK_BYTES])));
        };
        let start = self.start.map(|start| start.0.to_string());
        let mut hash = Sha256::new();
        for part in [Some(session.as_str()), self.index.as_deref(), start.as_deref()] {
            hash.update(part.unwrap_or_default());
            hash.update([0]);
        }
        BreakId::new(format!("w-{}", hex(&hash.finalize()[..WEAK_BYTES])))
    }
}

/// Says whether a length says anything: zero is what packagers write for "unknown".
#[expect(clippy::trivially_copy_pass_by_ref, reason = "given to `Option::filter`")]
fn is_known(length: &Millis) -> bool {
    Millis(0) < *length
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of the hash in a weak name.
const WEAK_BYTES: usize = 16;
