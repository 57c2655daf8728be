//! The record of an auction: its sections, its figures, and with `--deep` the decision again.

use crate::audit::figures::{self, Told};
use crate::audit::replies;
use crate::audit::rules::{self, NewerRules};
use crate::audit::verify::record::{Checks, Found, TWICE};
use crate::io::journal::JournalError;
use crate::model::outcome::Outcome;
use crate::model::plan::AuctionInput;
use crate::wire::explain::Asked;
use crate::wire::record::outcome::differing;
use crate::wire::record::read::view::View;
use crate::wire::record::read::{RecordError, sections};
use crate::wire::record::texts::Texts;

/// An auction decided again.
struct Again {
    asked: Asked,
    input: AuctionInput,
    decided: Result<Decided, NewerRules>,
}

/// What its rules give.
struct Decided {
    outcome: Outcome,
    /// Names of the sections that come out otherwise.
    differing: Vec<String>,
}

impl Checks {
    /// Checks what only the record of an auction has.
    pub(super) fn auction(
        &mut self,
        record: &View<'_>,
        found: &mut Found<'_>,
    ) -> Result<(), JournalError> {
        found.report.auctions += 1;
        if !self.ids.add(record.id.bytes()) {
            found.here("id", TWICE.to_owned());
        }
        if !self.deep {
            told(record, found);
            return Ok(());
        }
        found.report.replayed += 1;
        let again = match again(record, &mut self.texts) {
            Ok(again) => again,
            Err(error) => {
                told(record, found);
                found.wrong(&error);
                return Ok(());
            }
        };
        let same = told_alike(record, &again);
        let told = match same {
            Some(told) => {
                let wins = told.sales().len();
                for (section, what) in sections::decided_faults(record, &again.input, wins) {
                    found.here(&section, what.to_owned());
                }
                told
            }
            None => told(record, found),
        };
        for (section, what) in sections::markup(record, &again.input, told.sales()) {
            found.here(&section, what.to_owned());
        }
        for (section, what) in replies::faults(&again.asked, &again.input) {
            found.here(&section, what);
        }
        self.cited.compare(record.head(), &again.asked, &again.input, found)?;
        match &again.decided {
            Ok(Decided { differing, .. }) => {
                for section in differing {
                    found.here(section, "decided again, it comes out otherwise".to_owned());
                }
            }
            Err(newer) => found.here("rules", newer.to_string()),
        }
        Ok(())
    }
}

/// Reads what a record tells, holds its figures against one another, and returns it.
fn told<'a>(record: &'a View<'_>, found: &mut Found<'_>) -> Told<'a> {
    let told = figures::read(record);
    let asked = told.counts.map(|counts| counts.asked);
    for (section, what) in sections::auction_faults(record, told.sales().len(), asked) {
        found.here(&section, what.to_owned());
    }
    for (section, what) in figures::faults(record, &told) {
        found.here(&section, what);
    }
    told
}

/// Returns what the record of an auction tells that comes out as it was recorded, with nothing wrong
/// in its figures: its sections are those that the decision gives, byte for byte, and are not read
/// once more. Of any other they are, so that what is wrong is told by its section.
fn told_alike<'a>(record: &View<'_>, again: &'a Again) -> Option<Told<'a>> {
    let Decided { outcome, differing } = again.decided.as_ref().ok()?;
    if !differing.is_empty() {
        return None;
    }
    let told = figures::decided(&again.input, outcome);
    let faults = figures::decided_faults(record, &told, &again.input, outcome);
    faults.is_empty().then_some(told)
}

/// Decides an auction again by the rules of its record.
fn again(record: &View<'_>, texts: &mut Texts) -> Result<Again, RecordError> {
    let (asked, input) = record.auction(texts)?;
    let differ = |outcome: &Outcome| differing(record, &input, outcome);
    let decided = rules::decide_again(record.head().rules, &input, differ);
    let decided = decided.map(|(outcome, differing)| Decided { outcome, differing });
    Ok(Again { asked, input, decided })
}
