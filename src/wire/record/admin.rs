//! What somebody did to the journal itself (kind 10): erased and deleted parts of it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::plan::Draw;
use crate::model::time::UnixMillis;
use crate::wire::record::read::{Record, RecordError};
use crate::wire::record::seal::{self, Part};
use crate::wire::record::text::{Decimal, canonical};
use crate::wire::record::{Head, Kind, head_alone};

/// An action, and who took it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Admin {
    /// `cli`, or `node` for the exchange itself.
    pub by: Box<str>,
    /// What was done.
    pub action: Action,
}

/// What was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// What old auctions told of viewers was erased.
    Erase {
        /// Of auctions recorded before.
        before: UnixMillis,
        /// Sections erased.
        sections: u64,
    },
    /// Old auctions were deleted.
    Prune {
        /// Auctions recorded before.
        before: UnixMillis,
        /// Segment files.
        segments: u64,
        /// Records in them.
        records: u64,
        /// The index of the first record of the stream that is kept.
        first_kept: u64,
    },
}

/// Section `admin`. Fields stand in ASCII order, the tag first.
#[derive(Deserialize, Serialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum AdminForm<'a> {
    Erase {
        before: Decimal,
        by: Cow<'a, str>,
        sections: Decimal,
    },
    Prune {
        before: Decimal,
        by: Cow<'a, str>,
        first_kept: Decimal,
        records: Decimal,
        segments: Decimal,
    },
}

impl AdminForm<'_> {
    fn of(admin: &Admin) -> AdminForm<'_> {
        let by = Cow::Borrowed(&*admin.by);
        match admin.action {
            Action::Erase { before, sections } => {
                AdminForm::Erase { before: Decimal(before.0), by, sections: Decimal(sections) }
            }
            Action::Prune { before, segments, records, first_kept } => AdminForm::Prune {
                before: Decimal(before.0),
                by,
                first_kept: Decimal(first_kept),
                records: Decimal(records),
                segments: Decimal(segments),
            },
        }
    }

    fn admin(&self) -> Admin {
        let (by, action) = match self {
            AdminForm::Erase { before, by, sections } => {
                (by, Action::Erase { before: UnixMillis(before.0), sections: sections.0 })
            }
            AdminForm::Prune { before, by, first_kept, records, segments } => {
                let before = UnixMillis(before.0);
                let (segments, records) = (segments.0, records.0);
                let first_kept = first_kept.0;
                (by, Action::Prune { before, segments, records, first_kept })
            }
        };
        Admin { by: Box::from(&**by), action }
    }
}

impl Admin {
    /// Returns its text, as a command hands it to the node that is to record it.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        canonical(&AdminForm::of(self))
    }

    /// Reads its text; none when it is not one.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let form: AdminForm<'_> = serde_json::from_slice(text).ok()?;
        Some(form.admin())
    }
}

/// Returns the payload of a record of an action (kind 10).
///
/// Of `draw` it takes id and record key.
#[must_use]
pub fn admin(head: &Head<'_>, draw: &Draw, admin: &Admin) -> Vec<u8> {
    let form = head_alone(head, Kind::Admin, draw.auction);
    let body = canonical(&AdminForm::of(admin));
    let parts = vec![Part::new("head", form), Part::new(ADMIN, body)];
    let kind = Kind::Admin.number();
    seal::payload(kind, draw.auction.bytes(), head.at, &draw.record_key, parts).0
}

impl Record {
    /// Returns who did what, of a record of kind 10.
    ///
    /// # Errors
    ///
    /// When it is a record of another kind or does not say.
    pub fn admin(&self) -> Result<Admin, RecordError> {
        Ok(self.form::<AdminForm<'_>>(ADMIN)?.admin())
    }
}

/// The body of a record of an action.
const ADMIN: &str = "admin";
