//! What came of notices to bidders (kind 4): a record a batch, a section a bidder.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::ids::{AuctionId, BidId, BidderId};
use crate::model::plan::Draw;
use crate::model::time::UnixMillis;
use crate::wire::record::read::{Record, RecordError};
use crate::wire::record::seal::{self, Part};
use crate::wire::record::text::{Decimal, canonical};
use crate::wire::record::{BIDDER, Head, Kind, head_alone};

/// What came of one notice.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoticeResult {
    /// Who was told.
    pub bidder: BidderId,
    /// The auction.
    pub auction: AuctionId,
    /// The bidder's name for the bid.
    pub bid: BidId,
    /// `win` (`nurl`) or `loss` (`lurl`).
    pub kind: Cow<'static, str>,
    /// What came of it, as `breakwater_notices_total` names it.
    pub outcome: Cow<'static, str>,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// How often it was sent: never more than once.
    pub attempts: u8,
    /// When its outcome was known.
    pub at: UnixMillis,
}

/// A section. Fields stand in ASCII order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NoticesForm<'a> {
    #[serde(borrow)]
    notices: Vec<NoticeForm<'a>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NoticeForm<'a> {
    /// In Unix milliseconds.
    at: Decimal,
    attempts: u8,
    auction: Cow<'a, str>,
    bid: Cow<'a, str>,
    kind: Cow<'a, str>,
    outcome: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// Returns the payload of a record of what came of notices (kind 4).
///
/// Of `draw` it takes id and record key. Each bidder's results keep their order.
#[must_use]
pub fn notices(head: &Head<'_>, draw: &Draw, results: &[NoticeResult]) -> Vec<u8> {
    let mut sections: BTreeMap<&BidderId, Vec<NoticeForm<'_>>> = BTreeMap::new();
    for result in results {
        sections.entry(&result.bidder).or_default().push(form_of(result));
    }
    let form = head_alone(head, Kind::Notices, draw.auction);
    let mut parts = vec![Part::new("head", form)];
    parts.extend(sections.into_iter().map(|(bidder, notices)| {
        Part::new(format!("{BIDDER}{bidder}"), canonical(&NoticesForm { notices }))
    }));
    let kind = Kind::Notices.number();
    seal::payload(kind, draw.auction.bytes(), head.at, &draw.record_key, parts).0
}

impl Record {
    /// Returns what came of notices, of a record of kind 4: bidder by bidder, in their order.
    ///
    /// # Errors
    ///
    /// When it is a record of another kind, or names no auction where it should.
    pub fn notices(&self) -> Result<Vec<NoticeResult>, RecordError> {
        if self.kind != Kind::Notices {
            return Err(RecordError::Missing("notices".into()));
        }
        let mut results = Vec::new();
        for id in self.bidders() {
            let name = format!("{BIDDER}{id}");
            let bidder = BidderId::new(id);
            let form: NoticesForm<'_> = self.form(&name)?;
            for notice in &form.notices {
                let result = result(&bidder, notice);
                results.push(result.ok_or_else(|| RecordError::Content(name.as_str().into()))?);
            }
        }
        Ok(results)
    }
}

fn form_of(result: &NoticeResult) -> NoticeForm<'_> {
    NoticeForm {
        at: Decimal(result.at.0),
        attempts: result.attempts,
        auction: Cow::Owned(result.auction.to_string()),
        bid: Cow::Borrowed(result.bid.as_str()),
        kind: Cow::Borrowed(&result.kind),
        outcome: Cow::Borrowed(&result.outcome),
        status: result.status,
    }
}

fn result(bidder: &BidderId, form: &NoticeForm<'_>) -> Option<NoticeResult> {
    Some(NoticeResult {
        bidder: bidder.clone(),
        auction: AuctionId::parse(&form.auction)?,
        bid: BidId::new(&*form.bid),
        kind: Cow::Owned(form.kind.clone().into_owned()),
        outcome: Cow::Owned(form.outcome.clone().into_owned()),
        status: form.status,
        attempts: form.attempts,
        at: UnixMillis(form.at.0),
    })
}
