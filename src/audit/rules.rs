//! Which decision made a record: the table of released rules.
//!
//! A record names the version it was decided by, and that version is what decides it again. Released
//! rules are never edited. Whoever changes what any auction comes to keeps the modules of `auction`
//! as they are under another name (`auction_v1`), adds a row here, raises `wire::record::RULES`, and
//! adds a journal of the new version beside `tests/data/journal/v1`.

use crate::auction::decide::{decide, decide_at_length};
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;
use crate::wire::record::RULES;

/// A record was decided by rules that this build does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the auction was decided by rules {0}; this build knows 1 to {RULES}: use a newer one")]
pub struct NewerRules(pub u32);

/// Decides an auction by the rules of its record, and returns what `differ` says of the outcome: in
/// what it differs from the recorded one.
///
/// Rules 1 are the best pods within a number of steps, and builds from before the first release took
/// more steps for few bids than later ones: what they recorded as `bounded` may be found whole by
/// now. So where the outcome differs, the longer search has its turn, and a record is sound that has
/// all that the one or the other gives, byte for byte.
///
/// # Errors
///
/// When this build does not have them. A record that names none is one of version 0, which never
/// was.
pub fn decide_again<D>(
    rules: Option<u32>,
    input: &AuctionInput,
    differ: impl Fn(&Outcome) -> Vec<D>,
) -> Result<(Outcome, Vec<D>), NewerRules> {
    let version = rules.unwrap_or(0);
    if version != 1 {
        return Err(NewerRules(version));
    }
    let outcome = decide(input);
    let differing = differ(&outcome);
    if differing.is_empty() {
        return Ok((outcome, differing));
    }
    let longer = decide_at_length(input);
    let other = differ(&longer);
    Ok(if other.is_empty() { (longer, other) } else { (outcome, differing) })
}

#[cfg(test)]
mod tests;
