//! A payload read where it lies: checked whole, copied only where a section was packed.
//!
//! What verifies or replays millions of records reads them so; `Record` is for what keeps them.

use std::borrow::Cow;

use crate::model::ids::AuctionId;
use crate::model::plan::AuctionInput;
use crate::model::time::UnixMillis;
use crate::wire::explain::Asked;
use crate::wire::record::outcome::read::{Counts, Sales};
use crate::wire::record::prices::{ForSale, Own, Unpaired};
use crate::wire::record::read::view::cursor::Cursor;
use crate::wire::record::read::{
    Body, HeadFacts, MAX_UNPACKED, Record, RecordError, Section, content, input, missing,
};
use crate::wire::record::seal::{Entry, Salts, USER, commitment, leaf, root};
use crate::wire::record::texts::Texts;
use crate::wire::record::{BIDDER, Kind, OUTCOME, OUTCOME_OF, head, outcome, prices};

mod cursor;

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

/// Memory for the list of a record's sections, which may serve many records one after another.
#[derive(Debug, Default)]
pub struct Room(Vec<Lying<'static>>);

/// Reads a payload and verifies it against the root in its entry.
///
/// # Errors
///
/// Says what is wrong with the first part that is.
pub fn view(payload: &[u8]) -> Result<View<'_>, RecordError> {
    view_in(payload, &mut Room::default())
}

/// Does the same in memory that `View::leave` gives back.
///
/// # Errors
///
/// As `view`.
pub fn view_in<'a>(payload: &'a [u8], room: &mut Room) -> Result<View<'a>, RecordError> {
    let entry = Entry::read(payload).ok_or(RecordError::Malformed)?;
    let kind = Kind::of(entry.kind).ok_or(RecordError::Kind(entry.kind))?;
    let mut cursor = Cursor { rest: &payload[Entry::BYTES..], room: MAX_UNPACKED };
    let key: [u8; 32] = cursor.array()?;
    let mut sections = cursor.sections(std::mem::take(&mut room.0))?;
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

    /// Gives its memory back.
    pub fn leave(self, room: &mut Room) {
        let mut sections = self.sections;
        sections.clear();
        // Of another lifetime, the same memory.
        room.0 = sections.into_iter().map_while(|_| None).collect();
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

/// The section that every record has.
const HEAD: &str = "head";
const SELLER: &str = "seller";
/// The section of the outcome that the publisher is shown.
const SALES: &str = "outcome:seller";
