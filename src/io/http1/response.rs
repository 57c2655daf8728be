//! A response as it comes: what of it is still missing, and what it was once it is whole.
//!
//! It sees bytes and an end, never a socket. What it is fed may end anywhere; it keeps only what it
//! will need again, and that in the size it has.

use memchr::memchr_iter;

use crate::io::body::Limits;
use crate::io::http1::chunked::{Chunked, Sink};
use crate::io::http1::gunzip::gunzip;
use crate::io::http1::head::{self, Coding, Length, Look, Reply, SWITCHING_PROTOCOLS};
use crate::model::call::{AnswerOutcome, CallFault};

/// A response that is not whole yet.
pub(super) struct Response {
    limits: Limits,
    /// Informational heads seen.
    informed: u8,
    stage: Stage,
}

/// Whether more is to come.
pub(super) enum Progress {
    More,
    Whole(Whole),
}

/// A response that has ended, well or not.
pub(super) struct Whole {
    pub(super) outcome: AnswerOutcome,
    pub(super) status: Option<u16>,
    /// Whether it ended where the next one may begin.
    pub(super) reusable: bool,
}

enum Stage {
    /// What has come of a head, and how much of that was looked at in vain.
    Head {
        kept: Vec<u8>,
        looked: usize,
    },
    Body(Body),
}

/// A body that is not whole yet.
struct Body {
    form: Form,
    status: u16,
    gzip: bool,
    persistent: bool,
    store: Store,
}

/// What has come of a body, its content coding still on.
struct Store {
    bytes: Vec<u8>,
    /// Bytes that have come or are announced.
    counted: usize,
    most: usize,
    /// The body of an error is only counted.
    counts_only: bool,
}

enum Form {
    /// So many bytes are still to come.
    Exact(usize),
    Chunked(Chunked),
    UntilClose,
}

impl Response {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, informed: 0, stage: Stage::Head { kept: Vec::new(), looked: 0 } }
    }

    /// Takes what has come; nothing is the end of the connection.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Progress {
        if bytes.is_empty() {
            return Progress::Whole(self.end());
        }
        match self.try_feed(bytes) {
            Ok(progress) => progress,
            Err(fault) => Progress::Whole(self.fault(fault)),
        }
    }

    /// Returns where to read a large rest of a body to, and how much of it; then call `filled`.
    pub(super) fn room(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        match &mut self.stage {
            Stage::Body(Body { form: Form::Exact(left), store, .. })
                if LARGE <= *left && !store.counts_only =>
            {
                Some((&mut store.bytes, *left))
            }
            Stage::Body(_) | Stage::Head { .. } => None,
        }
    }

    /// Takes notice of bytes read to `room`; none is the end of the connection.
    pub(super) fn filled(&mut self, length: usize) -> Progress {
        match &mut self.stage {
            Stage::Body(body) if 0 < length => match &mut body.form {
                Form::Exact(left) => {
                    *left = left.saturating_sub(length);
                    if 0 < *left { Progress::More } else { Progress::Whole(self.close_body(true)) }
                }
                Form::Chunked(_) | Form::UntilClose => Progress::More,
            },
            Stage::Body(_) | Stage::Head { .. } => Progress::Whole(self.end()),
        }
    }

    /// Ends it where the connection broke.
    pub(super) fn broke(&mut self) -> Whole {
        self.fault(CallFault::Framing)
    }

    fn end(&mut self) -> Whole {
        match &self.stage {
            Stage::Body(Body { form: Form::UntilClose, .. }) => self.close_body(false),
            Stage::Body(_) | Stage::Head { .. } => self.fault(CallFault::Framing),
        }
    }

    fn try_feed(&mut self, mut bytes: &[u8]) -> Result<Progress, CallFault> {
        loop {
            let Stage::Head { kept, looked } = &mut self.stage else {
                return self.feed_body(bytes);
            };
            let (look, before) = look(kept, looked, bytes)?;
            match look {
                Look::Partial => return Ok(Progress::More),
                Look::Interim(size) => {
                    self.informed += 1;
                    if MAX_INFORMATIONAL < self.informed {
                        return Err(CallFault::Framing);
                    }
                    (*kept, *looked) = (Vec::new(), 0);
                    bytes = bytes.get(size.saturating_sub(before)..).unwrap_or_default();
                    if bytes.is_empty() {
                        return Ok(Progress::More);
                    }
                }
                Look::Final(size, reply) => {
                    let rest = bytes.get(size.saturating_sub(before)..).unwrap_or_default();
                    return self.begin(reply, rest);
                }
            }
        }
    }

    /// Goes from head to body; `rest` is what came behind the head.
    fn begin(&mut self, reply: Reply, rest: &[u8]) -> Result<Progress, CallFault> {
        let Reply { status, length, coding, persistent } = reply;
        let whole = |outcome, reusable: bool| {
            let reusable = reusable && persistent && rest.is_empty();
            Ok(Progress::Whole(Whole { outcome, status: Some(status), reusable }))
        };
        let failed = AnswerOutcome::Failed;
        let silent = matches!(length, Length::UntilClose | Length::Exact(0));
        let good = match status {
            SWITCHING_PROTOCOLS => return whole(failed(CallFault::Status), false),
            // They have no body; those that announce one are not trusted with another call.
            204 => return whole(AnswerOutcome::Empty, silent),
            304 => return whole(failed(CallFault::Status), silent),
            200 => true,
            _ => false,
        };
        if good && coding == Coding::Unknown {
            return whole(failed(CallFault::Encoding), false);
        }
        let most = if good { self.limits.encoded } else { MAX_IGNORED };
        let nothing = if good { AnswerOutcome::Empty } else { failed(CallFault::Status) };
        let form = match length {
            Length::Exact(0) => return whole(nothing, true),
            Length::Exact(size) => match usize::try_from(size) {
                Ok(size) if size <= most => Form::Exact(size),
                _ if good => return whole(failed(CallFault::TooLarge), false),
                _ => return whole(nothing, false),
            },
            Length::Chunked => Form::Chunked(Chunked::new()),
            Length::UntilClose if good => Form::UntilClose,
            Length::UntilClose => return whole(nothing, false),
        };
        let store = Store { bytes: Vec::new(), counted: 0, most, counts_only: !good };
        let gzip = coding == Coding::Gzip;
        self.stage = Stage::Body(Body { form, status, gzip, persistent, store });
        if rest.is_empty() { Ok(Progress::More) } else { self.feed_body(rest) }
    }

    fn feed_body(&mut self, bytes: &[u8]) -> Result<Progress, CallFault> {
        let Stage::Body(body) = &mut self.stage else { return Err(CallFault::Framing) };
        let store = &mut body.store;
        match &mut body.form {
            Form::Exact(left) => {
                let come = &bytes[..bytes.len().min(*left)];
                let clean = bytes.len() <= *left;
                if come.len() == *left && store.bytes.is_empty() && body.gzip {
                    // All at once: nothing needs to be kept.
                    let outcome = self.outcome(Some(come));
                    return Ok(Progress::Whole(self.whole(outcome, clean)));
                }
                if store.bytes.capacity() == 0 && !store.counts_only {
                    store.bytes.reserve_exact(*left);
                }
                store.take(come);
                *left -= come.len();
                if 0 < *left {
                    return Ok(Progress::More);
                }
                Ok(Progress::Whole(self.close_body(clean)))
            }
            Form::Chunked(chunked) => match chunked.feed(bytes, store)? {
                None => Ok(Progress::More),
                Some(size) => Ok(Progress::Whole(self.close_body(size == bytes.len()))),
            },
            Form::UntilClose => {
                store.announce(bytes.len(), bytes.len())?;
                store.take(bytes);
                Ok(Progress::More)
            }
        }
    }

    /// Ends a whole body; `clean` says that nothing came behind it.
    fn close_body(&mut self, clean: bool) -> Whole {
        let outcome = self.outcome(None);
        self.whole(outcome, clean)
    }

    /// Returns what a whole body is, which is `all` or what was stored.
    fn outcome(&mut self, all: Option<&[u8]>) -> AnswerOutcome {
        let Stage::Body(body) = &mut self.stage else {
            return AnswerOutcome::Failed(CallFault::Framing);
        };
        if body.store.counts_only {
            return AnswerOutcome::Failed(CallFault::Status);
        }
        let stored = std::mem::take(&mut body.store.bytes);
        let encoded = all.unwrap_or(&stored);
        let decoded = if encoded.is_empty() || !body.gzip {
            Ok(stored)
        } else {
            gunzip(encoded, self.limits.decoded)
        };
        match decoded {
            Ok(body) if body.is_empty() => AnswerOutcome::Empty,
            Ok(body) => AnswerOutcome::Body(body),
            Err(fault) => AnswerOutcome::Failed(fault),
        }
    }

    fn whole(&self, outcome: AnswerOutcome, clean: bool) -> Whole {
        let (status, persistent) = match &self.stage {
            Stage::Body(body) => {
                let delimited = !matches!(body.form, Form::UntilClose);
                (Some(body.status), body.persistent && delimited)
            }
            Stage::Head { .. } => (None, false),
        };
        let good = !matches!(
            outcome,
            AnswerOutcome::Failed(CallFault::Framing | CallFault::TooLarge | CallFault::Encoding)
        );
        Whole { outcome, status, reusable: clean && persistent && good }
    }

    fn fault(&self, fault: CallFault) -> Whole {
        let fault = match &self.stage {
            // It was an error before its body was one.
            Stage::Body(body) if body.store.counts_only => CallFault::Status,
            Stage::Body(_) | Stage::Head { .. } => fault,
        };
        self.whole(AnswerOutcome::Failed(fault), false)
    }
}

impl Sink for Store {
    fn announce(&mut self, size: usize, come: usize) -> Result<(), CallFault> {
        self.counted = self.counted.saturating_add(size);
        if self.most < self.counted {
            return Err(CallFault::TooLarge);
        }
        if self.bytes.capacity() == 0 && !self.counts_only {
            self.bytes.reserve_exact(size.min(come));
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) {
        if !self.counts_only {
            self.bytes.extend_from_slice(bytes);
        }
    }
}

/// Looks at a head of which `kept` came before and `bytes` come; returns how long `kept` was.
///
/// A head that is not whole is kept. It is looked at again only when an empty line has come or it
/// has doubled, so that one that drips costs no more than its length.
fn look(kept: &mut Vec<u8>, looked: &mut usize, bytes: &[u8]) -> Result<(Look, usize), CallFault> {
    let before = kept.len();
    let come = &bytes[..bytes.len().min(MAX_HEAD - before)];
    let look = if kept.is_empty() {
        let look = head::look(come)?;
        if look == Look::Partial {
            kept.extend_from_slice(come);
            *looked = come.len();
        }
        look
    } else {
        kept.extend_from_slice(come);
        if kept.len() < CHEAP || *looked * 2 <= kept.len() || has_empty_line(&kept[before..], kept)
        {
            *looked = kept.len();
            head::look(kept)?
        } else {
            Look::Partial
        }
    };
    if look == Look::Partial && kept.len() == MAX_HEAD {
        return Err(CallFault::TooLarge);
    }
    Ok((look, before))
}

/// Says whether an empty line ends in `new`, the end of `all`.
fn has_empty_line(new: &[u8], all: &[u8]) -> bool {
    let start = all.len() - new.len();
    memchr_iter(b'\n', new).any(|at| {
        let before = &all[..start + at];
        before.ends_with(b"\n") || before.ends_with(b"\n\r")
    })
}

/// The most of a head.
const MAX_HEAD: usize = 64 * 1024;
/// A head so short may be looked at whenever more of it comes.
const CHEAP: usize = 4 * 1024;
/// Responses 1xx before the answer.
const MAX_INFORMATIONAL: u8 = 4;
/// The most of the body of an error that is read to keep the connection.
const MAX_IGNORED: usize = 16 * 1024;
/// A rest of a body so long is read to where it stays.
const LARGE: usize = 16 * 1024;

#[cfg(test)]
impl Response {
    /// Returns the room that what has come of the body takes.
    pub(super) fn stored(&self) -> usize {
        match &self.stage {
            Stage::Head { kept, .. } => kept.capacity(),
            Stage::Body(body) => body.store.bytes.capacity(),
        }
    }
}
