//! Checks a bundle offline: with the log's key and the file, and nothing else.
//!
//! What holds is told by `tale`. Whoever made the file is not believed in anything.

use std::collections::BTreeSet;

use tlog::checkpoint::{Checkpoint, CheckpointError};
use tlog::note::{NoteError, VerifierKey};
use tlog::proof::{Proof, ProofError};

use crate::audit::bundle::{Bundle, BundleError};
use crate::audit::figures;
use crate::audit::party::{Party, Share};
use crate::audit::replies;
use crate::audit::rules::{self, NewerRules};
use crate::model::bid::MarkupFacts;
use crate::model::ids::BidderId;
use crate::model::outcome::Outcome;
use crate::wire::record::Kind;
use crate::wire::record::disclosed;
use crate::wire::record::outcome::outcome_sections;
use crate::wire::record::read::{Record, RecordError, sections};
use crate::wire::record::seal::Entry;
use crate::wire::vast;

/// A bundle that holds.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Whom it was made for.
    pub party: Party,
    /// Where the record stands in the log.
    pub index: u64,
    /// What the log had signed.
    pub checkpoint: Checkpoint,
    /// The record, as far as it is shown.
    pub record: Record,
    /// Whether the auction was decided again; auditors only, since it takes all of the record.
    pub replayed: bool,
}

/// Why a bundle does not hold.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CheckError {
    /// It is no bundle.
    #[error("{0}")]
    Bundle(#[from] BundleError),
    /// The proof says more than is checked, or is not written as proofs are.
    #[error("the log proof holds what nothing protects")]
    Loose,
    /// The key has not signed the checkpoint.
    #[error("the log's key has not signed the checkpoint: it is another log's, or was changed")]
    Unsigned,
    /// The proof does not hold.
    #[error("the log does not hold the record: {0}")]
    Proof(ProofError),
    /// The entry is not one of an auction.
    #[error("the entry is not that of an auction")]
    NotAnAuction,
    /// A section is not one of the record.
    #[error("section {0:?} is not one of the record, or was changed")]
    Section(Box<str>),
    /// Sections are not in order.
    #[error("section {0:?} does not stand in the order of names")]
    Order(Box<str>),
    /// A section does not say what it must.
    #[error("{0}")]
    Record(#[from] RecordError),
    /// It shows what is not the party's.
    #[error("it shows section {0:?}, which is not {1}'s to see")]
    NotTheirs(Box<str>, String),
    /// It leaves out what the party may see.
    #[error("it leaves out section {0:?}, which is {1}'s to see")]
    LeftOut(Box<str>, String),
    /// The auction is not the party's.
    #[error("{0} had no part in the auction")]
    NoPart(String),
    /// What is counted, paid, earned or kept does not add up: the section, and why.
    #[error("the record contradicts itself: {0}: {1}")]
    Figures(String, String),
    /// Markup is not that of the bid whose it is said to be.
    #[error("markup:{0} is not that of bid {1}: {2}")]
    Markup(usize, Box<str>, &'static str),
    /// Decided again, the auction comes out otherwise.
    #[error("decided again, the auction differs from its record in: {0}")]
    Differs(String),
    /// The auction was decided by newer rules.
    #[error("{0}")]
    Rules(#[from] NewerRules),
}

/// Checks the bytes of a bundle against the key of the log.
///
/// # Errors
///
/// Says the first thing that does not hold.
pub fn check(bytes: &[u8], key: &VerifierKey) -> Result<Checked, CheckError> {
    let bundle = Bundle::parse(bytes)?;
    let (index, checkpoint) = logged(&bundle, key)?;
    let entry = Entry::read(&bundle.entry).filter(|it| it.kind == Kind::Auction.number());
    let entry = entry.ok_or(CheckError::NotAnAuction)?;
    for section in &bundle.sections {
        if section.root() != entry.root {
            return Err(CheckError::Section(section.name.clone()));
        }
    }
    for pair in bundle.sections.windows(2) {
        let ascending = pair[0].name.as_bytes() < pair[1].name.as_bytes();
        if !ascending || !pair[0].is_before(&pair[1]) {
            return Err(CheckError::Order(pair[1].name.clone()));
        }
    }
    let record = disclosed::record(&entry, &bundle.sections)?;
    shares(&bundle.party, &record)?;
    let view = record.view();
    if let Some((section, what)) = figures::faults(&view, &figures::read(&view)).into_iter().next()
    {
        return Err(CheckError::Figures(section, what));
    }
    markups(&record)?;
    let replayed = bundle.party == Party::Auditor;
    if replayed {
        replay(&record)?;
    }
    Ok(Checked { party: bundle.party, index, checkpoint, record, replayed })
}

/// Checks that the log holds the entry; returns where, and what was signed.
fn logged(bundle: &Bundle, key: &VerifierKey) -> Result<(u64, Checkpoint), CheckError> {
    let proof = Proof::parse(&bundle.proof).map_err(CheckError::Proof)?;
    // Of several signatures only the log's own is checked, so there is no other.
    let signatures = proof.checkpoint.rsplit_once("\n\n").map_or("", |(_, lines)| lines);
    let one = signatures.lines().count() == 1;
    if proof.extra.is_some() || !one || proof.text() != bundle.proof {
        return Err(CheckError::Loose);
    }
    match proof.verify(&bundle.entry, key) {
        Ok(checkpoint) => Ok((proof.index, checkpoint)),
        Err(ProofError::Checkpoint(CheckpointError::Note(
            NoteError::Unsigned | NoteError::BadSignature,
        ))) => Err(CheckError::Unsigned),
        Err(error) => Err(CheckError::Proof(error)),
    }
}

/// Checks that the sections are those the party is shown, no less and no more.
fn shares(party: &Party, record: &Record) -> Result<(), CheckError> {
    let Share::Sections(names) = party.share(record)? else {
        return Err(CheckError::NoPart(party.to_string()));
    };
    let shown: BTreeSet<&str> = record.sections().iter().map(|it| &*it.name).collect();
    let wanted: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    if let Some(name) = shown.difference(&wanted).next() {
        return Err(CheckError::NotTheirs(Box::from(*name), party.to_string()));
    }
    if let Some(name) = wanted.difference(&shown).next() {
        return Err(CheckError::LeftOut(Box::from(*name), party.to_string()));
    }
    Ok(())
}

/// Checks that the markup shown is that of the bids whose it is said to be.
///
/// Bids of others are not a publisher's to see: it compares the lengths that were sold.
fn markups(record: &Record) -> Result<(), CheckError> {
    let mut numbers = BTreeSet::new();
    for bidder in record.bidders() {
        let bidder = BidderId::new(bidder);
        let Some(fates) = record.fates(&bidder)? else { continue };
        for (bid, told) in record.reply(&bidder)?.bids.iter().zip(&fates.bids) {
            let Ok(win) = &told.fate else { continue };
            let of = |what| CheckError::Markup(win.markup, Box::from(&*told.bid), what);
            if !numbers.insert(win.markup) {
                return Err(of("it is another bid's, too"));
            }
            let Some(facts) = read_markup(record, win.markup) else { continue };
            // Only the seller's section says whether every bid tells of its media files.
            if !sections::is_of(bid, &facts, false) {
                return Err(of("version, length, media or universal ids are not those of the bid"));
            }
        }
    }
    if record.section("outcome:seller").is_none() {
        return Ok(());
    }
    for (number, sale) in (1..).zip(record.sales()?.wins) {
        let facts = read_markup(record, number);
        let length = facts.and_then(|facts| facts.duration);
        if length.is_some_and(|length| length != sale.length) {
            return Err({
                let bid = Box::from(&*sale.bid);
                CheckError::Markup(number, bid, "its length is not the one sold")
            });
        }
    }
    Ok(())
}

/// Reads what a markup section that is shown says of itself.
fn read_markup(record: &Record, number: usize) -> Option<MarkupFacts> {
    let bytes = record.section(&disclosed::markup_name(number))?;
    Some(vast::read::facts(&String::from_utf8_lossy(bytes)))
}

/// Decides the auction again.
fn replay(record: &Record) -> Result<(), CheckError> {
    let input = record.auction_input()?;
    if let Some((section, what)) = replies::faults(&record.asked()?, &input).into_iter().next() {
        return Err(CheckError::Figures(section, what));
    }
    let differ = |outcome: &Outcome| -> Vec<String> {
        let decided = outcome_sections(&input, outcome).into_iter();
        let other = |(name, bytes): &(String, Vec<u8>)| record.section(name) != Some(bytes);
        decided.filter(other).map(|(name, _)| name).collect()
    };
    let (_, differing) = rules::decide_again(record.head()?.rules, &input, differ)?;
    // A section that is not decided again was found to be nobody's to see.
    if differing.is_empty() { Ok(()) } else { Err(CheckError::Differs(differing.join(", "))) }
}
