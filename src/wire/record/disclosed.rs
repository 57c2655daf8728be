//! Single sections of a record: proved to belong to its root, and read one by one.
//!
//! A party is shown some sections and never the record key. Each comes with its salt and the hashes
//! beside its way up to the root; nothing else of the record is told but how many hashes there are.

use tlog::tree::{Hash, node};

use crate::model::bid::Reply;
use crate::model::ids::BidderId;
use crate::model::money::Currency;
use crate::wire::record::outcome::read::{Counts, OwnFates, Sales};
use crate::wire::record::read::{Body, Record, RecordError, Section};
use crate::wire::record::seal::{Entry, commitment, leaf};
use crate::wire::record::texts::Texts;
use crate::wire::record::{BIDDER, MARKUP, OUTCOME, bidder, outcome, seller};

/// A section with what proves it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Disclosed {
    /// Its name.
    pub name: Box<str>,
    /// The salt of its commitment.
    pub salt: [u8; 16],
    /// Its JSON or markup.
    pub bytes: Vec<u8>,
    /// The way to the record root, leaf side first.
    pub path: Vec<Step>,
}

/// One hash on the way to the root, and the side it stands on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// It is the left one of two.
    Left(Hash),
    /// It is the right one of two.
    Right(Hash),
}

impl Disclosed {
    /// Returns the root of the record that this section belongs to, if its path is right.
    #[must_use]
    pub fn root(&self) -> Hash {
        let own = leaf(&*self.name, &commitment(&*self.name, &self.salt, &self.bytes));
        self.path.iter().fold(own, |hash, step| match step {
            Step::Left(left) => node(left, &hash),
            Step::Right(right) => node(&hash, right),
        })
    }

    /// Says whether this section stands left of another in the tree that both paths lead up.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        let turns = |it: &Self| -> Vec<bool> {
            it.path.iter().rev().map(|step| matches!(step, Step::Left(_))).collect()
        };
        let (own, other) = (turns(self), turns(other));
        // Of a leaf and what would stand below it, neither is before the other.
        own < other && !other.starts_with(&own)
    }
}

/// Returns the sections of a record that `may_see` names and that are not erased, in their order.
#[must_use]
pub fn disclose(record: &Record, may_see: impl Fn(&str) -> bool) -> Vec<Disclosed> {
    let sections = record.sections();
    let leaves: Vec<Hash> = sections.iter().map(leaf_of).collect();
    let mut paths = vec![Vec::new(); leaves.len()];
    climb(&leaves, &mut paths);
    let shown = sections.iter().zip(paths).filter(|(section, _)| may_see(&section.name));
    let shown = shown.filter_map(|(section, path)| match &section.body {
        Body::Kept { salt, bytes } => {
            Some(Disclosed { name: section.name.clone(), salt: *salt, bytes: bytes.clone(), path })
        }
        Body::Erased(_) => None,
    });
    shown.collect()
}

/// Makes a record of the sections one is shown, each already proved to lead to the entry's root.
///
/// # Errors
///
/// When the head is missing, or tells another kind, id or time than the entry.
pub fn record(entry: &Entry, sections: &[Disclosed]) -> Result<Record, RecordError> {
    let kept = |it: &Disclosed| Section {
        name: it.name.clone(),
        body: Body::Kept { salt: it.salt, bytes: it.bytes.clone() },
    };
    Record::of_sections(entry, [0; 32], sections.iter().map(kept).collect())
}

impl Record {
    /// Returns the ids of the bidders whose sections are here, in the order of their names.
    pub fn bidders(&self) -> impl Iterator<Item = &str> {
        self.sections().iter().filter_map(|section| section.name.strip_prefix(BIDDER))
    }

    /// Returns what came of asking a bidder.
    ///
    /// # Errors
    ///
    /// When its section is missing or not as it should be.
    pub fn reply(&self, bidder: &BidderId) -> Result<Reply, RecordError> {
        let name = format!("{BIDDER}{bidder}");
        let read = |bytes| bidder::read(bytes, bidder, None, &mut Texts::default());
        self.told(&name, read).map(|(reply, _)| reply)
    }

    /// Returns the auction's currency, as the seller's terms name it.
    ///
    /// # Errors
    ///
    /// When the section is missing or not as it should be.
    pub fn currency(&self) -> Result<Currency, RecordError> {
        let read = |bytes| seller::read(bytes, &mut Texts::default());
        self.told(SELLER, read).map(|(_, plan)| plan.terms.currency)
    }

    /// Returns the counts that everyone is shown.
    ///
    /// # Errors
    ///
    /// When the section is missing or not as it should be.
    pub fn counts(&self) -> Result<Counts, RecordError> {
        self.told(OUTCOME, outcome::read::counts)
    }

    /// Returns what became of a bidder's bids; none when the section is not here.
    ///
    /// # Errors
    ///
    /// When the section is not as it should be.
    pub fn fates(&self, bidder: &BidderId) -> Result<Option<OwnFates<'_>>, RecordError> {
        let name = format!("{OUTCOME}:{bidder}");
        let here = self.section(&name).is_some();
        here.then(|| self.told(&name, outcome::read::fates)).transpose()
    }

    /// Returns what the publisher is shown of the outcome.
    ///
    /// # Errors
    ///
    /// When the section is missing or not as it should be.
    pub fn sales(&self) -> Result<Sales<'_>, RecordError> {
        self.told(SALES, outcome::read::sales)
    }

    /// Reads a section that must be here.
    fn told<'a, T>(
        &'a self,
        name: &str,
        read: impl FnOnce(&'a [u8]) -> Option<T>,
    ) -> Result<T, RecordError> {
        let bytes = self.section(name).ok_or_else(|| RecordError::Missing(name.into()))?;
        read(bytes).ok_or_else(|| RecordError::Content(name.into()))
    }
}

/// Returns the name of the markup section of a win, by its number from 1.
#[must_use]
pub fn markup_name(number: usize) -> String {
    format!("{MARKUP}{number}")
}

fn leaf_of(section: &Section) -> Hash {
    leaf(
        &*section.name,
        &match &section.body {
            Body::Kept { salt, bytes } => commitment(&*section.name, salt, bytes),
            Body::Erased(commitment) => *commitment,
        },
    )
}

/// Returns the root over some leaves, and notes for each what stands beside its way.
fn climb(leaves: &[Hash], paths: &mut [Vec<Step>]) -> Hash {
    match leaves {
        [] => tlog::tree::empty(),
        [leaf] => *leaf,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(middle);
            let (left_paths, right_paths) = paths.split_at_mut(middle);
            let (left, right) = (climb(left, left_paths), climb(right, right_paths));
            left_paths.iter_mut().for_each(|path| path.push(Step::Right(right)));
            right_paths.iter_mut().for_each(|path| path.push(Step::Left(left)));
            node(&left, &right)
        }
    }
}

/// What was sold, as asked for.
const SELLER: &str = "seller";
/// The section of the outcome that the publisher is shown.
const SALES: &str = "outcome:seller";
