//! From the payload of a frame back to a record, and to the input of its auction.
//!
//! A payload may be hostile: no length in it is believed before the bytes are there, and nothing
//! is handed out whose commitment does not lead to the entry's root.

use serde::Deserialize;

use crate::model::ids::AuctionId;
use crate::model::plan::AuctionInput;
use crate::model::time::UnixMillis;
use crate::wire::explain::Asked;
use crate::wire::record::lifecycle::LifecycleForm;
use crate::wire::record::read::view::{Lying, View};
use crate::wire::record::seal::Entry;
use crate::wire::record::texts::Texts;
use crate::wire::record::{CONFIG, Kind, LIFECYCLE, Lifecycle, OUTCOME};

mod input;
pub mod sections;
pub mod view;

/// A record whose sections lead to its root.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it is about.
    pub kind: Kind,
    /// Its id; of kind 1 the auction's.
    pub id: AuctionId,
    /// When it was made.
    pub at: UnixMillis,
    /// The root its entry carries.
    pub root: [u8; 32],
    key: [u8; 32],
    head: HeadFacts,
    sections: Vec<Section>,
}

/// One section of a record.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name.
    pub name: Box<str>,
    /// What is left of it.
    pub body: Body,
}

/// The content of a section, or what is left of it.
#[derive(Clone, Debug)]
pub enum Body {
    /// Its bytes, uncompressed, and the salt of its commitment.
    Kept {
        /// The salt.
        salt: [u8; 16],
        /// The JSON or markup.
        bytes: Vec<u8>,
    },
    /// Only its commitment.
    Erased([u8; 32]),
}

/// What the head says besides kind, id and time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeadFacts {
    /// The name of the node.
    pub node: Box<str>,
    /// The start counter of the node.
    pub boot: u64,
    /// The number of the record, dense per start and stream.
    pub seq: u64,
    /// Index in the money stream and record root of the config in force.
    pub config: Option<(u64, [u8; 32])>,
    /// The same of the rates of exchange in force.
    pub rates: Option<(u64, [u8; 32])>,
    /// Name and version of the program.
    pub build: Box<str>,
    /// The version of the auction's rules; auctions only.
    pub rules: Option<u32>,
    /// The tie-break seed; auctions only.
    pub seed: Option<[u8; 16]>,
    /// Whether the auction is a test.
    pub test: bool,
}

/// Why a payload is not a record, or a record not what was asked for; always the journal's fault.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RecordError {
    /// The payload ends early, runs on, or starts with no entry of version 1.
    #[error("record: not the payload of a frame")]
    Malformed,
    /// The kind is not one that is built.
    #[error("record: kind {0} is not known")]
    Kind(u8),
    /// A section is not as its form says, or the section names are not in order.
    #[error("record: section {0:?} cannot be read")]
    Section(Box<str>),
    /// The sections unpack to more than a record may hold.
    #[error("record: sections are larger than {MAX_UNPACKED} bytes together")]
    TooLarge,
    /// The sections do not lead to the root in the entry.
    #[error("record: the sections do not give the root of the entry")]
    Root,
    /// The head tells another kind, id or time than the entry.
    #[error("record: head and entry disagree")]
    Head,
    /// The section is not there, or erased.
    #[error("record: section {0:?} is missing")]
    Missing(Box<str>),
    /// A section is not the JSON it should be, or holds a value no auction can have.
    #[error("record: section {0:?} holds what it must not")]
    Content(Box<str>),
}

/// Reads a payload and verifies it against the root in its entry.
///
/// # Errors
///
/// Says what is wrong with the first part that is.
pub fn read(payload: &[u8]) -> Result<Record, RecordError> {
    view::view(payload).map(View::into_record)
}

/// Says whether a payload is a record of a start of the node.
#[must_use]
pub fn is_start(payload: &[u8]) -> bool {
    let life = Entry::read(payload).is_some_and(|entry| entry.kind == Kind::Lifecycle.number());
    life && matches!(
        read(payload).and_then(|record| record.lifecycle()),
        Ok(Lifecycle::Start | Lifecycle::NewOrigin { .. })
    )
}

impl Record {
    /// Makes a record of sections that are known to lead to the entry's root, in order of names.
    ///
    /// # Errors
    ///
    /// When its kind is not known, or the head is missing or tells another kind, id or time.
    pub(super) fn of_sections(
        entry: &Entry,
        key: [u8; 32],
        sections: Vec<Section>,
    ) -> Result<Self, RecordError> {
        let kind = Kind::of(entry.kind).ok_or(RecordError::Kind(entry.kind))?;
        let id = AuctionId::new(entry.id);
        let head = sections.iter().find(|section| &*section.name == HEAD).map(|it| &it.body);
        let Some(Body::Kept { bytes, .. }) = head else { return Err(missing(HEAD)) };
        let head = view::head_facts(bytes, kind, id, entry.at)?;
        Ok(Self { kind, id, at: entry.at, root: entry.root, key, head, sections })
    }

    /// Returns all sections in the order of their names.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Returns the bytes of a section, if it is there and not erased.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&[u8]> {
        let index =
            self.sections.binary_search_by(|section| section.name.as_bytes().cmp(name.as_bytes()));
        match &self.sections[index.ok()?].body {
            Body::Kept { bytes, .. } => Some(bytes),
            Body::Erased(_) => None,
        }
    }

    /// Returns the sections that a replay must give again, as `outcome_sections` orders them.
    pub fn outcome_sections(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.sections.iter().filter_map(|section| match &section.body {
            Body::Kept { bytes, .. } if section.name.starts_with(OUTCOME) => {
                Some((&*section.name, bytes.as_slice()))
            }
            Body::Kept { .. } | Body::Erased(_) => None,
        })
    }

    /// Returns what the head says.
    ///
    /// # Errors
    ///
    /// None: a record is read with its head.
    pub fn head(&self) -> Result<HeadFacts, RecordError> {
        Ok(self.head.clone())
    }

    /// Returns what happened to the node, of a record of kind 11.
    ///
    /// # Errors
    ///
    /// When it is a record of another kind or does not say.
    pub fn lifecycle(&self) -> Result<Lifecycle, RecordError> {
        let form: LifecycleForm<'_> = self.form(LIFECYCLE)?;
        form.event().ok_or_else(|| content(LIFECYCLE))
    }

    /// Returns the canonical JSON of the market, of a record of kind 8.
    ///
    /// # Errors
    ///
    /// When it is a record of another kind.
    pub fn config(&self) -> Result<&[u8], RecordError> {
        self.section(CONFIG).ok_or_else(|| missing(CONFIG))
    }

    /// Returns who asked for what, of an auction.
    ///
    /// # Errors
    ///
    /// When a section is missing, or is not as it should be.
    pub fn asked(&self) -> Result<Asked, RecordError> {
        input::asked(&self.view())
    }

    /// Returns the input of the auction, from which `decide` gives the same outcome again.
    ///
    /// Not kept are `Creative`, the nonce key, media files of bids where no rule reads them, and what
    /// of a bidder no decision reads.
    ///
    /// # Errors
    ///
    /// When a section is missing, or holds a value that no auction can have.
    pub fn auction_input(&self) -> Result<AuctionInput, RecordError> {
        input::auction(&self.view(), &mut Texts::default()).map(|(_, input)| input)
    }

    /// Returns the same record, borrowed.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        let sections = self.sections.iter().map(Lying::of).collect();
        View {
            kind: self.kind,
            id: self.id,
            at: self.at,
            root: self.root,
            key: self.key,
            head: self.head.clone(),
            sections,
        }
    }

    /// Reads a small section that serde writes.
    pub(super) fn form<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<T, RecordError> {
        let bytes = self.section(name).ok_or_else(|| missing(name))?;
        serde_json::from_slice(bytes).map_err(|_| content(name))
    }
}

/// Says that a section is not there.
fn missing(section: &str) -> RecordError {
    RecordError::Missing(section.into())
}

/// Says that a section holds what it must not.
fn content(section: &str) -> RecordError {
    RecordError::Content(section.into())
}

const HEAD: &str = "head";
/// What the sections of one record may unpack to together.
pub const MAX_UNPACKED: usize = 32 << 20;

#[cfg(test)]
mod tests;
