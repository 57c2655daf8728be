//! Which decision made a record: the table of released rules.
//!
//! A record names the version it was decided by, and that version is what decides it again. Released
//! rules are never edited. Whoever changes what any auction comes to keeps the modules of `auction`
//! as they are under another name (`auction_v1`), adds a row here, raises `wire::record::RULES`, and
//! adds a journal of the new version beside `tests/data/journal/v1`.

use crate::auction::decide;
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;
use crate::wire::record::RULES;

/// A record was decided by rules that this build does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the auction was decided by rules {0}; this build knows 1 to {RULES}: use a newer one")]
pub struct NewerRules(pub u32);

/// Decides an auction by the rules of its record.
///
/// # Errors
///
/// When this build does not have them. A record that names none is one of version 0, which never
/// was.
pub fn decide(rules: Option<u32>, input: &AuctionInput) -> Result<Outcome, NewerRules> {
    match rules.unwrap_or(0) {
        1 => Ok(decide::decide(input)),
        other => Err(NewerRules(other)),
    }
}

#[cfg(test)]
mod tests;
