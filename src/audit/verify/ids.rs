//! Ids that come once: an id tells when it was drawn, so that only those of the last minutes are
//! kept. Older ones are set aside and looked for by reading the stream once more.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::audit::verify::files;
use crate::audit::walk::{Step, Walk};
use crate::io::journal::{JournalError, Stream};
use crate::model::time::UnixMillis;
use crate::wire::record::Kind;
use crate::wire::record::seal::Entry;

/// Says what is wrong with the id of a record made at a time: it tells when it was drawn, which is
/// within ten seconds of that.
pub(super) fn fault(id: [u8; 16], at: UnixMillis) -> Option<String> {
    if id[6] >> 4 != VERSION || id[8] >> 6 != VARIANT {
        return Some("it is no UUID of version 7".to_owned());
    }
    let drawn = drawn(id);
    (DRAWN_WITHIN < drawn.abs_diff(at.0)).then(|| {
        format!(
            "it was drawn at {drawn} ms, and the record is of {} ms: they are of one moment",
            at.0
        )
    })
}

/// The ids of auctions seen.
#[derive(Default)]
pub(super) struct Ids {
    /// The latest span of time in which one was drawn.
    span: u64,
    now: HashSet<[u8; 16]>,
    before: HashSet<[u8; 16]>,
    /// Ids that were drawn long before one that came earlier, and how often they came.
    late: BTreeMap<[u8; 16], u64>,
    /// Whether there were more of those than are kept.
    many: bool,
}

impl Ids {
    /// Takes an id; `false` when it came before.
    pub(super) fn add(&mut self, id: [u8; 16]) -> bool {
        let span = drawn(id) / SPAN;
        if self.span < span {
            let now = std::mem::take(&mut self.now);
            self.before = if self.span + 1 == span { now } else { HashSet::new() };
            self.span = span;
        }
        if self.span == span {
            return self.now.insert(id);
        }
        if self.span == span + 1 {
            return self.before.insert(id);
        }
        if self.late.len() < MOST {
            self.late.insert(id, 0);
        } else {
            self.many = true;
        }
        true
    }

    /// Says whether there were more ids out of order than are looked for.
    pub(super) fn is_many(&self) -> bool {
        self.many
    }

    /// Looks for those that were set aside; returns the records that have one which came before.
    pub(super) fn repeated(
        &mut self,
        data: &Path,
        stream: Stream,
    ) -> Result<Vec<u64>, JournalError> {
        let mut repeated = Vec::new();
        if self.late.is_empty() {
            return Ok(repeated);
        }
        let mut walk = Walk::from(data, stream, 0)?;
        while let Some(step) = files::step(&mut walk, stream)? {
            let Step::Record(frame) = step else { continue };
            let entry = Entry::read(frame.payload);
            let entry = entry.filter(|entry| entry.kind == Kind::Auction.number());
            if let Some(count) = entry.and_then(|entry| self.late.get_mut(&entry.id)) {
                if 0 < *count {
                    repeated.push(frame.index);
                }
                *count += 1;
            }
        }
        Ok(repeated)
    }
}

/// Returns when an id was drawn, in Unix milliseconds: a UUID of version 7 begins with it.
fn drawn(id: [u8; 16]) -> u64 {
    let mut time = [0; 8];
    time[2..].copy_from_slice(&id[..6]);
    u64::from_be_bytes(time)
}

/// How far the time in an id may be from its record's, in milliseconds: a request is read before the
/// id is drawn.
const DRAWN_WITHIN: u64 = 10_000;
/// Of the UUIDs that begin with a time.
const VERSION: u8 = 7;
/// Of the UUIDs of RFC 9562.
const VARIANT: u8 = 2;
/// Longer than a sale takes, in milliseconds.
const SPAN: u64 = 120_000;
/// How many ids out of order are looked for.
const MOST: usize = 1 << 16;
