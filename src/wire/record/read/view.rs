//! A payload read where it lies: checked whole, copied only where a section was packed.
//!
//! What verifies or replays millions of records reads them so; `Record` is for what keeps them.

use std::borrow::Cow;
use std::io::Read;

use crate::model::ids::AuctionId;
use crate::model::plan::AuctionInput;
use crate::model::time::UnixMillis;
use crate::wire::explain::Asked;
use crate::wire::record::outcome::read::{Counts, Sales};
use crate::wire::record::prices::{ForSale, Own, Unpaired};
use crate::wire::record::read::{
    Body, HeadFacts, MAX_UNPACKED, Record, RecordError, Section, content, input, missing,
};
use crate::wire::record::seal::{
    Entry, FORM_ERASED, FORM_PLAIN, FORM_ZSTD, Salts, USER, commitment, leaf, root,
};
use crate::wire::record::texts::Texts;
use crate::wire::record::{BIDDER, Kind, OUTCOME, OUTCOME_OF, head, outcome, prices};

/// A record whose sections lead to its root, borrowed from its payload.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// What it is about.
    pub kind: Kind,
    /// Its id; of kind 1 the auction's.
    pub id: AuctionId,
    /// When it was made.
    pub at: UnixMillis,
    /// The root its entry carries.
    pub root: [u8; 32],
    pub(super) key: [u8; 32],
    pub(super) head: HeadFacts,
    /// By name.
    pub(super) sections: Vec<Lying<'a>>,
}

/// One section where it lies.
#[derive(Clone, Debug)]
pub(super) struct Lying<'a> {
    name: &'a str,
    content: Content<'a>,
}

#[derive(Clone, Debug)]
enum Content<'a> {
    Kept { salt: [u8; 16], bytes: Cow<'a, [u8]> },
    Erased([u8; 32]),
}

/// Reads a payload and verifies it against the root in its entry.
///
/// # Errors
///
/// Says what is wrong with the first part that is.
pub fn view(payload: &[u8]) -> Result<View<'_>, RecordError> {
    let entry = Entry::read(payload).ok_or(RecordError::Malformed)?;
    let kind = Kind::of(entry.kind).ok_or(RecordError::Kind(entry.kind))?;
    let mut cursor = Cursor { rest: &payload[Entry::BYTES..], room: MAX_UNPACKED };
    let key: [u8; 32] = cursor.array()?;
    let mut sections = cursor.sections()?;
    if root_of(&mut sections, &Salts::new(&key)) != entry.root {
        return Err(RecordError::Root);
    }
    let id = AuctionId::new(entry.id);
    let head = find(&sections, HEAD).ok_or_else(|| missing(HEAD))?;
    let head = head_facts(head, kind, id, entry.at)?;
    Ok(View { kind, id, at: entry.at, root: entry.root, key, head, sections })
}

/// Salts sections that have no salt of their own, and returns the root that all lead to.
///
/// Step by step over all of them: what does not wait for the hash before it, a processor begins
/// meanwhile.
fn root_of(sections: &mut [Lying<'_>], salts: &Salts) -> [u8; 32] {
    for section in &mut *sections {
        if let Content::Kept { salt, .. } = &mut section.content
            && section.name != USER
        {
            *salt = salts.of(section.name.as_bytes());
        }
    }
    let committed = |section: &Lying<'_>| match &section.content {
        Content::Kept { salt, bytes } => commitment(section.name, salt, bytes),
        Content::Erased(commitment) => *commitment,
    };
    let mut leaves: Vec<[u8; 32]> = sections.iter().map(committed).collect();
    for (hash, section) in leaves.iter_mut().zip(sections) {
        *hash = leaf(section.name, hash);
    }
    root(&leaves)
}

/// Reads a head and holds it against its entry.
pub(super) fn head_facts(
    head: &[u8],
    kind: Kind,
    id: AuctionId,
    at: UnixMillis,
) -> Result<HeadFacts, RecordError> {
    let head = head::read(head).ok_or_else(|| content(HEAD))?;
    if !head.is_of(kind, id, at.0) {
        return Err(RecordError::Head);
    }
    Ok(HeadFacts {
        node: Box::from(&*head.node),
        boot: head.boot,
        seq: head.seq,
        config: head.cfg,
        rates: head.fx,
        build: Box::from(&*head.build),
        rules: head.rules,
        seed: head.seed,
        test: head.test,
    })
}

impl View<'_> {
    /// Returns the bytes of a section, if it is there and not erased.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&[u8]> {
        find(&self.sections, name)
    }

    /// Returns what the head says.
    #[must_use]
    pub fn head(&self) -> &HeadFacts {
        &self.head
    }

    /// Returns the sections that a replay must give again, by name.
    pub fn outcome_sections(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let outcomes = self.sections.iter().filter(|section| section.name.starts_with(OUTCOME));
        outcomes.filter_map(|section| Some((section.name, section.content.bytes()?)))
    }

    /// Returns who asked for what, of an auction.
    ///
    /// # Errors
    ///
    /// As `Record::asked`.
    pub fn asked(&self) -> Result<Asked, RecordError> {
        input::asked(self)
    }

    /// Returns the input of the auction, as `Record::auction_input`; `texts` may serve many records.
    ///
    /// # Errors
    ///
    /// As `Record::auction_input`.
    pub fn auction_input(&self, texts: &mut Texts) -> Result<AuctionInput, RecordError> {
        input::auction(self, texts).map(|(_, input)| input)
    }

    /// Returns who asked for what besides the input of the auction.
    ///
    /// # Errors
    ///
    /// As `Record::auction_input`.
    pub fn auction(&self, texts: &mut Texts) -> Result<(Asked, AuctionInput), RecordError> {
        let (seller, input) = input::auction(self, texts)?;
        Ok((seller.asked(input.plan.parts.len(), self.at, self.head.test), input))
    }

    /// Returns what the publisher is shown of the outcome of an auction.
    ///
    /// # Errors
    ///
    /// When the section is missing or not as it should be.
    pub fn sales(&self) -> Result<Sales<'_>, RecordError> {
        self.told(SALES, outcome::read::sales)
    }

    /// Returns the counts that everyone is shown.
    ///
    /// # Errors
    ///
    /// As `sales`.
    pub fn counts(&self) -> Result<Counts, RecordError> {
        self.told(OUTCOME, outcome::read::counts)
    }

    /// Returns the terms of an auction as far as money and seconds go.
    ///
    /// # Errors
    ///
    /// As `sales`.
    pub fn for_sale(&self) -> Result<ForSale<'_>, RecordError> {
        self.told(SELLER, prices::for_sale)
    }

    /// Returns bids and fates of each bidder that is told of some, by its id.
    pub fn own(&self) -> impl Iterator<Item = (&str, Result<Own<'_>, Unpaired>)> {
        let mut fates = self.of_kind(OUTCOME_OF).peekable();
        self.of_kind(BIDDER).filter_map(move |(id, bids)| {
            while fates.next_if(|(other, _)| *other < id).is_some() {}
            let (_, fates) = fates.next_if(|(other, _)| *other == id)?;
            Some((id, prices::own(bids, fates)))
        })
    }

    fn told<'s, T>(
        &'s self,
        name: &str,
        read: impl FnOnce(&'s [u8]) -> Option<T>,
    ) -> Result<T, RecordError> {
        let bytes = self.section(name).ok_or_else(|| missing(name))?;
        read(bytes).ok_or_else(|| content(name))
    }

    /// Returns the names of the sections of which only the commitment is left, in order.
    pub fn erased(&self) -> impl Iterator<Item = &str> {
        let erased = |it: &&Lying<'_>| matches!(it.content, Content::Erased(_));
        self.sections.iter().filter(erased).map(|section| section.name)
    }

    /// Returns the rest of the names that start so, and the bytes, of sections that are not erased.
    pub(super) fn of_kind(&self, start: &'static str) -> impl Iterator<Item = (&str, &[u8])> {
        self.sections
            .iter()
            .filter_map(move |it| Some((it.name.strip_prefix(start)?, it.content.bytes()?)))
    }

    /// Returns the names of all sections, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|section| section.name)
    }

    /// Copies the record out of its payload.
    #[must_use]
    pub fn into_record(self) -> Record {
        let section = |section: Lying<'_>| Section {
            name: section.name.into(),
            body: match section.content {
                Content::Kept { salt, bytes } => Body::Kept { salt, bytes: bytes.into_owned() },
                Content::Erased(commitment) => Body::Erased(commitment),
            },
        };
        Record {
            kind: self.kind,
            id: self.id,
            at: self.at,
            root: self.root,
            key: self.key,
            head: self.head,
            sections: self.sections.into_iter().map(section).collect(),
        }
    }

    /// Returns the salt of the viewer's section, if it is not erased.
    pub(super) fn user_salt(&self) -> Option<[u8; 16]> {
        let user = self.sections.iter().find(|section| section.name == USER)?;
        match user.content {
            Content::Kept { salt, .. } => Some(salt),
            Content::Erased(_) => None,
        }
    }
}

impl<'a> Lying<'a> {
    /// Borrows a section.
    pub(super) fn of(section: &'a Section) -> Self {
        let content = match &section.body {
            Body::Kept { salt, bytes } => {
                Content::Kept { salt: *salt, bytes: Cow::Borrowed(bytes) }
            }
            Body::Erased(commitment) => Content::Erased(*commitment),
        };
        Self { name: &section.name, content }
    }
}

impl Content<'_> {
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Content::Kept { bytes, .. } => Some(bytes),
            Content::Erased(_) => None,
        }
    }
}

/// Returns the bytes of a section of a list by name.
fn find<'s>(sections: &'s [Lying<'_>], name: &str) -> Option<&'s [u8]> {
    let index = sections.binary_search_by(|it| it.name.as_bytes().cmp(name.as_bytes())).ok()?;
    sections[index].content.bytes()
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

    /// Reads all that follows: the count of sections, and each.
    fn sections(&mut self) -> Result<Vec<Lying<'a>>, RecordError> {
        let count = u16::from_le_bytes(self.array()?);
        // A section takes at least seven bytes: more than fit are not believed.
        let expected = usize::from(count).min(self.rest.len() / 7);
        let mut sections: Vec<Lying<'_>> = Vec::with_capacity(expected);
        for _ in 0..count {
            let section = self.section()?;
            if sections.last().is_some_and(|last| section.name.as_bytes() <= last.name.as_bytes()) {
                return Err(RecordError::Section(section.name.into()));
            }
            sections.push(section);
        }
        if self.rest.is_empty() { Ok(sections) } else { Err(RecordError::Malformed) }
    }

    /// Reads a section; one that the record key salts has no salt yet.
    fn section(&mut self) -> Result<Lying<'a>, RecordError> {
        let [length] = self.array()?;
        let name = self.take(usize::from(length))?;
        let name = std::str::from_utf8(name).map_err(|_| RecordError::Malformed)?;
        // Names are ASCII as a rule, of which the control characters are told byte by byte.
        let odd = match name.is_ascii() {
            true => name.bytes().any(|byte| byte.is_ascii_control()),
            false => name.contains(char::is_control),
        };
        if name.is_empty() || odd {
            return Err(RecordError::Section(name.into()));
        }
        let [form] = self.array()?;
        // What an erased section was salted with does not matter any more.
        let own = name == USER && form != FORM_ERASED;
        let salt = if own { self.array()? } else { [0; 16] };
        let length = u32::from_le_bytes(self.array()?);
        let length = usize::try_from(length).map_err(|_| RecordError::Malformed)?;
        let stored = self.take(length)?;
        let content = match form {
            FORM_PLAIN => Content::Kept { salt, bytes: Cow::Borrowed(self.plain(stored)?) },
            FORM_ZSTD => Content::Kept { salt, bytes: Cow::Owned(self.unpacked(name, stored)?) },
            FORM_ERASED => {
                let commitment = stored.try_into();
                Content::Erased(commitment.map_err(|_| RecordError::Section(name.into()))?)
            }
            _ => return Err(RecordError::Section(name.into())),
        };
        Ok(Lying { name, content })
    }

    fn plain(&mut self, stored: &'a [u8]) -> Result<&'a [u8], RecordError> {
        self.room = self.room.checked_sub(stored.len()).ok_or(RecordError::TooLarge)?;
        Ok(stored)
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

/// The section that every record has.
const HEAD: &str = "head";
const SELLER: &str = "seller";
/// The section of the outcome that the publisher is shown.
const SALES: &str = "outcome:seller";
/// The largest zstd window taken: level 1 uses at most 2^19 bytes.
const MAX_WINDOW_LOG: u32 = 22;
