//! Records what a command did to the journal (kind 10), where nobody else has it open.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::cli::life;
use crate::io::journal::{Durability, Flush, Identity, Journal, JournalError, Stream};
use crate::io::{clock, entropy, keys};
use crate::wire::record::admin::{Action, Admin};
use crate::wire::record::{self, read};

/// What came of recording an action.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Recorded {
    /// Nothing was done, so there is nothing to record.
    Nothing,
    /// At this index of the money stream.
    At(u64),
    /// It was not recorded.
    Not(String),
}

impl Recorded {
    /// Says it in text.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Nothing => "nothing to record".to_owned(),
            Self::At(index) => format!("recorded as money record {index}"),
            Self::Not(why) => format!("not recorded: {why}"),
        }
    }

    /// Returns the index of the record.
    pub(super) fn index(&self) -> Option<u64> {
        match self {
            Self::At(index) => Some(*index),
            Self::Nothing | Self::Not(_) => None,
        }
    }
}

/// Records an action, as a start of the node that does nothing else. What was done is done: a
/// record that cannot be written is told, not a failure.
pub(super) fn record(data: &Path, action: Action) -> Recorded {
    match append(data, action) {
        Ok(index) => Recorded::At(index),
        Err(error) => {
            let why = match error.downcast_ref::<JournalError>() {
                Some(JournalError::Locked { .. }) => {
                    "an exchange has the journal open, and only it may append".to_owned()
                }
                _ => format!("{error:#}"),
            };
            Recorded::Not(why)
        }
    }
}

fn append(data: &Path, action: Action) -> anyhow::Result<u64> {
    let identity = identity(data)?;
    let journal = Journal::open(data, &identity, Durability::Flushed, read::is_start)?;
    let node = &*identity.node;
    life::begin(&journal, node, data)?;
    let permit = journal.permit(Stream::Money).context("the journal takes no records")?;
    let head = life::head(&journal, node, permit.seq(), clock::now());
    let admin = Admin { by: "cli".into(), action };
    let pending = permit.append(record::admin::admin(&head, &entropy::draw(), &admin));
    life::end(&journal, |seq| life::head(&journal, node, seq, clock::now()));
    let flushed = pending.wait_blocking();
    journal.close();
    match flushed {
        Flush::Flushed { index } => Ok(index),
        Flush::Late | Flush::Refused => anyhow::bail!("the journal could not write"),
    }
}

/// Returns whose journal it is: its key says so.
fn identity(data: &Path) -> anyhow::Result<Identity> {
    let key = keys::verifier(data, Stream::Money.name())?;
    let suffix = format!("/{}", Stream::Money.name());
    let origin = key.name().strip_suffix(&*suffix).and_then(|rest| rest.rsplit_once('/'));
    let (domain, node) = origin.context("the key of the money log names no node")?;
    Ok(Identity { domain: Arc::from(domain), node: Arc::from(node) })
}
