//! The life of a node as its journal tells it: what a start finds, the snapshots in force, the end.

use std::path::Path;

use anyhow::Context;

use crate::cli::life::told::Told;
use crate::exchange::shared::BUILD;
use crate::io::journal::queue::{Pending, Permit};
use crate::io::journal::read::frames;
use crate::io::journal::{Flush, Identity, Journal, Stream};
use crate::io::log::LogError;
use crate::io::log::followed::{self, Followed};
use crate::io::{clock, entropy};
use crate::model::market::Market;
use crate::model::time::UnixMillis;
use crate::wire::record::{self, Head, Kind, Lifecycle, StreamName};

pub mod told;

/// Where a snapshot stands in the money stream, and its record root.
pub type Place = (u64, [u8; 32]);

/// A snapshot on its way to disk, and its record root.
type Placing = (Pending, [u8; 32]);

/// The snapshots that auctions cite.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Snapshots {
    /// Of the config.
    pub config: Place,
    /// Of the rates of exchange, where any are configured.
    pub rates: Option<Place>,
}

/// Records that the node starts, and what the start found: an end without a stop, torn records, a
/// clock that is behind the last record. From here on, time goes on from that record.
///
/// # Errors
///
/// As `check`, before a record is added; or when the journal takes no records.
pub fn begin(journal: &Journal, node: &str, data: &Path) -> anyhow::Result<()> {
    begin_following(journal, node, data, &Origin::default())
}

/// What a node follows, as `origin` found it, and the keys of its own logs.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The logs whose place its own take.
    pub followed: Vec<Followed>,
    /// The text of the key of each of its logs.
    pub keys: Vec<(Stream, String)>,
}

/// Finds the logs that those of a node follow: what the first record says, or, where there is none
/// yet, what lies in the folder that `journal.follows` names.
///
/// # Errors
///
/// When that folder has no checkpoints to follow, or the node has records and does not follow any.
pub fn followed(
    journal: &Journal,
    data: &Path,
    identity: &Identity,
    follows: Option<&Path>,
) -> anyhow::Result<Vec<Followed>> {
    if journal.on_disk(Stream::Money) == 0 {
        return Ok(follows
            .map(|from| followed::find(from, identity))
            .transpose()?
            .unwrap_or_default());
    }
    let first = frames(data, Stream::Money)?.next().transpose()?;
    let first = first.map(|frame| record::read::read(&frame.payload)).transpose()?;
    let first = first.filter(|record| record.kind == Kind::Lifecycle);
    match (first.map(|record| record.lifecycle()).transpose()?, follows) {
        (Some(Lifecycle::NewOrigin { auction, money }), _) => {
            let notes = [(Stream::Auction, auction), (Stream::Money, money)].into_iter();
            Ok(notes.filter_map(|(stream, note)| Followed::read(stream, &note?)).collect())
        }
        (_, None) => Ok(Vec::new()),
        (_, Some(from)) => {
            let what = "this node began without following any: only an empty data folder can";
            Err(LogError::Follows { path: from.to_owned(), what }.into())
        }
    }
}

/// Begins as `begin` does. The first record of a node that follows another says which, and so does
/// one about each key.
///
/// # Errors
///
/// As `begin`.
pub fn begin_following(
    journal: &Journal,
    node: &str,
    data: &Path,
    origin: &Origin,
) -> anyhow::Result<()> {
    // Before a record is added: a folder that may not go on is left as it is.
    let told = Told::read(journal, data)?;
    let wall = clock::wall();
    let lag = journal.newest().map_or(0, |newest| newest.0.saturating_sub(wall.0));
    if let Some(newest) = journal.newest().filter(|_| 0 < lag) {
        tracing::warn!(lag, "the clock is behind the last record: time goes on from there");
        clock::reach(newest);
    }
    let at = clock::now();
    // The start comes first, so that no record has a start that a crash kept from being told.
    let first = journal.on_disk(Stream::Money) == 0;
    record(journal, node, at, &start(origin, first))?;
    for change in key_changes(origin, &told.changed) {
        record(journal, node, at, &change)?;
    }
    for boot in told.open {
        tracing::warn!(boot, "an earlier start ended without a stop");
        let gap = Lifecycle::Gap { boot, auction: Vec::new(), money: Vec::new() };
        record(journal, node, at, &gap)?;
    }
    for cut in journal.cuts() {
        tracing::warn!(?cut, "a torn record was cut off the journal");
        let stream = name(cut.stream);
        let cut = Lifecycle::Cut { stream, index: cut.index, bytes: cut.bytes };
        record(journal, node, at, &cut)?;
    }
    if 0 < lag {
        record(journal, node, at, &Lifecycle::Clock { lag_ms: lag })?;
    }
    Ok(())
}

/// Records the rates and the config of a market, and waits until both are on disk.
///
/// # Errors
///
/// When the journal takes no records.
pub fn snapshots(journal: &Journal, market: &Market) -> anyhow::Result<Snapshots> {
    let at = clock::now();
    let rates = if market.rates.is_empty() {
        None
    } else {
        let permit = journal.permit(Stream::Money).context(NO_RECORDS)?;
        let head = head(journal, &market.node, permit.seq(), at);
        let (payload, root) = record::rates::rates(&head, &entropy::draw(), &market.rates);
        Some((permit.append(payload), root))
    };
    let config = config(journal, market, at)?;
    let rates = rates.map(|rates| placed(journal, rates)).transpose()?;
    Ok(Snapshots { config: placed(journal, config)?, rates })
}

/// Records the config of a market whose rates are on disk already, and waits until it is there too.
///
/// # Errors
///
/// When the journal takes no records.
pub fn config_snapshot(journal: &Journal, market: &Market) -> anyhow::Result<Place> {
    placed(journal, config(journal, market, clock::now())?)
}

fn config(journal: &Journal, market: &Market, at: UnixMillis) -> anyhow::Result<Placing> {
    let permit = journal.permit(Stream::Money).context(NO_RECORDS)?;
    let head = head(journal, &market.node, permit.seq(), at);
    let (payload, root) = record::config_snapshot(&head, &entropy::draw(), &market.snapshot);
    Ok((permit.append(payload), root))
}

/// Waits for a snapshot to be on disk.
fn placed(journal: &Journal, (pending, root): Placing) -> anyhow::Result<Place> {
    match pending.wait_blocking() {
        Flush::Flushed { index } => Ok((index, root)),
        Flush::Late | Flush::Refused => {
            let why = journal.failure();
            let why = why.as_deref().unwrap_or("the journal is closed");
            anyhow::bail!("the config could not be recorded: {why}")
        }
    }
}

/// Says whether the node may go on after what its journal holds, whose log is open and so checked.
///
/// # Errors
///
/// [`told::LifeError`] when it may not; or the journal cannot be read.
pub fn check(journal: &Journal, data: &Path) -> anyhow::Result<()> {
    Told::read(journal, data).map(drop)
}

/// Takes no more auctions, and records the numbers of either stream that no record has, and the stop
/// with the end of the auction stream; blocks on disk. `head` makes the head of a record from its
/// number.
pub fn end<'a>(journal: &Journal, head: impl Fn(u64) -> Head<'a>) {
    let auction_end = journal.finish_auctions();
    // Held to the end: what tells of unused numbers must not use them.
    let mut held = Vec::new();
    while !journal.unused(Stream::Money).is_empty() {
        let Some(permit) = journal.permit(Stream::Money) else { return };
        held.push(permit);
    }
    let auction = journal.unused(Stream::Auction);
    let money: Vec<u64> = held.iter().map(Permit::seq).collect();
    let told = !auction.is_empty() || !money.is_empty();
    let gap = told.then(|| Lifecycle::Gap { boot: journal.boot(), auction, money });
    for event in gap.into_iter().chain([Lifecycle::Stop { auction_end }]) {
        let Some(permit) = journal.permit(Stream::Money) else { return };
        let payload = record::lifecycle(&head(permit.seq()), &entropy::draw(), &event);
        let _flushed_at_close = permit.append(payload);
    }
}

/// Returns the head of a record made before a config is in force.
#[must_use]
pub fn head<'a>(journal: &Journal, node: &'a str, seq: u64, at: UnixMillis) -> Head<'a> {
    Head { node, boot: journal.boot(), seq, at, config: None, rates: None, build: BUILD }
}

fn record(journal: &Journal, node: &str, at: UnixMillis, event: &Lifecycle) -> anyhow::Result<()> {
    let permit = journal.permit(Stream::Money).context(NO_RECORDS)?;
    let payload =
        record::lifecycle(&head(journal, node, permit.seq(), at), &entropy::draw(), event);
    let _flushed_with_the_next = permit.append(payload);
    Ok(())
}

/// Returns what the record of a start says.
fn start(origin: &Origin, first: bool) -> Lifecycle {
    if !first || origin.followed.is_empty() {
        return Lifecycle::Start;
    }
    let note = |stream| {
        let followed = origin.followed.iter().find(|it| it.stream == stream)?;
        tracing::warn!(followed.origin, followed.size, "a new origin: this log follows another");
        Some(followed.note.clone())
    };
    Lifecycle::NewOrigin { auction: note(Stream::Auction), money: note(Stream::Money) }
}

/// Returns the changes of keys that are not told yet.
fn key_changes(origin: &Origin, told: &[StreamName]) -> Vec<Lifecycle> {
    let untold = origin.followed.iter().filter(|it| !told.contains(&name(it.stream)));
    let changes = untold.filter_map(|followed| {
        let (_, new) = origin.keys.iter().find(|(stream, _)| *stream == followed.stream)?;
        let (stream, old) = (name(followed.stream), followed.key.clone());
        Some(Lifecycle::KeyChange { stream, old, new: Box::from(&**new) })
    });
    changes.collect()
}

fn name(stream: Stream) -> StreamName {
    match stream {
        Stream::Auction => StreamName::Auction,
        Stream::Money => StreamName::Money,
    }
}

const NO_RECORDS: &str = "the journal takes no records";
