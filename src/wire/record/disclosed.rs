//! Single sections of a record: proved to belong to its root, and read one by one.
//!
//! A party is shown some sections and never the record key. Each comes with its salt and the hashes
//! beside its way up to the root; nothing else of the record is told but how many hashes there are.

use std::borrow::Cow;

use serde::Deserialize;
use tlog::tree::{Hash, node};

use crate::model::bid::Reply;
use crate::model::ids::BidderId;
use crate::model::money::Cpm;
use crate::model::outcome::TieBreak;
use crate::model::reason::{LossReason, UnfilledReason};
use crate::model::time::{Millis, Seconds};
use crate::wire::record::bidder;
use crate::wire::record::read::{Body, Record, RecordError, Section};
use crate::wire::record::seal::{Entry, commitment, leaf};
use crate::wire::record::text::Decimal;
use crate::wire::record::texts::Texts;
use crate::wire::record::{BIDDER, MARKUP, OUTCOME};

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

/// The number of seconds by what became of them, and of calls and bids: what everyone is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Counts {
    /// Bidders asked.
    pub asked: u64,
    /// Bids received.
    pub bids: u64,
    /// Nominal seconds for sale.
    pub total: Seconds,
    /// Of these sold.
    pub sold: Seconds,
    /// Given to the publisher's own ads.
    pub house: Seconds,
    /// Neither.
    pub unfilled: Seconds,
}

/// What became of a bid, as its bidder is shown it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnFate {
    /// The bidder's name for the bid.
    pub bid: Box<str>,
    /// The win, or why it lost.
    pub fate: Result<OwnWin, LossReason>,
}

/// A win as its bidder is shown it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OwnWin {
    /// The number of its markup section, from 1.
    pub markup: usize,
    /// Its place in its pod, from 1.
    pub sequence: u16,
    /// From the start of what is sold of the pod to the ad's start.
    pub start: Millis,
    /// Nominal seconds it is sold as.
    pub seconds: Seconds,
    /// The clearing price, in the auction's currency.
    pub clearing: Cpm,
    /// What it pays, in its bid's currency.
    pub pay: Cpm,
    /// The least bid that would have tied, in its bid's currency.
    pub min_to_win: Option<Cpm>,
    /// What decided against pods worth as much without it (decision 5).
    pub tie: Option<TieBreak>,
}

/// The fates of one bidder's bids, in the order received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnFates {
    /// The auction's currency.
    pub currency: Box<str>,
    /// Bid by bid.
    pub bids: Vec<OwnFate>,
}

/// A slot sold, as the publisher is shown it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sale {
    /// Who won it.
    pub bidder: Box<str>,
    /// The bidder's name for the bid.
    pub bid: Box<str>,
    /// Its place in its pod, from 1.
    pub sequence: u16,
    /// From the start of what is sold of the pod to the ad's start.
    pub start: Millis,
    /// The creative's own length.
    pub length: Millis,
    /// Nominal seconds it is sold as.
    pub seconds: Seconds,
    /// The clearing price, in the auction's currency.
    pub clearing: Cpm,
    /// Name and amount of each fee.
    pub fees: Vec<(Box<str>, Cpm)>,
    /// What the publisher earns.
    pub net: Cpm,
}

/// All slots sold and seconds unfilled, as the publisher is shown them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sales {
    /// In the order of the markup's numbers.
    pub wins: Vec<Sale>,
    /// Unfilled seconds and why.
    pub unfilled: Vec<(Seconds, UnfilledReason)>,
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
        let bytes =
            self.section(&name).ok_or_else(|| RecordError::Missing(name.as_str().into()))?;
        let read = bidder::read(bytes, bidder, None, &mut Texts::default());
        read.map(|(reply, _)| reply).ok_or_else(|| RecordError::Content(name.into()))
    }

    /// Returns the auction's currency, as the seller's terms name it.
    ///
    /// # Errors
    ///
    /// When the section is missing or not as it should be.
    pub fn currency(&self) -> Result<Box<str>, RecordError> {
        let form: SellerForm<'_> = read(self, "seller")?;
        Ok(Box::from(&*form.terms.currency))
    }

    /// Returns the counts that everyone is shown.
    ///
    /// # Errors
    ///
    /// When the section is missing or not as it should be.
    pub fn counts(&self) -> Result<Counts, RecordError> {
        let form: CountsForm = read(self, OUTCOME)?;
        Ok(Counts {
            asked: form.asked,
            bids: form.bids,
            total: Seconds(form.total),
            sold: Seconds(form.sold),
            house: Seconds(form.house),
            unfilled: Seconds(form.unfilled),
        })
    }

    /// Returns what became of a bidder's bids; none when the section is not here.
    ///
    /// # Errors
    ///
    /// When the section is not as it should be.
    pub fn fates(&self, bidder: &BidderId) -> Result<Option<OwnFates>, RecordError> {
        let name = format!("{OUTCOME}:{bidder}");
        if self.section(&name).is_none() {
            return Ok(None);
        }
        let form: FatesForm<'_> = read(self, &name)?;
        let bids: Option<_> = form.bids.iter().map(FateForm::fate).collect();
        let bids = bids.ok_or_else(|| RecordError::Content(name.into()))?;
        Ok(Some(OwnFates { currency: Box::from(&*form.currency), bids }))
    }

    /// Returns what the publisher is shown of the outcome.
    ///
    /// # Errors
    ///
    /// When the section is missing or not as it should be.
    pub fn sales(&self) -> Result<Sales, RecordError> {
        let form: SalesForm<'_> = read(self, SELLER)?;
        let sales = || {
            let unfilled = form.unfilled.iter().map(|entry| {
                UnfilledReason::from_name(&entry.reason).map(|why| (Seconds(entry.seconds), why))
            });
            let wins = form.wins.iter().map(SaleForm::sale).collect::<Option<_>>()?;
            Some(Sales { wins, unfilled: unfilled.collect::<Option<_>>()? })
        };
        sales().ok_or_else(|| RecordError::Content(SELLER.into()))
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

fn read<'a, T: Deserialize<'a>>(record: &'a Record, name: &str) -> Result<T, RecordError> {
    let bytes = record.section(name).ok_or_else(|| RecordError::Missing(name.into()))?;
    serde_json::from_slice(bytes).map_err(|_| RecordError::Content(name.into()))
}

#[derive(Deserialize)]
struct SellerForm<'a> {
    #[serde(borrow)]
    terms: TermsForm<'a>,
}

#[derive(Deserialize)]
struct TermsForm<'a> {
    #[serde(borrow)]
    currency: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CountsForm {
    asked: u64,
    bids: u64,
    house: u32,
    sold: u32,
    total: u32,
    unfilled: u32,
}

#[derive(Deserialize)]
struct FatesForm<'a> {
    #[serde(borrow, default)]
    bids: Vec<FateForm<'a>>,
    #[serde(borrow)]
    currency: Cow<'a, str>,
}

#[derive(Deserialize)]
struct FateForm<'a> {
    #[serde(borrow)]
    fate: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    win: Option<WinForm<'a>>,
}

#[derive(Deserialize)]
struct WinForm<'a> {
    clearing: Decimal,
    markup: usize,
    min_to_win: Option<Decimal>,
    pay: Decimal,
    seconds: u32,
    sequence: u16,
    start: Decimal,
    #[serde(borrow)]
    tie: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct SalesForm<'a> {
    #[serde(borrow, default)]
    unfilled: Vec<UnfilledForm<'a>>,
    #[serde(borrow, default)]
    wins: Vec<SaleForm<'a>>,
}

#[derive(Deserialize)]
struct UnfilledForm<'a> {
    #[serde(borrow)]
    reason: Cow<'a, str>,
    seconds: u32,
}

#[derive(Deserialize)]
struct SaleForm<'a> {
    #[serde(borrow)]
    bid: Cow<'a, str>,
    #[serde(borrow)]
    bidder: Cow<'a, str>,
    clearing: Decimal,
    #[serde(borrow, default)]
    fees: Vec<(Cow<'a, str>, Decimal)>,
    length: Decimal,
    net: Decimal,
    seconds: u32,
    sequence: u16,
    start: Decimal,
}

impl FateForm<'_> {
    /// Returns the fate; none when name and win do not go together.
    fn fate(&self) -> Option<OwnFate> {
        let fate = match (&*self.fate, &self.win) {
            ("won", Some(win)) => Ok(OwnWin {
                markup: win.markup,
                sequence: win.sequence,
                start: Millis(win.start.0),
                seconds: Seconds(win.seconds),
                clearing: cpm(win.clearing)?,
                pay: cpm(win.pay)?,
                min_to_win: match win.min_to_win {
                    Some(least) => Some(cpm(least)?),
                    None => None,
                },
                tie: match &win.tie {
                    Some(tie) => Some(TieBreak::from_name(tie)?),
                    None => None,
                },
            }),
            (name, None) => Err(LossReason::from_name(name)?),
            (_, Some(_)) => return None,
        };
        Some(OwnFate { bid: Box::from(&*self.id), fate })
    }
}

impl SaleForm<'_> {
    fn sale(&self) -> Option<Sale> {
        let fee = |(name, amount): &(Cow<'_, str>, Decimal)| {
            cpm(*amount).map(|amount| (Box::from(&**name), amount))
        };
        Some(Sale {
            bidder: Box::from(&*self.bidder),
            bid: Box::from(&*self.bid),
            sequence: self.sequence,
            start: Millis(self.start.0),
            length: Millis(self.length.0),
            seconds: Seconds(self.seconds),
            clearing: cpm(self.clearing)?,
            fees: self.fees.iter().map(fee).collect::<Option<_>>()?,
            net: cpm(self.net)?,
        })
    }
}

/// Returns the price of a number that was read.
fn cpm(micros: Decimal) -> Option<Cpm> {
    i64::try_from(micros.0).ok().and_then(Cpm::from_micros)
}

/// The section of the outcome that the publisher is shown.
const SELLER: &str = "outcome:seller";
