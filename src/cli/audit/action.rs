//! Records what a command does to the journal (kind 10): by itself where it holds the journal, else
//! by the exchange that does.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::cli::load::{self, Secrets};
use crate::cli::{Common, life};
use crate::io::journal::hold::Hold;
use crate::io::journal::read::frames_from;
use crate::io::journal::{
    Durability, Flush, Identity, Journal, JournalError, Settings, Stream, asked, prune,
};
use crate::io::log::followed::Followed;
use crate::io::log::follower::Logs;
use crate::io::{clock, entropy, journal, keys};
use crate::wire::record::admin::{Action, Admin};
use crate::wire::record::{self, read};

/// What came of recording an action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Recorded {
    /// Nothing was done, so there is nothing to record.
    Nothing,
    /// At this index of the money stream, and signed.
    At(u64),
    /// At this index, and the exchange that has the journal open has not signed that yet.
    Unsigned(u64),
    /// The exchange that holds the journal was asked, and has not done it yet.
    Asked,
}

impl Recorded {
    /// Says it in text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Nothing => "nothing to record".to_owned(),
            Self::At(index) => format!("recorded as money record {index}"),
            Self::Unsigned(index) => format!(
                "recorded as money record {index}, and not signed yet: until it is, `audit verify` \
                 does not hold"
            ),
            Self::Asked => {
                "not recorded yet: the exchange that has the journal open was asked, and \
                            it or its next start will"
                    .to_owned()
            }
        }
    }

    /// Returns the index of the record.
    pub(super) fn index(&self) -> Option<u64> {
        match self {
            Self::At(index) | Self::Unsigned(index) => Some(*index),
            Self::Nothing | Self::Asked => None,
        }
    }
}

/// Who records an action.
pub(super) enum Books {
    /// This command: nobody else has the journal open.
    Own(Own),
    /// The exchange that has it open.
    Exchange(PathBuf),
}

/// A journal that this command holds, checked as `run` does.
pub(super) struct Own {
    hold: Hold,
    data: PathBuf,
    identity: Identity,
    settings: Settings,
    followed: Vec<Followed>,
}

/// Finds out who records what is done to the journal in a data folder. Where it is this command, the
/// journal and its log are checked first: what may not go on is not changed either.
///
/// # Errors
///
/// As those of a start of the exchange; or when the config cannot be read or has problems, which are
/// told.
pub(super) fn books(common: &Common, data: &Path) -> anyhow::Result<Books> {
    opened(common, data).map_err(|error| match is_full(&error) {
        true => error.context(FULL),
        false => error,
    })
}

fn opened(common: &Common, data: &Path) -> anyhow::Result<Books> {
    let hold = match Hold::take(data) {
        Ok(hold) => hold,
        Err(JournalError::Locked { .. }) => return Ok(Books::Exchange(data.to_owned())),
        Err(error) => return Err(error.into()),
    };
    let identity = identity(data)?;
    let anchor = anchor(common, &identity)?;
    let settings = Settings { anchor: anchor.clone(), ..Settings::new(Durability::Flushed) };
    let journal = Journal::open_held(hold, data, &identity, settings.clone(), read::is_start)?;
    let followed = life::followed(&journal, data, &identity, None)?;
    Logs::open_following(data, &identity, anchor.as_deref(), &followed, &journal)?;
    life::check(&journal, data)?;
    if !journal.cuts().is_empty() {
        // Nobody else will tell of them.
        begin_and_end(&journal, &identity.node, data, None)?;
    }
    let hold = journal.release().context("the journal was closed")?;
    Ok(Books::Own(Own { hold, data: data.to_owned(), identity, settings, followed }))
}

impl Own {
    /// Returns the lock, which is held as long as this lives.
    pub(super) fn hold(&self) -> &Hold {
        &self.hold
    }

    /// Records an action, as a start of the node that does nothing else, and signs all there is.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read or written, or its log not be signed.
    pub(super) fn record(self, action: Action) -> anyhow::Result<(Recorded, Hold)> {
        let Self { hold, data, identity, settings, followed } = self;
        let anchor = settings.anchor.clone();
        let journal = Journal::open_held(hold, &data, &identity, settings, read::is_start)?;
        let anchor = anchor.as_deref();
        let logs = Logs::open_following(&data, &identity, anchor, &followed, &journal)?;
        let index = begin_and_end(&journal, &identity.node, &data, Some(action))?;
        journal.finish();
        logs.sign(&journal)?;
        let hold = journal.release().context("the journal was closed")?;
        Ok((index.map_or(Recorded::Nothing, Recorded::At), hold))
    }
}

/// Asks the exchange that has the journal open to record what is about to be done.
///
/// # Errors
///
/// When it does not within a while: then nothing may be done.
pub(super) fn recorded_first(data: &Path, action: Action) -> anyhow::Result<Recorded> {
    let from = money_end(data)?;
    let admin = Admin { by: BY.into(), action };
    let mut recorded = asked(data, from, &admin)?;
    if let (Recorded::Asked, Some(request)) = &recorded
        && !request.withdraw()?
    {
        // It was taken at the last moment.
        recorded.0 = found(data, from, &admin)?;
    }
    if recorded.0 == Recorded::Asked {
        anyhow::bail!(
            "the exchange that has the journal open did not record it within {PATIENCE:?}, so nothing \
             was done: stop it, or let `journal.retention` do it"
        );
    }
    Ok(recorded.0)
}

/// Waits until a checkpoint of the exchange signs a record.
///
/// # Errors
///
/// When none does within a while: then nothing may be done yet.
pub(super) fn signed(data: &Path, index: u64) -> anyhow::Result<()> {
    if is_signed(data, index)? {
        return Ok(());
    }
    anyhow::bail!(
        "recorded as money record {index}, and no checkpoint of the exchange signs it within \
         {SIGNING:?}, so nothing was done: see what holds up its log, then ask again"
    );
}

/// Waits until a checkpoint signs a record; says whether one does.
fn is_signed(data: &Path, index: u64) -> anyhow::Result<bool> {
    let until = Instant::now() + SIGNING;
    while !prune::is_signed(data, index)? {
        if until <= Instant::now() {
            return Ok(false);
        }
        park_timeout(LOOK);
    }
    Ok(true)
}

/// Asks the exchange that has the journal open to record what was done, and waits until that is
/// signed: a copy of the folder that was made before would not verify. What it does not record in
/// time stays asked.
///
/// # Errors
///
/// When the file system refuses.
pub(super) fn recorded_after(data: &Path, action: Action) -> anyhow::Result<Recorded> {
    let admin = Admin { by: BY.into(), action };
    match asked(data, money_end(data)?, &admin)?.0 {
        Recorded::At(index) if !is_signed(data, index)? => Ok(Recorded::Unsigned(index)),
        recorded => Ok(recorded),
    }
}

/// Asks, and waits for the record; returns what is asked still if it does not come.
fn asked(
    data: &Path,
    from: u64,
    admin: &Admin,
) -> anyhow::Result<(Recorded, Option<asked::Asked>)> {
    let request = asked::ask(data, &admin.text())?;
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if request.is_recorded() {
            return Ok((found(data, from, admin)?, None));
        }
        park_timeout(LOOK);
    }
    Ok((Recorded::Asked, Some(request)))
}

/// Returns the index after the last record of the money stream.
fn money_end(data: &Path) -> anyhow::Result<u64> {
    let last = journal::files(data, Stream::Money)?.last().map_or(0, |file| file.first);
    let mut end = last;
    for frame in frames_from(data, Stream::Money, last)? {
        end = frame?.index + 1;
    }
    Ok(end)
}

/// Finds the record of an action from an index on.
fn found(data: &Path, from: u64, admin: &Admin) -> anyhow::Result<Recorded> {
    for frame in frames_from(data, Stream::Money, from)? {
        let frame = frame?;
        if read::read(&frame.payload).is_ok_and(|record| record.admin().as_ref() == Ok(admin)) {
            return Ok(Recorded::At(frame.index));
        }
    }
    Ok(Recorded::Asked)
}

/// Records a start, what it found, an action, and a stop; returns the index of the action's record.
fn begin_and_end(
    journal: &Journal,
    node: &str,
    data: &Path,
    action: Option<Action>,
) -> anyhow::Result<Option<u64>> {
    life::begin(journal, node, data)?;
    let mut pending = None;
    if let Some(action) = action {
        let permit = journal.permit(Stream::Money).context("the journal takes no records")?;
        let head = life::head(journal, node, permit.seq(), clock::now());
        let admin = Admin { by: BY.into(), action };
        pending = Some(permit.append(record::admin::admin(&head, &entropy::draw(), &admin)));
    }
    life::end(journal, |seq| life::head(journal, node, seq, clock::now()));
    let Some(pending) = pending else { return Ok(None) };
    match pending.wait_blocking() {
        Flush::Flushed { index } => Ok(Some(index)),
        Flush::Late | Flush::Refused => {
            let why = journal.failure();
            anyhow::bail!(
                "the journal could not write: {}",
                why.as_deref().unwrap_or("it is closed")
            )
        }
    }
}

/// Returns the anchor that the config of the command line names, if it is of the same node.
fn anchor(common: &Common, identity: &Identity) -> anyhow::Result<Option<Arc<Path>>> {
    if common.config.is_none() {
        return Ok(None);
    }
    let loaded = load::config(common, Secrets::Skip)?.context("the config has problems")?;
    let same = loaded.market.domain == identity.domain && loaded.market.node == identity.node;
    Ok(loaded.settings.anchor.filter(|_| same).map(Arc::from))
}

/// Says whether a command ended for want of room.
fn is_full(error: &anyhow::Error) -> bool {
    let full = |error: &io::Error| {
        matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    };
    error.chain().any(|cause| cause.downcast_ref().is_some_and(full))
}

/// Returns whose journal it is: its key says so.
fn identity(data: &Path) -> anyhow::Result<Identity> {
    let key = keys::verifier(data, Stream::Money.name())?;
    let suffix = format!("/{}", Stream::Money.name());
    let origin = key.name().strip_suffix(&*suffix).and_then(|rest| rest.rsplit_once('/'));
    let (domain, node) = origin.context("the key of the money log names no node")?;
    Ok(Identity { domain: Arc::from(domain), node: Arc::from(node) })
}

/// What is said where not even the ballast makes room for a record of what is to be done.
const FULL: &str = "the disk is full, and there is no ballast to give up: nothing was done, for want of \
                    the 65536 bytes that a record of it and the next checkpoint may take";
/// Who acts, as records tell it.
const BY: &str = "cli";
/// How long the exchange has to record what it is asked to: it looks once a second.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it has to sign that: `journal.checkpoint` is a minute at most.
const SIGNING: Duration = Duration::from_secs(70);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(20);
