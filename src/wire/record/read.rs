//! From the payload of a frame back to a record, and to the input of its auction.
//!
//! A payload may be hostile: no length in it is believed before the bytes are there, and nothing
//! is handed out whose commitment does not lead to the entry's root.

use std::collections::BTreeSet;
use std::io::Read;

use serde::Deserialize;

use crate::model::ids::{AuctionId, BidderId};
use crate::model::plan::{AuctionInput, Chosen, Draw, Offer};
use crate::model::reason::CallReason;
use crate::model::time::UnixMillis;
use crate::wire::explain::Asked;
use crate::wire::record::bidder::BidderForm;
use crate::wire::record::lifecycle::LifecycleForm;
use crate::wire::record::ops::OpsForm;
use crate::wire::record::seal::{
    Entry, FORM_ERASED, FORM_PLAIN, FORM_ZSTD, USER, commitment, leaf, root, salt,
};
use crate::wire::record::seller::Seller;
use crate::wire::record::{
    BIDDER, CONFIG, HEAD_VERSION, HeadForm, Kind, LIFECYCLE, Lifecycle, OUTCOME, id_text,
};

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
    let entry = Entry::read(payload).ok_or(RecordError::Malformed)?;
    Kind::of(entry.kind).ok_or(RecordError::Kind(entry.kind))?;
    let mut cursor = Cursor { rest: &payload[Entry::BYTES..], room: MAX_UNPACKED };
    let key: [u8; 32] = cursor.array()?;
    let count = u16::from_le_bytes(cursor.array()?);
    let mut sections: Vec<Section> = Vec::new();
    let mut leaves = Vec::new();
    for _ in 0..count {
        let section = cursor.section(&key)?;
        if sections.last().is_some_and(|last| section.name.as_bytes() <= last.name.as_bytes()) {
            return Err(RecordError::Section(section.name));
        }
        let commitment = match &section.body {
            Body::Kept { salt, bytes } => commitment(&section.name, salt, bytes),
            Body::Erased(commitment) => *commitment,
        };
        leaves.push(leaf(&section.name, &commitment));
        sections.push(section);
    }
    if !cursor.rest.is_empty() {
        return Err(RecordError::Malformed);
    }
    if root(&leaves) != entry.root {
        return Err(RecordError::Root);
    }
    Record::of_sections(&entry, key, sections)
}

/// Says whether a payload is a record of a start of the node.
#[must_use]
pub fn is_start(payload: &[u8]) -> bool {
    Entry::read(payload).is_some_and(|entry| entry.kind == Kind::Lifecycle.number())
        && read(payload).and_then(|record| record.lifecycle()) == Ok(Lifecycle::Start)
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
        let record = Self { kind, id, at: entry.at, root: entry.root, key, sections };
        let head = record.head_form()?;
        let same = head.kind == kind && head.id == id_text(kind, id) && head.ts.0 == entry.at.0;
        if same && head.v == HEAD_VERSION { Ok(record) } else { Err(RecordError::Head) }
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
    /// When the head is not as it should be.
    pub fn head(&self) -> Result<HeadFacts, RecordError> {
        let head = self.head_form()?;
        Ok(HeadFacts {
            node: Box::from(&*head.node),
            boot: head.boot.0,
            seq: head.seq.0,
            config: head.cfg.map(|cfg| (cfg.index.0, cfg.hash.0)),
            rates: head.fx.map(|fx| (fx.index.0, fx.hash.0)),
            build: Box::from(&*head.build),
            rules: head.rules,
            test: head.test.unwrap_or(false),
        })
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
        self.section(CONFIG).ok_or_else(|| RecordError::Missing(CONFIG.into()))
    }

    /// Returns who asked for what, of an auction.
    ///
    /// # Errors
    ///
    /// When a section is missing, or is not as it should be.
    pub fn asked(&self) -> Result<Asked, RecordError> {
        let test = self.head_form()?.test.unwrap_or(false);
        let seller: Seller<'_> = self.form("seller")?;
        Ok(seller.asked(self.at, test))
    }

    /// Returns the input of the auction, from which `decide` gives the same outcome again.
    ///
    /// Not kept are `Creative`, the nonce key, and what of a bidder no decision reads.
    ///
    /// # Errors
    ///
    /// When a section is missing, or holds a value that no auction can have.
    pub fn auction_input(&self) -> Result<AuctionInput, RecordError> {
        let head = self.head_form()?;
        let seed = head.seed.ok_or_else(|| content("head"))?;
        let seller: Seller<'_> = self.form("seller")?;
        let mut plan = seller.plan().ok_or_else(|| content("seller"))?;
        let ops: OpsForm<'_> = self.form("ops")?;
        let (mut replies, mut offers) = (Vec::new(), Vec::new());
        for id in &ops.replies {
            let name = format!("{BIDDER}{id}");
            let form: BidderForm<'_> = self.form(&name)?;
            let id = BidderId::new(&**id);
            replies.push(form.reply(&id).ok_or_else(|| content(&name))?);
            let offer = form.offer(&id);
            let imps = offer.iter().flat_map(|offer| &offer.imps);
            if imps.map(|imp| imp.part).any(|part| plan.parts.len() <= part) {
                return Err(content(&name));
            }
            offers.extend(offer);
        }
        let sections = self.sections.iter().filter(|section| section.name.starts_with(BIDDER));
        let distinct: BTreeSet<&str> = ops.replies.iter().map(|id| &**id).collect();
        let whole = sections.count() == replies.len() && distinct.len() == replies.len();
        let ordered = offers_in_order(&ops, offers).filter(|_| whole);
        let offers = ordered.ok_or_else(|| content("ops"))?;
        let chosen = chosen(&ops, offers.len()).ok_or_else(|| content("ops"))?;
        let skipped = ops
            .unoffered
            .iter()
            .map(|(id, why)| CallReason::from_name(why).map(|why| (BidderId::new(&**id), why)));
        let skipped = skipped.collect::<Option<_>>().ok_or_else(|| content("ops"))?;
        let draw = Draw {
            auction: self.id,
            seed: seed.0,
            record_key: self.key,
            user_salt: self.user_salt().unwrap_or_default(),
            nonce_key: [0; 32],
        };
        (plan.offers, plan.skipped) = (offers, skipped);
        Ok(AuctionInput { draw, plan, chosen, replies })
    }

    fn head_form(&self) -> Result<HeadForm<'_>, RecordError> {
        self.form("head")
    }

    pub(super) fn form<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<T, RecordError> {
        let bytes = self.section(name).ok_or_else(|| RecordError::Missing(name.into()))?;
        serde_json::from_slice(bytes).map_err(|_| content(name))
    }

    fn user_salt(&self) -> Option<[u8; 16]> {
        self.sections.iter().find(|section| &*section.name == USER).and_then(
            |section| match section.body {
                Body::Kept { salt, .. } => Some(salt),
                Body::Erased(_) => None,
            },
        )
    }
}

/// Puts the offers into the market's order; `None` when they are not those it names.
fn offers_in_order(ops: &OpsForm<'_>, mut offers: Vec<Offer>) -> Option<Vec<Offer>> {
    if offers.len() != ops.offers.len() {
        return None;
    }
    let mut ordered = Vec::with_capacity(offers.len());
    for id in &ops.offers {
        let place = offers.iter().position(|offer| offer.bidder.id.as_str() == id)?;
        ordered.push(offers.swap_remove(place));
    }
    Some(ordered)
}

/// Reads who was asked; `None` when an index names no offer or a reason is unknown.
fn chosen(ops: &OpsForm<'_>, offers: usize) -> Option<Chosen> {
    let skipped = ops.skipped.iter().map(|(index, why)| {
        CallReason::from_name(why).filter(|_| *index < offers).map(|why| (*index, why))
    });
    let skipped = skipped.collect::<Option<_>>()?;
    let inside = ops.asked.iter().all(|index| *index < offers);
    inside.then(|| Chosen { asked: ops.asked.clone(), skipped })
}

/// Says that a section holds what it must not.
fn content(section: &str) -> RecordError {
    RecordError::Content(section.into())
}

/// What of a payload is not read yet.
struct Cursor<'a> {
    rest: &'a [u8],
    /// How many bytes sections may still unpack to.
    room: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], RecordError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(RecordError::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RecordError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(RecordError::Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn section(&mut self, key: &[u8; 32]) -> Result<Section, RecordError> {
        let [length] = self.array()?;
        let name = self.take(usize::from(length))?;
        let name = std::str::from_utf8(name).map_err(|_| RecordError::Malformed)?;
        if name.is_empty() || name.contains(char::is_control) {
            return Err(RecordError::Section(name.into()));
        }
        let [form] = self.array()?;
        let own = name == USER && form != FORM_ERASED;
        let salt = if own { self.array()? } else { salt(key, name) };
        let length = u32::from_le_bytes(self.array()?);
        let length = usize::try_from(length).map_err(|_| RecordError::Malformed)?;
        let stored = self.take(length)?;
        let body = match form {
            FORM_PLAIN => Body::Kept { salt, bytes: self.plain(stored)? },
            FORM_ZSTD => Body::Kept { salt, bytes: self.unpacked(name, stored)? },
            FORM_ERASED => {
                let commitment = stored.try_into();
                Body::Erased(commitment.map_err(|_| RecordError::Section(name.into()))?)
            }
            _ => return Err(RecordError::Section(name.into())),
        };
        Ok(Section { name: name.into(), body })
    }

    fn plain(&mut self, stored: &[u8]) -> Result<Vec<u8>, RecordError> {
        self.room = self.room.checked_sub(stored.len()).ok_or(RecordError::TooLarge)?;
        Ok(stored.to_vec())
    }

    /// Unpacks a zstd frame as far as there is room, whatever size it claims.
    fn unpacked(&mut self, name: &str, stored: &[u8]) -> Result<Vec<u8>, RecordError> {
        let broken = |_| RecordError::Section(name.into());
        let mut decoder = zstd::stream::read::Decoder::with_buffer(stored).map_err(broken)?;
        decoder.window_log_max(MAX_WINDOW_LOG).map_err(broken)?;
        let limit = u64::try_from(self.room).map_err(|_| RecordError::TooLarge)?;
        let mut bytes = Vec::new();
        decoder.take(limit + 1).read_to_end(&mut bytes).map_err(broken)?;
        self.room = self.room.checked_sub(bytes.len()).ok_or(RecordError::TooLarge)?;
        Ok(bytes)
    }
}

/// What the sections of one record may unpack to together.
pub const MAX_UNPACKED: usize = 32 << 20;
/// The largest zstd window taken: level 1 uses at most 2^19 bytes.
const MAX_WINDOW_LOG: u32 = 22;

#[cfg(test)]
mod tests;
