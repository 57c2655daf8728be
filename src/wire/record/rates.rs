//! Rates of exchange in force (kind 9), which auctions cite as they cite their config.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::money::Currency;
use crate::model::plan::Draw;
use crate::model::rates::RateSnapshot;
use crate::model::time::{Millis, UnixMillis};
use crate::wire::record::read::{Record, RecordError};
use crate::wire::record::seal::{self, Part};
use crate::wire::record::text::{Decimal, canonical};
use crate::wire::record::{Head, Kind, head_alone};

/// The section. Fields stand in ASCII order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RatesForm<'a> {
    /// The most trusted first.
    #[serde(borrow)]
    snapshots: Vec<SnapshotForm<'a>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SnapshotForm<'a> {
    base: Cow<'a, str>,
    max_age_ms: Decimal,
    /// Currency and its units for one of the base, times 10^12.
    quotes: Vec<(Cow<'a, str>, Decimal)>,
    source: Cow<'a, str>,
    /// In Unix milliseconds.
    time: Decimal,
}

/// Returns the payload of a snapshot of rates (kind 9) and its record root, which auctions cite.
///
/// Of `draw` it takes id and record key.
#[must_use]
pub fn rates(head: &Head<'_>, draw: &Draw, rates: &[RateSnapshot]) -> (Vec<u8>, [u8; 32]) {
    let form = head_alone(head, Kind::Rates, draw.auction);
    let body = canonical(&RatesForm { snapshots: rates.iter().map(form_of).collect() });
    let parts = vec![Part::new("head", form), Part::new(RATES, body)];
    seal::payload(Kind::Rates.number(), draw.auction.bytes(), head.at, &draw.record_key, parts)
}

impl Record {
    /// Returns the rates, of a record of kind 9, the most trusted first.
    ///
    /// # Errors
    ///
    /// When it is a record of another kind, or holds what no rates can be.
    pub fn rates(&self) -> Result<Vec<RateSnapshot>, RecordError> {
        let form: RatesForm<'_> = self.form(RATES)?;
        let snapshots = form.snapshots.iter().map(snapshot).collect::<Option<_>>();
        snapshots.ok_or_else(|| RecordError::Content(RATES.into()))
    }
}

fn form_of(snapshot: &RateSnapshot) -> SnapshotForm<'_> {
    let quote = |(code, e12): &'_ (Currency, i64)| {
        let e12 = u64::try_from(*e12).expect("the config takes no rate below 0");
        (Cow::Owned(code.as_str().to_owned()), Decimal(e12))
    };
    SnapshotForm {
        base: Cow::Borrowed(snapshot.base.as_str()),
        max_age_ms: Decimal(snapshot.max_age.0),
        quotes: snapshot.quotes.iter().map(quote).collect(),
        source: Cow::Borrowed(&snapshot.source),
        time: Decimal(snapshot.time.0),
    }
}

fn snapshot(form: &SnapshotForm<'_>) -> Option<RateSnapshot> {
    let quote = |(code, e12): &(Cow<'_, str>, Decimal)| {
        let e12 = i64::try_from(e12.0).ok().filter(|e12| 0 < *e12)?;
        Some((Currency::new(code)?, e12))
    };
    Some(RateSnapshot {
        source: Arc::from(&*form.source),
        time: UnixMillis(form.time.0),
        max_age: Millis(form.max_age_ms.0),
        base: Currency::new(&form.base)?,
        quotes: form.quotes.iter().map(quote).collect::<Option<_>>()?,
    })
}

/// The body of a snapshot of rates.
const RATES: &str = "rates";
