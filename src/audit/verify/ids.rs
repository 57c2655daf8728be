//! Ids that come once: an id tells when it was drawn, so that only those of the last minutes are
//! kept. Older ones are set aside and looked for by reading the stream once more.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::audit::verify::files;
use crate::audit::walk::{Step, Walk};
use crate::io::journal::{JournalError, Stream};
use crate::wire::record::Kind;
use crate::wire::record::seal::Entry;

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
        let mut time = [0; 8];
        time[2..].copy_from_slice(&id[..6]);
        let span = u64::from_be_bytes(time) / SPAN;
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
        while let Some(step) = files::step(&mut walk, (data, stream))? {
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

/// Longer than a sale takes, in milliseconds.
const SPAN: u64 = 120_000;
/// How many ids out of order are looked for.
const MOST: usize = 1 << 16;
